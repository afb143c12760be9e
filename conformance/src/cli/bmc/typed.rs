//! What can be typed after `halmark bmc` on the inventory.

use std::path::PathBuf;

use clap::{
    Args as Group, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use halmark::{
    Protocol, Role,
    inventory::{Address, Mac, record::Interface},
};
use uuid::Uuid;

use super::lists;

/// The table of BMCs.
#[derive(Debug, Clone, Subcommand)]
pub enum Typed {
    /// List the BMCs of the inventory.
    Ls {
        /// Show passwords (only with --output json or yaml).
        #[arg(long)]
        with_passwords: bool,
    },
    /// Show all that the inventory knows of a BMC.
    Describe {
        /// Its MAC address, or its machine's UUID.
        #[arg(value_name = "BMC")]
        which: String,
        /// Show passwords.
        #[arg(long)]
        with_passwords: bool,
    },
    /// Add a BMC to the inventory; nothing is asked of it.
    Add {
        /// Its MAC address.
        mac: Mac,
        /// What else is known.
        #[command(flatten)]
        row: Box<Row>,
    },
    /// Change what the inventory knows of a BMC, then read the BMC by its driver and fill in the rest.
    Update {
        /// Its MAC address, or its machine's UUID.
        #[arg(value_name = "BMC")]
        which: String,
        /// What shall change.
        #[command(flatten)]
        row: Box<Row>,
        /// Do not read the BMC.
        #[arg(long)]
        no_read: bool,
    },
    /// Take a BMC out of the inventory, with its passwords.
    Rm {
        /// Its MAC address, or its machine's UUID.
        #[arg(value_name = "BMC")]
        which: String,
    },
    /// Make an account on the BMC and keep it in the inventory; it is taken back unless a login shows that it holds.
    CreateUser(NewUser),
    /// The same over IPMI.
    CreateIpmiUser(NewUser),
    /// Give the BMC's account a new password; the old one is set back unless a login shows that the new one holds.
    RotatePassword(Rotate),
    /// Read a list of machines into the inventory.
    Import(lists::Import),
    /// Write the inventory as a list of machines, with passwords.
    Export(lists::Export),
}

/// What a person can say of a BMC. `--endpoint`, `--user`, `--password-file`, `--ca`, `--pin`, `--insecure`, `--suite` and
/// `--kg-file` are kept too.
#[derive(Debug, Clone, Default, Group)]
pub struct Row {
    /// Its IP address or host name; --endpoint says ports and scheme as well.
    #[arg(long)]
    pub address: Option<Address>,
    /// The machine's manufacturer.
    #[arg(long)]
    pub vendor: Option<String>,
    /// The driver that it is asked by from now on: Redfish, IPMI, Unmanaged, or a composite.
    #[arg(long, alias = "preferred-protocol", value_name = "DRIVER")]
    pub preferred_driver: Option<String>,
    /// The machine's UUID.
    #[arg(long, value_name = "UUID")]
    pub machine_id: Option<Uuid>,
    /// The account's name over IPMI.
    #[arg(long, value_name = "NAME")]
    pub ipmi_user: Option<String>,
    /// A file with its password in its first line, or - for standard input; by default from HALMARK_IPMI_PASSWORD.
    #[arg(long, value_name = "FILE", conflicts_with = "ipmi_password")]
    pub ipmi_password_file: Option<PathBuf>,
    /// Its password, where others can read it: --ipmi-password-file is better.
    #[arg(long, value_name = "PASSWORD")]
    pub ipmi_password: Option<String>,
    /// The UDP port of IPMI.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub ipmi_port: Option<u16>,
    /// The kind of IPMI session.
    #[arg(long, value_name = "INTERFACE", value_parser = interface())]
    pub ipmi_interface: Option<Interface>,
    /// The account's name over Redfish.
    #[arg(long, value_name = "NAME")]
    pub redfish_user: Option<String>,
    /// A file with its password in its first line, or - for standard input; by default from HALMARK_REDFISH_PASSWORD.
    #[arg(long, value_name = "FILE", conflicts_with = "redfish_password")]
    pub redfish_password_file: Option<PathBuf>,
    /// Its password, where others can read it: --redfish-password-file is better.
    #[arg(long, value_name = "PASSWORD")]
    pub redfish_password: Option<String>,
    /// The TCP port of Redfish.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub redfish_port: Option<u16>,
}

/// `halmark bmc create-user`. Who asks is `--user`, else the account that the inventory knows, else the factory's.
#[derive(Debug, Clone, Group)]
pub struct NewUser {
    /// Its MAC address, or its machine's UUID.
    #[arg(value_name = "BMC")]
    pub which: String,
    /// The account's name.
    #[arg(long, alias = "ipmi-user", default_value = "metal")]
    pub name: String,
    /// What it may do: privileged (IPMI ADMINISTRATOR, Redfish Administrator) becomes the account by which the BMC is reached,
    /// operator and read-only (IPMI USER) are kept as the one for the console.
    #[arg(long, alias = "ipmi-role", default_value = "privileged", value_parser = role())]
    pub role: Role,
    /// By which protocol; by default the preferred driver's.
    #[arg(long, value_parser = protocol())]
    pub protocol: Option<Protocol>,
    /// Its password.
    #[command(flatten)]
    pub password: NewPassword,
}

/// `halmark bmc rotate-password`.
#[derive(Debug, Clone, Group)]
pub struct Rotate {
    /// Its MAC address, or its machine's UUID.
    #[arg(value_name = "BMC")]
    pub which: String,
    /// The protocol whose account gets it; by default the preferred driver's.
    #[arg(long, value_parser = protocol())]
    pub protocol: Option<Protocol>,
    /// The new password.
    #[command(flatten)]
    pub password: NewPassword,
}

/// Where a new password comes from; a person at a terminal is asked where nothing is said.
#[derive(Debug, Clone, Group)]
pub struct NewPassword {
    /// Make a random one: 16 letters and digits.
    #[arg(long, conflicts_with_all = ["new_password_file", "ipmi_password"])]
    pub generate: bool,
    /// A file with it in its first line, or - for standard input; by default from HALMARK_NEW_PASSWORD.
    #[arg(long, value_name = "FILE", conflicts_with = "ipmi_password")]
    pub new_password_file: Option<PathBuf>,
    /// The password, where others can read it: --new-password-file is better.
    #[arg(long, value_name = "PASSWORD")]
    pub ipmi_password: Option<String>,
}

/// Roles by the words of MEP-15, of the contract, and of IPMI.
const ROLES: &[(&str, Role)] = &[
    ("privileged", Role::Administrator),
    ("administrator", Role::Administrator),
    ("operator", Role::Operator),
    ("read-only", Role::ReadOnly),
    ("user", Role::ReadOnly),
];

fn role() -> impl TypedValueParser<Value = Role> {
    of(ROLES)
}

fn protocol() -> impl TypedValueParser<Value = Protocol> {
    of(&[("redfish", Protocol::Redfish), ("ipmi", Protocol::Ipmi)])
}

fn interface() -> impl TypedValueParser<Value = Interface> {
    of(&[("lanplus", Interface::Lanplus), ("lan", Interface::Lan)])
}

/// One of these words, in any case.
fn of<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let names = words.iter().map(|(word, _)| *word);
    let named = |word: String| words.iter().find(|(it, _)| it.eq_ignore_ascii_case(&word)).map(|(_, it)| *it);
    PossibleValuesParser::new(names).try_map(move |word| named(word).ok_or("it is none of these words"))
}
