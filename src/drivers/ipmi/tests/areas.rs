//! Claims about FRU, sensors, log, accounts, power and clock, and about what real BMCs get wrong there.

use std::collections::BTreeSet;

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{
        AccountId, AccountProtocol, AccountUpdate, Availability, BootDevice, BootDuration, BootMode,
        BootOverride, Change, Health, NewAccount, Role, Secret, SensorKind, Timestamp,
    },
};

/// A BMC that answers a command by this; `None` leaves it to the healthy one.
async fn answering(mut answer: impl FnMut(u8, u8, &[u8]) -> Option<(u8, Vec<u8>)> + Send + 'static) -> Peer {
    Peer::scripted(move |seen| match &seen.heard {
        Heard::Command(netfn, command, data) if !seen.again => {
            answer(*netfn, *command, data).map(|(code, data)| Act::Complete(code, data))
        }
        _ => None,
    })
    .await
}

fn notes<T>(answer: &crate::Answer<T>) -> Vec<String> {
    answer.notes.iter().map(ToString::to_string).collect()
}

fn has_note<T>(answer: &crate::Answer<T>, name: &str) -> bool {
    notes(answer).iter().any(|note| note.contains(name))
}

/// A store with a product area, read in pieces of at most so many bytes.
fn fru_store(largest: u8) -> impl FnMut(u8, u8, &[u8]) -> Option<(u8, Vec<u8>)> + Send + 'static {
    let mut product = vec![1, 0, 25];
    for text in ["Acme", "Anvil", "AN-1", "v1", "7CX1", "asset", "file", "custom"] {
        product.push(0xC0 | text.len() as u8);
        product.extend_from_slice(text.as_bytes());
    }
    product.push(0xC1);
    product.resize((product.len() + 1).next_multiple_of(8) - 1, 0);
    product[1] = ((product.len() + 1) / 8) as u8;
    product.push(checksum(&product));
    let mut store = vec![1, 0, 0, 0, 1, 0, 0];
    store.push(checksum(&store));
    store.extend(product);
    move |netfn, command, data| match (netfn, command) {
        (0x0A, 0x10) => Some((0, vec![store.len() as u8, 0, 0])),
        (0x0A, 0x11) if data[3] > largest => Some((0xCA, Vec::new())),
        (0x0A, 0x11) => {
            let from = usize::from(u16::from_le_bytes([data[1], data[2]]));
            let part = &store[from.min(store.len())..(from + usize::from(data[3])).min(store.len())];
            Some((0, [&[part.len() as u8], part].concat()))
        }
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_fru_store_is_read_in_pieces_that_the_bmc_can_carry() {
    for largest in [255, 16, 7] {
        let peer = answering(fru_store(largest)).await;
        let fru = peer.driver().fru(within(10)).await.unwrap().value;
        let product = fru.product.unwrap();
        assert_eq!(product.serial.as_deref(), Some("7CX1"), "{largest}");
        assert_eq!(
            (product.asset_tag.as_deref(), product.custom),
            (Some("asset"), vec!["custom".to_owned()])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fru_store_that_is_busy_is_asked_again() {
    let (mut store, mut busy) = (fru_store(255), 2);
    let peer = answering(move |netfn, command, data| {
        let hit = (netfn, command) == (0x0A, 0x11) && busy > 0;
        busy -= i32::from(hit);
        if hit { Some((0x81, Vec::new())) } else { store(netfn, command, data) }
    })
    .await;
    assert!(peer.driver().fru(within(10)).await.unwrap().value.product.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_bmc_without_a_fru_store_has_none_to_read() {
    let error = Peer::healthy().await.driver().fru(within(10)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
}

/// A repository of one record, and what the sensor says.
fn repository(
    record: Vec<u8>,
    reading: (u8, Vec<u8>),
) -> impl FnMut(u8, u8, &[u8]) -> Option<(u8, Vec<u8>)> + Send + 'static {
    move |netfn, command, data| match (netfn, command) {
        (0x0A, 0x22) => Some((0, vec![7, 0])),
        (0x0A, 0x23) => {
            let from = usize::from(data[4]).min(record.len());
            let part = &record[from..(from + usize::from(data[5])).min(record.len())];
            Some((0, [&[0xFF, 0xFF], part].concat()))
        }
        (0x04, 0x2D) => Some(reading.clone()),
        (0x04, 0x27) => Some((0, vec![0x38, 0, 0, 0, 70, 80, 90])),
        _ => None,
    }
}

fn temperature() -> Vec<u8> {
    super::super::sdr::record::tests::temperature()
}

#[tokio::test(start_paused = true)]
async fn a_sensor_is_converted_and_judged_by_its_thresholds() {
    let peer = answering(repository(temperature(), (0, vec![75, 0xC0, 0xC8]))).await;
    let sensors = peer.driver().sensors(within(10)).await.unwrap().value;
    let [sensor] = &sensors[..] else { panic!("{sensors:?}") };
    assert_eq!(
        (sensor.value, sensor.kind, sensor.health),
        (Some(75.0), SensorKind::Temperature, Health::Warning)
    );
    assert_eq!((sensor.thresholds.upper_caution, sensor.thresholds.lower_caution), (Some(70.0), None));
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_is_unavailable_is_not_zero() {
    for (answer, availability) in [
        ((0, vec![0, 0xE0, 0xC0]), Availability::Unavailable),
        ((0, vec![0, 0x80, 0xC0]), Availability::Disabled),
        ((0xCB, vec![]), Availability::Absent),
        ((0, vec![9]), Availability::Unavailable),
    ] {
        let peer = answering(repository(temperature(), answer)).await;
        let sensor = peer.driver().sensors(within(10)).await.unwrap().value.remove(0);
        assert_eq!((sensor.value, sensor.availability, sensor.health), (None, availability, Health::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reservation_is_made_again_and_a_record_is_read_in_pieces() {
    let mut inner = repository(temperature(), (0, vec![29, 0xC0, 0xC0]));
    let mut lost = 3;
    let peer = answering(move |netfn, command, data| {
        if (netfn, command) == (0x0A, 0x23) && data[5] > 12 {
            return Some((0xCA, Vec::new()));
        }
        let hit = (netfn, command) == (0x0A, 0x23) && data[4] > 0 && lost > 0;
        lost -= i32::from(hit);
        if hit { Some((0xC5, Vec::new())) } else { inner(netfn, command, data) }
    })
    .await;
    let sensors = peer.driver().sensors(within(10)).await.unwrap().value;
    assert_eq!((sensors[0].name.as_str(), sensors[0].value), ("CPU Temp", Some(29.0)));
    assert_eq!(peer.count(|h| matches!(h, Heard::Command(0x0A, 0x22, _))), 4);
}

#[tokio::test(start_paused = true)]
async fn surplus_bytes_of_a_record_are_cut_off_and_noted() {
    let mut inner = repository(temperature(), (0, vec![29, 0xC0, 0xC0]));
    let peer = answering(move |netfn, command, data| {
        let (code, mut answer) = inner(netfn, command, data)?;
        if (netfn, command) == (0x0A, 0x23) && data[4] > 0 {
            answer.extend([0xEE; 6]);
        }
        Some((code, answer))
    })
    .await;
    let answer = peer.driver().sensors(within(10)).await.unwrap();
    assert!(has_note(&answer, "surplus-sdr-bytes"), "{:?}", notes(&answer));
    assert_eq!(answer.value[0].name, "CPU Temp");
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_leads_in_circles_ends() {
    let record = temperature();
    let peer = answering(move |netfn, command, data| match (netfn, command) {
        (0x0A, 0x22) => Some((0, vec![7, 0])),
        (0x0A, 0x23) => {
            let from = usize::from(data[4]).min(record.len());
            Some((0, [&[2 - data[2].min(1), 0], &record[from..]].concat()))
        }
        (0x04, 0x2D) => Some((0, vec![1, 0xC0, 0xC0])),
        _ => None,
    })
    .await;
    let answer = peer.driver().sensors(within(60)).await.unwrap();
    assert!(answer.value.len() <= 3 && has_note(&answer, "next SDR record"), "{:?}", notes(&answer));
}

#[tokio::test(start_paused = true)]
async fn the_log_is_cleared_under_a_reservation_and_waited_for() {
    let mut looks = 0;
    let peer = answering(move |netfn, command, data| match (netfn, command) {
        (0x0A, 0x40) => Some((0, vec![0x51, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x82])),
        (0x0A, 0x42) => Some((0, vec![9, 0])),
        (0x0A, 0x47) => {
            looks += 1;
            assert_eq!(data[..5], [9, 0, b'C', b'L', b'R']);
            Some((0, vec![u8::from(looks > 2)]))
        }
        _ => None,
    })
    .await;
    assert_eq!(peer.driver().clear_log(within(10)).await.unwrap().value, Change::Changed);
    let actions: Vec<u8> = peer
        .heard()
        .into_iter()
        .filter_map(|h| if let Heard::Command(0x0A, 0x47, data) = h { data.last().copied() } else { None })
        .collect();
    assert_eq!(actions, [0xAA, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_power_reading_is_absent_and_no_zero() {
    let peer = answering(|netfn, command, _| match (netfn, command) {
        (0x2C, 0x01) => Some((0, vec![0xDC, 1, 1, 0, 0, 1, 7])),
        (0x2C, 0x02) => Some((0, Vec::new())),
        _ => None,
    })
    .await;
    let error = peer.driver().power_metrics(within(10)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_with_an_offset_is_told_and_set_in_utc() {
    let peer = answering(|netfn, command, _| match (netfn, command) {
        (0x0A, 0x48) => Some((0, 7200_u32.to_le_bytes().to_vec())),
        (0x0A, 0x5C) => Some((0, 60_i16.to_le_bytes().to_vec())),
        (0x0A, 0x49) => Some((0, Vec::new())),
        _ => None,
    })
    .await;
    let driver = peer.driver();
    let clock = driver.bmc_clock(within(10)).await.unwrap().value;
    assert_eq!((clock.time, clock.utc_offset_minutes), (Timestamp(3600), Some(60)));
    driver.set_bmc_clock(Timestamp(1_000_000), within(10)).await.unwrap();
    let set = Heard::Command(0x0A, 0x49, 1_003_600_u32.to_le_bytes().to_vec());
    assert_eq!(peer.count(|h| *h == set), 1);
}

/// Two named accounts and a free slot; what is written to it is not kept.
fn slots(command: u8, data: &[u8]) -> Option<(u8, Vec<u8>)> {
    let named = |name: &str| (0, [name.as_bytes(), &[0; 16][name.len()..]].concat());
    match (command, data) {
        (0x44, [_, number]) => Some((0, vec![3, 0x41, 0, if *number == 3 { 0x0F } else { 0x34 }])),
        (0x46, [1]) => Some(named("anon")),
        (0x46, [2]) => Some(named("root")),
        (0x46, _) => Some((0, vec![0xFF; 16])),
        (0x4D, _) => Some((0, vec![2, 0, 0, 0])),
        (0x43 | 0x45 | 0x47 | 0x4C, _) => Some((0, Vec::new())),
        _ => None,
    }
}

fn new(name: &str, password: &str) -> NewAccount {
    let (name, password) = (name.to_owned(), Secret::new(password));
    NewAccount { id: None, name, password, role: Role::Operator, enabled: true, protocols: BTreeSet::new() }
}

/// What was written of accounts: command and data without names and passwords.
fn written(peer: &Peer) -> Vec<(u8, Vec<u8>)> {
    let write = |heard| match heard {
        Heard::Command(6, command @ (0x43 | 0x45 | 0x47 | 0x4C), data) => {
            Some((command, data.into_iter().take(if command == 0x45 { 1 } else { 2 }).collect()))
        }
        _ => None,
    };
    peer.heard().into_iter().filter_map(write).collect()
}

#[tokio::test(start_paused = true)]
async fn an_account_is_written_name_first_and_let_in_last() {
    let peer = answering(|netfn, command, data| (netfn == 6).then(|| slots(command, data)).flatten()).await;
    let account = peer.driver().create_account(&new("ops", "opspw"), within(30)).await.unwrap().value;
    assert_eq!((account.id, account.role), (AccountId("3".to_owned()), Role::Operator));
    assert_eq!(account.protocols, [AccountProtocol::Ipmi, AccountProtocol::HostConsole].into());
    let steps = [
        (0x45, vec![3]),
        (0x47, vec![3, 2]),
        (0x47, vec![3, 3]),
        (0x43, vec![0x9E, 3]),
        (0x4C, vec![0x0E, 3]),
        (0x47, vec![3, 1]),
    ];
    assert_eq!(written(&peer), steps);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_fails_half_way_is_taken_back() {
    let peer = answering(|netfn, command, data| match (netfn, command, data) {
        (6, 0x43, [_, _, 3]) => Some((0xCC, Vec::new())),
        _ => (netfn == 6).then(|| slots(command, data)).flatten(),
    })
    .await;
    let error = peer.driver().create_account(&new("ops", "opspw"), within(30)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
    let after = written(&peer);
    let undone = [(0x47, vec![3, 0]), (0x4C, vec![0x0E, 0x43]), (0x43, vec![0x8E, 3]), (0x45, vec![3])];
    assert_eq!(after[after.len() - 4..], undone);
}

#[tokio::test(start_paused = true)]
async fn a_long_password_goes_out_whole_and_one_that_was_cut_is_told() {
    let peer = answering(|netfn, command, data| match (netfn, command, data.get(1)) {
        (6, 0x47, Some(3)) => Some((0x80, Vec::new())),
        _ => (netfn == 6).then(|| slots(command, data)).flatten(),
    })
    .await;
    let error = peer.driver().create_account(&new("ops", "seventeen-bytes-1"), within(30)).await.unwrap_err();
    assert!(error.to_string().contains("did not keep the password"), "{error}");
    let set =
        |h: &Heard| matches!(h, Heard::Command(6, 0x47, data) if data[..2] == [0x83, 2] && data.len() == 22);
    assert_eq!(peer.count(set), 1);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_disabled_may_refuse_to_be_disabled() {
    let peer = answering(|netfn, command, data| match (netfn, command, data) {
        (6, 0x47, [2, 0, ..]) => Some((0xCC, Vec::new())),
        (6, 0x44, [_, 2]) => Some((0, vec![3, 0x81, 0, 0x34])),
        (6, 0x45, _) if data[1..].iter().all(|byte| *byte == 0) => Some((0xCC, Vec::new())),
        _ => (netfn == 6).then(|| slots(command, data)).flatten(),
    })
    .await;
    let driver = peer.driver();
    let answer = driver.delete_account(&AccountId("2".to_owned()), within(30)).await.unwrap();
    assert!(has_note(&answer, "disable-refused") && has_note(&answer, "name-of-ffh"), "{:?}", notes(&answer));
}

#[tokio::test(start_paused = true)]
async fn what_ipmi_cannot_carry_of_an_account_touches_nothing() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    for account in [new("seventeen-bytes-1", "pw"), new("ops", "twenty-one-bytes-long"), new("", "pw")] {
        let error = driver.create_account(&account, within(5)).await.unwrap_err();
        assert!(matches!(error.cause, Cause::InvalidArgument { .. }), "{error}");
    }
    let update = AccountUpdate::default();
    let error = driver.update_account(&AccountId("root".to_owned()), &update, within(5)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::InvalidArgument { .. }), "{error}");
    assert!(peer.seen().is_empty());
}

fn override_of(device: BootDevice) -> BootOverride {
    BootOverride { device, duration: BootDuration::Once, mode: Some(BootMode::Uefi) }
}

fn boot_writes(peer: &Peer) -> Vec<Vec<u8>> {
    let write = |h| if let Heard::Command(0, 8, data) = h { Some(data) } else { None };
    peer.heard().into_iter().filter_map(write).collect()
}

#[tokio::test(start_paused = true)]
async fn a_uefi_disk_is_24h_at_supermicro_and_08h_elsewhere() {
    for (maker, selector) in [([0x7C, 0x2A, 0], 0x24), ([0xA2, 0x02, 0], 0x08)] {
        let peer = answering(move |netfn, command, _| {
            let id = [&[0x20, 1, 2, 0x34, 2, 0][..], &maker, &[0, 0]].concat();
            ((netfn, command) == (6, 1)).then_some((0, id))
        })
        .await;
        let answer =
            peer.driver().set_boot_override(override_of(BootDevice::Disk), within(10)).await.unwrap();
        let flags = boot_writes(&peer).into_iter().find(|data| data[0] == 5).unwrap();
        assert_eq!(flags[2], selector);
        assert_eq!(has_note(&answer, "uefi-disk-is-24h"), selector == 0x24);
    }
}

#[tokio::test(start_paused = true)]
async fn flags_that_are_refused_are_left_without_a_commit() {
    let peer = answering(|netfn, command, data| {
        ((netfn, command) == (0, 8) && data[0] == 5).then(|| (0xCC, Vec::new()))
    })
    .await;
    let error = peer.driver().set_boot_override(override_of(BootDevice::Pxe), within(10)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
    let writes = boot_writes(&peer);
    assert_eq!(writes.last(), Some(&vec![0, 0]));
    assert!(!writes.contains(&vec![0, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_refused_timer_is_noted_and_forgiven() {
    let peer = answering(|netfn, command, data| {
        ((netfn, command) == (0, 8) && data[0] == 3).then(|| (0x80, Vec::new()))
    })
    .await;
    let answer = peer.driver().set_boot_override(override_of(BootDevice::Pxe), within(10)).await.unwrap();
    assert_eq!(answer.value, Change::Changed);
    assert!(has_note(&answer, "no-valid-bit-timer"), "{:?}", notes(&answer));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_announcement_is_ended() {
    let mut first = true;
    let peer = answering(move |netfn, command, data| {
        let hit = (netfn, command) == (0, 8) && data == [0, 1] && std::mem::take(&mut first);
        hit.then(|| (0x81, Vec::new()))
    })
    .await;
    let answer = peer.driver().set_boot_override(override_of(BootDevice::Pxe), within(10)).await.unwrap();
    assert!(has_note(&answer, "stale-set-in-progress"));
    assert_eq!(boot_writes(&peer)[..3], [vec![0, 1], vec![0, 0], vec![0, 1]]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_to_be_kept_alive_is() {
    let peer = Peer::healthy().await;
    let mut endpoint = peer.endpoint();
    endpoint.ipmi.keep_alive = Some(Duration::from_secs(20));
    let driver = Ipmi::new(endpoint).unwrap();
    driver.power_read(within(10)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(110)).await;
    driver.power_read(within(10)).await.unwrap();
    assert_eq!(peer.count(|h| *h == Heard::Rakp3), 1);
    assert!(peer.count(|h| matches!(h, Heard::Command(6, 1, _))) >= 4);
    drop(driver);
    let before = peer.seen().len();
    tokio::time::sleep(Duration::from_secs(110)).await;
    assert_eq!(peer.seen().len(), before);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_takes_the_quirks_that_there_are_and_no_others() {
    let mut endpoint = Peer::healthy().await.endpoint();
    endpoint.ipmi.quirks = ["sik-for-k1".to_owned()].into();
    assert!(Ipmi::new(endpoint.clone()).is_ok());
    endpoint.ipmi.quirks = ["no-such-quirk".to_owned()].into();
    let error = Ipmi::new(endpoint).err().unwrap().to_string();
    assert!(error.contains("no-such-quirk") && error.contains("sik-for-k1"), "{error}");
}
