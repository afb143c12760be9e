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

use halmark_simulators::redfish::{Observed, Observer};

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

    /// Counts the requests, and writes them down where that is wanted.
    pub(super) fn observer(&self, requests: Arc<AtomicU64>) -> Observer {
        let log = self.clone();
        Observer::new(move |seen| {
            requests.fetch_add(1, Ordering::Relaxed);
            log.write(seen);
        })
    }

    fn write(&self, seen: &Observed<'_>) {
        if let Some(to) = &self.0 {
            let line = line(seen);
            let _ = to.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }
}

fn line(seen: &Observed<'_>) -> String {
    let Observed { at, method, path, status, took } = seen;
    let status = if *status == 0 { "no answer".to_owned() } else { status.to_string() };
    format!("{at} {method} {path} {status} {:.2} ms\n", took.as_secs_f64() * 1_000.0)
}
