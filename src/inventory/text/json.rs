//! JSON (RFC 8259) as a tree with places. Strict, and a name that stands twice in one object is a flaw too.

use super::{Flaw, Key, Kind, Node, Place};

/// Deeper than anybody's file.
const DEEPEST: usize = 64;

/// Reads one document.
pub fn read(text: &str) -> Result<Node, Flaw> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, place: Place { line: 1, column: 1 }, depth: 0 };
    reader.space();
    let node = reader.value()?;
    reader.space();
    match reader.rest {
        "" => Ok(node),
        _ => Err(reader.flaw("the document ends here, and something follows")),
    }
}

/// Writes a tree as JSON, with two spaces for each level.
pub fn write(node: &Node) -> String {
    let mut text = String::new();
    put(&mut text, node, 0);
    text.push('\n');
    text
}

fn put(text: &mut String, node: &Node, level: usize) {
    let indent = |text: &mut String, level: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", level));
    };
    match &node.kind {
        Kind::Plain(word) if serde_json::from_str::<serde_json::Value>(word).is_ok() => text.push_str(word),
        Kind::Plain(_) if node.is_null() => text.push_str("null"),
        Kind::Plain(word) => text.push_str(&quoted(word)),
        Kind::Text(word) => text.push_str(&quoted(word)),
        Kind::List(items) if items.is_empty() => text.push_str("[]"),
        Kind::Map(entries) if entries.is_empty() => text.push_str("{}"),
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                text.push(if at == 0 { '[' } else { ',' });
                indent(text, level + 1);
                put(text, item, level + 1);
            }
            indent(text, level);
            text.push(']');
        }
        Kind::Map(entries) => {
            for (at, (key, item)) in entries.iter().enumerate() {
                text.push(if at == 0 { '{' } else { ',' });
                indent(text, level + 1);
                text.push_str(&quoted(&key.text));
                text.push_str(": ");
                put(text, item, level + 1);
            }
            indent(text, level);
            text.push('}');
        }
    }
}

/// A text in JSON's quotes, which are YAML's double quotes too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'t> {
    rest: &'t str,
    place: Place,
    depth: usize,
}

