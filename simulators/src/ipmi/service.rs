//! The IPMI service of one BMC: one UDP socket, and one task.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{Interest, unix::AsyncFd},
    select,
    task::AbortHandle,
    time::sleep,
};

use super::{
    exchange::{IpmiExchange, Said},
    in_band::{self, InBand},
    lan::{Lan, Manners, Wake},
    transcript::Records,
    vm::Asked,
};
use crate::{
    bmc::{Bmc, Presence, lock},
    redfish::Transcript,
};

/// No datagram of IPMI is larger; what is cut off is not understood.
const LARGEST: usize = 2048;
/// So many datagrams are taken before others have their turn.
const AT_ONCE: usize = 32;

/// How the service is offered.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Where it listens; port 0 means any that is free.
    pub listen: SocketAddr,
    /// Who is told of each exchange.
    pub observer: Option<Observer>,
    /// Counts what is answered, which costs less than to be told of it.
    pub count: Option<Arc<AtomicU64>>,
    /// Which exchanges are kept.
    pub transcript: Transcript,
}

impl Default for ServiceOptions {
    /// On a free loopback port, with a whole transcript.
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            observer: None,
            count: None,
            transcript: Transcript::All,
        }
    }
}

/// Is told of each exchange; cheap to clone.
#[derive(Clone)]
pub struct Observer(Arc<Tell>);

type Tell = dyn Fn(SocketAddr, &Said) + Send + Sync;

impl Observer {
    /// One that does this with where the service listens and what was said. It is called on the way of every answer, so it
    /// should be quick.
    pub fn new(tell: impl Fn(SocketAddr, &Said) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The IPMI service of one BMC. It ends when it is dropped.
pub struct Service {
    shared: Arc<Shared>,
    serving: AbortHandle,
    in_band: Mutex<Vec<AbortHandle>>,
}

pub(super) struct Shared {
    bmc: Bmc,
    addr: SocketAddr,
    lan: Mutex<Lan>,
    records: Mutex<Records>,
    observer: Option<Observer>,
    count: Option<Arc<AtomicU64>>,
}

impl Service {
    /// Starts to listen and to answer; needs a runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub fn start(bmc: &Bmc, options: ServiceOptions) -> io::Result<Self> {
        let socket = UdpSocket::bind(options.listen)?;
        socket.set_nonblocking(true)?;
        let addr = socket.local_addr()?;
        // Nobody waits until it can be written to; to be told so whenever a client takes an answer would double the wakes.
        #[allow(
            deprecated,
            reason = "a socket of std stays open and the same, which is what its successor wants promised"
        )]
        let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
        let records = Records::new(options.transcript);
        let tells = records.keeps_any() || options.observer.is_some();
        let shared = Arc::new(Shared {
            bmc: bmc.clone(),
            addr,
            lan: Mutex::new(Lan::new(bmc.seed(), addr.port(), Manners::default(), tells)),
            records: Mutex::new(records),
            observer: options.observer,
            count: options.count,
        });
        let serving = tokio::spawn(serve(shared.clone(), socket)).abort_handle();
        Ok(Self { shared, serving, in_band: Mutex::default() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.shared.addr
    }

    /// Lets a virtual machine reach the BMC from the inside; says where, if by TCP.
    ///
    /// # Errors
    /// Where the address or the path cannot be listened on.
    pub fn listen_in_band(&self, at: &InBand) -> io::Result<Option<SocketAddr>> {
        let (addr, listening) = in_band::listen(&self.shared, at)?;
        lock(&self.in_band).push(listening);
        Ok(addr)
    }

    /// Ends it: nobody is answered any more.
    pub fn stop(&self) {
        self.serving.abort();
        lock(&self.in_band).drain(..).for_each(|listening| listening.abort());
    }

    /// The transcript from the exchange with this number on, as far as it is kept.
    pub fn exchanges_from(&self, seq: usize) -> Vec<IpmiExchange> {
        lock(&self.shared.records).from(seq)
    }

    /// How many exchanges there were.
    pub fn exchange_count(&self) -> usize {
        lock(&self.shared.records).total()
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        lock(&self.shared.lan).sessions(self.shared.bmc.now())
    }

    /// Ends every session without a word.
    pub fn expire_sessions(&self) {
        lock(&self.shared.lan).clear();
    }
}

/// Answers for as long as the service lives.
async fn serve(shared: Arc<Shared>, socket: AsyncFd<UdpSocket>) {
    let mut presence = shared.bmc.presence();
    loop {
        let wake = lock(&shared.lan).wakes();
        select! {
            biased;
            changed = presence.changed() => {
                if changed.is_err() {
                    return;
                }
                if *presence.borrow_and_update() != Presence::Up {
                    lock(&shared.lan).clear();
                }
            }
            () = listen(&shared, &socket) => {}
            () = wait(&shared.bmc, wake) => shared.speak(socket.get_ref()),
        }
    }
}

/// Answers until there is a console, which has more to wait for: then after each datagram there may be something else.
async fn listen(shared: &Shared, socket: &AsyncFd<UdpSocket>) {
    loop {
        if let Ok(mut ready) = poll_fn(|cx| socket.poll_read_ready(cx)).await
            && shared.answer_all(ready.get_inner())
        {
            ready.clear_ready();
        }
        if lock(&shared.lan).wakes().is_some() {
            return;
        }
    }
}

/// Resolves when the console has to be looked after; never where nobody has it.
async fn wait(bmc: &Bmc, wake: Option<Wake>) {
    let Some(Wake { at, events }) = wake else { return std::future::pending().await };
    let again = async {
        match at {
            Some(at) => sleep(at.saturating_sub(bmc.now())).await,
            None => std::future::pending().await,
        }
    };
    select! {
        () = again => {}
        () = bmc.happened_after(events) => {}
    }
}

impl Shared {
    /// The BMC.
    pub(super) fn bmc(&self) -> &Bmc {
        &self.bmc
    }

