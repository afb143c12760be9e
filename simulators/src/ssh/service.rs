//! The SSH service of one BMC: one TCP port, and a task for each who comes.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sunset::{SignKey, ed25519_dalek::SigningKey};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

use super::{Shell, connection::Connection};
use crate::{
    bmc::{Bmc, Presence},
    random::Random,
    recording::base64,
};

/// So many may be connected at a time; an iDRAC says five of its shell (`CommandShell/MaxConcurrentSessions`).
const MOST: usize = 5;
/// For so long somebody may take to say who he is.
const PATIENCE: Duration = Duration::from_secs(120);
/// The stream of random numbers for the host key, apart from that of the machine.
const KEY: u64 = 0x7373_685f_6b65_7921;

/// How the service is offered.
#[derive(Debug, Clone, Copy)]
pub struct ServiceOptions {
    /// Where it listens; port 0 means any that is free.
    pub listen: SocketAddr,
}

impl Default for ServiceOptions {
    /// On a free loopback port.
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into() }
    }
}

/// The SSH service of one BMC. It ends when it is dropped.
pub struct Service {
    addr: SocketAddr,
    host_key: String,
    sessions: Arc<AtomicUsize>,
    attempts: Arc<AtomicUsize>,
    serving: AbortHandle,
}

/// What every connection needs.
pub(super) struct Shared {
    pub(super) bmc: Bmc,
    pub(super) key: SignKey,
    /// How many have logged in and are still there.
    pub(super) sessions: Arc<AtomicUsize>,
    /// How often a password was given.
    pub(super) attempts: Arc<AtomicUsize>,
    /// What is there to talk to.
    pub(super) shell: Shell,
}

impl Service {
    /// Whether this BMC's platform has a shell behind SSH.
    pub fn is_known_for(bmc: &Bmc) -> bool {
        bmc.shell().is_some()
    }

    /// Starts to listen; needs a runtime. The BMC's network protocol in Redfish then shows that it is on, and the port; switched
    /// off there, it lets nobody in.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the platform has no shell.
    pub fn start(bmc: &Bmc, options: ServiceOptions) -> io::Result<Self> {
        let shell = bmc.shell();
        let shell = shell.ok_or_else(|| {
            io::Error::new(io::ErrorKind::Unsupported, "the platform has no shell behind SSH")
        })?;
        let socket = std::net::TcpListener::bind(options.listen)?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from_std(socket)?;
        let addr = listener.local_addr()?;
        let key = SigningKey::from_bytes(&Random::new(bmc.seed() ^ KEY).bytes());
        let host_key = format!("ssh-ed25519 {}", base64(&blob(key.verifying_key().as_bytes())));
        show(bmc, addr.port());
        let (sessions, attempts) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let shared = Shared {
            bmc: bmc.clone(),
            key: SignKey::Ed25519(key),
            sessions: sessions.clone(),
            attempts: attempts.clone(),
            shell,
        };
        let serving = tokio::spawn(serve(Arc::new(shared), listener, addr.port())).abort_handle();
        Ok(Self { addr, host_key, sessions, attempts, serving })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its host key as a file of known hosts has it, after the host's name: type and key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// How many have logged in and are still there.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// How often a password was given, right or wrong.
    pub fn attempts(&self) -> usize {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Ends it, and every session.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ssh::Service({})", self.addr)
    }
}

/// Listens for as long as the service lives; who is connected goes with the BMC.
async fn serve(shared: Arc<Shared>, listener: TcpListener, port: u16) {
    let mut connected = JoinSet::new();
    let mut presence = shared.bmc.presence();
    loop {
        select! {
            biased;
            changed = presence.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = *presence.borrow_and_update();
                match now {
                    // Perhaps as it left the factory; it is still there.
                    Presence::Up if is_on(&shared.bmc) => show(&shared.bmc, port),
                    Presence::Up => {}
                    Presence::Restarting | Presence::Gone => connected.abort_all(),
                }
            }
            Some(_) = connected.join_next() => {}
            accepted = listener.accept() => {
                // Whoever is not let in finds the connection closed.
                let Ok((stream, _)) = accepted else {
                    // There are no descriptors, and there will be none a moment later.
                    sleep(Duration::from_millis(10)).await;
                    continue;
                };
                if connected.len() < MOST && shared.bmc.is_up() && is_on(&shared.bmc) {
                    connected.spawn(attend(shared.clone(), stream, presence.clone()));
                }
            }
        }
    }
}

/// One who has come, until he goes.
async fn attend(shared: Arc<Shared>, mut stream: TcpStream, presence: watch::Receiver<Presence>) {
    // A keystroke is a packet, and is not to wait for the next one.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(&shared);
    let known = timeout(PATIENCE, connection.run(&mut stream, |it| it.is_known())).await;
    if matches!(known, Ok(Ok(true))) && *presence.borrow() == Presence::Up {
        // However it ends, it has ended.
        let _ = connection.run(&mut stream, |_| false).await;
    }
}

const PROTOCOL: &str = "ManagerNetworkProtocol";
const ENABLED: &str = "/SSH/ProtocolEnabled";

/// Whether nobody has switched it off over Redfish.
fn is_on(bmc: &Bmc) -> bool {
    let look = bmc.look();
    let Some(protocol) = look.tree.first(PROTOCOL) else { return true };
    bmc.written().at(&protocol.path, ENABLED).and_then(Value::as_bool).unwrap_or(true)
}

/// Redfish shows that it is there, and where.
fn show(bmc: &Bmc, port: u16) {
    let look = bmc.look();
    if let Some(protocol) = look.tree.first(PROTOCOL).filter(|it| it.template().get("SSH").is_some()) {
        let mut written = bmc.written();
        written.keep(&protocol.path, ENABLED, json!(true));
        written.keep(&protocol.path, "/SSH/Port", json!(port));
    }
}

/// A public key as SSH writes it (RFC 8709 §4).
fn blob(key: &[u8; 32]) -> Vec<u8> {
    let part = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes(), bytes].concat();
    [part(b"ssh-ed25519"), part(key)].concat()
}
