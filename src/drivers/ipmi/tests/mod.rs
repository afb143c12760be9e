//! The driver against a scripted BMC over loopback, on a held clock; in `blocking` on the real one.
//!
//! The BMC's end of the session is made of the same core with the IDs the other way round; that the core itself is right is
//! shown by the vectors of `rmcp` and by ipmi_sim. Here it is about what goes out, how often, and when.

mod areas;
mod blocking;
mod commands;
mod consoles;
mod logins;
mod patience;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{net::UdpSocket, time::Instant};

use super::{
    Ipmi,
    rmcp::{
        algorithm::Keyed,
        message::checksum,
        packet::{self, PayloadType},
        session::Session,
    },
};
use crate::{
    driver::Deadline,
    endpoint::{Credentials, Endpoint, Seams, Suite},
};

/// What came in, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    /// Open Session with this role and authentication algorithm.
    Open {
        role: u8,
        authentication: u8,
    },
    Rakp1 {
        role: u8,
    },
    Rakp3,
    /// RAKP 3 that says no.
    Goodbye,
    /// A command in a session: network function, command, data.
    Command(u8, u8, Vec<u8>),
    /// A SOL packet.
    Sol(Vec<u8>),
}

/// What the BMC does with it, instead of what it would do.
#[derive(Debug, Clone)]
enum Act {
    /// Nothing: the datagram was lost on its way.
    Lose,
    /// What it would do, but the answer is lost.
    LoseAnswer,
    /// Its usual answer, twice.
    Double,
    /// Its usual answer with a bit flipped, and then nothing.
    Corrupt,
    /// Refuses a step of the handshake.
    Status(u8),
    /// Completion code and data.
    Complete(u8, Vec<u8>),
    /// A SOL packet, whatever was heard.
    Sol(Vec<u8>),
    /// An IPMI payload that is too short to be a message.
    Short,
}

/// A datagram as the BMC saw it.
#[derive(Debug, Clone)]
struct Seen {
    heard: Heard,
    datagram: Vec<u8>,
    at: Instant,
    /// Whether it is one that was seen before, byte for byte.
    again: bool,
}

type Script = Box<dyn FnMut(&Seen) -> Option<Act> + Send>;

struct Peer {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    async fn healthy() -> Self {
        Self::scripted(|_| None).await
    }

    async fn scripted(script: impl FnMut(&Seen) -> Option<Act> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(socket, Box::new(script), Arc::clone(&seen)));
        Self { port, seen }
    }

    fn endpoint(&self) -> Endpoint {
        let endpoint = Endpoint::parse(&format!("ipmi://127.0.0.1:{}", self.port)).unwrap();
        endpoint.with_credentials(Credentials::new("admin", "adminpw"))
    }

    fn driver(&self) -> Ipmi {
        Ipmi::new(self.endpoint()).unwrap()
    }

    fn driver_with(&self, seams: Seams) -> Ipmi {
        Ipmi::new(Endpoint { seams, ..self.endpoint() }).unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What was heard, retransmissions aside.
    fn heard(&self) -> Vec<Heard> {
        self.seen().into_iter().filter(|s| !s.again).map(|s| s.heard).collect()
    }

    /// The commands among it, as network function and command, without those that keep the session.
    fn commands(&self) -> Vec<(u8, u8)> {
        let command = |heard| match heard {
            Heard::Command(netfn, command, _) => Some((netfn, command)),
            _ => None,
        };
        self.heard().into_iter().filter_map(command).filter(|c| ![(6, 0x3B), (6, 0x3C)].contains(c)).collect()
    }

    fn count(&self, what: impl Fn(&Heard) -> bool) -> usize {
        self.heard().iter().filter(|heard| what(heard)).count()
    }
}

const GET_STATUS: (u8, u8) = (0, 1);
const CONTROL: (u8, u8) = (0, 2);

fn is(seen: &Seen, (netfn, command): (u8, u8)) -> bool {
    matches!(&seen.heard, Heard::Command(n, c, _) if (*n, *c) == (netfn, command))
}

fn within(seconds: u64) -> Deadline {
    Deadline::after(Duration::from_secs(seconds))
}

/// A BMC that knows suite 17 and 3, one account, and a host that is on.
struct Bmc {
    opening: BTreeMap<u32, Opening>,
    sessions: BTreeMap<u32, Session>,
    next_id: u32,
    /// What was answered to which datagram, for retransmissions.
    answered: BTreeMap<Vec<u8>, Vec<u8>>,
    line: Host,
}

/// A host that says back what it is told, with one packet under way at a time.
#[derive(Default)]
struct Host {
    /// The last packet number heard.
    heard: u8,
    sequence: u8,
    /// What is to be said, and how much of it is under way.
    says: Vec<u8>,
    under_way: usize,
}

