//! The operator's store: the only truth of a running rollup.
//!
//! One embedded database of typed tables. A write is atomic over all tables and durable when
//! [`Write::commit`] returns. Each table has one writer, so that no two stages ever race for a row:
//!
//! | tables | writer |
//! |---|---|
//! | `log`, `hashes`, `waiting_from` | mempool |
//! | `outcomes`, `blocks`, `batches`, `jobs`, `withdrawals`, `changes`, `keys` | sequencer |
//! | `accounts`, `checkpoint`, `advancing`, `order` | sequencer |
//! | `publications`, `proofs` | proving |
//! | `outbox` | settlement |
//! | `l1_blocks`, `l1_queue`, `l1_batches`, `l1_view`, `final_since` | watcher |
//! | `meta` | whoever opens the store |
//! | `replica` | every commit, where there is a stream of them for a standby |
//!
//! At a start, before any stage runs, the sequencer also removes what was published and proven of batches that it
//! stamps anew.
//!
//! Trust: none in the bytes on disk. Every row carries a checksum over its table's name, its key and
//! its value, and a row that does not check is an error, never a value. The database below cuts its
//! journal off where it cannot read it, so journals are read before it does (`journal`), and commits
//! are counted a second time beside it (`commits`): a store that has lost a commit does not open.

mod backup;
mod check;
mod codec;
mod commits;
mod engine;
pub mod error;
mod journal;
mod migrations;
pub mod records;
mod replica;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

use std::{cmp::Ordering, path::Path};

use alloy::primitives::B256;
use cairn_state::BatchWitness;
use cairn_types::{Account, AccountId, Word};

pub use self::{
    backup::restore,
    check::Checked,
    codec::Key,
    engine::Write,
    error::StoreError,
    replica::Replicate,
    table::{Table, UndoEntry},
    watch::watch,
};
use self::{
    engine::Engine,
    records::{
        Accepted, BatchNumber, Block, BlockNumber, Checkpoint, Identity, L1Batch, L1Block,
        L1Queued, L1View, Milliseconds, Order, OutboxTransaction, Outcome, Publication, Replicated,
        SealedBatch, Sequence, StoredProof,
    },
};

/// The layout of the tables that this program reads and writes. 2 added `order`, `advancing` and `final_since`, 3 `replica`.
pub const SCHEMA: u32 = 3;

