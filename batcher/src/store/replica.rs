//! Commits as bytes: what a store that follows another needs of it.
//!
//! A commit is the number of the layout (4 bytes, little-endian, as all numbers here), the CRC-32C of what follows, and
//! its changes. A change is the place of its table in [`Store::TABLES`] (one byte), the length of its key, the length of
//! its value plus one, or zero for a row that is removed (4 bytes each), the key, and the value with its checksum, as
//! stored. A store that makes the same commits in the same order holds the same rows: to go on from it is to start again
//! after a kill.
//!
//! Trust: none in the bytes. A commit that is not whole, of another layout, or with a damaged row changes nothing.

use std::{fmt, sync::Arc};

use alloy::primitives::{B256, keccak256};
use fjall::{Keyspace, Slice};

use super::{
    SCHEMA, Store, StoreError, codec,
    records::{Identity, Replicated, StreamPosition},
};

/// Bytes before the changes.
const HEAD: usize = 8;

/// Where commits are copied to before they are made.
pub trait Replicate: Send + Sync + fmt::Debug {
    /// Adds a commit to the stream. Blocks until others can read it, for as long as nobody else writes there.
    ///
    /// # Errors
    /// It is not there, and never will be: another operator has taken over, or this one stops. The reason, for people.
    fn append(&self, commit: Vec<u8>) -> Result<StreamPosition, String>;
}

/// A row that is set or removed.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) table: &'static str,
    pub(super) keyspace: Keyspace,
    pub(super) key: Slice,
    /// With its checksum.
    pub(super) value: Option<Slice>,
}

impl Change {
    pub(super) fn new(
        table: &'static str,
        keyspace: &Keyspace,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Self {
        Self { table, keyspace: keyspace.clone(), key: key.into(), value: value.map(Into::into) }
    }
}

/// The bytes of a commit.
pub(super) fn encode(changes: &[Change]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = SCHEMA.to_le_bytes().to_vec();
    bytes.resize(HEAD, 0);
    for Change { table, key, value, .. } in changes {
        let place = Store::TABLES.iter().position(|name| name == table);
        let place = place.and_then(|place| u8::try_from(place).ok());
        let key_length = u32::try_from(key.len()).ok();
        // One more than it has, and none for a row that is removed.
        let value_length =
            value.as_ref().map_or(Some(0), |v| u32::try_from(v.len()).ok()?.checked_add(1));
        let (Some(place), Some(key_length), Some(value_length)) = (place, key_length, value_length)
        else {
            return Err(StoreError::BadCommit);
        };
        bytes.push(place);
        bytes.extend(key_length.to_le_bytes());
        bytes.extend(value_length.to_le_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    let (_, changes) = bytes.split_at(HEAD);
    let sum = crc32c::crc32c(changes).to_le_bytes();
    bytes.splice(HEAD - sum.len()..HEAD, sum);
    Ok(bytes)
}

/// Takes bytes from the front of a commit.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: u32) -> Result<&'a [u8], StoreError> {
        let count = usize::try_from(count).map_err(|_| StoreError::BadCommit)?;
        let (taken, rest) = self.0.split_at_checked(count).ok_or(StoreError::BadCommit)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, StoreError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(StoreError::BadCommit)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*taken))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }
}

impl Store {
    /// From now on each commit of this store is in the stream before it is here.
    ///
    /// # Errors
    /// It has a stream already.
    pub fn replicate(&self, stream: Arc<dyn Replicate>) -> Result<(), StoreError> {
        self.engine.replicate(stream, self.replica.clone())
    }

    /// Makes commits of the stream, the first ones first, which leave this store at `position`: all of them, or none.
    ///
    /// Trust: they are those after the ones that this store has.
    ///
    /// # Errors
    /// The disk's, or a commit is damaged or of another layout.
    pub fn replay<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a [u8]>,
        position: StreamPosition,
    ) -> Result<(), StoreError> {
        let mut write = self.write();
        for commit in commits {
            self.decode(commit, |change| write.push(change))?;
        }
        write.put(&self.replica, &(), &Replicated { position, leads: false })?;
        write.commit_replayed()
    }

    /// Notes where this store stands in the stream, and whether its operator leads.
    ///
    /// # Errors
    /// The disk's.
    pub fn stand_at(&self, replicated: Replicated) -> Result<(), StoreError> {
        let mut write = self.write();
        write.put(&self.replica, &(), &replicated)?;
        write.commit_replayed()
    }

    /// From now on the store's commits are in no stream: whoever followed it is not its copy any more.
    ///
    /// # Errors
    /// The disk's.
    pub fn leave_stream(&self) -> Result<(), StoreError> {
        let mut write = self.write();
        write.remove(&self.replica, &());
        write.commit()
    }

    /// Which rollup's commits these are: a digest of its chain, its contract and the state that it started with.
    ///
    /// # Errors
    /// The disk's.
    pub fn rollup(&self) -> Result<B256, StoreError> {
        let missing = || StoreError::Missing { table: "meta", key: "()".to_owned() };
        let Identity { chain_id, rollup, genesis, .. } = self.meta.get(&())?.ok_or_else(missing)?;
        Ok(keccak256([&chain_id.to_be_bytes()[..], &rollup[..], &genesis[..]].concat()))
    }

    /// Whether anything was ever written to this store besides whose it is.
    ///
    /// # Errors
    /// The disk's.
    pub fn is_new(&self) -> Result<bool, StoreError> {
        Ok(self.l1_view.get(&())?.is_none()
            && self.checkpoint.get(&())?.is_none()
            && self.blocks.first()?.is_none()
            && self.log.first()?.is_none())
    }

    fn decode(&self, commit: &[u8], mut each: impl FnMut(Change)) -> Result<(), StoreError> {
        let mut reader = Reader(commit);
        let (expected, got) = (SCHEMA, reader.number()?);
        if got != expected {
            return Err(StoreError::OtherLayout { expected, got });
        }
        if reader.number()? != crc32c::crc32c(reader.0) {
            return Err(StoreError::BadCommit);
        }
        while let Some(place) = reader.byte() {
            let table = *Self::TABLES.get(usize::from(place)).ok_or(StoreError::BadCommit)?;
            let (key_length, value_length) = (reader.number()?, reader.number()?);
            let key = reader.bytes(key_length)?.to_vec();
            let value = match value_length.checked_sub(1) {
                Some(length) => Some(reader.bytes(length)?.to_vec()),
                None => None,
            };
            if let Some(value) = &value {
                codec::check(table, &key, value)?;
            }
            each(Change::new(table, &self.engine.keyspace(table)?, key, value));
        }
        Ok(())
    }
}
