//! Inventory, sensors, log, accounts, clock and network as ipmi_sim has them.
//!
//! Not asserted, since ipmi_sim 2.0.33 gets it wrong: 20-byte passwords (16 are kept), the limit of an account's role, and
//! whether an account is enabled, which it does not say.

use halmark::{
    Account, AccountId, AccountProtocol, AccountUpdate, Cause, Change, Driver as _, NewAccount, Role, Secret,
    Timestamp, VendorAnswer, VendorCall,
    model::{AddressSource, Availability, Bytes, Health, Sensor, SensorKind, Unit},
};

use super::{Simulator, soon};

/// A temperature of 40 °C with three thresholds, a fan at 4000 rpm, a module that is there, and one event.
const SENSORS: &str = r#"sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 0x01 0x01
sensor_set_value 0x20 0 1 0x28 0
sensor_set_threshold 0x20 0 1 settable 111000 0x60 0x50 0x46 00 00 00
sensor_add 0x20 0 3 0x04 0x01
sensor_set_value 0x20 0 3 0x50 0
sensor_add 0x20 0 2 37 0x6f
sensor_set_bit_clr_rest 0x20 0 2 0 1
sensor_set_event_support 0x20 0 2 enable scanning per-state 000000000000011 000000000000011 000000000000011 000000000000011
sel_add 0x20 2 0xde 0x71 0x01 0x6b 0x20 0x00 0x04 0x01 0x01 0x01 0x57 0x50 0x46
"#;

async fn equipped() -> Simulator {
    Simulator::start_with("", SENSORS).await
}

#[tokio::test]
async fn the_fru_areas_are_read_field_by_field() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let fru = driver.fru(soon()).await.unwrap().value;
    assert_eq!(fru.chassis, None);
    let board = fru.board.unwrap();
    assert_eq!((board.part_number.as_deref(), board.manufactured), (Some("AN-B"), None));
    let product = fru.product.unwrap();
    assert_eq!((product.version, product.serial.as_deref()), (None, Some("7CX1")));
    driver.close().await;
}

#[tokio::test]
async fn sensors_have_their_readings_and_thresholds() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let sensors = driver.sensors(soon()).await.unwrap().value;
    let named = |name: &str| sensors.iter().find(|sensor| sensor.name == name).unwrap();
    let temperature = named("MBTemp");
    assert_eq!((temperature.kind, temperature.unit), (SensorKind::Temperature, Some(Unit::Celsius)));
    assert_eq!((temperature.value, temperature.health), (Some(40.0), Health::Ok));
    let limits = temperature.thresholds;
    assert_eq!(
        [limits.upper_caution, limits.upper_critical, limits.upper_fatal],
        [Some(70.0), Some(80.0), Some(96.0)]
    );
    let fan = named("Fan1");
    assert_eq!((fan.id.as_str(), fan.value, fan.unit), ("20h/03h", Some(4000.0), Some(Unit::Rpm)));
    let Sensor { states, availability, value, .. } = named("mm1pres");
    assert_eq!(
        (states.as_slice(), *availability, *value),
        (&["present".to_owned()][..], Availability::Available, None)
    );
    driver.close().await;
}

#[tokio::test]
async fn the_log_is_listed_and_cleared() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let log = driver.log(soon()).await.unwrap().value;
    assert_eq!((log.entries.len(), log.overflowed), (1, Some(false)));
    let entry = &log.entries[0];
    assert_eq!(entry.message, "temperature: upper non-critical, going high");
    assert_eq!(entry.sensor.as_deref(), Some("20h/01h"));
    assert_eq!(driver.clear_log(soon()).await.unwrap().value, Change::Changed);
    assert_eq!(driver.log(soon()).await.unwrap().value.entries, []);
    assert_eq!(driver.clear_log(soon()).await.unwrap().value, Change::AlreadySo);
    driver.close().await;
}

fn operator(name: &str, password: &str) -> NewAccount {
    NewAccount {
        id: None,
        name: name.to_owned(),
        password: Secret::new(password),
        role: Role::Operator,
        enabled: true,
        protocols: [AccountProtocol::Ipmi].into(),
    }
}

