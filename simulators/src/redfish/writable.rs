//! Which properties can be written, what they take, and what writing them does (DSP0268, by schema and property).

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::{
    actions::settings,
    tree::{Document, Place},
};

/// What a property takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// True or false.
    Flag,
    /// A text of at most so many characters.
    Text(usize),
    /// A text or null.
    TextOrNull(usize),
    /// A whole number between these, both included.
    Whole(i64, i64),
    /// One of these words, or of those that the document lists as `@Redfish.AllowableValues`.
    OneOf(&'static [&'static str]),
    /// The items that are there, each once, in any order.
    Permutation,
    /// A list of texts, some perhaps null or empty.
    Texts,
    /// A date with a time (DSP0266 §9.5.8).
    DateTime,
    /// A list of objects with these properties.
    Objects(&'static [(&'static str, Form)]),
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A distance to UTC such as `+01:00`.
    Offset,
}

const IPV4: &[(&str, Form)] = &[("Address", Form::Ipv4), ("SubnetMask", Form::Ipv4), ("Gateway", Form::Ipv4)];
const IPV6: &[(&str, Form)] = &[("Address", Form::Ipv6), ("PrefixLength", Form::Whole(0, 128))];

/// What writing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is kept, and shown from now on.
    Keep,
    /// Part of the boot override.
    OverrideEnabled,
    /// Part of the boot override.
    OverrideTarget,
    /// Part of the boot override.
    OverrideMode,
    /// The identify light.
    IndicatorLed,
    /// The identify light.
    LocationIndicator,
    /// What happens when AC power is back.
    Restore,
    /// A list of addresses, of which the first is in use.
    StaticAddresses,
    /// The order of boot.
    BootOrder,
    /// The BMC's clock.
    Clock,
    /// Secure boot, from the next start of the host on.
    SecureBoot,
    /// Part of a virtual medium.
    Medium,
}

/// A row: schema, whether of the machine's own resource only, pointer, what it takes, what it does.
type Row = (&'static str, Place, &'static str, Form, Effect);

use Effect::Keep;
use Form::{DateTime, Flag, Ipv4, Ipv6, Objects, Offset, OneOf, Permutation, Text, TextOrNull, Texts, Whole};
use Place::{Other as Any, Own};

const PORT: Form = Whole(1, 65_535);

