//! A driver that is a program: started once for each worker, found on a Unix socket, ended with the worker.
//!
//! It finds the socket's path in the environment, serves there, and says so in one line on standard output. Its standard input
//! stays open for as long as it is wanted, so that it can see that nobody is left.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use halmark_grpc::{READY, SOCKET};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a program may take until it serves.
const PATIENCE: Duration = Duration::from_secs(10);

thread_local! {
    static STARTED: RefCell<BTreeMap<PathBuf, Program>> = RefCell::default();
}

/// The socket of this worker's program, which is started where it is not running.
pub(super) fn of_this_worker(path: &Path) -> Result<PathBuf, String> {
    STARTED.with_borrow_mut(|started| {
        if let Some(program) = started.get_mut(path)
            && program.is_running()
        {
            return Ok(program.folder.socket());
        }
        started.remove(path);
        let program = start(path)?;
        let socket = program.folder.socket();
        started.insert(path.to_owned(), program);
        Ok(socket)
    })
}

/// Ends the programs of this worker. Whoever waits for a worker's end does not wait for the end of its thread.
pub fn end_of_this_worker() {
    STARTED.with_borrow_mut(BTreeMap::clear);
}

/// A program that was started. Dropping it ends it.
pub(super) struct Program {
    child: Child,
    folder: Folder,
    socket: PathBuf,
}

/// Starts a program and waits until it serves.
pub(super) fn start(path: &Path) -> Result<Program, String> {
    let shown = path.display();
    let folder = Folder::new().map_err(|e| format!("no folder for the socket of {shown}: {e}"))?;
    let child = Command::new(path)
        .env(SOCKET, folder.socket())
        .env_remove("HALMARK_USER")
        .env_remove("HALMARK_PASSWORD")
        .env_remove("HALMARK_NEW_PASSWORD")
        .env_remove("HALMARK_IPMI_PASSWORD")
        .env_remove("HALMARK_REDFISH_PASSWORD")
        // A group of its own, so that what it starts ends with it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{shown} cannot be started: {e}"))?;
    let socket = folder.socket();
    let mut program = Program { child, folder, socket };
    let (told, complaint) = (lines(program.child.stdout.take()), last_line(program.child.stderr.take()));
    match told.recv_timeout(PATIENCE) {
        Ok(line) if line.trim_end() == READY => Ok(program),
        Ok(line) => Err(format!("{shown} said {line:?} where {READY:?} was expected")),
        Err(RecvTimeoutError::Timeout) => Err(format!("{shown} did not say {READY:?} within {PATIENCE:?}")),
        Err(RecvTimeoutError::Disconnected) => {
            let ended = program.child.wait().map(|it| it.to_string()).unwrap_or_default();
            let complaint = complaint.recv_timeout(PATIENCE).unwrap_or_default();
            Err(format!("{shown} ended before it served ({ended}): {complaint}"))
        }
    }
}

impl Program {
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The first line of a program; what follows is read and dropped, so that it never has to wait.
fn lines(stdout: Option<ChildStdout>) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        for line in stdout.into_iter().flat_map(|it| BufReader::new(it).split(b'\n')).map_while(Result::ok) {
            let _ = tell.try_send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    told
}

/// The last line that a program complained with; it comes when the program has ended.
fn last_line(stderr: Option<ChildStderr>) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let lines = stderr.into_iter().flat_map(|it| BufReader::new(it).split(b'\n')).map_while(Result::ok);
        let last = lines.last().unwrap_or_default();
        let last = String::from_utf8_lossy(&last);
        let _ = tell.try_send(last.chars().filter(|it| !it.is_control()).take(300).collect());
    });
    told
}

/// A folder that only its owner can look into, with the socket in it; it goes with the program.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("halmark-driver-{}-{number}", std::process::id()));
        // What an earlier process of this number left behind.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn socket(&self) -> PathBuf {
        self.0.join("driver.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
