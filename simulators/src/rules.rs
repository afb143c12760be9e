//! Faults of an HTTP face: a rule says which requests, and what becomes of them.
//!
//! Rules sit between decryption and handler. The first rule that matches a request decides.

use std::{fmt, time::Duration};

/// Which of the matching requests a rule means, counted from 1 since the rules were set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nth {
    /// The first.
    pub from: u32,
    /// The last; without it all from the first on.
    pub to: Option<u32>,
}

impl Nth {
    /// Every one.
    pub const ALL: Self = Self { from: 1, to: None };

    /// Only the first.
    pub const FIRST: Self = Self { from: 1, to: Some(1) };

    /// Whether the one with this number is meant.
    pub fn holds(self, number: u32) -> bool {
        number >= self.from && self.to.is_none_or(|to| number <= to)
    }
}

impl Default for Nth {
    fn default() -> Self {
        Self::ALL
    }
}

/// Which requests, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRule {
    /// The methods that are meant; all where there are none.
    pub methods: Vec<String>,
    /// The paths that are meant, with `*` for anything; all where there is none.
    pub path: Option<String>,
    /// Which of the requests with that method and path.
    pub nth: Nth,
    /// What becomes of them.
    pub action: HttpAction,
}

impl HttpRule {
    /// A rule for every request.
    pub fn every(action: HttpAction) -> Self {
        Self { methods: Vec::new(), path: None, nth: Nth::ALL, action }
    }

    fn is_about(&self, method: &str, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|it| it.eq_ignore_ascii_case(method)))
            && self.path.as_ref().is_none_or(|pattern| glob(pattern.as_bytes(), path.as_bytes()))
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAction {
    /// This is the answer; the handler does not run.
    Respond {
        /// The status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<String>,
    },
    /// The handler runs after this long.
    Delay(Duration),
    /// The handler runs; its answer comes in drops of so many bytes, one after every such time.
    Drip {
        /// How many bytes, and how long between them.
        bytes_every: (usize, Duration),
    },
    /// The handler runs; the connection ends after so many bytes of the body that was announced.
    CutBody {
        /// How many bytes still come.
        after: usize,
    },
    /// A reset of the connection (RST); the handler does not run.
    ResetConnection,
    /// The handler runs; a reset of the connection in place of its answer.
    ResetAfter,
    /// No answer ever; the handler does not run.
    Hang,
    /// The handler runs; no answer ever.
    HangAfter,
    /// 200 and a page for people; the handler does not run.
    HtmlPage,
    /// The handler runs; half of its document comes, in a message that is complete.
    TruncatedJson,
    /// The handler runs; its answer has no body.
    EmptyBody,
    /// 200 and a document of so many bytes; the handler does not run.
    HugeBody {
        /// How many bytes.
        bytes: usize,
    },
    /// 200 and a document nested so deeply; the handler does not run.
    DeepJson {
        /// How deeply.
        depth: usize,
    },
    /// The handler runs; its answer says that it is something else.
    WrongContentType,
    /// The handler runs; this header is missing from its answer.
    StripHeader(String),
}

impl fmt::Display for HttpAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond { status, .. } => write!(f, "respond {status}"),
            Self::Delay(by) => write!(f, "delay {by:?}"),
            Self::Drip { bytes_every: (bytes, every) } => write!(f, "drip {bytes} bytes every {every:?}"),
            Self::CutBody { after } => write!(f, "cut body after {after} bytes"),
            Self::ResetConnection => f.write_str("reset connection"),
            Self::ResetAfter => f.write_str("reset after the handler"),
            Self::Hang => f.write_str("hang"),
            Self::HangAfter => f.write_str("hang after the handler"),
            Self::HtmlPage => f.write_str("html page"),
            Self::TruncatedJson => f.write_str("truncated json"),
            Self::EmptyBody => f.write_str("empty body"),
            Self::HugeBody { bytes } => write!(f, "huge body of {bytes} bytes"),
            Self::DeepJson { depth } => write!(f, "json {depth} deep"),
            Self::WrongContentType => f.write_str("wrong content type"),
            Self::StripHeader(name) => write!(f, "strip header {name}"),
        }
    }
}

/// The rules that are set, each with its count of matching requests.
#[derive(Debug, Default)]
pub(crate) struct Rulebook(Vec<(HttpRule, u32)>);

impl Rulebook {
    /// Starts counting from nothing.
    pub(crate) fn new(rules: Vec<HttpRule>) -> Self {
        Self(rules.into_iter().map(|rule| (rule, 0)).collect())
    }

    /// Counts a request, and says what becomes of it where a rule means it. Every rule counts, the first decides.
    pub(crate) fn decide(&mut self, method: &str, path: &str) -> Option<HttpAction> {
        let mut decision = None;
        for (rule, count) in self.0.iter_mut().filter(|(rule, _)| rule.is_about(method, path)) {
            *count += 1;
            if decision.is_none() && rule.nth.holds(*count) {
                decision = Some(rule.action.clone());
            }
        }
        decision
    }
}

/// Whether a text fits a pattern in which `*` stands for anything, slashes included.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last_star = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match &mut last_star {
                Some((star, from)) => {
                    *from += 1;
                    (at, seen) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
        assert!(fits("/redfish/*/Actions/*", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"));
        assert!(fits("*", "") && fits("a*a", "aba") && fits("a**c", "abc"));
        assert!(!fits("a*a", "a") && !fits("/redfish", "/redfish/v1") && !fits("", "a"));
    }

    #[test]
    fn the_third_to_fourth_of_the_matching_requests_are_meant() {
        let mut book = Rulebook::new(vec![HttpRule {
            methods: vec!["GET".into()],
            path: Some("/a*".into()),
            nth: Nth { from: 3, to: Some(4) },
            action: HttpAction::Hang,
        }]);
        let decided: Vec<_> =
            ["/a", "/b", "/a1", "/a2", "/a", "/a"].map(|path| book.decide("GET", path).is_some()).to_vec();
        assert_eq!(decided, [false, false, false, true, true, false]);
        assert_eq!(book.decide("POST", "/a"), None);
    }

    #[test]
    fn the_first_rule_that_means_a_request_decides_and_the_others_still_count() {
        let rule = |nth, action| HttpRule { nth, ..HttpRule::every(action) };
        let mut book = Rulebook::new(vec![
            rule(Nth::FIRST, HttpAction::Hang),
            rule(Nth { from: 2, to: Some(2) }, HttpAction::EmptyBody),
        ]);
        let decided = [(); 3].map(|()| book.decide("GET", "/"));
        assert_eq!(decided, [Some(HttpAction::Hang), Some(HttpAction::EmptyBody), None]);
    }
}
