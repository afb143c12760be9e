//! From Open Session to a session: RMCP+ Authenticated Key-Exchange Protocol (IPMI v2.0 §13.15-13.24).

use std::{net::SocketAddr, time::Duration};

use super::{
    super::privilege::Privilege,
    keys::{Hash, LONGEST, padded, same, tunnel},
    session::{Done, PlusWire, Session, Wire},
    suite::Suite,
    table::Table,
    who::Who,
    window::Window,
};
use crate::{accounts::Entrance, bmc::Bmc};

/// Payload types (table 13-16).
pub(super) const OPEN_SESSION: u8 = 0x10;
pub(super) const RAKP_1: u8 = 0x12;
pub(super) const RAKP_3: u8 = 0x14;

/// So many steps of a handshake are kept: its three, and one that was tried before. Whoever tries on and on must not fill the memory.
const STEPS: usize = 4;

/// RMCP+ and RAKP status codes (table 13-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(pub(super) u8);

impl Status {
    const NO_SLOT: Self = Self(0x01);
    const NO_SUCH_SESSION: Self = Self(0x02);
    const AUTHENTICATION: Self = Self(0x04);
    const INTEGRITY: Self = Self(0x05);
    const INACTIVE_SESSION: Self = Self(0x08);
    const ROLE: Self = Self(0x09);
    const UNAUTHORIZED_ROLE: Self = Self(0x0A);
    const NAME_LENGTH: Self = Self(0x0C);
    const UNAUTHORIZED_NAME: Self = Self(0x0D);
    const CHECK_VALUE: Self = Self(0x0F);
    const CONFIDENTIALITY: Self = Self(0x10);
    const ILLEGAL: Self = Self(0x12);
}

/// A session that begins.
pub(super) struct Beginning {
    /// The BMC's number for it.
    pub(super) id: u32,
    /// When it began.
    pub(super) since: Duration,
    console: u32,
    from: SocketAddr,
    suite: Suite,
    /// The highest level that Open Session asked for.
    limit: Privilege,
    /// What was asked and answered, step by step.
    steps: Vec<Step>,
    named: Option<Named>,
}

/// A step that was answered.
struct Step {
    /// The payload's type.
    kind: u8,
    asked: Vec<u8>,
    answer: Vec<u8>,
}

/// What the first message of the key exchange has said, and what was answered.
struct Named {
    console_random: [u8; 16],
    bmc_random: [u8; 16],
    guid: [u8; 16],
    /// The requested level as it came, with the bit above it.
    role: u8,
    who: Who,
    limit: Privilege,
}

/// Answers a step: nothing where it is none. The payload's type is the next one.
pub(super) fn step(table: &mut Table, bmc: &Bmc, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
    if let Some(answer) = table.said_again(kind, payload) {
        return Some(answer);
    }
    let (answer, id) = match kind {
        OPEN_SESSION => table.open_session(payload)?,
        RAKP_1 => table.first_message(bmc, payload)?,
        RAKP_3 => table.third_message(bmc, payload)?,
        _ => return None,
    };
    table.keep_step(id, Step { kind, asked: payload.to_vec(), answer: answer.clone() });
    Some(answer)
}

/// What is wrong with a step, and the console's number for the session.
type Refused = (Status, u32);

impl Table {
    /// The answer to a step that has come before.
    fn said_again(&self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let from = self.visit.from;
        if kind == OPEN_SESSION {
            let is_fresh =
                |it: &&Beginning| it.from == from && it.steps.len() == 1 && it.steps[0].asked == payload;
            return self.beginning.iter().find(is_fresh).map(|it| it.steps[0].answer.clone());
        }
        let is_same = |it: &&Step| it.kind == kind && it.asked == payload;
        if let Some(step) = self.beginning.iter().flat_map(|it| &it.steps).find(is_same) {
            return Some(step.answer.clone());
        }
        let opened = self.open.iter().filter(|it| kind == RAKP_3 && matches!(it.wire, Wire::Plus(_)));
        let mut opened = opened.filter_map(|it| it.opened_by.as_ref());
        opened.find(|(asked, _)| asked == payload).map(|(_, answer)| answer.clone())
    }

    fn keep_step(&mut self, id: u32, step: Step) {
        if let Some(place) = self.place(id) {
            self.open[place].opened_by = Some((step.asked, step.answer));
        } else if let Some(it) = self.beginning.iter_mut().find(|it| it.id == id) {
            it.keep(step);
        }
    }

