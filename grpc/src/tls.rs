//! TLS with certificates on both ends: nobody calls a service over a network whose certificate it does not know.

use std::{io, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::WebPkiClientVerifier,
    },
};

/// A certificate with its chain, and its key, both PEM. The key never prints.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From the texts of two PEM files.
    ///
    /// # Errors
    /// Where there is no certificate or no key in them.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> io::Result<Self> {
        let chain = certificates_in(certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| odd("the file of the key holds no key"))?;
        Ok(Self { chain, key })
    }
}

/// Lets in who has a certificate of these authorities (PEM), as this identity.
///
/// # Errors
/// Where key and certificate do not fit, or there is no authority.
pub fn acceptor(identity: Identity, client_authorities: &[u8]) -> io::Result<TlsAcceptor> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(client_authorities)?.into(), provider()).build();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier.map_err(io::Error::other)?)
        .with_single_cert(identity.chain, identity.key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Calls as this identity, and believes these authorities (PEM).
///
/// # Errors
/// Where key and certificate do not fit, or there is no authority.
pub fn caller(identity: Option<Identity>, authorities: &[u8]) -> io::Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots(authorities)?);
    let mut config = match identity {
        None => config.with_no_client_auth(),
        Some(it) => config.with_client_auth_cert(it.chain, it.key).map_err(io::Error::other)?,
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Draws bytes that nobody can guess.
pub(crate) fn draw(bytes: &mut [u8]) {
    provider().secure_random.fill(bytes).expect("the system has randomness");
}

fn roots(pem: &[u8]) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(pem)? {
        roots.add(certificate).map_err(io::Error::other)?;
    }
    Ok(roots)
}

fn certificates_in(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let all: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| odd(&e.to_string()))?;
    if all.is_empty() { Err(odd("the file holds no certificate")) } else { Ok(all) }
}

fn odd(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}
