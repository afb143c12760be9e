//! What is known of commands: which ids there were, and which answers are owed. Pure: it is told what time it is.
//!
//! An id is kept until its command's deadline has passed, since after that the command is late, and an answer until it is acknowledged:
//! so nothing is done twice, no answer is lost, and neither grows without end.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::{Duration, SystemTime},
};

use prost::Message as _;

use super::calls::Call;
use crate::pb::{self, Refusal, command_answer::Kind};

/// How long an answer is kept that nobody acknowledges, from its command's deadline on.
pub(super) const KEEP: Duration = Duration::from_secs(3600);
/// How far away a deadline may be.
const FARTHEST: Duration = Duration::from_secs(3600);
/// The longest id, in bytes.
const LONGEST_ID: usize = 128;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Commands under way.
    pub(super) under_way: usize,
    /// Ids.
    pub(super) ids: usize,
    /// Bytes of answers that are owed; what is under way then may add to it.
    pub(super) owed_bytes: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { under_way: 4096, ids: 65_536, owed_bytes: 64 * 1024 * 1024 }
    }
}

/// The memory of one instance.
pub(super) struct Memory {
    pub(super) instance: String,
    most: Most,
    known: BTreeMap<String, Known>,
    /// When what is answered may be forgotten.
    until: BTreeSet<(SystemTime, String)>,
    under_way: usize,
    owed_bytes: usize,
}

struct Known {
    by: SystemTime,
    digest: u64,
    state: State,
}

enum State {
    UnderWay,
    Owed(pb::CommandAnswer),
    Acknowledged,
}

/// What to do about a command.
pub(super) enum Decision {
    /// To carry it out, in so much time.
    Begin(Box<Call>, Duration),
    /// Nothing: it is under way, and its answer will come.
    Wait,
    /// To say its answer again.
    Repeat,
    /// To say that it is not acted on.
    Refuse(Refusal, String),
}

impl Memory {
    pub(super) fn new(instance: String, most: Most) -> Self {
        let (known, until) = (BTreeMap::new(), BTreeSet::new());
        Self { instance, most, known, until, under_way: 0, owed_bytes: 0 }
    }

    /// Decides, and keeps what is begun.
    pub(super) fn take(&mut self, command: &pb::Command, now: SystemTime) -> Decision {
        self.forget(now);
        match self.judge(command, now) {
            Ok(decision) => decision,
            Err((refusal, text)) => Decision::Refuse(refusal, text),
        }
    }

    fn judge(&mut self, command: &pb::Command, now: SystemTime) -> Result<Decision, (Refusal, String)> {
        if command.id.is_empty() || command.id.len() > LONGEST_ID {
            return Err((Refusal::Malformed, format!("an id has 1 to {LONGEST_ID} bytes")));
        }
        if !command.instance.is_empty() && command.instance != self.instance {
            return Err((Refusal::OtherInstance, "it is for another instance than this".to_owned()));
        }
        if let Some(known) = self.known.get(&command.id) {
            return known.again(digest(command));
        }
        let by = deadline(command, now)?;
        let call = command.call.as_ref().ok_or_else(|| malformed("it has no call"))?;
        let call = Call::read(call)?;
        self.has_room()?;
        let known = Known { by, digest: digest(command), state: State::UnderWay };
        self.known.insert(command.id.clone(), known);
        self.under_way += 1;
        Ok(Decision::Begin(Box::new(call), by.duration_since(now).unwrap_or_default()))
    }

    fn has_room(&self) -> Result<(), (Refusal, String)> {
        let full = [
            (self.under_way >= self.most.under_way, "commands are under way"),
            (self.known.len() >= self.most.ids, "commands have deadlines that have not passed yet"),
            (self.owed_bytes >= self.most.owed_bytes, "answers wait to be acknowledged"),
        ];
        match full.iter().find(|(full, _)| *full) {
            Some((_, of_what)) => Err((Refusal::TooMany, format!("too many {of_what}"))),
            None => Ok(()),
        }
    }

    /// A command has ended: its answer is owed from now on.
    pub(super) fn ended(&mut self, id: &str, kind: Kind) {
        let Some(known) = self.known.get_mut(id) else { return };
        let answer = pb::CommandAnswer { id: id.to_owned(), kind: Some(kind) };
        self.under_way -= 1;
        self.owed_bytes += answer.encoded_len();
        known.state = State::Owed(answer);
        self.until.insert((known.by + KEEP, id.to_owned()));
    }