    /// §13.17-13.18.
    fn open_session(&mut self, payload: &[u8]) -> Option<(Vec<u8>, u32)> {
        let tag = *payload.first()?;
        Some(match self.begun(payload) {
            Ok(it) => {
                let (id, answer) = (it.id, it.opened(tag));
                self.begin(it);
                (answer, id)
            }
            Err(refused) => (refusal(tag, refused), 0),
        })
    }

    fn begun(&mut self, payload: &[u8]) -> Result<Beginning, Refused> {
        let console = number(payload, 4).unwrap_or(0);
        let refuse = |status| (status, console);
        let asked: [u8; 32] = payload.try_into().map_err(|_| refuse(Status::ILLEGAL))?;
        if console == 0 {
            return Err(refuse(Status::NO_SUCH_SESSION));
        }
        let limit = match asked[1] & 0x0F {
            0 => Privilege::Administrator,
            level => Privilege::from_number(level).ok_or(refuse(Status::ROLE))?,
        };
        let suite = self.chosen(&asked).map_err(refuse)?;
        if self.is_full() {
            return Err(refuse(Status::NO_SLOT));
        }
        let (id, since, from) = (self.new_id(), self.visit.now, self.visit.from);
        Ok(Beginning { id, since, console, from, suite, limit, steps: Vec::new(), named: None })
    }

    /// The first suite of the offered ones that has the algorithms that were asked for (§13.17).
    fn chosen(&self, asked: &[u8; 32]) -> Result<Suite, Status> {
        let wanted = |kind: u8| algorithm(asked, kind);
        let (authentication, integrity, confidentiality) = (wanted(0)?, wanted(1)?, wanted(2)?);
        let fits = |wanted: Option<u8>, is: u8| wanted.is_none_or(|it| it == is);
        let mut left: Vec<Suite> =
            self.manners.suites.iter().rev().filter_map(|id| Suite::numbered(*id).copied()).collect();
        left.retain(|it| fits(authentication, it.authentication));
        let first = *left.first().ok_or(Status::AUTHENTICATION)?;
        left.retain(|it| fits(integrity, it.integrity));
        left.first().ok_or(Status::INTEGRITY)?;
        left.retain(|it| fits(confidentiality, it.confidentiality));
        let is_open = authentication.is_none() && integrity.is_none() && confidentiality.is_none();
        if is_open { Ok(first) } else { left.first().copied().ok_or(Status::CONFIDENTIALITY) }
    }

    /// §13.20-13.21.
    fn first_message(&mut self, bmc: &Bmc, payload: &[u8]) -> Option<(Vec<u8>, u32)> {
        let tag = *payload.first()?;
        let id = number(payload, 4).unwrap_or(0);
        Some(match self.introduced(bmc, payload) {
            Ok(answer) => (answer, id),
            Err(refused) => (refusal(tag, refused), id),
        })
    }

    fn introduced(&mut self, bmc: &Bmc, payload: &[u8]) -> Result<Vec<u8>, Refused> {
        let id = number(payload, 4).unwrap_or(0);
        let place = self.beginning.iter().position(|it| it.id == id).ok_or((Status::NO_SUCH_SESSION, 0))?;
        let (console, asked) = (self.beginning[place].console, self.beginning[place].limit);
        let refuse = |status| (status, console);
        let (head, name) = payload.split_first_chunk::<28>().ok_or(refuse(Status::ILLEGAL))?;
        if usize::from(head[27]) != name.len() || name.len() > 16 {
            return Err(refuse(Status::NAME_LENGTH));
        }
        let role = head[24];
        let wanted = Privilege::from_number(role & 0x0F).ok_or(refuse(Status::ROLE))?;
        let most = most(bmc, self.beginning[place].suite, self.manners.suites);
        let most = most.ok_or(refuse(Status::UNAUTHORIZED_ROLE))?;
        let who = Who::named(bmc, name, self.visit.now, most).ok_or(refuse(Status::UNAUTHORIZED_NAME))?;
        let by_name_alone = role & 0x10 != 0;
        if !by_name_alone && who.limit != wanted {
            return Err(refuse(Status::UNAUTHORIZED_NAME));
        }
        if wanted > who.limit {
            return Err(refuse(Status::UNAUTHORIZED_ROLE));
        }
        let key = padded::<LONGEST>(&who.password).ok_or(refuse(Status::UNAUTHORIZED_NAME))?;
        let console_random: [u8; 16] = std::array::from_fn(|at| head[8 + at]);
        let bmc_random = self.random.bytes();
        let guid = (bmc.manners().guid)(bmc.view().id.uuid);
        let named = Named { console_random, bmc_random, guid, role, who, limit: wanted.min(asked) };
        let it = &mut self.beginning[place];
        let answer = it.second_message(payload[0], &named, &key);
        it.named = Some(named);
        Ok(answer)
    }

