//! Getting into a session: which suite, which role, and what each refusal leads to.
//!
//! Nothing is asked before Open Session. Get Channel Authentication Capabilities and Get Channel Cipher Suites would cost
//! two round trips, and what they say is known to be wrong (ipmi_sim advertises suites 0 to 14 and has six of them; some
//! BMCs refuse the v2.0 bit). Instead suite 17 is offered and, when the BMC says that it does not have it, suite 3: one
//! round trip more for the older half of BMCs, none for the others, and remembered for the driver's life. The wildcard
//! (an algorithm payload of length 0, §13.17) would leave the choice to the BMC, and with it the downgrade to no integrity at all.

use std::time::Duration;

use tokio::time::sleep;
use tokio_rustls::rustls::crypto::SecureRandom;

use super::{
    rmcp::{
        handshake::{Account, Opening, Privilege, Refusal, Trust, status_text},
        packet::{self, PayloadType},
        session::Session,
    },
    wire::{Pace, Silence, Turn, Wire},
};
use crate::{
    driver::{Cause, Deadline, Deviation, Exchange},
    drivers::failure::Failure,
    endpoint::{Seams, Suite},
};

/// How often a handshake that lost its thread is begun anew.
const RESTARTS: u32 = 3;

/// What one handshake taught about the BMC, for the next.
#[derive(Debug, Clone)]
pub(super) struct Learnt {
    suites: &'static [Suite],
    /// The highest role that the BMC has not refused.
    pub(super) role: Privilege,
    /// Whether the BMC's proofs are over the role of Open Session.
    pub(super) odd_role: bool,
}

impl Learnt {
    /// Nothing but what the user demands.
    pub(super) fn new(suite: Option<Suite>) -> Self {
        let suites: &[Suite] = match suite {
            None => &[Suite::Seventeen, Suite::Three],
            Some(Suite::Three) => &[Suite::Three],
            Some(Suite::Seventeen) => &[Suite::Seventeen],
        };
        Self { suites, role: Privilege::Administrator, odd_role: false }
    }

    fn next_suite(&mut self) -> bool {
        let more = self.suites.len() > 1;
        self.suites = if more { &self.suites[1..] } else { self.suites };
        more
    }

    fn lower_role(&mut self) -> bool {
        let lower = Privilege::LADDER.into_iter().find(|level| *level < self.role);
        self.role = lower.unwrap_or(self.role);
        lower.is_some()
    }
}

/// Everything that a login needs.
pub(super) struct Door<'a> {
    pub(super) wire: &'a Wire,
    pub(super) account: &'a Account,
    pub(super) random: &'static dyn SecureRandom,
    pub(super) seams: Seams,
}

