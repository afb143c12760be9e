//! The whole driver in a session with a BMC whose answers are anything: each operation ends, whatever it is told.

use std::{net::Ipv4Addr, time::Duration};

use halmark::{
    Credentials, Deadline, Driver, Endpoint,
    drivers::{
        self,
        ipmi::rmcp::{packet, session::Session},
    },
};
use tokio::{net::UdpSocket, select};

use crate::{
    peer::{self, Peer},
    source::Source,
    world,
};

const PASSWORD: &str = "driver-password";
/// No operation has reason to ask more often.
const MOST: usize = 20_000;
/// How long an operation may take, by the held clock.
const PATIENCE: Duration = Duration::from_secs(60);

/// Operations by a fuzzer's bytes, and what they are answered.
pub fn run(mut bytes: &[u8]) {
    let Some(operations) = bytes.byte() else { return };
    world::run(async {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = socket.local_addr().expect("an address").port();
        let endpoint = Endpoint::parse(&format!("ipmi://127.0.0.1:{port}")).expect("an endpoint");
        let endpoint = endpoint.with_credentials(Credentials::new("admin", PASSWORD));
        let driver = drivers::connect("ipmi", endpoint).expect("a driver");
        select! {
            () = lie(&socket, &mut bytes) => {}
            () = ask(&*driver, operations) => {}
        }
    });
}

/// Two reads, one behind the other in one session.
async fn ask(driver: &dyn Driver, operations: u8) {
    for operation in [operations & 0x0F, operations >> 4] {
        let by = Deadline::after(PATIENCE);
        match operation {
            0 | 1 => drop(driver.sensors(by).await),
            2 | 3 => drop(driver.log(by).await),
            4 | 5 => drop(driver.fru(by).await),
            6 => drop(driver.power_metrics(by).await),
            7 => drop(driver.accounts(by).await),
            8 => drop(driver.bmc_network(by).await),
            9 => drop(driver.identity(by).await),
            10 => drop(driver.power_read(by).await),
            11 => drop(driver.boot_override(by).await),
            12 => drop(driver.identify(by).await),
            13 => drop(driver.bmc_clock(by).await),
            14 => drop(driver.clear_log(by).await),
            _ => console(driver, by).await,
        }
    }
    driver.close().await;
}

async fn console(driver: &dyn Driver, by: Deadline) {
    if let Ok(console) = driver.open_console(by).await {
        drop(console);
    }
}

/// The BMC: right in the handshake, and then as the bytes have it.
async fn lie(socket: &UdpSocket, source: &mut impl Source) {
    let mut bmc = Peer::new(PASSWORD.as_bytes(), 0x0200_0100, [7; 16]);
    let mut session = None;
    let mut buffer = [0; 2048];
    for _ in 0..MOST {
        let Ok((count, from)) = socket.recv_from(&mut buffer).await else { continue };
        let Ok(packet) = packet::decode(&buffer[..count]) else { continue };
        let answer = match packet.payload_type {
            packet::PayloadType::OpenSessionRequest => bmc
                .open_session(packet.payload)
                .map(|it| packet::encode(packet::PayloadType::OpenSessionResponse, &it)),
            packet::PayloadType::Rakp1 => {
                bmc.second(packet.payload).map(|it| packet::encode(packet::PayloadType::Rakp2, &it))
            }
            packet::PayloadType::Rakp3 => bmc.fourth(packet.payload).map(|(answer, far)| {
                session = Some(far);
                packet::encode(packet::PayloadType::Rakp4, &answer)
            }),
            _ => session.as_mut().and_then(|far| answer(far, &packet, source)),
        };
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, from).await;
        }
    }
    panic!("an operation does not end");
}

fn answer(far: &mut Session, packet: &packet::Packet<'_>, source: &mut impl Source) -> Option<Vec<u8>> {
    let request = far.open_any(packet).ok()?;
    let &[_, function, _, _, _, command, ..] = &request[..] else { return None };
    let (completion, data) = match (function >> 2, command) {
        (0x06, 0x3B) => (0, vec![4]),
        (0x06, 0x3C) => (0, Vec::new()),
        _ => told(source)?,
    };
    Some(far.seal(&peer::answered(&request, completion, &data)?, [9; 16]))
}

/// A completion code, mostly 00h, and data; no answer at times, and where there are no more bytes a refusal.
fn told(source: &mut impl Source) -> Option<(u8, Vec<u8>)> {
    let Some(kind) = source.byte() else { return Some((0xC1, Vec::new())) };
    match kind {
        0xFF => None,
        0xC0..0xFF => Some((kind, Vec::new())),
        count => Some((0, source.bytes(usize::from(count & 0x3F)))),
    }
}
