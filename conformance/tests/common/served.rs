//! `halmark sim` as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::HALMARK;

/// The password of the administrator, `admin`.
pub(crate) const PASSWORD: &str = "canary-secret";

/// Simulated BMCs; they end with the test, and after two minutes at the latest.
pub(crate) struct Served {
    child: Child,
    /// What was said when they were ready: how to reach them.
    pub(crate) ready: Value,
}

impl Served {
    /// Starts them over plain HTTP and waits until they are ready.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::with(&[&["--tls", "off"], more].concat())
    }

    /// Starts them with these options and waits until they are ready.
    pub(crate) fn with(options: &[&str]) -> Self {
        let mut child = Command::new(HALMARK)
            .args(["sim", "--output", "json", "--for", "120s"])
            .args(options)
            .env("HALMARK_USER", "admin")
            .env("HALMARK_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .spawn()
            .expect("halmark starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let ready = serde_json::from_str(&line).expect("it is JSON");
        Self { child, ready }
    }

    /// The first BMC's URL: by Redfish of `urls`, by IPMI of `ipmi`.
    pub(crate) fn url(&self, kind: &str) -> String {
        self.ready[kind][0].as_str().expect("it has one").to_owned()
    }

    /// Nobody is there any more.
    pub(crate) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}
