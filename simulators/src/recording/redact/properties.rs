//! Which properties hold what, by their names: pure.

use serde_json::{Map, Value};

use super::Kind;

/// Letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a property or header of this name holds what opens something, or a digest of it: Dell shows those, as
/// `Users.2.SHA256Password` with its salt and `Users.2.IPMIKey` (iDRAC9 7.10.30, DellAttributes).
pub(in crate::recording) fn is_credential(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "password",
        "passwords",
        "passwordhash",
        "passwd",
        "passphrase",
        "passcode",
        "secret",
        "secrets",
        "salt",
        "token",
        "tokens",
        "keystring",
        "keydata",
        "apikey",
        "authkey",
        "privatekey",
        "secretkey",
        "encryptionkey",
        "communitystring",
        "authorization",
        "cookie",
        "credentials",
    ];
    let plain = plain(name);
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    ENDS.iter().any(|end| stem.ends_with(end)) || is_key(name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// Whether the last word of a name is `Key`, and none that only finds something or is pressed.
fn is_key(name: &str) -> bool {
    const HARMLESS: &[&str] = &["Lang", "Slot", "Quit", "Hot", "Message", "Registry", "Function"];
    let name = name.strip_suffix(['s', 'S']).unwrap_or(name);
    let Some((before, word)) = name.len().checked_sub(3).and_then(|at| name.split_at_checked(at)) else {
        return false;
    };
    let is_word = word == "Key" || before.is_empty() || before.ends_with(|c: char| !c.is_ascii_alphabetic());
    word.eq_ignore_ascii_case("key") && is_word && !HARMLESS.iter().any(|it| before.ends_with(it))
}

/// Whether a text only switches something, whatever its property is called: `EnableSNMPv3Passphrase` is `Disabled`.
pub(super) fn is_switch(text: &str) -> bool {
    let words = ["Enabled", "Disabled", "True", "False", "Yes", "No", "On", "Off"];
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a document is a JSON Schema: its properties are words about properties.
pub(super) fn is_schema(document: &Value) -> bool {
    document["$schema"].is_string()
        && (document["definitions"].is_object() || document["properties"].is_object())
}

/// Whether an object names a credential in one member and holds it in another, as attributes and headers do.
pub(super) fn tells_credential(members: &Map<String, Value>) -> bool {
    let said = |name: &str| members.get(name).and_then(Value::as_str);
    said("Type") == Some("Password")
        || ["Name", "AttributeName", "Property", "Key", "Header"]
            .into_iter()
            .filter_map(said)
            .any(is_credential)
}

/// Whether a property holds a certificate or public key as text: names, addresses and serials in a form of its own.
pub(super) fn is_certificate(name: &str) -> bool {
    matches!(
        plain(name).as_str(),
        "certificatestring" | "csrstring" | "certificate" | "publickey" | "sshpublickey"
    )
}

/// What a property of this name identifies by.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let plain = plain(name);
    let ends = |ends: &[&str]| ends.iter().any(|end| plain.ends_with(end));
    if ends(SERIALS) {
        Some(Kind::Serials)
    } else if ends(MACS) {
        Some(Kind::Macs)
    } else if ends(NAMES) {
        Some(Kind::Names)
    } else if ends(&["uuid", "uniqueid"]) {
        Some(Kind::Uuids)
    } else {
        None
    }
}

/// DSP0268's SerialNumber, AssetTag, SKU, DurableName, FingerPrint; and, as vendors call them: Dell ServiceTag,
/// ExpressServiceCode and NodeID (SKU is a service tag there), Mellanox NodeGUID; HPE's SNMPv3EngineID spells the serial
/// number in hexadecimal (iLO 6 1.66).
const SERIALS: &[&str] = &[
    "serialnumber",
    "serialnum",
    "serialno",
    "serial",
    "servicetag",
    "assettag",
    "expressservicecode",
    "sku",
    "nodeid",
    "durablename",
    "fingerprint",
    "guid",
    "deviceserial",
    "ppin",
    "engineid",
    "inventorynumber",
];

const MACS: &[&str] = &["macaddress", "macaddresses", "mac", "wwn", "wwnn", "wwpn", "worldwidename"];

/// DSP0268's HostName, FQDN, UserName, DNS names, contacts; servers by name where they stand alone.
const NAMES: &[&str] = &[
    "hostname",
    "fqdn",
    "domainname",
    "dnsname",
    "servername",
    "username",
    "systemname",
    "rootdomain",
    "ntpservers",
    "nameservers",
    "dnsservers",
    "serveraddress",
    "serviceaddress",
    "serviceaddresses",
    "server",
    "servers",
    "destination",
    "commonname",
    "alternativenames",
    "contactname",
    "emailaddress",
    "phonenumber",
    "assetowner",
    "adminname",
    "adminemail",
    "adminphone",
    "distinguishedname",
    "distinguishednames",
    "createdby",
    "fromaddress",
    "recipients",
];

/// Objects in which every text names a place or a person (DSP0268 Location).
pub(super) fn is_personal(name: &str) -> bool {
    matches!(name, "PostalAddress" | "Contacts" | "Placement")
}

/// Whether a text tells one machine from another at all: what manufacturers write where there is nothing does not.
pub(super) fn identifies(text: &str) -> bool {
    const NOTHING: &[&str] = &[
        "na",
        "none",
        "null",
        "unknown",
        "unset",
        "empty",
        "notspecified",
        "notavailable",
        "notapplicable",
        "notpresent",
        "defaultstring",
        "tobefilledbyoem",
        "systemserialnumber",
        "chassisserialnumber",
        "serialnumber",
        "undefined",
        "enabled",
        "disabled",
        "true",
        "false",
        "xxxxxxx",
    ];
    let plain = plain(text);
    let first = plain.chars().next();
    let varies = plain.len() == 1 || plain.chars().any(|c| Some(c) != first);
    !plain.is_empty() && varies && !NOTHING.contains(&plain.as_str())
}

/// Names that every machine has, and that other things are called too.
pub(super) fn is_common_name(name: &str) -> bool {
    const COMMON: &[&str] = &[
        "root",
        "admin",
        "administrator",
        "operator",
        "readonly",
        "user",
        "userid",
        "anonymous",
        "guest",
        "oem",
        "system",
        "server",
        "host",
        "manager",
        "bmc",
        "chassis",
        "node",
        "default",
        "localhost",
        "local",
        "localdomain",
        "redfish",
        "service",
        "public",
        "private",
        "name",
        "none",
    ];
    COMMON.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// Whether a property of this name holds versions, which look like IPv4 addresses.
pub(super) fn is_version(name: &str) -> bool {
    let plain = plain(name);
    ["version", "revision", "firmware", "driver", "release", "bios"].iter().any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_a_credential() {
        for name in [
            "Password",
            "SHA256SetupPassword",
            "Users.2.IPMIKey",
            "Users.2.SHA256PasswordSalt",
            "X-Auth-Token",
            "private_key",
            "Key1",
            "Keys",
            "CommunityString",
            "LicenseKey",
        ] {
            assert!(is_credential(name), "{name}");
        }
    }

    #[test]
    fn what_is_about_credentials_is_none() {
        for name in [
            "MinPasswordLength",
            "PasswordExpiration",
            "P2_00_Turkey",
            "LangKey",
            "SlotKey",
            "KeyUsage",
            "Monkey",
            "ey",
            "é",
            "PasswordChangeRequired",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
