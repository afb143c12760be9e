//! Serial over LAN without a socket: packets, acknowledgements, and what is sent again (IPMI v2.0 §15).

use std::{collections::VecDeque, time::Duration};

use super::{super::policy::Repeated, session::Protection};
use crate::{
    View,
    bmc::Bmc,
    machine::Power,
    serial::{self, Taken, Terminal},
};

/// The payload's type (table 13-16), and its only instance.
pub(crate) const SOL: u8 = 0x01;
pub(crate) const INSTANCE: u8 = 1;
/// The largest payload, both ways, with the four bytes in front.
pub(crate) const LARGEST: u8 = 255;
/// So many characters wait for the console; older ones are lost.
const KEPT: usize = 16 * 1024;

/// How often a packet is sent again, and after which time (§26.3, parameter 4).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    /// How often.
    pub(crate) count: u8,
    /// After which time; zero: never.
    pub(crate) interval: Duration,
}

/// Which session wants the console, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The session.
    pub(crate) session: u32,
    /// Whether its packets are encrypted.
    pub(crate) encrypted: bool,
    /// Whether its packets have a code.
    pub(crate) authenticated: bool,
    /// When packets are sent again.
    pub(crate) retry: Retry,
    /// The machine's events until now: what happened before is not told.
    pub(crate) events: usize,
}

/// The console, while somebody has it.
pub(crate) struct Sol {
    /// Whose it is.
    pub(crate) wanted: Wanted,
    /// Whether its packets are encrypted now (§24.3).
    pub(crate) encrypted: bool,
    _port: Taken,
    terminal: Terminal,
    out: VecDeque<u8>,
    lost: bool,
    paused: bool,
    number: u8,
    unanswered: Option<Sent>,
    heard: Option<Heard>,
}

/// A packet that waits for its acknowledgement.
struct Sent {
    number: u8,
    characters: Vec<u8>,
    at: Duration,
    again: u8,
}

/// The last packet with characters that came.
#[derive(Clone, Copy)]
struct Heard {
    number: u8,
    taken: u8,
    /// What the BMC says of it.
    status: u8,
}

/// What a packet says to the BMC (table 15-2).
mod operation {
    pub(super) const NACK: u8 = 0x40;
    pub(super) const BREAK: u8 = 0x10;
    pub(super) const PAUSE: u8 = 0x08;
    pub(super) const FLUSH_OUTBOUND: u8 = 0x01;
}

/// What the BMC says in a packet (table 15-2).
mod status {
    pub(super) const NACK: u8 = 0x40;
    pub(super) const UNAVAILABLE: u8 = 0x20;
    pub(super) const DEACTIVATED: u8 = 0x10;
    pub(super) const OVERRUN: u8 = 0x08;
}

impl Sol {
    /// The console, for this session, which has got the port for it.
    pub(crate) fn new(wanted: Wanted, port: Taken) -> Self {
        Self {
            _port: port,
            wanted,
            encrypted: wanted.encrypted,
            terminal: Terminal::default(),
            out: VecDeque::new(),
            lost: false,
            paused: false,
            number: 0,
            unanswered: None,
            heard: None,
        }
    }

    /// How its packets are protected now.
    pub(super) fn protection(&self) -> Protection {
        Protection { encrypted: self.encrypted, authenticated: self.wanted.authenticated }
    }

    /// Takes a packet of the console, and answers it where it has characters.
    pub(super) fn take(&mut self, bmc: &Bmc, payload: &[u8], now: Duration) -> Option<Vec<u8>> {
        let (&[number, answered, count, operation], characters) = payload.split_first_chunk()?;
        self.acknowledged(answered & 0x0F, count, operation & operation::NACK != 0);
        self.paused = operation & operation::PAUSE != 0;
        if operation & operation::FLUSH_OUTBOUND != 0 {
            self.out.clear();
        }
        let View { power, host, .. } = bmc.view();
        let number = number & 0x0F;
        let types_again = bmc.manners().repeated == Repeated::Again;
        let is_new = number != 0 && (types_again || self.heard.is_none_or(|last| last.number != number));
        if operation & operation::BREAK != 0 && (is_new || number == 0) {
            self.write(Terminal::break_(host).as_bytes());
        }
        if number == 0 {
            return self.packet(now, None);
        }
        if is_new && power == Power::Off {
            // Nobody listens to the serial port: none is taken, and the same packet may come again.
            let status = status::NACK | status::UNAVAILABLE;
            return self.packet(now, Some(Heard { number, taken: 0, status }));
        }
        if is_new {
            bmc.ipmi().type_in(characters);
            let said = self.terminal.typed(characters, host);
            self.write(&said);
            let taken = u8::try_from(characters.len()).unwrap_or(u8::MAX);
            self.heard = Some(Heard { number, taken, status: 0 });
        }
        self.packet(now, self.heard)
    }

