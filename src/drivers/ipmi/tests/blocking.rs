//! Claims about a driver whose thread waits: what it says and does is what the awaited one says and does.
//!
//! The BMC is on a thread of its own, and the clock is the real one.

use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    drivers::ipmi::wire::{Pace, Turn, Wire},
    model::{Change, PowerAction, PowerState},
};

/// A BMC that does not need the driver's thread, for as long as a test may take.
fn apart(script: impl FnMut(&Seen) -> Option<Act> + Send + 'static) -> Peer {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, (tell, told)) = (Arc::clone(&seen), std::sync::mpsc::channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            tell.send(socket.local_addr().unwrap().port()).unwrap();
            let _ = tokio::time::timeout(Duration::from_secs(60), serve(socket, Box::new(script), log)).await;
        });
    });
    Peer { port: told.recv().unwrap(), seen }
}

fn blocking(mut endpoint: Endpoint) -> Ipmi {
    endpoint.ipmi.blocking = true;
    Ipmi::new(endpoint).unwrap()
}

#[tokio::test]
async fn a_thread_that_waits_logs_in_asks_changes_and_closes() {
    let peer = apart(|_| Some(Act::Double));
    let driver = blocking(peer.endpoint());
    for _ in 0..3 {
        assert_eq!(driver.power_read(within(10)).await.unwrap().value, PowerState::PoweredOn);
        assert_eq!(driver.power(PowerAction::Reset, within(10)).await.unwrap().value, Change::Changed);
    }
    driver.close().await;
    assert_eq!(peer.commands(), [GET_STATUS, GET_STATUS, CONTROL].repeat(3));
    assert_eq!(peer.count(|heard| matches!(heard, Heard::Command(6, 0x3C, _))), 1);
}

#[tokio::test]
async fn nothing_else_is_waited_for_than_the_answer() {
    let peer = apart(|_| None);
    let driver = blocking(peer.endpoint());
    let mut read = driver.power_read(within(10));
    let polled = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(answer)) = polled else {
        panic!("login and answer were not waited for by the thread")
    };
    assert_eq!(answer.value, PowerState::PoweredOn);
}

#[tokio::test]
async fn a_thread_that_waits_sends_a_lost_datagram_again_byte_for_byte() {
    for act in [Act::Lose, Act::LoseAnswer, Act::Corrupt] {
        let mut left = 2;
        let peer = apart(move |seen| {
            let hit = is(seen, CONTROL) && left > 0;
            left -= usize::from(hit);
            hit.then(|| act.clone())
        });
        let change = blocking(peer.endpoint()).power(PowerAction::Reset, within(30)).await.unwrap().value;
        assert_eq!(change, Change::Changed);
        let sent: Vec<_> = peer.seen().into_iter().filter(|seen| is(seen, CONTROL)).collect();
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|seen| seen.datagram == sent[0].datagram));
        // 250 and 500 ms, but for how long it takes the BMC's thread to notice.
        assert!(sent[1].at - sent[0].at >= Duration::from_millis(150));
        assert!(sent[2].at - sent[1].at >= Duration::from_millis(350));
    }
}

#[tokio::test]
async fn a_thread_does_not_wait_beyond_the_deadline() {
    let peer = apart(|_| Some(Act::Lose));
    let began = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(2500));
    let error = blocking(peer.endpoint()).power(PowerAction::Off, deadline).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
    // The four that fit are sent at 0, 250, 750 and 1750 ms; the last one alone would wait until 3750 ms.
    assert!(began.elapsed() >= Duration::from_millis(2500));
    assert!(began.elapsed() < Duration::from_millis(3500));
    assert_eq!(peer.seen().len(), 4);
}

#[tokio::test]
async fn whoever_gives_up_is_heard_between_transmissions() {
    let peer = apart(|_| Some(Act::Lose));
    let driver = blocking(peer.endpoint());
    let read = tokio::time::timeout(Duration::from_millis(100), driver.power_read(within(60))).await;
    assert!(read.is_err());
    // Of six: the timer is set when the first wait is over, and looked at when the second is.
    assert_eq!(peer.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_keeps_nobody_waiting_for_ever() {
    let peer = apart(|seen| (!seen.again).then_some(Act::Lose));
    assert!(blocking(peer.endpoint()).power_read(within(60)).await.is_ok());
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_told_to_whoever_waits_there() {
    // Who is connected to somebody else hears nobody, and keeps the port from being given to another test.
    let occupied = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    occupied.connect("127.0.0.1:9").await.unwrap();
    let port = occupied.local_addr().unwrap().port();
    let endpoint = Endpoint::parse(&format!("ipmi://127.0.0.1:{port}")).unwrap();
    let driver = blocking(endpoint.with_credentials(Credentials::new("admin", "adminpw")));
    let error = driver.power_read(Deadline::after(Duration::from_millis(300))).await.unwrap_err();
    let Cause::Unreachable { reason } = &error.cause else { panic!("{error}") };
    assert!(reason.contains("Connection refused"), "{reason}");
}

#[tokio::test]
async fn an_error_before_the_answer_does_not_hide_the_answer_in_either_way_to_wait() {
    for blocking in [false, true] {
        let bmc = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut endpoint = Endpoint::parse(&format!("ipmi://{}", bmc.local_addr().unwrap())).unwrap();
        endpoint.ipmi.blocking = blocking;
        std::thread::spawn(move || {
            let (_, from) = bmc.recv_from(&mut [0; 16]).unwrap();
            // Connected to somebody else it hears nobody: what is sent to it at 250 and 750 ms is refused. Then it answers.
            bmc.connect("127.0.0.1:9").unwrap();
            bmc.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
            bmc.recv(&mut [0; 16]).unwrap_err();
            bmc.send_to(b"yes", from).unwrap();
        });
        let (mut turn, began) = (Repeated(0), Instant::now());
        let wire = Wire::open(&endpoint).await.unwrap();
        let answer =
            wire.exchange(b"well?".to_vec(), &mut turn, Pace::patient(Seams::default()), within(10)).await;
        assert_eq!(answer, Ok(b"yes".to_vec()));
        // Whoever had stopped listening would look again when the third transmission's wait is over, at 1750 ms.
        assert!(began.elapsed() < Duration::from_millis(1600), "blocking: {blocking}");
        assert_eq!(turn.0, 2);
    }
}

/// Takes any answer, and counts how often it was sent again.
struct Repeated(usize);

impl Turn for Repeated {
    type Answer = Vec<u8>;

    fn again(&mut self, datagram: Vec<u8>) -> Vec<u8> {
        self.0 += 1;
        datagram
    }

    fn accept(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        Some(datagram.to_vec())
    }
}

#[test]
fn a_console_is_awaited_although_commands_are_not() {
    let peer = apart(|_| None);
    let (tell, told) = std::sync::mpsc::channel();
    // On a thread of its own, since one that waited for the console's packets would wait for ever.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tell.send(runtime.block_on(said_back(&peer, b"hello"))).unwrap();
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(20)).as_deref(), Ok(&b"hello"[..]));
}

async fn said_back(peer: &Peer, text: &[u8]) -> Vec<u8> {
    let driver = blocking(peer.endpoint());
    assert!(driver.power_read(within(10)).await.is_ok());
    let mut console = driver.open_console(within(10)).await.unwrap().value;
    console.write_all(text).await.unwrap();
    let mut back = vec![0; text.len()];
    console.read_exact(&mut back).await.unwrap();
    console.close(within(10)).await.unwrap();
    back
}
