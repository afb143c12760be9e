//! `halmark power`: the reference drivers on one BMC, directly.

use std::{future::poll_fn, task::Poll};

use halmark::{
    Credentials, Deadline, Driver, Endpoint, PowerAction, Secret, Tls, drivers,
    endpoint::{Scheme, Suite},
};
use serde_json::json;

use super::{
    args::{Output, Power, PowerArg},
    complain, credentials, print, usage,
};
use crate::verdict::exit;

/// `halmark power ACTION --endpoint URL`.
pub(super) fn power(args: &Power) -> u8 {
    let driver = match connect(args) {
        Ok(driver) => driver,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return usage(format!("no runtime could be made: {error}")),
    };
    runtime.block_on(async {
        let code = carry_out(args, driver.as_ref()).await;
        match driver.name() {
            "ipmi" => say_goodbye(driver.as_ref()).await,
            _ => driver.close().await,
        }
        code
    })
}

/// Ends the session and does not wait for the answer: over IPMI, Close Session is sent once whatever becomes of it, and a BMC
/// that does not hear it forgets the session by itself.
async fn say_goodbye(driver: &dyn Driver) {
    let mut closing = driver.close();
    poll_fn(|context| {
        let _ = closing.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

async fn carry_out(args: &Power, driver: &dyn Driver) -> u8 {
    let by = Deadline::after(args.timeout);
    let answer = match action(args.action) {
        None => driver.power_read(by).await.map(|a| (a.value.to_string(), a.protocol, a.notes)),
        Some(action) => driver.power(action, by).await.map(|a| {
            let word = if a.value == halmark::Change::Changed { "changed" } else { "already-so" };
            (word.to_owned(), a.protocol, a.notes)
        }),
    };
    match answer {
        Ok((word, protocol, notes)) => {
            for note in notes {
                complain(&format!("note: {note}\n"));
            }
            print(&match args.output {
                Output::Text => format!("{word}\n"),
                Output::Json => format!("{}\n", json!({"value": word, "protocol": protocol})),
            });
            exit::CONFORMANT
        }
        Err(error) => {
            complain(&format!("error: {error}\n"));
            complain(&advice(&error, args));
            exit::NONCONFORMANT
        }
    }
}

fn advice(error: &halmark::DriverError, args: &Power) -> String {
    match error.kind() {
        "unauthorized" => {
            "  check HALMARK_USER and HALMARK_PASSWORD, or --user and --password-file\n".to_owned()
        }
        "unreachable" => format!(
            "  check that {} is the BMC's address and that its port is open from here\n",
            args.endpoint
        ),
        "outcome-unknown" => {
            "  read the power state before asking again: the machine may have changed\n".to_owned()
        }
        _ => String::new(),
    }
}

fn action(arg: PowerArg) -> Option<PowerAction> {
    Some(match arg {
        PowerArg::Read => return None,
        PowerArg::On => PowerAction::On,
        PowerArg::Off => PowerAction::Off,
        PowerArg::Shutdown => PowerAction::Shutdown,
        PowerArg::Cycle => PowerAction::Cycle,
        PowerArg::Reset => PowerAction::Reset,
        PowerArg::Nmi => PowerAction::Nmi,
    })
}

fn connect(args: &Power) -> Result<Box<dyn Driver>, u8> {
    let mut endpoint = Endpoint::parse(&args.endpoint).map_err(usage)?;
    let (user, password) = credentials::given(args.user.as_deref(), args.password_file.as_deref(), "")?;
    endpoint = endpoint.with_credentials(Credentials::new(user, password));
    endpoint.tls =
        match (&args.ca, &args.pin, args.insecure) {
            (Some(ca), ..) => Tls::Ca(ca.clone()),
            (_, Some(pin), _) => Tls::Pin(crate::target::parse_pin(pin).ok_or_else(|| {
                usage("--pin wants a SHA-256 digest: 64 hexadecimal digits, colons allowed")
            })?),
            (.., true) => Tls::Insecure,
            _ => Tls::System,
        };
    endpoint.ipmi.suite = match args.suite {
        None => None,
        Some(3) => Some(Suite::Three),
        Some(17) => Some(Suite::Seventeen),
        Some(other) => return Err(usage(format!("cipher suite {other} is not spoken: expected 3 or 17"))),
    };
    if let Some(file) = &args.kg_file {
        endpoint.ipmi.kg = Some(Secret::new(credentials::first_line(file)?));
    }
    let default = if endpoint.scheme == Scheme::Ipmi { "ipmi" } else { "redfish" };
    drivers::connect(args.driver.as_deref().unwrap_or(default), endpoint).map_err(usage)
}
