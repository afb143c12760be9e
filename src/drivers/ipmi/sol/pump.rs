//! What keeps a console going: packets to and from the BMC, repetitions, and a word now and then that keeps the session alive.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{
    SOL_1,
    stream::{End, Item, Shared},
};
use crate::{
    driver::Deadline,
    drivers::ipmi::{
        call::Call,
        command::Command,
        link::Parts,
        rmcp::{
            message::{self, Request},
            packet::{self, PayloadType},
            sol::{self, Delivery, Line},
        },
        wire::Pace,
    },
};

/// Deactivate Payload (§24.2).
const DEACTIVATE: Command = Command::read("Deactivate Payload", 0x06, 0x49);
/// Close Session (§22.19).
const CLOSE_SESSION: Command = Command::read("Close Session", 0x06, 0x3C);
/// Get Device ID (§20.1), which keeps a session alive and changes nothing.
const ALIVE: (u8, u8) = (0x06, 0x01);

/// How long a packet waits for its acknowledgement before it is repeated, in milliseconds; then the line is lost.
const REPEAT: [u64; 10] = [250, 250, 500, 500, 1000, 1000, 1000, 2000, 2000, 2000];
/// How long characters wait that the BMC does not take now.
const LATER: Duration = Duration::from_secs(1);
/// How long the BMC may be silent before it is asked whether it is there; ipmi_sim ends a session after 30 s.
const QUIET: Duration = Duration::from_secs(15);
/// How often it is asked, and how long each time.
const ASKED: u32 = 5;
const ANSWER: Duration = Duration::from_secs(2);
/// How long what was written may take to be delivered once the console is closed.
const LINGER: Duration = Duration::from_secs(3);
const FAREWELL: Duration = Duration::from_secs(2);
const LARGEST: usize = 2048;

/// A console's end of the line and its session.
pub(super) struct Pump {
    parts: Parts,
    line: Line,
    shared: Arc<Shared>,
    /// When the packet under way is repeated, and how often it was.
    repeat: Option<(Instant, usize)>,
    /// The question whether the BMC is there: its number, its datagram, when it is asked again, how often it was asked.
    question: Option<(u8, Vec<u8>, Instant, u32)>,
    heard: Instant,
    closing: Option<Instant>,
}

impl Pump {
    pub(super) fn new(parts: Parts, line: Line, shared: Arc<Shared>) -> Self {
        Self { parts, line, shared, repeat: None, question: None, heard: Instant::now(), closing: None }
    }

    /// Until the console ends, whoever ends it.
    pub(super) async fn run(mut self) {
        let end = loop {
            match self.step().await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        self.say_farewell(&end).await;
        self.shared.end(end);
    }

    async fn step(&mut self) -> Result<(), End> {
        self.consider_closing()?;
        self.offer().await;
        let mut buffer = [0; LARGEST];
        let wake = self.wake();
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            received = self.parts.wire.receive(&mut buffer) => self.take(&buffer[..received]).await,
            () = shared.changed.notified() => Ok(()),
            () = sleep_until(wake) => self.repeat_what_is_due().await,
        }
    }

    fn consider_closing(&mut self) -> Result<(), End> {
        let state = self.shared.state();
        if !state.closing {
            return Ok(());
        }
        let since = *self.closing.get_or_insert_with(Instant::now);
        if state.is_flushed() || since.elapsed() >= LINGER { Err(End::Closed) } else { Ok(()) }
    }

    /// Sends what is next, if nothing is under way, and says that there is room again.
    async fn offer(&mut self) {
        let resumes = {
            let mut state = self.shared.state();
            let resumes = state.stalled && state.room() > 0;
            state.stalled &= !resumes;
            resumes
        };
        if let Some(packet) = self.line.resume().filter(|_| resumes) {
            self.send(&packet).await;
        }
        if self.line.is_busy() {
            return;
        }
        let Some(packet) = self.next_packet() else { return };
        self.repeat = Some((after(REPEAT[0]), 0));
        self.send(&packet).await;
    }

    fn next_packet(&mut self) -> Option<Vec<u8>> {
        let mut state = self.shared.state();
        let packet = match state.outbound.front()? {
            Item::Break => {
                state.outbound.pop_front();
                self.line.send_break()
            }
            Item::Character(_) => {
                let mut data = Vec::with_capacity(self.line.limit());
                while let Some(Item::Character(byte)) =
                    state.outbound.front().copied().filter(|_| data.len() < self.line.limit())
                {
                    data.push(byte);
                    state.outbound.pop_front();
                }
                self.line.send(&data)
            }
        };
        state.under_way = true;
        state.wake_writers();
        Some(packet)
    }

    async fn send(&mut self, payload: &[u8]) {
        // Sealed anew each time: it is the line's own number that tells a repetition, and the session's must not be seen twice.
        if let Some(vector) = self.parts.vector() {
            let datagram = self.parts.session.seal_as(PayloadType::Sol, payload, vector);
            self.parts.wire.tell(&datagram);
        }
    }

