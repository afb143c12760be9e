//! Boot override: the boot flags among the system boot options (IPMI v2.0 §28.12 to §28.14, table 28-14).

use super::{
    command::Command,
    link::Talk,
    quirks::{self, Quirk},
    rmcp::handshake::Privilege,
};
use crate::{
    driver::Deviation,
    drivers::failure::Failure,
    model::{BootDevice, BootDuration, BootMode, BootOverride, Change},
};

/// Set System Boot Options (§28.12), as the one step that changes what the machine boots.
const SET_FLAGS: Command =
    Command::read("Set System Boot Options", 0x00, 0x08).for_role(Privilege::Operator).changing();
/// The same command for the parameters around it, which may be written twice without harm.
const SET_AROUND: Command =
    Command::read("Set System Boot Options", 0x00, 0x08).for_role(Privilege::Operator);
/// Get System Boot Options (§28.13).
const GET: Command = Command::read("Get System Boot Options", 0x00, 0x09).for_role(Privilege::Operator);

const SET_IN_PROGRESS: u8 = 0;
const VALID_BIT_CLEARING: u8 = 3;
const INFO_ACKNOWLEDGE: u8 = 4;
const BOOT_FLAGS: u8 = 5;

/// The values of "set in progress": to leave it without a commit takes back what was written, where a BMC can do that.
const COMPLETE: u8 = 0x00;
const IN_PROGRESS: u8 = 0x01;
const COMMIT: u8 = 0x02;
/// "Do not clear the valid bit when no power command comes within 60 s."
const KEEP_VALID: u8 = 0x08;

const VALID: u8 = 0x80;
const PERSISTENT: u8 = 0x40;
const EFI: u8 = 0x20;

/// The override that the next boot will see.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BootOverride, Failure> {
    let flags = read_flags(talk).await?;
    understand(flags).map_err(|deviation| GET.broken(deviation))
}

/// Writes the boot flags, announced, committed and completed by "set in progress", and kept until the next boot.
///
/// What stands around the flags is asked for and not insisted on: OpenBMC refuses parameter 3, others have
/// neither 0 nor 4. Without parameter 3 a BMC drops the override after 60 s without a power command. When the flags
/// are refused it is completed without a commit, so that what was written before them is taken back.
pub(super) async fn set(talk: &mut Talk<'_>, to: BootOverride) -> Result<Change, Failure> {
    let current = understand(read_flags(talk).await?).ok();
    if to.device == BootDevice::None && current == Some(BootOverride::NONE) {
        return Ok(Change::AlreadySo);
    }
    let mode = to.mode.or(current.and_then(|boot| boot.mode)).unwrap_or(BootMode::Uefi);
    let [first, second] = flags(to, mode, odd_selector(talk, to.device, mode).await?);
    let announced = announce(talk).await?;
    if to.device != BootDevice::None {
        around(talk, &[VALID_BIT_CLEARING, KEEP_VALID], &quirks::NO_VALID_BIT_TIMER).await?;
    }
    around(talk, &[INFO_ACKNOWLEDGE, 0x01, 0x01], &quirks::NO_INFO_ACKNOWLEDGE).await?;
    let written = talk.ask(&SET_FLAGS, &[BOOT_FLAGS, first, second, 0, 0, 0]).await;
    if !announced {
        return written.map(|_| Change::Changed);
    }
    let finished = finish(talk, written.is_ok()).await;
    written?;
    finished.map_err(Failure::after_a_change)?;
    Ok(Change::Changed)
}

/// The selector of a BMC that has one of its own for this.
async fn odd_selector(
    talk: &mut Talk<'_>,
    device: BootDevice,
    mode: BootMode,
) -> Result<Option<u8>, Failure> {
    let (quirk, selector) = match (device, mode) {
        (BootDevice::Disk, BootMode::Uefi) => (&quirks::UEFI_DISK, 0b1001),
        (BootDevice::Cdrom, _) => (&quirks::REMOTE_CDROM, 0b1000),
        _ => return Ok(None),
    };
    Ok(talk.expects(quirk).await?.then_some(selector))
}

