//! Speaking to one BMC: the connection, the retries, the deadline. What an answer means is the resources' concern.

use std::time::Duration;

use tokio::{
    sync::{Mutex, MutexGuard},
    time::{sleep, timeout_at},
};
use tokio_rustls::{TlsConnector, rustls::RootCertStore};

use super::{
    discovery::Links,
    document::Document,
    http::{Ask, Body, Broken, Connection, Effect, Reply},
    manners::Manners,
    refusal::{Refusal, at},
    retry::{Backoff, retry_after},
    session::Auth,
    tls,
};
use crate::{
    driver::{Answer, Cause, Deadline, Deviation, DriverError, Operation, Protocol, Reply as Outcome},
    drivers::{failure::Failure, notes::Notes},
    endpoint::{Endpoint, Scheme},
};

/// No answer of a BMC has reason to be larger.
const CAP: usize = 8 << 20;
/// As good as never, for the seam that never gives up.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// One BMC over Redfish: where it is, who asks, and what is kept between operations (links, never state).
pub(super) struct Client {
    pub(super) endpoint: Endpoint,
    authorities: Option<RootCertStore>,
    pub(super) manners: &'static Manners,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) connection: Option<Connection>,
    tls: Option<TlsConnector>,
    pub(super) auth: Auth,
    pub(super) logged_in_before: bool,
    pub(super) links: Links,
}

impl Client {
    pub(super) fn new(
        endpoint: Endpoint,
        authorities: Option<RootCertStore>,
        manners: &'static Manners,
    ) -> Self {
        Self { endpoint, authorities, manners, state: Mutex::default() }
    }

    /// The right to speak, one operation at a time.
    pub(super) async fn talk(&self, operation: Operation, by: Deadline) -> Result<Talk<'_>, DriverError> {
        let by = if self.endpoint.seams.never_gives_up { Deadline::after(NEVER) } else { by };
        match timeout_at(by.instant(), self.state.lock()).await {
            Ok(mut state) => {
                if self.endpoint.seams.logs_in_every_time {
                    state.auth = Auth::Unknown;
                }
                let (notes, logged_in_again) = (Notes::default(), false);
                Ok(Talk { client: self, state, operation, by, notes, logged_in_again })
            }
            Err(_) => {
                let cause = Cause::Unreachable { reason: "another operation is under way".to_owned() };
                Err(Failure::from(cause).of(operation, Protocol::Redfish))
            }
        }
    }
}

/// One operation's turn.
pub(super) struct Talk<'a> {
    pub(super) client: &'a Client,
    pub(super) state: MutexGuard<'a, State>,
    operation: Operation,
    pub(super) by: Deadline,
    pub(super) notes: Notes,
    pub(super) logged_in_again: bool,
}

/// What a deadline cut off.
enum Late {
    NotSent,
    Sent,
}