    /// What is to be sent by now without having been asked for: new characters, or old ones again.
    pub(super) fn due(&mut self, bmc: &Bmc, now: Duration) -> Option<Vec<u8>> {
        self.follow(bmc);
        match &self.unanswered {
            None => self.packet(now, None),
            Some(sent) if self.repeats_at(sent).is_some_and(|at| at <= now) => self.again(now),
            Some(_) => None,
        }
    }

    /// When something is to be sent again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.unanswered.as_ref().and_then(|sent| self.repeats_at(sent))
    }

    /// The last packet to somebody whose console another has taken away (§15.9).
    pub(super) fn farewell() -> Vec<u8> {
        vec![0, 0, 0, status::DEACTIVATED]
    }

    /// What the host has written since the last time.
    fn follow(&mut self, bmc: &Bmc) {
        let said = serial::written(&mut self.terminal, bmc, &mut self.wanted.events);
        self.write(said.as_bytes());
    }

    fn repeats_at(&self, sent: &Sent) -> Option<Duration> {
        let interval = self.wanted.retry.interval;
        (!interval.is_zero()).then(|| sent.at + interval)
    }

    fn write(&mut self, characters: &[u8]) {
        self.out.extend(characters);
        let over = self.out.len().saturating_sub(KEPT);
        self.lost |= over > 0;
        self.out.drain(..over);
    }

    /// What was not taken goes in front of what waits (§15.11); where nothing was, it is as good as lost.
    fn acknowledged(&mut self, number: u8, count: u8, refused: bool) {
        let Some(sent) = self.unanswered.take_if(|sent| number != 0 && sent.number == number) else { return };
        let rest = sent.characters.get(usize::from(count)..).unwrap_or_default();
        if refused || count > 0 {
            rest.iter().rev().for_each(|byte| self.out.push_front(*byte));
        }
    }

    /// A packet with an acknowledgement, characters, or both; nothing where there is neither.
    fn packet(&mut self, now: Duration, answers: Option<Heard>) -> Option<Vec<u8>> {
        let may_send = self.unanswered.is_none() && !self.paused && !self.out.is_empty();
        if answers.is_none() && !may_send {
            return None;
        }
        let most = if may_send { usize::from(LARGEST) - 4 } else { 0 };
        let characters: Vec<u8> = self.out.drain(..most.min(self.out.len())).collect();
        let number = if characters.is_empty() { 0 } else { self.next_number() };
        let lost = if std::mem::take(&mut self.lost) { status::OVERRUN } else { 0 };
        let (answered, taken, of_it) = answers.map_or((0, 0, 0), |it| (it.number, it.taken, it.status));
        let packet = [&[number, answered, taken, lost | of_it][..], &characters].concat();
        if number != 0 {
            self.unanswered = Some(Sent { number, characters, at: now, again: 0 });
        }
        Some(packet)
    }

    fn again(&mut self, now: Duration) -> Option<Vec<u8>> {
        let most = self.wanted.retry.count;
        if let Some(sent) = self.unanswered.as_mut().filter(|sent| sent.again < most) {
            (sent.again, sent.at) = (sent.again + 1, now);
            return Some([&[sent.number, 0, 0, 0][..], &sent.characters].concat());
        }
        (self.unanswered, self.lost) = (None, true);
        self.packet(now, None)
    }

    /// From 1 to 15, and from 1 again (§15.11).
    fn next_number(&mut self) -> u8 {
        self.number = self.number % 15 + 1;
        self.number
    }
}

/// The console of a BMC.
#[derive(Default)]
pub(crate) struct Console {
    /// Who has it.
    pub(crate) active: Option<Box<Sol>>,
    /// Who had it until another took it away, and is to be told.
    pub(super) dismissed: Option<Box<Sol>>,
}

