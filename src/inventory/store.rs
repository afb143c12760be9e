//! The table of BMCs in a file: a committed row survives whatever kills the process, and many processes share the file.
//!
//! The file is a `redb` database, opened for each reading or change and closed again within milliseconds, so that nobody keeps
//! others out for long. Readers share it with each other; a change has it for itself. Who finds it taken waits, for as long
//! as the store's patience lasts. The queue is a lock on a file of no content beside it, `FILE.lock`: a change that waits for
//! readers to finish holds it, so that new readers line up behind and the change is not starved.
//!
//! It holds passwords as they are: it is made for its owner alone (mode 0600), and is refused where others can read it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
    time::Duration,
};

use redb::{
    Builder, Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase as _,
    TableDefinition, TableError, TableHandle as _, WriteTransaction, backends::FileBackend,
};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Mac, Moment, Record,
    document::{self, Passwords},
};

mod error;

pub use self::error::StoreError;

/// MAC address → the row as [`sealed`]. A later form of the rows would be another table.
const ROWS: TableDefinition<'_, [u8; 6], &[u8]> = TableDefinition::new("bmc-1");

/// What the name of a file ends in that is to come into the place of the old one.
const NEW: &str = ".new";

/// How a file of `redb` begins.
const MAGIC: [u8; 4] = *b"redb";

/// How long a file that is in use is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a lock is asked for again.
const AGAIN: Duration = Duration::from_millis(2);

/// The file's pages that are kept in memory, in bytes: far more than thousands of rows need.
const CACHE: usize = 16 << 20;

/// The table of BMCs in one file. Nothing is open between two calls.
#[derive(Debug, Clone)]
pub struct Store {
    file: PathBuf,
    patience: Duration,
}

