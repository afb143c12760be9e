//! Where the helper asks: its words become what the firmware shows, or commands to it.

use std::{path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

use super::{StartError, Task, config::lan_parameter, helper::SEPARATOR};
use crate::{
    bmc::Bmc,
    firmware::View,
    machine::{Command, Device, Lasting, Led, Mode, Override, Power, Refusal},
};

/// Answers at this socket for as long as the task lives.
pub(super) fn open(bmc: &Bmc, socket: &Path) -> Result<Task, StartError> {
    let doing = "listen for the chassis helper";
    let listener = UnixListener::bind(socket).map_err(|source| StartError::Io { doing, source })?;
    Ok(Task::run(serve(bmc.clone(), listener)))
}

async fn serve(bmc: Bmc, listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = answer(&bmc, stream).await;
    }
}

async fn answer(bmc: &Bmc, mut stream: UnixStream) -> std::io::Result<()> {
    let mut question = String::new();
    stream.read_to_string(&mut question).await?;
    let words: Vec<&str> = question.split(SEPARATOR).collect();
    let (status, output) = match decide(bmc, &words) {
        Some(output) => ("ok", output),
        None => ("no", String::new()),
    };
    stream.write_all(format!("{status}\n{output}").as_bytes()).await
}

/// What `ipmi_sim` is told, or `None` for no.
fn decide(bmc: &Bmc, words: &[&str]) -> Option<String> {
    if !bmc.is_up() {
        return None;
    }
    match words {
        ["lan", "get", names @ ..] => lines(names, |name| lan_parameter(name, &bmc.view().id)),
        ["lan", "check", ..] => Some(String::new()),
        ["get", names @ ..] => lines(names, |name| shown(&bmc.view(), name)),
        ["set", changes @ ..] if changes.len() % 2 == 0 => {
            changes.chunks(2).try_for_each(|change| set(bmc, change[0], change[1]))?;
            Some(String::new())
        }
        _ => None,
    }
}

fn lines(names: &[&str], value: impl Fn(&str) -> Option<String>) -> Option<String> {
    names.iter().map(|name| Some(format!("{name}:{}\n", value(name)?))).collect()
}

fn shown(view: &View, name: &str) -> Option<String> {
    match name {
        "power" => Some(u8::from(matches!(view.power, Power::On | Power::PoweringOff)).to_string()),
        "boot" => Some(boot_word(view.override_.map(|it| it.device)).to_owned()),
        _ => None,
    }
}

fn set(bmc: &Bmc, name: &str, value: &str) -> Option<()> {
    let command = match (name, value) {
        ("power", "0") => Command::PowerOff,
        ("power", _) => Command::PowerOn,
        ("reset", _) => Command::Reset,
        ("shutdown", _) => Command::Shutdown,
        ("boot", word) => Command::SetOverride(overridden(word)?),
        ("identify", value) => identify(value)?,
        _ => return None,
    };
    match bmc.command(command) {
        Ok(()) | Err(Refusal::AlreadyThere) => Some(()),
        Err(_) => None,
    }
}

fn boot_word(device: Option<Device>) -> &'static str {
    match device {
        Some(Device::Pxe) => "pxe",
        Some(Device::Disk) => "default",
        Some(Device::Cdrom) => "cdrom",
        Some(Device::Bios) => "bios",
        Some(Device::Usb | Device::Http) | None => "none",
    }
}

/// Neither duration nor mode is said: once, and legacy, as boot flags of zero mean (IPMI v2.0 §28.13).
fn overridden(word: &str) -> Option<Option<Override>> {
    let device = match word {
        "none" => return Some(None),
        "pxe" => Device::Pxe,
        "default" => Device::Disk,
        "cdrom" => Device::Cdrom,
        "bios" => Device::Bios,
        _ => return None,
    };
    Some(Some(Override { device, lasting: Lasting::Once, mode: Mode::Legacy }))
}

/// Seconds and force: `15 0` is lit for 15 s, `0 0` is dark, `0 1` is lit until it is told otherwise (IPMI v2.0 §28.5).
fn identify(value: &str) -> Option<Command> {
    let mut numbers = value.split_whitespace().map(str::parse::<u64>);
    let seconds = numbers.next()?.ok()?;
    let is_forced = matches!(numbers.next(), Some(Ok(force)) if force != 0);
    Some(match (seconds, is_forced) {
        (_, true) => Command::SetLed { led: Led::Lit, lasting: None },
        (0, false) => Command::SetLed { led: Led::Unlit, lasting: None },
        (seconds, false) => Command::SetLed { led: Led::Lit, lasting: Some(Duration::from_secs(seconds)) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identify_is_for_a_time_for_ever_or_over() {
        let lit = |lasting| Some(Command::SetLed { led: Led::Lit, lasting });
        assert_eq!(identify("15 0"), lit(Some(Duration::from_secs(15))));
        assert_eq!(identify("0 1"), lit(None));
        assert_eq!(identify("0 0"), Some(Command::SetLed { led: Led::Unlit, lasting: None }));
        assert_eq!(identify("soon"), None);
    }

    #[test]
    fn a_boot_word_comes_back_as_it_went() {
        for word in ["none", "pxe", "default", "cdrom", "bios"] {
            assert_eq!(boot_word(overridden(word).unwrap().map(|it| it.device)), word);
        }
        assert_eq!(overridden("floppy"), None);
    }
}
