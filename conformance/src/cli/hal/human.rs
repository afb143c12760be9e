//! Answers for people: a word, pairs of name and value, or a table. What comes from a BMC is shown without what could move a
//! terminal's cursor.

use halmark::Operation;
use serde_json::{Map, Value};

use super::table;

/// A column: its head, and the member that it shows.
type Column = (&'static str, &'static str);

/// The columns of the answers that are lists. A list that stands here not is shown with all its members.
const COLUMNS: &[(Operation, &[Column])] = &[
    (
        Operation::SensorsRead,
        &[
            ("NAME", "name"),
            ("KIND", "kind"),
            ("VALUE", "value"),
            ("UNIT", "unit"),
            ("HEALTH", "health"),
            ("READING", "availability"),
            ("STATES", "states"),
            ("ID", "id"),
        ],
    ),
    (
        Operation::LogList,
        &[
            ("ID", "id"),
            ("TIME", "time"),
            ("SEVERITY", "severity"),
            ("KIND", "kind"),
            ("SENSOR", "sensor"),
            ("ASSERTED", "asserted"),
            ("MESSAGE", "message"),
        ],
    ),
    (
        Operation::AccountsList,
        &[
            ("ID", "id"),
            ("NAME", "name"),
            ("ROLE", "role"),
            ("ENABLED", "enabled"),
            ("PROTOCOLS", "protocols"),
        ],
    ),
    (
        Operation::MediaList,
        &[
            ("SLOT", "id"),
            ("KINDS", "kinds"),
            ("INSERTED", "inserted"),
            ("WRITE-PROTECTED", "write-protected"),
            ("IMAGE", "image"),
        ],
    ),
    (Operation::BiosRead, &[("NAME", "name"), ("VALUE", "value"), ("PENDING", "pending")]),
    (
        Operation::BootOrderGet,
        &[("ID", "id"), ("DEVICE", "device"), ("ENABLED", "enabled"), ("NAME", "name")],
    ),
];

/// The lists of `inventory.read`: the member, and its columns.
const PARTS: &[(&str, &[Column])] = &[
    (
        "processors",
        &[
            ("NAME", "name"),
            ("VENDOR", "vendor"),
            ("MODEL", "model"),
            ("CORES", "cores"),
            ("THREADS", "threads"),
            ("MHZ", "maximum-mhz"),
            ("ID", "id"),
        ],
    ),
    (
        "memory",
        &[
            ("NAME", "name"),
            ("MIB", "mebibytes"),
            ("TYPE", "technology"),
            ("MHZ", "mhz"),
            ("VENDOR", "vendor"),
            ("PART", "part-number"),
            ("SERIAL", "serial"),
            ("ID", "id"),
        ],
    ),
    (
        "interfaces",
        &[("NAME", "name"), ("MAC", "mac"), ("LINK", "link"), ("MBIT/S", "megabits"), ("ID", "id")],
    ),
    (
        "disks",
        &[
            ("NAME", "name"),
            ("BYTES", "bytes"),
            ("MEDIA", "media"),
            ("PROTOCOL", "protocol"),
            ("VENDOR", "vendor"),
            ("MODEL", "model"),
            ("SERIAL", "serial"),
            ("ID", "id"),
        ],
    ),
];

/// An answer, ending in a line's end.
pub(in crate::cli) fn text(operation: Operation, value: &Value) -> String {
    match (operation, value) {
        (Operation::VendorCall, Value::Object(answer)) => vendor(answer),
        (Operation::LogList, Value::Object(log)) => event_log(log),
        (Operation::BiosRead, Value::Object(bios)) => list_and_rest(operation, bios, "attributes"),
        (Operation::BootOrderGet, Value::Object(order)) => list_and_rest(operation, order, "entries"),
        (Operation::InventoryRead, Value::Object(inventory)) => parts(inventory),
        (_, Value::Array(items)) => list(operation, items),
        (_, Value::Object(members)) => pairs(members),
        (_, value) => format!("{}\n", cell(Some(value))),
    }
}