/// Says that the options are being written; `false` when the BMC has no way to be told.
///
/// 81h is somebody else's announcement. It is taken for one that was forgotten: nobody needs long for it.
async fn announce(talk: &mut Talk<'_>) -> Result<bool, Failure> {
    let mut answered = talk.try_ask(&SET_AROUND, &[SET_IN_PROGRESS, IN_PROGRESS]).await?;
    if answered.completion == 0x81 {
        talk.quirk(&quirks::STALE_SET_IN_PROGRESS);
        talk.try_ask(&SET_AROUND, &[SET_IN_PROGRESS, COMPLETE]).await?;
        answered = talk.try_ask(&SET_AROUND, &[SET_IN_PROGRESS, IN_PROGRESS]).await?;
    }
    match answered.completion {
        0 => Ok(true),
        0xD4 => Err(SET_AROUND.refused(0xD4)),
        _ => {
            talk.quirk(&quirks::NO_SET_IN_PROGRESS);
            Ok(false)
        }
    }
}

/// Commits, where there is something to commit and the BMC knows of it, and completes.
async fn finish(talk: &mut Talk<'_>, commit: bool) -> Result<(), Failure> {
    if commit {
        // A BMC that cannot take back refuses to commit (§28.13, table 28-14), and loses nothing by it.
        talk.try_ask(&SET_AROUND, &[SET_IN_PROGRESS, COMMIT]).await?;
    }
    talk.try_ask(&SET_AROUND, &[SET_IN_PROGRESS, COMPLETE]).await.map(drop)
}

/// Writes a parameter; a BMC that has not got it says so with one code or another, and nothing is lost.
async fn around(talk: &mut Talk<'_>, parameter: &[u8], quirk: &Quirk) -> Result<(), Failure> {
    let answered = talk.try_ask(&SET_AROUND, parameter).await?;
    match answered.completion {
        0 => Ok(()),
        0xD4 => Err(SET_AROUND.refused(0xD4)),
        _ => {
            talk.quirk(quirk);
            Ok(())
        }
    }
}

/// Parameter 5's data after version, parameter and "valid" (table 28-13); missing bytes are zeros, and noted.
async fn read_flags(talk: &mut Talk<'_>) -> Result<[u8; 2], Failure> {
    let data = talk.ask(&GET, &[BOOT_FLAGS, 0, 0]).await?;
    let short = GET.short(data.len(), 7);
    let Some([_, parameter, first, rest @ ..]) = data.first_chunk::<3>().map(|_| &data[..]) else {
        return Err(GET.broken(short));
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
        // 1000b is a remote CD, and what Fujitsu takes for any, written as 20h.
        0b0101 | 0b1000 => BootDevice::Cdrom,
        0b0110 => BootDevice::Bios,
        selector => {
            return Err(Deviation::BadField { what: "boot device selector", value: u32::from(selector) });
        }
    };
    let duration = if first & PERSISTENT == 0 { BootDuration::Once } else { BootDuration::Continuous };
    let mode = if first & EFI == 0 { BootMode::Legacy } else { BootMode::Uefi };
    Ok(BootOverride { device, duration, mode: Some(mode) })
}

fn flags(to: BootOverride, mode: BootMode, odd: Option<u8>) -> [u8; 2] {
    let selector = match to.device {
        BootDevice::Pxe => 0b0001,
        BootDevice::Disk => 0b0010,
        BootDevice::Cdrom => 0b0101,
        BootDevice::Bios => 0b0110,
        BootDevice::None | BootDevice::Usb | BootDevice::Http => return [0, 0],
    };
    let persistent = if to.duration == BootDuration::Continuous { PERSISTENT } else { 0 };
    let efi = if mode == BootMode::Uefi { EFI } else { 0 };
    [VALID | persistent | efi, odd.unwrap_or(selector) << 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pxe_once_over_uefi_is_a0_04() {
        let pxe = BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
        assert_eq!(flags(pxe, BootMode::Uefi, None), [0xA0, 0x04]);
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        for device in [BootDevice::Pxe, BootDevice::Disk, BootDevice::Cdrom, BootDevice::Bios] {
            for duration in [BootDuration::Once, BootDuration::Continuous] {
                for mode in BootMode::ALL {
                    let boot = BootOverride { device, duration, mode: Some(*mode) };
                    assert_eq!(understand(flags(boot, *mode, None)), Ok(boot));
                }
            }
        }
        assert_eq!(understand(flags(BootOverride::NONE, BootMode::Uefi, None)), Ok(BootOverride::NONE));
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