    /// §13.22-13.23.
    fn third_message(&mut self, bmc: &Bmc, payload: &[u8]) -> Option<(Vec<u8>, u32)> {
        let (&[tag, status, ..], check) = payload.split_first_chunk::<8>()?;
        let id = number(payload, 4)?;
        let found = self.beginning.iter().position(|it| it.id == id && it.named.is_some());
        let Some(place) = found else { return Some((refusal(tag, (Status::NO_SUCH_SESSION, 0)), 0)) };
        if status != 0 {
            // The console has found something wrong: there is nothing left to say (§13.22).
            self.beginning.remove(place);
            return None;
        }
        let it = &mut self.beginning[place];
        let console = it.console;
        let Some(named) = it.named.take() else {
            return Some((refusal(tag, (Status::INACTIVE_SESSION, console)), id));
        };
        if self.is_full() {
            return Some((refusal(tag, (Status::NO_SLOT, console)), id));
        }
        let it = &self.beginning[place];
        let fits = |password: &str| {
            let Some(hash) = it.suite.hash() else { return check.is_empty() };
            padded::<LONGEST>(password).is_some_and(|key| same(&it.third_check(hash, &named, &key), check))
        };
        let admitted = bmc.admit(&named.who.name, fits, Entrance::Ipmi, |_| ());
        if admitted.is_none() {
            return Some((refusal(tag, (Status::CHECK_VALUE, console)), id));
        }
        let it = self.beginning.remove(place);
        Some((self.opened(bmc, tag, &it, named), id))
    }

    /// The session, and the fourth message.
    fn opened(&mut self, bmc: &Bmc, tag: u8, it: &Beginning, named: Named) -> Vec<u8> {
        let key = padded::<LONGEST>(&named.who.password).unwrap_or_default();
        let mut answer = accepted(tag, it.console);
        let mut session_key = Vec::new();
        if let Some(hash) = it.suite.hash() {
            let group_key = bmc.ipmi().security.group_key().unwrap_or(key);
            session_key = it.session_key(hash, &named, &group_key);
            answer.extend_from_slice(&it.fourth_check(hash, &named, &session_key)[..hash.check_length()]);
        }
        let (integrity, confidentiality) = tunnel(&it.suite, &session_key, key);
        self.enter(Session {
            id: it.id,
            handle: self.new_handle(),
            user: named.who.slot,
            privilege: Privilege::User.min(named.limit),
            limit: named.limit,
            peer: self.visit.from,
            last_used: self.visit.now,
            ended: None,
            wire: Wire::Plus(Box::new(PlusWire {
                console: it.console,
                integrity,
                confidentiality,
                authenticated: Window::plus(),
                plain: Window::plus(),
                sent_authenticated: 1,
                sent_plain: 1,
            })),
            opened_by: None,
            done: Done::default(),
        });
        answer
    }
}

impl Beginning {
    /// Keeps a step for those who ask again: the first, and the last few.
    fn keep(&mut self, step: Step) {
        if self.steps.len() >= STEPS {
            self.steps.remove(1);
        }
        self.steps.push(step);
    }

    /// The bytes of the steps that are kept.
    #[cfg(feature = "fuzzing")]
    pub(super) fn kept(&self) -> usize {
        self.steps.iter().map(|it| it.asked.len() + it.answer.len()).sum()
    }
}

/// What is hashed, and with what (§13.28.1, §13.31).
impl Beginning {
    fn opened(&self, tag: u8) -> Vec<u8> {
        let Suite { authentication, integrity, confidentiality, .. } = self.suite;
        let mut out = vec![tag, 0, self.limit.number(), 0];
        out.extend_from_slice(&self.console.to_le_bytes());
        out.extend_from_slice(&self.id.to_le_bytes());
        for (kind, algorithm) in [(0, authentication), (1, integrity), (2, confidentiality)] {
            out.extend_from_slice(&[kind, 0, 0, 8, algorithm, 0, 0, 0]);
        }
        out
    }

    fn second_message(&self, tag: u8, named: &Named, key: &[u8]) -> Vec<u8> {
        let mut out = accepted(tag, self.console);
        out.extend_from_slice(&named.bmc_random);
        out.extend_from_slice(&named.guid);
        let (console, id) = (self.console.to_le_bytes(), self.id.to_le_bytes());
        let (length, name) = (named.length(), named.who.name.as_bytes());
        if let Some(hash) = self.suite.hash() {
            let randoms = [&named.console_random[..], &named.bmc_random];
            let parts = [&console, &id, randoms[0], randoms[1], &named.guid, &[named.role], &length, name];
            out.extend_from_slice(&hash.sign(key, &parts));
        }
        out
    }

