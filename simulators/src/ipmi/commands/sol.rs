//! Configuration of serial over LAN (IPMI v2.0 §26).

use std::{collections::BTreeMap, time::Duration};

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    lan::Retry,
    privilege::Privilege,
    progress::Progress,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x0C, 0x21), "Set SOL Configuration Parameters", Need::Level(Privilege::Administrator), set),
    Row::new((0x0C, 0x22), "Get SOL Configuration Parameters", Need::Level(Privilege::User), get),
];

const REVISION: u8 = 0x11;
const ENABLE: u8 = 1;
const AUTHENTICATION: u8 = 2;
const RETRY: u8 = 4;
const KEPT_RATE: u8 = 5;
const RATE: u8 = 6;
const CHANNEL: u8 = 7;
const PORT: u8 = 8;

/// Outlives restarts and the loss of AC, but for the bit rate that does not (parameter 6), and that somebody is writing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    progress: Progress,
    written: BTreeMap<u8, Vec<u8>>,
}

impl Kept {
    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        self.progress = Progress::default();
        self.written.remove(&RATE);
    }

    /// Whether there is serial over LAN (parameter 1).
    pub(super) fn is_enabled(&self) -> bool {
        self.bytes(ENABLE).is_some_and(|it| it[0] & 1 == 1)
    }

    /// Whether it must be encrypted, whether it must be authenticated, and who may have it (parameter 2).
    pub(super) fn demands(&self) -> (bool, bool, Privilege) {
        let byte = self.bytes(AUTHENTICATION).map_or(0, |it| it[0]);
        let level = Privilege::from_number(byte & 0x0F).unwrap_or(Privilege::Administrator);
        (byte & 0x80 != 0, byte & 0x40 != 0, level)
    }

    /// When a packet is sent again (parameter 4).
    pub(super) fn retry(&self) -> Retry {
        let bytes = self.bytes(RETRY).unwrap_or_default();
        let of = |at: usize| bytes.get(at).copied().unwrap_or(0);
        Retry { count: of(0) & 7, interval: Duration::from_millis(10 * u64::from(of(1))) }
    }

    fn bytes(&self, number: u8) -> Option<Vec<u8>> {
        let rate = |number| self.written.get(&number).cloned();
        rate(number).or_else(|| if number == RATE { rate(KEPT_RATE) } else { None }).or_else(|| usual(number))
    }
}

/// As it is at first: enabled, encrypted and authenticated where the session is, for users; 60 ms or 96 characters; seven
/// times after 500 ms; 115200 baud.
fn usual(number: u8) -> Option<Vec<u8>> {
    Some(match number {
        ENABLE => vec![1],
        AUTHENTICATION => vec![0x02],
        3 => vec![12, 96],
        RETRY => vec![7, 50],
        KEPT_RATE | RATE => vec![0x0A],
        _ => return None,
    })
}

/// §26.2.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, number, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    request.lan(*channel)?;
    match number {
        0 => scene.kept.sol.progress.set(data)?,
        &CHANNEL | &PORT => return Err(Completion::READ_ONLY),
        number => {
            let length = usual(*number).ok_or(Completion::NO_SUCH_PARAMETER)?.len();
            if data.len() != length {
                return Err(Completion::LENGTH_INVALID);
            }
            if !fits(*number, data) {
                return Err(Completion::INVALID_FIELD);
            }
            scene.kept.sol.written.insert(*number, data.to_vec());
        }
    }
    Ok(Vec::new())
}

fn fits(number: u8, data: &[u8]) -> bool {
    match number {
        ENABLE => data[0] <= 1,
        AUTHENTICATION => (1..=5).contains(&(data[0] & 0x0F)),
        RETRY => data[0] <= 7,
        KEPT_RATE | RATE => matches!(data[0], 0x00 | 0x06..=0x0A),
        _ => true,
    }
}

/// §26.3.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, number, _set, _block] = request.exactly()?;
    request.lan(channel)?;
    if channel & 0x80 != 0 {
        return Ok(vec![REVISION]);
    }
    let data = match number {
        0 => vec![scene.kept.sol.progress.number()],
        CHANNEL => vec![1],
        PORT => scene.sessions.port().to_le_bytes().to_vec(),
        _ => scene.kept.sol.bytes(number).ok_or(Completion::NO_SUCH_PARAMETER)?,
    };
    Ok([&[REVISION][..], &data].concat())
}