impl Store {
    /// The table in this file. The file and its folder are made by the first change.
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), patience: PATIENCE }
    }

    /// The same, waiting this long for others.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Every row, by MAC address. A file that is not there has none.
    pub async fn all(&self) -> Result<BTreeMap<Mac, Record>, StoreError> {
        Ok(self.read(|table| self.rows(table)).await?.unwrap_or_default())
    }

    /// A row.
    pub async fn one(&self, mac: Mac) -> Result<Option<Record>, StoreError> {
        let row = self.read(|table| match table.get(mac.bytes()).map_err(|e| self.failed(e))? {
            Some(text) => self.row(mac.bytes(), text.value()).map(Some),
            None => Ok(None),
        });
        Ok(row.await?.flatten())
    }

    /// What is read from the table, if there is one.
    async fn read<T>(
        &self,
        read: impl FnOnce(&ReadOnlyTable<[u8; 6], &'static [u8]>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(database) = self.open_to_read().await? else { return Ok(None) };
        let transaction = database.begin_read().map_err(|e| self.failed(e))?;
        match transaction.open_table(ROWS) {
            Ok(table) => read(&table).map(Some),
            Err(TableError::TableDoesNotExist(_)) => {
                let names = transaction.list_tables().map_err(|e| self.failed(e))?;
                self.is_ours(names.map(|it| it.name().to_owned())).map(|()| None)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The rows that are related to a machine.
    pub async fn of_machine(&self, machine: Uuid) -> Result<Vec<Record>, StoreError> {
        Ok(self.all().await?.into_values().filter(|it| it.machine == Some(machine)).collect())
    }

    /// Changes the table, all or nothing: what `change` did is on the disk when this returns, and nothing of it where
    /// `change` or the disk fails. `change` must not wait for anything: everybody else waits for it.
    pub async fn change<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Rows) -> Result<T, E>,
    ) -> Result<T, E> {
        let database = self.open_to_write().await?;
        self.sweep();
        let transaction = database.begin_write().map_err(|e| self.failed(e))?;
        let names = transaction.list_tables().map_err(|e| self.failed(e))?;
        self.is_ours(names.map(|it| it.name().to_owned()))?;
        let before = self.rows(&transaction.open_table(ROWS).map_err(|e| self.failed(e))?)?;
        let mut rows = Rows { before, now: BTreeMap::new() };
        let made = change(&mut rows)?;
        if rows.forgets() {
            transaction.abort().map_err(|e| self.failed(e))?;
            self.anew(&rows)?;
        } else {
            for (mac, row) in &rows.now {
                self.write(&transaction, *mac, row.as_ref())?;
            }
            transaction.commit().map_err(|e| self.failed(e))?;
        }
        database.close().map_err(|e| self.failed(e))?;
        Ok(made)
    }

    /// Puts a new file with these rows in the place of the old one, whose free pages would keep the passwords of a row that was
    /// taken away. The old one is locked until this is done; who opened it meanwhile opens again.
    fn anew(&self, rows: &Rows) -> Result<(), StoreError> {
        let place = self.file.canonicalize().map_err(|e| self.unusable(e))?;
        let new = beside(&place, NEW);
        let written = self.filled(&new, rows).and_then(|()| {
            std::fs::rename(&new, &place).map_err(|e| self.unusable(e))?;
            File::open(folder_of(&place)).and_then(|it| it.sync_all()).map_err(|e| self.unusable(e))
        });
        written.inspect_err(|_| drop(std::fs::remove_file(&new)))
    }

    /// Takes away the new file of somebody who was killed before it came into its place. Only who has the lock makes one.
    fn sweep(&self) {
        let _ = self.file.canonicalize().map(|place| std::fs::remove_file(beside(&place, NEW)));
    }

    /// A file with these rows, its owner's alone, on the disk.
    fn filled(&self, new: &Path, rows: &Rows) -> Result<(), StoreError> {
        let owned = || {
            let file = private(new)?;
            let (is, shall) = (file.metadata()?, std::fs::metadata(&self.file)?);
            if (is.uid(), is.gid()) != (shall.uid(), shall.gid()) {
                fchown(&file, Some(shall.uid()), Some(shall.gid()))?;
            }
            Ok(file)
        };
        let file = owned().map_err(|e| self.unusable(e))?;
        let backend = FileBackend::new(file).map_err(|e| self.failed(e))?;
        let database = builder().create_with_backend(backend).map_err(|e| self.failed(e))?;
        let transaction = database.begin_write().map_err(|e| self.failed(e))?;
        transaction.open_table(ROWS).map_err(|e| self.failed(e))?;
        for row in rows.all() {
            self.write(&transaction, row.mac, Some(row))?;
        }
        transaction.commit().map_err(|e| self.failed(e))?;
        database.close().map_err(|e| self.failed(e))
    }

    fn write(&self, to: &WriteTransaction, mac: Mac, row: Option<&Record>) -> Result<(), StoreError> {
        let mut table = to.open_table(ROWS).map_err(|e| self.failed(e))?;
        let written = match row {
            None => table.remove(mac.bytes()).map(drop),
            Some(row) => {
                let text = Zeroizing::new(document::write(row, Passwords::Shown).to_string());
                let sealed = Zeroizing::new(sealed(text.as_bytes()));
                table.insert(mac.bytes(), sealed.as_slice()).map(drop)
            }
        };
        written.map_err(|e| self.failed(e))
    }

    fn rows(
        &self,
        table: &impl redb::ReadableTable<[u8; 6], &'static [u8]>,
    ) -> Result<BTreeMap<Mac, Record>, StoreError> {
        let mut rows = BTreeMap::new();
        for entry in table.iter().map_err(|e| self.failed(e))? {
            let (key, value) = entry.map_err(|e| self.failed(e))?;
            let row = self.row(key.value(), value.value())?;
            rows.insert(row.mac, row);
        }
        Ok(rows)
    }

    fn row(&self, key: [u8; 6], sealed: &[u8]) -> Result<Record, StoreError> {
        let text = unsealed(sealed).ok_or_else(|| "it is not what was written".to_owned());
        let row = text.and_then(|it| serde_json::from_slice(it).map_err(|_| "it is no JSON".to_owned()));
        let row = row.and_then(|it| document::read(it).map_err(|e| e.to_string()));
        row.map_err(|what| self.damaged(format!("the row {}: {what}", Bytes(key))))
    }

    /// A table of another form, and none of ours, is of another halmark.
    fn is_ours(&self, mut names: impl Iterator<Item = String>) -> Result<(), StoreError> {
        match names.find(|it| it != redb::TableHandle::name(&ROWS)) {
            None => Ok(()),
            Some(table) => Err(StoreError::Later { file: self.file.clone(), table }),
        }
    }

    async fn open_to_read(&self) -> Result<Option<ReadOnlyDatabase>, StoreError> {
        if !self.is_there()? {
            return Ok(None);
        }
        let builder = builder();
        let opened = self.patiently(|| builder.open_read_only(&self.file)).await;
        if matches!(opened, Err(DatabaseError::RepairAborted)) {
            // A writer was killed: what it had committed is found again by opening for writing.
            self.open_to_write().await?.close().map_err(|e| self.failed(e))?;
            return self
                .patiently(|| builder.open_read_only(&self.file))
                .await
                .map(Some)
                .map_err(|e| self.failed(e));
        }
        opened.map(Some).map_err(|e| self.failed(e))
    }

    async fn open_to_write(&self) -> Result<Database, StoreError> {
        let is_new = !self.is_there()?;
        if is_new {
            self.make().map_err(|source| self.unusable(source))?;
        }
        let builder = builder();
        let opened = self.patiently(|| {
            let file = OpenOptions::new().read(true).write(true).open(&self.file)?;
            let opened = file.metadata()?.ino();
            let database = builder.create_with_backend(FileBackend::new(file)?)?;
            // A new file may have come into its place before it was locked.
            let is_still_there = std::fs::metadata(&self.file).is_ok_and(|it| it.ino() == opened);
            if is_still_there { Ok(database) } else { Err(DatabaseError::DatabaseAlreadyOpen) }
        });
        opened.await.map_err(|e| self.failed(e))
    }

    /// Whether the file is there, and its owner's alone.
    fn is_there(&self) -> Result<bool, StoreError> {
        match std::fs::metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.unusable(error)),
            Ok(it) if !it.is_file() => Err(self.unusable(io::Error::other("it is no file"))),
            Ok(it) if it.len() > 0 && self.is_foreign() => {
                Err(StoreError::Foreign { file: self.file.clone() })
            }
            Ok(it) if it.permissions().mode() & 0o077 != 0 => {
                Err(StoreError::Exposed { file: self.file.clone(), mode: it.permissions().mode() & 0o777 })
            }
            // An empty one was left by somebody who was killed before the first change.
            Ok(it) => Ok(it.len() > 0),
        }
    }

    /// Whether the file is something else, by how it begins; one that cannot be read is not known to be.
    fn is_foreign(&self) -> bool {
        let mut begin = [0; MAGIC.len()];
        let read = File::open(&self.file).and_then(|mut it| it.read(&mut begin)).unwrap_or(0);
        begin[..read] != MAGIC[..read]
    }

    /// Makes the file, so that it is still there after a loss of power.
    fn make(&self) -> io::Result<()> {
        let folder = folder_of(&self.file);
        if !folder.exists() {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        }
        private(&self.file)?.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// Opens when nobody stands in the way, or gives up when the patience is at its end.
    async fn patiently<T>(&self, open: impl Fn() -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        let until = Instant::now() + self.patience;
        let queue = private(&self.beside()).map_err(DatabaseError::from)?;
        while let Err(refused) = queue.try_lock() {
            match refused {
                TryLockError::WouldBlock if Instant::now() < until => sleep(AGAIN).await,
                TryLockError::WouldBlock => return Err(DatabaseError::DatabaseAlreadyOpen),
                TryLockError::Error(error) => return Err(error.into()),
            }
        }
        loop {
            match open() {
                Err(DatabaseError::DatabaseAlreadyOpen) if Instant::now() < until => sleep(AGAIN).await,
                opened => return opened,
            }
        }
    }

    /// The file of the queue.
    fn beside(&self) -> PathBuf {
        beside(&self.file, ".lock")
    }

    fn failed(&self, error: impl Into<redb::Error>) -> StoreError {
        StoreError::of(&self.file, self.patience, error.into())
    }

    fn unusable(&self, source: io::Error) -> StoreError {
        StoreError::Unusable { file: self.file.clone(), source }
    }

    fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { file: self.file.clone(), what }
    }
}

