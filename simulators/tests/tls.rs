//! TLS: whom a careful client trusts, and that the paused clock carries a handshake.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{io, sync::Arc};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    redfish::{Service, ServiceOptions, tls::Certificate},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// A client that trusts what it is told.
fn trusting(trusted: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The first line of an answer over TLS, from a service with this certificate to a client that trusts what it is told.
async fn greeting(certificate: Certificate, trusted: &str) -> io::Result<String> {
    let profile = Profile::named("generic").unwrap();
    let bmc = Bmc::start(&profile, BmcOptions::default()).unwrap();
    let options = ServiceOptions { tls: Some(certificate), ..ServiceOptions::default() };
    let service = Service::start(&bmc, options).unwrap();
    let config = trusting(trusted);
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

const SERVICE: &str = "/redfish/v1/CertificateService";
const COLLECTION: &str = "/redfish/v1/Managers/1/NetworkProtocol/HTTPS/Certificates";

/// A service with TLS, and what its administrator sends with every request.
fn secured() -> (Bmc, Service, String) {
    let bmc = Bmc::start(&Profile::named("generic").unwrap(), BmcOptions::default()).unwrap();
    let tls = Some(Certificate::authority("127.0.0.1"));
    let service = Service::start(&bmc, ServiceOptions { tls, ..ServiceOptions::default() }).unwrap();
    let (user, password) = bmc.control().credentials();
    (bmc, service, format!("{user}:{password}"))
}

async fn connect(service: &Service, trusted: &str) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(service.addr()).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(trusting(trusted))).connect(name, stream).await
}

/// Status and document of an answer; the connection stays open.
async fn ask(stream: &mut TlsStream<TcpStream>, line: &str, who: &str, body: &str) -> (u16, Value) {
    let (who, length) = (base64(who), body.len());
    let head = format!(
        "{line} HTTP/1.1\r\nHost: bmc\r\nAuthorization: Basic {who}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.unwrap();
        answer.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|it| it.strip_prefix("Content-Length: ").or(it.strip_prefix("content-length: ")));
        if count == 0 || body.len() >= length.map_or(0, |it| it.trim().parse().unwrap()) {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return (status, serde_json::from_str(body).unwrap_or_default());
        }
    }
}

/// RFC 4648 §4.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]);
            encoded.push(if place <= three.len() { letter } else { '=' });
        }
    }
    encoded
}

