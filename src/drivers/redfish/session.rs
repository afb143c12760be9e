//! Getting in and out: a session (DSP0266 §13.3.4), or Basic where a service has none to give.

use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::json;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    client::{Client, Talk, local},
    http::{Ask, Reply},
    quirks::{SLASH, TOKEN_REFUSED},
    refusal::{Refusal, at},
};
use crate::{
    driver::{Cause, Deadline, Deviation, Operation},
    drivers::failure::Failure,
    endpoint::{Credentials, Secret},
};

/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// Where sessions are made when the service root cannot be read without a session.
pub(super) const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// How requests are authenticated.
#[derive(Default)]
pub(super) enum Auth {
    /// Not yet: nobody has logged in.
    #[default]
    Unknown,
    /// There are no credentials.
    Nobody,
    /// By a session; its location is what closes it.
    Session { token: Secret, location: Option<String> },
    /// By Basic, request by request.
    Basic { header: Secret, sessions_full: bool },
}

impl Auth {
    /// Where the session is, if there is one.
    fn location(&self) -> Option<String> {
        match self {
            Self::Session { location, .. } => location.clone(),
            Self::Unknown | Self::Nobody | Self::Basic { .. } => None,
        }
    }

    /// The header that authenticates a request.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, secret) = match self {
            Self::Unknown | Self::Nobody => return None,
            Self::Session { token, .. } => (TOKEN, token),
            Self::Basic { header, .. } => (AUTHORIZATION, header),
        };
        let mut value = HeaderValue::from_bytes(secret.reveal()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }
}

impl Talk<'_> {
    /// Sends a request as somebody who is logged in, and follows where it is redirected at the same origin.
    ///
    /// A 401 says that the request was not carried out; the session may have been lost, so that one new login is tried.
    pub(super) async fn send(&mut self, ask: &Ask) -> Result<Reply, Failure> {
        self.be_logged_in().await?;
        let reply = self.follow(ask, false).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        let session = matches!(self.state.auth, Auth::Session { .. });
        if matches!(self.state.auth, Auth::Basic { sessions_full: true, .. }) {
            self.state.auth = Auth::Unknown;
            return Err(Failure::new(Cause::Busy { retry_after: None }, at(ask, Some(401), None)));
        }
        if session && !self.logged_in_again && !self.client.endpoint.seams.never_logs_in_again {
            self.logged_in_again = true;
            let before = self.state.auth.location();
            self.state.auth = Auth::Unknown;
            self.be_logged_in().await?;
            let reply = self.follow(ask, false).await?;
            if reply.status != 401 {
                return Ok(reply);
            }
            if let Some(reply) = self.send_by_basic(ask, before).await? {
                return Ok(reply);
            }
        }
        self.state.auth = Auth::Unknown;
        Err(self.refused(ask, &reply))
    }

    /// A token that was refused as soon as it was given: Basic may be taken instead (README 37). The password is known
    /// to be right, so that this is no attempt that could lock the account.
    async fn send_by_basic(&mut self, ask: &Ask, before: Option<String>) -> Result<Option<Reply>, Failure> {
        let (Auth::Session { location, .. }, Some(credentials)) =
            (&self.state.auth, &self.client.endpoint.credentials)
        else {
            return Ok(None);
        };
        let useless = [before, location.clone()];
        self.state.auth = basic(credentials, false);
        let reply = self.follow(ask, false).await?;
        if reply.status == 401 {
            return Ok(None);
        }
        self.notes.quirk(&TOKEN_REFUSED);
        for session in useless.into_iter().flatten() {
            // Whatever becomes of them: they are of no use to anybody.
            let _ = self.persist(&Ask::delete(session), false).await;
        }
        Ok(Some(reply))
    }

    /// Follows redirects: GETs anywhere at our origin, changing requests only where method and body are kept
    /// (307, 308; RFC 9110 §15.4), or where nothing but a slash at the end is the matter.
    pub(super) async fn follow(&mut self, ask: &Ask, login: bool) -> Result<Reply, Failure> {
        let mut ask = ask.clone();
        for _ in 0..5 {
            let reply = self.persist(&ask, login).await?;
            let kept = matches!(reply.status, 307 | 308);
            let moved = kept || matches!(reply.status, 301..=303);
            let Some(to) = reply.header("location").filter(|_| moved && ask.is_led) else { return Ok(reply) };
            let target = local(&self.client.endpoint, to);
            let reads = ask.method == hyper::Method::GET;
            let slash = target.as_ref().is_ok_and(|to| differs_by_a_slash(to, &ask.path));
            let slash = slash && matches!(reply.status, 301 | 302);
            if !kept && !reads && !slash {
                return Ok(reply);
            }
            if slash && !reads {
                self.notes.quirk(&SLASH);
            }
            let foreign = |d| Failure::new(Cause::Deviation(d), at(&ask, Some(reply.status), None));
            ask.path = target.map_err(foreign)?;
        }
        let status = 302;
        Err(Failure::new(
            Cause::Deviation(Deviation::WrongStatus { status, expected: "an end of redirections" }),
            at(&ask, Some(status), None),
        ))
    }

    async fn be_logged_in(&mut self) -> Result<(), Failure> {
        if !matches!(self.state.auth, Auth::Unknown) {
            return Ok(());
        }
        let seams = self.client.endpoint.seams;
        let Some(credentials) = self.client.endpoint.credentials.clone() else {
            self.state.auth = Auth::Nobody;
            return Ok(());
        };
        if self.state.logged_in_before && seams.never_logs_in_again {
            return Err(Cause::Unauthorized.into());
        }
        let Some(sessions) = self.sessions_link().await? else {
            // A service that names no sessions has none: a login there would only spend an attempt.
            self.state.auth = basic(&credentials, false);
            self.state.logged_in_before = true;
            return Ok(());
        };
        let mut attempts = if seams.retries_wrong_password { 5 } else { 1 };
        loop {
            attempts -= 1;
            match self.log_in(&sessions, &credentials).await {
                Err(Failure { cause: Cause::Unauthorized, .. }) if attempts > 0 => {}
                outcome => return outcome,
            }
        }
    }

    /// One login. Services without sessions, and those that have none left, are asked by Basic.
    async fn log_in(&mut self, sessions: &str, credentials: &Credentials) -> Result<(), Failure> {
        let password = credentials.password.reveal_text();
        let body = json!({"UserName": credentials.user, "Password": password.as_str()});
        let ask = Ask::post(self.local(sessions)?, &body).harmless();
        let reply = self.follow(&ask, true).await?;
        let sessions_full = !reply.is_success() && Refusal::read(&reply).is_sessions_full();
        match reply.status {
            200..300 => self.take_session(&reply, credentials),
            400 | 404 | 405 | 501 => self.state.auth = basic(credentials, false),
            _ if sessions_full => self.state.auth = basic(credentials, true),
            _ => return Err(without(self.refused(&ask, &reply), &password)),
        }
        self.state.logged_in_before = true;
        Ok(())
    }

    /// Keeps token and location; the location may be absolute, relative, or only in the body (quirk S3).
    fn take_session(&mut self, reply: &Reply, credentials: &Credentials) {
        if reply.status != 201 {
            self.notes.forgive(Deviation::WrongStatus { status: reply.status, expected: "201" });
        }
        let Some(token) = reply.headers.get(TOKEN).filter(|token| !token.is_empty()) else {
            self.notes.forgive(Deviation::Missing { property: "X-Auth-Token".to_owned() });
            self.state.auth = basic(credentials, false);
            return;
        };
        let token = Secret::new(token.as_bytes());
        let location = self.location(reply);
        if location.is_none() {
            self.notes.forgive(Deviation::Missing { property: "Location".to_owned() });
        }
        self.state.auth = Auth::Session { token, location };
    }

    /// Where an answer says that something new is: the Location header, else its body's `@odata.id`.
    ///
    /// A BMC behind a forwarded port names an origin that is not ours; only the path is taken of it, and noted.
    pub(super) fn location(&mut self, reply: &Reply) -> Option<String> {
        let in_body = || super::document::json(reply).ok()?.get("@odata.id")?.as_str().map(str::to_owned);
        let link = reply.header("location").map(str::to_owned).or_else(in_body)?;
        match local(&self.client.endpoint, &link) {
            Ok(path) => Some(path),
            Err(deviation) => {
                self.notes.forgive(deviation);
                let (_, rest) = link.split_once("//")?;
                local(&self.client.endpoint, &rest[rest.find('/')?..]).ok()
            }
        }
    }
}