/// A file of the same name with this behind it.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push(end);
    name.into()
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// A file for its owner alone, made if it is not there.
fn private(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)
}

/// Bytes of a digest before a row.
const SEAL: usize = 8;

/// A row's document with passwords, in JSON, behind the first 8 bytes of its SHA-256: a password in which a bit has turned on the
/// disk must not be tried on a BMC that locks accounts.
fn sealed(text: &[u8]) -> Vec<u8> {
    [&Sha256::digest(text)[..SEAL], text].concat()
}

/// The document of a row; `None` where it is not the one that was written.
fn unsealed(sealed: &[u8]) -> Option<&[u8]> {
    let (seal, text) = sealed.split_at_checked(SEAL)?;
    (Sha256::digest(text)[..SEAL] == *seal).then_some(text)
}

/// A key as a MAC address, whatever it is.
struct Bytes([u8; 6]);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.0.map(|it| format!("{it:02x}"));
        f.write_str(&bytes.join(":"))
    }
}

/// The table while it is changed.
#[derive(Debug)]
pub struct Rows {
    before: BTreeMap<Mac, Record>,
    /// What was put, and what was taken away.
    now: BTreeMap<Mac, Option<Record>>,
}

impl Rows {
    /// A row as it is now.
    pub fn get(&self, mac: Mac) -> Option<&Record> {
        match self.now.get(&mac) {
            Some(row) => row.as_ref(),
            None => self.before.get(&mac),
        }
    }

    /// Every row as it is now, by MAC address.
    pub fn all(&self) -> impl Iterator<Item = &Record> {
        let mut macs: Vec<&Mac> = self.before.keys().chain(self.now.keys()).collect();
        macs.sort();
        macs.dedup();
        macs.into_iter().filter_map(|it| self.get(*it))
    }

    /// Puts a row in the place of the one with its MAC address, if there is one. Says itself when it was made and, where
    /// anything but its status differs, changed.
    pub fn put(&mut self, mut row: Record, now: Moment) {
        let before = self.get(row.mac);
        row.created = before.and_then(|it| it.created).or(row.created).or(Some(now));
        let as_before = before.is_some_and(|it| {
            let quiet = |row: &Record| Record { status: it.status.clone(), changed: None, ..row.clone() };
            quiet(it) == quiet(&row)
        });
        row.changed = if as_before { before.and_then(|it| it.changed) } else { Some(now) };
        self.now.insert(row.mac, Some(row));
    }

    /// Whether a row that was there is taken away.
    fn forgets(&self) -> bool {
        self.now.iter().any(|(mac, row)| row.is_none() && self.before.contains_key(mac))
    }

    /// Takes a row away; the row, if it was there.
    pub fn remove(&mut self, mac: Mac) -> Option<Record> {
        let row = self.get(mac).cloned()?;
        self.now.insert(mac, None);
        Some(row)
    }
}

#[cfg(test)]
mod tests;
