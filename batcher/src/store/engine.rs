//! The embedded database below the tables: fjall, opened once a process.

use std::{
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Snapshot};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Store,
    codec::{Key, encode},
    commits::Commits,
    error::StoreError,
    journal,
    table::{Table, UndoEntry},
};

/// A handle on the database; clones share it.
#[derive(Clone)]
pub(super) struct Engine {
    database: Database,
    commits: Arc<Mutex<Commits>>,
    /// The table that counts commits.
    count: Keyspace,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the database in `folder`, or makes it. Refuses one that has lost what was written.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        journal::check(folder)?;
        let database = open_database(folder.to_path_buf())?;
        let count = keyspace(&database, Commits::TABLE)?;
        let commits = Commits::open(folder, &count)?;
        Ok(Self { database, commits: Arc::new(Mutex::new(commits)), count })
    }

    /// Commits so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).number()
    }

    /// A table that the database does not have.
    pub(super) fn missing_table(&self) -> Option<&'static str> {
        Store::TABLES.into_iter().find(|name| !self.database.keyspace_exists(name))
    }

    pub(super) fn keyspace(&self, name: &str) -> Result<Keyspace, StoreError> {
        keyspace(&self.database, name)
    }

    /// All tables, in the order in which they are copied.
    pub(super) fn keyspaces(&self) -> Result<Vec<(&'static str, Keyspace)>, StoreError> {
        Store::TABLES.into_iter().map(|name| Ok((name, self.keyspace(name)?))).collect()
    }

    /// All tables as they are now.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.database.snapshot()
    }

    pub(super) fn write(&self) -> Write {
        let batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        Write { batch, engine: self.clone() }
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
    batch: OwnedWriteBatch,
    engine: Engine,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("changes", &self.batch.len()).finish()
    }
}

impl Write {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
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
        self.batch.insert(table.keyspace(), key, value);
        Ok(())
    }

    /// Removes a row, if it is there.
    pub fn remove<K: Key, V>(&mut self, table: &Table<K, V>, key: &K) {
        self.batch.remove(table.keyspace(), key.encode());
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
        match &entry.before {
            Some(before) => self.batch.insert(table.keyspace(), entry.key.clone(), before.clone()),
            None => self.batch.remove(table.keyspace(), entry.key.clone()),
        }
        Ok(())
    }

    /// Sets a row to a value that has its checksum.
    pub(super) fn put_raw(&mut self, table: &Keyspace, key: Vec<u8>, value: Vec<u8>) {
        self.batch.insert(table, key, value);
    }

    /// Writes all of it. When this returns, it is on disk.
    ///
    /// # Errors
    /// The disk is full or fails. Whether it was written is then unknown until the store is opened again.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        // fjall writes one batch at a time, too.
        let mut commits = self.engine.commits.lock().unwrap_or_else(PoisonError::into_inner);
        self.batch.insert(&self.engine.count, ().encode(), commits.next_row()?);
        let written = self.batch.commit();
        written.map_err(|source| StoreError::Engine { what: "writing", source })?;
        commits.done()
    }
}