impl Talk<'_> {
    /// The operation's reply.
    pub(super) fn reply<T>(self, outcome: Result<T, Failure>) -> Outcome<T> {
        match outcome {
            Ok(value) => Ok(Answer { value, protocol: Protocol::Redfish, notes: self.notes.into_vec() }),
            Err(failure) => Err(failure.of(self.operation, Protocol::Redfish)),
        }
    }

    /// Reads a resource.
    pub(super) async fn get(&mut self, link: &str) -> Result<Document, Failure> {
        let ask = Ask::get(self.local(link)?);
        let reply = self.send(&ask).await?;
        self.document(&ask, &reply)
    }

    /// The document in a successful answer to a GET.
    pub(super) fn document(&mut self, ask: &Ask, reply: &Reply) -> Result<Document, Failure> {
        if reply.status != 200 {
            let refused = self.refused(ask, reply);
            if !reply.is_success() {
                return Err(refused);
            }
            self.notes.forgive(Deviation::WrongStatus { status: reply.status, expected: "200" });
        }
        Document::read(&ask.path, reply)
            .map_err(|deviation| Failure::new(Cause::Deviation(deviation), at(ask, Some(reply.status), None)))
    }

    /// The failure that an answer stands for.
    pub(super) fn refused(&self, ask: &Ask, reply: &Reply) -> Failure {
        let refusal = Refusal::read(reply);
        let not_now = refusal.is_one_of(self.client.manners.not_now);
        let cause = match refusal.cause(reply.status, &ask.path) {
            _ if not_now => Cause::Busy { retry_after: retry_after(reply) },
            Cause::Busy { .. } => Cause::Busy { retry_after: retry_after(reply) },
            cause => cause,
        };
        Failure::new(cause, at(ask, Some(reply.status), refusal.message_id()))
    }

    /// The path of a link at our own origin; a link to anywhere else is not followed (DSP0266 §6.5.1).
    pub(super) fn local(&self, link: &str) -> Result<String, Failure> {
        local(&self.client.endpoint, link).map_err(Failure::from)
    }

    /// Sends a request until it is answered, within the deadline, or until repeating it would be wrong.
    ///
    /// What was answered with 503 or 429 was not carried out and may follow, when the BMC wants it; what was not
    /// sent too; a read whose answer was lost or cut off too. A changing request whose answer was lost ends here.
    pub(super) async fn persist(&mut self, ask: &Ask, login: bool) -> Result<Reply, Failure> {
        let seams = self.client.endpoint.seams;
        let harmless = ask.effect == Effect::Harmless;
        let mut backoff = Backoff::new(seams);
        let (mut cut_off, mut troubled, mut unknown) = (false, false, 0);
        loop {
            let (failure, wait) = match self.once(ask).await {
                Err(broken) => {
                    let failure = self.broken(ask, &broken);
                    let lost = !matches!(broken, Broken::NotSent(_)) && !harmless;
                    unknown += u32::from(lost);
                    if seams.retries_unknown_outcome && lost && unknown < 3 {
                        continue;
                    }
                    let fleeting = matches!(broken, Broken::NotSent(_) | Broken::Lost(_));
                    if lost || !fleeting || self.by.left().is_zero() {
                        return Err(failure);
                    }
                    (failure, backoff.next())
                }
                // Waiting does not help: the sessions are others' and the login knows another way.
                Ok(reply) if login && reply.status >= 400 && Refusal::read(&reply).is_sessions_full() => {
                    return Ok(reply);
                }
                Ok(reply) if self.is_busy(&reply) => {
                    let wait = backoff.at_least(retry_after(&reply));
                    (self.refused(ask, &reply), wait)
                }
                Ok(reply) if reply.status >= 500 && (harmless || seams.retries_server_error) && !troubled => {
                    troubled = true;
                    (self.refused(ask, &reply), backoff.next())
                }
                Ok(Reply { status: 200..300, body: Body::Truncated(bytes), .. }) if harmless && !cut_off => {
                    cut_off = true;
                    (Deviation::Truncated { bytes }.into(), backoff.next())
                }
                Ok(reply) => return Ok(reply),
            };
            if seams.never_retries || backoff.is_spent() || wait >= self.by.left() {
                return Err(failure);
            }
            sleep(wait).await;
        }
    }

    /// One attempt. A kept connection that turns out closed is replaced without a word as long as nothing was sent, and
    /// for a read also when it was closed instead of an answer (HPE iLO resets kept connections, quirk S4).
    pub(super) async fn once(&mut self, ask: &Ask) -> Result<Reply, Broken> {
        let reused = self.state.connection.as_ref().is_some_and(|c| c.reused);
        match self.attempt(ask).await {
            Err(Broken::NotSent(_)) if reused => self.attempt(ask).await,
            Err(Broken::Lost(_)) if reused && ask.effect == Effect::Harmless => self.attempt(ask).await,
            outcome => outcome,
        }
    }

    async fn attempt(&mut self, ask: &Ask) -> Result<Reply, Broken> {
        #[cfg(test)]
        let _awake = crate::drivers::awake::Awake::new();
        let mut sent = false;
        let attempt = timeout_at(self.by.instant(), self.attempt_unbounded(ask, &mut sent)).await;
        let late = if sent { Late::Sent } else { Late::NotSent };
        attempt.unwrap_or_else(|_| {
            let reason = "the deadline passed".to_owned();
            Err(match late {
                Late::Sent => Broken::Lost(reason),
                Late::NotSent => Broken::NotSent(reason),
            })
        })
    }

    /// The connection is out of the state while it is used: whatever interrupts this, closes it.
    async fn attempt_unbounded(&mut self, ask: &Ask, sent: &mut bool) -> Result<Reply, Broken> {
        let mut kept = self.state.connection.take();
        if let Some(connection) = &mut kept
            && (connection.may_be_gone(ask.effect) || !connection.is_ready().await)
        {
            kept = None;
        }
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let (authority, auth) = (self.client.endpoint.authority(), self.state.auth.header());
        let cap = if self.client.endpoint.seams.no_body_cap { usize::MAX } else { CAP };
        let reply = connection.exchange(ask, &authority, auth, cap, sent).await?;
        if connection.is_open() {
            self.state.connection = Some(connection);
        }
        Ok(reply)
    }

    async fn connect(&mut self) -> Result<Connection, Broken> {
        let client = self.client;
        if client.endpoint.scheme == Scheme::Https && self.state.tls.is_none() {
            let connector = tls::connector(&client.endpoint, client.authorities.as_ref());
            self.state.tls = Some(connector.map_err(|e| Broken::Untrusted(tls::untrusted(&e)))?);
        }
        Connection::open(&client.endpoint, self.state.tls.as_ref()).await
    }

    fn is_busy(&self, reply: &Reply) -> bool {
        let is_not_now = || {
            let refusal = Refusal::read(reply);
            refusal.is_not_now() || refusal.is_one_of(self.client.manners.not_now)
        };
        matches!(reply.status, 429 | 503) || (reply.status >= 400 && reply.status != 401 && is_not_now())
    }

    fn broken(&self, ask: &Ask, broken: &Broken) -> Failure {
        let changes = ask.effect == Effect::Changes;
        let cause = match broken {
            Broken::Lost(reason) | Broken::NotHttp(reason) if changes => {
                Cause::OutcomeUnknown { reason: reason.clone() }
            }
            Broken::NotSent(reason) | Broken::Lost(reason) => Cause::Unreachable { reason: reason.clone() },
            Broken::Untrusted(reason) => Cause::Untrusted { reason: reason.clone() },
            Broken::NotHttp(reason) => Cause::Deviation(Deviation::NotTheProtocol { reason: reason.clone() }),
            Broken::Unsayable => {
                let property = "@odata.id".to_owned();
                Cause::Deviation(Deviation::WrongType { property, expected: "a URI" })
            }
        };
        Failure::new(cause, at(ask, None, None))
    }
}

