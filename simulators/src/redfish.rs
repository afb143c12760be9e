//! The Redfish face: HTTP/1.1 on a loopback port, plain or TLS (DSP0266, DSP0268).
//!
//! It reads the firmware's view and sends it commands; sessions and tasks are the only state of its own.

mod actions;
mod answer;
mod auth;
mod certificates;
mod change;
pub(crate) mod clock;
mod conditions;
mod connection;
mod events;
mod exchange;
mod handle;
mod live;
mod messages;
mod metadata;
mod observer;
mod patch;
mod policy;
mod privileges;
mod query;
mod reception;
mod respond;
mod secrets;
mod sessions;
mod show;
mod tasks;
pub mod tls;
mod transcript;
mod tree;
mod wire;
mod writable;

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{net::TcpListener, task::AbortHandle};

pub(crate) use answer::{Answer, Asked, Body};
use certificates::Certificates;
use events::Events;
pub use events::events_on_their_way;
pub use exchange::HttpExchange;
use handle::Scene;
pub(crate) use live::entry::log_at;
pub(crate) use messages::{base_args, base_error, not_found};
pub(crate) use observer::shown as without_session;
pub use observer::{Observed, Observer};
pub(crate) use policy::{
    Checked, Etag, KeepAlive, Keeping, Kept, Login, Logout, Paging, Policy, Success, WhenOff,
};
pub use reception::Reception;
use secrets::Secrets;
use sessions::Sessions;
use tasks::Tasks;
use transcript::Records;
pub use transcript::Transcript;
pub use tree::mockup::MockupError;
pub(crate) use tree::{Document, Documents, ROOT, Taken, Tree, kind_of, mockup::Mockup, trimmed};

use crate::{
    bmc::{Bmc, lock},
    rules::{HttpAction, HttpRule, Rulebook, Situation},
};

/// How the service is offered.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// TLS with this certificate; plain HTTP without.
    pub tls: Option<tls::Certificate>,
    /// Where it listens; port 0 means any that is free.
    pub listen: SocketAddr,
    /// Who is told of each exchange.
    pub observer: Option<Observer>,
    /// Which exchanges are kept.
    pub transcript: Transcript,
}

impl Default for ServiceOptions {
    /// Plain HTTP on a free loopback port, with a whole transcript.
    fn default() -> Self {
        Self {
            tls: None,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            observer: None,
            transcript: Transcript::All,
        }
    }
}

/// The Redfish service of one BMC. It ends when it is dropped.
pub struct Service {
    shared: Arc<Shared>,
    addr: SocketAddr,
    accepting: AbortHandle,
}

/// What every connection of a service works with.
struct Shared {
    bmc: Bmc,
    certificates: Certificates,
    sessions: Mutex<Sessions>,
    tasks: Mutex<Tasks>,
    events: Arc<Events>,
    rules: Mutex<Rulebook>,
    records: Mutex<Records>,
    /// As they were when somebody asked.
    secrets: Mutex<Arc<Secrets>>,
    connections: Mutex<connection::Connections>,
    addr: SocketAddr,
    observer: Option<Observer>,
}