#[tokio::test]
async fn an_account_is_made_logs_in_is_kept_out_and_goes() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let before = driver.accounts(soon()).await.unwrap().value;
    let Account { id, .. } = driver.create_account(&operator("ops", "opspw"), soon()).await.unwrap().value;
    assert_eq!(id, AccountId("3".to_owned()));
    let ops = simulator.driver_as("ops", "opspw");
    ops.power_read(soon()).await.unwrap();
    ops.close().await;
    let listed = driver.accounts(soon()).await.unwrap().value;
    let listed = listed.iter().find(|account| account.id == id).unwrap();
    assert_eq!((listed.name.as_str(), listed.role), ("ops", Role::Operator));

    let twice = driver.create_account(&operator("ops", "other"), soon()).await.unwrap_err();
    assert!(matches!(twice.cause, Cause::Conflict { .. }), "{twice}");

    let out = AccountUpdate { enabled: Some(false), ..AccountUpdate::default() };
    assert_eq!(driver.update_account(&id, &out, soon()).await.unwrap().value, Change::Changed);
    let refused = simulator.driver_as("ops", "opspw").power_read(soon()).await.unwrap_err();
    assert_eq!(refused.cause, Cause::Unauthorized);

    let back = AccountUpdate {
        enabled: Some(true),
        password: Some(Secret::new("sixteen-bytes-16")),
        ..AccountUpdate::default()
    };
    driver.update_account(&id, &back, soon()).await.unwrap();
    let ops = simulator.driver_as("ops", "sixteen-bytes-16");
    ops.power_read(soon()).await.unwrap();
    ops.close().await;

    assert_eq!(driver.delete_account(&id, soon()).await.unwrap().value, Change::Changed);
    assert_eq!(driver.delete_account(&id, soon()).await.unwrap().value, Change::AlreadySo);
    assert_eq!(driver.accounts(soon()).await.unwrap().value, before);
    driver.close().await;
}

#[tokio::test]
async fn the_clock_is_set_and_goes_on() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let to: Timestamp = "2026-11-21T10:26:38Z".parse().unwrap();
    assert_eq!(driver.set_bmc_clock(to, soon()).await.unwrap().value, Change::Changed);
    let clock = driver.bmc_clock(soon()).await.unwrap().value;
    assert!((0..=5).contains(&(clock.time.0 - to.0)), "{}", clock.time);
    driver.close().await;
}

#[tokio::test]
async fn the_network_is_as_the_bmc_is_configured() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let network = driver.bmc_network(soon()).await.unwrap().value;
    assert_eq!(network.address.map(|a| a.to_string()).as_deref(), Some("192.0.2.12"));
    assert_eq!(network.netmask.map(|a| a.to_string()).as_deref(), Some("255.255.255.0"));
    assert_eq!(network.gateway.map(|a| a.to_string()).as_deref(), Some("192.0.2.1"));
    assert_eq!((network.mac.as_deref(), network.source), (Some("02:00:00:00:00:2a"), AddressSource::Static));
    assert_eq!(network.vlan, None);
    driver.close().await;
}

#[tokio::test]
async fn a_bmc_without_dcmi_measures_no_power() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let error = driver.power_metrics(soon()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
    driver.close().await;
}

#[tokio::test]
async fn a_raw_command_is_answered_whatever_it_is() {
    let simulator = equipped().await;
    let driver = simulator.driver();
    let call = |netfn, command| VendorCall::Ipmi { netfn, command, data: Bytes::default() };
    let VendorAnswer::Ipmi { completion, data } =
        driver.vendor_call(&call(6, 1), soon()).await.unwrap().value
    else {
        panic!("not IPMI's answer");
    };
    assert_eq!((completion, &data.0[2..4]), (0, &[9, 8][..]));
    let refused = driver.vendor_call(&call(0x2E, 0x99), soon()).await.unwrap().value;
    assert!(matches!(refused, VendorAnswer::Ipmi { completion: 1.., .. }), "{refused:?}");
    driver.close().await;
}
