//! Who asks: the one request that changes something, and the one that takes it back (DSP0266, "Session management").

use std::time::Duration;

use hyper::{
    Method,
    body::Bytes,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Account, Endpoint, Login, ROOT, RecordError,
    client::Client,
    links::{Lead, lead},
};

const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// Where sessions are opened: as the root says, or where the standard has them.
pub(super) fn collection(root: &Value) -> String {
    let said = root["Links"]["Sessions"]["@odata.id"].as_str().unwrap_or(SESSIONS);
    said.trim_end_matches('/').to_owned()
}

/// Opens a session, or tries the Basic credentials. Credentials that were refused are not sent again.
pub(super) async fn log_in(
    client: &mut Client,
    endpoint: &Endpoint,
    root: &Value,
) -> Result<(), RecordError> {
    match &endpoint.login {
        Login::Nobody => Ok(()),
        Login::Session(account) => open(client, endpoint, account, &collection(root)).await,
        Login::Basic(account) => try_basic(client, endpoint, account, root).await,
    }
}

/// Opens another session where the last one has ended.
pub(super) async fn log_in_again(
    client: &mut Client,
    endpoint: &Endpoint,
    collection: &str,
) -> Result<(), RecordError> {
    match &endpoint.login {
        Login::Session(account) => open(client, endpoint, account, collection).await,
        _ => Ok(()),
    }
}

/// Deletes the session. A service that does not answer is not waited for.
pub(super) async fn log_out(client: &mut Client) {
    if let Some(session) = client.session.take() {
        let _ = timeout(Duration::from_secs(10), client.send(Method::DELETE, &session, None)).await;
    }
    client.pass = None;
}

async fn open(
    client: &mut Client,
    endpoint: &Endpoint,
    account: &Account,
    collection: &str,
) -> Result<(), RecordError> {
    let failed = |reason: String| RecordError::NoSession { endpoint: endpoint.to_string(), reason };
    client.pass = None;
    let body = json!({"UserName": account.user, "Password": account.password}).to_string();
    let answer = client
        .send(Method::POST, collection, Some(Bytes::from(body)))
        .await
        .map_err(|fault| failed(fault.to_string()))?;
    let token = answer.headers.get("x-auth-token").cloned();
    match (answer.status, token) {
        (200 | 201, Some(mut token)) => {
            token.set_sensitive(true);
            client.pass = Some((HeaderName::from_static("x-auth-token"), token));
            client.session = place(endpoint, answer.header("location"));
            if client.session.is_none() {
                client.session =
                    place(endpoint, answer.json().as_ref().and_then(|it| it["@odata.id"].as_str()));
            }
            Ok(())
        }
        (200 | 201, None) => Err(failed("the answer has no X-Auth-Token".to_owned())),
        (400 | 401 | 403, _) => Err(RecordError::WrongPassword { endpoint: endpoint.to_string() }),
        (status, _) => Err(failed(format!("POST {collection} was answered with {status}"))),
    }
}

/// A path on this service; some BMCs give the Location as an absolute URL.
fn place(endpoint: &Endpoint, location: Option<&str>) -> Option<String> {
    match lead(location?, endpoint) {
        Ok(Lead::To(target)) => Some(target.request),
        _ => None,
    }
}

/// One read of something that is not open to all.
async fn try_basic(
    client: &mut Client,
    endpoint: &Endpoint,
    account: &Account,
    root: &Value,
) -> Result<(), RecordError> {
    let wrong = || RecordError::WrongPassword { endpoint: endpoint.to_string() };
    let encoded = base64(format!("{}:{}", account.user, account.password).as_bytes());
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).map_err(|_| wrong())?;
    value.set_sensitive(true);
    client.pass = Some((AUTHORIZATION, value));
    let probe = root["Systems"]["@odata.id"].as_str().unwrap_or(ROOT);
    match client.patient_get(probe, &mut |_| {}).await {
        Ok(answer) if answer.status == 401 => Err(wrong()),
        Ok(_) => Ok(()),
        Err(fault) => {
            Err(RecordError::Unreachable { endpoint: endpoint.to_string(), reason: fault.to_string() })
        }
    }
}

/// RFC 4648 §4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[((bits >> (18 - 6 * place)) & 63) as usize];
            encoded.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn sessions_are_where_the_root_says() {
        let root = json!({"Links": {"Sessions": {"@odata.id": "/redfish/v1/Sessions/"}}});
        assert_eq!(collection(&root), "/redfish/v1/Sessions");
        assert_eq!(collection(&Value::Null), SESSIONS);
    }
}
