//! Claims about certificates, against a TLS server with one of its own making.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    drivers::ConnectError,
    endpoint::{Scheme, Tls},
};

/// A server that answers every request with a service root, behind a self-signed certificate for `name`.
struct Server {
    port: u16,
    certificate: rcgen::Certificate,
}

impl Server {
    async fn start(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(serve_tls(listener, TlsAcceptor::from(Arc::new(config))));
        Self { port, certificate: made.cert }
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.certificate.der()).into()
    }

    async fn asked(&self, tls: Tls) -> Result<(), Cause> {
        let endpoint = Endpoint::new(Scheme::Https, "127.0.0.1", self.port).with_tls(tls);
        let read = Redfish::new(endpoint).unwrap().power_read(within(30)).await;
        read.map(|_| ()).map_err(|e| e.cause)
    }
}

async fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((tcp, _)) = listener.accept().await {
        tcp.set_nodelay(true).unwrap();
        let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
        let body = r#"{"Systems":"/s","Members":[{"@odata.id":"/s/1"}],"PowerState":"On"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                break;
            }
            let _ = stream.flush().await;
        }
    }
}

/// A file that is gone when the test is over.
struct Pem(PathBuf);

impl Pem {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("halmark-{}-{name}.pem", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Pem {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_unknown_authority_is_refused_and_the_ways_out_are_named() {
    let server = Server::start("127.0.0.1").await;
    let Err(Cause::Untrusted { reason }) = server.asked(Tls::System).await else { panic!("trusted") };
    for word in ["certificate does not verify", "ca", "pin", "insecure"] {
        assert!(reason.contains(word), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_trusted_by_its_authority_for_its_own_name_only() {
    let server = Server::start("127.0.0.1").await;
    let ours = Pem::new("ours", &server.certificate.pem());
    assert_eq!(server.asked(Tls::Ca(ours.0.clone())).await, Ok(()));
    let elsewhere = Server::start("bmc.example").await;
    let theirs = Pem::new("theirs", &elsewhere.certificate.pem());
    assert!(matches!(elsewhere.asked(Tls::Ca(theirs.0.clone())).await, Err(Cause::Untrusted { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_pinned_certificate_is_trusted_whatever_its_name_and_no_other_is() {
    let server = Server::start("bmc.example").await;
    assert_eq!(server.asked(Tls::Pin(server.digest())).await, Ok(()));
    assert!(matches!(server.asked(Tls::Pin([7; 32])).await, Err(Cause::Untrusted { .. })));
    assert_eq!(server.asked(Tls::Insecure).await, Ok(()));
}

#[test]
fn a_file_without_authorities_is_refused_when_the_driver_is_made() {
    let empty = Pem::new("empty", "no certificate");
    for path in [empty.0.clone(), PathBuf::from("/nowhere/ca.pem")] {
        let endpoint = Endpoint::parse("https://bmc").unwrap().with_tls(Tls::Ca(path));
        assert!(matches!(Redfish::new(endpoint), Err(ConnectError::Trust { .. })));
    }
}
