//! YAML as a tree with places; one file may hold several documents. Anchors, tags and merge keys are flaws: none of the files
//! that are read here needs them, and to write them back as they were is not possible.

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::{Flaw, Key, Kind, Node, Place, json::quoted};

/// Deeper than anybody's file.
const DEEPEST: usize = 64;

/// Reads the documents of a file; empty ones are left out.
pub fn read(text: &str) -> Result<Vec<Node>, Flaw> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { events: Parser::new_from_str(text), depth: 0 };
    let mut documents = Vec::new();
    loop {
        match tree.next()? {
            (Event::StreamEnd, _) => break,
            (Event::DocumentStart(..), _) => {
                let (event, place) = tree.next()?;
                documents.push(tree.node(event, place)?);
            }
            _ => {}
        }
    }
    documents.retain(|it| !it.is_null());
    Ok(documents)
}

/// Writes documents, each behind `---` if there are several.
pub fn write(documents: &[Node]) -> String {
    let mut text = String::new();
    for document in documents {
        if documents.len() > 1 {
            text.push_str("---\n");
        }
        match &document.kind {
            Kind::Map(entries) if !entries.is_empty() => put_map(&mut text, entries, 0, false),
            Kind::List(items) if !items.is_empty() => put_list(&mut text, items, 0),
            _ => text.push_str(&format!("{}\n", scalar(document))),
        }
    }
    text
}

/// The entries of a map; the first one stands where the dash of a list put us, if it is in one.
fn put_map(text: &mut String, entries: &[(Key, Node)], level: usize, in_list: bool) {
    for (at, (key, node)) in entries.iter().enumerate() {
        if at > 0 || !in_list {
            text.extend(std::iter::repeat_n("  ", level));
        }
        text.push_str(&name(&key.text));
        text.push(':');
        match &node.kind {
            Kind::Map(entries) if !entries.is_empty() => {
                text.push('\n');
                put_map(text, entries, level + 1, false);
            }
            Kind::List(items) if !items.is_empty() => {
                text.push('\n');
                put_list(text, items, level + 1);
            }
            _ => text.push_str(&format!(" {}\n", scalar(node))),
        }
    }
}

fn put_list(text: &mut String, items: &[Node], level: usize) {
    for item in items {
        text.extend(std::iter::repeat_n("  ", level));
        text.push_str("- ");
        match &item.kind {
            Kind::Map(entries) if !entries.is_empty() => put_map(text, entries, level + 1, true),
            Kind::List(items) if !items.is_empty() => {
                // A list in a list stands in its own lines.
                text.truncate(text.len() - 1);
                text.push('\n');
                put_list(text, items, level + 1);
            }
            _ => text.push_str(&format!("{}\n", scalar(item))),
        }
    }
}

fn scalar(node: &Node) -> String {
    match &node.kind {
        Kind::Plain(word) if word.is_empty() => "null".to_owned(),
        Kind::Plain(word) => word.clone(),
        Kind::Text(text) => quoted(text),
        Kind::List(_) => "[]".to_owned(),
        Kind::Map(_) => "{}".to_owned(),
    }
}

/// A key, bare where that can mean nothing else.
fn name(key: &str) -> String {
    let is_bare = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !matches!(
            key.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_bare { key.to_owned() } else { quoted(key) }
}

struct Tree<I> {
    events: I,
    depth: usize,
}

fn place_of(span: Span) -> Place {
    Place { line: span.start.line().max(1), column: span.start.col() + 1 }
}

/// What the parser complains of. Where several `key: value` stand in one line, its line ends were lost.
fn complaint(info: &str) -> String {
    if info.contains("mapping values are not allowed") {
        return "no key may stand here: line ends were lost, or a text that holds `: ` needs quotes"
            .to_owned();
    }
    format!("this is not YAML: {info}")
}

impl<'s, I> Tree<I>
where
    I: Iterator<Item = Result<(Event<'s>, Span), granit_parser::ScanError>>,
{
    fn next(&mut self) -> Result<(Event<'s>, Place), Flaw> {
        loop {
            match self.events.next() {
                None => return Ok((Event::StreamEnd, Place { line: 1, column: 1 })),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, place_of(span))),
                Some(Err(error)) => {
                    let at = error.marker();
                    let place = Place { line: at.line().max(1), column: at.col() + 1 };
                    return Err(Flaw::at(place, complaint(&error.info())));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'s>, place: Place) -> Result<Node, Flaw> {
        let kind = match event {
            Event::Scalar(text, style, 0, None) => match style {
                ScalarStyle::Plain => Kind::Plain(text.into_owned()),
                _ => Kind::Text(text.into_owned()),
            },
            Event::SequenceStart(_, 0, None) => self.nested(place, Self::list)?,
            Event::MappingStart(_, 0, None) => self.nested(place, Self::map)?,
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                return Err(Flaw::at(place, "anchors and tags are not read: write the value out"));
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(Flaw::at(place, "aliases are not read: write the value out"));
            }
            _ => return Err(Flaw::at(place, "expected a value")),
        };
        Ok(Node { place, kind })
    }

    fn nested(&mut self, place: Place, read: fn(&mut Self) -> Result<Kind, Flaw>) -> Result<Kind, Flaw> {
        if self.depth == DEEPEST {
            return Err(Flaw::at(place, "this is nested deeper than 64 levels"));
        }
        self.depth += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn list(&mut self) -> Result<Kind, Flaw> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, place) => items.push(self.node(event, place)?),
            }
        }
    }

    fn map(&mut self) -> Result<Kind, Flaw> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, place) = self.next()?;
            let text = match event {
                Event::MappingEnd => return Ok(Kind::Map(entries)),
                Event::Scalar(text, _, 0, None) if text != "<<" => text.into_owned(),
                _ => return Err(Flaw::at(place, "expected `key: value`")),
            };
            if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
                let message = format!("this key stands already in line {}", first.place.line);
                return Err(Flaw::at(place, message));
            }
            let (event, value) = self.next()?;
            let node = self.node(event, value)?;
            entries.push((Key { place, text }, node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_back_means_what_was_read() {
        let text = "---\na: 0123\nb: \"0123\"\nc: yes\nd: null\n\"on\":\n  - 1\n  - x: []\n    z: {}\n  -\n    - deep\n---\n- \"a: b\"\n";
        let read_once = read(text).unwrap();
        assert_eq!(write(&read_once), text);
    }

    #[test]
    fn blocks_of_text_survive() {
        let text = "a: |\n  one\n  two: \"x\"\nb: >-\n  folded\n  line\n";
        let read_once = read(text).unwrap();
        let again = read(&write(&read_once)).unwrap();
        assert_eq!(again[0].get("a").unwrap().as_text(), Some("one\ntwo: \"x\"\n"));
        assert_eq!(again[0].get("b").unwrap().as_text(), Some("folded line"));
    }

    #[test]
    fn every_flaw_has_its_place() {
        for (text, flaw) in [
            (
                "a: 1\nb: c: d\n",
                "2:5: no key may stand here: line ends were lost, or a text that holds `: ` needs quotes",
            ),
            ("a: 1\na: 2\n", "2:1: this key stands already in line 1"),
            ("a: &x 1\n", "1:7: anchors and tags are not read: write the value out"),
            ("<<: {}\n", "1:1: expected `key: value`"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), flaw, "{text:?}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
