//! Lists are read, and written back as they mean; what is wrong with one is told by its place.

use super::*;
use crate::inventory::text::{Node, json, yaml};

const INSTACKENV: &str = include_str!("../../../tests/fixtures/founding/instackenv.json");
const INSTACKENV_PRINTED: &str = include_str!("../../../tests/fixtures/founding/instackenv.as-printed.json");
const HOST: &str = include_str!("../../../tests/fixtures/founding/baremetalhost.yaml");
const HOST_PRINTED: &str = include_str!("../../../tests/fixtures/founding/baremetalhost.as-printed.yaml");

const OPENSTACK: &str = r#"# a rack
chassis:
  - description: rack 7
    extra: {row: 3}
    nodes:
      - name: n1
        driver: ipmi
        driver_info: {ipmi_address: 10.0.0.8, ipmi_username: admin, ipmi_password: canary-1, ipmi_port: 6230, ipmi_terminal_port: 9}
        ports: [{address: "fa:16:3e:2a:0e:36", pxe_enabled: true}]
nodes:
  - name: n2
    driver: redfish
    properties: {cpus: 016, capabilities: "boot_mode:uefi"}
    driver_info:
      redfish_address: http://[fd00::9]:8000
      redfish_system_id: /redfish/v1/Systems/1
      redfish_username: root
      redfish_password: canary-2
      redfish_verify_ca: false
  - {name: n3, driver: fake-hardware}
"#;

const CSV: &str = "Serial;BMC MAC;Note;Password\r\nS1;3C:EC:EF:12:34:56;\"a;\"\"b\"\"\";CANARY1\r\n\r\nS2;3cecef123457;;\" CANARY2\"\r\n";

fn flaws(format: Format, text: &str) -> Vec<String> {
    let flaws = format.read(text).expect_err("flaws");
    assert!(!flaws.is_empty());
    flaws.iter().map(Flaw::to_string).collect()
}

/// The rows of a list; one that names no BMC gets a MAC address by its number.
fn rows(format: Format, text: &str) -> Vec<Record> {
    let entries = format.read(text).expect("a good list");
    let row = |(at, entry): (usize, &Entry)| {
        let mac = entry.mac.unwrap_or(Mac::new([2, 0, 0, 0, 0xff, u8::try_from(200 - at).unwrap()]).unwrap());
        let mut row = Record::new(mac);
        entry.fill(&mut row);
        row
    };
    entries.iter().enumerate().map(row).collect()
}

/// The meaning of a list, without its places.
fn meaning(format: Format, text: &str) -> Vec<Value> {
    let nodes = match format {
        Format::Instackenv => vec![json::read(text).unwrap()],
        _ => yaml::read(text).unwrap(),
    };
    nodes.iter().map(Node::value).collect()
}

fn account(row: &Record, protocol: Protocol) -> Option<(String, String)> {
    row.account(protocol).map(|it| (it.user.clone(), it.password.reveal_text().to_string()))
}

fn pair(user: &str, password: &str) -> Option<(String, String)> {
    Some((user.to_owned(), password.to_owned()))
}

#[test]
fn the_founding_documents_instackenv_is_imported_when_it_is_repaired() {
    let rows = rows(Format::Instackenv, INSTACKENV);
    let addresses: Vec<String> = rows.iter().map(|it| it.address.as_ref().unwrap().to_string()).collect();
    assert_eq!(addresses, ["10.0.0.8", "10.0.0.15"]);
    assert!(rows.iter().all(|it| account(it, Protocol::Ipmi) == pair("admin", "password")));
    assert!(
        rows.iter().all(|it| it.preferred_driver.as_deref() == Some("ipmi") && it.redfish.account.is_none())
    );
}

#[test]
fn the_founding_documents_instackenv_as_it_is_printed_names_the_ellipsis() {
    assert_eq!(
        flaws(Format::Instackenv, INSTACKENV_PRINTED),
        ["21:9: an ellipsis stands here, where something was left out: fill it in or remove it"]
    );
}

#[test]
fn the_founding_documents_host_is_imported_when_it_is_repaired() {
    let rows = rows(Format::Metal3, HOST);
    assert_eq!(rows[0].address.as_ref().unwrap().as_str(), "172.31.1.17");
    assert_eq!(account(&rows[0], Protocol::Ipmi), pair("ryeleswa", "changeme1"));
}

#[test]
fn the_founding_documents_host_as_it_is_printed_names_the_place_where_line_ends_were_lost() {
    assert_eq!(
        flaws(Format::Metal3, HOST_PRINTED),
        ["1:15: no key may stand here: line ends were lost, or a text that holds `: ` needs quotes"]
    );
}

