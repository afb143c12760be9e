//! An answer as YAML: what JSON can say, in blocks. A text that could be read as anything else is quoted.

use serde_json::Value;

/// The value as a document of its own.
pub(in crate::cli) fn text(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0, true);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Writes a value whose place is `depth` deep; `fresh` says that it begins a line.
fn block(out: &mut String, value: &Value, depth: usize, fresh: bool) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (at, (key, value)) in members.iter().enumerate() {
                begin(out, depth, fresh || at > 0);
                out.push_str(&scalar(key));
                out.push(':');
                below(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                begin(out, depth, fresh || at > 0);
                out.push('-');
                out.push(' ');
                block(out, value, depth + 1, false);
                end(out);
            }
        }
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(text) => out.push_str(&scalar(text)),
        other => out.push_str(&other.to_string()),
    }
}

/// A member's value: beside its key where it is one word, below it where it is more.
fn below(out: &mut String, value: &Value, depth: usize) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    out.push(if is_block { '\n' } else { ' ' });
    block(out, value, depth + 1, true);
    end(out);
}

fn begin(out: &mut String, depth: usize, fresh: bool) {
    if fresh {
        out.push_str(&"  ".repeat(depth));
    }
}

fn end(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

/// Words that some reader of YAML takes for something else than text.
const TAKEN: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A text, plain where nobody can mistake it, quoted as in JSON otherwise.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_nest_and_what_is_empty_stands_beside_its_key() {
        let value = json!({
            "value": [{"name": "Fan 1", "value": 1200.5, "states": []}, {"name": "Fan 2", "thresholds": {"upper-critical": 9}}],
            "nested": [[1, 2], {}],
            "protocol": "ipmi",
        });
        let expected = "\
value:
  - name: Fan 1
    value: 1200.5
    states: []
  - name: Fan 2
    thresholds:
      upper-critical: 9
nested:
  - - 1
    - 2
  - {}
protocol: ipmi
";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn what_could_be_read_as_something_else_is_quoted() {
        for (said, written) in [
            ("on", "\"on\""),
            ("No", "\"No\""),
            ("1.74", "\"1.74\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("- a", "\"- a\""),
            ("a\nb", "\"a\\nb\""),
            ("powered-off", "powered-off"),
        ] {
            assert_eq!(scalar(said), written);
        }
    }
}
