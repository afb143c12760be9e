//! What is told of an answer or a failure, in three forms, and the exit code that goes with it.

use clap::ValueEnum;
use halmark::{Cause, DriverError, Operation, Protocol, driver::Exchange};
use serde_json::{Value, json};

use super::{human, yaml};
use crate::{
    cli::{complain, print},
    lab,
    operation::Returned,
    seeded::Seeded,
};

/// How to print an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: one line.
    Json,
    /// The same as in JSON, in blocks.
    Yaml,
}

/// The exit codes of commands that ask a BMC.
pub(in crate::cli) mod exit {
    use halmark::Cause;

    /// Done, or answered.
    pub(in crate::cli) const DONE: u8 = 0;
    /// The BMC said no, its task failed, or it could not be understood; or halmark is at fault.
    pub(in crate::cli) const REFUSED: u8 = 1;
    /// Typed wrongly, or an argument that makes no sense.
    pub(in crate::cli) const USAGE: u8 = 2;
    /// The driver does not do that.
    pub(in crate::cli) const UNSUPPORTED: u8 = 3;
    /// The credentials were refused, the account may not do it, or the BMC's certificate does not verify.
    pub(in crate::cli) const DENIED: u8 = 4;
    /// It is not there, or the machine is in no state for it.
    pub(in crate::cli) const STATE: u8 = 5;
    /// No answer, or too busy for one.
    pub(in crate::cli) const AWAY: u8 = 6;
    /// The machine may have changed.
    pub(in crate::cli) const UNKNOWN: u8 = 7;
    /// Interrupted; the session was ended.
    pub(in crate::cli) const INTERRUPTED: u8 = 130;

    /// The code of a failure.
    pub(in crate::cli) fn of(cause: &Cause) -> u8 {
        if matches!(cause, Cause::Untrusted { .. }) { DENIED } else { of_kind(cause.kind()) }
    }

    fn of_kind(kind: &str) -> u8 {
        match kind {
            "invalid-argument" => USAGE,
            "unsupported" => UNSUPPORTED,
            "unauthorized" | "denied" => DENIED,
            "conflict" | "not-found" => STATE,
            "busy" | "unreachable" => AWAY,
            "outcome-unknown" => UNKNOWN,
            _ => REFUSED,
        }
    }
}

/// What `--help` says of credentials and exit codes.
pub(in crate::cli) const AFTER_HELP: &str = "\
Credentials come from the environment (HALMARK_USER, HALMARK_PASSWORD), from files or from the inventory (--bmc), and not from
the command line, which others can read.
Exit codes, nothing changed unless said otherwise:
  0 done   1 the BMC refused, failed or was not understood   2 usage or a senseless argument
  3 the driver does not do that   4 credentials, privilege, or a certificate that does not verify   5 not there, or not in this state
  6 no answer, or busy: try again   7 outcome unknown: the machine may have changed   130 interrupted";

/// Tells an answer.
pub(in crate::cli) fn answered(operation: Operation, returned: &Returned, form: Form) -> u8 {
    returned.notes.iter().for_each(|note| complain(&format!("note: {note}\n")));
    let whole = || json!({"value": returned.value, "protocol": returned.protocol, "notes": returned.notes});
    match form {
        Form::Text => {
            print(&human::text(operation, &returned.value));
            complain(&format!("over {}\n", returned.protocol));
        }
        Form::Json => print(&format!("{}\n", whole())),
        Form::Yaml => print(&yaml::text(&whole())),
    }
    if is_refusal(operation, &returned.value) { exit::REFUSED } else { exit::DONE }
}

/// A vendor's command that the BMC refused was answered all the same; a script wants to know.
fn is_refusal(operation: Operation, value: &Value) -> bool {
    let over = |key: &str, limit: u64| value.get(key).and_then(Value::as_u64).is_some_and(|it| it >= limit);
    operation == Operation::VendorCall && (over("completion", 1) || over("status", 400))
}