#[test]
fn every_list_is_written_back_as_it_means() {
    for (format, text) in
        [(Format::Instackenv, INSTACKENV), (Format::Metal3, HOST), (Format::Openstack, OPENSTACK)]
    {
        let mut rows = rows(format, text);
        rows.reverse();
        assert_eq!(meaning(format, &format.write(&rows)), meaning(format, text), "{format:?}");
    }
    let csv = Format::Csv.write(&rows(Format::Csv, CSV));
    assert_eq!(
        csv,
        "Serial;BMC MAC;Note;Password\nS1;3C:EC:EF:12:34:56;\"a;\"\"b\"\"\";CANARY1\nS2;3cecef123457;;\" CANARY2\"\n"
    );
}

#[test]
fn nodes_in_a_chassis_are_nodes_too() {
    let rows = rows(Format::Openstack, OPENSTACK);
    assert_eq!(account(&rows[0], Protocol::Ipmi), pair("admin", "canary-1"));
    assert_eq!(rows[0].ipmi.port, 6230);
    assert_eq!((rows[1].redfish.scheme, rows[1].redfish.port), (Scheme::Http, 8000));
    assert_eq!(rows[1].redfish.tls, Tls::Insecure);
    assert_eq!(rows[2].preferred_driver.as_deref(), Some("unmanaged"));
}

#[test]
fn a_list_of_openstack_may_be_json() {
    let text = "{\"nodes\": [{\"driver\": \"ipmi\", \"driver_info\": {\"ipmi_address\": \"10.0.0.8\", \"x\": 1.50}}]}";
    let rows = rows(Format::Openstack, text);
    assert!(Format::Openstack.write(&rows).contains("\"x\": 1.50"), "{}", Format::Openstack.write(&rows));
}

#[test]
fn every_pm_type_is_known_and_another_is_not() {
    let text =
        |pm_type: &str| format!("{{\"nodes\": [\n {{\"pm_type\": \"{pm_type}\", \"pm_addr\": \"bmc\"}}]}}");
    for (pm_type, driver) in [
        ("pxe_ipmitool", "ipmi"),
        ("pxe_ipminative", "ipmi"),
        ("agent_pyghmi", "ipmi"),
        ("ipmi", "ipmi"),
        ("redfish", "redfish"),
        ("idrac", "redfish"),
        ("pxe_drac", "auto"),
        ("pxe_ilo", "auto"),
        ("irmc", "auto"),
        ("cisco-ucs-managed", "auto"),
        ("pxe_ssh", "unmanaged"),
        ("fake_pxe", "unmanaged"),
        ("staging-ovirt", "unmanaged"),
    ] {
        let rows = rows(Format::Instackenv, &text(pm_type));
        assert_eq!(rows[0].preferred_driver.as_deref(), Some(driver), "{pm_type}");
    }
    assert_eq!(
        flaws(Format::Instackenv, &text("pxe_toaster")),
        ["2:14: pm_type is no pm_type that TripleO ever had, such as ipmi, pxe_ipmitool, redfish or idrac"]
    );
}

#[test]
fn every_scheme_of_an_address_is_known_and_another_is_not() {
    let text = |address: &str| {
        format!("kind: BareMetalHost\nmetadata: {{name: h}}\nspec:\n  bmc:\n    address: \"{address}\"\n")
    };
    for (address, driver, host, redfish, ipmi) in [
        ("10.0.0.8", "ipmi", "10.0.0.8", 443, 623),
        ("10.0.0.8:6230", "ipmi", "10.0.0.8", 443, 6230),
        ("ipmi://[fd00::8]:6230", "ipmi", "fd00::8", 443, 6230),
        ("libvirt://10.0.0.8:6233", "ipmi", "10.0.0.8", 443, 6233),
        ("redfish://bmc/redfish/v1/Systems/1", "redfish", "bmc", 443, 623),
        ("redfish+http://bmc:8000/redfish/v1/Systems/1", "redfish", "bmc", 8000, 623),
        ("redfish+https://bmc/x", "redfish", "bmc", 443, 623),
        ("redfish-virtualmedia+https://bmc:4443/x", "redfish", "bmc", 4443, 623),
        ("redfish-uefihttp://bmc/x", "redfish", "bmc", 443, 623),
        ("idrac://bmc", "auto", "bmc", 443, 623),
        ("idrac+http://bmc", "auto", "bmc", 80, 623),
        ("idrac-redfish://bmc/x", "redfish", "bmc", 443, 623),
        ("idrac-virtualmedia+http://bmc/x", "redfish", "bmc", 80, 623),
        ("ilo4://bmc", "auto", "bmc", 443, 623),
        ("ilo5-virtualmedia://bmc/x", "redfish", "bmc", 443, 623),
        ("irmc://bmc", "auto", "bmc", 443, 623),
        ("ibmc+https://bmc", "auto", "bmc", 443, 623),
    ] {
        let rows = rows(Format::Metal3, &text(address));
        let row = &rows[0];
        assert_eq!(row.preferred_driver.as_deref(), Some(driver), "{address}");
        assert_eq!(row.address.as_ref().unwrap().as_str(), host, "{address}");
        assert_eq!((row.redfish.port, row.ipmi.port), (redfish, ipmi), "{address}");
        let back = Format::Metal3.write(&rows);
        assert_eq!(meaning(Format::Metal3, &back), meaning(Format::Metal3, &text(address)), "{address}");
    }
    for address in ["toaster://bmc", "redfish+ftp://bmc"] {
        assert!(
            flaws(Format::Metal3, &text(address))[0].starts_with("5:14: address has a scheme"),
            "{address}"
        );
    }
    for address in ["", "ipmi://", "ipmi://bmc:0", "ipmi://root@bmc", "[fd00::8"] {
        assert_eq!(
            flaws(Format::Metal3, &text(address)),
            ["5:14: address is no address of a BMC"],
            "{address}"
        );
    }
}

