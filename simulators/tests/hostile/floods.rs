//! Too much of everything, on the clock of the real world: others are still served, and memory stays small.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    redfish::{Service, ServiceOptions, tls::Certificate},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::world::{Client, SESSIONS, SYSTEM, World, basic};

/// How long anything may take here, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// What this process may grow to while it is flooded, in kB. The tests of this file may run side by side.
const ROOM: u64 = 96 * 1024;

/// The memory of this process, in kB; nothing where the system does not say.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

fn has_not_grown(before: Option<u64>) {
    if let (Some(before), Some(now)) = (before, memory()) {
        assert!(now < before + ROOM, "{before} kB have become {now} kB");
    }
}

/// Sends this many bytes of a body until somebody stops us, and reads what is said.
async fn pour(addr: SocketAddr, head: &str, bytes: usize) -> (String, usize) {
    let (mut from, mut to) = TcpStream::connect(addr).await.unwrap().into_split();
    to.write_all(head.as_bytes()).await.unwrap();
    let pouring = tokio::spawn(async move {
        let mut sent = 0;
        let drop = vec![b' '; 1 << 16];
        while sent < bytes && to.write_all(&drop).await.is_ok() {
            sent += drop.len();
        }
        sent
    });
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(Ok(count @ 1..)) = timeout(PATIENCE, from.read(&mut part)).await {
        answer.extend(&part[..count]);
    }
    drop(from);
    let sent = timeout(PATIENCE, pouring).await.expect("the connection ends").unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), sent)
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_and_not_kept() {
    const HUGE: usize = 100 << 20;
    let world = World::healthy().await;
    let before = memory();
    let (user, password) = world.control.credentials();
    let who = basic(&user, &password);
    for length in [format!("Content-Length: {HUGE}"), "Transfer-Encoding: chunked".to_owned()] {
        let head =
            format!("PATCH {SYSTEM} HTTP/1.1\r\nHost: bmc\r\nAuthorization: {who}\r\n{length}\r\n\r\n");
        let head = if length.starts_with('T') { format!("{head}6400000\r\n") } else { head };
        let (answer, sent) = pour(world.service.addr(), &head, HUGE).await;
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("PayloadTooLarge"), "{answer}");
        assert!(sent < HUGE / 2, "{sent} bytes were taken");
    }
    has_not_grown(before);
    assert_eq!(world.get(SYSTEM).await.status, 200);
}

#[tokio::test]
async fn a_login_of_a_hundred_megabytes_is_refused_before_anybody_is_known() {
    let world = World::healthy().await;
    let head = format!("POST {SESSIONS} HTTP/1.1\r\nHost: bmc\r\nContent-Length: 104857600\r\n\r\n");
    let (answer, _) = pour(world.service.addr(), &head, 100 << 20).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn whoever_sends_all_of_a_large_body_and_reads_then_sees_why_it_was_refused() {
    let world = World::healthy().await;
    let body = vec![b' '; 12 << 20];
    for _ in 0..3 {
        let mut stream = TcpStream::connect(world.service.addr()).await.unwrap();
        let head = format!("POST {SESSIONS} HTTP/1.1\r\nHost: bmc\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.expect("all of it is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("the connection ends without a reset");
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("PayloadTooLarge"), "{answer}");
    }
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let world = World::healthy().await;
    let before = memory();
    let many: String = (0..10_000).map(|number| format!("X-Flood-{number}: {number}\r\n")).collect();
    let large = format!("X-Flood: {}\r\n", "x".repeat(1 << 20));
    for flood in [many, large] {
        let head = format!("GET /redfish/v1/ HTTP/1.1\r\nHost: bmc\r\n{flood}\r\n");
        let (answer, _) = pour(world.service.addr(), &head, 0).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"), "{answer:.100}");
    }
    has_not_grown(before);
    assert_eq!(world.get(SYSTEM).await.status, 200);
}

/// How many connections may be held open here: both ends are ours.
fn crowd() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let most = line.and_then(|line| line.split_whitespace().nth(3)).and_then(|it| it.parse().ok());
    (most.unwrap_or(256) / 4).min(1_000)
}

#[tokio::test]
async fn a_thousand_clients_that_never_finish_a_request_hold_up_nobody() {
    let world = World::healthy().await;
    let before = memory();
    let mut idle = Vec::new();
    for number in 0..crowd() {
        let mut client = Client::connect(world.service.addr()).await.unwrap();
        let begun: &[u8] = [&b""[..], b"G", b"GET /redfish/v1 HTTP/1.1\r\nX-Slow: "][number % 3];
        client.raw(begun).await.unwrap();
        idle.push(client);
    }
    for _ in 0..20 {
        let reply = timeout(PATIENCE, world.get(SYSTEM)).await.expect("an answer comes");
        assert_eq!(reply.status, 200);
    }
    has_not_grown(before);
    let mut patient = idle.swap_remove(2);
    patient.raw(b"ly\r\nHost: bmc\r\n\r\n").await.unwrap();
    assert_eq!(timeout(PATIENCE, patient.receive(false)).await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn handshakes_that_are_begun_and_left_hold_up_nobody() {
    let bmc = Bmc::start(&Profile::named("generic").unwrap(), BmcOptions::default()).unwrap();
    let certificate = Certificate::authority("127.0.0.1");
    let trusted = certificate.ca_pem().to_owned();
    let options = ServiceOptions { tls: Some(certificate), ..ServiceOptions::default() };
    let service = Service::start(&bmc, options).unwrap();
    let mut begun = Vec::new();
    for number in 0..crowd() / 4 {
        let mut client = Client::connect(service.addr()).await.unwrap();
        // A record of a handshake that says it is longer than what comes; plain HTTP; nothing; noise.
        let hello: &[u8] = [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"",
            b"\xff\0\xff",
        ][number % 4];
        client.raw(hello).await.unwrap();
        begun.push(client);
    }
    let seen = timeout(PATIENCE, greeting(service.addr(), &trusted)).await.expect("an answer comes");
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
}

/// What an honest client sees over TLS.
async fn greeting(addr: SocketAddr, trusted: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(addr).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.write_all(b"GET /redfish/v1/ HTTP/1.1\r\nHost: bmc\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
