//! What was learned, and how it is found again in a text: pure.

use std::collections::HashMap;

use super::Kind;

/// The shortest text that is looked for in others.
pub(super) const SHORTEST: usize = 4;

/// Texts to look for, with what stands in their place. Upper and lower case are the same.
#[derive(Debug, Default)]
pub(super) struct Literals(HashMap<[u8; SHORTEST], Vec<Literal>>);

#[derive(Debug)]
struct Literal {
    lower: String,
    kind: Kind,
    by: String,
    place: Place,
    case: Case,
}

/// Where a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Only where it is a word: no letter or digit beside it.
    Word,
    /// In the middle of words too.
    Anywhere,
    /// A word, and no part of a longer dotted number.
    Number,
}

/// What upper and lower case become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// That of every letter is kept.
    EachLetter,
    /// All upper case where one letter was.
    Hex,
    /// As the replacement is.
    Fixed,
}

impl Literals {
    /// Whether a text is known.
    pub(super) fn has(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        self.at(lower.as_bytes()).iter().any(|literal| literal.lower == lower)
    }

    /// Looks for this text from now on; the first replacement for it stays.
    pub(super) fn add(&mut self, text: &str, by: String, kind: Kind, place: Place, case: Case) {
        let lower = text.to_ascii_lowercase();
        let Some(start) = lower.as_bytes().first_chunk().copied() else { return };
        if self.has(text) {
            return;
        }
        let known = self.0.entry(start).or_default();
        known.push(Literal { lower, kind, by, place, case });
        known.sort_by_key(|literal| std::cmp::Reverse(literal.lower.len()));
    }

    /// The text with everything replaced that is known; the longest first.
    pub(super) fn replace(&self, text: &str, count: &mut dyn FnMut(Kind)) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let lower = text.to_ascii_lowercase();
        let bytes = lower.as_bytes();
        let (mut replaced, mut from, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at + SHORTEST <= bytes.len() {
            let here = self.at(&bytes[at..]);
            let found =
                here.iter().find(|it| bytes[at..].starts_with(it.lower.as_bytes()) && it.counts(bytes, at));
            let Some(literal) = found else {
                at += 1;
                continue;
            };
            let end = at + literal.lower.len();
            replaced.push_str(&text[from..at]);
            replaced.push_str(&literal.in_place_of(&text[at..end]));
            count(literal.kind);
            (from, at) = (end, end);
        }
        replaced + &text[from..]
    }

    fn at(&self, bytes: &[u8]) -> &[Literal] {
        bytes.first_chunk().and_then(|start| self.0.get(start)).map_or(&[], Vec::as_slice)
    }
}

impl Literal {
    fn counts(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.lower.len();
        let alone = !at.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric())
            && !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        match self.place {
            Place::Anywhere => true,
            Place::Word => alone,
            Place::Number => {
                let dotted_before = at >= 2 && text[at - 1] == b'.' && digit(at - 2);
                alone && !dotted_before && !(text.get(end) == Some(&b'.') && digit(end + 1))
            }
        }
    }

    fn in_place_of(&self, found: &str) -> String {
        let like =
            |(by, was): (char, char)| if was.is_ascii_uppercase() { by.to_ascii_uppercase() } else { by };
        match self.case {
            Case::Fixed => self.by.clone(),
            Case::Hex if found.bytes().any(|b| b.is_ascii_uppercase()) => self.by.to_ascii_uppercase(),
            Case::Hex => self.by.clone(),
            Case::EachLetter => self.by.chars().zip(found.chars()).map(like).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str, place: Place) -> String {
        let mut literals = Literals::default();
        literals.add("abc1", "xyz9".to_owned(), Kind::Serials, place, Case::EachLetter);
        literals.add("ABC1-2", "uvw8-7".to_owned(), Kind::Serials, place, Case::EachLetter);
        literals.replace(text, &mut |_| {})
    }

    #[test]
    fn the_longest_counts_and_case_is_kept() {
        assert_eq!(replaced("/abc1/ABC1-2/Abc1", Place::Word), "/xyz9/UVW8-7/Xyz9");
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert_eq!(replaced("abc12 _abc1_ üabc1", Place::Word), "abc12 _xyz9_ üxyz9");
        assert_eq!(replaced("abc12", Place::Anywhere), "xyz92");
    }

    #[test]
    fn a_number_is_no_part_of_a_longer_one() {
        assert_eq!(replaced("1.abc1 abc1.1 abc1. abc1", Place::Number), "1.abc1 abc1.1 xyz9. xyz9");
    }
}
