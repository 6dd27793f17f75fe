//! The embedded database below the tables: fjall, opened once a process.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::{Key, encode},
    error::StoreError,
    table::{Table, UndoEntry},
};

/// A handle on the database; clones share it.
#[derive(Clone)]
pub(super) struct Engine {
    database: Database,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the database in `folder`, or makes it.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder).open().map_err(|e| match e {
            fjall::Error::Locked => StoreError::InUse { folder: folder.to_path_buf() },
            other => StoreError::Engine { what: "opening the store", source: other },
        })?;
        Ok(Self { database })
    }

    pub(super) fn keyspace(&self, name: &str) -> Result<Keyspace, StoreError> {
        self.database
            .keyspace(name, KeyspaceCreateOptions::default)
            .map_err(|source| StoreError::Engine { what: "opening a table", source })
    }

    pub(super) fn write(&self) -> Write {
        let batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        Write { batch }
    }
}

/// Changes of any tables that happen together or not at all.
#[must_use = "nothing is written before commit"]
pub struct Write {
    batch: OwnedWriteBatch,
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

    /// Writes all of it. When this returns, it is on disk.
    ///
    /// # Errors
    /// The disk is full or fails. Whether it was written is then unknown until the store is opened again.
    pub fn commit(self) -> Result<(), StoreError> {
        self.batch.commit().map_err(|source| StoreError::Engine { what: "writing", source })
    }
}
