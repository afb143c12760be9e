//! What the BMC writes down: the system's event log, which IPMI calls the SEL, and its own. Both outlive its resets.

use std::collections::VecDeque;

use crate::machine::Event;

/// One of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// The system's.
    System,
    /// The BMC's own.
    Bmc,
}

/// What was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// The host got power.
    PowerOn,
    /// The host lost power.
    PowerOff,
    /// The host was reset.
    Reset,
    /// The host began its self-test.
    Post,
    /// The host booted from a device, in the machine's word.
    Boot(String),
    /// An operating system runs.
    OsUp,
    /// The operating system stopped.
    OsDown,
    /// A diagnostic interrupt was sent.
    Nmi,
    /// The watchdog expired, and this is what it did: `reset`, `power-off`, `cycle` or `nothing`.
    Watchdog(String),
    /// The BMC restarted.
    BmcUp,
    /// AC power was lost.
    AcLost,
    /// AC power is back.
    AcBack,
    /// Something was inserted into this slot.
    Inserted(String),
    /// Something was taken from this slot.
    Ejected(String),
    /// A wrong password for this user.
    WrongPassword(String),
    /// Too many wrong passwords: this user is locked.
    Locked(String),
    /// The log was cleared.
    Cleared,
    /// A sensor noticed something, or somebody wrote an entry in IPMI's own form.
    Record(Record),
}

/// An entry as IPMI has it (IPMI v2.0 §32).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its type: 02h is an event, C0h to FFh are a maker's own.
    pub(crate) kind: u8,
    /// What follows the type, with the four bytes of the time where its type has one.
    pub(crate) body: [u8; 13],
    /// What it says, where somebody knows.
    pub(crate) text: String,
}

impl Record {
    /// Whether it says that something came to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.kind < 0xC0 && self.body[9] & 0x80 != 0
    }

    /// The number of the sensor that noticed it; 0 where there is none.
    pub(crate) fn sensor(&self) -> u8 {
        if self.kind < 0xC0 { self.body[8] } else { 0 }
    }

    /// How grave it is, in Redfish's words: what goes beyond a critical threshold is critical (IPMI v2.0 table 42-2).
    pub(crate) fn severity(&self) -> &'static str {
        match self.body[9] & 0x7F {
            _ if self.kind >= 0xC0 || self.is_over() => "OK",
            0x01 if matches!(self.body[10] & 0x0F, 2..=5 | 8..=11) => "Critical",
            _ => "Warning",
        }
    }
}

impl Note {
    /// What the machine's events say, and where it is written down; most are not.
    fn of(event: &str) -> Option<(Log, Self)> {
        let system = |note| Some((Log::System, note));
        let own = |note| Some((Log::Bmc, note));
        match event {
            "power.on" => system(Self::PowerOn),
            "power.off" => system(Self::PowerOff),
            "host.reset" => system(Self::Reset),
            "host.post" => system(Self::Post),
            "host.os" => system(Self::OsUp),
            "host.os-stopped" => system(Self::OsDown),
            "host.nmi" => system(Self::Nmi),
            "bmc.ready" => own(Self::BmcUp),
            "ac.lost" => own(Self::AcLost),
            "ac.restored" => own(Self::AcBack),
            event => {
                let (what, of) = event.split_once(':')?;
                match what {
                    "host.boot" => system(Self::Boot(of.to_owned())),
                    "watchdog.expired" if !of.ends_with("/silent") => system(Self::Watchdog(of.to_owned())),
                    "media.inserted" => own(Self::Inserted(of.to_owned())),
                    "media.ejected" => own(Self::Ejected(of.to_owned())),
                    _ => None,
                }
            }
        }
    }
}

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number, from 1; none is given twice, even when the log is cleared.
    pub(crate) id: u64,
    /// When it was written, by the BMC's clock, in seconds since 1970.
    pub(crate) at: i64,
    /// What it says.
    pub(crate) note: Note,
}

/// Both logs. What the machine did is written down when somebody looks, or sets the clock.
#[derive(Debug, Default)]
pub(crate) struct Logbook {
    system: Book,
    own: Book,
    seen: u64,
}

#[derive(Debug, Default)]
struct Book {
    entries: VecDeque<Entry>,
    written: u64,
    /// Whether entries had to give way since it was cleared.
    lost: bool,
    /// When the last entry was written, and when it was last cleared or one was removed.
    added: Option<i64>,
    erased: Option<i64>,
}

impl Logbook {
    /// What is kept at all; a face may show less.
    pub(crate) const MOST: usize = 1000;

    /// The first that a BMC writes into its own log, when it has started.
    pub(crate) fn begin(&mut self, at: i64) {
        if self.own.written == 0 {
            self.write(Log::Bmc, at, Note::BmcUp);
        }
    }

