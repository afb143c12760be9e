//! The system interface: a virtual machine at the other end of a TCP or a Unix socket reaches its BMC from the inside, without
//! a session, and its hardware obeys what the machine does (IPMI v2.0 §6.3, channel Fh; the codec is [`super::vm`]).

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixListener},
    select,
    task::AbortHandle,
};

use super::{
    service::Shared,
    vm::{Hardware, Reader},
};

/// Where a virtual machine connects: QEMU's `-chardev socket,…` for `ipmi-bmc-extern`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InBand {
    /// By TCP; port 0 means any that is free.
    Tcp(SocketAddr),
    /// By a Unix socket, which must not be there yet.
    Unix(PathBuf),
}

/// Listens from now on, and serves one machine after another: where, if by TCP.
pub(super) fn listen(shared: &Arc<Shared>, at: &InBand) -> io::Result<(Option<SocketAddr>, AbortHandle)> {
    let shared = shared.clone();
    Ok(match at {
        InBand::Tcp(addr) => {
            let listener = std::net::TcpListener::bind(addr)?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let addr = listener.local_addr()?;
            (Some(addr), tokio::spawn(by_tcp(shared, listener)).abort_handle())
        }
        InBand::Unix(path) => {
            let listener = UnixListener::bind(path)?;
            (None, tokio::spawn(by_unix(shared, listener)).abort_handle())
        }
    })
}

async fn by_tcp(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let _ = serve(&shared, stream).await;
            }
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn by_unix(shared: Arc<Shared>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = serve(&shared, stream).await;
            }
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Serves one machine until it goes.
async fn serve(shared: &Shared, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut reader = Reader::default();
    let mut buffer = [0; 512];
    let mut seen = shared.bmc().control().event_count();
    stream.write_all(&Hardware::Version.write()).await?;
    loop {
        select! {
            read = stream.read(&mut buffer) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                let asked: Vec<_> = buffer[..length].iter().filter_map(|byte| reader.take(*byte)).collect();
                for asked in asked {
                    if let Some(answered) = shared.in_band(&asked) {
                        stream.write_all(&asked.answer(&answered)).await?;
                    }
                }
            }
            () = shared.bmc().happened_after(seen) => {
                let events = shared.bmc().control().events_from(seen);
                seen = shared.bmc().control().event_count();
                for hardware in events.iter().filter_map(|event| Hardware::of(&event.name)) {
                    stream.write_all(&hardware.write()).await?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;
    use crate::{
        Bmc, BmcOptions, Profile, ipmi,
        machine::{Command, Power},
    };

    async fn exactly<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
        let mut bytes = [0; N];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_virtual_machine_asks_without_a_session_and_is_told_what_its_hardware_does() {
        let bmc = Bmc::start(&Profile::named("generic").unwrap(), BmcOptions::default()).unwrap();
        bmc.control().establish_power(Power::On);
        let service = ipmi::Service::start(&bmc, ipmi::ServiceOptions::default()).unwrap();
        let at = InBand::Tcp(([127, 0, 0, 1], 0).into());
        let addr = service.listen_in_band(&at).unwrap().unwrap();
        let mut machine = TcpStream::connect(addr).await.unwrap();
        assert_eq!(exactly(&mut machine).await, [0xFF, 0x01, 0xA1]);
        // Chassis Control, 03h: reset.
        machine.write_all(&[0x05, 0x00, 0x02, 0x03, 0xF6, 0xA0]).await.unwrap();
        let said: [u8; 8] = exactly(&mut machine).await;
        assert_eq!(said, [0x05, 0x04, 0x02, 0x00, 0xF5, 0xA0, 0x04, 0xA1]);
        bmc.command(Command::Nmi).unwrap();
        assert_eq!(exactly(&mut machine).await, [0x07, 0xA1]);
    }
}
