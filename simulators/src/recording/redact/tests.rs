use super::*;

/// Everything learned from these documents and then cleaned, as one text.
fn hidden(kinds: &[Kind], documents: &[Value]) -> String {
    let mut redaction = Redaction::new(&kinds.iter().copied().collect());
    let mut bodies: Vec<Content> = documents.iter().cloned().map(Content::Json).collect();
    bodies.iter().for_each(|body| redaction.learn(body));
    bodies.iter_mut().for_each(|body| redaction.clean(body));
    let text =
        |body: Content| if let Content::Json(document) = body { document.to_string() } else { String::new() };
    bodies.into_iter().map(text).collect()
}

#[test]
fn a_serial_is_hidden_in_links_names_and_prose_of_other_documents() {
    let shown = hidden(
        &[Kind::Serials],
        &[
            json!({"@odata.id": "/redfish/v1/Chassis/CZ3-0042", "Oem": {"cz3-0042": {"Note": "was CZ3-0042."}}}),
            json!({"SerialNumber": "CZ3-0042", "Model": "Anvil 2"}),
        ],
    );
    assert!(!shown.to_lowercase().contains("cz3-0042") && shown.contains("Anvil 2"), "{shown}");
}

#[test]
fn the_same_serial_is_the_same_pseudonym() {
    let mut redaction = Redaction::new(&[Kind::Serials].into());
    let mut body =
        Content::Json(json!({"SerialNumber": "CZJ0042", "Members": ["/a/CZJ0042"], "SKU": "czj0042"}));
    redaction.learn(&body);
    redaction.clean(&mut body);
    let Content::Json(shown) = body else { panic!() };
    let serial = shown["SerialNumber"].as_str().unwrap();
    assert_eq!(shown["Members"][0], json!(format!("/a/{serial}")));
    assert_eq!(shown["SKU"], json!(serial.to_lowercase()));
}

#[test]
fn a_serial_that_is_a_number_becomes_another() {
    let shown =
        hidden(&[Kind::Serials], &[json!({"ExpressServiceCode": 27412345678u64, "Slots": 27412345678u64})]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown["ExpressServiceCode"].is_u64() && shown["ExpressServiceCode"] != 27412345678u64, "{shown}");
    assert_eq!(shown["Slots"], 27412345678u64, "another number is another thing");
}

#[test]
fn a_mac_is_hidden_however_it_is_written() {
    let shown = hidden(
        &[Kind::Macs],
        &[json!({
            "MACAddress": "A0:B1:C2:0D:0E:0F",
            "Others": ["a0b1c20d0e0f", "NIC-A0-B1-C2-0D-0E-0F", "/x/a0%3Ab1%3ac2%3A0d%3A0e%3A0f", "a0b1.c20d.0e0f"],
            "WWPN": "20:00:A0:B1:C2:0D:0E:0F",
            "IPv6": "fe80::a2b1:c2ff:fe0d:e0f",
        })],
    )
    .to_lowercase();
    for form in ["0d:0e:0f", "0d0e0f", "0d-0e-0f", "0d%3a0e", "0d.0e0f", "fe0d:e0f"] {
        assert!(!shown.contains(form), "{form} in {shown}");
    }
    assert!(
        shown.contains("\"a0:b1:c2:") && shown.contains("nic-a0-b1-c2-") && shown.contains("20:00:a0:b1:c2"),
        "{shown}"
    );
}

#[test]
fn addresses_become_documentation_addresses_and_masks_and_versions_stay() {
    let shown = hidden(
        &[Kind::Addresses],
        &[json!({
            "Address": "10.20.30.40", "SubnetMask": "255.255.255.0", "FirmwareVersion": "7.10.30.40",
            "Text": "https://10.20.30.40:443/ and fe80::1, 110.20.30.40",
        })],
    );
    assert!(
        !shown.contains("\"10.20.30.40") && !shown.contains("//10.20.30.40") && !shown.contains("fe80"),
        "{shown}"
    );
    assert!(
        shown.contains("192.0.2.") && shown.contains("2001:db8::") && shown.contains("255.255.255.0"),
        "{shown}"
    );
    assert!(shown.contains("7.10.30.40") && shown.contains(":443/"), "{shown}");
}

