use super::*;
use crate::inventory::{Mac, Moment};

/// The row that MEP-15 describes.
const MEP_15: &str = r#"{
    "mac": "92:33:b8:0e:df:8f", "address": "10.0.0.1", "vendor": "Supermicro", "protocol": "Redfish",
    "machine_id": "37c43c25-69fe-4f88-b69d-4e71dc4070d0",
    "created_at": "2024-11-19T11:15:53.760Z", "changed_at": "2024-11-19T11:18:53.760Z",
    "bios": {"date": "12/31/2021", "vendor": "American Megatrends Inc.", "version": "3.6"},
    "board": {"board_mfg": "Supermicro", "board_part_number": "X11DPT-B", "chassis_part_number": "CSE-217BHQ+...",
        "chassis_part_serial": "C217BAK18P...", "product_manufacturer": "Supermicro",
        "product_part_number": "SYS-2029BT-HNR", "product_serial": "E262335X2304003C"},
    "bmc": {"version": "1.74"},
    "ipmi": {"interface": "lanplus", "port": 623, "password": "abc", "user": "metal"},
    "redfish": {"password": "abc", "user": "metal"},
    "powermetric": {"averageconsumedwatts": 70, "intervalinmin": 5, "maxconsumedwatts": 70, "minconsumedwatts": 70,
        "powerstate": "ON", "powersupplies": [
            {"status": {"health": "Critical", "state": "Enabled"}}, {"status": {"health": "OK", "state": "Enabled"}}]},
    "ledstate": {"description": "", "value": "LED-OFF"}
}"#;

fn mep_15() -> Value {
    serde_json::from_str(MEP_15).unwrap()
}

/// A row in which everything is known.
fn full() -> Record {
    let mut row = read(mep_15()).unwrap();
    row.drivers = ["ipmi", "redfish"].map(str::to_owned).into();
    row.preferred_driver = Some("power=ipmi,boot=redfish".to_owned());
    row.ipmi = Ipmi {
        interface: Interface::Lan,
        port: 6230,
        kg: Some(Secret::new([0xff, 0x00, 0x80])),
        suite: Some(Suite::Seventeen),
        ..row.ipmi
    };
    row.redfish = Redfish { scheme: Scheme::Http, port: 8000, tls: Tls::Pin([7; 32]), ..row.redfish };
    row.factory = Some(Credentials::new("ADMIN", "canary"));
    row.former = vec![Credentials::new("root", "canary"), Credentials::new("admin", "canary")];
    row.console = Some(Credentials::new("owner", "canary"));
    let account = Credentials::new("metal", "canary");
    let role = Some(crate::model::Role::Operator);
    row.pending =
        Some(Pending { protocol: Protocol::Redfish, account, role, since: Moment(1_732_015_133_760) });
    row.power.watts = Some(70.5);
    row.status = Status { last_updated: Some(Moment(0)), last_error: Some("no answer".to_owned()) };
    row.extra.0.insert("instackenv".to_owned(), json!({"arch": "x86_64", "pm_secret": "canary"}));
    row
}

#[test]
fn the_row_of_the_founding_document_is_read_and_written_as_it_is() {
    let row = read(mep_15()).unwrap();
    assert_eq!(row.preferred_driver.as_deref(), Some("redfish"));
    let written = write(&row, Passwords::Shown);
    assert_eq!(format!("{written:#}"), format!("{:#}", mep_15()));
}

#[test]
fn what_is_written_with_passwords_is_read_as_the_same_row() {
    for row in [full(), Record::new(Mac::new([1; 6]).unwrap())] {
        assert_eq!(read(write(&row, Passwords::Shown)), Ok(row));
    }
    let unusual = [Tls::Insecure, Tls::Ca("/etc/rack.pem".into()), Tls::System];
    for tls in unusual {
        let mut row = full();
        row.redfish.tls = tls;
        assert_eq!(read(write(&row, Passwords::Shown)), Ok(row));
    }
}

#[test]
fn no_secret_is_written_where_passwords_are_hidden() {
    let mut row = full();
    row.ipmi.account = Some(Credentials::new("metal", "canary"));
    row.redfish.account = Some(Credentials::new("metal", "canary"));
    let text = write(&row, Passwords::Hidden).to_string();
    assert!(!text.contains("canary") && !text.contains("ff0080"), "{text}");
    assert_eq!(text.matches(ELLIPSIS).count(), 9, "each stands there as an ellipsis: {text}");
}

#[test]
fn what_nobody_knows_is_absent_and_never_empty() {
    let row = Record::new("27:53:57:51:6b:c8".parse().unwrap());
    assert_eq!(write(&row, Passwords::Shown), json!({"mac": "27:53:57:51:6b:c8"}));
}

#[test]
fn a_member_of_a_later_version_is_kept() {
    let document = json!({"mac": "27:53:57:51:6b:c8", "rack": {"unit": 12}});
    assert_eq!(write(&read(document.clone()).unwrap(), Passwords::Shown), document);
}

#[test]
fn an_error_names_the_place_and_repeats_no_value() {
    let with = |key: &str, value: Value| {
        let mut document = json!({"mac": "27:53:57:51:6b:c8"});
        document[key] = value;
        read(document).unwrap_err().to_string()
    };
    for (told, expected) in [
        (read(json!([])).unwrap_err().to_string(), "the row: expected an object"),
        (read(json!({})).unwrap_err().to_string(), "mac: expected a MAC address"),
        (with("mac", json!("canary")), "mac: expected a MAC address, such as 3c:ec:ef:12:34:56"),
        (
            with("address", json!("a:canary")),
            "address: expected an IP address or a host name, without scheme, port or brackets",
        ),
        (with("ipmi", json!({"port": 0})), "ipmi.port: expected a port from 1 to 65535"),
        (
            with("ipmi", json!({"password": ["canary"]})),
            "ipmi.password: expected a text, or bytes in hexadecimal digits",
        ),
        (with("ipmi", json!({"canary": 1})), "ipmi.canary: expected no such member"),
        (with("ipmi", json!({"interface": "canary"})), "ipmi.interface: expected one of lanplus, lan"),
        (with("redfish", json!({"pin": "canary"})), "redfish.pin: expected 64 hexadecimal digits"),
        (
            with("powermetric", json!({"powersupplies": [{}, 1]})),
            "powermetric.powersupplies.1: expected an object",
        ),
        (with("pending", json!({"user": "canary"})), "pending: expected protocol, user, password and since"),
        (with("drivers", json!([1])), "drivers: expected a list of texts"),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn a_driver_is_named_as_the_table_names_it_and_found_in_any_case() {
    for (name, title, typed) in
        [("redfish", "Redfish", "REDFISH"), ("ipmi", "IPMI", "ipmi"), ("idrac", "iDrac", "iDRAC")]
    {
        assert_eq!((driver_title(name).as_str(), driver_name(typed).as_str()), (title, name));
    }
    assert_eq!(
        (driver_title("power=ipmi"), driver_name("power=ipmi")),
        ("power=ipmi".into(), "power=ipmi".into())
    );
}
