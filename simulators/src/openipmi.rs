//! OpenIPMI's `ipmi_sim` as the IPMI face of a BMC: another team's code, as a child process.
//!
//! `ipmi_sim` asks a program whenever it wants to know or change the chassis. That program is [`chassis_helper`], which asks
//! us over a Unix socket; so the machine, its firmware and the deviations are the same as behind every other face.
//! It runs in real time: use it with a small `time_scale` and a clock that is not paused.
//!
//! What it does and gets wrong (Debian's 2.0.33): a power cycle is `set power 0`, polling once a second, `set power 1`;
//! a boot override knows none, pxe, disk, cdrom and bios, and neither duration nor mode, so that it counts as a one-time
//! override in legacy mode; there is no BMC reset and no NMI. The firmware version has two parts.

mod config;
mod desk;
mod fru;
mod helper;
mod probe;

use std::{
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    task::AbortHandle,
    time::Instant,
};

pub use helper::chassis_helper;

use crate::bmc::{Bmc, lock};

/// How long `ipmi_sim` may take until it answers; it takes some 3 ms.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it takes to run `ipmi_sim`.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The program; `ipmi_sim` from the path without.
    pub binary: Option<PathBuf>,
    /// The program whose `main` is [`chassis_helper`].
    pub helper: PathBuf,
    /// What that program is called with before the arguments that [`chassis_helper`] takes.
    pub helper_args: Vec<String>,
    /// The UDP port on 127.0.0.1; any that is free without.
    pub port: Option<u16>,
}

/// A running `ipmi_sim`. It ends when it is dropped.
pub struct IpmiSim {
    child: Arc<Mutex<Child>>,
    addr: SocketAddr,
    home: Home,
    tasks: Mutex<Vec<Task>>,
}

impl IpmiSim {
    /// Starts it for this BMC and waits until it answers.
    ///
    /// # Errors
    /// Where the program is missing, its port is taken, it ends at once, or it does not answer within five seconds.
    pub async fn start(bmc: &Bmc, options: Options) -> Result<Self, StartError> {
        let home = Home::new()?;
        let addr = free_port(options.port)?;
        let desk = desk::open(bmc, &home.socket())?;
        config::write(bmc, &home, addr, &options)?;
        let child = spawn(&options, &home)?;
        let child = Arc::new(Mutex::new(child));
        let mourner = Task::run(end_with(bmc.clone(), child.clone()));
        let sim = Self { child, addr, home, tasks: Mutex::new(vec![desk, mourner]) };
        sim.wait_until_it_answers().await?;
        Ok(sim)
    }

    /// Where it answers, over UDP.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// How it ended and what it said last.
    pub fn check(&self) -> Result<(), Died> {
        match lock(&self.child).try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Died { status: Some(status), last_output: self.home.last_output() }),
            Err(_) => Err(Died { status: None, last_output: self.home.last_output() }),
        }
    }

    /// Closes its console, as the death of this process would.
    #[doc(hidden)]
    pub fn close_console(&self) {
        lock(&self.child).stdin.take();
    }

    /// Ends it.
    pub fn stop(&self) {
        let _ = lock(&self.child).start_kill();
        lock(&self.tasks).clear();
    }

    async fn wait_until_it_answers(&self) -> Result<(), StartError> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Err(died) = self.check() {
                return Err(StartError::DiedEarly { output: died.last_output });
            }
            if probe::answers(self.addr).await? {
                return Ok(());
            }
        }
        Err(StartError::NotReady { waited: PATIENCE, output: self.home.last_output() })
    }
}

impl Drop for IpmiSim {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for IpmiSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IpmiSim({})", self.addr)
    }
}

/// Kills the child when its BMC is killed.
async fn end_with(bmc: Bmc, child: Arc<Mutex<Child>>) {
    let mut presence = bmc.presence();
    while presence.changed().await.is_ok() {
        if bmc.is_dead() {
            let _ = lock(&child).start_kill();
        }
    }
}

/// A task that ends when this is dropped.
struct Task(AbortHandle);

