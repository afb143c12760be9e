//! What is believed of a BMC's certificate, as a rustls configuration.

use std::{path::Path, sync::Arc};

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

use crate::endpoint::{Endpoint, Tls};

/// The certificate authorities of a PEM file; read when the driver is made, so that a wrong path is found then.
pub(super) fn read_authorities(path: &Path) -> Result<RootCertStore, String> {
    let in_file = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let pem = std::fs::read(path).map_err(|e| in_file(&e))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| in_file(&e))?;
        roots.add(certificate).map_err(|e| in_file(&e))?;
    }
    if roots.is_empty() { Err(in_file(&"no certificate is in it")) } else { Ok(roots) }
}

/// A connector for this endpoint; `authorities` are those of [`Tls::Ca`]. The system's are loaded here, which takes
/// milliseconds, and so not before a connection needs them.
pub(super) fn connector(
    endpoint: &Endpoint,
    authorities: Option<&RootCertStore>,
) -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let anyone = Tls::Insecure;
    let trust = if endpoint.seams.trusts_any_certificate { &anyone } else { &endpoint.tls };
    let config = match trust {
        Tls::System => builder.with_root_certificates(system_authorities()?).with_no_client_auth(),
        Tls::Ca(_) => {
            let roots = authorities.cloned().unwrap_or_else(RootCertStore::empty);
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        Tls::Pin(_) | Tls::Insecure => {
            let pin = if let Tls::Pin(pin) = trust { Some(*pin) } else { None };
            let verifier = Arc::new(ByDigest { pin, provider });
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What to tell a person whose BMC's certificate does not verify.
pub(super) fn untrusted(reason: &dyn std::fmt::Display) -> String {
    format!(
        "its certificate does not verify ({reason}): \
         name its authority (ca), its SHA-256 digest (pin), or accept any certificate (insecure)"
    )
}

/// The rustls error inside an I/O error, if the certificate is to blame.
pub(super) fn blames_certificate(error: &std::io::Error) -> Option<&Error> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    matches!(error, Error::InvalidCertificate(_) | Error::NoCertificatesPresented).then_some(error)
}

fn system_authorities() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() { Err("the system has no certificate authorities".to_owned()) } else { Ok(roots) }
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
