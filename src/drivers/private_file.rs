//! A file with a password that only this user can read, for as long as a program needs it; and a program that says it to whoever
//! asks.

use std::{
    fs::{DirBuilder, OpenOptions, remove_dir_all, remove_file},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use tokio_rustls::rustls::crypto::ring;

use crate::model::Secret;

/// `$0` is its own path; who runs it is its parent.
const TELLER: &[u8] = b"#!/bin/sh\n\
    password=${0%/*}/password\n\
    [ -e \"$password\" ] || { [ \"$PPID\" -gt 1 ] && kill \"$PPID\"; exit 1; }\n\
    cat \"$password\" && rm -f \"$password\"\n";

/// The file, in a folder of its own (0700, the file 0600); both are gone when this is.
pub(super) struct PrivateFile {
    folder: PathBuf,
    file: PathBuf,
}

impl PrivateFile {
    /// Writes the password, without a line's end.
    pub(super) fn of(password: &Secret) -> io::Result<Self> {
        let mut name = [0; 16];
        let random = ring::default_provider().secure_random;
        random.fill(&mut name).map_err(|_| io::Error::other("the system gives no random numbers"))?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::temp_dir().join(format!("halmark-{name}"));
        // Somebody else's folder of that name is an error, and no reason to write into it.
        DirBuilder::new().mode(0o700).create(&folder)?;
        let it = Self { file: folder.join("password"), folder };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&it.file)?;
        file.write_all(password.reveal())?;
        Ok(it)
    }

    /// Puts a program beside the password that says it once: who asks again did not get in with it, and is ended.
    pub(super) fn with_teller(self) -> io::Result<(Self, PathBuf)> {
        let path = self.folder.join("tell");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(&path)?;
        file.write_all(TELLER)?;
        Ok((self, path))
    }

    /// Nobody needs the password any more.
    pub(super) fn forget(&self) {
        let _ = remove_file(&self.file);
    }

    pub(super) fn path(&self) -> &Path {
        &self.file
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt as _, process::Command};

    use super::*;

    #[test]
    fn the_password_is_told_once_and_who_asks_again_is_ended() {
        let _alone = crate::drivers::tool::tests::ONE_AT_A_TIME.blocking_lock();
        let (private, teller) = PrivateFile::of(&Secret::new("calvin")).unwrap().with_teller().unwrap();
        let script = format!("{0}; {0}; echo still here", teller.display());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(output.stdout, b"calvin");
        assert_eq!(output.status.signal(), Some(15));
        let folder = private.folder.clone();
        drop(private);
        assert!(!folder.exists());
    }
}
