//! The LAN channel without a socket: a datagram and a moment in, an answer out (IPMI v2.0 §13).

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handshake;
mod keys;
mod legacy;
mod manners;
mod message;
mod packet;
#[cfg(test)]
mod peer;
mod session;
mod sol;
mod suite;
mod table;
mod who;
mod window;

use std::{net::SocketAddr, time::Duration};

pub(crate) use keys::LONGEST;
pub(crate) use manners::Manners;
use message::Message;
use packet::{Legacy, Packet, Plus};
use session::{Delivered, Wire};
pub(crate) use sol::{Console, INSTANCE, LARGEST, Retry, SOL, Sol, Wanted};
pub(crate) use suite::Suite;
use table::{Table, Visit};
pub(crate) use who::Who;

use super::{
    command::{self, Caller, Channel, Request, Scene},
    commands::channel::is_open,
    dispatch,
    exchange::{self, Said},
};
use crate::{
    bmc::{Bmc, Glance},
    random::Random,
};

/// The payload of IPMI messages (table 13-16).
const IPMI: u8 = 0x00;

/// The LAN channel of one BMC.
pub(crate) struct Lan {
    table: Table,
    /// Whether exchanges are told.
    tells: bool,
    /// Since when the BMC was back from its last restart when this was last asked.
    ready_since: Option<Duration>,
}

/// What became of a datagram.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// When it came, since the machine's birth.
    pub(crate) at: Duration,
    /// What is sent back.
    pub(crate) answer: Option<Vec<u8>>,
    /// What was said, if it was understood and is wanted.
    pub(crate) said: Option<Said>,
}

impl Lan {
    /// Without a session; the seed gives their numbers, the challenges and the vectors.
    pub(crate) fn new(seed: u64, port: u16, manners: Manners, tells: bool) -> Self {
        let nobody = Visit { from: ([0, 0, 0, 0], 0).into(), now: Duration::ZERO };
        let table = Table {
            open: Vec::new(),
            beginning: Vec::new(),
            challenged: Vec::new(),
            random: Random::new(seed ^ 0x1931_2042),
            manners,
            visit: nobody,
            met: None,
            closing: Vec::new(),
            console: Console::default(),
            port,
        };
        Self { table, tells, ready_since: None }
    }

    /// Answers a datagram, or does not: what is malformed, forged or too old gets no answer (§6.12, §13.1), nor does anybody
    /// while the LAN is off.
    pub(crate) fn take(&mut self, bmc: &Bmc, from: SocketAddr, datagram: &[u8]) -> Taken {
        let glance = bmc.glance();
        self.follow(&glance);
        if !is_open(bmc, &glance) {
            return Taken::default();
        }
        self.table.visit.from = from;
        let taken = match Packet::read(datagram) {
            Some(Packet::Ping { tag, .. }) => Taken::new(packet::pong(tag), self.tells.then_some(Said::Ping)),
            Some(Packet::Legacy(packet)) => self.legacy(bmc, &packet).unwrap_or_default(),
            Some(Packet::Plus(packet)) if packet.session == 0 => {
                self.outside(bmc, &packet).unwrap_or_default()
            }
            Some(Packet::Plus(packet)) => self.plus(bmc, &packet).unwrap_or_default(),
            None => Taken::default(),
        };
        Taken { at: glance.now, ..taken }
    }

    /// It is this moment: what is over is forgotten, and no session outlives a restart of the BMC.
    fn follow(&mut self, glance: &Glance) {
        if std::mem::replace(&mut self.ready_since, glance.ready_since) != glance.ready_since {
            self.table.clear();
        }
        self.table.visit.now = glance.now;
        self.table.manners = glance.manners.lan;
        self.table.tidy(glance.now);
    }

    /// How many sessions are open.
    pub(crate) fn sessions(&mut self, now: Duration) -> usize {
        self.table.tidy(now);
        self.table.living().count()
    }

    /// The BMC is down, or somebody wants every session to be over.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }
}

/// IPMI v2.0.
impl Lan {
    /// A packet outside of a session: a step of a handshake, or a message for which there need not be one (§13.6).
    fn outside(&mut self, bmc: &Bmc, packet: &Plus<'_>) -> Option<Taken> {
        if packet.encrypted || packet.authenticated {
            return None;
        }
        let write =
            |kind, payload: &[u8]| packet::plus(packet::Envelope { kind, session: 0, sequence: 0 }, payload);
        if packet.kind == IPMI {
            let message = Message::read(packet.payload)?;
            let (answer, said) = self.run(bmc, &message, None);
            return Some(Taken::new(write(IPMI, &answer), said));
        }
        let answer = handshake::step(&mut self.table, bmc, packet.kind, packet.payload);
        let is_step = matches!(packet.kind, handshake::OPEN_SESSION | handshake::RAKP_1 | handshake::RAKP_3);
        let status = answer.as_ref().and_then(|it| it.get(1).copied());
        let said = (self.tells && is_step).then_some(Said::Step { kind: packet.kind, status });
        let answer = answer.map(|it| write(packet.kind + 1, &it));
        Some(Taken { answer, said, ..Taken::default() })
    }