/// Tells a failure.
pub(in crate::cli) fn failed(error: &DriverError, driver: &str, endpoint: &str, form: Form) -> u8 {
    let whole = || {
        json!({"error": {
            "operation": error.operation,
            "kind": error.kind(),
            "message": error.cause.to_string(),
            "protocol": error.protocol,
            "at": error.at.as_ref().map(ToString::to_string),
            "retryable": error.retryable(),
        }})
    };
    told(form, whole);
    complain(&format!("error: {error}\n{}", advice(error, driver, endpoint)));
    exit::of(&error.cause)
}

/// Tells that nobody answered, at any door.
pub(in crate::cli) fn undetected(cause: &Cause, form: Form) -> u8 {
    let whole = || {
        json!({"error": {
            "operation": null,
            "kind": cause.kind(),
            "message": cause.to_string(),
            "protocol": null,
            "at": null,
            "retryable": cause.retryable(),
        }})
    };
    told(form, whole);
    if matches!(cause, Cause::Untrusted { .. }) {
        complain(&format!("error: {cause}\n"));
        return exit::of(cause);
    }
    complain(&format!(
        "error: {cause}\n  check the address, and that one of these ports is open from here; a second --endpoint names another port\n"
    ));
    exit::of(cause)
}

fn told(form: Form, whole: impl Fn() -> Value) {
    match form {
        Form::Text => {}
        Form::Json => print(&format!("{}\n", whole())),
        Form::Yaml => print(&yaml::text(&whole())),
    }
}

/// What to do next.
fn advice(error: &DriverError, driver: &str, endpoint: &str) -> String {
    let is_by_ssh = error.protocol == Some(Protocol::Ssh);
    match error.kind() {
        "unreachable" if matches!(error.cause, Cause::Untrusted { .. }) && is_by_ssh => {
            "  on the command line that is --known-hosts FILE\n".to_owned()
        }
        "unreachable" if matches!(error.cause, Cause::Untrusted { .. }) => {
            "  on the command line that is --ca FILE, --pin SHA256 or, knowingly, --insecure\n".to_owned()
        }
        "unauthorized" if endpoint.starts_with("what the inventory says") => {
            format!("  check {endpoint}: `halmark bmc update` changes its credentials\n")
        }
        "unauthorized" => {
            "  check HALMARK_USER and HALMARK_PASSWORD, or --user and --password-file\n".to_owned()
        }
        "denied" => "  use an account with a higher role: power, boot and light want an operator, accounts, clock and the BMC itself \
                     an administrator\n"
            .to_owned(),
        "unreachable" if is_by_ssh => {
            "  check that the BMC's SSH is open from here, or give its port with --ssh-port\n".to_owned()
        }
        "unreachable" => {
            format!("  check that {endpoint} is the BMC's address and that its port is open from here\n")
        }
        "busy" => "  try again in a moment\n".to_owned(),
        "outcome-unknown" => {
            "  read the state before asking again: the machine may have changed\n".to_owned()
        }
        "unsupported" if matches!(error.at, Some(Exchange::Tool { exit: None, .. })) => String::new(),
        "refused" if error.operation == Operation::ConsoleOpen && error.at.is_none() => {
            "  switch it on in the BMC's network protocol (for `halmark sim` that is --ssh PORT), or take its console over IPMI: \
             --driver console=ipmi,rest=idrac\n"
                .to_owned()
        }
        "unsupported" => other_drivers(error.operation, driver),
        "internal" => "  this is a defect of halmark: please report it with the line above\n".to_owned(),
        _ => String::new(),
    }
}

fn other_drivers(operation: Operation, driver: &str) -> String {
    let claims = |name: &&str| lab::claims(name, &Seeded::default()).iter().any(|it| it == operation.word());
    if claims(&driver) {
        return format!(
            "  it does {operation}, but not with this argument: `halmark drivers {driver}` says what it takes\n"
        );
    }
    let names = halmark::drivers::REGISTRY.iter().map(|it| it.name).filter(|name| *name != driver);
    let others: Vec<&str> = names.filter(claims).collect();
    match others.as_slice() {
        [] => format!(
            "  no driver does {operation} in this way; `halmark drivers {driver}` says what this one does\n"
        ),
        others => format!(
            "  `halmark drivers {driver}` says what this driver does; {operation} is done by --driver {}\n",
            others.join(", ")
        ),
    }
}