impl Door<'_> {
    /// Sets up a session, once; only what the BMC refuses without looking at the password is tried otherwise.
    pub(super) async fn login(&self, learnt: &mut Learnt, by: Deadline) -> Result<Session, Failure> {
        let mut attempts = if self.seams.retries_wrong_password { 5 } else { 1 };
        loop {
            attempts -= 1;
            match self.login_once(learnt, by).await {
                Err(Failure { cause: Cause::Unauthorized, .. }) if attempts > 0 => {}
                outcome => return outcome,
            }
        }
    }

    async fn login_once(&self, learnt: &mut Learnt, by: Deadline) -> Result<Session, Failure> {
        let mut role = learnt.clone();
        let mut restarts = if self.seams.never_retries { 0 } else { RESTARTS };
        let mut doubts = if self.seams.never_retries { 0 } else { 1 };
        let mut backoff = Duration::from_secs(1);
        loop {
            let stop = match self.handshake(&role, by).await {
                Ok((session, odd_role)) => {
                    *learnt = Learnt { odd_role, ..role };
                    return Ok(session);
                }
                Err(stop) => stop,
            };
            match stop.advice() {
                Advice::NextSuite if role.next_suite() => {}
                Advice::LowerRole if role.lower_role() => {}
                Advice::StartAnew if restarts > 0 => restarts -= 1,
                Advice::DoubtOnce if doubts > 0 => doubts -= 1,
                Advice::Wait if backoff < by.left() && !self.seams.never_retries => {
                    sleep(if self.seams.hammers { Duration::from_millis(1) } else { backoff }).await;
                    backoff = (backoff * 2).min(Duration::from_secs(15));
                }
                _ => return Err(stop.failure()),
            }
        }
    }

    async fn handshake(&self, learnt: &Learnt, by: Deadline) -> Result<(Session, bool), Stop> {
        let trust = if self.seams.trusts_any_bmc { Trust::Anyone } else { Trust::Proven };
        let (console_random, [tag, id @ ..]) = (self.random::<16>()?, self.random::<5>()?);
        let console_id = u32::from_le_bytes(id).max(1);
        let takes_zero = self.account.manner.session_id_zero;
        let opening = Opening { tag, suite: learnt.suites[0], role: learnt.role, console_id, takes_zero };

        let mut step = Step::new("open session", PayloadType::OpenSessionResponse, |p| opening.answer(p));
        let request = packet::encode(PayloadType::OpenSessionRequest, &opening.request());
        let opened = self.take(request, &mut step, Pace::patient(self.seams), by).await?;

        let mut step = Step::new("RAKP 2", PayloadType::Rakp2, |p| {
            opened.rakp2(p, &console_random, self.account, trust)
        });
        let request = packet::encode(PayloadType::Rakp1, &opened.rakp1(&console_random, self.account));
        let proven = match self.take(request, &mut step, Pace::brisk(self.seams), by).await {
            Err(
                stop @ (Stop::Refused { refusal: Refusal::Unproven, .. }
                | Stop::Silent { heard: Some(Refusal::Unproven), .. }),
            ) => {
                self.wire.tell(&packet::encode(PayloadType::Rakp3, &opened.reject()));
                return Err(stop);
            }
            other => other?,
        };

        let mut step = Step::new("RAKP 4", PayloadType::Rakp4, |p| proven.rakp4(p, trust));
        let request = packet::encode(PayloadType::Rakp3, &proven.rakp3());
        let session = self.take(request, &mut step, Pace::brisk(self.seams), by).await?;
        Ok((session, proven.has_odd_role()))
    }

    async fn take<T: Send, F: Reader<T>>(
        &self,
        request: Vec<u8>,
        step: &mut Step<F>,
        pace: Pace,
        by: Deadline,
    ) -> Result<T, Stop> {
        match self.wire.exchange(request, step, pace, by).await {
            Ok(Ok(next)) => Ok(next),
            Ok(Err(refusal)) => Err(Stop::Refused { step: step.name, refusal }),
            Err(silence) => Err(Stop::Silent { step: step.name, silence, heard: step.heard }),
        }
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], Stop> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| Stop::NoRandomness)?;
        Ok(bytes)
    }
}

trait Reader<T>: Fn(&[u8]) -> Result<T, Refusal> + Send {}
impl<T, F: Fn(&[u8]) -> Result<T, Refusal> + Send> Reader<T> for F {}

/// One step of the handshake, waiting for its answer.
struct Step<F> {
    name: &'static str,
    expects: PayloadType,
    read: F,
    /// The last refusal that was passed over because a better answer may still come.
    heard: Option<Refusal>,
}

impl<F> Step<F> {
    fn new<T>(name: &'static str, expects: PayloadType, read: F) -> Self
    where
        F: Reader<T>,
    {
        Self { name, expects, read, heard: None }
    }
}

impl<T: Send, F: Fn(&[u8]) -> Result<T, Refusal> + Send> Turn for Step<F> {
    type Answer = Result<T, Refusal>;

