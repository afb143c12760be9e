//! Boot override: the boot flags among the system boot options (IPMI v2.0 §28.12 to §28.14, table 28-14).

use super::{
    command::{Command, Effect},
    link::Talk,
    rmcp::handshake::Privilege,
};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
    model::{BootDevice, BootDuration, BootMode, BootOverride, Change},
};

/// Set System Boot Options (§28.12), as the one step that changes what the machine boots.
const SET_FLAGS: Command = Command {
    name: "Set System Boot Options",
    netfn: 0x00,
    number: 0x08,
    privilege: Privilege::Operator,
    effect: Effect::Changes,
};
/// The same command for the parameters around it, which may be written twice without harm.
const SET_AROUND: Command = Command { effect: Effect::Repeatable, ..SET_FLAGS };
/// Get System Boot Options (§28.13).
const GET: Command = Command {
    name: "Get System Boot Options",
    netfn: 0x00,
    number: 0x09,
    privilege: Privilege::Operator,
    effect: Effect::Repeatable,
};

const SET_IN_PROGRESS: u8 = 0;
const VALID_BIT_CLEARING: u8 = 3;
const INFO_ACKNOWLEDGE: u8 = 4;
const BOOT_FLAGS: u8 = 5;

const VALID: u8 = 0x80;
const PERSISTENT: u8 = 0x40;
const EFI: u8 = 0x20;

/// The override that the next boot will see.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BootOverride, Failure> {
    let flags = read_flags(talk).await?;
    understand(flags).map_err(|deviation| Failure::new(Cause::Deviation(deviation), GET.at(Some(0))))
}

/// Writes the boot flags, announced and completed by "set in progress", and kept until the next boot.
///
/// What stands around the flags is asked for and not insisted on: OpenBMC refuses parameter 3, others have
/// neither 0 nor 4. Without parameter 3 a BMC drops the override after 60 s without a power command.
pub(super) async fn set(talk: &mut Talk<'_>, to: BootOverride) -> Result<Change, Failure> {
    let current = understand(read_flags(talk).await?).ok();
    if to.device == BootDevice::None && current == Some(BootOverride::NONE) {
        return Ok(Change::AlreadySo);
    }
    let mode = to.mode.or(current.and_then(|boot| boot.mode)).unwrap_or(BootMode::Uefi);
    try_around(talk, &[SET_IN_PROGRESS, 0x01]).await?;
    if to.device != BootDevice::None {
        try_around(talk, &[VALID_BIT_CLEARING, 0x08]).await?;
    }
    try_around(talk, &[INFO_ACKNOWLEDGE, 0x01, 0x01]).await?;
    let [first, second] = flags(to, mode);
    let written = talk.ask(&SET_FLAGS, &[BOOT_FLAGS, first, second, 0, 0, 0]).await;
    let finished = try_around(talk, &[SET_IN_PROGRESS, 0x00]).await;
    written?;
    finished.map_err(Failure::after_a_change)?;
    Ok(Change::Changed)
}

/// Writes a parameter; a BMC that has not got it says so with one code or another, and nothing is lost.
async fn try_around(talk: &mut Talk<'_>, parameter: &[u8]) -> Result<(), Failure> {
    let answered = talk.try_ask(&SET_AROUND, parameter).await?;
    if answered.completion == 0xD4 {
        return Err(Failure::new(Cause::Denied, SET_AROUND.at(Some(0xD4))));
    }
    Ok(())
}

/// Parameter 5's data after version, parameter and "valid" (table 28-13); missing bytes are zeros, and noted.
async fn read_flags(talk: &mut Talk<'_>) -> Result<[u8; 2], Failure> {
    let data = talk.ask(&GET, &[BOOT_FLAGS, 0, 0]).await?;
    let short = Deviation::ShortMessage { what: "boot flags", bytes: data.len(), needed: 7 };
    let Some([_, parameter, first, rest @ ..]) = data.first_chunk::<3>().map(|_| &data[..]) else {
        return Err(Failure::new(Cause::Deviation(short), GET.at(Some(0))));
    };
    if rest.len() < 4 {
        talk.forgive(short);
    }
    // Bit 7 of the parameter says that it is marked invalid or locked, whatever the flags say.
    let valid = parameter & 0x80 == 0;
    let first = if valid { *first } else { *first & !VALID };
    Ok([first, rest.first().copied().unwrap_or_default()])
}

fn understand([first, second]: [u8; 2]) -> Result<BootOverride, Deviation> {
    if first & VALID == 0 {
        return Ok(BootOverride::NONE);
    }
    let device = match second >> 2 & 0x0F {
        0b0000 => return Ok(BootOverride::NONE),
        0b0001 => BootDevice::Pxe,
        // 9 and above are remote devices; 1001b is Supermicro's disk for UEFI, written as 24h.
        0b0010 | 0b1001 => BootDevice::Disk,
        0b0101 => BootDevice::Cdrom,
        0b0110 => BootDevice::Bios,
        selector => {
            return Err(Deviation::BadField { what: "boot device selector", value: u32::from(selector) });
        }
    };
    let duration = if first & PERSISTENT == 0 { BootDuration::Once } else { BootDuration::Continuous };
    let mode = if first & EFI == 0 { BootMode::Legacy } else { BootMode::Uefi };
    Ok(BootOverride { device, duration, mode: Some(mode) })
}

fn flags(to: BootOverride, mode: BootMode) -> [u8; 2] {
    let selector = match to.device {
        BootDevice::Pxe => 0b0001,
        BootDevice::Disk => 0b0010,
        BootDevice::Cdrom => 0b0101,
        BootDevice::Bios => 0b0110,
        BootDevice::None | BootDevice::Usb | BootDevice::Http => return [0, 0],
    };
    let persistent = if to.duration == BootDuration::Continuous { PERSISTENT } else { 0 };
    let efi = if mode == BootMode::Uefi { EFI } else { 0 };
    [VALID | persistent | efi, selector << 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pxe_once_over_uefi_is_a0_04() {
        let pxe = BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
        assert_eq!(flags(pxe, BootMode::Uefi), [0xA0, 0x04]);
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        for device in [BootDevice::Pxe, BootDevice::Disk, BootDevice::Cdrom, BootDevice::Bios] {
            for duration in [BootDuration::Once, BootDuration::Continuous] {
                for mode in BootMode::ALL {
                    let boot = BootOverride { device, duration, mode: Some(*mode) };
                    assert_eq!(understand(flags(boot, *mode)), Ok(boot));
                }
            }
        }
        assert_eq!(understand(flags(BootOverride::NONE, BootMode::Uefi)), Ok(BootOverride::NONE));
    }

    #[test]
    fn a_stale_selector_without_the_valid_bit_is_no_override() {
        // Seen after a boot: the device stays, the valid bit goes (os-autoinst issue 17794).
        assert_eq!(understand([0x20, 0x04]), Ok(BootOverride::NONE));
    }

    #[test]
    fn supermicros_selector_for_a_uefi_disk_is_a_disk() {
        assert_eq!(understand([0xA0, 0x24]).map(|b| b.device), Ok(BootDevice::Disk));
    }

    #[test]
    fn a_selector_outside_of_the_table_is_a_deviation() {
        assert!(matches!(understand([0x80, 0x2C]), Err(Deviation::BadField { value: 0x0B, .. })));
    }
}
