//! The embedded database below the tables: fjall, opened once a process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::ErrorKind,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Snapshot};
use metrics::histogram;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{
    Store,
    codec::{Key, encode},
    commits::Commits,
    error::StoreError,
    journal,
    records::Replicated,
    replica::{self, Change, Replicate},
    table::{Table, UndoEntry},
};

/// How often a lock that somebody has is tried again, and after how long: as fjall does.
const LOCK_TRIES: u32 = 3;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// A handle on the database; clones share it.
#[derive(Clone)]
pub(super) struct Engine {
    database: Database,
    commits: Arc<Mutex<Commits>>,
    /// The table that counts commits.
    count: Keyspace,
    replication: Arc<OnceLock<Replication>>,
}

/// Where commits go before they are made here, and the table that says how far they are.
struct Replication {
    stream: Arc<dyn Replicate>,
    position: Table<(), Replicated>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the database in `folder`, or makes it. Refuses one that has lost what was written.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        {
            // Another process may be writing the journals. fjall takes this lock itself as soon as it is free.
            let _lock = lock(folder)?;
            journal::check(folder)?;
        }
        let database = open_database(folder.to_path_buf())?;
        // It is made before all others, and must not be made again.
        let is_there = |table: &str| database.keyspace_exists(table);
        if !is_there(Commits::TABLE) && Store::TABLES.iter().any(|table| is_there(table)) {
            return Err(StoreError::LostTable { table: Commits::TABLE });
        }
        let count = keyspace(&database, Commits::TABLE)?;
        let commits = Commits::open(folder, &count)?;
        let commits = Arc::new(Mutex::new(commits));
        Ok(Self { database, commits, count, replication: Arc::default() })
    }

    /// From now on each commit is in the stream before it is here; `position` says how far it is.
    pub(super) fn replicate(
        &self,
        stream: Arc<dyn Replicate>,
        position: Table<(), Replicated>,
    ) -> Result<(), StoreError> {
        let replication = Replication { stream, position };
        self.replication.set(replication).map_err(|_| StoreError::Replication {
            reason: "this store's commits are in a stream already".to_owned(),
        })
    }

    /// Commits so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).number()
    }

    /// Whether the database does not have a table.
    pub(super) fn is_missing(&self, table: &str) -> bool {
        !self.database.keyspace_exists(table)
    }

    /// Whether the database still takes writes; why not.
    pub(super) fn ask(&self) -> Result<(), StoreError> {
        let asked = self.database.persist(PersistMode::Buffer);
        asked.map_err(|source| StoreError::Engine { what: "looking after it", source })
    }

    pub(super) fn keyspace(&self, name: &str) -> Result<Keyspace, StoreError> {
        keyspace(&self.database, name)
    }

    /// All tables, in the order in which they are copied.
    pub(super) fn keyspaces(&self) -> Result<Vec<(&'static str, Keyspace)>, StoreError> {
        Store::TABLES.iter().map(|&name| Ok((name, self.keyspace(name)?))).collect()
    }

    /// All tables as they are now.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.database.snapshot()
    }

    pub(super) fn write(&self) -> Write {
        Write { changes: Vec::new(), engine: self.clone() }
    }

    /// Keeps everybody from writing.
    #[cfg(test)]
    pub(super) fn hold(&self) -> std::sync::MutexGuard<'_, Commits> {
        self.commits.lock().unwrap()
    }

    /// As if the table had never been there.
    #[cfg(test)]
    pub(super) fn delete(&self, table: &str) -> Result<(), fjall::Error> {
        self.database.delete_keyspace(self.database.keyspace(table, Default::default)?)
    }

    /// How many tables there are.
    #[cfg(test)]
    pub(super) fn tables(&self) -> usize {
        self.database.keyspace_count()
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        let size = self.database.disk_space();
        size.map_err(|source| StoreError::Engine { what: "measuring the store", source })
    }
}

/// Takes the lock that fjall holds on an open database; nothing if there is no database yet.
fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let path = folder.join("lock");
    let failed = |source| StoreError::File { path: path.clone(), source };
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    for left in (0..LOCK_TRIES).rev() {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            // Whoever has just closed it may need a moment.
            Err(TryLockError::WouldBlock) if left > 0 => sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Err(StoreError::InUse { folder: folder.to_path_buf() })
}

/// Opens the database. It was written by a program that trusts its own files, so that damage may show as a panic.
fn open_database(folder: PathBuf) -> Result<Database, StoreError> {
    let path = folder.clone();
    let opened = catch_unwind(move || Database::builder(&path).open());
    opened.map_err(|_| StoreError::DamagedFiles { folder: folder.clone() })?.map_err(|e| match e {
        fjall::Error::Locked => StoreError::InUse { folder },
        other => StoreError::Engine { what: "opening the store", source: other },
    })
}

