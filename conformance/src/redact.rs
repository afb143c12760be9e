//! Puts secrets out of everything that is written or shown: journal, report, JUnit and console alike.

mod forms;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What stands in the place of a secret.
const HIDDEN: &str = "…";
/// Shorter values would put half of every text out of it.
const SHORTEST: usize = 4;

/// Secrets, in every way in which a text may hold them.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first: one secret may hold another.
    forms: Vec<String>,
    begins: Beginnings,
}

/// A bit for each pair of octets that a form begins with: a text is read once, however many forms there are.
#[derive(Clone)]
struct Beginnings(Vec<u64>);

impl Default for Beginnings {
    fn default() -> Self {
        Self(vec![0; 1 << 10])
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor of {} forms", self.forms.len())
    }
}

impl Redactor {
    /// From now on these values are put out of everything.
    pub fn add(&mut self, secrets: impl IntoIterator<Item = String>) {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST);
        self.put(secrets.flat_map(|secret| forms::of(&secret)));
    }

    /// The same for the password of a user: also the two of them as HTTP's Basic scheme says them (RFC 7617 §2).
    pub fn add_account(&mut self, user: &str, password: &str) {
        if password.len() >= SHORTEST {
            self.put(forms::basic(user, password));
            self.add([password.to_owned()]);
        }
    }

    fn put(&mut self, forms: impl IntoIterator<Item = String>) {
        for form in forms {
            if !self.forms.contains(&form) {
                let (word, bit) = pair(form.as_bytes());
                self.begins.0[word] |= bit;
                self.forms.push(form);
            }
        }
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Whether there is nothing to put out.
    pub fn is_idle(&self) -> bool {
        self.forms.is_empty()
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        let (mut shown, mut copied) = (String::with_capacity(text.len()), 0);
        while let Some((at, length)) = self.next(text.as_bytes(), copied) {
            shown.extend([&text[copied..at], HIDDEN]);
            copied = at + length;
        }
        shown + &text[copied..]
    }

    /// A tree without secrets in its values; keys are ours and stay.
    pub fn tree(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.next(text.as_bytes(), 0).is_some() => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.tree(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.tree(field)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A value of ours without secrets in its texts. A word of our own stays, as it can be no secret: a BMC whose password is
    /// `changed` does not make an answer unreadable.
    pub fn value<T: Serialize + DeserializeOwned>(&self, value: T) -> T {
        if self.is_idle() {
            return value;
        }
        match serde_json::to_value(&value) {
            Ok(tree) if self.is_in(&tree) => self.masked(tree).unwrap_or(value),
            _ => value,
        }
    }

    /// The value of a tree with each of its texts masked that is not a word of its type's.
    fn masked<T: DeserializeOwned>(&self, mut tree: Value) -> Option<T> {
        let mut places = Vec::new();
        self.places(&tree, String::new(), &mut places);
        for place in places {
            let Some(Value::String(text)) = tree.pointer_mut(&place) else { continue };
            let masked = self.text(text);
            let plain = std::mem::replace(text, masked);
            if T::deserialize(&tree).is_err()
                && let Some(text) = tree.pointer_mut(&place)
            {
                *text = Value::String(plain);
            }
        }
        T::deserialize(&tree).ok()
    }

    /// Where in the tree there is a secret, as JSON pointers.
    fn places(&self, tree: &Value, here: String, found: &mut Vec<String>) {
        match tree {
            Value::String(text) if self.next(text.as_bytes(), 0).is_some() => found.push(here),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, it)| self.places(it, format!("{here}/{at}"), found));
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.places(field, format!("{here}/{name}"), found);
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether there is a secret in a value of the tree.
    fn is_in(&self, tree: &Value) -> bool {
        match tree {
            Value::String(text) => self.next(text.as_bytes(), 0).is_some(),
            Value::Array(items) => items.iter().any(|item| self.is_in(item)),
            Value::Object(fields) => fields.values().any(|field| self.is_in(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Where the next form is from there on, and how long it is.
    fn next(&self, bytes: &[u8], mut from: usize) -> Option<(usize, usize)> {
        if self.is_idle() {
            return None;
        }
        loop {
            let may_begin = |two: &[u8]| {
                let (word, bit) = pair(two);
                self.begins.0[word] & bit != 0
            };
            let at = from + bytes.get(from..)?.windows(2).position(may_begin)?;
            let here = &bytes[at..];
            if let Some(form) = self.forms.iter().find(|form| here.starts_with(form.as_bytes())) {
                return Some((at, form.len()));
            }
            from = at + 1;
        }
    }
}

/// Where the bit of the first two octets is.
fn pair(bytes: &[u8]) -> (usize, u64) {
    let pair = u16::from_be_bytes([bytes[0], bytes[1]]);
    (usize::from(pair >> 6), 1 << (pair & 63))
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

    #[test]
    fn a_password_is_put_out_in_every_form_in_which_protocols_and_people_write_it() {
        let mut redactor = Redactor::default();
        redactor.add_account("admin", "can/ry se+ret");
        for form in [
            "can/ry se+ret",
            "Basic YWRtaW46Y2FuL3J5IHNlK3JldA==",
            "63616e2f72792073652b726574",
            "63616E2F72792073652B726574",
            "63 61 6e 2f 72 79 20 73 65 2b 72 65 74",
            "63:61:6E:2F:72:79:20:73:65:2B:72:65:74",
            "https://bmc/?it=can%2Fry%20se%2Bret&x",
            "it=can%2fry+se%2bret",
            r"can\/ry se+ret",
        ] {
            let shown = redactor.text(&format!("<{form}>"));
            assert!(shown.contains('…') && shown.len() < form.len(), "{form}: {shown}");
        }
    }

    #[test]
    fn a_basic_header_of_another_user_does_not_show_the_password_either() {
        let mut redactor = Redactor::default();
        redactor.add(["canary-secret-1".to_owned()]);
        for user in ["a", "root", "Administrator", "metal7"] {
            let header = forms::base64(format!("{user}:canary-secret-1").as_bytes());
            let shown = redactor.text(&header);
            assert!(shown.contains('…') && shown.len() + 12 < header.len(), "{user}: {shown}");
        }
    }

    #[test]
    fn a_password_that_is_a_word_of_ours_is_put_out_of_every_text_and_the_value_is_read_all_the_same() {
        #[derive(Serialize, serde::Deserialize, Debug, PartialEq)]
        #[serde(rename_all = "kebab-case")]
        enum Answer {
            Changed,
        }
        let mut redactor = Redactor::default();
        redactor.add(["changed".to_owned()]);
        let told = (Answer::Changed, vec!["it has changed".to_owned()]);
        assert_eq!(redactor.value(told), (Answer::Changed, vec!["it has …".to_owned()]));
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let mut redactor = Redactor::default();
        redactor.add_account("admin", "canary-secret");
        for text in ["", "c", "ca", "canary", "ünïcödé canary-secre", "admin"] {
            assert_eq!(redactor.text(text), text);
        }
        assert_eq!(redactor.text("é canary-secret é canary-secret"), "é … é …");
    }
}