impl Host {
    /// The packet that answers one of the console's; `None` when there is nothing to say.
    fn echo(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let [sequence, acknowledged, ..] = *packet.first_chunk::<4>()?;
        if self.under_way > 0 && acknowledged == self.sequence {
            self.says.drain(..self.under_way);
            self.under_way = 0;
        }
        if sequence != 0 && sequence != self.heard {
            self.heard = sequence;
            self.says.extend_from_slice(&packet[4..]);
        }
        if self.under_way == 0 && !self.says.is_empty() {
            self.sequence = self.sequence % 15 + 1;
            self.under_way = self.says.len().min(40);
        }
        let ours = if self.under_way > 0 { self.sequence } else { 0 };
        if sequence == 0 && ours == 0 {
            return None;
        }
        let count = packet.len() as u8 - 4;
        Some([&[ours, sequence, count, 0], &self.says[..self.under_way]].concat())
    }
}

struct Opening {
    suite: Suite,
    console_id: u32,
    sik: Vec<u8>,
    proof: Vec<u8>,
}

async fn serve(socket: UdpSocket, mut script: Script, log: Arc<Mutex<Vec<Seen>>>) {
    let mut bmc = Bmc {
        opening: BTreeMap::new(),
        sessions: BTreeMap::new(),
        next_id: 1,
        answered: BTreeMap::new(),
        line: Host::default(),
    };
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let datagram = buffer[..length].to_vec();
        let known =
            log.lock().unwrap().iter().find(|s: &&Seen| s.datagram == datagram).map(|s| s.heard.clone());
        let (again, heard) = (known.is_some(), known.or_else(|| bmc.hear(&datagram)));
        let Some(heard) = heard else { continue };
        let seen = Seen { heard, datagram, at: Instant::now(), again };
        log.lock().unwrap().push(seen.clone());
        let act = script(&seen);
        if matches!(act, Some(Act::Lose)) {
            continue;
        }
        let cached = bmc.answered.get(&seen.datagram).cloned();
        let Some(mut answer) = cached.or_else(|| bmc.answer(&seen, &act)) else { continue };
        bmc.answered.insert(seen.datagram.clone(), answer.clone());
        match act {
            Some(Act::LoseAnswer) => continue,
            Some(Act::Double) => {
                socket.send_to(&answer, from).await.unwrap();
            }
            Some(Act::Corrupt) => *answer.last_mut().unwrap() ^= 1,
            _ => {}
        }
        socket.send_to(&answer, from).await.unwrap();
    }
}

impl Bmc {
    /// What a datagram says; `None` for what a BMC drops.
    fn hear(&mut self, datagram: &[u8]) -> Option<Heard> {
        let packet = packet::decode(datagram).ok()?;
        let byte = |at: usize| packet.payload.get(at).copied();
        match packet.payload_type {
            PayloadType::OpenSessionRequest => {
                Some(Heard::Open { role: byte(1)?, authentication: byte(12)? })
            }
            PayloadType::Rakp1 => Some(Heard::Rakp1 { role: byte(24)? }),
            PayloadType::Rakp3 if byte(1)? != 0 => Some(Heard::Goodbye),
            PayloadType::Rakp3 => Some(Heard::Rakp3),
            PayloadType::Sol => {
                Some(Heard::Sol(self.sessions.get_mut(&packet.session_id)?.open_any(&packet).ok()?))
            }
            PayloadType::Ipmi => {
                let plain = self.sessions.get_mut(&packet.session_id)?.open(&packet).ok()?;
                Some(Heard::Command(plain[1] >> 2, plain[5], plain[6..plain.len() - 1].to_vec()))
            }
            _ => None,
        }
    }

    fn answer(&mut self, seen: &Seen, act: &Option<Act>) -> Option<Vec<u8>> {
        let packet = packet::decode(&seen.datagram).ok()?;
        let ask = packet.payload;
        if let Some(Act::Status(status)) = act {
            let kind = match seen.heard {
                Heard::Open { .. } => PayloadType::OpenSessionResponse,
                Heard::Rakp1 { .. } => PayloadType::Rakp2,
                _ => PayloadType::Rakp4,
            };
            let id = self.opening.get(&number(ask, 4)?).map_or(0, |o| o.console_id);
            return Some(packet::encode(kind, &[&[ask[0], *status, 0, 0], &id.to_le_bytes()[..]].concat()));
        }
        match &seen.heard {
            Heard::Open { authentication, .. } => self.open(ask, *authentication),
            Heard::Rakp1 { .. } => self.rakp2(ask),
            Heard::Rakp3 => self.rakp4(ask),
            Heard::Goodbye => None,
            Heard::Sol(payload) => {
                let session = self.sessions.get_mut(&packet.session_id)?;
                match act {
                    Some(Act::Sol(answer)) => Some(session.seal_as(PayloadType::Sol, answer, [7; 16])),
                    Some(Act::Short) => Some(session.seal(&[0; 3], [7; 16])),
                    _ => {
                        let answer = self.line.echo(payload)?;
                        Some(session.seal_as(PayloadType::Sol, &answer, [7; 16]))
                    }
                }
            }
            Heard::Command(netfn, command, data) => {
                let (code, answer) = match act {
                    Some(Act::Complete(code, data)) => (*code, data.clone()),
                    _ => respond((*netfn, *command), data),
                };
                let session = self.sessions.get_mut(&packet.session_id)?;
                let sequence = sequence_of(session, &seen.datagram)?;
                let frame = response(*netfn, *command, sequence, code, &answer);
                Some(session.seal(&frame, [7; 16]))
            }
        }
    }

