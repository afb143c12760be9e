//! The relay between a client and an echo: what passes, what does not, and when.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{io, net::SocketAddr, time::Duration};

use halmark_simulators::{
    relay::{Direction, Fate, Relay, WireFault, WireRule},
    rules::Nth,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    time::{Instant, timeout},
};

const LONG: Duration = Duration::from_secs(3600);

fn rule(towards: Option<Direction>, nth: Nth, kind: WireFault) -> Vec<WireRule> {
    vec![WireRule { towards, nth, kind }]
}

async fn udp_echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            socket.send_to(&buffer[..length], from).await.unwrap();
        }
    });
    addr
}

async fn tcp_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    addr
}

async fn udp_client(relay: &Relay) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(relay.addr()).await.unwrap();
    socket
}

/// Sends, and waits for what comes back within an hour.
async fn ask(client: &UdpSocket, bytes: &[u8]) -> Option<Vec<u8>> {
    client.send(bytes).await.unwrap();
    let mut buffer = [0; 2048];
    let length = timeout(LONG, client.recv(&mut buffer)).await.ok()?.unwrap();
    Some(buffer[..length].to_vec())
}

#[tokio::test(start_paused = true)]
async fn without_rules_everything_passes_and_is_written_down() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    let client = udp_client(&relay).await;
    assert_eq!(ask(&client, b"hello").await.unwrap(), b"hello");
    let seen = relay.transcript_from(0);
    let ways: Vec<_> = seen.iter().map(|it| (it.seq, it.to_bmc, it.bytes.as_slice(), it.fate)).collect();
    assert_eq!(ways, [(0, true, &b"hello"[..], Fate::Passed), (1, false, &b"hello"[..], Fate::Passed)]);
}

#[tokio::test(start_paused = true)]
async fn two_clients_get_their_own_answers() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    let (one, two) = (udp_client(&relay).await, udp_client(&relay).await);
    assert_eq!(ask(&one, b"one").await.unwrap(), b"one");
    assert_eq!(ask(&two, b"two").await.unwrap(), b"two");
}

#[tokio::test(start_paused = true)]
async fn the_first_datagram_is_lost_and_the_second_is_not() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    relay.set_rules(rule(Some(Direction::ToBmc), Nth::FIRST, WireFault::Drop { p: 1.0 }));
    let client = udp_client(&relay).await;
    assert_eq!(ask(&client, b"lost").await, None);
    assert_eq!(ask(&client, b"found").await.unwrap(), b"found");
    assert_eq!(relay.transcript_from(0)[0].fate, Fate::Dropped);
}

#[tokio::test(start_paused = true)]
async fn a_duplicated_answer_comes_twice() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    relay.set_rules(rule(Some(Direction::ToClient), Nth::ALL, WireFault::Duplicate { p: 1.0 }));
    let client = udp_client(&relay).await;
    assert_eq!(ask(&client, b"twice").await.unwrap(), b"twice");
    let mut buffer = [0; 16];
    assert_eq!(client.recv(&mut buffer).await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_datagram_that_is_reordered_is_overtaken() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    let by = Duration::from_millis(300);
    relay.set_rules(rule(Some(Direction::ToBmc), Nth::FIRST, WireFault::Reorder { p: 1.0, by }));
    let client = udp_client(&relay).await;
    client.send(b"first").await.unwrap();
    assert_eq!(ask(&client, b"second").await.unwrap(), b"second");
    let (mut buffer, begin) = ([0; 16], Instant::now());
    assert_eq!(client.recv(&mut buffer).await.unwrap(), 5);
    assert!(begin.elapsed() >= by - Duration::from_millis(1));
    assert_eq!(relay.transcript_from(0)[0].fate, Fate::Delayed(by));
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_the_clock_along() {
    let relay = Relay::udp(udp_echo().await, 1).unwrap();
    let (p50, p99) = (Duration::from_millis(40), Duration::from_millis(900));
    relay.set_rules(rule(None, Nth::ALL, WireFault::Delay { p50, p99 }));
    let client = udp_client(&relay).await;
    let begin = Instant::now();
    for _ in 0..100 {
        ask(&client, b"slow").await.unwrap();
    }
    assert!(begin.elapsed() > Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn tcp_passes_both_ways_and_is_counted() {
    let relay = Relay::tcp(tcp_echo().await, 1).unwrap();
    let mut client = TcpStream::connect(relay.addr()).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut buffer = [0; 5];
    client.read_exact(&mut buffer).await.unwrap();
    let counts = relay.tcp_counts();
    assert_eq!((&buffer, counts.connections, counts.to_bmc, counts.to_client), (b"hello", 1, 5, 5));
}

async fn echoed(relay: &Relay, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut client = TcpStream::connect(relay.addr()).await?;
    client.write_all(bytes).await?;
    let mut answer = Vec::new();
    loop {
        let read =
            timeout(LONG, client.read_buf(&mut answer)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if read == 0 || answer.len() >= bytes.len() {
            return Ok(answer);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_refused_stalled_or_reset_on_its_way() {
    let relay = Relay::tcp(tcp_echo().await, 1).unwrap();
    let faults = [
        (WireFault::Refuse, io::ErrorKind::ConnectionReset),
        (WireFault::StallHandshake, io::ErrorKind::TimedOut),
        (WireFault::ResetAfter { bytes: 3 }, io::ErrorKind::ConnectionReset),
    ];
    for (fault, kind) in faults {
        relay.set_rules(rule(None, Nth::ALL, fault.clone()));
        assert_eq!(echoed(&relay, b"hello").await.unwrap_err().kind(), kind, "{fault:?}");
    }
    relay.set_rules(vec![]);
    assert_eq!(echoed(&relay, b"hello").await.unwrap(), b"hello");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_connection_is_slow() {
    let relay = Relay::tcp(tcp_echo().await, 1).unwrap();
    let every = Duration::from_secs(1);
    relay.set_rules(rule(Some(Direction::ToClient), Nth::ALL, WireFault::Throttle { bytes: 10, every }));
    let begin = Instant::now();
    assert_eq!(echoed(&relay, &[b'x'; 100]).await.unwrap().len(), 100);
    assert!(begin.elapsed() >= Duration::from_secs(9));
}