/// A certificate for 127.0.0.1 that signed itself, and its key, both PEM.
fn pair() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test(start_paused = true)]
async fn who_connects_after_a_replacement_is_shown_the_new_certificate() {
    let (_bmc, service, admin) = secured();
    let authority = Certificate::authority("127.0.0.1");
    let mut old = connect(&service, authority.ca_pem()).await.unwrap();
    let (certificate, key) = pair();
    let body = json!({
        "CertificateUri": {"@odata.id": format!("{COLLECTION}/1")},
        "CertificateType": "PEM",
        "CertificateString": format!("{certificate}{key}"),
    });
    let replace = format!("POST {SERVICE}/Actions/CertificateService.ReplaceCertificate");
    assert_eq!(ask(&mut old, &replace, &admin, &body.to_string()).await.0, 204);
    assert!(connect(&service, authority.ca_pem()).await.is_err());
    let mut new = connect(&service, &certificate).await.unwrap();
    let (status, shown) = ask(&mut new, &format!("GET {COLLECTION}/1"), &admin, "").await;
    assert_eq!((status, shown["CertificateString"].as_str().unwrap().trim()), (200, certificate.trim()));
    assert_eq!(ask(&mut old, "GET /redfish/v1", &admin, "").await.0, 200, "what is open stays open");
    let secret = key.lines().nth(1).unwrap();
    assert!(!format!("{:?}", service.exchanges_from(0)).contains(secret));
    assert!(!shown.to_string().contains("PRIVATE KEY"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_certificate_leaves_the_old_one() {
    let (_bmc, service, admin) = secured();
    let authority = Certificate::authority("127.0.0.1");
    let mut stream = connect(&service, authority.ca_pem()).await.unwrap();
    let (certificate, key) = pair();
    let replace = format!("POST {SERVICE}/Actions/CertificateService.ReplaceCertificate");
    let uri = json!({"@odata.id": format!("{COLLECTION}/1")});
    for (body, status) in [
        (json!({"CertificateUri": uri, "CertificateType": "PEM", "CertificateString": certificate}), 400),
        (json!({"CertificateUri": uri, "CertificateType": "PEM", "CertificateString": key}), 400),
        (
            json!({"CertificateUri": uri, "CertificateType": "PEM", "CertificateString": format!("{certificate}{}", pair().1)}),
            400,
        ),
        (json!({"CertificateUri": uri, "CertificateType": "PKCS12", "CertificateString": "x"}), 400),
        (json!({"CertificateUri": uri, "CertificateType": "PEM"}), 400),
        (
            json!({"CertificateUri": {"@odata.id": format!("{COLLECTION}/2")}, "CertificateType": "PEM", "CertificateString": "x"}),
            404,
        ),
    ] {
        assert_eq!(
            ask(&mut stream, &replace, &admin, &body.to_string()).await.0,
            status,
            "{}",
            body["CertificateType"]
        );
    }
    assert!(connect(&service, authority.ca_pem()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_for_a_certificate_is_made_for_the_service_s_own_collection() {
    let (_bmc, service, admin) = secured();
    let mut stream = connect(&service, Certificate::authority("127.0.0.1").ca_pem()).await.unwrap();
    let generate = format!("POST {SERVICE}/Actions/CertificateService.GenerateCSR");
    let body = json!({
        "CertificateCollection": {"@odata.id": COLLECTION}, "CommonName": "bmc.example", "Organization": "Halmark",
        "AlternativeNames": ["bmc.example", "127.0.0.1"], "KeyPairAlgorithm": "TPM_ALG_ECDSA",
    });
    let (status, said) = ask(&mut stream, &generate, &admin, &body.to_string()).await;
    assert_eq!((status, &said["CertificateCollection"]["@odata.id"]), (200, &json!(COLLECTION)));
    assert!(said["CSRString"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    let other = json!({"CertificateCollection": {"@odata.id": "/redfish/v1/Managers/1/Certificates"}});
    assert_eq!(ask(&mut stream, &generate, &admin, &other.to_string()).await.0, 404);
    let rsa = json!({"CertificateCollection": {"@odata.id": COLLECTION}, "KeyPairAlgorithm": "TPM_ALG_RSA"});
    assert_eq!(ask(&mut stream, &generate, &admin, &rsa.to_string()).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_the_administrator_s() {
    let (bmc, service, admin) = secured();
    let mut stream = connect(&service, Certificate::authority("127.0.0.1").ca_pem()).await.unwrap();
    let accounts = bmc.control().accounts();
    let operator =
        accounts.iter().find(|it| it.0 == "operator").map(|(user, password)| format!("{user}:{password}"));
    let operator = operator.unwrap();
    let replace = format!("POST {SERVICE}/Actions/CertificateService.ReplaceCertificate");
    assert_eq!(ask(&mut stream, &replace, &operator, "{}").await.0, 403);
    assert_eq!(ask(&mut stream, &format!("GET {COLLECTION}/1"), &operator, "").await.0, 403);
    let (status, places) = ask(&mut stream, &format!("GET {SERVICE}/CertificateLocations"), &admin, "").await;
    assert_eq!(
        (status, &places["Links"]["Certificates"][0]["@odata.id"]),
        (200, &json!(format!("{COLLECTION}/1")))
    );
}

#[test]
fn a_certificate_is_made_once() {
    assert_eq!(Certificate::authority("bmc.example").pem(), Certificate::authority("bmc.example").pem());
}