    fn plus(&mut self, bmc: &Bmc, packet: &Plus<'_>) -> Option<Taken> {
        let place = self.table.place(packet.session)?;
        if packet.kind == SOL {
            return self.typed(bmc, packet);
        }
        let session = &mut self.table.open[place];
        let Wire::Plus(wire) = &mut session.wire else { return None };
        if packet.kind != IPMI {
            return None;
        }
        let delivered = wire.open(packet, wire.protection())?;
        let (answer, said) = self.in_session(bmc, packet.session, packet.sequence, &delivered)?;
        let vector = self.table.random.bytes();
        let place = self.table.place(packet.session)?;
        let Wire::Plus(wire) = &mut self.table.open[place].wire else { return None };
        let protection = wire.protection();
        let sealed = wire.seal(IPMI, &answer, vector, protection);
        self.table.end_closing(self.table.visit.now);
        Some(Taken::new(sealed, said))
    }
}

/// When the console has to be looked after without a datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wake {
    /// At this time, if something is to be sent again.
    pub(crate) at: Option<Duration>,
    /// When the machine has more events than these.
    pub(crate) events: usize,
}

/// Serial over LAN.
impl Lan {
    /// What a console sends, and what it is answered.
    fn typed(&mut self, bmc: &Bmc, packet: &Plus<'_>) -> Option<Taken> {
        let Visit { from, now } = self.table.visit;
        let place = self.table.place(packet.session)?;
        let session = &mut self.table.open[place];
        let sol = self.table.console.active.as_mut().filter(|it| it.wanted.session == packet.session)?;
        let Wire::Plus(wire) = &mut session.wire else { return None };
        let delivered = wire.open(packet, sol.protection())?;
        if delivered.again || session.ended.is_some() {
            return None;
        }
        (session.peer, session.last_used, session.opened_by) = (from, now, None);
        let answer = sol.take(bmc, &delivered.payload, now)?;
        let sealed = wire.seal(SOL, &answer, self.table.random.bytes(), sol.protection());
        Some(Taken::new(sealed, None))
    }

    /// What is to be sent although nobody has asked: characters of the host, some again, and a farewell.
    pub(crate) fn due(&mut self, bmc: &Bmc) -> Vec<(SocketAddr, Vec<u8>)> {
        let now = bmc.now();
        self.table.tidy(now);
        let mut due = Vec::new();
        if let Some(sol) = self.table.console.dismissed.take() {
            due.extend(self.sent(&sol, &Sol::farewell()));
        }
        if let Some(mut sol) = self.table.console.active.take() {
            let packet = sol.due(bmc, now);
            due.extend(packet.and_then(|packet| self.sent(&sol, &packet)));
            self.table.console.active = Some(sol);
        }
        due
    }

    fn sent(&mut self, sol: &Sol, packet: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
        let vector = self.table.random.bytes();
        let place = self.table.place(sol.wanted.session)?;
        let session = &mut self.table.open[place];
        let Wire::Plus(wire) = &mut session.wire else { return None };
        Some((session.peer, wire.seal(SOL, packet, vector, sol.protection())))
    }

    /// When [`Self::due`] is to be asked next, if somebody has the console.
    pub(crate) fn wakes(&self) -> Option<Wake> {
        if self.table.console.dismissed.is_some() {
            return Some(Wake { at: Some(Duration::ZERO), events: usize::MAX });
        }
        let sol = self.table.console.active.as_ref()?;
        // Whoever has gone without a word does not keep the host's port when his session is over.
        let session = self.table.place(sol.wanted.session).map(|place| &self.table.open[place]);
        let over = session.map(|it| it.last_used + self.table.manners.idle);
        Some(Wake { at: sol.next().into_iter().chain(over).min(), events: sol.wanted.events })
    }
}

/// IPMI v1.5.
impl Lan {
    fn legacy(&mut self, bmc: &Bmc, packet: &Legacy<'_>) -> Option<Taken> {
        if packet.session == 0 {
            let message = Message::read(packet.payload).filter(|_| packet.kind == 0)?;
            let (answer, said) = self.run(bmc, &message, None);
            return Some(Taken::new(Legacy { code: None, payload: &answer, ..*packet }.write(), said));
        }
        if self.table.challenged.iter().any(|it| it.id == packet.session) {
            return self.activation(bmc, packet);
        }
        let place = self.table.place(packet.session)?;
        let session = &mut self.table.open[place];
        let again =
            session.opened_by.as_ref().filter(|(asked, _)| packet.sequence == 0 && asked == packet.payload);
        if let Some((_, answer)) = again {
            return Some(Taken::new(answer.clone(), None));
        }
        let Wire::Legacy(wire) = &mut session.wire else { return None };
        let delivered = wire.open(packet)?;
        let (answer, said) = self.in_session(bmc, packet.session, packet.sequence, &delivered)?;
        let sealed = self.seal_legacy(packet.session, &answer, false)?;
        self.table.end_closing(self.table.visit.now);
        Some(Taken::new(sealed, said))
    }