const ROWS: &[Row] = &[
    (
        "ComputerSystem",
        Own,
        "/Boot/BootSourceOverrideEnabled",
        OneOf(&["Disabled", "Once", "Continuous"]),
        Effect::OverrideEnabled,
    ),
    (
        "ComputerSystem",
        Own,
        "/Boot/BootSourceOverrideTarget",
        OneOf(&["None", "Pxe", "Hdd", "Cd", "BiosSetup", "Usb", "UefiHttp"]),
        Effect::OverrideTarget,
    ),
    ("ComputerSystem", Own, "/Boot/BootSourceOverrideMode", OneOf(&["UEFI", "Legacy"]), Effect::OverrideMode),
    ("ComputerSystem", Own, "/Boot/BootOrder", Permutation, Effect::BootOrder),
    ("ComputerSystem", Own, "/Boot/HttpBootUri", TextOrNull(255), Keep),
    ("ComputerSystem", Own, "/Boot/UefiTargetBootSourceOverride", TextOrNull(255), Keep),
    (
        "ComputerSystem",
        Own,
        "/Boot/AutomaticRetryConfig",
        OneOf(&["Disabled", "RetryAttempts", "RetryAlways"]),
        Keep,
    ),
    ("ComputerSystem", Own, "/IndicatorLED", OneOf(&["Lit", "Blinking", "Off"]), Effect::IndicatorLed),
    ("ComputerSystem", Own, "/LocationIndicatorActive", Flag, Effect::LocationIndicator),
    ("ComputerSystem", Any, "/AssetTag", TextOrNull(63), Keep),
    ("ComputerSystem", Any, "/HostName", TextOrNull(255), Keep),
    (
        "ComputerSystem",
        Own,
        "/PowerRestorePolicy",
        OneOf(&["AlwaysOn", "AlwaysOff", "LastState"]),
        Effect::Restore,
    ),
    ("ComputerSystem", Any, "/PowerRestorePolicy", OneOf(&["AlwaysOn", "AlwaysOff", "LastState"]), Keep),
    ("Chassis", Own, "/IndicatorLED", OneOf(&["Lit", "Blinking", "Off"]), Effect::IndicatorLed),
    ("Chassis", Own, "/LocationIndicatorActive", Flag, Effect::LocationIndicator),
    ("Chassis", Any, "/IndicatorLED", OneOf(&["Lit", "Blinking", "Off"]), Keep),
    ("Chassis", Any, "/LocationIndicatorActive", Flag, Keep),
    ("Chassis", Any, "/AssetTag", TextOrNull(63), Keep),
    ("Manager", Own, "/DateTime", DateTime, Effect::Clock),
    ("Manager", Any, "/DateTimeLocalOffset", Offset, Keep),
    ("Manager", Any, "/TimeZoneName", Text(64), Keep),
    ("Manager", Any, "/ServiceIdentification", Text(255), Keep),
    ("Manager", Any, "/SerialConsole/ServiceEnabled", Flag, Keep),
    ("Manager", Any, "/CommandShell/ServiceEnabled", Flag, Keep),
    ("Manager", Any, "/GraphicalConsole/ServiceEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/HTTP/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/HTTP/Port", PORT, Keep),
    ("ManagerNetworkProtocol", Any, "/HTTPS/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/HTTPS/Port", PORT, Keep),
    ("ManagerNetworkProtocol", Any, "/SSH/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/SSH/Port", PORT, Keep),
    ("ManagerNetworkProtocol", Any, "/IPMI/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/IPMI/Port", PORT, Keep),
    ("ManagerNetworkProtocol", Any, "/KVMIP/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/VirtualMedia/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/SNMP/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/SSDP/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/NTP/ProtocolEnabled", Flag, Keep),
    ("ManagerNetworkProtocol", Any, "/NTP/NTPServers", Texts, Keep),
    ("EthernetInterface", Any, "/HostName", Text(255), Keep),
    ("EthernetInterface", Any, "/FQDN", Text(255), Keep),
    ("EthernetInterface", Any, "/InterfaceEnabled", Flag, Keep),
    ("EthernetInterface", Any, "/DHCPv4/DHCPEnabled", Flag, Keep),
    ("EthernetInterface", Any, "/DHCPv4/UseDNSServers", Flag, Keep),
    ("EthernetInterface", Any, "/DHCPv4/UseNTPServers", Flag, Keep),
    (
        "EthernetInterface",
        Any,
        "/DHCPv6/OperatingMode",
        OneOf(&["Enabled", "Disabled", "Stateful", "Stateless"]),
        Keep,
    ),
    ("EthernetInterface", Any, "/StaticNameServers", Texts, Keep),
    ("EthernetInterface", Own, "/IPv4StaticAddresses", Objects(IPV4), Effect::StaticAddresses),
    ("EthernetInterface", Any, "/IPv4StaticAddresses", Objects(IPV4), Keep),
    ("EthernetInterface", Any, "/IPv6StaticAddresses", Objects(IPV6), Keep),
    ("EthernetInterface", Any, "/VLAN/VLANEnable", Flag, Keep),
    ("EthernetInterface", Any, "/VLAN/VLANId", Whole(0, 4094), Keep),
    ("BootOption", Any, "/BootOptionEnabled", Flag, Keep),
    ("SecureBoot", Any, "/SecureBootEnable", Flag, Effect::SecureBoot),
    ("VirtualMedia", Any, "/Image", TextOrNull(1024), Effect::Medium),
    ("VirtualMedia", Any, "/Inserted", Flag, Effect::Medium),
    ("VirtualMedia", Any, "/WriteProtected", Flag, Effect::Medium),
    ("VirtualMedia", Any, "/UserName", TextOrNull(255), Effect::Medium),
    ("VirtualMedia", Any, "/Password", TextOrNull(255), Effect::Medium),
    ("VirtualMedia", Any, "/TransferProtocolType", OneOf(&["HTTP", "HTTPS", "NFS", "CIFS"]), Effect::Medium),
    ("VirtualMedia", Any, "/TransferMethod", OneOf(&["Stream"]), Effect::Medium),
    ("AccountService", Any, "/ServiceEnabled", Flag, Keep),
    ("AccountService", Any, "/AccountLockoutThreshold", Whole(0, 100), Keep),
    ("AccountService", Any, "/AccountLockoutDuration", Whole(0, 86_400), Keep),
    ("AccountService", Any, "/AccountLockoutCounterResetAfter", Whole(0, 86_400), Keep),
    ("AccountService", Any, "/AuthFailureLoggingThreshold", Whole(0, 100), Keep),
    ("AccountService", Any, "/MinPasswordLength", Whole(1, 64), Keep),
    ("TaskService", Any, "/TaskAutoDeleteTimeoutMinutes", Whole(1, 525_600), Keep),
    ("SessionService", Any, "/SessionTimeout", Whole(30, 86_400), Keep),
    ("EventService", Any, "/ServiceEnabled", Flag, Keep),
    ("EventService", Any, "/DeliveryRetryAttempts", Whole(0, 10), Keep),
    ("EventService", Any, "/DeliveryRetryIntervalSeconds", Whole(1, 3600), Keep),
    ("LogService", Any, "/ServiceEnabled", Flag, Keep),
    ("Drive", Any, "/LocationIndicatorActive", Flag, Keep),
    ("Drive", Any, "/IndicatorLED", OneOf(&["Lit", "Blinking", "Off"]), Keep),
    ("Memory", Any, "/LocationIndicatorActive", Flag, Keep),
    ("PowerSupply", Any, "/LocationIndicatorActive", Flag, Keep),
    ("Fan", Any, "/LocationIndicatorActive", Flag, Keep),
    ("NetworkAdapter", Any, "/LocationIndicatorActive", Flag, Keep),
    ("Power", Any, "/PowerControl/0/PowerLimit/LimitInWatts", Whole(0, 10_000), Keep),
];

