//! A relay between a client and a BMC on loopback, with faults of the wire: UDP datagram by datagram, TCP byte by byte.
//!
//! It sees bytes and nothing else. Every decision comes from its seed; every datagram is in its transcript.

mod fate;
mod tcp;
mod udp;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{task::AbortHandle, time::Instant};

use crate::{bmc::lock, random::Random, rules::Nth};
use fate::Rulebook;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the BMC.
    ToBmc,
    /// From the BMC to the client.
    ToClient,
}

/// What happens on the wire. Several rules compose, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct WireRule {
    /// Only this way; both without.
    pub towards: Option<Direction>,
    /// Which of the datagrams that go that way, or of the connections, counted from 1 since the rules were set.
    pub nth: Nth,
    /// What happens to them.
    pub kind: WireFault,
}

/// A fault of the wire; `p` is a probability from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub enum WireFault {
    /// A datagram is lost.
    Drop {
        /// How often.
        p: f64,
    },
    /// A datagram arrives twice.
    Duplicate {
        /// How often.
        p: f64,
    },
    /// A datagram arrives late, so that others overtake it.
    Reorder {
        /// How often.
        p: f64,
        /// How late.
        by: Duration,
    },
    /// Everything takes a while: half of it at most `p50`, all but a hundredth at most `p99`.
    Delay {
        /// The median.
        p50: Duration,
        /// The 99th percentile.
        p99: Duration,
    },
    /// One byte of a datagram arrives as another.
    Corrupt {
        /// How often.
        p: f64,
    },
    /// The end of a datagram is missing.
    Truncate {
        /// How often.
        p: f64,
    },
    /// TCP: the connection is reset after so many bytes that way (or both together).
    ResetAfter {
        /// How many bytes still pass.
        bytes: usize,
    },
    /// TCP: the connection is accepted and nothing ever passes, not even a TLS handshake.
    StallHandshake,
    /// TCP: the connection is reset at once.
    Refuse,
    /// TCP: so many bytes at a time.
    Throttle {
        /// How many bytes.
        bytes: usize,
        /// How long between them.
        every: Duration,
    },
}

/// What became of a datagram. Where several faults met it, the one that says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It passed as it was.
    Passed,
    /// It was lost.
    Dropped,
    /// It passed twice.
    Duplicated,
    /// It passed this much later.
    Delayed(Duration),
    /// It passed with another byte in it.
    Corrupted,
    /// It passed without its end.
    Truncated,
}

/// A datagram as it came to the relay, and what became of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Its place in the transcript, from 0.
    pub seq: u64,
    /// When it came, since the relay began.
    pub at: Duration,
    /// Whether it goes to the BMC.
    pub to_bmc: bool,
    /// Its bytes, as they came.
    pub bytes: Vec<u8>,
    /// What became of it.
    pub fate: Fate,
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (arrow, length) = (if self.to_bmc { "→ BMC" } else { "← BMC" }, self.bytes.len());
        write!(f, "#{} {:?} {arrow} {length} bytes {:?}", self.seq, self.at, self.fate)
    }
}

/// What passed over TCP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpCounts {
    /// Connections that came.
    pub connections: u64,
    /// Bytes that were passed on to the BMC.
    pub to_bmc: u64,
    /// Bytes that were passed on to the client.
    pub to_client: u64,
}

/// A relay in front of one address. It ends when it is dropped.
pub struct Relay {
    shared: Arc<Shared>,
    addr: SocketAddr,
    listening: AbortHandle,
}

/// What every flow of a relay works with.
struct Shared {
    upstream: SocketAddr,
    born: Instant,
    rules: Mutex<Rulebook>,
    transcript: Mutex<Vec<Datagram>>,
    counts: Mutex<TcpCounts>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Relay {
    /// In front of a UDP service; needs a runtime.
    ///
    /// # Errors
    /// Where no loopback port can be had.
    pub fn udp(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let shared = Shared::new(upstream, seed);
        let (addr, listening) = udp::listen(&shared)?;
        Ok(Self { shared, addr, listening })
    }

    /// In front of a TCP service; needs a runtime.
    ///
    /// # Errors
    /// Where no loopback port can be had.
    pub fn tcp(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let shared = Shared::new(upstream, seed);
        let (addr, listening) = tcp::listen(&shared)?;
        Ok(Self { shared, addr, listening })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Replaces the rules; counts start from nothing.
    pub fn set_rules(&self, rules: Vec<WireRule>) {
        lock(&self.shared.rules).replace(rules);
    }

    /// The datagrams from the one with this number on; none over TCP.
    pub fn transcript_from(&self, seq: usize) -> Vec<Datagram> {
        lock(&self.shared.transcript).get(seq..).unwrap_or_default().to_vec()
    }

    /// How many datagrams there were.
    pub fn transcript_count(&self) -> usize {
        lock(&self.shared.transcript).len()
    }

    /// What passed over TCP.
    pub fn tcp_counts(&self) -> TcpCounts {
        *lock(&self.shared.counts)
    }

    /// Ends it, and every flow through it.
    pub fn stop(&self) {
        self.listening.abort();
        lock(&self.shared.tasks).drain(..).for_each(|task| task.abort());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({} → {})", self.addr, self.shared.upstream)
    }
}

impl Shared {
    fn new(upstream: SocketAddr, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            upstream,
            born: Instant::now(),
            rules: Mutex::new(Rulebook::new(Random::new(seed))),
            transcript: Mutex::default(),
            counts: Mutex::default(),
            tasks: Mutex::default(),
        })
    }

    /// Runs a flow until it ends or the relay does.
    fn run(&self, flow: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(flow).abort_handle());
    }
}
