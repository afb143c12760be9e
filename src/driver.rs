//! The contract: what every driver offers, what it answers, and the closed set of ways in which it fails.

use std::{collections::BTreeSet, fmt, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;

pub use crate::deviation::Deviation;
use crate::model::{
    BmcReset, BootDevice, BootDuration, BootMode, BootOverride, Change, Identify, Identity, PowerAction,
    PowerState, SetIdentify, words,
};

/// A driver's answer or its failure.
pub type Reply<T> = Result<Answer<T>, DriverError>;

/// One BMC over one protocol.
///
/// The rules that hold for every operation:
/// - An operation that is not claimed in [`Driver::capabilities`] returns [`Cause::Unsupported`] without touching the wire.
/// - A changing operation returns when the BMC has accepted it, not when the state has arrived.
/// - It returns by its deadline, with an error if need be. Dropping the future cancels it.
/// - After a changing request whose answer was lost it returns [`Cause::OutcomeUnknown`] and does not repeat the request.
#[async_trait]
pub trait Driver: Send + Sync {
    /// The driver's name in the registry.
    fn name(&self) -> &'static str;

    /// What this driver can do; constant over its life.
    fn capabilities(&self) -> &Capabilities;

    /// `power.read`: the host's power state.
    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        let _ = by;
        Err(DriverError::unsupported(Operation::PowerRead))
    }

    /// `power.on`, `power.off`, `power.shutdown`, `power.cycle`, `power.reset`, `power.nmi`.
    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        let _ = by;
        Err(DriverError::unsupported(Operation::of_power(action)))
    }

    /// `boot.override.get`: what the next boot takes instead of the configured order.
    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        let _ = by;
        Err(DriverError::unsupported(Operation::BootOverrideGet))
    }

    /// `boot.override.set`. Device and duration that do not fit together are [`Cause::InvalidArgument`].
    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        let _ = (to, by);
        Err(DriverError::unsupported(Operation::BootOverrideSet))
    }

    /// `identify.get`: what the identify light does.
    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        let _ = by;
        Err(DriverError::unsupported(Operation::IdentifyGet))
    }

    /// `identify.set`.
    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        let _ = (to, by);
        Err(DriverError::unsupported(Operation::IdentifySet))
    }

    /// `identity.read`: who the machine is.
    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        let _ = by;
        Err(DriverError::unsupported(Operation::IdentityRead))
    }

    /// `bmc.reset`: restarts the BMC, not the host. The session does not survive; the next operation logs in again.
    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        let _ = (kind, by);
        Err(DriverError::unsupported(Operation::BmcReset))
    }

    /// Ends the session politely, within a few seconds; errors are nobody's concern any more.
    async fn close(&self) {}
}

/// The operations of the contract, by their names in scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Read the power state.
    PowerRead,
    /// Power on.
    PowerOn,
    /// Power off at once.
    PowerOff,
    /// Ask the operating system to shut down.
    PowerShutdown,
    /// Off and on.
    PowerCycle,
    /// Reset.
    PowerReset,
    /// Diagnostic interrupt.
    PowerNmi,
    /// Read the boot override.
    BootOverrideGet,
    /// Set the boot override.
    BootOverrideSet,
    /// Read the identify light.
    IdentifyGet,
    /// Set the identify light.
    IdentifySet,
    /// Read the identity.
    IdentityRead,
    /// Restart the BMC.
    BmcReset,
}
words!(Operation {
    PowerRead = "power.read",
    PowerOn = "power.on",
    PowerOff = "power.off",
    PowerShutdown = "power.shutdown",
    PowerCycle = "power.cycle",
    PowerReset = "power.reset",
    PowerNmi = "power.nmi",
    BootOverrideGet = "boot.override.get",
    BootOverrideSet = "boot.override.set",
    IdentifyGet = "identify.get",
    IdentifySet = "identify.set",
    IdentityRead = "identity.read",
    BmcReset = "bmc.reset",
});

impl Operation {
    /// The operation that carries out a power action.
    pub const fn of_power(action: PowerAction) -> Self {
        match action {
            PowerAction::On => Self::PowerOn,
            PowerAction::Off => Self::PowerOff,
            PowerAction::Shutdown => Self::PowerShutdown,
            PowerAction::Cycle => Self::PowerCycle,
            PowerAction::Reset => Self::PowerReset,
            PowerAction::Nmi => Self::PowerNmi,
        }
    }

    /// The power action that this operation carries out, if it is one.
    pub const fn power_action(self) -> Option<PowerAction> {
        match self {
            Self::PowerOn => Some(PowerAction::On),
            Self::PowerOff => Some(PowerAction::Off),
            Self::PowerShutdown => Some(PowerAction::Shutdown),
            Self::PowerCycle => Some(PowerAction::Cycle),
            Self::PowerReset => Some(PowerAction::Reset),
            Self::PowerNmi => Some(PowerAction::Nmi),
            _ => None,
        }
    }

    /// Whether it asks for a change.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::PowerRead | Self::BootOverrideGet | Self::IdentifyGet | Self::IdentityRead)
    }
}

