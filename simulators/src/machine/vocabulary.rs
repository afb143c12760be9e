//! The machine's words: what it is, what it can be told, and what can happen to it.

use std::{fmt, time::Duration};

/// Gives an enumeration its words.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word that stands for this value in the truth log.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            /// The value that this word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

/// The host's power, with its transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Power {
    /// No power.
    Off,
    /// Between the request and the power good signal.
    PoweringOn,
    /// Powered; POST runs, or the boot, or an operating system.
    On,
    /// Between the request and the power's end; nothing runs any more.
    PoweringOff,
}
words!(Power {
    Off = "powered-off",
    PoweringOn = "powering-on",
    On = "powered-on",
    PoweringOff = "powering-off",
});

/// What a machine can boot from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The network.
    Pxe,
    /// The first hard disk.
    Disk,
    /// A CD, real or virtual.
    Cdrom,
    /// The firmware's setup; nothing is booted.
    Bios,
    /// A USB device.
    Usb,
    /// UEFI HTTP boot.
    Http,
}
words!(Device { Pxe = "pxe", Disk = "disk", Cdrom = "cdrom", Bios = "bios", Usb = "usb", Http = "http" });

/// How long a boot override lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lasting {
    /// The next boot takes it and uses it up.
    Once,
    /// Every boot takes it.
    Continuous,
}
words!(Lasting { Once = "once", Continuous = "continuous" });

/// The firmware mode of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// UEFI.
    Uefi,
    /// PC-compatible BIOS.
    Legacy,
}
words!(Mode { Uefi = "uefi", Legacy = "legacy" });

/// A boot override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Override {
    /// What is booted instead of the default.
    pub device: Device,
    /// For how long.
    pub lasting: Lasting,
    /// In which mode.
    pub mode: Mode,
}

/// The identify light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Led {
    /// Lit.
    Lit,
    /// Dark.
    Unlit,
    /// Blinking.
    Blinking,
}
words!(Led { Lit = "lit", Unlit = "unlit", Blinking = "blinking" });

/// What runs on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// Nothing: it has no power.
    Off,
    /// The firmware's power-on self-test.
    Post,
    /// Something is booting.
    Booting,
    /// An operating system.
    Os,
    /// The firmware's setup, which waits for a person.
    Setup,
    /// An operating system that is shutting down.
    Stopping,
    /// A POST, a boot or an operating system that makes no progress.
    Hung,
}
words!(Host {
    Off = "off",
    Post = "post",
    Booting = "booting",
    Os = "os",
    Setup = "setup",
    Stopping = "stopping",
    Hung = "hung",
});

/// What a BMC asks of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Power on.
    PowerOn,
    /// Cut the power.
    PowerOff,
    /// Press the power button shortly: ask the operating system to stop.
    Shutdown,
    /// Cut the power, pause, power on.
    Cycle,
    /// Pull the reset line.
    Reset,
    /// Raise a non-maskable interrupt.
    Nmi,
    /// Store what the next boot, or every boot, takes.
    SetOverride(Option<Override>),
    /// Switch the identify light.
    SetLed {
        /// What it does from now on.
        led: Led,
        /// After this it goes dark; never without it.
        lasting: Option<Duration>,
    },
    /// Restart the BMC; the host is not touched.
    BmcReset {
        /// Whether it keeps what it can.
        warm: bool,
    },
}

/// What happens beside the BMC: a hand in the machine room, or the host's own will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAct {
    /// The power button is pressed shortly.
    PressPowerButton,
    /// The power cord is pulled.
    PullAc,
    /// The power cord is back.
    RestoreAc,
    /// The operating system ignores ACPI from now on.
    IgnoreAcpi,
    /// The operating system obeys ACPI from now on.
    ObeyAcpi,
    /// The boot under way, or the next one, never finishes.
    HangBoot,
    /// The boot under way, hung or not, is finished now.
    FinishBoot,
    /// The operating system stops making progress.
    HangOs,
    /// The operating system shuts down by its own will, and the power goes off.
    ShutDownOs,
}
words!(HostAct {
    PressPowerButton = "press-power-button",
    PullAc = "pull-ac",
    RestoreAc = "restore-ac",
    IgnoreAcpi = "ignore-acpi",
    ObeyAcpi = "obey-acpi",
    HangBoot = "hang-boot",
    FinishBoot = "finish-boot",
    HangOs = "hang-os",
    ShutDownOs = "shut-down-os",
});

/// Why the machine did not do what it was told; it is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is already so.
    AlreadyThere,
    /// The host has no power, and this needs it.
    HostIsOff,
    /// The power is on its way elsewhere.
    InTransition,
    /// The BMC is restarting, or has no power itself.
    BmcDown,
    /// The firmware says that the host's state stands in the way.
    Conflict,
    /// The firmware wants to be asked again later.
    Busy,
    /// The firmware changes no boot settings while the host is in POST.
    NotDuringPost,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyThere => "the machine is already in that state",
            Self::HostIsOff => "the host is powered off",
            Self::InTransition => "the host's power is in transition",
            Self::BmcDown => "the BMC is down",
            Self::Conflict => "the host's state does not allow it",
            Self::Busy => "the host is not ready yet",
            Self::NotDuringPost => "the host is in POST",
        })
    }
}

impl std::error::Error for Refusal {}

/// Why the host started the last time (IPMI v2.0 §28.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nobody knows.
    Unknown,
    /// The BMC was asked to.
    Command,
    /// The power button.
    PowerButton,
    /// The watchdog.
    Watchdog,
    /// AC power came back, and the policy is to power on.
    AlwaysRestored,
    /// AC power came back, and the host was on before.
    PreviousRestored,
}
words!(Cause {
    Unknown = "unknown",
    Command = "command",
    PowerButton = "power-button",
    Watchdog = "watchdog",
    AlwaysRestored = "always-restored",
    PreviousRestored = "previous-restored",
});

/// Something that happened, in the order in which it happened. No protocol shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log, from 0.
    pub seq: u64,
    /// When, since the machine's birth.
    pub at: Duration,
    /// What: `power.off`, `host.boot:pxe`, …
    pub name: String,
}
