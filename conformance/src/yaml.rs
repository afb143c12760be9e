//! YAML as a tree in which every value and every key keeps its place.
//!
//! Stricter than YAML on purpose: anchors, aliases, tags, merge keys, duplicate keys, several documents,
//! `on`/`off`/`yes`/`no` as bare words, and numbers with underscores are problems, because each has surprised somebody.

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::source::{Place, Problem, Source};

/// Larger files than this are refused unread: a scenario is a page.
pub const LARGEST: usize = 1 << 20;
const DEEPEST: usize = 32;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; of a list or map, its first character.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// Its text.
    pub text: String,
}

impl Kind {
    /// What it is, in the words of a complaint.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Reads one document.
pub fn parse(source: &Arc<Source>) -> Result<Node, Problem> {
    if source.text.len() > LARGEST {
        let message = format!("the file has {} bytes, more than {LARGEST}", source.text.len());
        return Err(problem(
            source,
            Place { line: 1, column: 1, length: 1 },
            message,
            "a scenario is a page of text; split it",
        ));
    }
    let mut tree = Tree { source, events: Parser::new_from_str(&source.text), depth: 0 };
    let root = tree.document()?;
    match root {
        Some(root) => Ok(root),
        None => Err(problem(
            source,
            Place { line: 1, column: 1, length: 1 },
            "the file is empty".into(),
            "expected a map that begins with `halmark: …`",
        )),
    }
}

struct Tree<'s, I> {
    source: &'s Arc<Source>,
    events: I,
    depth: usize,
}

fn problem(source: &Arc<Source>, place: Place, message: String, hint: &str) -> Problem {
    Problem { source: source.clone(), place, message, hint: hint.to_owned() }
}

/// The parser's complaint, and what to do about the one that prose runs into.
fn advice(info: &str) -> String {
    if info.contains("mapping values are not allowed") {
        return format!("{info}; a text that holds `: ` stands in quotes");
    }
    info.to_owned()
}

fn place_of(span: Span) -> Place {
    let same_line = span.start.line() == span.end.line();
    let length = if same_line { span.end.col().saturating_sub(span.start.col()).max(1) } else { 1 };
    Place { line: span.start.line().max(1), column: span.start.col() + 1, length }
}

impl<'s, I> Tree<'s, I>
where
    I: Iterator<Item = Result<(Event<'s>, Span), granit_parser::ScanError>>,
{
    fn next(&mut self) -> Result<(Event<'s>, Place), Problem> {
        loop {
            match self.events.next() {
                None => return Ok((Event::StreamEnd, Place { line: 1, column: 1, length: 1 })),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, place_of(span))),
                Some(Err(error)) => {
                    let at = error.marker();
                    let place = Place { line: at.line().max(1), column: at.col() + 1, length: 1 };
                    return Err(problem(
                        self.source,
                        place,
                        "this is not YAML".into(),
                        &advice(&error.info()),
                    ));
                }
            }
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Problem> {
        let mut root = None;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(problem(
                        self.source,
                        place,
                        "a second document begins here".into(),
                        "one file holds one document; remove the `---`",
                    ));
                }
                Event::DocumentStart(..) => {
                    let (first, place) = self.next()?;
                    root = Some(self.node(first, place)?);
                }
                Event::StreamEnd => return Ok(root.filter(|node| node.kind != Kind::Null)),
                other => root = Some(self.node(other, place)?),
            }
        }
    }

    fn node(&mut self, event: Event<'s>, place: Place) -> Result<Node, Problem> {
        let refuse = |message: &str, hint: &str| Err(problem(self.source, place, message.into(), hint));
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag) => {
                (*anchor, tag.is_some())
            }
            _ => (0, false),
        };
        if anchor != 0 || matches!(event, Event::Alias(_) | Event::UnresolvedAlias(_)) {
            return refuse(
                "anchors and aliases are not part of this language",
                "write the value out, or use `vars`",
            );
        }
        if tag {
            return refuse("tags are not part of this language", "remove the `!tag`");
        }
        let kind = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, place)?,
            Event::SequenceStart(..) => self.nested(place, Self::list)?,
            Event::MappingStart(..) => self.nested(place, Self::map)?,
            _ => return refuse("this is not YAML", "expected a value"),
        };
        Ok(Node { place, kind })
    }

    fn nested(
        &mut self,
        place: Place,
        read: fn(&mut Self) -> Result<Kind, Problem>,
    ) -> Result<Kind, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(problem(
                self.source,
                place,
                format!("nested deeper than {DEEPEST} levels"),
                "no scenario needs that",
            ));
        }
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn list(&mut self) -> Result<Kind, Problem> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::SequenceEnd => return Ok(Kind::List(items)),
                other => items.push(self.node(other, place)?),
            }
        }
    }

    fn map(&mut self) -> Result<Kind, Problem> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, place) = self.next()?;
            let text = match event {
                Event::MappingEnd => return Ok(Kind::Map(entries)),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => {
                    return Err(problem(
                        self.source,
                        place,
                        "a key must be a plain word".into(),
                        "expected `key: value`",
                    ));
                }
            };
            if text == "<<" {
                return Err(problem(
                    self.source,
                    place,
                    "merge keys are not part of this language".into(),
                    "write the values out",
                ));
            }
            if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
                let hint = format!("it stands already in line {}", first.place.line);
                return Err(problem(
                    self.source,
                    place,
                    format!("the key {text:?} stands twice in one map"),
                    &hint,
                ));
            }
            let (event, value_place) = self.next()?;
            let value = self.node(event, value_place)?;
            entries.push((Key { place, text }, value));
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: Place) -> Result<Kind, Problem> {
        if style != ScalarStyle::Plain {
            return Ok(Kind::Text(text.to_owned()));
        }
        plain(text).map_err(|hint| problem(self.source, place, format!("{text:?} is ambiguous"), hint))
    }
}

