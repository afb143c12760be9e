//! Matrix cells and variables: `${x}` in a text is replaced before the text gets a meaning.

use std::{borrow::Cow, collections::BTreeMap};

use sha2::{Digest, Sha256};

use crate::fields::Reader;
use crate::yaml::{Kind, Node};

/// More combinations than this are a mistake.
const MOST_CELLS: usize = 1_000;

/// What a variable stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    pub(super) kind: Kind,
    pub(super) secret: bool,
}

/// The cells of a matrix: every combination of its values, in the order of the file.
pub(super) fn cells(reader: &Reader, matrix: Option<&Node>) -> Option<Vec<BTreeMap<String, Kind>>> {
    let mut all = vec![BTreeMap::new()];
    let Some(matrix) = matrix else { return Some(all) };
    let mut axes = reader.map(matrix, "a map of names to lists")?;
    for (key, values) in axes.rest() {
        let values = reader.list(values, "a list of values")?;
        if values.is_empty() {
            return reader.fail(
                key.place,
                format!("the axis {:?} has no values", key.text),
                "a matrix without values runs nothing",
            );
        }
        let scalar = |v: &Node| !matches!(v.kind, Kind::List(_) | Kind::Map(_) | Kind::Null);
        if let Some(odd) = values.iter().find(|v| !scalar(v)) {
            return reader.fail(
                odd.place,
                format!("this is {}", odd.kind.name()),
                "a cell's value is a word, a number or true/false",
            );
        }
        if let Some(at) = (1..values.len())
            .find(|at| values[..*at].iter().any(|v| plain(&v.kind) == plain(&values[*at].kind)))
        {
            return reader.fail(
                values[at].place,
                "this value stands twice in its axis",
                "every cell is a case of its own, by name",
            );
        }
        if all.len() * values.len() > MOST_CELLS {
            return reader.fail(
                key.place,
                format!("this matrix has more than {MOST_CELLS} cells"),
                "split the scenario",
            );
        }
        all = all
            .into_iter()
            .flat_map(|cell| {
                values.iter().map(move |value| {
                    let mut cell = cell.clone();
                    cell.insert(key.text.clone(), value.kind.clone());
                    cell
                })
            })
            .collect();
    }
    Some(all)
}

/// The variables of a cell: the cell's own values, the run's, and the scenario's, in which earlier ones may be used.
pub(super) fn variables(
    reader: &Reader,
    cell: &BTreeMap<String, Kind>,
    vars: Option<&Node>,
    seed: u64,
) -> Option<BTreeMap<String, Variable>> {
    let public = |kind: &Kind| Variable { kind: kind.clone(), secret: false };
    let mut all: BTreeMap<String, Variable> = cell.iter().map(|(k, v)| (k.clone(), public(v))).collect();
    let prefix = format!("hm{:04x}", seed & 0xffff);
    all.insert("run.prefix".to_owned(), Variable { kind: Kind::Text(prefix), secret: false });
    let Some(vars) = vars else { return Some(all) };
    for (key, value) in reader.map(vars, "a map of names to values")?.rest() {
        let value = substitute(reader, value, &all)?;
        let variable = match &value.kind {
            Kind::Map(_) => generated(reader, &value, &key.text, seed)?,
            Kind::List(_) | Kind::Null => {
                return reader.fail(
                    value.place,
                    format!("this is {}", value.kind.name()),
                    "a variable is a word, a number or `{generate: …}`",
                );
            }
            kind => public(kind),
        };
        if all.insert(key.text.clone(), variable).is_some() {
            return reader.fail(
                key.place,
                format!("the variable {:?} is defined twice", key.text),
                "it is an axis of the matrix already",
            );
        }
    }
    Some(all)
}

fn generated(reader: &Reader, node: &Node, name: &str, seed: u64) -> Option<Variable> {
    let mut fields = reader.map(node, "`{generate: password, length: N}`")?;
    let what = reader.word(fields.must("generate")?, "generator", &["password", "uuid"])?;
    let kind = match what.as_str() {
        "uuid" => uuid::Builder::from_random_bytes(random(name, seed, 0)[..16].try_into().ok()?)
            .into_uuid()
            .to_string(),
        _ => password(name, seed, reader.whole(fields.must("length")?, 1, 255)?),
    };
    fields.done();
    Some(Variable { kind: Kind::Text(kind), secret: what == "password" })
}

fn password(name: &str, seed: u64, length: i64) -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let blocks = (0..).flat_map(|block| random(name, seed, block));
    blocks
        .take(usize::try_from(length).unwrap_or(1))
        .map(|b| char::from(LETTERS[usize::from(b) % LETTERS.len()]))
        .collect()
}

fn random(name: &str, seed: u64, block: u32) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"halmark variable");
    hash.update(seed.to_be_bytes());
    hash.update(block.to_be_bytes());
    hash.update(name.as_bytes());
    hash.finalize().into()
}

/// The same tree with every `${x}` replaced, itself where there is none. `"${x}"` alone takes the type of x.
pub(super) fn substitute<'n>(
    reader: &Reader,
    node: &'n Node,
    vars: &BTreeMap<String, Variable>,
) -> Option<Cow<'n, Node>> {
    if !has_variables(node) {
        return Some(Cow::Borrowed(node));
    }
    let replaced = |node| substitute(reader, node, vars).map(Cow::into_owned);
    let kind = match &node.kind {
        Kind::Text(text) => in_text(reader, node, text, vars)?,
        Kind::List(items) => Kind::List(items.iter().map(replaced).collect::<Option<_>>()?),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.clone(), replaced(value)?)));
            Kind::Map(entries.collect::<Option<_>>()?)
        }
        other => other.clone(),
    };
    Some(Cow::Owned(Node { place: node.place, kind }))
}

fn has_variables(node: &Node) -> bool {
    match &node.kind {
        Kind::Text(text) => text.contains("${"),
        Kind::List(items) => items.iter().any(has_variables),
        Kind::Map(entries) => entries.iter().any(|(_, value)| has_variables(value)),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => false,
    }
}

fn in_text(reader: &Reader, node: &Node, text: &str, vars: &BTreeMap<String, Variable>) -> Option<Kind> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else {
            return reader.fail(node.place, "this `${` has no `}`", "write `${name}`");
        };
        let name = &rest[at + 2..at + end];
        let Some(variable) = vars.get(name) else {
            let hint = crate::source::suggestion(name, vars.keys().map(String::as_str));
            return reader.fail(node.place, format!("unknown variable {name:?}"), hint);
        };
        if text.len() == end + 1 {
            return Some(variable.kind.clone());
        }
        out.push_str(&plain(&variable.kind));
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Some(Kind::Text(out))
}

/// A scalar as text.
pub(super) fn plain(kind: &Kind) -> String {
    match kind {
        Kind::Bool(b) => b.to_string(),
        Kind::Int(i) => i.to_string(),
        Kind::Float(f) => f.to_string(),
        Kind::Text(t) => t.clone(),
        Kind::Null | Kind::List(_) | Kind::Map(_) => String::new(),
    }
}
