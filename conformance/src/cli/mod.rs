//! The command line, in two steps: what was typed ([`args`]), and what it means (one file per command).

mod args;
mod bmc;
mod credentials;
mod driver;
mod faults;
mod hal;
mod power;
mod profile;
mod record;
mod rules;
mod run;
mod serve;
mod shortcut;
mod show;
mod sim;

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use clap::Parser as _;

pub use args::{Args, Command};

use crate::{report::console::Paint, verdict::exit};

/// Carries out a command line; the exit code.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    match carry_out(arguments) {
        exit::CONFORMANT if LOST.load(Ordering::Relaxed) => exit::UNWRITTEN,
        code => code,
    }
}

fn carry_out(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let arguments: Vec<_> = arguments.into_iter().collect();
    // `power` is what scripts call in a loop: it does not wait for commands to be described.
    if arguments.get(1).is_some_and(|first| first == "power") {
        return match args::Power::alone(&arguments[1..]) {
            Ok(args) => power::power(&args),
            Err(error) => told(&error),
        };
    }
    if let Some(args) = shortcut::sim(arguments.get(1..).unwrap_or_default()) {
        return sim::sim(&args);
    }
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return told(&error),
    };
    let paint = paint(args.no_color);
    match args.command {
        Command::Run(run) => run::run(&run, paint),
        Command::Plan(select) => run::plan(&select),
        Command::List(select) => show::list(&select),
        Command::Lint { paths } => show::lint(&paths),
        Command::Explain { id, suite } => show::explain(&id, &suite),
        Command::Verify { journal } => show::verify(&journal),
        Command::Schema { what } => show::schema(what),
        Command::Faults(faults) => faults::faults(&faults, paint),
        Command::Power(power) => power::power(&power),
        Command::Hal(verb) => hal::hal(&verb),
        Command::Bootstrap(bootstrap) => bmc::bootstrap::bootstrap(&bootstrap),
        Command::Discover(discover) => bmc::discover::discover(&discover),
        Command::Drivers { name } => hal::drivers(name.as_deref()),
        Command::Completions { shell } => hal::manual::completions(shell),
        Command::Man { dir } => hal::manual::pages(&dir),
        Command::Rules(command) => rules::rules(&command),
        Command::Record(record) => record::record(&record),
        Command::Serve(serve) => serve::serve(&serve),
        Command::Driver(command) => driver::driver(&command),
        Command::Sim(sim) => sim::sim(&sim),
        Command::Profile(command) => profile::profile(&command),
        Command::ChassisHelper { arguments } => {
            u8::try_from(halmark_simulators::openipmi::chassis_helper(&arguments)).unwrap_or(1)
        }
    }
}

/// Help, version, or what was typed wrongly.
fn told(error: &clap::Error) -> u8 {
    let _ = error.print();
    if error.use_stderr() { exit::USAGE } else { exit::CONFORMANT }
}

fn paint(no_color: bool) -> Paint {
    let wanted =
        !no_color && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && io::stdout().is_terminal();
    if wanted { Paint::Colours } else { Paint::Plain }
}

static CLOSED: AtomicBool = AtomicBool::new(false);
/// Whether something could not be printed though somebody may read it, as on a disk that is full.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints to standard output. A reader that went away (`| head`) ends the printing, not the run, and changes no exit code;
/// a file that cannot be written is told, and no run is a pass that could not say so.
pub(crate) fn print(text: &str) {
    if CLOSED.load(Ordering::Relaxed) {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        CLOSED.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            LOST.store(true, Ordering::Relaxed);
            complain(&format!("standard output cannot be written: {error}\n"));
        }
    }
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What is typed where something has to be there at all.
fn at_least_one(typed: &str) -> Result<usize, String> {
    match typed.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        parsed => parsed.map_err(|e: std::num::ParseIntError| e.to_string()),
    }
}

/// Complains and gives the exit code for what was typed wrongly.
pub(crate) fn usage(text: impl std::fmt::Display) -> u8 {
    complain(&format!("error: {text}\n"));
    exit::USAGE
}