    /// The control plane has the answer.
    pub(super) fn acknowledge(&mut self, id: &str) {
        let Some(known) = self.known.get_mut(id) else { return };
        let State::Owed(answer) = &known.state else { return };
        self.owed_bytes -= answer.encoded_len();
        known.state = State::Acknowledged;
        self.until.remove(&(known.by + KEEP, id.to_owned()));
        self.until.insert((known.by, id.to_owned()));
    }

    /// The answer to a command, while it is owed.
    pub(super) fn answer(&self, id: &str) -> Option<&pb::CommandAnswer> {
        match &self.known.get(id)?.state {
            State::Owed(answer) => Some(answer),
            State::UnderWay | State::Acknowledged => None,
        }
    }

    /// Whose answers are owed.
    pub(super) fn owed(&self) -> Vec<String> {
        let owed = self.known.iter().filter(|(_, known)| matches!(known.state, State::Owed(_)));
        owed.map(|(id, _)| id.clone()).collect()
    }

    fn forget(&mut self, now: SystemTime) {
        while self.until.first().is_some_and(|(until, _)| *until < now) {
            let Some(known) = self.until.pop_first().and_then(|(_, id)| self.known.remove(&id)) else {
                continue;
            };
            if let State::Owed(answer) = known.state {
                self.owed_bytes -= answer.encoded_len();
            }
        }
    }
}

impl Known {
    /// The command has come again.
    fn again(&self, digest: u64) -> Result<Decision, (Refusal, String)> {
        if digest != self.digest {
            return Err((Refusal::IdReused, "another command had this id".to_owned()));
        }
        match self.state {
            State::UnderWay => Ok(Decision::Wait),
            State::Owed(_) => Ok(Decision::Repeat),
            State::Acknowledged => {
                Err((Refusal::Acknowledged, "it was answered, and the answer was acknowledged".to_owned()))
            }
        }
    }
}

fn deadline(command: &pb::Command, now: SystemTime) -> Result<SystemTime, (Refusal, String)> {
    let by = command.by.ok_or_else(|| malformed("it has no deadline"))?;
    let by = SystemTime::try_from(by).map_err(|_| malformed("its deadline is no time"))?;
    match by.duration_since(now) {
        Ok(left) if left > FARTHEST => Err(malformed("its deadline is more than an hour away")),
        Ok(left) if !left.is_zero() => Ok(by),
        _ => Err((Refusal::Late, "its deadline had passed when it came".to_owned())),
    }
}

fn malformed(text: &str) -> (Refusal, String) {
    (Refusal::Malformed, text.to_owned())
}

