//! The certificate that a service shows to who connects, and the next one: it can be replaced while the service runs.

use std::{fmt, sync::Mutex};

use rcgen::KeyPair;
use tokio_rustls::TlsAcceptor;

use super::tls::{Certificate, NotACertificate};
use crate::bmc::lock;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// What a service has of TLS.
pub(crate) enum Certificates {
    /// Plain HTTP.
    None,
    /// Somebody in front of it has the certificates.
    Elsewhere,
    /// Its own.
    Own(Mutex<Own>),
}

/// The certificate of a service.
pub(crate) struct Own {
    now: Certificate,
    /// The key of the last request for a certificate, PEM.
    requested: Option<String>,
}

impl Certificates {
    /// Of a service that listens itself.
    pub(super) fn own(certificate: Option<Certificate>) -> Self {
        certificate.map_or(Self::None, |now| Self::Own(Mutex::new(Own { now, requested: None })))
    }

    /// Of a service behind a reception.
    pub(super) fn behind(certificate: Option<&Certificate>) -> Self {
        if certificate.is_some() { Self::Elsewhere } else { Self::None }
    }

    /// Whether clients come with TLS.
    pub(super) fn is_secure(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// What new connections are accepted with; plain HTTP without.
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        Some(lock(self.mine()?).now.acceptor())
    }

    /// The certificate that is shown now, with its chain, as PEM.
    pub(super) fn pem(&self) -> Option<String> {
        Some(lock(self.mine()?).now.pem().to_owned())
    }

    /// From now on this one is shown; false where the certificate is not ours to replace.
    pub(super) fn show(&self, certificate: Certificate) -> bool {
        let Some(own) = self.mine() else { return false };
        *lock(own) = Own { now: certificate, requested: None };
        true
    }

    /// The same of a text with one or more certificates, PEM, and perhaps the key; without it the key must be that of the last
    /// request.
    ///
    /// # Errors
    /// Where there is none in it, or the key is another certificate's or is not known.
    pub(super) fn replace(&self, text: &str) -> Result<bool, NotACertificate> {
        let requested = self.mine().and_then(|own| lock(own).requested.clone());
        let key = if text.contains("PRIVATE KEY-----") { Some(text.to_owned()) } else { requested };
        let key = key.ok_or_else(|| NotACertificate::Key("there is none".to_owned()))?;
        Ok(self.show(Certificate::from_pem(chain(text).as_bytes(), key.as_bytes())?))
    }

    /// A new key waits for its certificate.
    pub(super) fn await_certificate(&self, key: &KeyPair) {
        self.mine().into_iter().for_each(|own| lock(own).requested = Some(key.serialize_pem()));
    }

    fn mine(&self) -> Option<&Mutex<Own>> {
        if let Self::Own(own) = self { Some(own) } else { None }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates { keys: … }")
    }
}

/// The certificates of a text, and no key that stands beside them.
fn chain(text: &str) -> String {
    let blocks = text.split_inclusive(END).filter_map(|block| block.find(BEGIN).map(|at| &block[at..]));
    blocks.map(|block| format!("{block}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_without_what_stands_around_it() {
        let text = format!(
            "-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n{BEGIN}\na\n{END}\nx\n{BEGIN}\nb\n{END}\n"
        );
        assert_eq!(chain(&text), format!("{BEGIN}\na\n{END}\n{BEGIN}\nb\n{END}\n"));
    }

    #[test]
    fn a_certificate_without_a_key_is_of_the_one_that_was_requested_last() {
        let own = Certificates::own(Some(Certificate::authority("127.0.0.1")));
        let key = KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["bmc.example".to_owned()]).unwrap();
        let new = params.self_signed(&key).unwrap().pem();
        assert!(own.replace(&new).is_err(), "nobody knows its key");
        own.await_certificate(&KeyPair::generate().unwrap());
        assert!(own.replace(&new).is_err(), "it is another key's");
        own.await_certificate(&key);
        assert_eq!((own.replace(&new), own.pem().unwrap().trim()), (Ok(true), new.trim()));
    }

    #[test]
    fn what_is_not_ours_is_not_replaced() {
        let certificate = Certificate::authority("127.0.0.1");
        assert!(!Certificates::None.show(certificate.clone()));
        assert!(!Certificates::behind(Some(&certificate)).show(certificate));
    }
}
