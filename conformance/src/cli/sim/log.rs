//! A line for each request: method, path, status, time. Nothing secret is in it.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use halmark_simulators::{
    ipmi,
    redfish::{Observed, Observer},
};

/// Where the lines go.
#[derive(Clone)]
pub(super) struct Log(Option<Arc<Mutex<Box<dyn Write + Send>>>>);

impl Log {
    /// To this file, at its end; to standard error where it is `-`; nowhere without one.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self(None)) };
        let to: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(io::stderr())
        } else {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Box::new(file.map_err(|error| format!("the log {} cannot be written: {error}", path.display()))?)
        };
        Ok(Self(Some(Arc::new(Mutex::new(to)))))
    }

    /// Counts the requests of a BMC, and writes them down where that is wanted; under its name where one port is for all.
    pub(super) fn observer(&self, requests: Arc<AtomicU64>, name: Option<String>) -> Observer {
        let log = self.clone();
        Observer::new(move |seen| {
            requests.fetch_add(1, Ordering::Relaxed);
            log.write(|| line(seen, name.as_deref()));
        })
    }

    /// The same for IPMI, of which all that is answered is counted; nobody where nothing is written.
    pub(super) fn ipmi_observer(&self) -> Option<ipmi::Observer> {
        let log = self.clone();
        let write = move |at, said: &ipmi::Said| log.write(|| format!("{at} IPMI {}\n", spoken(said)));
        self.0.is_some().then(|| ipmi::Observer::new(write))
    }

    fn write(&self, line: impl FnOnce() -> String) {
        if let Some(to) = &self.0 {
            let line = line();
            let _ = to.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }
}

fn spoken(said: &ipmi::Said) -> String {
    match said {
        ipmi::Said::Ping => "ping".to_owned(),
        ipmi::Said::Step { kind, status } => {
            let name = match kind {
                0x10 => "Open Session",
                0x12 => "RAKP 1",
                _ => "RAKP 3",
            };
            status.map_or_else(|| format!("{name} no answer"), |status| format!("{name} {status:02x}h"))
        }
        ipmi::Said::Command(it) => {
            let name = it.name.map_or_else(|| format!("{:02x}h {:02x}h", it.netfn, it.number), str::to_owned);
            format!("{name} {:02x}h{}", it.completion, if it.again { " again" } else { "" })
        }
    }
}

fn line(seen: &Observed<'_>, name: Option<&str>) -> String {
    let Observed { at, method, path, status, took } = seen;
    let at = name.map_or_else(|| at.to_string(), str::to_owned);
    let status = if *status == 0 { "no answer".to_owned() } else { status.to_string() };
    format!("{at} {method} {path} {status} {:.2} ms\n", took.as_secs_f64() * 1_000.0)
}