#[test]
fn only_what_the_inventory_has_otherwise_is_written_anew() {
    let mut rows = rows(Format::Openstack, OPENSTACK);
    rows[0].ipmi.account = Some(Credentials::new("metal", "new"));
    rows[0].address = Some("10.0.0.99".parse().unwrap());
    rows[1].address = Some("bmc9".parse().unwrap());
    let text = Format::Openstack.write(&rows);
    let is = meaning(Format::Openstack, &text).remove(0);
    let info = &is["chassis"][0]["nodes"][0]["driver_info"];
    assert_eq!(
        info,
        &serde_json::json!({"ipmi_address": "10.0.0.99", "ipmi_username": "metal", "ipmi_password": "new",
            "ipmi_port": 6230, "ipmi_terminal_port": 9})
    );
    assert_eq!(is["nodes"][0]["driver_info"]["redfish_address"], "http://bmc9:8000");
    assert!(text.contains("cpus: 016"), "a number keeps its spelling: {text}");

    let mut rows = self::rows(Format::Metal3, HOST);
    rows[0].ipmi.account = Some(Credentials::new("metal", "new"));
    let is = meaning(Format::Metal3, &Format::Metal3.write(&rows));
    assert_eq!(is[0]["data"], serde_json::json!({"username": "bWV0YWw=", "password": "bmV3"}));
    assert_eq!(is[1], meaning(Format::Metal3, HOST)[1]);

    let mut rows = self::rows(Format::Csv, CSV);
    rows[1].factory = Some(Credentials::new("ADMIN", "new"));
    assert!(Format::Csv.write(&rows).ends_with("\nS2;3c:ec:ef:12:34:57;;new\n"));
}

#[test]
fn a_row_from_elsewhere_is_exported_to_every_format() {
    let mut row = Record::new("92:33:b8:0e:df:8f".parse().unwrap());
    row.address = Some("10.0.0.1".parse().unwrap());
    row.preferred_driver = Some("redfish".to_owned());
    row.redfish.account = Some(Credentials::new("metal", "abc"));
    row.redfish.port = 8443;
    row.factory = Some(Credentials::new("ADMIN", "xyz"));
    for format in [Format::Instackenv, Format::Openstack, Format::Metal3] {
        let rows = rows(format, &format.write(std::slice::from_ref(&row)));
        assert_eq!(rows[0].address, row.address, "{format:?}");
        assert_eq!(account(&rows[0], Protocol::Redfish), pair("metal", "abc"), "{format:?}");
        assert_eq!(rows[0].redfish.port, 8443, "{format:?}");
    }
    assert_eq!(Format::Csv.write(&[row]), "mac,user,password\n92:33:b8:0e:df:8f,ADMIN,xyz\n");
}

#[test]
fn a_machine_without_a_bmc_comes_back_from_every_list_with_its_key() {
    let mut row = Record::new("3c:ec:ef:12:34:56".parse().unwrap());
    row.preferred_driver = Some("unmanaged".to_owned());
    for format in [Format::Instackenv, Format::Openstack, Format::Metal3] {
        let text = format.write(std::slice::from_ref(&row));
        let entries = format.read(&text).unwrap_or_else(|flaws| panic!("{format:?}: {flaws:?}\n{text}"));
        assert_eq!((entries.len(), entries[0].key()), (1, Some(row.mac)), "{text}");
        assert_eq!((entries[0].reach, format.loss(&row)), (Reach::Unmanaged, vec![]));
    }
}

