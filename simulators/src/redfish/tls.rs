//! Certificates for the Redfish face: an authority of our own, and leaves of every kind that a client must judge.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::bmc::lock;

/// A server's certificate with its key, and what a client needs to trust it. Cheap to clone; made once per kind and host.
#[derive(Clone)]
pub struct Certificate(Arc<Made>);

struct Made {
    pem: String,
    trusted: String,
    acceptor: TlsAcceptor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    SelfSigned,
    Issued,
    Expired,
}

impl Certificate {
    /// For this host (a name or an IP address), signed by itself: as BMCs are delivered.
    pub fn self_signed(host: &str) -> Self {
        Self::cached(Kind::SelfSigned, host)
    }

    /// For this host, signed by our own authority: what [`Certificate::ca_pem`] gives is enough to trust it.
    pub fn authority(host: &str) -> Self {
        Self::cached(Kind::Issued, host)
    }

    /// Signed by our own authority, and expired since 2020.
    pub fn expired(host: &str) -> Self {
        Self::cached(Kind::Expired, host)
    }

    /// Signed by our own authority, for a host that nobody asks for.
    pub fn wrong_host() -> Self {
        Self::cached(Kind::Issued, "somebody-else.invalid")
    }

    /// The certificate itself, as PEM.
    pub fn pem(&self) -> &str {
        &self.0.pem
    }

    /// What a client has to trust, as PEM: the authority, or a certificate that signed itself.
    pub fn ca_pem(&self) -> &str {
        &self.0.trusted
    }

    /// Accepts TLS 1.2 and 1.3 with it.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.acceptor.clone()
    }

    fn cached(kind: Kind, host: &str) -> Self {
        static MADE: Mutex<BTreeMap<(Kind, String), Certificate>> = Mutex::new(BTreeMap::new());
        let mut made = lock(&MADE);
        made.entry((kind, host.to_owned())).or_insert_with(|| Self(Arc::new(make(kind, host)))).clone()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate { key: … }")
    }
}

fn make(kind: Kind, host: &str) -> Made {
    let key = KeyPair::generate().expect("ring makes P-256 keys");
    let leaf = leaf(kind, host);
    let certificate = match kind {
        Kind::SelfSigned => leaf.self_signed(&key),
        Kind::Issued | Kind::Expired => leaf.signed_by(&key, ca()),
    }
    .expect("parameters of our own are valid");
    let trusted = match kind {
        Kind::SelfSigned => certificate.pem(),
        Kind::Issued | Kind::Expired => ca().pem(),
    };
    Made { pem: certificate.pem(), trusted, acceptor: acceptor(certificate.der().clone(), &key) }
}

fn leaf(kind: Kind, host: &str) -> CertificateParams {
    let name = host.parse::<IpAddr>().map_or_else(|_| host.to_owned(), |ip| ip.to_string());
    let mut leaf = CertificateParams::new(vec![name.clone()]).expect("a host is a name or an address");
    leaf.distinguished_name.push(DnType::CommonName, name);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if kind == Kind::Expired {
        leaf.not_before = date_time_ymd(2019, 1, 1);
        leaf.not_after = date_time_ymd(2020, 1, 1);
    }
    leaf
}

fn ca() -> &'static CertifiedIssuer<'static, KeyPair> {
    static CA: OnceLock<CertifiedIssuer<'static, KeyPair>> = OnceLock::new();
    CA.get_or_init(|| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Halmark simulators");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        CertifiedIssuer::self_signed(params, key).expect("parameters of our own are valid")
    })
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of both versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key is the certificate's own");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
