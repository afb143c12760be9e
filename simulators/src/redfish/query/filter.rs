//! `$filter` (DSP0266 §7.3.1.4): which members are shown, by what stands in them.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::redfish::{clock, handle::Scene, show, tree::Found};

/// How deep brackets and `not` may stand in each other.
const DEEPEST: usize = 32;
/// How many comparisons there may be.
const MOST: usize = 128;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// One of these at least.
    Any(Vec<Self>),
    /// Each of these.
    All(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The left stands so to the right.
    Compare(Operand, Relation, Operand),
    /// This is true.
    Holds(Operand),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// A value.
    Literal(Value),
    /// A property, by the names that lead to it.
    Property(Vec<String>),
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Keeps the members that it holds for; the count is theirs. What a client may not read is not there.
pub(crate) fn keep(
    filter: &Filter,
    scene: &Scene<'_>,
    collection: &mut Value,
    may: &dyn Fn(Found<'_>) -> bool,
) {
    let holds_for = |link: &Value| {
        let found = link["@odata.id"].as_str().and_then(|path| scene.tree().find(path)).filter(|it| may(*it));
        let member = found.and_then(|found| show::resource(scene, found));
        member.is_some_and(|(member, _)| filter.holds(&member))
    };
    if let Some(Value::Array(members)) = collection.get_mut("Members") {
        members.retain(holds_for);
        let count = members.len();
        collection["Members@odata.count"] = json!(count);
    }
}

impl Filter {
    /// Whether it asks for nothing but these properties.
    pub(crate) fn asks_only_for(&self, offered: &[&str]) -> bool {
        let is_offered = |operand: &Operand| match operand {
            Operand::Literal(_) => true,
            Operand::Property(names) => matches!(&names[..], [name] if offered.contains(&name.as_str())),
        };
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().all(|part| part.asks_only_for(offered)),
            Self::Not(inner) => inner.asks_only_for(offered),
            Self::Holds(operand) => is_offered(operand),
            Self::Compare(left, _, right) => is_offered(left) && is_offered(right),
        }
    }

    /// Whether it holds for this document. What is not there is null.
    pub(crate) fn holds(&self, document: &Value) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(document)),
            Self::All(parts) => parts.iter().all(|part| part.holds(document)),
            Self::Not(inner) => !inner.holds(document),
            Self::Holds(operand) => operand.values(document).contains(&&Value::Bool(true)),
            Self::Compare(left, Relation::NotEqual, right) => {
                !compare(left, Relation::Equal, right, document)
            }
            Self::Compare(left, relation, right) => compare(left, *relation, right, document),
        }
    }
}

/// Whether any of the values on the left stands so to any of those on the right.
fn compare(left: &Operand, relation: Relation, right: &Operand, document: &Value) -> bool {
    let right = right.values(document);
    let stands = |one: &&Value| right.iter().any(|other| relation.holds(order(one, other)));
    left.values(document).iter().any(stands)
}

/// Numbers by value, dates by time, other texts by their letters; true, false and null are only equal to themselves.
fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => match (clock::read(one), clock::read(other)) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => Some(one.cmp(other)),
        },
        (one, other) => (one == other).then_some(Ordering::Equal),
    }
}

impl Relation {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

impl Operand {
    /// Its values: a path through an array leads to each item of it.
    fn values<'v>(&'v self, document: &'v Value) -> Vec<&'v Value> {
        let names = match self {
            Self::Literal(value) => return vec![value],
            Self::Property(names) => names,
        };
        let mut found = vec![document];
        for name in names {
            found = found.into_iter().filter_map(|value| value.get(name)).flat_map(items).collect();
        }
        if found.is_empty() { vec![&Value::Null] } else { found }
    }
}

fn items(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// Reads an expression; `None` where it is none, or is larger than anybody needs.
pub(crate) fn parse(text: &str) -> Option<Filter> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), comparisons: 0 };
    let filter = parser.any(0)?;
    parser.tokens.next().is_none().then_some(filter)
}

/// A part of an expression's text.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '(' | ')' => {
                rest = &rest[1..];
                if first == '(' { Token::Open } else { Token::Close }
            }
            '\'' => {
                let (said, after) = quoted(&rest[1..])?;
                rest = after;
                Token::Text(said)
            }
            _ => {
                let end =
                    rest.find(|it: char| it.is_whitespace() || "()'".contains(it)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                rest = after;
                Token::Word(word.to_owned())
            }
        };
        tokens.push(token);
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// The text until its closing quote, where two quotes are one of its letters; and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut said = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        said.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                said.push('\'');
                rest = after;
            }
            None => return Some((said, after)),
        }
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    comparisons: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Option<Filter> {
        let mut parts = vec![self.all(depth)?];
        while self.word("or") {
            parts.push(self.all(depth)?);
        }
        Some(one_or(parts, Filter::Any))
    }

    fn all(&mut self, depth: usize) -> Option<Filter> {
        let mut parts = vec![self.term(depth)?];
        while self.word("and") {
            parts.push(self.term(depth)?);
        }
        Some(one_or(parts, Filter::All))
    }

    fn term(&mut self, depth: usize) -> Option<Filter> {
        if depth == DEEPEST {
            return None;
        }
        if self.word("not") {
            return Some(Filter::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.any(depth + 1)?;
            self.tokens.next_if_eq(&Token::Close)?;
            return Some(inner);
        }
        self.comparisons += 1;
        if self.comparisons > MOST {
            return None;
        }
        let left = self.operand()?;
        let relation = match self.tokens.peek() {
            Some(Token::Word(word)) => Relation::of(word),
            _ => None,
        };
        let Some(relation) = relation else { return Some(Filter::Holds(left)) };
        self.tokens.next();
        Some(Filter::Compare(left, relation, self.operand()?))
    }

    fn word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(it) if it == word)).is_some()
    }

    fn operand(&mut self) -> Option<Operand> {
        match self.tokens.next()? {
            Token::Text(text) => Some(Operand::Literal(json!(text))),
            Token::Word(word) => operand(&word),
            Token::Open | Token::Close => None,
        }
    }
}

fn one_or(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}

/// A number, a date, true, false, null; or the path of a property.
fn operand(word: &str) -> Option<Operand> {
    if Relation::of(word).is_some() || matches!(word, "and" | "or" | "not") {
        return None;
    }
    let is_number = word.starts_with(|it: char| it.is_ascii_digit() || it == '-');
    match word {
        "true" | "false" | "null" => serde_json::from_str(word).ok().map(Operand::Literal),
        _ if is_number => match serde_json::from_str(word) {
            Ok(number @ Value::Number(_)) => Some(Operand::Literal(number)),
            _ => clock::read(word).map(|_| Operand::Literal(json!(word))),
        },
        _ => {
            let names: Vec<_> = word.split('/').map(str::to_owned).collect();
            let is_path = names.iter().all(|name| !name.is_empty() && !name.contains([',', '"', '\\', '=']));
            is_path.then_some(Operand::Property(names))
        }
    }
}
