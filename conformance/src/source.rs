//! Places in texts, and the excerpt with a caret that every complaint about a text shows.

use std::{fmt, fmt::Write as _, sync::Arc};

/// A text and the name under which a person finds it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path, or a name in angle brackets for what is not a file.
    pub path: String,
    /// The text itself.
    pub text: String,
}

impl Source {
    /// A text under a name.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line `line` (from 1), or nothing past the end.
    pub fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }
}

/// A run of characters on one line; lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column of the first character.
    pub column: usize,
    /// How many characters, at least one.
    pub length: usize,
}

/// Something wrong with a text: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The text.
    pub source: Arc<Source>,
    /// Where in it.
    pub place: Place,
    /// What is wrong: lowercase, without full stop.
    pub message: String,
    /// What stands under the caret: what was expected, or what to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "  --> {}:{line}:{column}", self.source.path)?;
        f.write_str(&excerpt(&self.source, self.place, &self.hint, "  "))
    }
}

impl std::error::Error for Problem {}

const WIDEST: usize = 160;

/// The line of a place with carets and a label under it, indented; long lines are cut to what surrounds the place.
pub fn excerpt(source: &Source, place: Place, label: &str, indent: &str) -> String {
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let line: Vec<char> = printable(source.line(place.line));
    let start = place.column.saturating_sub(1).min(line.len());
    let from = if line.len() > WIDEST { start.saturating_sub(40) } else { 0 };
    let shown: String = line.iter().skip(from).take(WIDEST).collect();
    let carets = place.length.max(1).min(line.len().saturating_sub(start).max(1)).min(WIDEST);
    let mut out = String::new();
    let _ = writeln!(out, "{indent}{number} | {shown}");
    let _ = writeln!(
        out,
        "{indent}{gutter} | {}{} {}",
        " ".repeat(start - from),
        "^".repeat(carets),
        one_line(label)
    );
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn printable(line: &str) -> Vec<char> {
    one_line(line).chars().collect()
}

/// A text in one line that moves no cursor: control characters are spaces.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The known word that somebody who wrote `word` most likely meant.
pub fn did_you_mean<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let close = |candidate: &&str| strsim::damerau_levenshtein(word, candidate) <= 1 + candidate.len() / 5;
    known.into_iter().filter(close).min_by_key(|candidate| strsim::damerau_levenshtein(word, candidate))
}

/// "did you mean …" or, failing that, the list of what is known.
pub fn suggestion<'w>(word: &str, known: impl IntoIterator<Item = &'w str> + Clone) -> String {
    match did_you_mean(word, known.clone()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.clone().into_iter().next().is_none() => "none is defined here".to_owned(),
        None => format!("expected one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_points_at_its_place() {
        let source = Source::new("a.yaml", "one: 1\ntwo: x\n");
        let text = excerpt(&source, Place { line: 2, column: 6, length: 1 }, "expected a number", "  ");
        assert_eq!(text, "  2 | two: x\n    |      ^ expected a number\n");
    }

    #[test]
    fn a_place_past_the_end_does_not_panic() {
        let source = Source::new("a.yaml", "one");
        assert!(excerpt(&source, Place { line: 9, column: 90, length: 7 }, "x", "").contains('^'));
    }

    #[test]
    fn a_long_line_is_cut_around_its_place() {
        let source = Source::new("a.yaml", "x".repeat(5_000));
        let text = excerpt(&source, Place { line: 1, column: 4_000, length: 3 }, "here", "");
        assert!(text.len() < 500 && text.contains("^^^ here"), "{text}");
    }

    #[test]
    fn a_typo_finds_its_word_and_a_stranger_does_not() {
        assert_eq!(did_you_mean("tittle", ["title", "why"]), Some("title"));
        assert_eq!(did_you_mean("banana", ["title", "why"]), None);
    }
}