#[test]
fn a_bmc_without_an_account_comes_back_without_one() {
    let mut row = Record::new("3c:ec:ef:12:34:56".parse().unwrap());
    row.address = Some("10.0.0.8".parse().unwrap());
    for format in [Format::Instackenv, Format::Openstack, Format::Metal3] {
        let text = format.write(std::slice::from_ref(&row));
        let entries = format.read(&text).unwrap_or_else(|flaws| panic!("{format:?}: {flaws:?}\n{text}"));
        assert_eq!((entries[0].address.clone(), entries[0].account.clone()), (row.address.clone(), None));
    }
}

#[test]
fn trust_in_any_certificate_is_written_where_a_list_has_a_place_for_it_and_told_where_not() {
    let mut row = rows(Format::Openstack, OPENSTACK).remove(1);
    assert_eq!(row.redfish.tls, Tls::Insecure);
    for (format, loss) in [
        (Format::Openstack, vec![]),
        (Format::Metal3, vec![Loss::Machine]),
        (Format::Instackenv, vec![Loss::Trust, Loss::Machine]),
    ] {
        let text = format.write(std::slice::from_ref(&row));
        let trusted = rows(format, &text).remove(0).redfish.tls == Tls::Insecure;
        assert_eq!((trusted, format.loss(&row)), (!loss.contains(&Loss::Trust), loss), "{text}");
    }
    row.redfish.tls = Tls::System;
    let text = Format::Openstack.write(std::slice::from_ref(&row));
    assert_eq!(rows(Format::Openstack, &text)[0].redfish.tls, Tls::System, "{text}");
    row.redfish.tls = Tls::Pin([7; 32]);
    assert_eq!(Format::Metal3.loss(&row), [Loss::Trust, Loss::Machine]);
}

#[test]
fn what_a_list_cannot_hold_is_left_out_and_told() {
    let row = Record::new("3c:ec:ef:12:34:56".parse().unwrap());
    assert_eq!(Format::Csv.loss(&row), [Loss::NoFactory]);
    assert_eq!(Format::Csv.write(std::slice::from_ref(&row)), "mac,user,password\n");
    assert_eq!(Format::Metal3.loss(&row), [Loss::NoAddress]);
    assert!(!Format::Openstack.write(std::slice::from_ref(&row)).contains("driver"));
}