impl Client {
    /// Deletes the session, if there is one.
    pub(super) async fn close(&self) {
        let ended = timeout(FAREWELL, async {
            let Ok(mut talk) = self.talk(Operation::PowerRead, Deadline::after(FAREWELL)).await else {
                return;
            };
            if let Auth::Session { location: Some(location), .. } = &talk.state.auth
                && !self.endpoint.seams.leaves_session
            {
                let ask = Ask::delete(location.clone());
                // Gone either way: a BMC that does not hear it ends the session when it is idle for long enough.
                let _ = talk.persist(&ask, false).await;
            }
            talk.forget();
        });
        let _ = ended.await;
    }
}

/// The failure without the password, which a BMC may repeat when it refuses it (`PropertyValueFormatError`).
pub(super) fn without(mut failure: Failure, password: &str) -> Failure {
    use Cause::{Conflict, OutcomeUnknown, Refused, TaskFailed};
    if let Refused { message: text, .. }
    | Conflict { reason: text }
    | OutcomeUnknown { reason: text }
    | TaskFailed { message: text } = &mut failure.cause
        && !password.is_empty()
    {
        *text = text.replace(password, "…");
    }
    failure
}

fn differs_by_a_slash(one: &str, other: &str) -> bool {
    one != other && one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn basic(credentials: &Credentials, sessions_full: bool) -> Auth {
    let mut pair = Zeroizing::new(credentials.user.clone().into_bytes());
    pair.push(b':');
    pair.extend_from_slice(credentials.password.reveal());
    let header = Secret::new(format!("Basic {}", base64(&pair)));
    Auth::Basic { header, sessions_full }
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let character = ALPHABET[(bits >> (18 - 6 * at) & 0x3F) as usize];
            text.push(if at > group.len() { '=' } else { char::from(character) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
