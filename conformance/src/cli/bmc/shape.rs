//! How rows look to people: as in metal-stack's MEP-15, whose tools write YAML as Go's do.

use halmark::inventory::{Record, document::driver_title};
use serde_json::Value;

use crate::cli::hal::tame;

/// The columns, and how wide each is at least.
const COLUMNS: [(&str, usize); 5] =
    [("MAC", 17), ("IP", 8), ("VENDOR", 10), ("DRIVER", 8), ("MACHINE ID", 0)];

/// The rows under each other.
pub(super) fn list(rows: &[Record]) -> String {
    let mut lines = vec![COLUMNS.map(|(head, _)| head.to_owned())];
    lines.extend(rows.iter().map(cells));
    let width = |at: usize| {
        let widest = lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
        widest.max(COLUMNS[at].1)
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |line: &[String; 5]| {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(it, width)| format!("{it:width$}")).collect();
        format!("{}\n", cells.join("   ").trim_end())
    };
    lines.iter().map(line).collect()
}

/// The driver is the preferred one, else the first that was seen.
fn cells(row: &Record) -> [String; 5] {
    let driver = row.preferred_driver.as_ref().or(row.drivers.last());
    [
        row.mac.to_string(),
        row.address.as_ref().map(ToString::to_string).unwrap_or_default(),
        tame(row.vendor.as_deref().unwrap_or_default(), ""),
        driver.map(|it| driver_title(it)).unwrap_or_default(),
        row.machine.map(|it| it.to_string()).unwrap_or_default(),
    ]
}

/// A row's document as YAML.
pub(super) fn described(row: &Value) -> String {
    let mut text = "---\n".to_owned();
    members(&mut text, row, 0);
    text
}

fn members(text: &mut String, of: &Value, depth: usize) {
    for (at, (key, value)) in of.as_object().into_iter().flatten().enumerate() {
        // The first member of an item stands behind its dash.
        if !(at == 0 && text.ends_with("- ")) {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str(&scalar(key));
        text.push(':');
        value_of(text, value, depth);
    }
}

fn value_of(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(all) if !all.is_empty() => {
            text.push('\n');
            members(text, value, depth + 1);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            items.iter().for_each(|it| item(text, it, depth));
        }
        Value::Object(_) => text.push_str(" {}\n"),
        Value::Array(_) => text.push_str(" []\n"),
        Value::String(word) => text.push_str(&format!(" {}\n", scalar(word))),
        other => text.push_str(&format!(" {other}\n")),
    }
}

/// An item of a list, which is not moved in.
fn item(text: &mut String, item: &Value, depth: usize) {
    text.push_str(&"  ".repeat(depth));
    match item {
        Value::Object(all) if !all.is_empty() => {
            text.push_str("- ");
            members(text, item, depth + 1);
        }
        other => {
            text.push('-');
            value_of(text, other, depth + 1);
        }
    }
}

/// Words that a reader of YAML 1.1 or 1.2 takes for something else than text.
const TAKEN: &[&str] =
    &["true", "false", "null", "~", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "<<", "="];

/// A text, plain where every reader of YAML takes it for that text, in double quotes otherwise.
fn scalar(text: &str) -> String {
    let starts = text.starts_with(|c: char| c.is_whitespace() || "-?:,[]{}#&*!|>'\"%@`".contains(c));
    let is_number = text.replace('_', "").parse::<f64>().is_ok()
        || text.starts_with(|c: char| c.is_ascii_digit()) && is_figures(text);
    let is_plain = !text.is_empty()
        && !starts
        && !is_number
        && !text.ends_with(|c: char| c.is_whitespace() || c == ':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| {
            c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        })
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// What is a time, a date, a number to base 8 or 16, or one to base 60 (YAML 1.1) to some.
fn is_figures(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let is_time = bytes.len() >= 10 && bytes[4] == b'-' && digits(&bytes[..4]) && digits(&bytes[5..7]);
    let of = |kept: &str| text.bytes().all(|it| it.is_ascii_digit() || kept.as_bytes().contains(&it));
    let is_based = text.starts_with("0x") || text.starts_with("0o");
    is_time || of(":_") || is_based
}

fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use halmark::inventory::document::{self, Passwords};
    use serde_json::json;

    use super::*;

    /// What MEP-15 prints for one BMC, to the letter.
    const DESCRIBED: &str = include_str!("../../../tests/fixtures/mep-15-describe.yaml");
    /// And for five.
    const LISTED: &str = include_str!("../../../tests/fixtures/mep-15-ls.txt");

    fn row() -> Value {
        json!({
            "mac": "92:33:b8:0e:df:8f", "address": "10.0.0.1", "vendor": "Supermicro", "protocol": "Redfish",
            "machine_id": "37c43c25-69fe-4f88-b69d-4e71dc4070d0",
            "created_at": "2024-11-19T11:15:53.760Z", "changed_at": "2024-11-19T11:18:53.760Z",
            "bios": {"date": "12/31/2021", "vendor": "American Megatrends Inc.", "version": "3.6"},
            "board": {"board_mfg": "Supermicro", "board_part_number": "X11DPT-B",
                "chassis_part_number": "CSE-217BHQ+...", "chassis_part_serial": "C217BAK18P...",
                "product_manufacturer": "Supermicro", "product_part_number": "SYS-2029BT-HNR",
                "product_serial": "E262335X2304003C"},
            "bmc": {"version": "1.74"},
            "ipmi": {"interface": "lanplus", "port": 623, "password": "abc", "user": "metal"},
            "redfish": {"password": "abc", "user": "metal"},
            "powermetric": {"averageconsumedwatts": 70, "intervalinmin": 5, "maxconsumedwatts": 70,
                "minconsumedwatts": 70, "powerstate": "ON", "powersupplies": [
                    {"status": {"health": "Critical", "state": "Enabled"}},
                    {"status": {"health": "OK", "state": "Enabled"}}]},
            "ledstate": {"description": "", "value": "LED-OFF"},
        })
    }

    #[test]
    fn a_row_looks_as_in_the_founding_document() {
        let row = document::read(row()).expect("it is a row");
        assert_eq!(described(&document::write(&row, Passwords::Shown)), DESCRIBED);
    }

    #[test]
    fn the_list_looks_as_in_the_founding_document() {
        let rows = [
            json!({"mac": "27:53:57:51:6b:c8", "address": "10.0.0.8"}),
            json!({"mac": "27:53:57:51:6b:c9", "address": "10.0.0.9"}),
            row(),
            json!({"mac": "b3:74:fc:50:76:b6", "address": "10.0.0.4", "vendor": "Supermicro", "protocol": "Redfish",
                "machine_id": "4bdf5c1b-3f7d-47df-84dd-05acb6e0718d"}),
            json!({"mac": "56:62:97:4e:1f:1f", "address": "10.0.0.3", "vendor": "Dell", "protocol": "iDrac",
                "machine_id": "995119fd-ec18-4cd7-8ca0-a9e1c2f70624"}),
        ];
        let rows = rows.map(|it| document::read(it).expect("it is a row"));
        assert_eq!(list(&rows), LISTED);
    }

    #[test]
    fn what_a_reader_could_take_for_something_else_is_quoted() {
        for (text, written) in [
            ("12:34:56:11:22:33", "\"12:34:56:11:22:33\""),
            ("2024-11-19", "\"2024-11-19\""),
            ("1e5", "\"1e5\""),
            ("0x1f", "\"0x1f\""),
            ("1_000", "\"1_000\""),
            ("10.0.0.1", "10.0.0.1"),
            ("1234-5é-é-é", "1234-5é-é-é"),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("- a", "\"- a\""),
            ("end:", "\"end:\""),
            (" a", "\" a\""),
            ("\u{1b}[2J\n\"", "\"\\u001b[2J\\n\\\"\""),
            ("3.6.1-é", "3.6.1-é"),
            ("37c43c25-69fe", "37c43c25-69fe"),
            ("…", "…"),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
