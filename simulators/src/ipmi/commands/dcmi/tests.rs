//! What DCMI answers.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::{privilege::Privilege, trial::Trial};
use crate::{Profile, SensorState};

fn dcmi(trial: &mut Trial, number: u8, data: &[u8]) -> Result<Vec<u8>, u8> {
    trial.administrator(0x2C, number, &[&[0xDC], data].concat())
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn shown(trial: &Trial, path: &str, pointer: &str) -> Value {
    let look = trial.bmc.look();
    let mut value = look.tree.document(path).unwrap().value(&look.view);
    trial.bmc.written().put_into(path, &mut value);
    value.pointer(pointer).unwrap().clone()
}

const POWER: &str = "/redfish/v1/Chassis/1/Power";

#[tokio::test(start_paused = true)]
async fn every_answer_has_the_group_s_byte_errors_too() {
    let mut trial = Trial::new();
    let mut whole = |privilege, number, data: &[u8]| trial.whole(privilege, 0x2C, number, data);
    assert_eq!(whole(Privilege::User, 0x01, &[0xDC, 9]), [0xCC, 0xDC]);
    assert_eq!(whole(Privilege::User, 0x02, &[0xDC]), [0xC7, 0xDC]);
    assert_eq!(whole(Privilege::User, 0x08, &[0xDC, 0, 1, 65]), [0xD4, 0xDC]);
    assert_eq!(whole(Privilege::User, 0x7F, &[0xDC]), [0xC1, 0xDC]);
    assert_eq!(whole(Privilege::User, 0x01, &[0xDC, 3])[..2], [0x00, 0xDC]);
    // Get Power Limit has data with a code that is none of success.
    let limit = whole(Privilege::User, 0x03, &[0xDC, 0, 0]);
    assert_eq!((limit[..2].to_vec(), limit.len()), (vec![0x80, 0xDC], 15));
}

#[tokio::test(start_paused = true)]
async fn what_it_can_is_dcmi_1_5() {
    let mut trial = Trial::new();
    assert_eq!(dcmi(&mut trial, 1, &[1]).unwrap(), [1, 5, 2, 0, 1, 1]);
    assert_eq!(dcmi(&mut trial, 1, &[2]).unwrap(), [1, 5, 2, 0xE8, 0xA3, 0, 0, 1]);
    assert_eq!(dcmi(&mut trial, 1, &[3]).unwrap(), [1, 5, 2, 0x20, 0]);
    assert_eq!(dcmi(&mut trial, 1, &[4]).unwrap(), [1, 5, 2, 1, 0xFF, 0xFF]);
    assert_eq!(dcmi(&mut trial, 1, &[5]).unwrap(), [1, 5, 2, 0]);
    assert_eq!(dcmi(&mut trial, 1, &[6]), Err(0xCC));
}

#[tokio::test(start_paused = true)]
async fn the_power_reading_is_redfish_s_over_the_clock() {
    let mut trial = Trial::new();
    tokio::time::advance(Duration::from_secs(600)).await;
    trial.run_host().await;
    for _ in 0..2 {
        let said = dcmi(&mut trial, 2, &[1, 0, 0]).unwrap();
        assert_eq!(said.len(), 17);
        let metric = |name: &str| shown(&trial, POWER, &format!("/PowerControl/0/PowerMetrics/{name}"));
        assert_eq!(json!(word(&said, 0)), shown(&trial, POWER, "/PowerControl/0/PowerConsumedWatts"));
        assert_eq!(json!(word(&said, 2)), metric("MinConsumedWatts"));
        assert_eq!(json!(word(&said, 4)), metric("MaxConsumedWatts"));
        assert_eq!(json!(word(&said, 6)), metric("AverageConsumedWatts"));
        let [least, most, mean] = [2, 4, 6].map(|at| word(&said, at));
        assert!(least < mean && mean < most, "{least} {mean} {most}");
        assert_eq!(u32::from_le_bytes(said[12..16].try_into().unwrap()), trial.bmc.now().as_millis() as u32);
        assert_eq!(said[16], 0x40);
        trial.bmc.control().establish_power(crate::machine::Power::Off);
    }
    assert_eq!(dcmi(&mut trial, 2, &[2, 0, 0]), Err(0xCC));
}

#[tokio::test(start_paused = true)]
async fn every_platform_that_shows_its_power_tells_it() {
    for name in Profile::names() {
        let mut trial = Trial::on(name, &[]);
        trial.switch_on();
        let can = dcmi(&mut trial, 1, &[1]).unwrap()[4] & 1 != 0;
        assert_eq!(dcmi(&mut trial, 2, &[1, 0, 0]).is_ok(), can, "{name}");
        assert!(can, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_power_that_is_given_is_told() {
    let mut trial = Trial::new();
    trial.switch_on();
    trial.bmc.control().set_sensor("Total Input Power", Some(SensorState::Reading(801.0))).unwrap();
    let said = dcmi(&mut trial, 2, &[1, 0, 0]).unwrap();
    assert_eq!((word(&said, 0), word(&said, 4)), (801, 801));
}

#[tokio::test(start_paused = true)]
async fn a_limit_counts_once_it_is_activated_and_redfish_shows_it() {
    let mut trial = Trial::new();
    const LIMIT: &str = "/PowerControl/0/PowerLimit/LimitInWatts";
    assert_eq!(dcmi(&mut trial, 5, &[1, 0, 0]), Err(0xD5));
    let set = [0, 0, 0, 0x11, 0x2C, 0x01, 0xE8, 0x03, 0, 0, 0, 0, 60, 0];
    dcmi(&mut trial, 4, &set).unwrap();
    assert_eq!(dcmi(&mut trial, 3, &[0, 0]), Err(0x80));
    assert_eq!(shown(&trial, POWER, LIMIT), json!(null));
    dcmi(&mut trial, 5, &[1, 0, 0]).unwrap();
    assert_eq!(dcmi(&mut trial, 3, &[0, 0]).unwrap(), [0, 0, 0x11, 0x2C, 0x01, 0xE8, 3, 0, 0, 0, 0, 60, 0]);
    assert_eq!(shown(&trial, POWER, LIMIT), json!(300));
    let metrics = "/redfish/v1/Chassis/1/EnvironmentMetrics";
    assert_eq!(shown(&trial, metrics, "/PowerLimitWatts/SetPoint"), json!(300));
    // What Redfish says counts here too.
    trial.bmc.written().keep(POWER, LIMIT, json!(250));
    assert_eq!(word(&dcmi(&mut trial, 3, &[0, 0]).unwrap(), 3), 250);
    dcmi(&mut trial, 5, &[0, 0, 0]).unwrap();
    assert_eq!((dcmi(&mut trial, 3, &[0, 0]), shown(&trial, POWER, LIMIT)), (Err(0x80), json!(null)));
    for (place, value, code) in [(3, 0x02, 0xCC), (4, 0, 0x84), (6, 0, 0x85), (12, 0, 0x89)] {
        let mut wrong = set;
        wrong[place] = value;
        if place != 3 && place != 12 {
            wrong[place + 1] = 0;
        }
        assert_eq!(dcmi(&mut trial, 4, &wrong), Err(code));
    }
}

#[tokio::test(start_paused = true)]
async fn the_asset_tag_is_one_for_both_faces() {
    let mut trial = Trial::new();
    assert_eq!(dcmi(&mut trial, 6, &[0, 16]).unwrap(), [0]);
    assert_eq!(dcmi(&mut trial, 8, &[&[0, 16][..], b"rack 7, unit 12,"].concat()).unwrap(), [16]);
    assert_eq!(dcmi(&mut trial, 8, &[&[16, 4][..], b" row"].concat()).unwrap(), [20]);
    for path in ["/redfish/v1/Systems/1", "/redfish/v1/Chassis/1"] {
        assert_eq!(shown(&trial, path, "/AssetTag"), json!("rack 7, unit 12, row"));
    }
    assert_eq!(dcmi(&mut trial, 6, &[16, 16]).unwrap(), [&[20], &b" row"[..]].concat());
    trial.bmc.written().keep("/redfish/v1/Systems/1", "/AssetTag", json!("new"));
    assert_eq!(dcmi(&mut trial, 6, &[0, 16]).unwrap(), [&[3], &b"new"[..]].concat());
    assert_eq!(dcmi(&mut trial, 6, &[0, 17]), Err(0xC9));
    assert_eq!(dcmi(&mut trial, 8, &[&[60, 4][..], b"four"].concat()), Err(0xC9));
    assert_eq!(dcmi(&mut trial, 8, &[0, 3, 65]), Err(0xC7));
}

#[tokio::test(start_paused = true)]
async fn the_identifier_is_dcmi_and_an_address_until_one_is_set() {
    let mut trial = Trial::new();
    let mac = trial.bmc.view().id.mac_text().replace(':', "");
    let first = dcmi(&mut trial, 9, &[0, 16]).unwrap();
    assert_eq!((first[0], &first[1..]), (17, format!("DCMI{mac}").as_bytes()));
    assert_eq!(dcmi(&mut trial, 9, &[16, 16]).unwrap(), [17, 0]);
    assert_eq!(dcmi(&mut trial, 0x0A, &[&[0, 5][..], b"bmc7\0"].concat()).unwrap(), [5]);
    assert_eq!(dcmi(&mut trial, 9, &[0, 16]).unwrap(), [&[5], &b"bmc7\0"[..]].concat());
}

#[tokio::test(start_paused = true)]
async fn temperatures_are_those_of_inlet_processors_and_board() {
    let mut trial = Trial::new();
    trial.switch_on();
    for entity in [0x37, 0x40] {
        assert_eq!(dcmi(&mut trial, 0x10, &[1, entity, 0, 0]).unwrap(), [1, 1, 22, 1]);
    }
    assert_eq!(dcmi(&mut trial, 0x10, &[1, 0x41, 0, 0]).unwrap(), [2, 2, 52, 1, 50, 2]);
    assert_eq!(dcmi(&mut trial, 0x10, &[1, 0x03, 2, 0]).unwrap(), [2, 1, 50, 2]);
    assert_eq!(dcmi(&mut trial, 0x10, &[1, 0x03, 0, 2]).unwrap(), [2, 1, 50, 2]);
    assert_eq!(dcmi(&mut trial, 0x10, &[1, 0x03, 7, 0]), Err(0xCB));
    assert_eq!(dcmi(&mut trial, 0x10, &[2, 0x03, 0, 0]), Err(0xCC));
    let info = dcmi(&mut trial, 0x07, &[1, 0x03, 0, 0]).unwrap();
    assert_eq!((info[..2].to_vec(), info.len()), (vec![2, 2], 6));
    let record = trial.user(0x0A, 0x23, &[0, 0, info[4], info[5], 0, 0xFF]).unwrap();
    assert!(record.ends_with(b"CPU 2 Temp"), "{record:02x?}");
}

#[tokio::test(start_paused = true)]
async fn limits_of_temperature_and_parameters_are_kept() {
    let mut trial = Trial::new();
    assert_eq!(dcmi(&mut trial, 0x0C, &[0x37, 1]).unwrap(), [0, 0, 0, 0]);
    dcmi(&mut trial, 0x0B, &[0x37, 1, 0x20, 45, 60, 0]).unwrap();
    assert_eq!(dcmi(&mut trial, 0x0C, &[0x37, 1]).unwrap(), [0x20, 45, 60, 0]);
    assert_eq!(dcmi(&mut trial, 0x0B, &[0x03, 1, 0x20, 45, 60, 0]), Err(0xCC));
    assert_eq!(dcmi(&mut trial, 0x13, &[4, 0]).unwrap(), [1, 5, 1, 120, 0]);
    dcmi(&mut trial, 0x12, &[4, 0, 60, 0]).unwrap();
    assert_eq!(dcmi(&mut trial, 0x13, &[4, 0]).unwrap(), [1, 5, 1, 60, 0]);
    assert_eq!(dcmi(&mut trial, 0x13, &[1, 0]), Err(0xCC));
}

#[tokio::test(start_paused = true)]
async fn lengths_other_than_the_standard_s_are_refused() {
    let mut trial = Trial::new();
    for (number, length) in [
        (0x01, 2),
        (0x02, 4),
        (0x03, 3),
        (0x04, 15),
        (0x05, 4),
        (0x06, 3),
        (0x07, 5),
        (0x08, 3),
        (0x09, 3),
        (0x0A, 3),
        (0x0B, 7),
        (0x0C, 3),
        (0x10, 5),
        (0x13, 3),
    ] {
        trial.takes_lengths(0x2C, number, &[length]);
    }
    assert_eq!(dcmi(&mut trial, 0x12, &[4, 0, 60]), Err(0xC7));
}