impl Console {
    /// Nobody has it any more; its owner is told, unless it was the owner's own wish.
    pub(crate) fn deactivate(&mut self, by: u32) {
        self.dismissed = self.active.take().filter(|it| it.wanted.session != by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bmc::BmcOptions, profile::Profile};

    const RETRY: Retry = Retry { count: 2, interval: Duration::from_millis(100) };

    fn console() -> (Bmc, Sol) {
        console_with(&[])
    }

    fn console_with(deviations: &[&str]) -> (Bmc, Sol) {
        let deviations = deviations.iter().map(|it| (*it).to_owned()).collect();
        let options = BmcOptions { deviations, ..BmcOptions::default() };
        let bmc = Bmc::start(&Profile::named("generic").unwrap(), options).unwrap();
        bmc.control().establish_power(Power::On);
        let events = bmc.control().event_count();
        let wanted = Wanted { session: 1, encrypted: true, authenticated: true, retry: RETRY, events };
        let port = bmc.serial().take().unwrap();
        (bmc, Sol::new(wanted, port))
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_comes_back_once_however_often_the_packet_comes() {
        let (bmc, mut sol) = console();
        let packet = [1, 0, 0, 0, b'u', b'n'];
        assert_eq!(sol.take(&bmc, &packet, at(0)).unwrap(), [1, 1, 2, 0, b'u', b'n']);
        assert_eq!(sol.take(&bmc, &packet, at(1)).unwrap(), [0, 1, 2, 0]);
        assert_eq!(bmc.control().console_input(), b"un");
        assert_eq!(sol.take(&bmc, &[2, 1, 2, 0, b'a'], at(2)).unwrap(), [2, 2, 1, 0, b'a']);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_without_power_takes_no_characters_until_it_has_power() {
        let (bmc, mut sol) = console();
        bmc.control().establish_power(Power::Off);
        let typed = [1, 0, 0, 0, b'u', b'n'];
        assert_eq!(sol.take(&bmc, &typed, at(0)).unwrap(), [0, 1, 0, status::NACK | status::UNAVAILABLE]);
        assert_eq!(bmc.control().console_input(), b"");
        bmc.control().establish_power(Power::On);
        assert_eq!(sol.take(&bmc, &typed, at(1)).unwrap()[1..4], [1, 2, 0]);
        assert_eq!(bmc.control().console_input(), b"un");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bmc_that_types_again_types_what_comes_again() {
        for (deviations, echo) in [(&["console-types-again"][..], &b"un"[..]), (&[], b"")] {
            let (bmc, mut sol) = console_with(deviations);
            sol.take(&bmc, &[1, 0, 0, 0, b'u', b'n'], at(0)).unwrap();
            sol.take(&bmc, &[0, 1, 2, 0], at(1));
            assert_eq!(sol.take(&bmc, &[1, 0, 0, 0, b'u', b'n'], at(2)).unwrap()[4..], *echo);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_acknowledged_is_sent_again_so_many_times_and_then_lost() {
        let (bmc, mut sol) = console();
        sol.take(&bmc, &[1, 0, 0, 0, b'x'], at(0)).unwrap();
        assert_eq!((sol.due(&bmc, at(99)), sol.next()), (None, Some(at(100))));
        for millis in [100, 200] {
            assert_eq!(sol.due(&bmc, at(millis)).unwrap(), [1, 0, 0, 0, b'x']);
        }
        assert_eq!((sol.due(&bmc, at(300)), sol.next()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_taken_is_sent_under_a_new_number() {
        let (bmc, mut sol) = console();
        sol.take(&bmc, &[1, 0, 0, 0, b'x', b'y', b'z'], at(0)).unwrap();
        assert_eq!(sol.take(&bmc, &[0, 1, 1, 0], at(1)).unwrap(), [2, 0, 0, 0, b'y', b'z']);
        assert_eq!(sol.take(&bmc, &[0, 2, 2, operation::PAUSE], at(2)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_host_writes_what_happens_to_it() {
        let (bmc, mut sol) = console();
        bmc.command(crate::machine::Command::Reset).unwrap();
        let said = sol.due(&bmc, at(0)).unwrap();
        assert!(String::from_utf8_lossy(&said[4..]).contains("POST"));
    }
}