fn keyspace(database: &Database, name: &str) -> Result<Keyspace, StoreError> {
    database
        .keyspace(name, KeyspaceCreateOptions::default)
        .map_err(|source| StoreError::Engine { what: "opening a table", source })
}

/// Changes of any tables that happen together or not at all.
#[must_use = "nothing is written before commit"]
pub struct Write {
    changes: Vec<Change>,
    engine: Engine,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("changes", &self.changes.len()).finish()
    }
}

impl Write {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn change<K, V>(&mut self, table: &Table<K, V>, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.changes.push(Change::new(table.name(), table.keyspace(), key, value));
    }

    /// Sets a row.
    ///
    /// # Errors
    /// The value has no encoding.
    pub fn put<K: Key, V: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let key = key.encode();
        let value = encode(table.name(), &key, value)?;
        self.change(table, key, Some(value));
        Ok(())
    }

    /// Removes a row, if it is there.
    pub fn remove<K: Key, V>(&mut self, table: &Table<K, V>, key: &K) {
        self.change(table, key.encode(), None);
    }

    /// As [`Self::put`], and notes how to take it back.
    ///
    /// Trust: the row was not changed by an earlier part of this write.
    ///
    /// # Errors
    /// The row as it is cannot be read, or the value has no encoding.
    pub fn put_undoable<K: Key, V: Serialize + DeserializeOwned>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
        undo: &mut Vec<UndoEntry>,
    ) -> Result<(), StoreError> {
        undo.push(table.undo_entry(key)?);
        self.put(table, key, value)
    }

    /// As [`Self::remove`], and notes how to take it back.
    ///
    /// # Errors
    /// The row as it is cannot be read.
    pub fn remove_undoable<K: Key, V>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        undo: &mut Vec<UndoEntry>,
    ) -> Result<(), StoreError> {
        undo.push(table.undo_entry(key)?);
        self.remove(table, key);
        Ok(())
    }

    /// Puts a row back as it was. Entries of one table only; give the latest change first.
    ///
    /// # Errors
    /// The entry is of another table.
    pub fn restore<K, V>(
        &mut self,
        table: &Table<K, V>,
        entry: &UndoEntry,
    ) -> Result<(), StoreError> {
        if entry.table != table.name() {
            let (expected, got) = (table.name(), entry.table.clone());
            return Err(StoreError::OtherTable { expected, got });
        }
        self.change(table, entry.key.clone(), entry.before.clone());
        Ok(())
    }

    /// As it is in the stream of commits.
    #[cfg(test)]
    pub(crate) fn encoded(&self) -> Result<Vec<u8>, StoreError> {
        replica::encode(&self.changes)
    }

    /// A change whose value has its checksum.
    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Writes all of it. When this returns, it is on disk, and before that in the stream of commits if there is one. On
    /// a thread of tokio's that serves others, these move to another meanwhile.
    ///
    /// # Errors
    /// The disk is full or fails, or another operator has taken over: whether it was written, or is in the stream, is
    /// then unknown until the store is opened again.
    pub fn commit(self) -> Result<(), StoreError> {
        self.commit_as(true)
    }

    /// As [`Self::commit`], of what is in the stream already.
    pub(super) fn commit_replayed(self) -> Result<(), StoreError> {
        self.commit_as(false)
    }

    fn commit_as(self, is_new: bool) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => block_in_place(|| self.commit_here(is_new)),
            _ => self.commit_here(is_new),
        }
    }

    fn commit_here(mut self, is_new: bool) -> Result<(), StoreError> {
        // The first table that is written to: in metrics it stands for who writes.
        let table = self.changes.first().map_or("none", |change| change.table);
        let start = Instant::now();
        let engine = self.engine.clone();
        // fjall writes one batch at a time, too, and the stream has the commits in this order.
        let mut commits = engine.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = start.elapsed();
        if let Some(Replication { stream, position }) = engine.replication.get().filter(|_| is_new)
        {
            let appended = stream.append(replica::encode(&self.changes)?);
            let at = appended.map_err(|reason| StoreError::Replication { reason })?;
            self.put(position, &(), &Replicated { position: at, leads: true })?;
        }
        let mut batch = engine.database.batch().durability(Some(PersistMode::SyncAll));
        for Change { keyspace, key, value, .. } in self.changes {
            match value {
                Some(value) => batch.insert(&keyspace, key, value),
                None => batch.remove(&keyspace, key),
            }
        }
        batch.insert(&engine.count, ().encode(), commits.next_row()?);
        let written = batch.commit();
        written.map_err(|source| StoreError::Engine { what: "writing", source })?;
        commits.done()?;
        drop(commits);
        let took = start.elapsed().saturating_sub(waited);
        histogram!("cairn_store_wait_seconds", "table" => table).record(waited.as_secs_f64());
        histogram!("cairn_store_commit_seconds", "table" => table).record(took.as_secs_f64());
        Ok(())
    }
}
