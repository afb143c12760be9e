//! What can be typed after `halmark boot`, `identify`, `sensors` and so on, one row for each area of the contract.
//! What it means is [`super::meant`]'s.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{
    Args as Group, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use halmark::{
    AccountProtocol, BiosValue, BmcReset, BootDevice, BootDuration, BootMode, Identify, MediaKind, Role,
    Timestamp, model::Bytes,
};

use super::{door::Door, outcome::AFTER_HELP};

/// The areas of the contract, beside `power`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Read or set what the next boot takes instead of the configured order, and that order.
    #[command(after_help = AFTER_HELP)]
    Boot(On<Boot>),
    /// Read or set the identify light.
    #[command(after_help = AFTER_HELP)]
    Identify(On<Light>),
    /// Tell who the machine is: UUID, vendor, model, serial numbers, versions.
    #[command(after_help = AFTER_HELP)]
    Identity(Plain),
    /// Tell what the machine is made of.
    #[command(after_help = AFTER_HELP)]
    Inventory(On<Inventory>),
    /// Read every sensor.
    #[command(after_help = AFTER_HELP)]
    Sensors(Plain),
    /// Read what the machine consumes.
    #[command(after_help = AFTER_HELP)]
    Metrics(Plain),
    /// List or clear the event log.
    #[command(after_help = AFTER_HELP)]
    Log(On<Log>),
    /// List, create, change or delete the BMC's accounts.
    #[command(after_help = AFTER_HELP)]
    Accounts(On<Accounts>),
    /// List, insert or eject virtual media.
    #[command(after_help = AFTER_HELP)]
    Media(On<Media>),
    /// Read or change the settings of the host's firmware.
    #[command(after_help = AFTER_HELP)]
    Bios(On<Bios>),
    /// Open the host's serial console; ~. at the start of a line ends it.
    #[command(after_help = CONSOLE)]
    Console(Box<Console>),
    /// Restart the BMC itself, read and set its clock and network; and the inventory: which BMCs there are.
    #[command(after_help = AFTER_HELP)]
    Bmc(On<Bmc>),
    /// Send a raw command, for what no other does. It may change the machine.
    #[command(after_help = AFTER_HELP)]
    Vendor(On<Vendor>),
}

const CONSOLE: &str = "\
On a terminal every key goes to the host, but for these at the start of a line:
  ~. end   ~B send a break   ~? this list   ~~ a tilde
Where standard input is no terminal, its bytes go to the host as they are; when it ends, what the host says goes on being
shown until it has been silent for as long as --linger says.";

/// An area with several commands.
#[derive(Debug, Group)]
pub struct On<T: Subcommand> {
    /// What to do.
    #[command(subcommand)]
    pub what: T,
    /// On which BMC.
    #[command(flatten)]
    pub door: Door,
}

/// An area with one.
#[derive(Debug, Group)]
pub struct Plain {
    /// On which BMC.
    #[command(flatten)]
    pub door: Door,
}

/// `halmark boot`.
#[derive(Debug, Clone, Subcommand)]
pub enum Boot {
    /// Print the override.
    Get,
    /// Set the override; `none` takes it away.
    Set {
        /// The device.
        #[arg(value_parser = word::<BootDevice>(BootDevice::WORDS))]
        device: BootDevice,
        /// How long it lasts.
        #[arg(long, default_value = "once", value_parser = word::<BootDuration>(&["once", "continuous"]))]
        duration: BootDuration,
        /// The firmware mode; the BMC's own choice if none is given.
        #[arg(long, value_parser = word::<BootMode>(BootMode::WORDS))]
        mode: Option<BootMode>,
    },
    /// Read or set the configured order, which the override goes before.
    #[command(subcommand)]
    Order(Order),
}

/// `halmark boot order`.
#[derive(Debug, Clone, Subcommand)]
pub enum Order {
    /// Print what is booted, the first first.
    #[command(alias = "read")]
    Get,
    /// Put entries first, in this order; all others follow as they are.
    Set {
        /// The devices: of each the first entry that is one.
        #[arg(required_unless_present = "id", conflicts_with = "id", value_name = "DEVICE",
              value_parser = word::<BootDevice>(ENTRIES))]
        devices: Vec<BootDevice>,
        /// The ID of an entry, as `boot order get` shows it; may be repeated.
        #[arg(long)]
        id: Vec<String>,
    },
}

