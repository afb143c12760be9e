//! What a client needs to know and nobody else may see: in files that only their owner can read, in a folder that goes with
//! the process.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The folder. A temporary one is removed with this value.
pub(super) struct Files {
    folder: PathBuf,
    keeps: bool,
}

impl Files {
    /// This folder, or a fresh temporary one.
    ///
    /// # Errors
    /// Where it cannot be made, or has a file already that would be written: somebody may still need it.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, String> {
        match folder {
            Some(folder) => given(folder),
            None => temporary()
                .map_err(|error| format!("no folder can be made for credentials and certificate: {error}")),
        }
    }

    /// Writes a file that is not there yet; not through a link.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?
            .write_all(text.as_bytes())?;
        Ok(path)
    }
}

/// What is written.
const NAMES: [&str; 6] = ["credentials", "password", "netrc", "other-accounts", "ca.pem", "bmcs.json"];

fn given(folder: &Path) -> Result<Files, String> {
    let shown = folder.display();
    if folder.as_os_str().is_empty() {
        return Err("--files has no path: expected a folder, such as --files ./bmcs".to_owned());
    }
    if folder.exists() && !folder.is_dir() {
        return Err(format!("--files {shown} is no folder: name one that is new, or empty"));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("the folder {shown} cannot be made: {error}"))?;
    match NAMES.into_iter().find(|name| folder.join(name).symlink_metadata().is_ok()) {
        Some(name) => Err(format!(
            "{} is there already and is not written over: name another folder with --files, or remove it first",
            folder.join(name).display()
        )),
        None => Ok(Files { folder: folder.to_owned(), keeps: true }),
    }
}

fn temporary() -> io::Result<Files> {
    let folder = std::env::temp_dir().join(format!("halmark-sim-{}-{}", std::process::id(), random_text(8)?));
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(Files { folder, keeps: false })
}

impl Drop for Files {
    fn drop(&mut self) {
        if !self.keeps {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Letters and digits that nobody can guess.
pub(super) fn random_text(length: usize) -> io::Result<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = vec![0; length];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_owner_can_read_the_files_and_they_go_with_the_process() {
        let files = Files::open(None).unwrap();
        let path = files.write("credentials", "admin\nsecret\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(files);
        assert!(!path.exists());
    }
}
