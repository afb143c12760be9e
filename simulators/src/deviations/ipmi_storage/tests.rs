//! Each quirk where it applies, and a twin without it.

use std::time::Duration;

use crate::{
    ipmi::{Privilege, Trial},
    machine::{Command, Power},
};

type Answer = Result<Vec<u8>, u8>;

/// The same question to a BMC with the quirk and to one without.
fn both(quirk: &str, netfn: u8, number: u8, data: &[u8]) -> (Answer, Answer) {
    let [with, without] = [&[quirk][..], &[]].map(|quirks| {
        let mut trial = Trial::on("generic", quirks);
        trial.switch_on();
        trial.administrator(netfn, number, data)
    });
    (with, without)
}

const WHOLE: [u8; 6] = [0, 0, 1, 0, 0, 0xFF];
const EVENT: [u8; 16] = [0, 0, 2, 0, 0, 0, 0, 0x41, 0, 4, 0x01, 0x30, 0x01, 0x59, 50, 42];

#[tokio::test(start_paused = true)]
async fn a_record_is_refused_whole_and_read_in_parts() {
    let (with, without) = both("ipmi-sdr-whole-refused", 0x0A, 0x23, &WHOLE);
    assert!(with == Err(0xCA) && without.is_ok());
    let (with, without) = both("ipmi-sdr-whole-refused", 0x0A, 0x23, &[0, 0, 1, 0, 0, 16]);
    assert!(with.is_ok() && with == without);
}

