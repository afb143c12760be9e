//! Boot options (IPMI v2.0 §28.12-28.13). The boot flags are the machine's override, which Redfish shows too; what only IPMI can
//! say of a boot is kept beside it.

use std::time::Duration;

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    policy,
    privilege::Privilege,
    progress::Progress,
};
use crate::machine::{Cause, Causes, Command, Device, Lasting, Mode, Override, Terms};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x00, 0x08), "Set System Boot Options", Need::Level(Privilege::Operator), set),
    Row::new((0x00, 0x09), "Get System Boot Options", Need::Level(Privilege::Operator), get),
];

/// The version of the parameters (table 28-12).
const VERSION: u8 = 0x01;
/// The mailbox has this many blocks of 16 bytes.
const BLOCKS: usize = 5;
/// How long boot flags wait for a Chassis Control.
const WAIT: u32 = 60;

/// What is kept. Only the service partition outlives a restart of the BMC, and so does the machine's own override.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    progress: Progress,
    service_partition: u8,
    service_scan: u8,
    /// Parameter 3: what does *not* make the flags invalid.
    clearing: u8,
    acknowledged: u8,
    flags: Flags,
    initiator: [u8; 9],
    mailbox: [[u8; 16]; BLOCKS],
    /// The parameters that are marked as invalid or locked, as bits.
    invalid: u8,
}

/// The boot flags as they were written last, and when.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    bytes: [u8; 5],
    /// How often the host had started.
    starts: u32,
    /// Until when they are valid, if not for ever.
    until: Option<Duration>,
}

/// What a boot device selector means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selected {
    /// The usual boot.
    Usual,
    /// This device.
    Device(Device),
    /// It is accepted and does nothing.
    Nothing,
    /// It is reserved.
    Reserved,
}

impl Selected {
    /// By table 28-14. What the machine has no word for is what comes next to it: a floppy is a USB device, a safe mode or a
    /// diagnostic partition is on the disk.
    pub(crate) fn of(selector: u8, _: Mode) -> Self {
        match selector {
            0 => Self::Usual,
            1 => Self::Device(Device::Pxe),
            2 | 3 | 4 | 0x0B => Self::Device(Device::Disk),
            5 | 8 => Self::Device(Device::Cdrom),
            6 => Self::Device(Device::Bios),
            7 | 9 | 0x0F => Self::Device(Device::Usb),
            _ => Self::Reserved,
        }
    }
}

/// The selector that says a device best; UEFI HTTP boot, which it cannot say, is a boot from the network.
fn selector(device: Device) -> u8 {
    match device {
        Device::Pxe | Device::Http => 1,
        Device::Disk => 2,
        Device::Cdrom => 5,
        Device::Bios => 6,
        Device::Usb => 0x0F,
    }
}

impl Kept {
    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        *self = Self { service_partition: self.service_partition, ..Self::default() };
    }
}

impl Flags {
    const VALID: u8 = 0x80;
    const PERSISTENT: u8 = 0x40;
    const EFI: u8 = 0x20;

    fn selector(self) -> u8 {
        self.bytes[1] >> 2 & 0x0F
    }

    fn mode(self) -> Mode {
        if self.bytes[0] & Self::EFI == 0 { Mode::Legacy } else { Mode::Uefi }
    }
}

/// §28.12: the parameter, marked as invalid or not, and perhaps its data.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [which, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let parameter = which & 0x7F;
    if parameter > 7 {
        return Err(Completion::NO_SUCH_PARAMETER);
    }
    if !data.is_empty() {
        write(scene, parameter, data)?;
    }
    let kept = &mut scene.kept.boot;
    kept.invalid = kept.invalid & !(1 << parameter) | which >> 7 << parameter;
    Ok(Vec::new())
}

fn write(scene: &mut Scene<'_>, parameter: u8, data: &[u8]) -> Result<(), Completion> {
    let kept = &mut scene.kept.boot;
    match parameter {
        0 => kept.progress.set(data)?,
        1 => [kept.service_partition] = exactly(data)?,
        2 => kept.service_scan = exactly::<1>(data)?[0] & 0x03,
        3 => {
            kept.clearing = exactly::<1>(data)?[0] & 0x1F;
            if scene.machine(|machine, _| machine.terms().is_some()) {
                agree(scene);
            }
        }
        4 => {
            let [mask, value] = exactly(data)?;
            kept.acknowledged = (kept.acknowledged & !mask | value & mask) & 0x1F;
        }
        5 => set_flags(scene, exactly(data)?)?,
        6 => kept.initiator = exactly(data)?,
        _ => write_mailbox(kept, data)?,
    }
    Ok(())
}

