//! Power of the host (not of the BMC, which is always on).

use super::words;

/// The host's power state as the BMC reports it.
///
/// Redfish `PowerState` (DSP0268 ComputerSystem) and IPMI chassis power (IPMI v2.0 §28.2) map here. A state
/// that the BMC reports and that is none of these, such as `Paused`, reads as [`PowerState::Unknown`], never as on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerState {
    /// The host is powered.
    PoweredOn,
    /// The host is not powered.
    PoweredOff,
    /// The host is on its way to on.
    PoweringOn,
    /// The host is on its way to off.
    PoweringOff,
    /// The BMC does not say, or says something that is neither.
    Unknown,
}
words!(PowerState {
    PoweredOn = "powered-on",
    PoweredOff = "powered-off",
    PoweringOn = "powering-on",
    PoweringOff = "powering-off",
    Unknown = "unknown",
});

/// What a driver can be asked to do with the host's power. The words are the operations' own: `power.on` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerAction {
    /// Power on. On a host that is on: [`AlreadySo`](super::Change::AlreadySo), and the host does not reset.
    On,
    /// Power off at once, without asking the operating system. On a host that is off: `AlreadySo`.
    Off,
    /// Ask the operating system to shut down (ACPI). On a host that is off: `AlreadySo`. The host may ignore it.
    Shutdown,
    /// Off and on again. A BMC without a power cycle gets off, wait, on; a reset is never a cycle.
    /// On a host that is off: `Conflict`, machine unchanged.
    Cycle,
    /// Reset without leaving the powered state. On a host that is off: `Conflict`.
    Reset,
    /// Raise a non-maskable (diagnostic) interrupt. On a host that is off: `Conflict`.
    Nmi,
}
words!(PowerAction {
    On = "on",
    Off = "off",
    Shutdown = "shutdown",
    Cycle = "cycle",
    Reset = "reset",
    Nmi = "nmi",
});