/// The protocol that an answer was obtained over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// DMTF Redfish (DSP0266).
    Redfish,
    /// IPMI v2.0 over LAN (RMCP+).
    Ipmi,
}
words!(Protocol { Redfish = "redfish", Ipmi = "ipmi" });

/// What a driver claims: exactly this works, everything else is [`Cause::Unsupported`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The protocols it speaks.
    pub protocols: BTreeSet<Protocol>,
    /// The operations it carries out.
    pub operations: BTreeSet<Operation>,
    /// The devices that `boot.override.set` takes, `none` aside.
    pub boot_devices: BTreeSet<BootDevice>,
    /// The durations that `boot.override.set` takes, `none` aside.
    pub boot_durations: BTreeSet<BootDuration>,
    /// The modes that `boot.override.set` takes.
    pub boot_modes: BTreeSet<BootMode>,
    /// The states that `identify.set` takes.
    pub identify_states: BTreeSet<Identify>,
    /// Whether `identify.set` takes a duration.
    pub identify_for: bool,
    /// The kinds that `bmc.reset` takes.
    pub bmc_resets: BTreeSet<BmcReset>,
}

impl Capabilities {
    /// Every claim as a word: operations, and qualifiers such as `boot.device:pxe` or `protocol:ipmi`.
    pub fn words(&self) -> BTreeSet<String> {
        let qualified = |kind: &str, words: Vec<&'static str>| {
            words.into_iter().map(|w| format!("{kind}:{w}")).collect::<Vec<_>>()
        };
        let mut all: BTreeSet<String> = self.operations.iter().map(|o| o.to_string()).collect();
        all.extend(qualified("protocol", self.protocols.iter().map(|p| p.word()).collect()));
        all.extend(qualified("boot.device", self.boot_devices.iter().map(|d| d.word()).collect()));
        all.extend(qualified("boot.duration", self.boot_durations.iter().map(|d| d.word()).collect()));
        all.extend(qualified("boot.mode", self.boot_modes.iter().map(|m| m.word()).collect()));
        all.extend(qualified("identify", self.identify_states.iter().map(|s| s.word()).collect()));
        all.extend(qualified("bmc.reset", self.bmc_resets.iter().map(|k| k.word()).collect()));
        if self.identify_for {
            all.insert("identify:for".to_owned());
        }
        all
    }

    /// Every word that any driver could claim, for checking what a scenario requires.
    pub fn vocabulary() -> BTreeSet<String> {
        let all = Self {
            protocols: Protocol::ALL.iter().copied().collect(),
            operations: Operation::ALL.iter().copied().collect(),
            boot_devices: BootDevice::ALL.iter().copied().filter(|d| *d != BootDevice::None).collect(),
            boot_durations: BootDuration::ALL.iter().copied().filter(|d| *d != BootDuration::None).collect(),
            boot_modes: BootMode::ALL.iter().copied().collect(),
            identify_states: Identify::ALL.iter().copied().filter(|s| *s != Identify::Unknown).collect(),
            identify_for: true,
            bmc_resets: BmcReset::ALL.iter().copied().collect(),
        };
        all.words()
    }
}

/// When an operation has to have returned. On tokio's clock, so that a paused clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// From now on, this long.
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// The instant itself.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// What is left of it; zero when it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The earlier of this deadline and `limit` from now.
    pub fn or_after(self, limit: Duration) -> Self {
        self.min(Self::after(limit))
    }
}

/// A value, the protocol it was obtained over, and what was forgiven on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// How it was obtained.
    pub protocol: Protocol,
    /// Where the BMC departed from its standard and was understood all the same.
    pub notes: Vec<Note>,
}

/// A departure from the standard that did not matter for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(pub Deviation);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "forgave: {}", self.0)
    }
}

/// What was under way on the wire when something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// An IPMI command (IPMI v2.0 appendix G).
    Ipmi {
        /// Network function.
        netfn: u8,
        /// Command.
        command: u8,
        /// Completion code, if an answer came.
        completion: Option<u8>,
    },
    /// A step of setting up an RMCP+ session (IPMI v2.0 §13.17 and after).
    Session {
        /// The step, such as `open session` or `RAKP 2`.
        step: &'static str,
        /// The RMCP+ status code, if an answer came.
        status: Option<u8>,
    },
    /// An HTTP request.
    Http {
        /// Its method.
        method: String,
        /// Its path.
        path: String,
        /// The status, if an answer came.
        status: Option<u16>,
        /// The first Redfish MessageId of the answer.
        message_id: Option<String>,
    },
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipmi { netfn, command, completion } => {
                write!(f, "netfn {netfn:02X}h command {command:02X}h")?;
                completion.map_or(Ok(()), |code| write!(f, " → {code:02X}h"))
            }
            Self::Session { step, status } => {
                write!(f, "{step}")?;
                status.map_or(Ok(()), |code| write!(f, " → status {code:02X}h"))
            }
            Self::Http { method, path, status, message_id } => {
                write!(f, "{method} {path}")?;
                status.map_or(Ok(()), |code| write!(f, " → {code}"))?;
                message_id.as_ref().map_or(Ok(()), |id| write!(f, " {id}"))
            }
        }
    }
}