fn digest(command: &pb::Command) -> u64 {
    let mut hasher = DefaultHasher::new();
    command.encode_to_vec().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(seconds)
    }

    fn command(id: &str, by: u64) -> pb::Command {
        let asked = pb::GetPowerRequest { bmc: "rack7".to_owned() };
        let call = prost_types::Any {
            type_url: "x/halmark.v1.GetPowerRequest".to_owned(),
            value: asked.encode_to_vec(),
        };
        pb::Command { id: id.to_owned(), by: Some(at(by).into()), call: Some(call), instance: String::new() }
    }

    fn memory(most: Most) -> Memory {
        Memory::new("this".to_owned(), most)
    }

    fn word(decision: &Decision) -> &'static str {
        match decision {
            Decision::Begin(..) => "begin",
            Decision::Wait => "wait",
            Decision::Repeat => "repeat",
            Decision::Refuse(refusal, _) => refusal.as_str_name(),
        }
    }

    fn done() -> Kind {
        Kind::Failed(pb::CommandFailed { code: 5, ..pb::CommandFailed::default() })
    }

    #[test]
    fn a_command_is_begun_once_whatever_becomes_of_it() {
        let mut memory = memory(Most::default());
        let command = command("a", 10);
        assert_eq!(word(&memory.take(&command, NOW)), "begin");
        assert_eq!(word(&memory.take(&command, NOW)), "wait");
        memory.ended("a", done());
        assert_eq!(word(&memory.take(&command, at(1))), "repeat");
        memory.acknowledge("a");
        assert_eq!(word(&memory.take(&command, at(2))), "REFUSAL_ACKNOWLEDGED");
        assert_eq!(word(&memory.take(&command, at(11))), "REFUSAL_LATE");
        assert!(memory.known.is_empty() && memory.until.is_empty() && memory.owed_bytes == 0);
    }

    #[test]
    fn an_answer_is_owed_beyond_its_deadline_and_not_for_ever() {
        let mut memory = memory(Most::default());
        memory.take(&command("a", 10), NOW);
        memory.ended("a", done());
        assert_eq!(word(&memory.take(&command("a", 10), at(3600))), "repeat");
        assert_eq!(memory.owed(), ["a"]);
        assert_eq!(word(&memory.take(&command("a", 10), at(3611))), "REFUSAL_LATE");
        assert!(memory.owed().is_empty() && memory.owed_bytes == 0);
    }

    #[test]
    fn what_is_wrong_with_a_command_is_said_and_it_is_not_kept() {
        let of = |change: fn(&mut pb::Command)| {
            let mut command = command("a", 10);
            change(&mut command);
            let mut memory = memory(Most::default());
            let decision = memory.take(&command, NOW);
            assert!(memory.known.is_empty());
            word(&decision)
        };
        assert_eq!(of(|it| it.id = String::new()), "REFUSAL_MALFORMED");
        assert_eq!(of(|it| it.id = "a".repeat(129)), "REFUSAL_MALFORMED");
        assert_eq!(of(|it| it.by = None), "REFUSAL_MALFORMED");
        assert_eq!(of(|it| it.by = Some(at(3601).into())), "REFUSAL_MALFORMED");
        assert_eq!(of(|it| it.by = Some(NOW.into())), "REFUSAL_LATE");
        assert_eq!(
            of(|it| it.by = Some(prost_types::Timestamp { seconds: i64::MIN, nanos: -1 })),
            "REFUSAL_MALFORMED"
        );
        assert_eq!(of(|it| it.call = None), "REFUSAL_MALFORMED");
        assert_eq!(of(|it| it.call.as_mut().unwrap().value = vec![0xff]), "REFUSAL_MALFORMED");
        assert_eq!(
            of(|it| it.call.as_mut().unwrap().type_url = "x/halmark.v1.Hello".to_owned()),
            "REFUSAL_UNKNOWN_CALL"
        );
        assert_eq!(of(|it| it.call.as_mut().unwrap().type_url = String::new()), "REFUSAL_UNKNOWN_CALL");
        let console = |it: &mut pb::Command| {
            it.call.as_mut().unwrap().type_url = "x/halmark.v1.OpenConsoleRequest".to_owned()
        };
        assert_eq!(of(console), "REFUSAL_NO_STREAMS");
        assert_eq!(of(|it| it.instance = "other".to_owned()), "REFUSAL_OTHER_INSTANCE");
    }

    #[test]
    fn an_id_is_one_commands() {
        let mut memory = memory(Most::default());
        memory.take(&command("a", 10), NOW);
        assert_eq!(word(&memory.take(&command("a", 11), NOW)), "REFUSAL_ID_REUSED");
    }

    #[test]
    fn what_is_kept_is_bounded_and_there_is_room_again() {
        let most = Most { under_way: 2, ids: 3, owed_bytes: 1 };
        let mut memory = memory(most);
        let take = |memory: &mut Memory, id: &str, now: u64| word(&memory.take(&command(id, 10), at(now)));
        assert_eq!((take(&mut memory, "a", 0), take(&mut memory, "b", 0)), ("begin", "begin"));
        assert_eq!(take(&mut memory, "c", 0), "REFUSAL_TOO_MANY");
        memory.ended("a", done());
        assert_eq!(take(&mut memory, "c", 0), "REFUSAL_TOO_MANY", "an answer is owed");
        memory.acknowledge("a");
        assert_eq!(take(&mut memory, "c", 0), "begin");
        memory.ended("b", done());
        memory.acknowledge("b");
        assert_eq!(take(&mut memory, "d", 0), "REFUSAL_TOO_MANY", "three ids are known");
        let later = command("d", 20);
        assert_eq!(word(&memory.take(&later, at(11))), "begin", "two of them are late now");
    }
}
