//! What is believed of a certificate, as a rustls configuration.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    },
};

use super::{RecordError, Trust};

/// A connector that believes this much.
pub(crate) fn connector(trust: &Trust) -> Result<TlsConnector, RecordError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of both versions");
    let roots = match trust {
        Trust::System => system()?,
        Trust::Authorities(pem) => authorities(pem)?,
        Trust::Pin(_) | Trust::Anyone => {
            let pin = if let Trust::Pin(pin) = trust { Some(*pin) } else { None };
            let verifier = Arc::new(ByDigest { pin, provider });
            let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
            return Ok(TlsConnector::from(Arc::new(builder.with_no_client_auth())));
        }
    };
    Ok(TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}

/// Why a certificate was not believed, if that is what an I/O error is about.
pub(super) fn distrust(error: &std::io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    matches!(error, Error::InvalidCertificate(_) | Error::NoCertificatesPresented).then(|| error.to_string())
}

fn system() -> Result<RootCertStore, RecordError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(RecordError::Authorities { reason: "the system has none".to_owned() });
    }
    Ok(roots)
}

fn authorities(pem: &str) -> Result<RootCertStore, RecordError> {
    let bad = |reason: String| RecordError::Authorities { reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|e| bad(e.to_string()))?).map_err(|e| bad(e.to_string()))?;
    }
    if roots.is_empty() { Err(bad("there is no certificate in the PEM text".to_owned())) } else { Ok(roots) }
}

/// Looks at the certificate's digest, or at nothing; not at names and dates, which BMCs get wrong.
///
/// With a pin the handshake's signature is verified all the same, since anybody can present a copy of the certificate.
#[derive(Debug)]
struct ByDigest {
    pin: Option<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByDigest {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let digest: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        match self.pin {
            Some(pin) if pin != digest => Err(CertificateError::ApplicationVerificationFailure.into()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.pin {
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(_) => verify_tls12_signature(message, certificate, signed, algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.pin {
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(_) => verify_tls13_signature(message, certificate, signed, algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
