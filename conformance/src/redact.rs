//! Puts secrets out of everything that is written or shown: journal, report, JUnit and console alike.

use serde_json::Value;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";
/// Shorter values would put half of every text out of it.
const SHORTEST: usize = 4;

/// Secrets, in every spelling in which a text may hold them.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    spellings: Vec<String>,
}

impl Redactor {
    /// From now on these values are put out of everything.
    pub fn add(&mut self, secrets: impl IntoIterator<Item = String>) {
        for secret in secrets.into_iter().filter(|s| s.len() >= SHORTEST) {
            // In JSON inside of a text, a secret stands escaped.
            let escaped = Value::from(secret.as_str()).to_string();
            let escaped = escaped.trim_matches('"').to_owned();
            for spelling in [secret, escaped] {
                if !self.spellings.contains(&spelling) {
                    self.spellings.push(spelling);
                }
            }
        }
        // The longest first: one secret may hold another.
        self.spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    }

    /// Whether there is nothing to put out.
    pub fn is_idle(&self) -> bool {
        self.spellings.is_empty()
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        self.spellings.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }

    /// A tree without secrets in its values; keys are ours and stay.
    pub fn tree(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.tree(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.tree(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_put_out_of_values_in_every_spelling_and_keys_stay() {
        let mut redactor = Redactor::default();
        redactor.add(["event".to_owned(), r#"hunter2"x\9"#.to_owned()]);
        let body = json!({"Password": r#"hunter2"x\9"#}).to_string();
        let mut tree = json!({"event": "an event", "body": body});
        redactor.tree(&mut tree);
        assert_eq!(tree, json!({"event": "an …", "body": r#"{"Password":"…"}"#}));
    }
}