    fn open(&mut self, ask: &[u8], authentication: u8) -> Option<Vec<u8>> {
        let suite = if authentication == 3 { Suite::Seventeen } else { Suite::Three };
        let (id, console_id) = (self.next_id, number(ask, 4)?);
        self.next_id += 1;
        self.opening.insert(id, Opening { suite, console_id, sik: Vec::new(), proof: Vec::new() });
        let ids = [console_id.to_le_bytes(), id.to_le_bytes()].concat();
        let payload = [&[ask[0], 0, ask[1], 0], &ids[..], &ask[8..]].concat();
        Some(packet::encode(PayloadType::OpenSessionResponse, &payload))
    }

    fn rakp2(&mut self, ask: &[u8]) -> Option<Vec<u8>> {
        let id = number(ask, 4)?;
        let opening = self.opening.get_mut(&id)?;
        let (console_random, bmc_random, guid) = (&ask[8..24], [0x11; 16], [0x22; 16]);
        let name = [&[ask[24], ask[27]], &ask[28..]].concat();
        let password = Keyed::new(opening.suite, b"adminpw");
        let (console_id, bmc_id) = (opening.console_id.to_le_bytes(), id.to_le_bytes());
        let code = password.code(&[&console_id, &bmc_id, console_random, &bmc_random, &guid, &name]);
        opening.sik = password.code(&[console_random, &bmc_random, &name]);
        let short = if opening.suite == Suite::Three { 12 } else { 16 };
        opening.proof =
            Keyed::new(opening.suite, &opening.sik).code(&[console_random, &bmc_id, &guid])[..short].to_vec();
        let payload = [&[ask[0], 0, 0, 0], &console_id[..], &bmc_random, &guid, &code].concat();
        Some(packet::encode(PayloadType::Rakp2, &payload))
    }

    fn rakp4(&mut self, ask: &[u8]) -> Option<Vec<u8>> {
        let id = number(ask, 4)?;
        let opening = self.opening.remove(&id)?;
        let session = Session::new(opening.suite, id, opening.console_id, &opening.sik);
        self.sessions.insert(id, session);
        let payload = [&[ask[0], 0, 0, 0], &opening.console_id.to_le_bytes()[..], &opening.proof].concat();
        Some(packet::encode(PayloadType::Rakp4, &payload))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The requester's sequence number inside a datagram that was opened before.
fn sequence_of(session: &Session, datagram: &[u8]) -> Option<u8> {
    let packet = packet::decode(datagram).ok()?;
    Some(session.peek(packet.payload)?.get(4)? >> 2)
}

fn response(netfn: u8, command: u8, sequence: u8, code: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, (netfn | 1) << 2];
    frame.push(checksum(&frame));
    frame.extend_from_slice(&[0x20, sequence << 2, command, code]);
    frame.extend_from_slice(data);
    frame.push(checksum(&frame[3..]));
    frame
}

fn respond(command: (u8, u8), data: &[u8]) -> (u8, Vec<u8>) {
    match command {
        GET_STATUS => (0, vec![0x21, 0x00, 0x40]),
        CONTROL | (0, 4 | 8) => (0, Vec::new()),
        (0, 9) => (0, vec![1, 5, 0xA0, 0x04, 0, 0, 0]),
        (6, 1) => (0, vec![0x20, 1, 2, 0x34, 2, 0, 0, 0, 0, 0, 0]),
        (6, 0x3B) => (0, data.to_vec()),
        (6, 2 | 3 | 0x3C | 0x49) => (0, Vec::new()),
        // No auxiliary data, 64 bytes each way, port 623.
        (6, 0x48) => (0, vec![0, 0, 0, 0, 64, 0, 64, 0, 0x6F, 2, 0xFF, 0xFF]),
        _ => (0xC1, Vec::new()),
    }
}
