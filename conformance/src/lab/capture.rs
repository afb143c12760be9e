//! Reads a capture of RMCP+ datagrams with the password that the judge knows: what was asked in the tunnel, and answered.
//!
//! A reading of IPMI v2.0 §13 of the judge's own, passive and forgiving: what cannot be read is no record.

use std::collections::BTreeMap;

use aes::{Aes128, cipher::KeyInit as _};
use cbc::cipher::{Array, BlockModeDecrypt as _, InnerIvInit as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::Sha256;

use crate::{
    journal::hex,
    wire::{Exchange, Record},
};

const RMCP_IPMI: [u8; 4] = [0x06, 0x00, 0xff, 0x07];
const RMCP_PLUS: u8 = 0x06;

/// Every conversation with one BMC, as far as it has been read.
pub(super) struct Capture {
    password: Vec<u8>,
    handshake: Handshake,
    /// The keys of sessions, by the number that stands in packets to the BMC or in those from it.
    keys: BTreeMap<(ToBmc, u32), Aes128>,
    records: Vec<Pending>,
    told: usize,
}

/// Whether a packet goes to the BMC.
type ToBmc = bool;

struct Pending {
    record: Record,
    datagram: Vec<u8>,
}

#[derive(Default)]
struct Handshake {
    sha256: bool,
    /// The session's number in packets from the BMC, and in packets to it.
    console_id: u32,
    bmc_id: u32,
    console_random: Vec<u8>,
    bmc_random: Vec<u8>,
    role: u8,
    user: Vec<u8>,
}

impl Capture {
    pub(super) fn new(password: &[u8]) -> Self {
        Self {
            password: password.to_vec(),
            handshake: Handshake::default(),
            keys: BTreeMap::new(),
            records: Vec::new(),
            told: 0,
        }
    }

    /// Takes the next datagram. `reached` is false if the relay lost it.
    pub(super) fn take(&mut self, at: u64, to_bmc: bool, datagram: &[u8], reached: bool) {
        let Some(packet) = Packet::parse(datagram) else { return };
        match packet.kind {
            0x00 if packet.plus => self.message(at, to_bmc, datagram, &packet, reached),
            0x01 => self.console(at, to_bmc, &packet, reached),
            0x10..=0x15 => self.session(at, to_bmc, datagram, &packet, reached),
            _ => {}
        }
    }

    /// The records since the last time, with the answers that have come by now.
    pub(super) fn new_records(&mut self) -> Vec<Record> {
        let mut new = Vec::new();
        while let Some(pending) = self.records.get(self.told) {
            new.push(pending.record.clone());
            self.told += 1;
        }
        new
    }

    /// Sessions that were set up and not closed.
    pub(super) fn open_sessions(&self) -> usize {
        let set_up =
            |e: &Exchange| matches!(e, Exchange::Session { step, status: Some(0) } if step == "RAKP 4");
        let closed = |e: &Exchange| {
            matches!(e, Exchange::Ipmi { netfn: 0x06, command: 0x3c, completion: Some(0), .. })
        };
        let count = |what: &dyn Fn(&Exchange) -> bool| {
            self.records.iter().filter(|p| what(&p.record.exchange)).count()
        };
        count(&set_up).saturating_sub(count(&closed))
    }

    fn session(&mut self, at: u64, to_bmc: bool, datagram: &[u8], packet: &Packet<'_>, reached: bool) {
        if to_bmc && self.is_retransmission(datagram) {
            return;
        }
        let data = packet.payload;
        let step = ["Open Session", "Open Session Response", "RAKP 1", "RAKP 2", "RAKP 3", "RAKP 4"];
        let name = step[usize::from(packet.kind - 0x10)];
        let status = if to_bmc { None } else { data.get(1).copied() };
        match packet.kind {
            0x11 => {
                self.handshake.sha256 = data.get(16) == Some(&3);
                (self.handshake.console_id, self.handshake.bmc_id) = (number(data, 4), number(data, 8));
            }
            0x12 => {
                self.handshake.console_random = data.get(8..24).unwrap_or_default().to_vec();
                self.handshake.role = data.get(24).copied().unwrap_or(0);
                let length = usize::from(data.get(27).copied().unwrap_or(0));
                self.handshake.user = data.get(28..28 + length).unwrap_or_default().to_vec();
            }
            0x13 => {
                self.handshake.bmc_random = data.get(8..24).unwrap_or_default().to_vec();
                if let Some(key) = self.handshake.tunnel_key(&self.password) {
                    self.keys.insert((true, self.handshake.bmc_id), key.clone());
                    self.keys.insert((false, self.handshake.console_id), key);
                }
            }
            _ => {}
        }
        let sent = if to_bmc { datagram.to_vec() } else { Vec::new() };
        self.push(at, Exchange::Session { step: name.to_owned(), status }, reached, sent);
    }

    fn message(&mut self, at: u64, to_bmc: bool, datagram: &[u8], packet: &Packet<'_>, reached: bool) {
        let Some(message) = self.plain(to_bmc, packet).filter(|m| m.len() >= 7) else { return };
        let (netfn, sequence, command) = (message[1] >> 2, message[4] >> 2, message[5]);
        let data = &message[6..message.len() - 1];
        if to_bmc {
            if self.is_retransmission(datagram) {
                return;
            }
            let request = Exchange::Ipmi {
                netfn,
                command,
                data: hex(data),
                sequence,
                completion: None,
                response: None,
                session_sequence: packet.sequence,
            };
            self.push(at, request, reached, datagram.to_vec());
            return;
        }
        let Some((completion, body)) = data.split_first() else { return };
        let asked = self.records.iter_mut().rev().find(|pending| {
            matches!(&pending.record.exchange, Exchange::Ipmi { netfn: n, command: c, sequence: s, completion: None, .. } if (*n, *c, *s) == (netfn & !1, command, sequence))
        });
        if let Some(pending) = asked
            && let Exchange::Ipmi { completion: c, response: r, .. } = &mut pending.record.exchange
        {
            (*c, *r) = (Some(*completion), Some(hex(body)));
        }
    }

    /// Serial over LAN (§15.9): a packet with characters, each time that it is sent.
    fn console(&mut self, at: u64, to_bmc: bool, packet: &Packet<'_>, reached: bool) {
        let Some(plain) = self.plain(to_bmc, packet) else { return };
        let Some((&[number, _, _, _], characters)) = plain.split_first_chunk() else { return };
        if number & 0x0F == 0 || characters.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(characters).into_owned();
        let said = Exchange::Console { to_host: to_bmc, number: number & 0x0F, text };
        self.push(at, said, reached, Vec::new());
    }

    /// What a packet holds, if it can be read.
    fn plain(&self, to_bmc: bool, packet: &Packet<'_>) -> Option<Vec<u8>> {
        if !packet.encrypted {
            return Some(packet.payload.to_vec());
        }
        decrypt(self.keys.get(&(to_bmc, packet.session))?, packet.payload)
    }

    /// The same datagram again is the same request: the record of the first stands for it.
    fn is_retransmission(&self, datagram: &[u8]) -> bool {
        self.records.iter().any(|pending| pending.datagram == datagram)
    }

    fn push(&mut self, at: u64, exchange: Exchange, reached: bool, datagram: Vec<u8>) {
        let injected = (!reached).then(|| "lost by the relay".to_owned());
        self.records
            .push(Pending { record: Record { at, exchange, same_body_as: None, injected }, datagram });
    }
}

impl Handshake {
    /// The first 16 bytes of K2 (§13.32), with the user's key as the BMC's (§13.31).
    fn tunnel_key(&self, password: &[u8]) -> Option<Aes128> {
        let mut user_key = password.to_vec();
        user_key.resize(20, 0);
        let mut seed = [
            self.console_random.as_slice(),
            &self.bmc_random,
            &[self.role, u8::try_from(self.user.len()).ok()?],
        ]
        .concat();
        seed.extend_from_slice(&self.user);
        let session_key = self.mac(&user_key, &seed);
        let second = self.mac(&session_key, &[2; 20]);
        Aes128::new_from_slice(second.get(..16)?).ok()
    }

    fn mac(&self, key: &[u8], data: &[u8]) -> Vec<u8> {
        if self.sha256 {
            Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
                .unwrap_or_default()
        } else {
            Hmac::<Sha1>::new_from_slice(key)
                .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
                .unwrap_or_default()
        }
    }
}

/// AES-CBC with the vector in front and a confidentiality trailer behind (§13.29).
fn decrypt(key: &Aes128, payload: &[u8]) -> Option<Vec<u8>> {
    let (vector, body) = payload.split_first_chunk::<16>()?;
    let mut plain = body.to_vec();
    if plain.is_empty() || plain.len() % 16 != 0 {
        return None;
    }
    let (blocks, _) = Array::slice_as_chunks_mut(&mut plain);
    cbc::Decryptor::inner_iv_init(key, &(*vector).into()).decrypt_blocks(blocks);
    let padding = usize::from(*plain.last()?);
    plain.truncate(plain.len().checked_sub(padding + 1)?);
    Some(plain)
}

fn number(data: &[u8], at: usize) -> u32 {
    data.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}

struct Packet<'d> {
    plus: bool,
    kind: u8,
    encrypted: bool,
    session: u32,
    sequence: u32,
    payload: &'d [u8],
}

impl<'d> Packet<'d> {
    fn parse(datagram: &'d [u8]) -> Option<Self> {
        let body = datagram.strip_prefix(&RMCP_IPMI)?;
        let (&format, body) = body.split_first()?;
        if format != RMCP_PLUS {
            return Some(Self {
                plus: false,
                kind: 0,
                encrypted: false,
                session: 0,
                sequence: 0,
                payload: body,
            });
        }
        let header = body.get(..11)?;
        let length = usize::from(u16::from_le_bytes([header[9], header[10]]));
        let (session, sequence) = (number(header, 1), number(header, 5));
        let payload = body.get(11..11 + length)?;
        let (kind, encrypted) = (header[0] & 0x3f, header[0] & 0x80 != 0);
        Some(Self { plus: true, kind, encrypted, session, sequence, payload })
    }
}