#[test]
fn names_of_hosts_and_people_are_hidden_and_roles_stay() {
    let shown = hidden(
        &[Kind::Names],
        &[json!({
            "HostName": "rack7-bmc", "FQDN": "rack7-bmc.corp.example", "UserName": "jdoe42", "RoleId": "Administrator",
            "Users": [{"UserName": "Administrator"}], "Id": "jdoe42",
            "NTPServers": ["clock.corp.example", "10.0.0.1"],
            "Destination": "https://collector.corp.example:8443/events",
            "Location": {"PostalAddress": {"Street": "Anvil Road 1"}, "Contacts": [{"ContactName": "Jane Doe"}]},
            "Said": "RACK7-BMC.corp.example logged out",
        })],
    );
    for word in ["rack7", "RACK7", "corp.example", "jdoe42", "collector", "Anvil Road", "Jane Doe"] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    assert_eq!(shown.matches("Administrator").count(), 2);
    assert!(shown.contains("10.0.0.1") && shown.contains(":8443/events"));
}

#[test]
fn a_host_s_name_of_two_letters_is_hidden_where_it_is_all_that_is_said() {
    let shown = hidden(
        &[Kind::Names],
        &[json!({"HostName": "r7", "FQDN": "r7.corp.example", "Said": "r7.corp.example is up",
            "EthernetInterface": {"HostName": "R7", "Name": "r7"}})],
    );
    let document: Value = serde_json::from_str(&shown).unwrap();
    let host = document["HostName"].as_str().unwrap().to_owned();
    assert!(!shown.to_lowercase().contains("r7"), "{shown}");
    assert!(document["FQDN"].as_str().unwrap().starts_with(&format!("{host}.")), "{shown}");
    assert_eq!(document["EthernetInterface"]["HostName"], json!(host.to_uppercase()));
}

#[test]
fn uuids_are_hidden_with_and_without_hyphens() {
    let shown = hidden(
        &[Kind::Uuids],
        &[json!({
            "UUID": "4c4c4544-0042-4210-8051-c7c04f4a3333", "Uri": "uuid:4C4C4544-0042-4210-8051-C7C04F4A3333",
            "Bare": "4c4c4544004242108051c7c04f4a3333", "Nil": "00000000-0000-0000-0000-000000000000",
        })],
    );
    assert!(
        !shown.to_lowercase().contains("4c4c4544") && shown.contains("00000000-0000-0000-0000-000000000000"),
        "{shown}"
    );
}

#[test]
fn credentials_become_null_whatever_was_asked_for() {
    let shown = hidden(
        &[],
        &[json!({
            "Password": "hunter2a", "AuthenticationKey": "hunter2b", "X-Auth-Token": "hunter2c", "Passwords": ["hunter2d"],
            "SNMP": {"CommunityStrings": [{"CommunityString": "hunter2e"}]}, "Pin": {"Key1": "hunter2f"},
            "Attributes": [{"AttributeName": "SetupPassword", "CurrentValue": "hunter2g"}, {"Type": "Password", "Value": "hunter2h"}],
            "Image": "https://jane:hunter2i@files.example/x.iso",
            "MinPasswordLength": 8, "PasswordExpiration": "2027-01-01T00:00:00Z", "Key": true,
        })],
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        shown.contains("8") && shown.contains("2027-01-01") && shown.contains("https://files.example/x.iso"),
        "{shown}"
    );
}

#[test]
fn a_schema_of_a_password_is_kept() {
    let schema = json!({"properties": {"Password": {"type": "string"}}, "required": ["Password"]});
    assert_eq!(hidden(&[], std::slice::from_ref(&schema)), schema.to_string());
}

#[test]
fn sessions_are_nobodys_business() {
    let mut redaction = Redaction::new(&BTreeSet::new());
    redaction.hide_sessions("/redfish/v1/SessionService/Sessions".to_owned());
    let mut body = Content::Json(json!({
        "@odata.id": "/redfish/v1/SessionService/Sessions",
        "Members": [{"@odata.id": "/redfish/v1/SessionService/Sessions/42"}], "Members@odata.count": 1,
        "Origin": "/redfish/v1/SessionService/Sessions/42",
    }));
    redaction.clean(&mut body);
    let all = "/redfish/v1/SessionService/Sessions";
    assert_eq!(
        body,
        Content::Json(json!({"@odata.id": all, "Members": [], "Members@odata.count": 0, "Origin": all}))
    );
}

#[test]
fn what_manufacturers_write_for_nothing_stays() {
    let nothing = json!({"SerialNumber": "To be filled by O.E.M.", "AssetTag": "", "SKU": "N/A", "HostName": "localhost", "UserName": "bmc"});
    assert_eq!(hidden(&Kind::ALL, std::slice::from_ref(&nothing)), nothing.to_string());
}

#[test]
fn a_kind_is_a_word_of_the_list() {
    assert_eq!(Kind::list("all").unwrap().len(), 5);
    assert_eq!(Kind::list("macs,serials").unwrap(), [Kind::Serials, Kind::Macs].into());
    assert_eq!(Kind::list("macs,disks").unwrap_err().given, "disks");
}
