//! TLS: whom a careful client trusts, and that the paused clock carries a handshake.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{io, sync::Arc};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    redfish::{Service, ServiceOptions, tls::Certificate},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// The first line of an answer over TLS, from a service with this certificate to a client that trusts what it is told.
async fn greeting(certificate: Certificate, trusted: &str) -> io::Result<String> {
    let profile = Profile::named("generic").unwrap();
    let bmc = Bmc::start(&profile, BmcOptions::default()).unwrap();
    let options = ServiceOptions { tls: Some(certificate), ..ServiceOptions::default() };
    let service = Service::start(&bmc, options).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(service.addr()).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET /redfish/v1/ HTTP/1.1\r\nHost: bmc\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_a_trusted_authority_is_enough() {
    let certificate = Certificate::authority("127.0.0.1");
    let trusted = certificate.ca_pem().to_owned();
    assert_eq!(greeting(certificate, &trusted).await.unwrap(), "HTTP/1.1 200 OK");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_signed_itself_is_trusted_only_by_who_knows_it() {
    let certificate = Certificate::self_signed("127.0.0.1");
    let (itself, authority) = (certificate.ca_pem().to_owned(), Certificate::authority("127.0.0.1"));
    assert!(greeting(certificate.clone(), &itself).await.is_ok());
    assert!(greeting(certificate, authority.ca_pem()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_expired_or_anothers_is_not_trusted() {
    for certificate in [Certificate::expired("127.0.0.1"), Certificate::wrong_host()] {
        let trusted = certificate.ca_pem().to_owned();
        assert!(greeting(certificate, &trusted).await.is_err());
    }
}

#[test]
fn a_certificate_is_made_once() {
    assert_eq!(Certificate::authority("bmc.example").pem(), Certificate::authority("bmc.example").pem());
}