/// What the property at this pointer takes and does, where it can be written at all.
pub(crate) fn writable(document: &Document, pointer: &str) -> Option<(Form, Effect)> {
    rows(document).find(|row| row.2 == pointer).map(|row| (row.3, row.4))
}

/// Whether something inside the object at this pointer can be written.
pub(crate) fn holds_writable(document: &Document, pointer: &str) -> bool {
    rows(document).any(|row| row.2.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether anything of this resource can be written.
pub(crate) fn is_writable(document: &Document) -> bool {
    rows(document).any(|row| document.template().pointer(row.2).is_some())
        || settings::takes_attributes(document)
}

fn rows(document: &Document) -> impl Iterator<Item = &'static Row> {
    let kind = &*document.kind;
    let place = document.place;
    ROWS.iter().filter(move |row| row.0 == kind && (row.1 == Any || place == Own))
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It has another type.
    Type,
    /// It has a property that there is not.
    Unknown,
    /// It is none of the words, or not the items that are there.
    NotInList,
    /// It is too large, too small or too long.
    OutOfRange,
    /// It is not written as it should be.
    Format,
}

/// Looks at a value, given the document as it is now.
pub(crate) fn check(form: Form, pointer: &str, value: &Value, shown: &Value) -> Result<(), Wrong> {
    match (form, value) {
        (Flag, Value::Bool(_)) | (TextOrNull(_), Value::Null) => Ok(()),
        (Text(most) | TextOrNull(most), Value::String(text)) => {
            if text.chars().count() <= most {
                Ok(())
            } else {
                Err(Wrong::OutOfRange)
            }
        }
        (Whole(least, most), Value::Number(number)) => match number.as_i64() {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            Some(_) => Err(Wrong::OutOfRange),
            None => Err(Wrong::Type),
        },
        (OneOf(words), Value::String(word)) => {
            let listed = shown.pointer(&format!("{pointer}@Redfish.AllowableValues"));
            let is_known = match listed.and_then(Value::as_array) {
                Some(listed) => listed.iter().any(|known| known == word),
                None => words.contains(&word.as_str()),
            };
            if is_known { Ok(()) } else { Err(Wrong::NotInList) }
        }
        (Permutation, Value::Array(items)) => permutes(items, shown.pointer(pointer)),
        (Texts, Value::Array(items)) => {
            let are_texts = items.iter().all(|item| item.is_string() || item.is_null() || stays(item));
            if are_texts { Ok(()) } else { Err(Wrong::Type) }
        }
        (Objects(properties), Value::Array(items)) => items.iter().try_for_each(|item| match item {
            Value::Null => Ok(()),
            Value::Object(members) => members.iter().try_for_each(|(name, value)| {
                let (_, form) = properties.iter().find(|it| it.0 == name).ok_or(Wrong::Unknown)?;
                check(*form, pointer, value, shown)
            }),
            _ => Err(Wrong::Type),
        }),
        (Ipv4, Value::String(text)) => text.parse::<Ipv4Addr>().map(|_| ()).map_err(|_| Wrong::Format),
        (Ipv6, Value::String(text)) => text.parse::<Ipv6Addr>().map(|_| ()).map_err(|_| Wrong::Format),
        (Offset, Value::String(text)) if is_offset(text) => Ok(()),
        (Offset, Value::String(_)) => Err(Wrong::Format),
        (DateTime, Value::String(text)) => super::clock::read(text).map(|_| ()).ok_or(Wrong::Format),
        _ => Err(Wrong::Type),
    }
}

/// An array after a change (DSP0266 §7.7.2): `{}` leaves an item as it is, null takes it away, an object changes an object's
/// properties, and what is not mentioned at the end is gone.
pub(crate) fn changed(now: Option<&Value>, items: &[Value]) -> Vec<Value> {
    let now = now.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let item = |(place, item): (usize, &Value)| match (now.get(place), item) {
        (_, Value::Null) => None,
        (Some(Value::Object(was)), Value::Object(change)) => {
            let mut is = was.clone();
            is.extend(change.clone());
            Some(Value::Object(is))
        }
        (was, item) if stays(item) => was.cloned(),
        _ => Some(item.clone()),
    };
    items.iter().enumerate().filter_map(item).collect()
}

/// Whether it is `{}`: this item stays as it is.
fn stays(item: &Value) -> bool {
    item.as_object().is_some_and(serde_json::Map::is_empty)
}

/// DSP0268 Manager.DateTimeLocalOffset.
fn is_offset(text: &str) -> bool {
    let Some((hours, minutes)) = text.strip_prefix(['+', '-']).and_then(|rest| rest.split_once(':')) else {
        return text == "Z";
    };
    let below = |digits: &str, end: u8| {
        digits.len() == 2
            && digits.bytes().all(|it| it.is_ascii_digit())
            && digits.parse::<u8>().is_ok_and(|it| it < end)
    };
    below(hours, 20) && below(minutes, 60)
}

fn permutes(items: &[Value], now: Option<&Value>) -> Result<(), Wrong> {
    let sorted = |items: &[Value]| {
        let mut texts: Vec<_> = items.iter().map(ToString::to_string).collect();
        texts.sort();
        texts
    };
    if !items.iter().all(Value::is_string) {
        return Err(Wrong::Type);
    }
    let now = now.and_then(Value::as_array).map(|now| sorted(now)).unwrap_or_default();
    if sorted(items) == now { Ok(()) } else { Err(Wrong::NotInList) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_of_the_document_count_where_it_lists_them() {
        let shown = json!({"B": "Off", "B@Redfish.AllowableValues": ["Off", "Dim"]});
        assert_eq!(check(OneOf(&["Lit"]), "/B", &json!("Dim"), &shown), Ok(()));
        assert_eq!(check(OneOf(&["Lit"]), "/B", &json!("Lit"), &shown), Err(Wrong::NotInList));
        assert_eq!(check(OneOf(&["Lit"]), "/B", &json!(1), &shown), Err(Wrong::Type));
    }

    #[test]
    fn an_order_must_have_every_item_once() {
        let shown = json!({"BootOrder": ["a", "b"]});
        let order = |items: Value| check(Permutation, "/BootOrder", &items, &shown);
        assert_eq!(order(json!(["b", "a"])), Ok(()));
        assert_eq!(order(json!(["b"])), Err(Wrong::NotInList));
        assert_eq!(order(json!(["b", "b"])), Err(Wrong::NotInList));
        assert_eq!(order(json!(["b", 1])), Err(Wrong::Type));
    }

    #[test]
    fn a_number_has_limits() {
        assert_eq!(check(PORT, "/P", &json!(65_535), &Value::Null), Ok(()));
        assert_eq!(check(PORT, "/P", &json!(0), &Value::Null), Err(Wrong::OutOfRange));
        assert_eq!(check(PORT, "/P", &json!(1.5), &Value::Null), Err(Wrong::Type));
    }
}
