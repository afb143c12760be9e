//! A terminal and the person in front of it.

use std::{fs::File, io::Write as _, os::fd::OwnedFd};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

/// A terminal of the system's own making.
pub(crate) struct Terminal {
    person: File,
    name: String,
    /// Stays open, so that the terminal is not set back between two programs.
    kept: OwnedFd,
}

impl Terminal {
    /// A new one.
    pub(crate) fn open() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&person).and_then(|()| unlockpt(&person)).expect("it is ours");
        let name = ptsname(&person, Vec::new()).expect("it has a name").into_string().expect("it is text");
        let kept = end(&name).into();
        Self { person: person.into(), name, kept }
    }

    /// What a program reads from and writes to.
    pub(crate) fn end(&self) -> File {
        end(&self.name)
    }

    /// How it treats what is typed.
    pub(crate) fn modes(&self) -> LocalModes {
        tcgetattr(&self.kept).expect("it is a terminal").local_modes
    }

    /// The person types.
    pub(crate) fn types(&mut self, keys: &[u8]) {
        self.person.write_all(keys).expect("it listens");
    }
}

fn end(name: &str) -> File {
    File::options().read(true).write(true).open(name).expect("it can be opened")
}
