//! UDP: every client gets a socket of its own towards the BMC.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::UdpSocket, task::AbortHandle, time::sleep};

use super::{Datagram, Direction, Shared};
use crate::bmc::lock;

/// No datagram is larger.
const LARGEST: usize = 65_536;

/// Listens on a free loopback port and relays from then on.
pub(super) fn listen(shared: &Arc<Shared>) -> io::Result<(SocketAddr, AbortHandle)> {
    let socket = Arc::new(bind(shared.upstream)?);
    let addr = socket.local_addr()?;
    let listening = tokio::spawn(from_clients(shared.clone(), socket)).abort_handle();
    Ok((addr, listening))
}

fn bind(like: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match like {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
    };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

async fn from_clients(shared: Arc<Shared>, socket: Arc<UdpSocket>) {
    let mut ways: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        // An error here is the echo of an earlier datagram that nobody took.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(upstream) = way(&shared, &socket, &mut ways, client) else { continue };
        let to = shared.upstream;
        pass(&shared, Direction::ToBmc, &buffer[..length], upstream, to);
    }
}

/// The socket on which this client's datagrams go on, and its answers come back.
fn way(
    shared: &Arc<Shared>,
    socket: &Arc<UdpSocket>,
    ways: &mut BTreeMap<SocketAddr, Arc<UdpSocket>>,
    client: SocketAddr,
) -> Option<Arc<UdpSocket>> {
    if let Some(way) = ways.get(&client) {
        return Some(way.clone());
    }
    let way = Arc::new(bind(shared.upstream).ok()?);
    ways.insert(client, way.clone());
    shared.run(to_client(shared.clone(), way.clone(), socket.clone(), client));
    Some(way)
}

async fn to_client(shared: Arc<Shared>, way: Arc<UdpSocket>, socket: Arc<UdpSocket>, client: SocketAddr) {
    let mut buffer = vec![0; LARGEST];
    loop {
        let Ok((length, from)) = way.recv_from(&mut buffer).await else { continue };
        if from == shared.upstream {
            pass(&shared, Direction::ToClient, &buffer[..length], socket.clone(), client);
        }
    }
}

/// Decides, writes down, and sends what is left of a datagram, at once or later.
fn pass(shared: &Arc<Shared>, towards: Direction, bytes: &[u8], by: Arc<UdpSocket>, to: SocketAddr) {
    let verdict = lock(&shared.rules).datagram(towards, bytes);
    let mut transcript = lock(&shared.transcript);
    let seq = transcript.len() as u64;
    let to_bmc = towards == Direction::ToBmc;
    let at = shared.born.elapsed();
    transcript.push(Datagram { seq, at, to_bmc, bytes: bytes.to_vec(), fate: verdict.fate });
    drop(transcript);
    for (delay, bytes) in verdict.copies {
        send(shared, delay, bytes, by.clone(), to);
    }
}

fn send(shared: &Arc<Shared>, delay: Duration, bytes: Vec<u8>, by: Arc<UdpSocket>, to: SocketAddr) {
    if delay.is_zero() && by.try_send_to(&bytes, to).is_ok() {
        return;
    }
    shared.run(async move {
        sleep(delay).await;
        let _ = by.send_to(&bytes, to).await;
    });
}
