//! Claims about privileges, completion codes and the steps of an operation.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BmcReset, BootDevice, BootDuration, BootMode, BootOverride, Change, Identify, PowerAction},
};

async fn completing(command: (u8, u8), code: u8) -> Peer {
    Peer::scripted(move |seen| is(seen, command).then(|| Act::Complete(code, Vec::new()))).await
}

async fn reset(peer: &Peer) -> Result<Change, Cause> {
    peer.driver().power(PowerAction::Reset, within(30)).await.map(|a| a.value).map_err(|e| e.cause)
}

fn privileges(peer: &Peer) -> Vec<u8> {
    let level = |heard| match heard {
        Heard::Command(6, 0x3B, data) => data.first().copied(),
        _ => None,
    };
    peer.heard().into_iter().filter_map(level).collect()
}

#[tokio::test(start_paused = true)]
async fn the_privilege_is_raised_to_what_a_command_needs_and_no_further() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.power_read(within(10)).await.unwrap();
    assert_eq!(privileges(&peer), [0; 0]);
    driver.power(PowerAction::Reset, within(10)).await.unwrap();
    driver.power(PowerAction::Nmi, within(10)).await.unwrap();
    assert_eq!(privileges(&peer), [3]);
    driver.reset_bmc(BmcReset::Cold, within(10)).await.unwrap();
    assert_eq!(privileges(&peer), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn completion_codes_have_their_causes() {
    assert_eq!(reset(&completing(CONTROL, 0xD4).await).await, Err(Cause::Denied));
    assert_eq!(reset(&completing((6, 0x3B), 0x81).await).await, Err(Cause::Denied));
    assert!(matches!(reset(&completing(CONTROL, 0xD5).await).await, Err(Cause::Conflict { .. })));
    assert!(matches!(reset(&completing(CONTROL, 0xCB).await).await, Err(Cause::NotFound { .. })));
    let Err(Cause::Refused { code, message }) = reset(&completing(CONTROL, 0xCC).await).await else {
        panic!("not refused")
    };
    assert_eq!((code.as_str(), message.as_str()), ("CCh", "Chassis Control: invalid data field in request"));
}

#[tokio::test(start_paused = true)]
async fn a_bmc_without_set_session_privilege_is_asked_all_the_same() {
    assert_eq!(reset(&completing((6, 0x3B), 0xC1).await).await, Ok(Change::Changed));
}

#[tokio::test(start_paused = true)]
async fn a_busy_node_is_asked_again_until_the_deadline() {
    let mut busy = 2;
    let peer = Peer::scripted(move |seen| {
        let hit = is(seen, CONTROL) && busy > 0;
        busy -= usize::from(hit);
        hit.then(|| Act::Complete(0xC0, Vec::new()))
    })
    .await;
    assert_eq!(reset(&peer).await, Ok(Change::Changed));
    assert_eq!(reset(&completing(CONTROL, 0xC0).await).await, Err(Cause::Busy { retry_after: None }));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_inside_the_bmc_leaves_a_change_unknown() {
    let peer = completing(CONTROL, 0xC3).await;
    assert!(matches!(reset(&peer).await, Err(Cause::OutcomeUnknown { .. })));
    assert_eq!(peer.commands(), [GET_STATUS, CONTROL]);
}

#[tokio::test(start_paused = true)]
async fn the_boot_flags_are_written_between_in_progress_and_complete() {
    let peer = Peer::healthy().await;
    let to = BootOverride {
        device: BootDevice::Disk,
        duration: BootDuration::Continuous,
        mode: Some(BootMode::Legacy),
    };
    peer.driver().set_boot_override(to, within(10)).await.unwrap();
    let written: Vec<Vec<u8>> = peer
        .heard()
        .into_iter()
        .filter_map(|h| if let Heard::Command(0, 8, data) = h { Some(data) } else { None })
        .collect();
    let expected: [&[u8]; 6] = [&[0, 1], &[3, 8], &[4, 1, 1], &[5, 0xC0, 0x08, 0, 0, 0], &[0, 2], &[0, 0]];
    assert_eq!(written, expected);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_with_nothing_but_the_boot_flags_is_set_all_the_same() {
    let peer = Peer::scripted(|seen| match &seen.heard {
        Heard::Command(0, 8, data) if data[0] != 5 => Some(Act::Complete(0x80, Vec::new())),
        _ => None,
    })
    .await;
    let to = BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
    assert_eq!(peer.driver().set_boot_override(to, within(10)).await.unwrap().value, Change::Changed);
}

#[tokio::test(start_paused = true)]
async fn short_boot_flags_are_read_with_a_note() {
    let peer =
        Peer::scripted(|seen| is(seen, (0, 9)).then(|| Act::Complete(0, vec![1, 5, 0xE0, 0x04]))).await;
    let answer = peer.driver().boot_override(within(10)).await.unwrap();
    assert_eq!((answer.value.duration, answer.notes.len()), (BootDuration::Continuous, 1));
}

#[tokio::test(start_paused = true)]
async fn what_ipmi_cannot_say_is_unsupported_and_touches_nothing() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    let usb = BootOverride { device: BootDevice::Usb, duration: BootDuration::Once, mode: None };
    assert_eq!(driver.set_boot_override(usb, within(10)).await.unwrap_err().cause, Cause::Unsupported);
    let blinking = crate::SetIdentify { state: Identify::Blinking, lasting: None };
    assert_eq!(driver.set_identify(blinking, within(10)).await.unwrap_err().cause, Cause::Unsupported);
    assert!(peer.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_the_reset_of_the_bmc_the_next_operation_logs_in_again() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.reset_bmc(BmcReset::Warm, within(10)).await.unwrap();
    driver.power_read(within(10)).await.unwrap();
    assert_eq!(peer.count(|h| *h == Heard::Rakp3), 2);
}
