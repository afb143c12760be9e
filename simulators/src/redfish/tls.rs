//! Certificates for the Redfish face: an authority of our own, and leaves of every kind that a client must judge.

use std::{
    collections::{BTreeMap, BTreeSet},
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
        self, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
        server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache},
        sign::{CertifiedKey, SingleCertAndKey},
    },
};

use crate::bmc::lock;

/// A server's certificate with its key, and what a client needs to trust it. Cheap to clone; made once per kind and host.
#[derive(Clone)]
pub struct Certificate(Arc<Asked>);

/// What was asked for; it is made when somebody needs it.
struct Asked {
    kind: Kind,
    host: String,
    made: OnceLock<Made>,
}

struct Made {
    key: Arc<CertifiedKey>,
    pem: String,
    acceptor: TlsAcceptor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    SelfSigned,
    Issued,
    Expired,
    /// Somebody else's.
    Given,
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

    /// This certificate, with its chain after it, and its private key, both PEM.
    ///
    /// # Errors
    /// Where there is none in it, or the key is another certificate's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, NotACertificate> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| NotACertificate::Chain(error.to_string()))?;
        if certificates.is_empty() {
            return Err(NotACertificate::Chain("no certificate is in it".to_owned()));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| NotACertificate::Key(error.to_string()))?;
        let key = certified(certificates, key).map_err(|error| NotACertificate::Pair(error.to_string()))?;
        let pem = String::from_utf8_lossy(chain).into_owned();
        let acceptor = acceptor(Arc::new(SingleCertAndKey::from(key.clone())));
        let made = Made { key, pem, acceptor };
        Ok(Self(Arc::new(Asked { kind: Kind::Given, host: String::new(), made: OnceLock::from(made) })))
    }

    /// The certificate itself, as PEM.
    pub fn pem(&self) -> &str {
        &self.made().pem
    }

    /// What a client has to trust, as PEM: the authority, or a certificate that signed itself.
    pub fn ca_pem(&self) -> &str {
        match self.0.kind {
            // The leaf is made when somebody connects.
            Kind::Issued | Kind::Expired => ca_text(),
            Kind::SelfSigned | Kind::Given => self.pem(),
        }
    }

    /// Accepts TLS 1.2 and 1.3 with it.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.made().acceptor.clone()
    }

    fn made(&self) -> &Made {
        self.0.made.get_or_init(|| make(self.0.kind, &self.0.host))
    }

    fn cached(kind: Kind, host: &str) -> Self {
        static MADE: Mutex<BTreeMap<(Kind, String), Certificate>> = Mutex::new(BTreeMap::new());
        let mut made = lock(&MADE);
        let asked = || Self(Arc::new(Asked { kind, host: host.to_owned(), made: OnceLock::new() }));
        made.entry((kind, host.to_owned())).or_insert_with(asked).clone()
    }
}

/// Why this is no certificate that can be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotACertificate {
    /// The certificate, or its chain.
    Chain(String),
    /// The key.
    Key(String),
    /// The two together.
    Pair(String),
}

impl fmt::Display for NotACertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(why) => write!(f, "the certificate is no PEM certificate: {why}"),
            Self::Key(why) => write!(f, "the key is no PEM private key: {why}"),
            Self::Pair(why) => write!(f, "certificate and key cannot be used together: {why}"),
        }
    }
}

impl std::error::Error for NotACertificate {}

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
        Kind::Issued | Kind::Expired | Kind::Given => leaf.signed_by(&key, ca()),
    }
    .expect("parameters of our own are valid");
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = certified(vec![certificate.der().clone()], private).expect("the key is the certificate's own");
    let acceptor = acceptor(Arc::new(SingleCertAndKey::from(key.clone())));
    Made { key, pem: certificate.pem(), acceptor }
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

fn ca_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| ca().pem())
}

/// The certificates of many hosts behind one port: each client gets that of the name that it asks for (RFC 6066 §3).
#[derive(Clone)]
pub struct ByName(TlsAcceptor);

impl ByName {
    /// A certificate of our own authority for each name that is asked for and is one of these; the first one's where none is.
    pub fn authority(names: impl IntoIterator<Item = String>) -> Self {
        Self(acceptor(Arc::new(Names(names.into_iter().collect()))))
    }

    /// This certificate for every name.
    pub fn given(certificate: &Certificate) -> Self {
        Self(certificate.acceptor())
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByName { keys: … }")
    }
}

#[derive(Debug)]
struct Names(BTreeSet<String>);

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().map(str::to_ascii_lowercase);
        let name = asked.as_ref().and_then(|name| self.0.get(name)).or_else(|| self.0.first())?;
        Some(Certificate::authority(name).made().key.clone())
    }
}

fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider()))
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(chain, key, provider()).map(Arc::new)
}

/// Sessions that are taken up again are remembered once, for every service of the process.
fn acceptor(certificates: Arc<dyn ResolvesServerCert>) -> TlsAcceptor {
    static SESSIONS: OnceLock<Arc<ServerSessionMemoryCache>> = OnceLock::new();
    let mut config = ServerConfig::builder_with_provider(provider().clone())
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of both versions")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.session_storage = SESSIONS.get_or_init(|| ServerSessionMemoryCache::new(1024)).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
