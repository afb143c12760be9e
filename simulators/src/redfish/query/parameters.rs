//! The parameters of a query, from text to meaning (DSP0266 §7.3.1).

use super::{Offered, Query, expand::Expand, filter, select::Select};
use crate::redfish::{
    answer::Answer,
    messages::{error, message, refuse},
};

/// Whether the query of a request that is no GET asks for what only a GET can give.
pub(crate) fn is_query(text: &str) -> bool {
    text.split('&')
        .any(|one| one.starts_with('$') || one.starts_with("%24") || one == "only" || one == "excerpt")
}

/// Reads all of them; those that nobody knows and that have no `$` are ignored.
pub(super) fn read(text: &str, offered: Offered) -> Result<Query, Answer> {
    let mut query = Query::default();
    let (mut rest, mut known) = (Vec::new(), 0);
    for one in text.split('&').filter(|one| !one.is_empty()) {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        let Some(name) = decoded(name) else { return Err(wrong_format(name, name)) };
        let value = decoded(value).ok_or_else(|| wrong_format(value, &name))?;
        let is_twice = match name.as_str() {
            "only" if offered.only && value.is_empty() => std::mem::replace(&mut query.only, true),
            "only" if offered.only => return Err(wrong_format(&value, "only")),
            "$filter" if offered.filter => {
                let filter = filter::parse(&value).ok_or_else(|| wrong_format(&value, "$filter"))?;
                query.filter.replace(filter).is_some()
            }
            "$skip" if offered.window => query.skip.replace(number(&value, "$skip")?).is_some(),
            "$top" if offered.window => query.top.replace(number(&value, "$top")?).is_some(),
            "$expand" if offered.all || offered.no_links || offered.links => {
                query.expand.replace(Expand::read(&value, offered)?).is_some()
            }
            "$select" if offered.select => {
                let select = Select::read(&value).ok_or_else(|| wrong_format(&value, "$select"))?;
                query.select.replace(select).is_some()
            }
            _ if name.starts_with('$') => return Err(unsupported(&name)),
            _ => continue,
        };
        if is_twice {
            return Err(refuse(400, "QueryCombinationInvalid", &[]));
        }
        known += 1;
        if !matches!(name.as_str(), "$skip" | "$top") {
            rest.push(one);
        }
    }
    query.rest = rest.join("&");
    if query.only && known > 1 { Err(refuse(400, "QueryCombinationInvalid", &[])) } else { Ok(query) }
}

/// 501: a parameter with a `$` that the service does not have.
pub(super) fn unsupported(name: &str) -> Answer {
    error(501, vec![message("QueryNotSupported", &[]), message("QueryParameterUnsupported", &[name])])
}

/// 400: the value is not written as it should be.
pub(super) fn wrong_format(value: &str, name: &str) -> Answer {
    refuse(400, "QueryParameterValueFormatError", &[value, name])
}

/// A number of members.
fn number(value: &str, name: &str) -> Result<usize, Answer> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return Err(refuse(400, "QueryParameterValueTypeError", &[value, name]));
    }
    let range = format!("0-{}", i64::MAX);
    let fits = value.parse::<i64>().ok().and_then(|it| usize::try_from(it).ok());
    fits.ok_or_else(|| refuse(400, "QueryParameterOutOfRange", &[value, name, &range]))
}

/// Undoes percent-encoding; a plus is a space, as forms and most HTTP libraries write it.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok())
}
