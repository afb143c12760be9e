//! The contract: what every driver offers, what it answers, and the closed set of ways in which it fails.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;

pub use crate::{capabilities::Capabilities, deviation::Deviation, operation::Operation};
use crate::{
    console::Console,
    model::{
        Account, AccountId, AccountUpdate, Bios, BiosChanges, BmcClock, BmcNetwork, BmcReset, BootOrder,
        BootOverride, Change, EventLog, Fru, Identify, Identity, InsertMedia, Inventory, MediaSlot,
        MediaSlotId, NewAccount, PowerAction, PowerMetrics, PowerState, Sensor, SetIdentify, Timestamp,
        VendorAnswer, VendorCall, words,
    },
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

    /// `fru.read`: what the machine's own FRU inventory says, area by area.
    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        let _ = by;
        Err(DriverError::unsupported(Operation::FruRead))
    }

    /// `sensors.read`: every sensor with its reading; one that cannot be read has no value, never zero.
    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        let _ = by;
        Err(DriverError::unsupported(Operation::SensorsRead))
    }

    /// `power.metrics`: what the machine consumes. A BMC that does not measure it is [`Cause::NotFound`].
    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        let _ = by;
        Err(DriverError::unsupported(Operation::PowerMetrics))
    }

    /// `log.list`: the event log, the oldest entry first.
    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        let _ = by;
        Err(DriverError::unsupported(Operation::LogList))
    }

    /// `log.clear`: erases the event log. A log without entries is [`Change::AlreadySo`].
    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        let _ = by;
        Err(DriverError::unsupported(Operation::LogClear))
    }

    /// `accounts.list`: the BMC's accounts; slots without a name are left out.
    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        let _ = by;
        Err(DriverError::unsupported(Operation::AccountsList))
    }

    /// `accounts.create`: the account as it was made. A name or an ID that is taken, and a full BMC, are
    /// [`Cause::Conflict`]. What fails on the way is taken back.
    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        let _ = (account, by);
        Err(DriverError::unsupported(Operation::AccountsCreate))
    }

    /// `accounts.update`. An account that is not there is [`Cause::NotFound`].
    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        let _ = (id, to, by);
        Err(DriverError::unsupported(Operation::AccountsUpdate))
    }

    /// `accounts.delete`. An account that is not there is [`Change::AlreadySo`].
    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        let _ = (id, by);
        Err(DriverError::unsupported(Operation::AccountsDelete))
    }

    /// `console.open`: the host's serial console. One that is in use by another is [`Cause::Conflict`].
    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        let _ = by;
        Err(DriverError::unsupported(Operation::ConsoleOpen))
    }

    /// `bmc.clock.get`.
    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        let _ = by;
        Err(DriverError::unsupported(Operation::BmcClockGet))
    }

    /// `bmc.clock.set`.
    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        let _ = (to, by);
        Err(DriverError::unsupported(Operation::BmcClockSet))
    }

    /// `bmc.network.read`: the interface of the BMC that this driver reaches.
    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        let _ = by;
        Err(DriverError::unsupported(Operation::BmcNetworkRead))
    }

    /// `media.list`: the slots of virtual media and what is in them. A BMC without any is [`Cause::NotFound`].
    async fn media(&self, by: Deadline) -> Reply<Vec<MediaSlot>> {
        let _ = by;
        Err(DriverError::unsupported(Operation::MediaList))
    }

    /// `media.insert`: the slot as it is then. Slots that are all in use are [`Cause::Conflict`]; none for that kind of
    /// medium is [`Cause::NotFound`]. An image that is in such a slot already stays there.
    async fn insert_media(&self, medium: &InsertMedia, by: Deadline) -> Reply<MediaSlot> {
        let _ = (medium, by);
        Err(DriverError::unsupported(Operation::MediaInsert))
    }

    /// `media.eject`. An empty slot is [`Change::AlreadySo`].
    async fn eject_media(&self, slot: &MediaSlotId, by: Deadline) -> Reply<Change> {
        let _ = (slot, by);
        Err(DriverError::unsupported(Operation::MediaEject))
    }

    /// `bios.read`: the settings of the host's firmware, what is pending of them, and secure boot.
    async fn bios(&self, by: Deadline) -> Reply<Bios> {
        let _ = by;
        Err(DriverError::unsupported(Operation::BiosRead))
    }

    /// `bios.set`: pending until the host starts the next time; it is not started for that. What the BMC does not know of,
    /// or cannot be set to that, is [`Cause::Refused`], and then nothing is changed.
    async fn set_bios(&self, to: &BiosChanges, by: Deadline) -> Reply<Change> {
        let _ = (to, by);
        Err(DriverError::unsupported(Operation::BiosSet))
    }

    /// `inventory.read`: the parts of the machine.
    async fn inventory(&self, by: Deadline) -> Reply<Inventory> {
        let _ = by;
        Err(DriverError::unsupported(Operation::InventoryRead))
    }

    /// `boot.order.get`: what is booted where nothing overrides it, the first first.
    async fn boot_order(&self, by: Deadline) -> Reply<BootOrder> {
        let _ = by;
        Err(DriverError::unsupported(Operation::BootOrderGet))
    }

    /// `boot.order.set`: these entries first, in this order; those that are not named follow in the order that they have.
    /// Naming none, or one twice, is [`Cause::InvalidArgument`]; one that there is not is [`Cause::NotFound`]. A BMC may
    /// keep the order until the host starts: then it is [`BootOrder::pending`].
    async fn set_boot_order(&self, first: &[String], by: Deadline) -> Reply<Change> {
        let _ = (first, by);
        Err(DriverError::unsupported(Operation::BootOrderSet))
    }

    /// `vendor.call`: a raw command. The BMC's refusal of it is an answer, not an error; but over Redfish 401, 403, 404 and
    /// 405 are [`Cause::Unauthorized`], [`Cause::Denied`], [`Cause::NotFound`] and [`Cause::Refused`], since nothing that
    /// could judge it was reached. A call of another protocol than the driver's, or one that leads away from the service, is
    /// [`Cause::InvalidArgument`].
    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        let _ = (call, by);
        Err(DriverError::unsupported(Operation::VendorCall))
    }

    /// Ends the session politely, within a few seconds; errors are nobody's concern any more.
    async fn close(&self) {}
}

