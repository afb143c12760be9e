//! ISC dhcpd's lease files, `dhcpd.leases` and `dhcpd6.leases` (dhcpd.leases(5)).
//!
//! `lease ADDRESS { statement; … }`, and for DHCPv6 `ia-na "IAID and DUID" { iaaddr ADDRESS { … } }`. Where an entry breaks off, the
//! next one is found by its first words, however many quotes and braces are open by then.

mod words;

use std::net::IpAddr;

use self::words::{Mark, Word, words};
use super::{
    Ends, Lease, Leases, Skipped, State,
    dhcp::{colon_bytes, host, mac_of_client_id, mac_of_duid},
    last_words,
};
use crate::{inventory::Mac, model::Timestamp};

/// Reads `dhcpd.leases` or `dhcpd6.leases`.
pub fn read(file: &[u8]) -> Leases {
    let words = words(file);
    let mut reader = Reader { words: &words, at: 0, entries: Vec::new(), skipped: Vec::new() };
    reader.file();
    last_words(reader.entries, reader.skipped)
}

/// What opens an entry.
const LEASE: &str = "lease";
/// The same for an association of DHCPv6: of addresses, of temporary ones, of prefixes.
const ASSOCIATIONS: [&str; 3] = ["ia-na", "ia-ta", "ia-pd"];

struct Reader<'w> {
    words: &'w [Word],
    at: usize,
    entries: Vec<Lease>,
    skipped: Vec<Skipped>,
}

/// A statement: its words, without the semicolon.
type Statement<'w> = &'w [Word];

/// Why an entry cannot be read.
struct Broken(String);

impl<'w> Reader<'w> {
    fn file(&mut self) {
        while let Some(word) = self.words.get(self.at) {
            if !self.opens_entry(self.at) {
                self.other(word.line);
                continue;
            }
            let read = if word.is(LEASE) { self.lease() } else { self.association() };
            if let Err(Broken(reason)) = read {
                self.skipped.push(Skipped { line: word.line, reason });
                self.resume();
            }
        }
    }

    /// Whether an entry begins here: at the start of a line or after a statement, a word that opens one, a name and a brace.
    fn opens_entry(&self, at: usize) -> bool {
        let opens = |it: &Word| it.is(LEASE) || ASSOCIATIONS.iter().any(|word| it.is(word));
        let Some(word) = self.words.get(at).filter(|it| opens(it)) else { return false };
        let after = at.checked_sub(1).is_none_or(|before| {
            let before = &self.words[before];
            before.mark == Mark::Semicolon || before.mark == Mark::Close
        });
        let is_named =
            self.words.get(at + 1).is_some_and(|it| it.mark == Mark::Word || it.mark == Mark::Text);
        (word.begins_line || after)
            && is_named
            && self.words.get(at + 2).is_some_and(|it| it.mark == Mark::Open)
    }

    /// Passes over what is no lease: settings, the state of a failover, `host` entries. What begins with no name is junk.
    fn other(&mut self, line: usize) {
        let is_junk = !self.words[self.at].is_keyword();
        let from = self.at;
        let mut depth = 0_usize;
        while let Some(word) = self.words.get(self.at) {
            if self.at > from && self.opens_entry(self.at) {
                break;
            }
            self.at += 1;
            match word.mark {
                Mark::Open => depth += 1,
                Mark::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(word.mark, Mark::Semicolon | Mark::Close) {
                break;
            }
        }
        let ended = self.at.checked_sub(1).and_then(|it| self.words.get(it));
        let is_whole = depth == 0 && ended.is_some_and(|it| matches!(it.mark, Mark::Semicolon | Mark::Close));
        if is_junk || !is_whole {
            self.skipped.push(Skipped { line, reason: "this is neither a lease nor a statement".to_owned() });
        }
    }

    /// After a broken entry: on to the next one, or past the brace that closes this one.
    fn resume(&mut self) {
        let mut depth = 0_i64;
        while let Some(word) = self.words.get(self.at) {
            if self.opens_entry(self.at) {
                return;
            }
            self.at += 1;
            match word.mark {
                Mark::Open => depth += 1,
                Mark::Close => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return;
            }
        }
    }

    fn lease(&mut self) -> Result<(), Broken> {
        let (line, name) = (self.words[self.at].line, &self.words[self.at + 1]);
        self.at += 3;
        let address = address(name)?;
        let mut lease = Entry::new(line, address);
        while let Some(statement) = self.statement()? {
            lease.take(statement)?;
        }
        self.entries.push(lease.finish(mac_of_client_id));
        Ok(())
    }

    /// An association: its name is an IAID of four bytes and a DUID; in it stand the addresses.
    fn association(&mut self) -> Result<(), Broken> {
        let (kind, name) = (&self.words[self.at], &self.words[self.at + 1]);
        let duid = name.bytes.get(4..).unwrap_or_default().to_vec();
        self.at += 3;
        let mut entries = Vec::new();
        loop {
            let inner = self.words.get(self.at).filter(|it| it.is("iaaddr") || it.is("iaprefix"));
            let opens = self.words.get(self.at + 2).is_some_and(|it| it.mark == Mark::Open);
            let Some(inner) = inner.filter(|_| opens) else {
                match self.statement()? {
                    Some(_) => continue,
                    None => break,
                }
            };
            let name = &self.words[self.at + 1];
            self.at += 3;
            let address = if inner.is("iaaddr") { Some(address(name)?) } else { None };
            let mut lease = address.map(|address| Entry::new(inner.line, address));
            while let Some(statement) = self.statement()? {
                if let Some(lease) = &mut lease {
                    lease.take(statement)?;
                }
            }
            entries.extend(lease.map(|it| Entry { id: Some(duid.clone()), ..it }));
        }
        if kind.is("ia-pd") {
            self.skipped
                .push(Skipped { line: kind.line, reason: "a delegated prefix is no address".to_owned() });
        }
        self.entries.extend(entries.into_iter().map(|it| it.finish(mac_of_duid)));
        Ok(())
    }

    /// The next statement of a block; `None` at its end, which is passed. A block in the block (`on expiry { … }`) is passed over.
    fn statement(&mut self) -> Result<Option<Statement<'w>>, Broken> {
        let (from, mut depth) = (self.at, 0_usize);
        while let Some(word) = self.words.get(self.at) {
            if self.opens_entry(self.at) {
                return Err(Broken(format!("it breaks off: another entry begins in line {}", word.line)));
            }
            self.at += 1;
            match word.mark {
                Mark::Close if depth == 0 && self.at - 1 == from => return Ok(None),
                Mark::Close if depth == 0 => {
                    return Err(Broken("a statement in it has no semicolon".to_owned()));
                }
                Mark::Open => depth += 1,
                Mark::Close => depth -= 1,
                Mark::Unclosed => return Err(Broken(format!("a quote in line {} is not closed", word.line))),
                _ => {}
            }
            let is_end = matches!(word.mark, Mark::Semicolon | Mark::Close);
            if depth == 0 && is_end {
                return Ok(Some(&self.words[from..self.at - 1]));
            }
        }
        Err(Broken("it breaks off: the file ends in the middle of it".to_owned()))
    }
}

