//! The control API: the handle beside the wire, for programs that are not written in Rust. HTTP/1.1 and JSON; what there is
//! to ask stands in docs/control.md.
//!
//! Redfish clients know nothing of it: it has an address of its own.

mod act;
mod clock;
mod read;
mod route;
mod sensors;
mod serve;

use std::{
    collections::HashMap,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

pub use clock::{Clock, Step};
use tokio::{net::TcpListener, task::AbortHandle, time::Instant};

use crate::{bmc::Bmc, ipmi, redfish::Service, ssh};

/// One BMC that is served, and what it is called.
#[derive(Debug)]
pub struct Simulated {
    /// Its name in the control API.
    pub name: String,
    /// Where clients reach its Redfish service.
    pub url: String,
    /// The BMC.
    pub bmc: Bmc,
    /// Its Redfish service.
    pub service: Service,
    /// Its IPMI service, if it has one.
    pub ipmi: Option<ipmi::Service>,
    /// Its SSH service, if it has one.
    pub ssh: Option<ssh::Service>,
}

/// Many BMCs, each with its service.
#[derive(Debug, Default)]
pub struct Hall {
    all: Vec<Simulated>,
    by_name: HashMap<String, usize>,
}

impl Hall {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a BMC in. One of the same name is not found any more.
    pub fn add(&mut self, name: impl Into<String>, url: impl Into<String>, bmc: Bmc, service: Service) {
        let name = name.into();
        self.by_name.insert(name.clone(), self.all.len());
        self.all.push(Simulated { name, url: url.into(), bmc, service, ipmi: None, ssh: None });
    }

    /// Gives the BMC that came last an IPMI service too.
    pub fn add_ipmi(&mut self, service: ipmi::Service) {
        if let Some(last) = self.all.last_mut() {
            last.ipmi = Some(service);
        }
    }

    /// The same with an SSH service.
    pub fn add_ssh(&mut self, service: ssh::Service) {
        if let Some(last) = self.all.last_mut() {
            last.ssh = Some(service);
        }
    }

    /// All of them, in the order in which they came.
    pub fn all(&self) -> &[Simulated] {
        &self.all
    }

    /// The one of this name.
    pub fn find(&self, name: &str) -> Option<&Simulated> {
        self.by_name.get(name).map(|place| &self.all[*place])
    }
}

/// How the control API is offered.
#[derive(Clone)]
pub struct DeskOptions {
    /// Where it listens; port 0 means any that is free.
    pub listen: SocketAddr,
    /// What a client has to bring as `Authorization: Bearer …`; anybody may come without it.
    pub token: Option<String>,
    /// What time is here.
    pub clock: Clock,
}

impl Default for DeskOptions {
    /// On a free loopback port, for anybody there, in real time.
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), token: None, clock: Clock::Real }
    }
}

impl fmt::Debug for DeskOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        write!(f, "DeskOptions {{ listen: {}, token: {token:?}, clock: {:?} }}", self.listen, self.clock)
    }
}

/// The control API of a hall. It ends when it is dropped.
#[derive(Debug)]
pub struct Desk {
    addr: SocketAddr,
    accepting: AbortHandle,
}

/// What every connection works with.
struct Shared {
    hall: Arc<Hall>,
    token: Option<String>,
    clock: Clock,
    since: Instant,
}

/// Starts to listen and to answer; needs a runtime.
///
/// # Errors
/// Where the address cannot be listened on.
pub fn serve(hall: Arc<Hall>, options: DeskOptions) -> io::Result<Desk> {
    let listener = std::net::TcpListener::bind(options.listen)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let addr = listener.local_addr()?;
    let shared = Arc::new(Shared { hall, token: options.token, clock: options.clock, since: Instant::now() });
    let accepting = tokio::spawn(serve::accept(shared, listener)).abort_handle();
    Ok(Desk { addr, accepting })
}

impl Desk {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
