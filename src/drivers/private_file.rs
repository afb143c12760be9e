//! A file with a password that only this user can read, for as long as a program needs it.

use std::{
    fs::{DirBuilder, OpenOptions, remove_dir_all},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use tokio_rustls::rustls::crypto::ring;

use crate::model::Secret;

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

    pub(super) fn path(&self) -> &Path {
        &self.file
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.folder);
    }
}