#[tokio::test(start_paused = true)]
async fn a_record_has_more_or_less_than_it_says() {
    for (quirk, more) in [("ipmi-sdr-junk-behind", 6), ("ipmi-sdr-cut-short", -3)] {
        let (with, without) = both(quirk, 0x0A, 0x23, &WHOLE);
        let [with, without] = [with, without].map(|it| it.unwrap());
        assert_eq!(with.len() as i32 - without.len() as i32, more, "{quirk}");
        assert_eq!(usize::from(without[6]), without.len() - 7);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reservation_is_lost_now_and_then() {
    for (quirks, lost) in [(&["ipmi-sdr-reservation-lost"][..], 2), (&[], 0)] {
        let mut trial = Trial::on("generic", quirks);
        let held = trial.user(0x0A, 0x22, &[]).unwrap();
        let mut read = || trial.user(0x0A, 0x23, &[held[0], held[1], 1, 0, 5, 4]);
        let failed = (0..20).filter(|_| read() == Err(0xC5)).count();
        assert_eq!(failed, lost, "{quirks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_in_post() {
    for (quirks, flags) in [(&["ipmi-no-readings-in-post"][..], 0xE0), (&[], 0xC0)] {
        let mut trial = Trial::on("generic", quirks);
        trial.bmc.command(Command::PowerOn).unwrap();
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(trial.user(0x04, 0x2D, &[1]).unwrap()[1], flags, "{quirks:?}");
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(trial.user(0x04, 0x2D, &[1]).unwrap()[1], 0xC0, "{quirks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fan_without_a_reading_is_answered_with_nothing() {
    for (quirks, length) in [(&["ipmi-absent-reading-empty"][..], 0), (&[], 3)] {
        let mut trial = Trial::on("generic", quirks);
        let fan = trial.bmc.look().tree.sensors().named("Fan 1").unwrap().number;
        assert_eq!(trial.user(0x04, 0x2D, &[fan]).unwrap().len(), length, "{quirks:?}");
        assert_eq!(trial.user(0x04, 0x2D, &[1]).unwrap().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sensor_that_is_not_there_is_invalid() {
    let asked = both("ipmi-no-sensor-is-invalid", 0x04, 0x2D, &[0xFE]);
    assert_eq!(asked, (Err(0xCC), Err(0xCB)));
}

#[tokio::test(start_paused = true)]
async fn the_texts_of_inventories_are_padded_and_the_areas_still_add_up() {
    for (quirk, padding) in [("ipmi-fru-padded-nul", &[0, 0][..]), ("ipmi-fru-padded-ff", &[0xFF; 3])] {
        for quirks in [&[quirk][..], &[]] {
            let mut trial = Trial::on("generic", quirks);
            let image = trial.user(0x0A, 0x11, &[0, 0, 0, 255]).unwrap();
            let area = &image[1 + usize::from(image[3]) * 8..];
            let length = usize::from(area[3] & 0x3F);
            let part = trial.bmc.view().id.part_number.clone().into_bytes();
            let padding = if quirks.is_empty() { &[] } else { padding };
            assert_eq!(area[4..4 + length], [&part, padding].concat(), "{quirks:?}");
            let sum = area[..usize::from(area[1]) * 8].iter().fold(0u8, |sum, it| sum.wrapping_add(*it));
            assert_eq!(sum, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn boards_are_made_in_1996() {
    let [with, without] = [&["ipmi-fru-made-in-1996"][..], &[]].map(|quirks| {
        let image = Trial::on("generic", quirks).user(0x0A, 0x11, &[0, 0, 0, 255]).unwrap();
        let area = &image[1 + usize::from(image[4]) * 8..];
        u32::from_le_bytes([area[3], area[4], area[5], 0])
    });
    assert!(with < 800 && without > 10_000_000, "{with} {without}");
}

#[tokio::test(start_paused = true)]
async fn inventories_are_read_in_small_parts() {
    let (with, without) = both("ipmi-fru-sixteen-bytes", 0x0A, 0x11, &[0, 0, 0, 17]);
    assert!(with == Err(0xCA) && without.is_ok());
    assert!(both("ipmi-fru-sixteen-bytes", 0x0A, 0x11, &[0, 0, 0, 16]).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn entries_are_read_whole() {
    for (quirks, part) in [(&["ipmi-sel-parts-refused"][..], false), (&[], true)] {
        let mut trial = Trial::on("generic", quirks);
        trial.operator(0x0A, 0x44, &EVENT).unwrap();
        assert_eq!(trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 8]).is_ok(), part, "{quirks:?}");
        assert!(trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 0xFF]).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_counts_from_its_start_until_it_is_set() {
    for (quirks, before_2000) in [(&["ipmi-sel-since-start"][..], true), (&[], false)] {
        let mut trial = Trial::on("generic", quirks);
        tokio::time::advance(Duration::from_secs(30)).await;
        trial.operator(0x0A, 0x44, &EVENT).unwrap();
        let time = |it: &[u8]| u32::from_le_bytes(it[..4].try_into().unwrap());
        let now = time(&trial.user(0x0A, 0x48, &[]).unwrap());
        let entry = trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 0xFF]).unwrap();
        assert_eq!((now == 30, time(&entry[5..]) == 30), (before_2000, before_2000), "{quirks:?}");
        trial.operator(0x0A, 0x49, &1_800_000_000u32.to_le_bytes()).unwrap();
        assert_eq!(time(&trial.user(0x0A, 0x48, &[]).unwrap()), 1_800_000_000);
    }
}

#[tokio::test(start_paused = true)]
async fn power_is_measured_and_nothing_is_said() {
    let (with, without) = both("ipmi-dcmi-power-empty", 0x2C, 0x02, &[0xDC, 1, 0, 0]);
    assert_eq!((with, without.map(|it| it.len())), (Ok(Vec::new()), Ok(17)));
}

#[tokio::test(start_paused = true)]
async fn the_body_is_older_than_the_version() {
    let (with, without) = both("ipmi-dcmi-old-body", 0x2C, 0x01, &[0xDC, 2]);
    let [with, without] = [with, without].map(|it| it.unwrap());
    assert_eq!((with.len(), &with[..2], without.len(), &without[..2]), (7, &[1, 1][..], 8, &[1, 5][..]));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_bare() {
    for (quirks, whole) in [(&["ipmi-group-error-bare"][..], &[0xD4][..]), (&[], &[0xD4, 0xDC])] {
        let mut trial = Trial::on("generic", quirks);
        trial.bmc.control().establish_power(Power::On);
        assert_eq!(trial.whole(Privilege::User, 0x2C, 0x08, &[0xDC, 0, 1, 65]), whole, "{quirks:?}");
        assert_eq!(trial.whole(Privilege::User, 0x2C, 0x06, &[0xDC, 0, 0])[..2], [0, 0xDC]);
    }
}