    fn third_check(&self, hash: Hash, named: &Named, key: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            &named.bmc_random,
            &self.console.to_le_bytes(),
            &[named.role],
            &named.length(),
            named.who.name.as_bytes(),
        ];
        hash.sign(key, &parts)
    }

    fn session_key(&self, hash: Hash, named: &Named, group_key: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            &named.console_random,
            &named.bmc_random,
            &[named.role],
            &named.length(),
            named.who.name.as_bytes(),
        ];
        hash.sign(group_key, &parts)
    }

    fn fourth_check(&self, hash: Hash, named: &Named, session_key: &[u8]) -> Vec<u8> {
        hash.sign(session_key, &[&named.console_random, &self.id.to_le_bytes(), &named.guid])
    }
}

impl Named {
    fn length(&self) -> [u8; 1] {
        [u8::try_from(self.who.name.len()).unwrap_or(u8::MAX)]
    }
}

/// The algorithm of this kind that is asked for; nothing leaves the choice to the BMC (§13.17).
fn algorithm(asked: &[u8; 32], kind: u8) -> Result<Option<u8>, Status> {
    let at = 8 + 8 * usize::from(kind);
    match asked[at..at + 8] {
        [own, _, _, 8, algorithm, ..] if own == kind => Ok(Some(algorithm & 0x3F)),
        [own, _, _, 0, ..] if own == kind => Ok(None),
        _ => Err(Status::ILLEGAL),
    }
}

fn number(payload: &[u8], at: usize) -> Option<u32> {
    payload.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn accepted(tag: u8, console: u32) -> Vec<u8> {
    refusal(tag, (Status(0), console))
}

/// Eight bytes: with an error, nothing follows the console's number for the session (§13.18, §13.21, §13.23).
fn refusal(tag: u8, (status, console): Refused) -> Vec<u8> {
    let mut out = vec![tag, status.0, 0, 0];
    out.extend_from_slice(&console.to_le_bytes());
    out
}
/// The most that the channel and the cipher suite allow (§22.22; §23, parameter 24).
fn most(bmc: &Bmc, suite: Suite, offered: &[u8]) -> Option<Privilege> {
    let kept = bmc.ipmi();
    let place = offered.iter().position(|id| *id == suite.id)?;
    Some(kept.lan.suite_limit(place)?.min(kept.channels.access().limit))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::trial::Trial, Lan, Manners},
        *,
    };

    /// A channel at which a handshake has begun, and the BMC's number for it.
    fn begun(trial: &Trial) -> (Lan, [u8; 4]) {
        let mut lan = Lan::new(7, 623, Manners::default(), false);
        let algorithms = [[0, 0, 0, 8, 1, 0, 0, 0], [1, 0, 0, 8, 1, 0, 0, 0], [2, 0, 0, 8, 1, 0, 0, 0]];
        let request = [&[9, 4, 0, 0, 1, 2, 3, 4], &algorithms.concat()[..]].concat();
        let answer = said(&mut lan, trial, OPEN_SESSION, &request).expect("it is a request");
        (lan, std::array::from_fn(|at| answer[24 + at]))
    }

    fn said(lan: &mut Lan, trial: &Trial, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let head = [6, 0, 0xFF, 7, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, payload.len() as u8, 0];
        lan.take(&trial.bmc, ([192, 0, 2, 1], 49152).into(), &[&head, payload].concat()).answer
    }

    fn first(id: [u8; 4], random: u8) -> Vec<u8> {
        [&[9, 0, 0, 0], &id[..], &[random; 16], &[0x14, 0, 0, 5], b"admin"].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_introduces_himself_again_and_again_does_not_fill_the_memory() {
        let trial = Trial::new();
        let (mut lan, id) = begun(&trial);
        for random in 0..=u8::MAX {
            assert!(said(&mut lan, &trial, RAKP_1, &first(id, random)).is_some());
        }
        assert_eq!(lan.table.beginning[0].steps.len(), STEPS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_under_another_type_is_not_the_step_that_was_answered() {
        let trial = Trial::new();
        let (mut lan, id) = begun(&trial);
        let once = said(&mut lan, &trial, RAKP_1, &first(id, 5));
        assert_eq!(said(&mut lan, &trial, RAKP_1, &first(id, 5)), once);
        assert_eq!(said(&mut lan, &trial, 0x02, &first(id, 5)), None);
    }
}
