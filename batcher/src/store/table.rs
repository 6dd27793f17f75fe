//! A typed table: keys in order, each row with its checksum.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Bound, RangeBounds},
};

use fjall::{Keyspace, Readable, Snapshot};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    codec::{Key, decode},
    engine::Engine,
    error::StoreError,
};

/// A table of the store. Rows are written by [`super::Write`].
pub struct Table<K, V> {
    name: &'static str,
    keyspace: Keyspace,
    types: PhantomData<fn(K) -> V>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { name: self.name, keyspace: self.keyspace.clone(), types: PhantomData }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.name).finish()
    }
}

/// How a row was before a change; as bytes, checksum and all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoEntry {
    pub(super) table: String,
    pub(super) key: Vec<u8>,
    pub(super) before: Option<Vec<u8>>,
}

impl UndoEntry {
    /// The table that the row is in.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl<K, V> Table<K, V> {
    pub(super) fn open(engine: &Engine, name: &'static str) -> Result<Self, StoreError> {
        Ok(Self { name, keyspace: engine.keyspace(name)?, types: PhantomData })
    }

    /// The table's name, in errors and on disk.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    fn engine_error(&self, source: fjall::Error) -> StoreError {
        StoreError::Table { table: self.name, source }
    }
}

impl<K: Key, V> Table<K, V> {
    pub(super) fn undo_entry(&self, key: &K) -> Result<UndoEntry, StoreError> {
        let key = key.encode();
        let before = self.keyspace.get(&key).map_err(|e| self.engine_error(e))?;
        let before = before.map(|value| value.to_vec());
        Ok(UndoEntry { table: self.name.to_owned(), key, before })
    }

    /// As [`Self::contains`], at one moment of the store.
    pub(super) fn contains_at(&self, at: &Snapshot, key: &K) -> Result<bool, StoreError> {
        at.contains_key(&self.keyspace, key.encode()).map_err(|e| self.engine_error(e))
    }

    /// Whether there is such a row; its value is not read.
    ///
    /// # Errors
    /// The disk's.
    pub fn contains(&self, key: &K) -> Result<bool, StoreError> {
        self.keyspace.contains_key(key.encode()).map_err(|e| self.engine_error(e))
    }
}

impl<K: Key, V: Serialize + DeserializeOwned> Table<K, V> {
    /// A row.
    ///
    /// # Errors
    /// The disk's, or the row is damaged.
    pub fn get(&self, key: &K) -> Result<Option<V>, StoreError> {
        let key = key.encode();
        let value = self.keyspace.get(&key).map_err(|e| self.engine_error(e))?;
        value.map(|value| decode(self.name, &key, &value)).transpose()
    }

    /// As [`Self::get`], at one moment of the store.
    pub(super) fn get_at(&self, at: &Snapshot, key: &K) -> Result<Option<V>, StoreError> {
        let key = key.encode();
        let value = at.get(&self.keyspace, &key).map_err(|e| self.engine_error(e))?;
        value.map(|value| decode(self.name, &key, &value)).transpose()
    }

    /// As [`Self::iter`], at one moment of the store.
    pub(super) fn rows_at(
        &self,
        at: &Snapshot,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V> {
        self.rows(at.iter(&self.keyspace))
    }

    /// The row with the smallest key.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn first(&self) -> Result<Option<(K, V)>, StoreError> {
        self.iter().next().transpose()
    }

    /// The row with the largest key.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn last(&self) -> Result<Option<(K, V)>, StoreError> {
        self.iter().next_back().transpose()
    }

    /// All rows in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V> {
        self.rows(self.keyspace.iter())
    }

    /// The rows with keys in a range, in their order, as of now. Can be read from its end.
    pub fn range<R: RangeBounds<K>>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V, R> {
        let bound = |bound: Bound<&K>| bound.map(Key::encode);
        let range = (bound(range.start_bound()), bound(range.end_bound()));
        self.rows(self.keyspace.range(range))
    }

    fn rows(
        &self,
        rows: fjall::Iter,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V> {
        let name = self.name;
        rows.map(move |row| {
            let (key, value) =
                row.into_inner().map_err(|source| StoreError::Table { table: name, source })?;
            let value = decode(name, &key, &value)?;
            let key = K::decode(&key)
                .ok_or_else(|| StoreError::Damaged { table: name, key: key.to_vec() })?;
            Ok((key, value))
        })
    }
}