    /// Whoever was challenged has one thing to say (§6.11.7).
    fn activation(&mut self, bmc: &Bmc, packet: &Legacy<'_>) -> Option<Taken> {
        const ACTIVATE: (u8, u8) = (0x06, 0x3A);
        let message = Message::read(packet.payload).filter(|it| (it.netfn, it.number) == ACTIVATE)?;
        let challenged = self.table.challenged.iter().find(|it| it.id == packet.session)?;
        let fits = |password: &str| challenged.is_met_by(packet, password);
        bmc.admit(&challenged.name, fits, crate::accounts::Entrance::Ipmi, |_| ())?;
        self.table.met = Some(packet.session);
        let (answer, said) = self.run(bmc, &message, None);
        self.table.met = None;
        let sealed = match self.table.challenged.iter().find(|it| it.id == packet.session) {
            Some(refused) => refused.seal(&answer),
            None => self.seal_legacy(packet.session, &answer, true)?,
        };
        if let Some(place) = self.table.place(packet.session) {
            self.table.open[place].opened_by = Some((packet.payload.to_vec(), sealed.clone()));
        }
        Some(Taken::new(sealed, said))
    }

    fn seal_legacy(&mut self, session: u32, answer: &[u8], signed: bool) -> Option<Vec<u8>> {
        let place = self.table.place(session)?;
        match &mut self.table.open[place].wire {
            Wire::Legacy(wire) => Some(wire.seal(session, answer, signed)),
            Wire::Plus(_) => None,
        }
    }
}

/// Messages, whatever carries them.
impl Lan {
    /// The answer to what came in a session: the one that was given before, where it came before.
    fn in_session(
        &mut self,
        bmc: &Bmc,
        id: u32,
        packet: u32,
        delivered: &Delivered,
    ) -> Option<(Vec<u8>, Option<Said>)> {
        let Visit { from, now } = self.table.visit;
        let place = self.table.place(id)?;
        let session = &mut self.table.open[place];
        let message = Message::read(&delivered.payload)?;
        if let Some(answer) = session.done.answer(&delivered.payload, delivered.again, now) {
            let handle = session.handle;
            let said = self.told(&message, &answer, Some((handle, packet)), true);
            return Some((answer, said));
        }
        if delivered.again || !session.is_open() {
            return None;
        }
        (session.peer, session.last_used, session.opened_by) = (from, now, None);
        let (handle, caller) = (session.handle, session.caller());
        let (answer, said) = self.run(bmc, &message, Some((caller, (handle, packet))));
        if let Some(place) = self.table.place(id) {
            self.table.open[place].done.remember(&delivered.payload, &answer, now);
        }
        Some((answer, said))
    }

    /// The answer to the host itself, which needs no session: completion code and data.
    pub(crate) fn in_band(&mut self, bmc: &Bmc, netfn: u8, lun: u8, number: u8, data: &[u8]) -> Vec<u8> {
        self.follow(&bmc.glance());
        let caller = Caller { channel: Channel::System, session: None };
        let answered = self.carry_out(bmc, &Request { netfn, number, lun, data, caller });
        self.table.end_closing(self.table.visit.now);
        answered
    }

    fn carry_out(&mut self, bmc: &Bmc, request: &Request<'_>) -> Vec<u8> {
        let (look, now) = (bmc.look(), self.table.visit.now);
        let mut kept = bmc.ipmi();
        let mut scene = Scene { bmc, look, now, kept: &mut kept, sessions: &mut self.table };
        dispatch::answered(&mut scene, request)
    }

    /// Carries a message out.
    fn run(
        &mut self,
        bmc: &Bmc,
        message: &Message<'_>,
        session: Option<(command::Session, (u8, u32))>,
    ) -> (Vec<u8>, Option<Said>) {
        let request = Request {
            netfn: message.netfn,
            number: message.number,
            lun: message.lun,
            data: message.data,
            caller: Caller { channel: Channel::Lan, session: session.map(|(caller, _)| caller) },
        };
        let whole = self.carry_out(bmc, &request);
        let answer = message.answered(&whole);
        let said = self.told(message, &answer, session.map(|(_, place)| place), false);
        (answer, said)
    }

    fn told(
        &self,
        message: &Message<'_>,
        answer: &[u8],
        session: Option<(u8, u32)>,
        again: bool,
    ) -> Option<Said> {
        if !self.tells {
            return None;
        }
        let (netfn, number) = (message.netfn, message.number);
        let (asked, answered) = exchange::Command::shown(netfn, number);
        let (completion, body) = answer.get(6..answer.len().checked_sub(1)?)?.split_first()?;
        Some(Said::Command(exchange::Command {
            netfn,
            number,
            name: dispatch::name(netfn, number, message.data),
            data: message.data.iter().take(asked).copied().collect(),
            sequence: message.sequence,
            session,
            completion: *completion,
            answer: body.iter().take(answered).copied().collect(),
            again,
        }))
    }
}

impl Taken {
    fn new(answer: Vec<u8>, said: Option<Said>) -> Self {
        Self { answer: Some(answer), said, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