fn plain(text: &str) -> Result<Kind, &'static str> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Ok(Kind::Null),
        "true" => return Ok(Kind::Bool(true)),
        "false" => return Ok(Kind::Bool(false)),
        "on" | "off" | "yes" | "no" | "y" | "n" => {
            return Err(
                "YAML readers disagree whether this is a word or a truth value; use the full word (such as powered-on) or quotes",
            );
        }
        _ => {}
    }
    let digits = lower.trim_start_matches(['-', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(Kind::Text(text.to_owned()));
    }
    let numeric = digits.chars().all(|c| c.is_ascii_digit() || c == '_');
    if numeric && digits.contains('_') {
        return Err("a number has no underscores here");
    }
    if let Ok(whole) = lower.parse() {
        return if digits.len() > 1 && digits.starts_with('0') {
            Ok(Kind::Text(text.to_owned()))
        } else {
            Ok(Kind::Int(whole))
        };
    }
    let fraction = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-' | '+'));
    match lower.parse::<f64>() {
        Ok(number) if fraction && number.is_finite() => Ok(Kind::Float(number)),
        _ => Ok(Kind::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Problem> {
        parse(&Source::new("test.yaml", text))
    }

    #[test]
    fn keys_and_values_keep_their_places() {
        let Kind::Map(entries) = read("a: 1\nlonger: {b: two}\n").unwrap().kind else { panic!("a map") };
        assert_eq!(entries[1].0.place, Place { line: 2, column: 1, length: 6 });
        let Kind::Map(inner) = &entries[1].1.kind else { panic!("a map") };
        assert_eq!(inner[0].1.place, Place { line: 2, column: 13, length: 3 });
    }

    #[test]
    fn what_has_surprised_somebody_is_refused() {
        for (text, message) in [
            ("a: on", "ambiguous"),
            ("a: Off", "ambiguous"),
            ("a: yes", "ambiguous"),
            ("a: 1_000", "ambiguous"),
            ("a: &x 1\nb: *x", "anchors"),
            ("a: *x", "not YAML"),
            ("a: 1\na: 2", "twice"),
            ("a: !!str 1", "tags"),
            ("<<: {a: 1}", "merge keys"),
            ("a: 1\n---\nb: 2", "second document"),
            ("", "empty"),
            ("# only a comment\n", "empty"),
            ("a: [1, 2", "not YAML"),
            ("? [a]\n: 1", "plain word"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.message.contains(message), "{text:?}: {problem}");
        }
    }

    #[test]
    fn quotes_make_any_word_a_text() {
        let Kind::Map(entries) = read("a: \"on\"\nb: '1'\nc: 0x10\nd: 007").unwrap().kind else {
            panic!("a map")
        };
        let texts = ["on", "1", "0x10", "007"].map(|t| Kind::Text(t.to_owned()));
        assert_eq!(entries.into_iter().map(|(_, v)| v.kind).collect::<Vec<_>>(), texts);
    }

    #[test]
    fn deep_nesting_and_large_files_are_refused() {
        assert!(read(&"[".repeat(10_000)).is_err());
        assert!(read(&format!("a: {}", "x".repeat(LARGEST))).unwrap_err().message.contains("bytes"));
    }
}