fn address(name: &Word) -> Result<IpAddr, Broken> {
    name.text()
        .parse()
        .map_err(|_| Broken("what stands where its address should is no IP address".to_owned()))
}

/// An entry while it is read.
struct Entry {
    line: usize,
    address: IpAddr,
    hardware: Option<Mac>,
    id: Option<Vec<u8>>,
    host: Option<String>,
    ends: Ends,
    state: State,
}

impl Entry {
    fn new(line: usize, address: IpAddr) -> Self {
        let (hardware, id, host) = (None, None, None);
        Self { line, address, hardware, id, host, ends: Ends::Unsaid, state: State::Active }
    }

    /// Takes what a statement says of the lease. Those that say nothing of it are passed over: the servers have dozens.
    fn take(&mut self, statement: Statement<'_>) -> Result<(), Broken> {
        let bad = |what: &str| {
            let line = statement.first().map_or(self.line, |it| it.line);
            Broken(format!("{what} in line {line} cannot be read"))
        };
        let texts: Vec<String> = statement.iter().map(Word::text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match texts.as_slice() {
            ["hardware", "ethernet", mac] => {
                self.hardware = match colon_bytes(mac) {
                    Some(bytes) if bytes.len() == 6 => mac.parse().ok(),
                    _ => return Err(bad("the MAC address")),
                };
            }
            ["uid", text] => {
                let bytes = match statement[1].mark {
                    Mark::Text => Some(statement[1].bytes.clone()),
                    _ => colon_bytes(text),
                };
                self.id = Some(bytes.ok_or_else(|| bad("the uid"))?);
            }
            ["client-hostname" | "hostname", name] => self.host = host(name),
            ["ends", "never"] => self.ends = Ends::Never,
            ["ends", "epoch", seconds] => {
                self.ends = Ends::At(Timestamp(seconds.parse().map_err(|_| bad("the end"))?));
            }
            ["ends", _, date, time] => {
                let moment = timestamp(date, time).ok_or_else(|| bad("the end"))?;
                self.ends = Ends::At(moment);
            }
            ["ends", ..] => return Err(bad("the end")),
            ["binding", "state", state] => {
                self.state = match *state {
                    "active" => State::Active,
                    "abandoned" => State::Abandoned,
                    "free" | "backup" | "expired" | "released" | "reset" => State::Ended,
                    _ => return Err(bad("the binding state")),
                };
            }
            ["abandoned"] => self.state = State::Abandoned,
            ["hardware", "ethernet", ..] => return Err(bad("the MAC address")),
            _ => {}
        }
        Ok(())
    }

    fn finish(self, mac_of: fn(&[u8]) -> Option<Mac>) -> Lease {
        let mac = self.hardware.or_else(|| self.id.as_deref().and_then(mac_of));
        let Self { line, address, id, host, ends, state, .. } = self;
        Lease { line, address, mac, client_id: id, host, ends, state }
    }
}

/// `2024/11/19 11:15:53`, in UTC.
fn timestamp(date: &str, time: &str) -> Option<Timestamp> {
    let parts: Vec<&str> = date.split('/').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    format!("{year:0>4}-{month:0>2}-{day:0>2}T{time:0>8}Z").parse().ok()
}
