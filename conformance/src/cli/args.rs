//! What can be typed.

use std::path::PathBuf;

use clap::{Args as Group, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::hal::{AFTER_HELP, Door, Verb};

/// Conformance suite and test harness for BMC drivers: scenario files judge a driver, and the verdict can be checked.
#[derive(Debug, Parser)]
#[command(name = "halmark", version, max_term_width = 110)]
pub struct Args {
    /// No colours, even on a terminal.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and judge what happens.
    #[command(after_help = EXIT_CODES)]
    Run(Run),
    /// Show what `run` would run, and what not and why, without running anything.
    Plan(Select),
    /// List the scenarios of the suite.
    List(Select),
    /// Check scenario files without running them.
    Lint {
        /// Files and directories; the built-in suite if none is given.
        paths: Vec<PathBuf>,
    },
    /// Tell what a scenario is for, what it does, and which faults it catches.
    Explain {
        /// The scenario's id.
        id: String,
        /// Scenario files or directories to look in, instead of the built-in suite.
        #[arg(long, value_name = "PATH")]
        suite: Vec<PathBuf>,
    },
    /// Recompute every verdict of a journal from its evidence.
    Verify {
        /// The journal, `run.jsonl`.
        journal: PathBuf,
    },
    /// Seed every fault of the catalogue and see whether the suite catches it; negate every condition and see it turn red.
    Faults(Faults),
    /// Read or change the power of a machine by its BMC, with the reference drivers.
    #[command(after_help = AFTER_HELP)]
    Power(Power),
    /// The other areas of the contract.
    #[command(flatten)]
    Hal(Verb),
    /// List the drivers, or tell what one of them claims.
    Drivers {
        /// The driver, as `--driver` takes it.
        name: Option<String>,
    },
    /// Find BMCs by DHCP leases or address ranges, and keep them in the inventory.
    Discover(Box<super::bmc::discover::Discover>),
    /// Give BMCs with factory credentials accounts of their own: a privileged one, a restricted one, and a new factory password.
    Bootstrap(super::bmc::bootstrap::Bootstrap),
    /// Check introspection rules, as ironic-inspector has them, and see what they make of a machine.
    #[command(subcommand)]
    Rules(super::rules::RulesCommand),
    /// Record a live Redfish service as a tree of files in the DMTF's mockup format.
    #[command(after_help = super::record::AFTER_HELP)]
    Record(super::record::Record),
    /// Serve the reference drivers over gRPC (halmark.v1), for any program in any language.
    #[command(after_help = super::serve::AFTER_HELP)]
    Serve(Box<super::serve::Serve>),
    /// Check a driver in another process: whether it keeps the contract of halmark.v1.
    #[command(subcommand)]
    Driver(super::driver::DriverCommand),
    /// Serve simulated BMCs, one or thousands, for any client to talk to.
    Sim(Box<super::sim::args::Sim>),
    /// List, show and check the profiles of simulated BMCs.
    #[command(subcommand)]
    Profile(super::profile::ProfileCommand),
    /// Print a published JSON Schema.
    Schema {
        /// Which.
        what: Schema,
    },
    /// Print the script that completes halmark's commands in a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write a man page for each command.
    Man {
        /// The folder; it is made if it is not there.
        dir: PathBuf,
    },
    /// What `ipmi_sim` calls for its chassis.
    #[command(hide = true)]
    ChassisHelper {
        /// As `ipmi_sim` gives them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

const EXIT_CODES: &str = "\
Exit codes, highest consequence first:
  8 residue left on a target   1 non-conformant   5 no verdict on something   6 waiver stale or expired
  7 only flaky   3 incomplete: something that applies was not run   0 conformant
  2 usage, lint or schema error, nothing ran   4 nothing selected   130 interrupted and cleaned up
  74 conformant, and standard output could not be written";

/// Which scenarios, for which driver, on which target.
#[derive(Debug, Group)]
pub struct Select {
    /// Scenario ids (`power.cycle`, `power.*`), files or directories; the whole built-in suite if none is given.
    pub scenarios: Vec<String>,
    /// The driver: a reference driver by name, or one in another process: exec:PROGRAM, unix:SOCKET or grpc://HOST:PORT (docs/grpc.md).
    #[arg(long, default_value = "redfish")]
    pub driver: String,
    /// The target: sim:PROFILE (a name or a folder), sim-tree:DIR (a recorded tree), ipmi-sim, or the path of a target file.
    #[arg(long, default_value = "sim:generic")]
    pub target: String,
    /// Only this area; may be repeated.
    #[arg(long)]
    pub area: Vec<String>,
    /// Only this level: core, extended or resilience; may be repeated.
    #[arg(long)]
    pub level: Vec<String>,
    /// Only what requires this capability, such as power.cycle or boot.device:pxe; may be repeated.
    #[arg(long, value_name = "CAPABILITY")]
    pub capability: Vec<String>,
    /// Only the K-th of N parts, such as 1/4.
    #[arg(long, value_name = "K/N")]
    pub partition: Option<String>,
    /// The seed of serials, delays, generated values and fault schedules.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// `halmark run`.
#[derive(Debug, Group)]
pub struct Run {
    /// Which.
    #[command(flatten)]
    pub select: Select,
    /// Who is judged: the driver, by a trusted BMC, or the target, by a trusted driver.
    #[arg(long, value_enum, default_value_t = SubjectArg::Driver)]
    pub subject: SubjectArg,
    /// Only the cases that did not pass in the last run in the output folder.
    #[arg(long)]
    pub rerun_failed: bool,
    /// End at the first fail or error.
    #[arg(long)]
    pub fail_fast: bool,
    /// How many cases at once; by default as many as there are processors (held clock) or 16 (real time).
    #[arg(long, value_parser = super::at_least_one)]
    pub jobs: Option<usize>,
    /// Seed a fault of the catalogue, to see what it looks like when it is caught (`halmark faults --list`).
    #[arg(long, value_name = "FAULT")]
    pub with_fault: Option<String>,
    /// Where journal, report and JUnit file go.
    #[arg(long, value_name = "DIR", default_value = "halmark-out")]
    pub out: PathBuf,
    /// Only what did not pass, and the summary.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Who is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SubjectArg {
    /// The driver.
    Driver,
    /// The target.
    Target,
}

/// `halmark faults`.
#[derive(Debug, Group)]
pub struct Faults {
    /// Only these faults (`driver.*`, `target.power-lies`); all if none is given.
    pub ids: Vec<String>,
    /// Only the faults; do not negate conditions.
    #[arg(long)]
    pub no_negation: bool,
    /// Only negate conditions.
    #[arg(long, conflicts_with = "no_negation")]
    pub only_negation: bool,
    /// Leave out what runs on ipmi_sim.
    #[arg(long)]
    pub no_ipmi_sim: bool,
    /// List the faults without trying them.
    #[arg(long)]
    pub list: bool,
    /// The seed.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// `halmark power`.
#[derive(Debug, Group)]
pub struct Power {
    /// What to do.
    #[arg(value_enum)]
    pub action: PowerArg,
    /// On which BMC.
    #[command(flatten)]
    pub door: Door,
}

impl Power {
    /// Reads `power …` without describing the other commands.
    pub fn alone(arguments: &[std::ffi::OsString]) -> Result<Self, clap::Error> {
        super::shortcut::power(arguments).map_or_else(|| Self::described(arguments), Ok)
    }

    /// The same by clap, which knows every option and every mistake.
    pub(super) fn described(arguments: &[std::ffi::OsString]) -> Result<Self, clap::Error> {
        let command = clap::Command::new("power")
            .bin_name("halmark power")
            .about("Read or change the power of a machine by its BMC, with the reference drivers")
            .after_help(AFTER_HELP)
            .arg(
                clap::Arg::new("no-color")
                    .long("no-color")
                    .action(clap::ArgAction::SetTrue)
                    .help("No colours, even on a terminal"),
            )
            .max_term_width(110);
        let matches = Self::augment_args(command).try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }
}

/// What can be done with power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PowerArg {
    /// Print the power state.
    Read,
    /// Power on.
    On,
    /// Power off at once.
    Off,
    /// Ask the operating system to shut down.
    Shutdown,
    /// Off and on again.
    Cycle,
    /// Reset.
    Reset,
    /// Raise a diagnostic interrupt.
    Nmi,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// `report.json`.
    Report,
}