    fn accept(&mut self, datagram: &[u8]) -> Option<Self::Answer> {
        let packet = packet::decode(datagram).ok().filter(|p| p.payload_type == self.expects)?;
        match (self.read)(packet.payload) {
            Err(Refusal::NotOurs) => None,
            Err(corrupt @ Refusal::Malformed(_)) => {
                self.heard = Some(corrupt);
                None
            }
            // A code that does not fit may have been corrupted on its way; the retransmission tells. It is the same
            // RAKP 1, byte for byte, and no second attempt on the password.
            Err(Refusal::Unproven) if self.heard != Some(Refusal::Unproven) => {
                self.heard = Some(Refusal::Unproven);
                None
            }
            answer => Some(answer),
        }
    }
}

/// Why a handshake ended without a session.
enum Stop {
    Refused { step: &'static str, refusal: Refusal },
    Silent { step: &'static str, silence: Silence, heard: Option<Refusal> },
    NoRandomness,
}

/// What to do about it.
enum Advice {
    NextSuite,
    LowerRole,
    StartAnew,
    /// As before, but only once: our proof was sent, and a BMC counts proofs that do not fit.
    DoubtOnce,
    Wait,
    GiveUp,
}

impl Stop {
    fn advice(&self) -> Advice {
        match self {
            Self::Refused { refusal: Refusal::OtherSuite, .. } => Advice::NextSuite,
            // The BMC has proven that it knows the password, so that ours was right: it was corrupted on its way.
            Self::Refused { step: "RAKP 4", refusal: Refusal::Status(0x0F) } => Advice::DoubtOnce,
            Self::Refused { refusal: Refusal::Status(status), .. } => match status {
                0x04..=0x07 | 0x10..=0x12 => Advice::NextSuite,
                0x09 | 0x0A | 0x0D => Advice::LowerRole,
                0x02 | 0x08 => Advice::StartAnew,
                0x01 | 0x0B | 0xC0 => Advice::Wait,
                _ => Advice::GiveUp,
            },
            // Whoever never answered Open Session is not there; whoever answered it and fell silent
            // may have lost one datagram and ignores its repetition (ipmi_sim of 2026).
            Self::Silent { step, silence, heard: None } if *step != "open session" && !silence.deadline => {
                Advice::StartAnew
            }
            _ => Advice::GiveUp,
        }
    }

    fn failure(self) -> Failure {
        match self {
            Self::Refused { step, refusal } => refused(step, refusal),
            Self::Silent { step, heard: Some(refusal), .. } => refused(step, refusal),
            Self::Silent { step, silence, heard: None } => Failure::new(
                Cause::Unreachable { reason: silence.reason },
                Exchange::Session { step, status: None },
            ),
            Self::NoRandomness => {
                Cause::Internal { reason: "the system gives no random numbers".to_owned() }.into()
            }
        }
    }
}

fn refused(step: &'static str, refusal: Refusal) -> Failure {
    let (cause, status) = match refusal {
        Refusal::Status(status) => (status_cause(status), Some(status)),
        Refusal::Unproven => (Cause::Unauthorized, None),
        Refusal::Malformed(malformed) => (Cause::Deviation(malformed.into()), None),
        Refusal::OtherSuite => (
            Cause::Deviation(Deviation::NotTheProtocol {
                reason: "another cipher suite was taken than the one offered".to_owned(),
            }),
            None,
        ),
        Refusal::NotOurs => (Cause::Internal { reason: "took a foreign answer".to_owned() }, None),
    };
    Failure::new(cause, Exchange::Session { step, status })
}

fn status_cause(status: u8) -> Cause {
    match status {
        0x01 | 0x0B | 0xC0 => Cause::Busy { retry_after: None },
        0x0C..=0x0F => Cause::Unauthorized,
        0x09 | 0x0A => Cause::Denied,
        _ => {
            Cause::Refused { code: format!("status {status:02X}h"), message: status_text(status).to_owned() }
        }
    }
}