/// Parameter 5. The machine gets an override; what it cannot say is kept.
fn set_flags(scene: &mut Scene<'_>, bytes: [u8; 5]) -> Result<(), Completion> {
    let flags = Flags { bytes, starts: scene.look.facts.restarts, until: None };
    let device = match (scene.look.manners.selected)(flags.selector(), flags.mode()) {
        Selected::Reserved => return Err(Completion::INVALID_FIELD),
        Selected::Nothing => return Ok(()),
        Selected::Usual => None,
        Selected::Device(device) => Some(device),
    };
    let is_persistent = bytes[0] & Flags::PERSISTENT != 0;
    let lasting = if is_persistent { Lasting::Continuous } else { Lasting::Once };
    let wanted = device.filter(|_| bytes[0] & Flags::VALID != 0);
    let to = wanted.map(|device| Override { device, lasting, mode: flags.mode() });
    scene.carry_out(Command::SetOverride(to))?;
    scene.kept.boot.flags = flags;
    agree(scene);
    Ok(())
}

/// Parameter 3 and the flags agree on what ends them (table 28-14): a start by the power button or by the watchdog, and 60 s
/// without a Chassis Control.
fn agree(scene: &mut Scene<'_>) {
    let stays = scene.kept.boot.clearing;
    let waits = stays & 0x08 == 0 && scene.look.manners.flags == policy::Flags::Wait;
    let waits = waits.then(|| scene.seconds(WAIT));
    let ended_by = Causes::default()
        .with_if(stays & 0x01 == 0, Cause::PowerButton)
        .with_if(stays & 0x04 == 0, Cause::Watchdog);
    scene.kept.boot.flags.until = waits.map(|waits| scene.now + waits);
    scene.machine(|machine, now| machine.set_terms(Terms { waits, ended_by }, now));
}

fn write_mailbox(kept: &mut Kept, data: &[u8]) -> Result<(), Completion> {
    let [block, bytes @ ..] = data else { return Err(Completion::LENGTH_INVALID) };
    if bytes.len() > 16 {
        return Err(Completion::LENGTH_INVALID);
    }
    let block = kept.mailbox.get_mut(usize::from(*block)).ok_or(Completion::OUT_OF_RANGE)?;
    block[..bytes.len()].copy_from_slice(bytes);
    Ok(())
}

/// §28.13.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [which, set, _block] = request.exactly()?;
    let parameter = which & 0x7F;
    let kept = &scene.kept.boot;
    let data = match parameter {
        0 => vec![kept.progress.number()],
        1 => vec![kept.service_partition],
        2 => vec![kept.service_scan],
        3 => vec![kept.clearing],
        4 => vec![0, kept.acknowledged],
        5 => shown(scene).to_vec(),
        6 => kept.initiator.to_vec(),
        7 => {
            let block = kept.mailbox.get(usize::from(set)).ok_or(Completion::OUT_OF_RANGE)?;
            [&[set][..], block].concat()
        }
        _ => return Err(Completion::NO_SUCH_PARAMETER),
    };
    let invalid = kept.invalid >> parameter & 1;
    Ok([&[VERSION, invalid << 7 | parameter][..], &data].concat())
}

/// The flags as they are now: valid as long as something is overridden, by whomever.
fn shown(scene: &Scene<'_>) -> [u8; 5] {
    let kept = scene.kept.boot.flags;
    let Some(now) = scene.look.view.override_ else {
        return idle(scene, kept);
    };
    let means = |number| (scene.look.manners.selected)(number, now.mode) == Selected::Device(now.device);
    let own = Some(kept.selector()).filter(|it| means(*it));
    let usual = Some(selector(now.device)).filter(|it| means(*it) || now.device == Device::Http);
    let selector = own.or(usual).or((0..16).find(|it| means(*it))).unwrap_or(0);
    let [_, second, rest @ ..] = kept.bytes;
    let persistent = if now.lasting == Lasting::Continuous { Flags::PERSISTENT } else { 0 };
    let efi = if now.mode == Mode::Uefi { Flags::EFI } else { 0 };
    let [third, fourth, fifth] = rest;
    [Flags::VALID | persistent | efi, second & !0x3C | selector << 2, third, fourth, fifth]
}

/// Nothing is overridden: the flags are invalid, but those that ask for the usual boot and have not been taken yet.
fn idle(scene: &Scene<'_>, kept: Flags) -> [u8; 5] {
    let waits = kept.bytes[0] & Flags::VALID != 0
        && kept.selector() == 0
        && kept.starts == scene.look.facts.restarts
        && kept.until.is_none_or(|until| scene.now < until);
    let [first, second, third, fourth, fifth] = kept.bytes;
    let first = if waits { first & 0xE0 } else { 0 };
    [first, second & !0x3C, third, fourth, fifth]
}

fn exactly<const N: usize>(data: &[u8]) -> Result<[u8; N], Completion> {
    data.try_into().map_err(|_| Completion::LENGTH_INVALID)
}

#[cfg(test)]
mod tests;