impl Service {
    /// Starts to listen and to answer; needs a runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub fn start(bmc: &Bmc, options: ServiceOptions) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let addr = listener.local_addr()?;
        let certificates = Certificates::own(options.tls.clone());
        let shared = Shared::new(bmc, options, certificates, addr);
        let accepting = tokio::spawn(connection::accept(shared.clone(), listener)).abort_handle();
        Ok(Self { shared, addr, accepting })
    }

    /// One that does not listen itself: a [`Reception`] hands it the connections that are for its name.
    pub fn behind(bmc: &Bmc, options: ServiceOptions) -> Self {
        let addr = options.listen;
        let certificates = Certificates::behind(options.tls.as_ref());
        let shared = Shared::new(bmc, options, certificates, addr);
        let accepting = tokio::spawn(connection::wait(shared.clone())).abort_handle();
        Self { shared, addr, accepting }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it: nothing listens any more, and every connection is gone.
    pub fn stop(&self) {
        self.accepting.abort();
        self.shared.events.stop();
        self.shared.drop_connections();
    }

    /// Replaces the rules; counts start from nothing.
    pub fn set_rules(&self, rules: Vec<HttpRule>) {
        let shared = &self.shared;
        *lock(&shared.rules) = Rulebook::new(rules, shared.bmc.seed(), shared.bmc.control().event_count());
    }

    /// The rules that are set.
    pub fn rules(&self) -> Vec<HttpRule> {
        lock(&self.shared.rules).rules()
    }

    /// How many connections they struck before there was a request: no transcript has those.
    pub fn connections_struck(&self) -> u64 {
        lock(&self.shared.rules).connections_struck()
    }

    /// The transcript from the exchange with this number on, as far as it is kept.
    pub fn exchanges_from(&self, seq: usize) -> Vec<HttpExchange> {
        self.some_exchanges_from(seq, usize::MAX)
    }

    /// The same, at most so many.
    pub fn some_exchanges_from(&self, seq: usize, most: usize) -> Vec<HttpExchange> {
        if self.exchange_count() <= seq {
            return Vec::new();
        }
        let secrets = self.shared.secrets();
        lock(&self.shared.records).shown_from(seq, most, &secrets)
    }

    /// How many exchanges there were.
    pub fn exchange_count(&self) -> usize {
        lock(&self.shared.records).total()
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.shared.scene(None).sessions().list().len()
    }

    /// Ends every session; tokens are worth nothing any more.
    pub fn expire_sessions(&self) {
        lock(&self.shared.sessions).clear();
    }

    /// From now on this certificate is shown to who connects; false where the service has no TLS, or not of its own.
    pub fn show_certificate(&self, certificate: tls::Certificate) -> bool {
        self.shared.certificates.show(certificate)
    }

    /// Drops every connection without a word.
    pub fn drop_connections(&self) {
        self.shared.drop_connections();
    }
}

impl Shared {
    /// The passwords, the tokens and the headers of subscriptions that are worth something now.
    fn secrets(&self) -> Arc<Secrets> {
        let accounts = self.bmc.control().accounts();
        let mut tokens = lock(&self.sessions).tokens();
        tokens.extend(self.events.secrets());
        let mut known = lock(&self.secrets);
        if !known.are_of(&accounts, &tokens) {
            *known = Arc::new(Secrets::of(accounts, tokens));
        }
        known.clone()
    }

    fn new(bmc: &Bmc, options: ServiceOptions, certificates: Certificates, addr: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            bmc: bmc.clone(),
            certificates,
            sessions: Mutex::new(Sessions::new(bmc.seed())),
            tasks: Mutex::default(),
            events: Arc::default(),
            rules: Mutex::default(),
            records: Mutex::new(Records::new(options.transcript)),
            secrets: Mutex::default(),
            connections: Mutex::default(),
            addr,
            observer: options.observer,
        })
    }

    /// This moment, as a client at this address meets it.
    fn scene(&self, from: Option<IpAddr>) -> Scene<'_> {
        Scene {
            bmc: &self.bmc,
            look: self.bmc.look(),
            now: self.bmc.now(),
            from,
            sessions: &self.sessions,
            tasks: &self.tasks,
            events: &self.events,
            certificates: &self.certificates,
        }
    }

    /// What the rules make of a request: everything that strikes it.
    fn ruled(&self, method: &str, path: &str) -> Vec<HttpAction> {
        let mut rules = lock(&self.rules);
        if rules.is_empty() {
            return Vec::new();
        }
        let situation = Situation::of(&self.bmc, rules.events_from());
        rules.decide(method, path, &situation)
    }

    /// What the rules make of a connection.
    fn welcomed(&self) -> Option<HttpAction> {
        let mut rules = lock(&self.rules);
        if rules.is_empty() {
            return None;
        }
        let situation = Situation::of(&self.bmc, rules.events_from());
        rules.welcome(&situation)
    }

    fn drop_connections(&self) {
        let open = lock(&self.connections).take();
        open.for_each(|connection| connection.abort());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.addr)
    }
}
