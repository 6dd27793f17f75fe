//! The operator's store: the only truth of a running rollup.
//!
//! One embedded database of typed tables. A write is atomic over all tables and durable when
//! [`Write::commit`] returns. Each table has one writer, so that no two stages ever race for a row:
//!
//! | tables | writer |
//! |---|---|
//! | `log`, `hashes`, `waiting_from` | mempool |
//! | `outcomes`, `blocks`, `batches`, `jobs`, `withdrawals`, `changes`, `accounts`, `keys`, `checkpoint` | sequencer |
//! | `publications`, `proofs` | proving |
//! | `outbox` | settlement |
//! | `l1_blocks`, `l1_queue`, `l1_batches`, `l1_view` | watcher |
//! | `meta` | whoever opens the store |
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
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use alloy::primitives::B256;
use cairn_state::BatchWitness;
use cairn_types::{Account, AccountId, Word};

pub use self::{
    backup::restore,
    check::Checked,
    codec::Key,
    engine::Write,
    error::StoreError,
    table::{Table, UndoEntry},
};
use self::{
    engine::Engine,
    records::{
        Accepted, BatchNumber, Block, BlockNumber, Checkpoint, Identity, L1Batch, L1Block,
        L1Queued, L1View, OutboxTransaction, Outcome, Publication, SealedBatch, Sequence,
        StoredProof,
    },
};

/// The layout of the tables that this program reads and writes.
pub const SCHEMA: u32 = 1;

/// The tables of one rollup's operator.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    meta: Table<(), Identity>,
    /// Accepted transactions in the one order in which they were accepted.
    pub log: Table<Sequence, Accepted>,
    /// The place in the log of each transaction, by its hash.
    pub hashes: Table<B256, Sequence>,
    /// Every transaction of the log before this one has an outcome: the mempool is rebuilt from here.
    pub waiting_from: Table<(), Sequence>,
    /// What became of each accepted transaction; absent while it waits in the mempool.
    pub outcomes: Table<Sequence, Outcome>,
    /// Soft-confirmed blocks, counted from 1 over all batches.
    pub blocks: Table<BlockNumber, Block>,
    /// Sealed batches.
    pub batches: Table<BatchNumber, SealedBatch>,
    /// What the prover needs of a sealed batch; removed once the batch is final.
    pub jobs: Table<BatchNumber, BatchWitness>,
    /// The withdrawal words of a sealed batch, kept for claims; absent for a batch without any.
    pub withdrawals: Table<BatchNumber, Vec<Word>>,
    /// The leaves that a sealed batch has changed, as they are after it; removed with the checkpoint.
    pub changes: Table<BatchNumber, Vec<(AccountId, Account)>>,
    /// The leaves of the state at `checkpoint`, in groups of [`records::ACCOUNTS_A_ROW`].
    pub accounts: Table<u32, Vec<Account>>,
    /// Which state `accounts` is.
    pub checkpoint: Table<(), Checkpoint>,
    /// Leaves that a key has ever had. A hint: the leaf itself says whose it is now.
    pub keys: Table<([u8; 40], AccountId), ()>,
    /// Where a batch's data is, and the record that L1 will make of it.
    pub publications: Table<BatchNumber, Publication>,
    /// Verified proofs, by the last batch that they cover.
    pub proofs: Table<BatchNumber, StoredProof>,
    /// L1 transactions, by nonce: stored before they are sent.
    pub outbox: Table<u64, OutboxTransaction>,
    /// The blocks of L1 that may still leave the chain, and how to take back what they did.
    pub l1_blocks: Table<u64, L1Block>,
    /// The priority queue as L1 has published it.
    pub l1_queue: Table<u64, L1Queued>,
    /// What L1 says of each batch.
    pub l1_batches: Table<BatchNumber, L1Batch>,
    /// What else the watcher knows of L1.
    pub l1_view: Table<(), L1View>,
}

impl Store {
    /// Opens the store in `folder`, or makes one for this rollup.
    ///
    /// # Errors
    /// Another process has it open, it is of another rollup or a newer schema, or it is damaged.
    pub fn open(folder: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let engine = Engine::open(folder)?;
        // All tables are made before the first commit.
        let (commits, missing) = (engine.commits(), engine.missing_table());
        let store = Self::tables(engine)?;
        match store.meta.get(&())? {
            None if commits > 0 => return Err(StoreError::LostTable { table: store.meta.name() }),
            None => {
                let mut write = store.write();
                write.put(&store.meta, &(), identity)?;
                write.commit()?;
            }
            Some(found) => {
                found.check(identity)?;
                if let Some(table) = missing.filter(|_| found.schema == SCHEMA) {
                    return Err(StoreError::LostTable { table });
                }
                migrations::run(&store, found, &migrations::STEPS)?;
            }
        }
        Ok(store)
    }

    /// Opens the store in `folder`, of whichever rollup, to look after it.
    ///
    /// # Errors
    /// There is none; else as [`Self::open`].
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        if !folder.is_dir() {
            return Err(StoreError::NoStore { folder: folder.to_owned() });
        }
        let engine = Engine::open(folder)?;
        let missing = engine.missing_table();
        let store = Self::tables(engine)?;
        match (store.meta.get(&())?, missing) {
            (None, _) => Err(StoreError::NoStore { folder: folder.to_owned() }),
            (Some(found), _) if found.schema != SCHEMA => {
                Err(StoreError::NewerSchema { expected: SCHEMA, got: found.schema })
            }
            (Some(_), Some(table)) => Err(StoreError::LostTable { table }),
            (Some(_), None) => Ok(store),
        }
    }

    fn tables(engine: Engine) -> Result<Self, StoreError> {
        Ok(Self {
            meta: Table::open(&engine, "meta")?,
            log: Table::open(&engine, "log")?,
            hashes: Table::open(&engine, "hashes")?,
            waiting_from: Table::open(&engine, "waiting_from")?,
            outcomes: Table::open(&engine, "outcomes")?,
            blocks: Table::open(&engine, "blocks")?,
            batches: Table::open(&engine, "batches")?,
            jobs: Table::open(&engine, "jobs")?,
            withdrawals: Table::open(&engine, "withdrawals")?,
            changes: Table::open(&engine, "changes")?,
            accounts: Table::open(&engine, "accounts")?,
            checkpoint: Table::open(&engine, "checkpoint")?,
            keys: Table::open(&engine, "keys")?,
            publications: Table::open(&engine, "publications")?,
            proofs: Table::open(&engine, "proofs")?,
            outbox: Table::open(&engine, "outbox")?,
            l1_blocks: Table::open(&engine, "l1_blocks")?,
            l1_queue: Table::open(&engine, "l1_queue")?,
            l1_batches: Table::open(&engine, "l1_batches")?,
            l1_view: Table::open(&engine, "l1_view")?,
            engine,
        })
    }

    /// Names of all tables.
    pub(crate) const TABLES: [&str; 20] = [
        "meta",
        "log",
        "hashes",
        "waiting_from",
        "outcomes",
        "blocks",
        "batches",
        "jobs",
        "withdrawals",
        "changes",
        "accounts",
        "checkpoint",
        "keys",
        "publications",
        "proofs",
        "outbox",
        "l1_blocks",
        "l1_queue",
        "l1_batches",
        "l1_view",
    ];

    /// Gives back the room of rows that were removed or replaced, while the store is in use. Gives the bytes on disk before
    /// and after.
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