/// The protocol that an answer was obtained over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// DMTF Redfish (DSP0266).
    Redfish,
    /// IPMI v2.0 over LAN (RMCP+).
    Ipmi,
    /// A maker's own shell over SSH (RFC 4251). It has no door of its own: the one of Redfish leads to it, with its account.
    Ssh,
}
words!(Protocol { Redfish = "redfish", Ipmi = "ipmi", Ssh = "ssh" });

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
    /// A program: one of the maker's, or the system's SSH client.
    Tool {
        /// Its name.
        program: String,
        /// Its exit code; `None` where it was not started, or was killed.
        exit: Option<i32>,
        /// What it said last, or where it is to be had; no secret.
        said: String,
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
            Self::Tool { program, exit, said } => {
                write!(f, "{program}")?;
                exit.map_or(Ok(()), |code| write!(f, " → exit {code}"))?;
                if said.is_empty() { Ok(()) } else { write!(f, ": {said}") }
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
    /// Somebody answers whose certificate or host key does not verify: nothing was sent, and another attempt is no better. Its kind is the one
    /// of [`Unreachable`](Self::Unreachable).
    Untrusted {
        /// What is wrong with it, and how it could be trusted.
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
            Self::Unreachable { .. } | Self::Untrusted { .. } => "unreachable",
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
            Self::Untrusted { reason } => {
                write!(f, "who answers is not trusted, and was told nothing: {reason}")
            }
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
