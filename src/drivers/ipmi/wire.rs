//! Datagrams and patience: one UDP socket, one outstanding message, retransmission until an answer fits.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use tokio::{
    io::{Interest, unix::AsyncFd},
    time::{Instant, timeout_at},
};

use crate::{
    driver::Deadline,
    endpoint::{Endpoint, Seams},
};

/// Larger than any datagram that a BMC has reason to send.
const LARGEST: usize = 2048;

/// How long each transmission waits for its answer, in milliseconds.
///
/// Doubling from 250 ms; ten seconds without a word are the end.
const PATIENT: &[u64] = &[250, 500, 1000, 2000, 4000, 2250];
/// For what can be begun anew: a handshake that lost its thread, a read in a session that may be gone.
const BRISK: &[u64] = &[250, 500, 1000, 2000];
/// For a read in a session that was idle for so long that it may be gone.
const PROBING: &[u64] = &[250, 500];
/// For what nobody waits for.
const ONCE: &[u64] = &[1000];

/// How often to retransmit, and how long to wait each time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    waits: &'static [u64],
    seams: Seams,
}

impl Pace {
    pub(super) fn patient(seams: Seams) -> Self {
        Self { waits: PATIENT, seams }
    }

    pub(super) fn brisk(seams: Seams) -> Self {
        Self { waits: BRISK, seams }
    }

    pub(super) fn probing(seams: Seams) -> Self {
        Self { waits: PROBING, seams }
    }

    pub(super) fn once() -> Self {
        Self { waits: ONCE, seams: Seams::default() }
    }

    /// How long the transmission of this number, from 0, waits; `None` when there is none any more.
    fn wait(self, number: usize) -> Option<Duration> {
        const HAMMER: Duration = Duration::from_millis(1);
        let whole: u64 = self.waits.iter().sum();
        if self.seams.never_retries {
            return (number == 0).then(|| Duration::from_millis(whole));
        }
        if self.seams.hammers {
            return (self.seams.never_gives_up || (number as u64) < whole).then_some(HAMMER);
        }
        let last = self.waits.last().filter(|_| self.seams.never_gives_up);
        self.waits.get(number).or(last).map(|wait| Duration::from_millis(*wait))
    }
}

/// One message on its way: how it is sent again, and which datagram answers it.
pub(super) trait Turn: Send {
    /// What an answer is read into.
    type Answer: Send;

    /// The datagram for a retransmission: the same bytes.
    fn again(&mut self, datagram: Vec<u8>) -> Vec<u8> {
        datagram
    }

    /// The answer in this datagram; `None` for what is late, foreign, doubled or corrupt.
    fn accept(&mut self, datagram: &[u8]) -> Option<Self::Answer>;
}

/// No datagram answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Silence {
    /// What a person needs to know of it.
    pub(super) reason: String,
    /// Whether it was the deadline that ended the wait.
    pub(super) deadline: bool,
}

/// A socket that is connected to the BMC.
///
/// Nobody waits until it can be written to: there is always room for a datagram, and to be told so at each one that the BMC
/// takes costs as much as an answer.
pub(super) struct Wire {
    socket: AsyncFd<UdpSocket>,
}

impl Wire {
    pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let peer = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port))
            .await?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
        let any: SocketAddr = if peer.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        socket.connect(peer)?;
        #[allow(
            deprecated,
            reason = "a socket of std stays open and the same, which is what its successor wants promised"
        )]
        let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
        Ok(Self { socket })
    }

    /// Sends a datagram, again at each pace, until `turn` accepts an answer.
    ///
    /// A refused port (ICMP) is a BMC that is not there yet, so it counts as no answer.
    pub(super) async fn exchange<T: Turn>(
        &self,
        mut datagram: Vec<u8>,
        turn: &mut T,
        pace: Pace,
        by: Deadline,
    ) -> Result<T::Answer, Silence> {
        let began = Instant::now();
        let mut trouble = None;
        let mut sent = 0;
        self.forget_readiness();
        while let Some(wait) = pace.wait(sent) {
            if sent > 0 {
                datagram = turn.again(datagram);
            }
            trouble = self.send(&datagram).err().or(trouble);
            sent += 1;
            #[cfg(test)]
            let _awake = crate::drivers::awake::Awake::new();
            let until = by.or_after(wait).instant();
            if let Ok(answer) = timeout_at(until, self.answer(turn, &mut trouble)).await {
                return Ok(answer);
            }
            if by.left().is_zero() {
                break;
            }
        }
        let waited = began.elapsed().as_secs_f32();
        let trouble = trouble.map(|e| format!(", {e}")).unwrap_or_default();
        let reason = format!("{sent} datagrams without an answer in {waited:.1} s{trouble}");
        Err(Silence { reason, deadline: by.left().is_zero() })
    }

    /// What has come until now was not asked for; the answer's arrival is told anew, and a read that finds nothing is saved.
    fn forget_readiness(&self) {
        let nothing = |_: &UdpSocket| Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.socket.try_io(Interest::READABLE, nothing);
    }

    /// Waits for a datagram and says how long it is. A refused port (ICMP) is no datagram.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> usize {
        loop {
            match self.recv(buffer).await {
                Ok(length) => return length,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Sends a datagram that is not answered.
    pub(super) async fn tell(&self, datagram: &[u8]) {
        // Nobody waits for it, and nothing depends on its arrival.
        let _ = self.send(datagram);
    }

    /// An error is that of the datagram before (ICMP); this one has then yet to be sent.
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let before = self.socket.get_ref().send(datagram);
        if before.is_err() {
            let _ = self.socket.get_ref().send(datagram);
        }
        before.map(drop)
    }

    async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.async_io(Interest::READABLE, |socket| socket.recv(buffer)).await
    }

    async fn answer<T: Turn>(&self, turn: &mut T, trouble: &mut Option<io::Error>) -> T::Answer {
        let mut buffer = [0; LARGEST];
        loop {
            match self.recv(&mut buffer).await {
                Ok(length) => {
                    if let Some(answer) = turn.accept(&buffer[..length]) {
                        return answer;
                    }
                }
                Err(error) => {
                    *trouble = Some(error);
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
