//! Who asks (DSP0266 §13.3).

use std::time::Duration;

use hyper::{HeaderMap, header};

use super::{
    answer::Answer,
    messages::refuse,
    policy::{Checked, Login, Policy},
    sessions::Sessions,
};
use crate::accounts::Account;

/// The account that this request proves to come from.
pub(crate) fn authenticate<'a>(
    headers: &HeaderMap,
    accounts: &'a [Account],
    sessions: &mut Sessions,
    policy: &Policy,
    now: Duration,
) -> Option<&'a Account> {
    if let Some(token) = headers.get("x-auth-token") {
        return by_token(token.to_str().ok()?, accounts, sessions, policy, now);
    }
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || policy.login == Login::SessionOnly {
        return None;
    }
    let decoded = String::from_utf8(base64(rest.trim())?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    by_password(user, password, accounts, policy)
}

/// The account with this name, if the password is its own.
pub(crate) fn by_password<'a>(
    user: &str,
    password: &str,
    accounts: &'a [Account],
    policy: &Policy,
) -> Option<&'a Account> {
    let account = accounts.iter().find(|account| account.user == user)?;
    (policy.passwords == Checked::No || account.password == password).then_some(account)
}

fn by_token<'a>(
    token: &str,
    accounts: &'a [Account],
    sessions: &mut Sessions,
    policy: &Policy,
    now: Duration,
) -> Option<&'a Account> {
    if policy.login == Login::BasicOnly {
        return None;
    }
    match sessions.user_of(token, now) {
        Some(user) => accounts.iter().find(|account| account.user == user),
        None if policy.tokens == Checked::No => accounts.first(),
        None => None,
    }
}

/// 401 (DSP0266 §13.3.1), with the way to log in where there is one without a session.
pub(crate) fn unauthorized(policy: &Policy) -> Answer {
    let answer = refuse(401, "NoValidSession", &[]);
    match policy.login {
        Login::SessionOnly => answer,
        Login::SessionOrBasic | Login::BasicOnly => {
            answer.with_header("WWW-Authenticate", "Basic realm=\"BMC\", charset=\"UTF-8\"")
        }
    }
}

/// RFC 4648 §4, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_rfc_4648_has_it() {
        for (text, bytes) in [("Zm9vYmFy", "foobar"), ("Zm8=", "fo"), ("Zg", "f"), ("", "")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64("Zm*v"), None);
    }
}
