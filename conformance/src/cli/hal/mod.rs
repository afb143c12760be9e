//! The HAL from the command line: every operation of the contract, on one BMC, by any driver.
//!
//! - `verbs` is what can be typed, `meant` what that asks of a driver, `door` which BMC and as whom.
//! - `outcome` tells an answer or a failure, by `human` and `table` or by `yaml`, and knows the exit codes.
//! - `console` is a terminal, with `escape` and `cast`; `manual` writes completions and man pages.

mod cast;
mod console;
mod door;
mod escape;
mod human;
pub(super) mod manual;
mod meant;
mod outcome;
mod table;
mod verbs;
#[cfg(test)]
mod whole;
pub(super) mod yaml;

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use halmark::{
    Deadline, Driver, Operation,
    drivers::{self, auto::DetectError},
};

pub(super) use self::{
    door::Door,
    human::tame,
    meant::{Asked, plain},
    outcome::{AFTER_HELP, Form, exit, failed},
    verbs::Verb,
};
use super::{bmc, complain, usage};
use crate::seeded::Seeded;

/// Carries out a command of the HAL.
pub(super) fn hal(verb: &Verb) -> u8 {
    match asked(verb) {
        Ok((asked, door)) => ask(&asked, door),
        Err(code) => code,
    }
}

fn asked(verb: &Verb) -> Result<(Asked, &Door), u8> {
    Ok(match verb {
        Verb::Boot(on) => (meant::boot(&on.what), &on.door),
        Verb::Identify(on) => (meant::light(&on.what), &on.door),
        Verb::Identity(on) => (plain(Operation::IdentityRead), &on.door),
        Verb::Inventory(on) => (meant::inventory(&on.what), &on.door),
        Verb::Sensors(on) => (plain(Operation::SensorsRead), &on.door),
        Verb::Metrics(on) => (plain(Operation::PowerMetrics), &on.door),
        Verb::Log(on) => (meant::log(&on.what), &on.door),
        Verb::Accounts(on) => {
            meant::one_reader(&[on.door.password_file.as_deref(), on.what.new_password_file()])?;
            (meant::accounts(&on.what)?, &on.door)
        }
        Verb::Media(on) => {
            meant::one_reader(&[on.door.password_file.as_deref(), on.what.image_password_file()])?;
            (meant::media(&on.what)?, &on.door)
        }
        Verb::Bios(on) => (meant::bios(&on.what), &on.door),
        Verb::Console(console) => return Err(console::console(console)),
        Verb::Bmc(on) => match meant::bmc(&on.what) {
            Ok(asked) => (asked, &on.door),
            Err(typed) => return Err(bmc::bmc(typed, &on.door)),
        },
        Verb::Vendor(on) => {
            meant::one_reader(&[on.door.password_file.as_deref(), on.what.body()])?;
            (meant::vendor(&on.what)?, &on.door)
        }
    })
}

/// Asks a driver and tells what came.
pub(super) fn ask(asked: &Asked, door: &Door) -> u8 {
    with_driver(door, async |driver, by, who| match asked.of(driver, by).await {
        Ok(returned) => outcome::answered(asked.operation(), &returned, door.output),
        Err(error) => outcome::failed(&error, who, &endpoint(door), door.output),
    })
}

/// The endpoint as it was typed, for advice.
pub(super) fn endpoint(door: &Door) -> String {
    if let Some(bmc) = &door.bmc {
        return format!("what the inventory says of {bmc}");
    }
    match door.endpoint.as_slice() {
        [] => std::env::var("HALMARK_ENDPOINT").unwrap_or_default(),
        given => given.join(" or "),
    }
}

/// Connects, lets `what` speak to the driver, and ends the session whatever happened; the exit code.
fn with_driver(door: &Door, what: impl AsyncFnOnce(&dyn Driver, Deadline, &str) -> u8) -> u8 {
    let meant = match door.meant() {
        Ok(meant) => meant,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return usage(format!("no runtime could be made: {error}")),
    };
    runtime.block_on(async {
        let by = Deadline::after(door.timeout);
        let driver = match connect(&meant, by, door.output).await {
            Ok(driver) => driver,
            Err(code) => return code,
        };
        let code = uninterrupted(what(driver.as_ref(), by, &meant.driver)).await;
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

/// The driver that was meant. `auto` detects here and now, so that it can do all that the BMC's protocol can.
pub(super) async fn connect(meant: &door::Meant, by: Deadline, form: Form) -> Result<Box<dyn Driver>, u8> {
    reached(meant, by, form).await.map_err(|(code, _)| code)
}

/// The same; why there is none is told, and given back for whoever keeps it.
pub(super) async fn reached(
    meant: &door::Meant,
    by: Deadline,
    form: Form,
) -> Result<Box<dyn Driver>, (u8, String)> {
    if meant.driver != "auto" {
        let connected = drivers::connect(&meant.driver, meant.endpoint.clone());
        return connected.map_err(|error| {
            let text = error.to_string();
            (usage(error), text)
        });
    }
    match drivers::auto::detect(&meant.endpoint, by).await {
        Ok(found) => {
            found.silent.iter().for_each(|it| complain(&format!("auto: no {it}\n")));
            Ok(found.driver)
        }
        Err(DetectError::Connect(error)) => {
            let text = error.to_string();
            Err((usage(error), text))
        }
        Err(DetectError::Silent(cause)) => Err((outcome::undetected(&cause, form), cause.to_string())),
    }
}

/// The work, unless somebody interrupts it.
pub(super) async fn uninterrupted(work: impl Future<Output = u8>) -> u8 {
    tokio::select! {
        biased;
        code = work => code,
        () = asked_to_end() => {
            complain("interrupted: what was asked for may have been done\n");
            exit::INTERRUPTED
        }
    }
}

/// SIGTERM or SIGHUP, and SIGINT where a terminal still makes one.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}

/// `halmark drivers`: every driver, or what one of them claims.
pub(super) fn drivers(name: Option<&str>) -> u8 {
    let Some(name) = name else {
        let rows = drivers::REGISTRY.iter().map(|it| vec![it.name.to_owned(), it.about.to_owned()]);
        super::print(&table::aligned(rows.collect()));
        return exit::DONE;
    };
    match crate::lab::claimed(name, &Seeded::default()) {
        Ok(words) if words.is_empty() => super::print("nothing: every operation is unsupported\n"),
        Ok(words) => words.iter().for_each(|word| super::print(&format!("{word}\n"))),
        Err(error) => return usage(error),
    }
    exit::DONE
}