/// What an entry of the order can be: every device but `none`.
const ENTRIES: &[&str] = &["pxe", "disk", "cdrom", "bios", "usb", "http"];

/// `halmark identify`.
#[derive(Debug, Clone, Subcommand)]
pub enum Light {
    /// Print what the light does.
    Get,
    /// Set the light.
    Set {
        /// What it shall do.
        #[arg(value_parser = word::<Identify>(&["lit", "unlit", "blinking"]))]
        state: Identify,
        /// For how long, such as 30s; until it is changed if not given.
        #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
        lasting: Option<Duration>,
    },
}

/// `halmark inventory`.
#[derive(Debug, Clone, Subcommand)]
pub enum Inventory {
    /// Print the parts of the machine: processors, memory, network interfaces and disks.
    Read,
    /// Print the machine's own FRU inventory: chassis, board and product.
    Fru,
}

/// `halmark log`.
#[derive(Debug, Clone, Subcommand)]
pub enum Log {
    /// Print the entries, the oldest first.
    List,
    /// Erase all entries.
    Clear,
}

/// `halmark accounts`.
#[derive(Debug, Clone, Subcommand)]
pub enum Accounts {
    /// Print the accounts.
    List,
    /// Make an account.
    Create {
        /// Its name.
        name: String,
        /// What it may do.
        #[arg(long, value_parser = role())]
        role: Role,
        /// The ID that it shall have; the first free one if not given.
        #[arg(long)]
        id: Option<String>,
        /// It may not log in yet.
        #[arg(long)]
        disabled: bool,
        /// What it may log in to; may be repeated. If not given, what the role has a use for.
        #[arg(long, value_parser = word::<AccountProtocol>(AccountProtocol::WORDS))]
        protocol: Vec<AccountProtocol>,
        /// A file with its password in its first line, or - for standard input; by default from HALMARK_NEW_PASSWORD.
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Change an account; what is not given stays.
    Update {
        /// Which.
        #[command(flatten)]
        who: Who,
        /// Its new name.
        #[arg(long)]
        rename: Option<String>,
        /// What it may do.
        #[arg(long, value_parser = role())]
        role: Option<Role>,
        /// It may log in.
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// It may not log in.
        #[arg(long)]
        disable: bool,
        /// What it may log in to; may be repeated.
        #[arg(long, value_parser = word::<AccountProtocol>(AccountProtocol::WORDS))]
        protocol: Vec<AccountProtocol>,
        /// A file with its new password in its first line, or - for standard input; by default from HALMARK_NEW_PASSWORD.
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Delete an account.
    Delete {
        /// Which.
        #[command(flatten)]
        who: Who,
    },
}

impl Accounts {
    /// Where a new password comes from, if a file was named.
    pub(super) fn new_password_file(&self) -> Option<&Path> {
        match self {
            Self::Create { new_password_file, .. } | Self::Update { new_password_file, .. } => {
                new_password_file.as_deref()
            }
            Self::List | Self::Delete { .. } => None,
        }
    }
}

/// An account that is there, by its name or, where two have the same, by its ID.
#[derive(Debug, Clone, Group)]
pub struct Who {
    /// The account's name.
    #[arg(required_unless_present = "id", conflicts_with = "id")]
    pub name: Option<String>,
    /// The account's ID, as `accounts list` shows it.
    #[arg(long)]
    pub id: Option<String>,
}

/// `halmark media`.
#[derive(Debug, Clone, Subcommand)]
pub enum Media {
    /// Print the slots and what is in them.
    List,
    /// Insert an image, for reading only.
    Insert {
        /// Where it comes from, such as https://images/rescue.iso; without user and password.
        image: String,
        /// What it is to be to the host.
        #[arg(long, default_value = "cd", value_parser = word::<MediaKind>(MediaKind::WORDS))]
        kind: MediaKind,
        /// The slot, as `media list` shows it; the first empty one of that kind if not given.
        #[arg(long)]
        slot: Option<String>,
        /// As whom the BMC fetches it.
        #[arg(long, value_name = "USER", requires = "image_password_file")]
        image_user: Option<String>,
        /// A file with the password for that in its first line, or - for standard input.
        #[arg(long, value_name = "FILE", requires = "image_user")]
        image_password_file: Option<PathBuf>,
    },
    /// Eject what is in a slot.
    Eject {
        /// The slot, as `media list` shows it.
        slot: String,
    },
}

/// `halmark bios`.
#[derive(Debug, Clone, Subcommand)]
pub enum Bios {
    /// Print the settings, what is pending of them, and secure boot.
    Get,
    /// Change settings from the next start of the host on; it is not started for that.
    Set {
        /// NAME=VALUE, in the maker's names: true and false, whole numbers, and texts, which may stand in double quotes.
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = setting)]
        settings: Vec<(String, BiosValue)>,
    },
}