/// The path of a link, if it stays at this endpoint.
pub(super) fn local(endpoint: &Endpoint, link: &str) -> Result<String, Deviation> {
    let link = link.trim();
    let foreign = || Deviation::ForeignLink { to: link.to_owned() };
    let path = match link.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
            let default = format!("{}:{}", authority, endpoint.scheme.default_port());
            let ours = endpoint.authority();
            let same = [authority, &default].iter().any(|a| a.eq_ignore_ascii_case(&ours));
            let believes_anybody = endpoint.seams.follows_foreign_link;
            if !believes_anybody && (!same || !scheme.eq_ignore_ascii_case(endpoint.scheme.word())) {
                return Err(foreign());
            }
            path
        }
        None if link.starts_with("//") => return Err(foreign()),
        None => link,
    };
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    if path.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Deviation::WrongType { property: "@odata.id".to_owned(), expected: "a URI" });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(link: &str) -> Result<String, Deviation> {
        local(&Endpoint::parse("https://bmc").unwrap(), link)
    }

    #[test]
    fn a_link_to_our_own_origin_is_its_path() {
        for link in
            ["/redfish/v1/Systems", "https://bmc/redfish/v1/Systems", "https://BMC:443/redfish/v1/Systems#/x"]
        {
            assert_eq!(path(link).as_deref(), Ok("/redfish/v1/Systems"), "{link}");
        }
    }

    #[test]
    fn a_link_to_another_origin_is_a_deviation() {
        for link in
            ["https://other/redfish/v1", "http://bmc/redfish/v1", "https://bmc:8443/redfish/v1", "//other/x"]
        {
            assert!(matches!(path(link), Err(Deviation::ForeignLink { .. })), "{link}");
        }
    }

    #[test]
    fn a_link_that_breaks_a_request_line_is_a_deviation() {
        assert!(matches!(path("/redfish\r\nX: y"), Err(Deviation::WrongType { .. })));
    }
}
