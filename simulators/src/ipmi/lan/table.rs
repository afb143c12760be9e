//! The sessions of a BMC, open and beginning (IPMI v2.0 §6.12).

use std::{net::SocketAddr, time::Duration};

use super::{
    super::{
        command::{Activation, Challenge, Completion, Open, Opened, Sessions},
        privilege::Privilege,
    },
    handshake::Beginning,
    legacy::Challenged,
    manners::Manners,
    session::{Session, Wire},
    sol::Console,
    suite::Suite,
};
use crate::random::Random;

/// So many can begin a session at the same time; the oldest of more is forgotten (§6.12.14).
const BEGINNING: usize = 16;

/// So many that were closed are kept for their last words.
const CLOSED: usize = 64;

/// All of them.
pub(crate) struct Table {
    pub(super) open: Vec<Session>,
    pub(super) beginning: Vec<Beginning>,
    pub(super) challenged: Vec<Challenged>,
    pub(super) random: Random,
    pub(super) manners: Manners,
    /// Who sent the packet that is being answered, and when.
    pub(super) visit: Visit,
    /// The challenge that this packet proves to have met, by its number.
    pub(super) met: Option<u32>,
    /// Sessions that end with the answer.
    pub(super) closing: Vec<u32>,
    /// The host's console.
    pub(super) console: Console,
    /// The UDP port.
    pub(super) port: u16,
}

/// Who sends a packet, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) from: SocketAddr,
    pub(super) now: Duration,
}

impl Table {
    /// Forgets what is over.
    pub(super) fn tidy(&mut self, now: Duration) {
        let idle = self.manners.idle;
        self.open.retain(|it| !it.is_over(now, idle));
        self.beginning.retain(|it| now.saturating_sub(it.since) < idle);
        self.challenged.retain(|it| now.saturating_sub(it.since) < idle);
        self.console
            .active
            .take_if(|it| !self.open.iter().any(|open| open.id == it.wanted.session && open.is_open()));
    }

    /// Where the session with this number is.
    pub(super) fn place(&self, id: u32) -> Option<usize> {
        self.open.iter().position(|it| it.id == id)
    }

    /// Those that are open.
    pub(super) fn living(&self) -> impl Iterator<Item = &Session> {
        self.open.iter().filter(|it| it.is_open())
    }

    /// Whether every slot is taken.
    pub(super) fn is_full(&self) -> bool {
        self.living().count() >= usize::from(self.manners.sessions)
    }

    /// A number that no session has.
    pub(super) fn new_id(&mut self) -> u32 {
        loop {
            let id = self.random.next() as u32;
            let is_taken = self.open.iter().any(|it| it.id == id)
                || self.beginning.iter().any(|it| it.id == id)
                || self.challenged.iter().any(|it| it.id == id);
            if id != 0 && !is_taken {
                return id;
            }
        }
    }

    /// The lowest handle that is free.
    pub(super) fn new_handle(&self) -> u8 {
        (1..=u8::MAX).find(|handle| self.living().all(|it| it.handle != *handle)).unwrap_or(u8::MAX)
    }

    /// One more that is open. Of those that were closed the oldest is forgotten where there are many, however short the time.
    pub(super) fn enter(&mut self, session: Session) {
        let closed = self.open.iter().filter(|it| !it.is_open()).count();
        if let Some(oldest) = self.open.iter().position(|it| !it.is_open()).filter(|_| closed >= CLOSED) {
            self.open.remove(oldest);
        }
        self.open.push(session);
    }

    /// One more that begins.
    pub(super) fn begin(&mut self, beginning: Beginning) {
        make_room(&mut self.beginning);
        self.beginning.push(beginning);
    }

    /// The same by IPMI v1.5.
    pub(super) fn ask(&mut self, challenged: Challenged) {
        make_room(&mut self.challenged);
        self.challenged.push(challenged);
    }

    /// Ends what an answer has announced.
    pub(super) fn end_closing(&mut self, now: Duration) {
        for id in std::mem::take(&mut self.closing) {
            if let Some(place) = self.place(id) {
                self.open[place].ended = Some(now);
            }
        }
    }

    /// Ends all of them without a word.
    pub(super) fn clear(&mut self) {
        (self.open, self.beginning, self.challenged) = (Vec::new(), Vec::new(), Vec::new());
        self.console = Console::default();
    }
}

fn make_room<T>(list: &mut Vec<T>) {
    if list.len() >= BEGINNING {
        list.remove(0);
    }
}

impl Sessions for Table {
    fn list(&self) -> Vec<Open> {
        self.living().map(Session::open).collect()
    }

    fn raise(&mut self, id: u32, to: Privilege) {
        if let Some(place) = self.place(id) {
            self.open[place].privilege = to;
        }
    }

    fn close(&mut self, id: u32) -> bool {
        let is_open = self.living().any(|it| it.id == id);
        if is_open {
            self.closing.push(id);
        }
        is_open
    }

    fn slots(&self) -> u8 {
        self.manners.sessions
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn protection(&self, id: u32) -> Option<(bool, bool)> {
        let Wire::Plus(wire) = &self.open[self.place(id)?].wire else { return None };
        let protection = wire.protection();
        Some((protection.encrypted, protection.authenticated))
    }

    fn console(&mut self) -> &mut Console {
        &mut self.console
    }

    fn suites(&self) -> Vec<Suite> {
        self.manners.suites.iter().filter_map(|id| Suite::numbered(*id).copied()).collect()
    }

    fn legacy_kinds(&self) -> u8 {
        self.manners.legacy
    }

    fn signs_each_packet(&self) -> bool {
        self.manners.each_packet
    }

    fn challenge(&mut self, of: Challenge) -> (u32, [u8; 16]) {
        self.challenged_by(of)
    }

    fn activate(&mut self, wanted: Activation) -> Result<Opened, Completion> {
        self.activated(wanted)
    }
}
