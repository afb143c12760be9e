//! Who asks (DSP0266 §13.3).

use hyper::{HeaderMap, header};

use super::{
    answer::Answer,
    handle::Scene,
    messages::refuse,
    policy::{Checked, Login, Policy},
};
use crate::accounts::{Account, Entrance, Role};

/// Somebody who has proved to be the owner of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// The account's slot.
    pub(crate) slot: u8,
    /// The account's own number.
    pub(crate) number: u32,
    /// Its name.
    pub(crate) user: String,
    /// What it may do.
    pub(crate) role: Role,
    /// Whether its password must be changed first.
    pub(crate) must_change_password: bool,
}

impl Who {
    fn of(account: &Account) -> Self {
        Self {
            slot: account.slot,
            number: account.number,
            user: account.user.clone(),
            role: account.role,
            must_change_password: account.must_change_password,
        }
    }
}

/// Who this request proves to come from.
pub(crate) fn authenticate(scene: &Scene<'_>, headers: &HeaderMap) -> Option<Who> {
    if let Some(token) = headers.get("x-auth-token") {
        return by_token(scene, token.to_str().ok()?);
    }
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || scene.policy().login == Login::SessionOnly {
        return None;
    }
    let decoded = String::from_utf8(base64(rest.trim())?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    by_password(scene, user, password)
}

/// The account with this name, if it is open and the password is its own; too many that are not lock it.
pub(crate) fn by_password(scene: &Scene<'_>, user: &str, password: &str) -> Option<Who> {
    let fits = |own: &str| scene.policy().passwords == Checked::No || own == password;
    scene.bmc.admit(user, fits, Entrance::Redfish, Who::of)
}

fn by_token(scene: &Scene<'_>, token: &str) -> Option<Who> {
    if scene.policy().login == Login::BasicOnly {
        return None;
    }
    let session = scene.sessions().account_of(token, scene.now);
    let accounts = scene.bmc.accounts();
    match session {
        Some(number) => accounts.numbered(number).map(Who::of),
        None if scene.policy().tokens == Checked::No => accounts.list().first().map(Who::of),
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