impl Task {
    fn run(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A port that nobody has. Debian's `ipmi_sim` would share a port with another one without a word.
///
/// Between here and there nobody holds it. So it is none of those that the system gives to whoever wants any, and each one is
/// another: a relay or a driver of the next moment would take it, and be taken for `ipmi_sim`.
fn free_port(wanted: Option<u16>) -> Result<SocketAddr, StartError> {
    const FIRST: u32 = 24_576;
    const MANY: u32 = 8_192;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if let Some(port) = wanted {
        return probed(port);
    }
    let own = std::process::id().wrapping_mul(251);
    for _ in 0..MANY {
        let place = own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % MANY;
        match probed(u16::try_from(FIRST + place).unwrap_or_default()) {
            Err(StartError::PortTaken { .. }) => {}
            result => return result,
        }
    }
    probed(0)
}

fn probed(port: u16) -> Result<SocketAddr, StartError> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let probe = std::net::UdpSocket::bind(addr).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken { addr },
        _ => StartError::Io { doing: "look for a free UDP port", source },
    })?;
    probe.local_addr().map_err(|source| StartError::Io { doing: "look for a free UDP port", source })
}

/// Its console is a pipe that nobody writes to: when we end, however we end, the pipe does, and so does `ipmi_sim`.
fn spawn(options: &Options, home: &Home) -> Result<Child, StartError> {
    let binary = options.binary.clone().unwrap_or_else(|| PathBuf::from("ipmi_sim"));
    let doing = "start ipmi_sim";
    let output = fs::File::create(home.output()).map_err(|source| StartError::Io { doing, source })?;
    let errors = output.try_clone().map_err(|source| StartError::Io { doing, source })?;
    let child = Command::new(&binary)
        .arg("-c")
        .arg(home.path("lan.conf"))
        .arg("-f")
        .arg(home.path("bmc.emu"))
        .arg("-s")
        .arg(home.path("state"))
        .current_dir(&home.0)
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    child.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => StartError::MissingBinary { binary },
        _ => StartError::Io { doing, source },
    })
}

/// A directory of its own, gone when it is dropped.
struct Home(PathBuf);

impl Home {
    fn new() -> Result<Self, StartError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = || format!("halmark-ipmi-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        loop {
            let path = std::env::temp_dir().join(name());
            // Passwords stand in its files: it is the owner's alone.
            match std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(StartError::Io { doing: "make a directory for ipmi_sim", source }),
            }
        }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    fn socket(&self) -> PathBuf {
        self.path("desk")
    }

    fn output(&self) -> PathBuf {
        self.path("output")
    }

    /// The end of what the child said.
    fn last_output(&self) -> String {
        const MOST: usize = 2_000;
        let all = fs::read(self.output()).unwrap_or_default();
        String::from_utf8_lossy(&all[all.len().saturating_sub(MOST)..]).trim().to_owned()
    }
}

impl Drop for Home {
    /// A child that has been killed may still write for a moment, into the directory that is being removed.
    fn drop(&mut self) {
        const ATTEMPTS: usize = 1_000;
        for _ in 0..ATTEMPTS {
            if fs::remove_dir_all(&self.0).is_ok() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

/// `ipmi_sim` ended by itself: nothing can be said about any driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Died {
    /// How, if that is known.
    pub status: Option<ExitStatus>,
    /// What it said last.
    pub last_output: String,
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => {
                write!(f, "ipmi_sim ended by itself ({status}); it said last: {:?}", self.last_output)
            }
            None => {
                write!(f, "ipmi_sim cannot be asked whether it runs; it said last: {:?}", self.last_output)
            }
        }
    }
}

impl std::error::Error for Died {}

/// Why `ipmi_sim` does not run.
#[derive(Debug)]
pub enum StartError {
    /// The program is not there.
    MissingBinary {
        /// What was looked for.
        binary: PathBuf,
    },
    /// Somebody has the port.
    PortTaken {
        /// The port.
        addr: SocketAddr,
    },
    /// It ended before it answered.
    DiedEarly {
        /// What it said.
        output: String,
    },
    /// It runs and does not answer.
    NotReady {
        /// How long it was waited for.
        waited: Duration,
        /// What it said.
        output: String,
    },
    /// The operating system refused something.
    Io {
        /// What was to be done.
        doing: &'static str,
        /// Why it was not.
        source: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingBinary { binary } => write!(
                f,
                "find {}: install OpenIPMI's simulator (Debian and Ubuntu: `apt-get install openipmi`) or say where it is",
                binary.display()
            ),
            Self::PortTaken { addr } => {
                write!(f, "use UDP {addr}: somebody has it; choose another port or leave the choice open")
            }
            Self::DiedEarly { output } => write!(
                f,
                "start ipmi_sim: it ended at once and said {output:?}; check that it is OpenIPMI 2.0.33 or later"
            ),
            Self::NotReady { waited, output } => write!(
                f,
                "start ipmi_sim: it runs but has not answered for {waited:?} and said {output:?}; check that UDP on \
                 127.0.0.1 is not filtered and that the machine is not overloaded"
            ),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
