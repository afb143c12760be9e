//! Datagrams and patience: one UDP socket, one outstanding message, retransmission until an answer fits.

mod socket;

use std::{io, time::Duration};

use tokio::time::Instant;

use self::socket::Socket;
use crate::{
    driver::Deadline,
    endpoint::{Endpoint, Seams},
};

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
pub(super) struct Wire(Socket);

impl Wire {
    pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let peer = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port))
            .await?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
        Socket::open(peer, endpoint.ipmi.blocking).map(Self)
    }

    /// Sends a datagram, again at each pace, until `turn` accepts an answer.
    ///
    /// A refused port (ICMP) is a BMC that is not there yet, so it counts as no answer.
    pub(super) async fn exchange<T: Turn>(
        &self,
        datagram: Vec<u8>,
        turn: &mut T,
        pace: Pace,
        by: Deadline,
    ) -> Result<T::Answer, Silence> {
        self.exchange_at(&mut Instant::now(), datagram, turn, pace, by).await
    }

    /// The same for whoever knows that it is `now`, which becomes when the datagram was last sent: a command looks at the clock once.
    pub(super) async fn exchange_at<T: Turn>(
        &self,
        now: &mut Instant,
        mut datagram: Vec<u8>,
        turn: &mut T,
        pace: Pace,
        by: Deadline,
    ) -> Result<T::Answer, Silence> {
        let began = *now;
        let mut trouble = None;
        let mut sent = 0;
        self.0.forget_readiness();
        while let Some(wait) = pace.wait(sent) {
            if sent > 0 {
                datagram = turn.again(datagram);
                *now = Instant::now();
            }
            trouble = self.0.send(&datagram).err().or(trouble);
            sent += 1;
            #[cfg(test)]
            let _awake = crate::drivers::awake::Awake::new();
            let left = by.instant().saturating_duration_since(*now).min(wait);
            if let Some(answer) = self.0.answer(turn, *now, left, &mut trouble).await {
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

    /// Waits for a datagram and says how long it is. A refused port (ICMP) is no datagram.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> usize {
        loop {
            match self.0.receive(buffer).await {
                Ok(length) => return length,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Sends a datagram that is not answered.
    pub(super) fn tell(&self, datagram: &[u8]) {
        // Nobody waits for it, and nothing depends on its arrival.
        let _ = self.0.send(datagram);
    }
}
