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
}

impl Logbook {
    /// What is kept at all; a face may show less.
    const MOST: usize = 1000;

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

    /// Writes something down; the oldest entry gives way where there is no room.
    pub(crate) fn write(&mut self, log: Log, at: i64, note: Note) {
        let book = self.book_mut(log);
        if book.entries.len() >= Self::MOST {
            book.entries.pop_front();
        }
        book.written += 1;
        book.entries.push_back(Entry { id: book.written, at, note });
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
        self.book_mut(log).entries.clear();
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