/// A list as a table.
fn list(operation: Operation, items: &[Value]) -> String {
    let known = COLUMNS.iter().find(|(of, _)| *of == operation);
    rows(&known.map_or_else(|| members_of(items), |(_, columns)| owned(columns)), items)
}

fn owned(columns: &[Column]) -> Vec<(String, String)> {
    columns.iter().map(|(head, key)| ((*head).to_owned(), (*key).to_owned())).collect()
}

/// Items in these columns; those that no row has anything in are left out.
fn rows(columns: &[(String, String)], items: &[Value]) -> String {
    if items.is_empty() {
        return "none\n".to_owned();
    }
    let used = |(_, key): &&(String, String)| items.iter().any(|it| !is_nothing(it.get(key)));
    let columns: Vec<_> = columns.iter().filter(used).collect();
    let heads = columns.iter().map(|(head, _)| head.clone()).collect();
    let rows = items.iter().map(|it| columns.iter().map(|(_, key)| cell(it.get(key))).collect());
    table::aligned(std::iter::once(heads).chain(rows).collect())
}

fn members_of(items: &[Value]) -> Vec<(String, String)> {
    let mut columns: Vec<(String, String)> = Vec::new();
    for key in items.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.iter().any(|(_, known)| known == key) {
            columns.push((key.to_uppercase().replace('-', " "), key.clone()));
        }
    }
    columns
}

/// The entries, and what the log says of itself.
fn event_log(log: &Map<String, Value>) -> String {
    let mut text = list(Operation::LogList, items_of(log, "entries"));
    if log.get("overflowed") == Some(&Value::Bool(true)) {
        text.push_str("events were lost: the log was full\n");
    }
    text
}

/// A list that is a member of the answer, and what stands beside it.
fn list_and_rest(operation: Operation, answer: &Map<String, Value>, member: &str) -> String {
    let beside: Map<_, _> = answer.clone().into_iter().filter(|(key, _)| key != member).collect();
    let beside = if beside.is_empty() { String::new() } else { pairs(&beside) };
    format!("{}{beside}", list(operation, items_of(answer, member)))
}

/// What the machine is made of: a table for each kind of part.
fn parts(inventory: &Map<String, Value>) -> String {
    let table = |(member, columns): &(&str, &[Column])| {
        format!("{member}\n{}", rows(&owned(columns), items_of(inventory, member)))
    };
    PARTS.iter().map(table).collect::<Vec<_>>().join("\n")
}

fn items_of<'a>(answer: &'a Map<String, Value>, member: &str) -> &'a [Value] {
    answer.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// An object as pairs; what lies deeper has the path as its name.
fn pairs(members: &Map<String, Value>) -> String {
    let mut rows = Vec::new();
    collect(&mut rows, "", members);
    if rows.is_empty() { "nothing\n".to_owned() } else { table::aligned(rows) }
}

fn collect(rows: &mut Vec<Vec<String>>, above: &str, members: &Map<String, Value>) {
    for (key, value) in members {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            Value::Object(deeper) => collect(rows, &name, deeper),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (at, item) in items.iter().enumerate() {
                    match item {
                        Value::Object(deeper) => collect(rows, &format!("{name}.{at}"), deeper),
                        other => rows.push(vec![format!("{name}.{at}"), cell(Some(other))]),
                    }
                }
            }
            value => rows.push(vec![name, cell(Some(value))]),
        }
    }
}