/// `halmark console`.
#[derive(Debug, Group)]
pub struct Console {
    /// Write what the host says into this new file too: as an asciicast where its name ends in .cast, byte for byte otherwise.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// How long the host has to be silent, after a standard input that is no terminal has ended, until the console is closed.
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub linger: Duration,
    /// On which BMC.
    #[command(flatten)]
    pub door: Door,
}

/// `halmark bmc`: the controller itself, and the table of BMCs.
#[derive(Debug, Clone, Subcommand)]
pub enum Bmc {
    /// The table of BMCs.
    #[command(flatten)]
    Table(crate::cli::bmc::Typed),
    /// Restart the BMC. The host keeps running.
    Reset {
        /// How.
        #[arg(default_value = "cold", value_parser = word::<BmcReset>(BmcReset::WORDS))]
        kind: BmcReset,
    },
    /// Read or set the BMC's clock.
    #[command(subcommand)]
    Clock(Clock),
    /// Print the network configuration of the interface that is reached.
    Network,
}

/// `halmark bmc clock`.
#[derive(Debug, Clone, Subcommand)]
pub enum Clock {
    /// Print it.
    Get,
    /// Set it.
    Set {
        /// The time in UTC, such as 2026-11-21T10:26:38Z: `date -u +%FT%TZ` prints it.
        time: Timestamp,
    },
}

/// `halmark vendor`.
#[derive(Debug, Clone, Subcommand)]
pub enum Vendor {
    /// Send an IPMI command: network function, command and data in hexadecimal digits, such as `06 01`.
    Ipmi {
        /// The network function, even, 00 to 3e.
        #[arg(value_parser = byte)]
        netfn: u8,
        /// The command.
        #[arg(value_parser = byte)]
        command: u8,
        /// Its data.
        data: Vec<Bytes>,
    },
    /// Send a Redfish request.
    Redfish {
        /// The method.
        #[arg(value_parser = PossibleValuesParser::new(["GET", "POST", "PATCH", "PUT", "DELETE"]), ignore_case = true)]
        method: String,
        /// The path, such as /redfish/v1/Systems.
        path: String,
        /// A file with the body in JSON, or - for standard input.
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
    },
}

impl Media {
    /// Where the password of an image comes from, if there is one.
    pub(super) fn image_password_file(&self) -> Option<&Path> {
        match self {
            Self::Insert { image_password_file, .. } => image_password_file.as_deref(),
            Self::List | Self::Eject { .. } => None,
        }
    }
}

impl Vendor {
    /// Where the body comes from, if there is one.
    pub(super) fn body(&self) -> Option<&Path> {
        match self {
            Self::Redfish { body, .. } => body.as_deref(),
            Self::Ipmi { .. } => None,
        }
    }
}

/// A byte in two hexadecimal digits.
fn byte(text: &str) -> Result<u8, String> {
    let digits = text.trim_start_matches("0x");
    u8::from_str_radix(digits, 16).map_err(|_| "expected a byte in hexadecimal digits, such as 2c".to_owned())
}

/// A setting of the host's firmware and what it shall be.
fn setting(text: &str) -> Result<(String, BiosValue), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as BootMode=Uefi")?;
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let value = match (quoted, value, value.parse::<i64>()) {
        (Some(text), ..) => BiosValue::Text(text.to_owned()),
        (_, "true" | "false", _) => BiosValue::Flag(value == "true"),
        (.., Ok(number)) => BiosValue::Number(number),
        _ => BiosValue::Text(value.to_owned()),
    };
    Ok((name.to_owned(), value))
}

fn role() -> impl TypedValueParser<Value = Role> {
    word(&["administrator", "operator", "read-only", "no-access"])
}

/// One of the words of the contract, so that help, completion and errors name them.
fn word<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse())
}
