//! TCP: a connection is refused, stalled, slowed, or reset on its way.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    select,
    task::AbortHandle,
    time::sleep,
};

use super::{
    Direction, Shared,
    fate::{Lane, Treatment},
};
use crate::bmc::lock;

/// Listens on a free loopback port and relays from then on.
pub(super) fn listen(shared: &Arc<Shared>) -> io::Result<(SocketAddr, AbortHandle)> {
    let any: SocketAddr = match shared.upstream {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
    };
    let listener = std::net::TcpListener::bind(any)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let addr = listener.local_addr()?;
    let listening = tokio::spawn(accept(shared.clone(), listener)).abort_handle();
    Ok((addr, listening))
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                lock(&shared.counts).connections += 1;
                let treatment = lock(&shared.rules).connection();
                shared.run(relay(shared.clone(), client, treatment));
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn relay(shared: Arc<Shared>, mut client: TcpStream, treatment: Treatment) {
    if treatment.refused {
        let _ = client.set_zero_linger();
        return;
    }
    let _ = client.set_nodelay(true);
    if treatment.stalled {
        std::future::pending::<()>().await;
    }
    let Ok(mut bmc) = TcpStream::connect(shared.upstream).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = bmc.set_nodelay(true);
    if both_ways(&shared, &mut client, &mut bmc, treatment).await.is_err() {
        let _ = client.set_zero_linger();
        let _ = bmc.set_zero_linger();
    }
}

/// Until both ways have ended, or one has failed.
async fn both_ways(
    shared: &Shared,
    client: &mut TcpStream,
    bmc: &mut TcpStream,
    treatment: Treatment,
) -> io::Result<()> {
    let (from_client, to_client) = client.split();
    let (from_bmc, to_bmc) = bmc.split();
    let mut there = std::pin::pin!(one_way(shared, Direction::ToBmc, treatment.to_bmc, from_client, to_bmc));
    let mut back =
        std::pin::pin!(one_way(shared, Direction::ToClient, treatment.to_client, from_bmc, to_client));
    select! {
        ended = &mut there => { ended?; back.await }
        ended = &mut back => { ended?; there.await }
    }
}

async fn one_way(
    shared: &Shared,
    towards: Direction,
    lane: Lane,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    let mut left = lane.reset_after;
    loop {
        let most = lane.throttle.map_or(buffer.len(), |(bytes, _)| bytes.min(buffer.len()));
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        if let Some((p50, p99)) = lane.delay {
            let delay = lock(&shared.rules).delay(p50, p99);
            sleep(delay).await;
        }
        let passes = left.map_or(read, |left| left.min(read));
        to.write_all(&buffer[..passes]).await?;
        count(shared, towards, passes);
        if let Some(left) = &mut left {
            *left -= passes;
            if *left == 0 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        if let Some((_, every)) = lane.throttle {
            sleep(every).await;
        }
    }
}

fn count(shared: &Shared, towards: Direction, bytes: usize) {
    let mut counts = lock(&shared.counts);
    match towards {
        Direction::ToBmc => counts.to_bmc += bytes as u64,
        Direction::ToClient => counts.to_client += bytes as u64,
    }
}
