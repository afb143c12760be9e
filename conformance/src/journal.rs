//! The journal `run.jsonl`: one event a line, written as it happens, each with the hash of the line before.

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::Deserialize as _;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{evidence::Event, redact::Redactor};

/// What the first line has for a hash of the line before it.
pub const GENESIS: &str = "halmark-journal/v1";

/// A journal that is being written. Cheap to share between workers.
pub struct Journal {
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    prev: String,
    failed: Option<String>,
    redactor: Redactor,
}

impl Journal {
    /// A journal in a new file; an old one of that name is replaced, unless another run is writing it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => file.set_len(0).or_else(|error| if path.is_file() { Err(error) } else { Ok(()) })?,
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another run is writing it")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self::to(Box::new(file)))
    }

    /// A journal that goes anywhere.
    pub fn to(out: Box<dyn Write + Send>) -> Self {
        let state = State { out, prev: GENESIS.to_owned(), failed: None, redactor: Redactor::default() };
        Self { state: Mutex::new(state) }
    }

    /// From now on these values are replaced wherever they would be written.
    pub fn redact(&self, secrets: impl IntoIterator<Item = String>) {
        self.lock().redactor.add(secrets);
    }

    /// The same for the password of a user, and for the two of them in one word.
    pub fn redact_account(&self, user: &str, password: &str) {
        self.lock().redactor.add_account(user, password);
    }

    /// What puts secrets out of everything else that is shown.
    pub fn redactor(&self) -> Redactor {
        self.lock().redactor.clone()
    }

    /// Writes events, one line each, in one system call.
    pub fn write(&self, events: &[Event]) {
        let told = Told::of(events, &self.redactor());
        let mut state = self.lock();
        let mut block = String::with_capacity(told.text.len() + 80 * events.len());
        for event in told.events() {
            let line = block.len();
            block.extend(["{\"prev\":\"", &state.prev, "\",", event.strip_prefix('{').unwrap_or("}")]);
            state.prev = hash(&block[line..]);
            block.push('\n');
        }
        let written = state.out.write_all(block.as_bytes()).and_then(|()| state.out.flush());
        if let Err(error) = written {
            state.failed.get_or_insert(error.to_string());
        }
    }

    /// Why the journal could not be written, if it could not: then there is no evidence, and no verdict.
    pub fn failure(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events in words, one after another.
struct Told {
    text: String,
    ends: Vec<usize>,
}

impl Told {
    fn of(events: &[Event], redactor: &Redactor) -> Self {
        let mut text = Vec::with_capacity(512 * events.len());
        let ends = events.iter().map(|event| {
            let from = text.len();
            if write_json(event, redactor, &mut text).is_err() {
                text.truncate(from);
            }
            text.len()
        });
        let ends = ends.collect();
        Self { text: String::from_utf8(text).expect("JSON is UTF-8"), ends }
    }

    fn events(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.text[begin..*end])
    }
}

fn write_json(event: &Event, redactor: &Redactor, to: &mut Vec<u8>) -> serde_json::Result<()> {
    if redactor.is_idle() {
        return serde_json::to_writer(to, event);
    }
    let mut tree = serde_json::to_value(event)?;
    redactor.tree(&mut tree);
    serde_json::to_writer(to, &tree)
}

/// The hash of a line.
pub fn hash(line: &str) -> String {
    hex(&Sha256::digest(line.as_bytes()))
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    text
}

/// What is wrong with a journal, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub text: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Reads a journal and checks its chain.
pub fn read(text: &str) -> Result<Vec<Event>, Damage> {
    let mut prev = GENESIS.to_owned();
    let mut events = Vec::new();
    for (at, line) in text.split_terminator('\n').enumerate() {
        let damage = |text: String| Damage { line: at + 1, text };
        let (before, event) = entry(line).map_err(damage)?;
        if before != prev {
            return Err(damage(
                "the chain is broken: the line before this one was changed, removed or added".to_owned(),
            ));
        }
        prev = hash(line);
        events.push(event);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(Damage { line: events.len(), text: "the last line is cut off".to_owned() });
    }
    Ok(events)
}

/// The hash that a line begins with, and its event; nothing else may stand in it, since no line follows the last.
fn entry(line: &str) -> Result<(String, Event), String> {
    let none = |e: serde_json::Error| format!("this is no journal entry: {e}");
    let mut told: Value = serde_json::from_str(line).map_err(none)?;
    let members = told.as_object_mut().ok_or("this is no journal entry: it is no object")?;
    let Some(Value::String(before)) = members.remove("prev") else {
        return Err("this is no journal entry: it has no hash of the line before".to_owned());
    };
    let event = Event::deserialize(&told).map_err(none)?;
    if line.ends_with('\r') || serde_json::to_value(&event).ok().as_ref() != Some(&told) {
        return Err("this entry holds more than halmark writes: it was changed".to_owned());
    }
    Ok((before, event))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written() -> String {
        let out = Shared::default();
        let journal = Journal::to(Box::new(out.clone()));
        journal.redact(["hunter22".to_owned()]);
        for name in ["power.off", "hunter22", "power.on"] {
            journal.write(&[Event::Truth { case: "a".into(), at: 1, name: name.into() }]);
        }
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back_without_its_secrets() {
        let text = written();
        assert!(!text.contains("hunter22"));
        assert_eq!(read(&text).unwrap().len(), 3);
    }

    #[test]
    fn a_changed_a_removed_and_a_cut_line_are_found() {
        let text = written();
        assert!(read(&text.replace("power.off", "power.of")).is_err());
        let without_second: String =
            text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, l)| format!("{l}\n")).collect();
        assert_eq!(read(&without_second).unwrap_err().line, 2);
        assert!(read(&text[..text.len() - 5]).is_err());
        let last = text.trim_end().rfind('}').unwrap();
        let added = format!("{},\"extra\":1}}\n", &text[..last]);
        assert_eq!(read(&added).unwrap_err().line, 3, "a member that nobody wrote");
        assert!(read(&text.replace('\n', "\r\n")).is_err(), "other ends of lines");
    }
}