impl Reader<'_> {
    fn flaw(&self, message: &str) -> Flaw {
        Flaw::at(self.place, message)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn step(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        if next == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(next)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.step();
        }
    }

    fn value(&mut self) -> Result<Node, Flaw> {
        let place = self.place;
        let kind = match self.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"') => Kind::Text(self.string()?),
            Some('-' | '0'..='9' | 'a'..='z') => self.plain()?,
            Some('.') if self.rest.starts_with("...") => {
                return Err(self
                    .flaw("an ellipsis stands here, where something was left out: fill it in or remove it"));
            }
            Some(']' | '}') => {
                return Err(
                    self.flaw("expected a value here: fill it in, or remove the comma or the name before it")
                );
            }
            Some(_) => {
                return Err(self.flaw("expected a value: a text in double quotes, a number, a list or a map"));
            }
            None => return Err(self.flaw("the file ends where a value is expected")),
        };
        Ok(Node { place, kind })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, Flaw>) -> Result<Kind, Flaw> {
        if self.depth == DEEPEST {
            return Err(self.flaw("this is nested deeper than 64 levels"));
        }
        self.depth += 1;
        self.step();
        self.space();
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn array(&mut self) -> Result<Kind, Flaw> {
        let mut items = Vec::new();
        if self.peek() == Some(']') {
            self.step();
            return Ok(Kind::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.ends(']')? {
                return Ok(Kind::List(items));
            }
        }
    }

    fn object(&mut self) -> Result<Kind, Flaw> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        if self.peek() == Some('}') {
            self.step();
            return Ok(Kind::Map(entries));
        }
        loop {
            let place = self.place;
            match self.peek() {
                Some('"') => {}
                Some('}') => return Err(self.flaw("expected a name after the comma: remove the comma")),
                Some('.') if self.rest.starts_with("...") => {
                    return Err(self.flaw(
                        "an ellipsis stands here, where something was left out: fill it in or remove it",
                    ));
                }
                _ => return Err(self.flaw("expected a name in double quotes")),
            }
            let text = self.string()?;
            if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
                let message = format!("this name stands already in line {}", first.place.line);
                return Err(Flaw::at(place, message));
            }
            self.space();
            if self.peek() != Some(':') {
                return Err(self.flaw("expected a colon after the name"));
            }
            self.step();
            self.space();
            let node = self.value()?;
            entries.push((Key { place, text }, node));
            if self.ends('}')? {
                return Ok(Kind::Map(entries));
            }
        }
    }

    /// After an item: whether the list or map ends here; otherwise the comma is passed.
    fn ends(&mut self, close: char) -> Result<bool, Flaw> {
        self.space();
        match self.peek() {
            Some(',') => {
                self.step();
                self.space();
                Ok(false)
            }
            Some(it) if it == close => {
                self.step();
                Ok(true)
            }
            Some(_) => Err(self.flaw(&format!("expected a comma or {close}"))),
            None => Err(self.flaw(&format!("the file ends where a comma or {close} is expected"))),
        }
    }

    fn plain(&mut self) -> Result<Kind, Flaw> {
        let place = self.place;
        let mut word = String::new();
        while let Some(next) =
            self.peek().filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '+' | '.'))
        {
            word.push(next);
            self.step();
        }
        match serde_json::from_str::<serde_json::Value>(&word) {
            Ok(_) => Ok(Kind::Plain(word)),
            Err(_) => Err(Flaw::at(place, "expected a value: texts stand in double quotes")),
        }
    }

    /// A text. Its escapes are serde_json's business once its end is found.
    fn string(&mut self) -> Result<String, Flaw> {
        let (place, from) = (self.place, self.rest);
        self.step();
        loop {
            match self.peek() {
                None | Some('\n') => return Err(Flaw::at(place, "the quote that opens here is not closed")),
                Some('\\') => {
                    self.step();
                    self.step();
                }
                Some('"') => break,
                Some(it) if it < ' ' => return Err(self.flaw("a control character stands in a text")),
                Some(_) => {
                    self.step();
                }
            }
        }
        self.step();
        let raw = &from[..from.len() - self.rest.len()];
        serde_json::from_str(raw).map_err(|_| Flaw::at(place, "this text holds an escape that JSON has not"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_back_is_what_was_read() {
        let text = "{\n  \"a\": [\n    1.50,\n    -0,\n    true,\n    null,\n    \"x\\n\\\"é\"\n  ],\n  \"b\": {},\n  \"c\": []\n}\n";
        assert_eq!(write(&read(text).unwrap()), text);
    }

    #[test]
    fn every_flaw_has_its_place() {
        for (text, flaw) in [
            ("", "1:1: the file ends where a value is expected"),
            (
                "[1,\n 2,]",
                "2:4: expected a value here: fill it in, or remove the comma or the name before it",
            ),
            ("[1\n 2]", "2:2: expected a comma or ]"),
            ("{\"a\": 1,}", "1:9: expected a name after the comma: remove the comma"),
            ("{a: 1}", "1:2: expected a name in double quotes"),
            ("{\"a\" 1}", "1:6: expected a colon after the name"),
            ("{\"a\": 1, \"a\": 2}", "1:10: this name stands already in line 1"),
            ("[\"é\", \"open]\n", "1:7: the quote that opens here is not closed"),
            ("[...]", "1:2: an ellipsis stands here, where something was left out: fill it in or remove it"),
            ("[01]", "1:2: expected a value: texts stand in double quotes"),
            ("['a']", "1:2: expected a value: a text in double quotes, a number, a list or a map"),
            ("[\"\\x\"]", "1:2: this text holds an escape that JSON has not"),
            ("[] []", "1:4: the document ends here, and something follows"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), flaw, "{text:?}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