/// A failed operation: what was asked, over which protocol, whose fault it is, and where on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverError {
    /// The operation that failed.
    pub operation: Operation,
    /// The protocol, if one was touched.
    pub protocol: Option<Protocol>,
    /// Why, by culprit.
    pub cause: Cause,
    /// The last exchange, if there was one.
    pub at: Option<Exchange>,
}

/// Why an operation failed: a closed set, sorted by culprit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The driver does not do this. Nothing was sent.
    Unsupported,
    /// The caller asked for something that makes no sense. Nothing was sent.
    InvalidArgument {
        /// What is wrong with it.
        reason: String,
    },
    /// The BMC refused the credentials, or could not prove that it knows them.
    Unauthorized,
    /// The account lacks the privilege.
    Denied,
    /// The BMC said no; the machine is unchanged.
    Refused {
        /// Its code: an HTTP status or a completion code, as text.
        code: String,
        /// Its message, or what the code stands for.
        message: String,
    },
    /// The machine is in a state in which this cannot be done; it is unchanged.
    Conflict {
        /// What stands in the way.
        reason: String,
    },
    /// The BMC is busy, or out of sessions.
    Busy {
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// What is needed is not there.
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// No answer, and nothing that can change the machine was sent.
    Unreachable {
        /// What happened instead.
        reason: String,
    },
    /// A changing request was sent and its answer did not come: the machine may have changed.
    OutcomeUnknown {
        /// What happened instead.
        reason: String,
    },
    /// A task that the BMC had accepted failed.
    TaskFailed {
        /// What it said.
        message: String,
    },
    /// The BMC broke its standard so that it could not be understood.
    Deviation(Deviation),
    /// A defect of the driver.
    Internal {
        /// What went wrong.
        reason: String,
    },
}

impl Cause {
    /// Every kind, as scenarios name it.
    pub const KINDS: &'static [&'static str] = &[
        "unsupported",
        "invalid-argument",
        "unauthorized",
        "denied",
        "refused",
        "conflict",
        "busy",
        "not-found",
        "unreachable",
        "outcome-unknown",
        "task-failed",
        "deviation",
        "internal",
    ];

    /// The kind of this cause: one of [`Cause::KINDS`].
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::InvalidArgument { .. } => "invalid-argument",
            Self::Unauthorized => "unauthorized",
            Self::Denied => "denied",
            Self::Refused { .. } => "refused",
            Self::Conflict { .. } => "conflict",
            Self::Busy { .. } => "busy",
            Self::NotFound { .. } => "not-found",
            Self::Unreachable { .. } => "unreachable",
            Self::OutcomeUnknown { .. } => "outcome-unknown",
            Self::TaskFailed { .. } => "task-failed",
            Self::Deviation(_) => "deviation",
            Self::Internal { .. } => "internal",
        }
    }

    /// Whether the same operation may simply be tried again later.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable { .. })
    }
}

impl DriverError {
    /// An operation that the driver does not claim.
    pub const fn unsupported(operation: Operation) -> Self {
        Self { operation, protocol: None, cause: Cause::Unsupported, at: None }
    }

    /// An argument that makes no sense.
    pub fn invalid(operation: Operation, reason: impl Into<String>) -> Self {
        Self { operation, protocol: None, cause: Cause::InvalidArgument { reason: reason.into() }, at: None }
    }

    /// The kind of its cause: one of [`Cause::KINDS`].
    pub const fn kind(&self) -> &'static str {
        self.cause.kind()
    }

    /// Whether the same operation may simply be tried again later; false when the outcome is unknown.
    pub const fn retryable(&self) -> bool {
        self.cause.retryable()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("this driver does not do that; nothing was sent"),
            Self::InvalidArgument { reason } => write!(f, "{reason}; nothing was sent"),
            Self::Unauthorized => f.write_str("the BMC refused the credentials"),
            Self::Denied => f.write_str("the account lacks the privilege for it"),
            Self::Refused { code, message } => write!(f, "the BMC refused it ({code}): {message}"),
            Self::Conflict { reason } => write!(f, "{reason}; the machine is unchanged"),
            Self::Busy { retry_after: Some(after) } => {
                write!(f, "the BMC is busy and asks to try again in {} s", after.as_secs())
            }
            Self::Busy { retry_after: None } => f.write_str("the BMC is busy"),
            Self::NotFound { what } => write!(f, "the BMC has no {what}"),
            Self::Unreachable { reason } => write!(f, "the BMC does not answer: {reason}"),
            Self::OutcomeUnknown { reason } => {
                write!(
                    f,
                    "the request was sent and its answer did not come ({reason}): the machine may have changed"
                )
            }
            Self::TaskFailed { message } => write!(f, "the BMC accepted it and its task failed: {message}"),
            Self::Deviation(deviation) => write!(f, "the BMC breaks its standard: {deviation}"),
            Self::Internal { reason } => write!(f, "defect of the driver: {reason}"),
        }
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.cause)?;
        self.at.as_ref().map_or(Ok(()), |at| write!(f, " [{at}]"))
    }
}

impl std::error::Error for DriverError {}