    fn wake(&self) -> Instant {
        let alive = self.question.as_ref().map_or(self.heard + QUIET, |(_, _, at, _)| *at);
        let closing = self.closing.map_or(alive, |since| since + LINGER);
        let repeat = self.repeat.filter(|_| self.line.is_busy()).map_or(alive, |(at, _)| at);
        alive.min(closing).min(repeat)
    }

    async fn repeat_what_is_due(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if let Some((_, times)) = self.repeat.filter(|(at, _)| *at <= now && self.line.is_busy()) {
            let most = if self.parts.seams.never_retries { 0 } else { REPEAT.len() };
            let wait = REPEAT[..most].get(times + 1).ok_or_else(|| lost("takes no characters"))?;
            self.repeat = Some((after(*wait), times + 1));
            let is_new = self.parts.seams.new_sequence_on_retry;
            let packet = if is_new { self.line.again_as_new() } else { self.line.again() };
            self.send(&packet.unwrap_or_default()).await;
        }
        match self.question.take() {
            Some((_, _, at, ASKED)) if at <= now => return Err(lost("does not answer any more")),
            Some((number, datagram, at, times)) if at <= now => {
                self.parts.wire.tell(&datagram);
                self.question = Some((number, datagram, now + ANSWER, times + 1));
            }
            None if self.heard + QUIET <= now => self.ask().await,
            waiting => self.question = waiting,
        }
        Ok(())
    }

    async fn ask(&mut self) {
        let Some(vector) = self.parts.vector() else { return };
        self.parts.sequence = (self.parts.sequence + 1) & 0x3F;
        let (sequence, (netfn, command)) = (self.parts.sequence, ALIVE);
        let request = Request { netfn, lun: 0, command, sequence, data: &[] };
        let datagram = self.parts.session.seal_request(&request, vector);
        self.parts.wire.tell(&datagram);
        self.question = Some((sequence, datagram, Instant::now() + ANSWER, 1));
    }

    /// Takes a datagram; what is not of this session is nobody's.
    async fn take(&mut self, datagram: &[u8]) -> Result<(), End> {
        let Ok(packet) = packet::decode(datagram) else { return Ok(()) };
        let Ok(plain) = self.parts.session.open_any(&packet) else { return Ok(()) };
        self.heard = Instant::now();
        match packet.payload_type {
            PayloadType::Sol => match sol::decode(&plain) {
                Ok(packet) => self.take_packet(&packet).await,
                Err(_) => Ok(()),
            },
            PayloadType::Ipmi => self.take_message(&plain),
            _ => Ok(()),
        }
    }

    async fn take_packet(&mut self, packet: &sol::Packet<'_>) -> Result<(), End> {
        let heard = {
            let mut state = self.shared.state();
            let heard = self.line.hear(packet, state.room());
            state.receive(&heard.data);
            state.stalled |= heard.data.len() < packet.data.len() && state.room() == 0;
            state.under_way = self.line.is_busy();
            if heard.delivery.is_some() {
                state.wake_writers();
            }
            heard
        };
        if let Some(answer) = &heard.answer {
            self.send(answer).await;
        }
        match heard.delivery {
            Some(Delivery::Whole) => self.repeat = None,
            Some(Delivery::Part) => {
                self.repeat = Some((after(REPEAT[0]), 0));
                if let Some(rest) = self.line.again() {
                    self.send(&rest).await;
                }
            }
            Some(Delivery::Later) => self.repeat = Some((Instant::now() + LATER, 0)),
            None => {}
        }
        if heard.ended { Err(End::Deactivated) } else { Ok(()) }
    }

    /// The answer to the question, or the payload that is too short to be one, by which some say that the console has ended.
    fn take_message(&mut self, plain: &[u8]) -> Result<(), End> {
        let Ok(message) = message::decode(plain) else { return Err(End::Deactivated) };
        let asked = self.question.as_ref().map(|(number, ..)| *number);
        if asked == Some(message.sequence) && (message.netfn, message.command) == (ALIVE.0 | 1, ALIVE.1) {
            self.question = None;
        }
        Ok(())
    }

    /// Deactivates the payload, unless that is done, and closes the session, unless nobody is there.
    async fn say_farewell(&mut self, end: &End) {
        if self.parts.seams.leaves_session || matches!(end, End::Lost(_)) {
            return;
        }
        let id = self.parts.session.bmc_id().to_le_bytes();
        if *end == End::Closed {
            self.order(&DEACTIVATE, &[&SOL_1[..], &[0; 4]].concat()).await;
        }
        self.order(&CLOSE_SESSION, &id).await;
    }

    async fn order(&mut self, command: &Command, data: &[u8]) {
        let Parts { wire, session, sequence, random, seams } = &mut self.parts;
        let Ok(mut call) = Call::new(session, (*random, *seams), sequence, command, data) else { return };
        let datagram = call.datagram();
        // Gone either way: a BMC that does not hear it forgets the session after a minute.
        let _ = wire.exchange(datagram, &mut call, Pace::brisk(*seams), Deadline::after(FAREWELL)).await;
    }
}

fn after(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

fn lost(how: &str) -> End {
    End::Lost(format!("the BMC {how}, and the console with it is lost"))
}