    /// Writes down what the machine has done; `clock` tells a moment of the machine by the BMC's clock.
    pub(crate) fn follow(&mut self, events: &[Event], clock: impl Fn(&Event) -> i64) {
        let new = events.partition_point(|event| event.seq < self.seen);
        for event in &events[new..] {
            if let Some((log, note)) = Note::of(&event.name) {
                self.write(log, clock(event), note);
            }
        }
        self.seen = events.last().map_or(self.seen, |event| event.seq + 1);
    }

    /// Writes something down, and says under which number; the oldest entry gives way where there is no room.
    pub(crate) fn write(&mut self, log: Log, at: i64, note: Note) -> u64 {
        let book = self.book_mut(log);
        if book.entries.len() >= Self::MOST {
            book.entries.pop_front();
            book.lost = true;
        }
        book.written += 1;
        book.added = Some(at);
        book.entries.push_back(Entry { id: book.written, at, note });
        book.written
    }

    /// Takes an entry out; whether there was one.
    pub(crate) fn remove(&mut self, log: Log, id: u64, at: i64) -> bool {
        let book = self.book_mut(log);
        let before = book.entries.len();
        book.entries.retain(|it| it.id != id);
        let is_gone = book.entries.len() < before;
        if is_gone {
            book.erased = Some(at);
        }
        is_gone
    }

    /// Whether entries had to give way since the log was cleared.
    pub(crate) fn has_lost(&self, log: Log) -> bool {
        self.book(log).lost
    }

    /// Different after each change of a log: how many entries were ever written, and how many there are.
    pub(crate) fn revision(&self, log: Log) -> (u64, usize) {
        (self.book(log).written, self.book(log).entries.len())
    }

    /// When the last entry was written, and when the log was last cleared or an entry removed.
    pub(crate) fn changed(&self, log: Log) -> (Option<i64>, Option<i64>) {
        (self.book(log).added, self.book(log).erased)
    }

    /// A log's entries, the oldest first.
    pub(crate) fn entries(&self, log: Log) -> impl ExactSizeIterator<Item = &Entry> {
        self.book(log).entries.iter()
    }

    /// One of them.
    pub(crate) fn entry(&self, log: Log, id: u64) -> Option<&Entry> {
        self.book(log).entries.iter().find(|it| it.id == id)
    }

    /// Empties a log; that it was emptied is its first entry.
    pub(crate) fn clear(&mut self, log: Log, at: i64) {
        let book = self.book_mut(log);
        book.entries.clear();
        (book.lost, book.erased) = (false, Some(at));
        self.write(log, at, Note::Cleared);
    }

    fn book(&self, log: Log) -> &Book {
        match log {
            Log::System => &self.system,
            Log::Bmc => &self.own,
        }
    }

    fn book_mut(&mut self, log: Log) -> &mut Book {
        match log {
            Log::System => &mut self.system,
            Log::Bmc => &mut self.own,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_entry_gives_way_and_no_number_is_given_twice() {
        let mut logbook = Logbook::default();
        for second in 0..1002 {
            logbook.write(Log::System, second, Note::Nmi);
        }
        let ids: Vec<_> = logbook.entries(Log::System).map(|it| it.id).collect();
        assert_eq!((ids.len(), ids[0], ids[999]), (1000, 3, 1002));
        logbook.clear(Log::System, 2000);
        assert_eq!(logbook.entries(Log::System).map(|it| it.id).collect::<Vec<_>>(), [1003]);
    }

    #[test]
    fn an_entry_that_is_taken_out_is_gone_and_what_gave_way_is_remembered_until_the_log_is_cleared() {
        let mut logbook = Logbook::default();
        let [one, other] = [1, 2].map(|at| logbook.write(Log::System, at, Note::Nmi));
        assert!(logbook.remove(Log::System, one, 3) && !logbook.remove(Log::System, one, 4));
        assert_eq!(logbook.entries(Log::System).map(|it| it.id).collect::<Vec<_>>(), [other]);
        assert_eq!(logbook.changed(Log::System), (Some(2), Some(3)));
        for at in 0..1000 {
            logbook.write(Log::System, at, Note::Nmi);
        }
        assert!(logbook.has_lost(Log::System));
        logbook.clear(Log::System, 2000);
        assert!(!logbook.has_lost(Log::System));
    }

    #[test]
    fn an_event_is_written_down_once_and_where_it_belongs() {
        let event = |seq, name: &str| Event { seq, at: Duration::from_secs(seq), name: name.to_owned() };
        let mut events = vec![event(0, "power.on"), event(1, "identify:lit"), event(2, "bmc.ready")];
        let mut logbook = Logbook::default();
        let clock = |event: &Event| event.at.as_secs() as i64;
        logbook.follow(&events, clock);
        events.push(event(3, "host.boot:pxe"));
        logbook.follow(&events, clock);
        let notes = |log| logbook.entries(log).map(|it| it.note.clone()).collect::<Vec<_>>();
        assert_eq!(notes(Log::System), [Note::PowerOn, Note::Boot("pxe".to_owned())]);
        assert_eq!(notes(Log::Bmc), [Note::BmcUp]);
    }
}