/// A vendor's answer: its code, then what came, as it came.
fn vendor(answer: &Map<String, Value>) -> String {
    if let Some(completion) = answer.get("completion").and_then(Value::as_u64) {
        let digits = answer.get("data").and_then(Value::as_str).unwrap_or_default().as_bytes();
        let bytes: Vec<_> = digits.chunks(2).map(String::from_utf8_lossy).collect();
        let data = if bytes.is_empty() { String::new() } else { format!("{}\n", bytes.join(" ")) };
        return format!("completion {completion:02X}h\n{data}");
    }
    let status = answer.get("status").map(|it| cell(Some(it))).unwrap_or_default();
    let location = answer.get("location").filter(|it| !it.is_null());
    let location = location.map(|it| format!("location {}\n", cell(Some(it)))).unwrap_or_default();
    let body = answer.get("body").filter(|it| !it.is_null());
    let body = body.map(|it| format!("{it:#}\n")).unwrap_or_default();
    format!("status {status}\n{location}{}", tame(&body, "\n"))
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

/// A value in a table.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(yes)) => (if *yes { "yes" } else { "no" }).to_owned(),
        Some(Value::Number(number)) => number.as_f64().filter(|_| number.is_f64()).map_or_else(
            || number.to_string(),
            |it| format!("{it:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        ),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => tame(text, ""),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => items.iter().map(|it| cell(Some(it))).collect::<Vec<_>>().join(", "),
        Some(object) => tame(&object.to_string(), ""),
    }
}

/// The text with its control characters written out, but for those in `kept`.
pub(in crate::cli) fn tame(text: &str, kept: &str) -> String {
    let mut tame = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !kept.contains(c) { tame.extend(c.escape_default()) } else { tame.push(c) }
    }
    tame
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let value = json!([{"id": "1", "name": "\u{1b}[2Jroot\n", "role": "operator"}]);
        let text = text(Operation::AccountsList, &value);
        assert!(!text.contains('\u{1b}') && text.lines().count() == 2, "{text}");
    }

    #[test]
    fn columns_without_a_value_are_left_out_and_a_missing_reading_is_no_zero() {
        let value = json!([
            {"id": "20h/31h", "name": "Fan 1", "kind": "fan", "availability": "available", "value": 1200.0, "unit": "rpm", "health": "ok"},
            {"id": "20h/32h", "name": "Fan 2", "kind": "fan", "availability": "unavailable", "health": "unknown"},
        ]);
        let expected = "\
NAME   KIND  VALUE  UNIT  HEALTH   READING      ID
Fan 1  fan   1200   rpm   ok       available    20h/31h
Fan 2  fan   -      -     unknown  unavailable  20h/32h
";
        assert_eq!(text(Operation::SensorsRead, &value), expected);
    }

    #[test]
    fn each_kind_of_part_has_a_table_and_what_is_not_there_is_said() {
        let value = json!({
            "processors": [{"id": "1", "name": "CPU 1", "cores": 32}],
            "memory": [],
            "interfaces": [{"id": "1", "name": "eth0", "mac": "3c:ec:ef:12:34:56", "link": true}],
            "disks": [{"id": "1", "name": "Disk 1", "bytes": 480_103_981_056_u64, "media": "ssd"}],
        });
        let expected = "\
processors
NAME   CORES  ID
CPU 1  32     1

memory
none

interfaces
NAME  MAC                LINK  ID
eth0  3c:ec:ef:12:34:56  yes   1

disks
NAME    BYTES         MEDIA  ID
Disk 1  480103981056  ssd    1
";
        assert_eq!(text(Operation::InventoryRead, &value), expected);
    }

    #[test]
    fn an_order_of_boot_that_waits_for_the_next_start_is_shown_beside_the_one_that_is() {
        let value = json!({"entries": [{"id": "Boot0001", "device": "pxe"}, {"id": "Boot0002"}], "pending": ["Boot0002", "Boot0001"]});
        let expected = "ID        DEVICE\nBoot0001  pxe\nBoot0002  -\npending  Boot0002, Boot0001\n";
        assert_eq!(text(Operation::BootOrderGet, &value), expected);
    }

    #[test]
    fn a_list_that_nobody_described_shows_all_it_has() {
        let value = json!([{"slot": 1, "media-type": "cd"}, {"slot": 2}]);
        assert_eq!(text(Operation::BootOverrideGet, &value), "SLOT  MEDIA TYPE\n1     cd\n2     -\n");
    }
}
