//! Why the table could not be read or changed, and what to do about it. A row is never part of it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why the table could not be read or changed. Where it was to be changed, it is as it was before.
#[derive(Debug)]
pub enum StoreError {
    /// Others use the file, for longer than the store's patience.
    InUse {
        /// The file.
        file: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Others than its owner can read the file, which holds passwords.
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It cannot be opened, read or written.
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else: no table of BMCs, and never was one.
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// What is in the file is no table of BMCs any more.
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file was written by a later version of halmark.
    Later {
        /// The file.
        file: PathBuf,
        /// What of it is unknown here.
        table: String,
    },
}

impl StoreError {
    pub(super) fn of(file: &Path, waited: Duration, error: redb::Error) -> Self {
        let file = file.to_owned();
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse { file, waited },
            redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                Self::Damaged { file, what: source.to_string() }
            }
            redb::Error::Io(source) => Self::Unusable { file, source },
            redb::Error::UpgradeRequired(version) => {
                Self::Damaged { file, what: format!("its format {version} is too old to be read") }
            }
            other => Self::Damaged { file, what: other.to_string() },
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::InUse { .. } => {
                "wait for the other halmark, or end it: `fuser -v FILE` names it".to_owned()
            }
            Self::Exposed { file, .. } => format!("chmod 600 {}", file.display()),
            Self::Foreign { .. } => {
                "name the inventory by --inventory or HALMARK_INVENTORY; this file was left as it is"
                    .to_owned()
            }
            Self::Unusable { .. } => {
                "name another file by --inventory or HALMARK_INVENTORY, or make this one usable".to_owned()
            }
            Self::Damaged { file, .. } => {
                format!("put a copy of it back, or move {} away and add the BMCs anew", file.display())
            }
            Self::Later { .. } => "use the version of halmark that wrote it, or a later one".to_owned(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { file, waited } => {
                write!(f, "the inventory {} is in use: waited {} s for it", file.display(), waited.as_secs())
            }
            Self::Exposed { file, mode } => {
                write!(
                    f,
                    "the inventory {} holds passwords and others can read it (mode {mode:03o})",
                    file.display()
                )
            }
            Self::Unusable { file, source } => {
                write!(f, "the inventory {} cannot be used: {source}", file.display())
            }
            Self::Foreign { file } => write!(f, "{} is no inventory of BMCs", file.display()),
            Self::Damaged { file, what } => write!(f, "the inventory {} is damaged: {what}", file.display()),
            Self::Later { file, table } => {
                write!(
                    f,
                    "the inventory {} is of another version of halmark: it has a table {table:?}",
                    file.display()
                )
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable { source, .. } => Some(source),
            _ => None,
        }
    }
}