    /// The answer to the host; nothing while the BMC is down.
    pub(super) fn in_band(&self, asked: &Asked) -> Option<Vec<u8>> {
        let is_up = self.bmc.is_up();
        is_up.then(|| lock(&self.lan).in_band(&self.bmc, asked.netfn, asked.lun, asked.command, &asked.data))
    }

    /// Sends what nobody has asked for.
    fn speak(&self, socket: &UdpSocket) {
        for (to, datagram) in lock(&self.lan).due(&self.bmc) {
            let _ = socket.send_to(&datagram, to);
        }
    }

    /// Whether nothing is left.
    fn answer_all(&self, socket: &UdpSocket) -> bool {
        let mut buffer = [0; LARGEST];
        for _ in 0..AT_ONCE {
            match socket.recv_from(&mut buffer) {
                Ok((length, from)) => self.answer(socket, from, &buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // An error is the echo of an answer that nobody took.
                Err(_) => {}
            }
        }
        false
    }

    /// A BMC that is down answers nobody; what it says last it says before it goes.
    fn answer(&self, socket: &UdpSocket, from: SocketAddr, datagram: &[u8]) {
        if !self.bmc.is_up() {
            return;
        }
        let taken = lock(&self.lan).take(&self.bmc, from, datagram);
        if let Some(answer) = &taken.answer {
            // What the system does not take is lost, as datagrams are.
            let _ = socket.send_to(answer, from);
            if let Some(count) = &self.count {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some(said) = taken.said {
            self.tell(taken.at, from, said);
        }
    }

    fn tell(&self, at: Duration, from: SocketAddr, said: Said) {
        if let Some(observer) = &self.observer {
            (observer.0)(self.addr, &said);
        }
        lock(&self.records).push(at, from, said);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ipmi::Service({})", self.addr())
    }
}