/// Declares the store: each table once, with the layout that it came with.
macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $visibility:vis $name:ident: $key:ty => $value:ty, $since:literal;)+) => {
        /// The tables of one rollup's operator.
        #[derive(Debug, Clone)]
        pub struct Store {
            engine: Engine,
            $($(#[doc = $doc])+ $visibility $name: Table<$key, $value>,)+
        }

        impl Store {
            /// Names of all tables.
            pub(crate) const TABLES: &[&str] = &[$(stringify!($name)),+];

            /// The layouts that they came with, in the same order.
            const SINCE: &[u32] = &[$($since),+];

            fn tables(engine: Engine) -> Result<Self, StoreError> {
                Ok(Self { $($name: Table::open(&engine, stringify!($name))?,)+ engine })
            }
        }
    };
}

tables! {
    /// Whose store it is.
    meta: () => Identity, 1;
    /// Accepted transactions in the one order in which they were accepted.
    pub log: Sequence => Accepted, 1;
    /// The place in the log of each transaction, by its hash.
    pub hashes: B256 => Sequence, 1;
    /// Every transaction of the log before this one has an outcome: the mempool is rebuilt from here.
    pub waiting_from: () => Sequence, 1;
    /// What became of each accepted transaction; absent while it waits in the mempool.
    pub outcomes: Sequence => Outcome, 1;
    /// Soft-confirmed blocks, counted from 1 over all batches.
    pub blocks: BlockNumber => Block, 1;
    /// Sealed batches.
    pub batches: BatchNumber => SealedBatch, 1;
    /// What the prover needs of a sealed batch; removed once the batch is final.
    pub jobs: BatchNumber => BatchWitness, 1;
    /// The withdrawal words of a sealed batch, kept for claims; absent for a batch without any.
    pub withdrawals: BatchNumber => Vec<Word>, 1;
    /// The leaves that a sealed batch has changed, as they are after it; removed with the checkpoint.
    pub changes: BatchNumber => Vec<(AccountId, Account)>, 1;
    /// The leaves of the state at `checkpoint`, in groups of [`records::ACCOUNTS_A_ROW`].
    pub accounts: u32 => Vec<Account>, 1;
    /// Which state `accounts` is.
    pub checkpoint: () => Checkpoint, 1;
    /// The batch after `checkpoint`, while its changes are written to `accounts` part by part: some are
    /// there, all are in `changes`.
    pub advancing: () => BatchNumber, 2;
    /// Leaves that a key has ever had. A hint: the leaf itself says whose it is now.
    pub keys: ([u8; 40], AccountId) => (), 1;
    /// What the operator has last told the sequencer; absent until then.
    pub order: () => Order, 2;
    /// Where a batch's data is, and the record that L1 will make of it.
    pub publications: BatchNumber => Publication, 1;
    /// Verified proofs, by the last batch that they cover.
    pub proofs: BatchNumber => StoredProof, 1;
    /// L1 transactions, by nonce: stored before they are sent.
    pub outbox: u64 => OutboxTransaction, 1;
    /// The blocks of L1 that may still leave the chain, and how to take back what they did.
    pub l1_blocks: u64 => L1Block, 1;
    /// The priority queue as L1 has published it.
    pub l1_queue: u64 => L1Queued, 1;
    /// What L1 says of each batch.
    pub l1_batches: BatchNumber => L1Batch, 1;
    /// What else the watcher knows of L1.
    pub l1_view: () => L1View, 1;
    /// When the watcher first counted a batch as final. Counts for those only that `l1_view` has as final: L1 may have gone
    /// back. Absent for batches that became so before there was this table.
    pub final_since: BatchNumber => Milliseconds, 2;
    /// How far the store is in the stream of commits, if it is in one.
    pub replica: () => Replicated, 3;
}

impl Store {
    /// Opens the store in `folder`, or makes one for this rollup.
    ///
    /// # Errors
    /// Another process has it open, it is of another rollup or a newer schema, or it is damaged.
    pub fn open(folder: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let (store, found) = Self::open_any(folder)?;
        match found {
            None => {
                let mut write = store.write();
                write.put(&store.meta, &(), identity)?;
                write.commit()?;
            }
            Some(found) => {
                found.check(identity)?;
                migrations::run(&store, found, &migrations::STEPS)?;
            }
        }
        Ok(store)
    }

    /// Opens the store in `folder`, of whichever rollup, to look after it.
    ///
    /// # Errors
    /// There is none, or one of an earlier schema; else as [`Self::open`].
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        let none = || StoreError::NoStore { folder: folder.to_owned() };
        if !folder.is_dir() {
            return Err(none());
        }
        let (store, found) = Self::open_any(folder)?;
        let (expected, got) = (SCHEMA, found.ok_or_else(none)?.schema);
        match got.cmp(&expected) {
            Ordering::Less => Err(StoreError::NotMigrated { expected, got }),
            Ordering::Equal => Ok(store),
            Ordering::Greater => Err(StoreError::NewerSchema { expected, got }),
        }
    }

    /// Opens the store, and refuses one that has lost a table. What it says of itself; nothing if it is new.
    fn open_any(folder: &Path) -> Result<(Self, Option<Identity>), StoreError> {
        let engine = Engine::open(folder)?;
        let lost = |table| StoreError::LostTable { table };
        // All tables are made before the first commit. A lost one is told before it is made again, or the next start
        // would take it for an empty one.
        let found = if engine.commits() == 0 {
            None
        } else if engine.is_missing("meta") {
            return Err(lost("meta"));
        } else {
            let meta: Table<(), Identity> = Table::open(&engine, "meta")?;
            let found = meta.get(&())?.ok_or_else(|| lost("meta"))?;
            for (table, since) in Self::TABLES.iter().zip(Self::SINCE) {
                if *since <= found.schema && engine.is_missing(table) {
                    return Err(lost(*table));
                }
            }
            Some(found)
        };
        Ok((Self::tables(engine)?, found))
    }

    /// Gives back the room of rows that were removed or replaced, while the store is in use. Gives the bytes on disk
    /// before and after.
    ///
    /// # Errors
    /// The disk's: as much again as the largest table takes must be free.
    pub fn compact(&self) -> Result<(u64, u64), StoreError> {
        let before = self.engine.size()?;
        for (table, keyspace) in self.engine.keyspaces()? {
            let failed = |source| StoreError::Table { table, source };
            keyspace.rotate_memtable_and_wait().map_err(failed)?;
            keyspace.major_compact().map_err(failed)?;
        }
        Ok((before, self.engine.size()?))
    }

    /// An empty write.
    pub fn write(&self) -> Write {
        self.engine.write()
    }
}
