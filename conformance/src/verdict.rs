//! Verdicts, and the exit code that a set of them amounts to.

use serde::{Deserialize, Serialize};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// The word.
    pub word: Word,
    /// Blame of a fail, kind of an error, missing capability, reason of a block, id of a waiver.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The condition that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What was found instead of what was expected, or what happened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What the table of blame calls it: invented, misread, lies, misreports, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub charge: String,
    /// The exchange that shows it, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<usize>,
}

/// The kinds of verdicts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// All conditions hold, by an independent oracle.
    Pass,
    /// All conditions hold, without an independent oracle.
    PassUnverified,
    /// The subject broke its contract.
    Fail,
    /// No verdict is possible.
    Error,
    /// It does not apply.
    Na,
    /// It applies and was not run.
    Blocked,
    /// Attempts differ.
    Flaky,
    /// It ended exactly as a waiver predicts.
    Waived,
    /// A waiver that no longer applies.
    Xpass,
}

impl Word {
    /// The word itself.
    pub fn text(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::PassUnverified => "pass-unverified",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Na => "na",
            Self::Blocked => "blocked",
            Self::Flaky => "flaky",
            Self::Waived => "waived",
            Self::Xpass => "xpass",
        }
    }
}

impl Verdict {
    /// A verdict without more to say.
    pub fn new(word: Word) -> Self {
        Self {
            word,
            detail: String::new(),
            condition: None,
            text: String::new(),
            charge: String::new(),
            wire: None,
        }
    }

    /// No verdict is possible, and why.
    pub fn error(kind: &str, text: impl Into<String>) -> Self {
        Self { detail: kind.to_owned(), text: text.into(), ..Self::new(Word::Error) }
    }

    /// Whether it counts as done well.
    pub fn is_pass(&self) -> bool {
        matches!(self.word, Word::Pass | Word::PassUnverified)
    }
}

/// Exit codes of `halmark run`, and those of other commands that mean the same. Documented API.
pub mod exit {
    /// Conformant.
    pub const CONFORMANT: u8 = 0;
    /// Something does not conform.
    pub const NONCONFORMANT: u8 = 1;
    /// Usage, lint or schema error; nothing ran.
    pub const USAGE: u8 = 2;
    /// Something that applies was not run, or nothing was.
    pub const INCOMPLETE: u8 = 3;
    /// Nothing was selected.
    pub const NOTHING_SELECTED: u8 = 4;
    /// No verdict on something.
    pub const NO_VERDICT: u8 = 5;
    /// A waiver is expired or stale.
    pub const WAIVER: u8 = 6;
    /// Only flaky.
    pub const FLAKY: u8 = 7;
    /// Something was left behind on a target.
    pub const RESIDUE: u8 = 8;
    /// All was done, and what there was to say of it could not be written: a disk that is full (`EX_IOERR` of sysexits.h).
    pub const UNWRITTEN: u8 = 74;
    /// Interrupted and cleaned up.
    pub const INTERRUPTED: u8 = 130;
}

/// What a set of verdicts amounts to, highest consequence first.
pub fn exit_code<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> u8 {
    let words: Vec<Word> = verdicts.into_iter().map(|v| v.word).collect();
    let any = |word: Word| words.contains(&word);
    let ran =
        words.iter().any(|w| matches!(w, Word::Pass | Word::PassUnverified | Word::Fail | Word::Waived));
    if any(Word::Fail) {
        exit::NONCONFORMANT
    } else if any(Word::Error) {
        exit::NO_VERDICT
    } else if any(Word::Xpass) {
        exit::WAIVER
    } else if any(Word::Flaky) {
        exit::FLAKY
    } else if any(Word::Blocked) || !ran {
        exit::INCOMPLETE
    } else {
        exit::CONFORMANT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(words: &[Word]) -> u8 {
        exit_code(&words.iter().map(|w| Verdict::new(*w)).collect::<Vec<_>>())
    }

    #[test]
    fn the_highest_consequence_decides() {
        assert_eq!(code(&[Word::Pass, Word::Error, Word::Fail]), exit::NONCONFORMANT);
        assert_eq!(code(&[Word::Pass, Word::Xpass, Word::Error]), exit::NO_VERDICT);
        assert_eq!(code(&[Word::Pass, Word::Blocked]), exit::INCOMPLETE);
        assert_eq!(code(&[Word::Pass, Word::Na, Word::Waived]), exit::CONFORMANT);
    }

    #[test]
    fn a_run_that_ran_nothing_is_not_a_pass() {
        assert_eq!(code(&[]), exit::INCOMPLETE);
        assert_eq!(code(&[Word::Na, Word::Na]), exit::INCOMPLETE);
    }
}