#[test]
fn a_vendors_list_is_read_with_a_header_and_without() {
    let factory = |text: &str| {
        let rows = rows(Format::Csv, text);
        let pair =
            |it: &Record| it.factory.as_ref().map(|it| format!("{}/{}", it.user, *it.password.reveal_text()));
        rows.iter().map(|it| format!("{} {}", it.mac, pair(it).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(factory(CSV), ["3c:ec:ef:12:34:56 ADMIN/CANARY1", "3c:ec:ef:12:34:57 ADMIN/ CANARY2"]);
    assert_eq!(factory("3cec.ef12.3456,pw\n"), ["3c:ec:ef:12:34:56 ADMIN/pw"]);
    assert_eq!(factory("3c-ec-ef-12-34-56\troot\tpw"), ["3c:ec:ef:12:34:56 root/pw"]);
    assert_eq!(
        factory("\u{feff}MAC,User,Password\n3cecef123456,root,\"a,\nb\"\n"),
        ["3c:ec:ef:12:34:56 root/a,\nb"]
    );
}

#[test]
fn an_account_whose_place_a_list_takes_is_kept() {
    let own = Credentials::new("metal", "random");
    let entry = &Format::Csv.read("3cecef123456,factory\n").unwrap()[0];
    let mut row = Record::new(entry.mac.unwrap());
    row.factory = Some(own.clone());
    entry.fill(&mut row);
    assert_eq!((row.factory.clone(), &row.former), (entry.account.clone(), &vec![own.clone()]));
    entry.fill(&mut row);
    assert_eq!(row.former, vec![own.clone()], "the same list again displaces nobody");

    let list =
        "nodes:\n- {driver: ipmi, driver_info: {ipmi_address: a, ipmi_username: u, ipmi_password: p}}\n";
    let entry = &Format::Openstack.read(list).unwrap()[0];
    let mut row = Record::new(row.mac);
    row.ipmi.account = Some(own.clone());
    entry.fill(&mut row);
    assert_eq!((row.ipmi.account, row.former), (entry.account.clone(), vec![own]));
}

#[test]
fn all_flaws_of_a_list_are_told_by_line_and_column() {
    for (format, text, told) in [
        (
            Format::Instackenv,
            "{\"nodes\": [\n {\"pm_addr\": \"a\"},\n {\"pm_type\": \"ipmi\"},\n {\"pm_type\": \"ipmi\", \"pm_addr\": \"a b\"},\n {\"pm_type\": \"ipmi\", \"pm_addr\": \"a\", \"pm_password\": [\"canary\"]},\n {\"pm_type\": \"ipmi\", \"pm_addr\": \"a\", \"mac\": [\"canary\"]}\n]}",
            vec![
                "2:2: this node has no pm_type",
                "3:2: this node has no pm_addr",
                "4:33: pm_addr is no address of a BMC",
                "5:53: pm_password is a list, not a text",
                "6:46: expected a MAC address, such as fa:16:3e:2a:0e:36",
            ],
        ),
        (Format::Instackenv, "[]", vec!["1:1: expected a map with a list of \"nodes\""]),
        (
            Format::Openstack,
            "nodes:\n- {name: a}\n- {driver: ipmi, driver_info: {}}\n",
            vec!["2:3: this node has no driver", "3:31: the driver_info of this node has no ipmi_address"],
        ),
        (Format::Openstack, "", vec!["1:1: the file is empty"]),
        (
            Format::Metal3,
            "kind: Secret\nmetadata: {name: s}\ndata: {username: YQ==, password: canary}\n---\nkind: BareMetalHost\nspec: {bmc: {address: a, credentialsName: s}}\n",
            vec!["3:34: password is not Base64"],
        ),
        (Format::Metal3, "kind: Secret\n", vec!["1:1: no document here is a BareMetalHost"]),
        (
            Format::Csv,
            "mac,password\ncanary,canary\n3cecef123456,\n3cecef123456,\"canary\n",
            vec!["4:14: the quote that opens here is not closed"],
        ),
        (
            Format::Csv,
            "mac,password\ncanary,canary\n3cecef123456,\n3cecef123457,a\n3cecef123457,b\n",
            vec![
                "2:1: expected a MAC address, such as 3c:ec:ef:12:34:56",
                "3:14: this row has no password",
                "5:1: this MAC address has another account in line 4",
            ],
        ),
        (
            Format::Csv,
            "BMC MAC;Password\n3c:ec:ef:00:00:01;CANARY;semi\n3c:ec:ef:00:00:02;a;\n",
            vec!["2:26: this row has more than 2 columns; a value with a mark in it stands in quotes"],
        ),
        (
            Format::Csv,
            "3c:ec:ef:00:00:01,ADMIN,CANARY,x,y\n",
            vec!["1:32: this row has more than 3 columns; a value with a mark in it stands in quotes"],
        ),
    ] {
        assert_eq!(flaws(format, text), told, "{text}");
    }
}

#[test]
fn neither_a_flaw_nor_an_entry_prints_a_secret() {
    for (format, text) in [(Format::Openstack, OPENSTACK), (Format::Csv, CSV)] {
        let entries = format.read(text).unwrap();
        let printed = format!("{entries:?}").to_ascii_lowercase();
        assert!(!printed.contains("canary"), "{printed}");
        // Cut off anywhere, a list is no list, and what is told of it holds no value of it.
        for end in (0..text.len()).filter(|it| text.is_char_boundary(*it)) {
            let told = format.read(&text[..end]).err().unwrap_or_default();
            assert!(!format!("{told:?}").to_ascii_lowercase().contains("canary"), "{told:?}");
        }
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\n\t]{0,12}".prop_map(Value::from),
        ]
    }

    fn anything() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z:# -]{1,6}", inner, 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_a_list_holds_beyond_is_there_again(mine in anything(), around in anything()) {
            let list = json!({"nodes": [{"pm_type": "ipmi", "pm_addr": "a", "x": mine.clone()}, {"pm_type": "fake"}], "y": around});
            let rows = rows(Format::Instackenv, &list.to_string());
            prop_assert_eq!(meaning(Format::Instackenv, &Format::Instackenv.write(&rows)), vec![list]);

            let list = json!({"nodes": [{"driver": "ipmi", "driver_info": {"ipmi_address": "a", "x": mine}}]});
            let text = yaml::write(&[json::read(&list.to_string()).unwrap()]);
            let rows = self::rows(Format::Openstack, &text);
            prop_assert_eq!(meaning(Format::Openstack, &Format::Openstack.write(&rows)), vec![list]);
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in "[a-z0-9:,;{}\\[\\]\"'\n .-]{0,80}") {
            for format in Format::ALL {
                let _ = format.read(&text);
            }
        }
    }
}
