//! The state from what L1 has, with no operator alive.
//!
//! ```text
//! events -> history (which batches stand) -> commitment of each -> data source -> replay -> state
//! ```
//!
//! Trust: the node, for what the contract's storage and events say. The state is computed and held against the commitment of
//! each batch; the data sources are not trusted, and neither is who has deployed the rollup: it starts from the empty ledger,
//! or from one that was published. Signatures are in no data: of a proven batch L1 has seen the proof, of one that is only
//! committed nobody has.

pub mod beacon;
pub mod blobs;
pub mod calldata;
pub mod commitment;
pub mod committee;
mod error;
pub mod history;
mod places;
mod remote;
mod replay;
mod settled;
mod slots;
pub mod source;

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::{SolEvent, SolValue},
};
use cairn_state::State;

use self::{
    commitment::BatchFault,
    history::{Committed, History},
    settled::{Events, Settled},
};
pub use self::{
    error::{Finality, ReconstructError},
    places::{Answers, Refusal},
    remote::BadUrl,
    replay::{Executed, Progress, Reconstruction},
};
use crate::{
    l1::{
        contracts::{Batch, IRollupL1},
        data_modes::DataModes,
        error::rpc,
        queue::QueuedOperation,
        reader::{Head, Reader},
    },
    snapshot::Snapshot,
};

/// L1 as it says of a rollup: batches and queue as of one block.
#[derive(Debug)]
pub struct Rollup {
    reader: Reader,
    /// The state that it starts from.
    genesis: State,
    events: Events,
    /// What a later reading goes on from.
    settled: Arc<Settled>,
    data_modes: DataModes,
}

impl Rollup {
    /// Reads all events of a rollup from a block on, at or before its deployment. `ledger` is what it starts from, as it was
    /// published: a snapshot of batch 0. Without one it must start from nothing.
    ///
    /// # Errors
    /// The node's, events that are not all, or another start.
    pub async fn read(
        url: &str,
        rollup: Address,
        first_block: u64,
        ledger: Option<Snapshot>,
        progress: &impl Progress,
    ) -> Result<Self, ReconstructError> {
        let reader = Reader::connect(url, rollup).await?;
        let genesis = match ledger {
            Some(ledger) => {
                ledger.check_rollup(reader.chain_id(), rollup)?;
                match ledger.batch {
                    0 => ledger.state,
                    batch => return Err(ReconstructError::NoGenesis { batch }),
                }
            }
            None => State::genesis(),
        };
        let settled = Arc::new(Settled::new(first_block));
        Self::read_on(reader, genesis, settled, None, progress).await
    }

    /// The same rollup as of the node's latest block. Only events behind those are read that an earlier refresh has found
    /// to be `confirmations` blocks deep; if these have left the chain all the same, all are read again.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn refresh(&self, confirmations: u64) -> Result<Self, ReconstructError> {
        let Self { reader, genesis, settled, .. } = self;
        let now = Reader::new(reader.provider().clone(), reader.address()).await?;
        now.expect_chain(reader.chain_id())?;
        let is_there = match settled.last {
            // A node that does not answer has forgotten nothing.
            Some((block, hash)) => match now.block_hash(block).await {
                Err(error) if error.is_transient() => return Err(error.into()),
                found => found.ok() == Some(hash),
            },
            None => true,
        };
        let settled = match is_there {
            true => Arc::clone(settled),
            false => Arc::new(Settled::new(settled.first_block)),
        };
        Self::read_on(now, genesis.clone(), settled, Some(confirmations), &()).await
    }

    async fn read_on(
        reader: Reader,
        genesis: State,
        settled: Arc<Settled>,
        confirmations: Option<u64>,
        progress: &impl Progress,
    ) -> Result<Self, ReconstructError> {
        let rollup = reader.address();
        let topics = [&History::TOPICS[..], &[IRollupL1::PriorityOperationQueued::SIGNATURE_HASH]];
        let head = reader.head().number;
        let seen = |block| progress.block(block, head);
        let logs = reader.logs(rollup, &topics.concat(), settled.next(), seen).await?;
        let edge = confirmations.map(|confirmations| head.saturating_sub(confirmations));
        let (settled, late) = match edge.filter(|edge| *edge >= settled.next()) {
            Some(edge) => settled.advance(&reader, edge, &logs).await?,
            None => (settled, &logs[..]),
        };
        let mut events = settled.events.clone();
        events.apply(late)?;
        let Events { history, queue } = &events;
        history.check_begun()?;

        let what = "reading the rollup's batches";
        let contract = IRollupL1::new(rollup, reader.provider());
        let committed = reader.view(what, contract.committedBatches()).await;
        let proven = reader.view(what, contract.provenBatches()).await;
        let queued = reader.view(what, contract.queueLength()).await;
        let data_modes = reader.view(what, contract.DATA_MODES()).await;
        // A view that fails on a block that is gone fails because of that.
        reader.check_head().await?;
        history.check(committed?, proven?)?;
        let (queued, data_modes) = (queued?, data_modes?.into());
        if queued != queue.len() as u64 {
            let reason =
                format!("{queued} operations are queued, their events are {}", queue.len());
            return Err(rpc("reading the priority queue", reason).into());
        }
        let mut read = Self { reader, genesis, events, settled, data_modes };
        read.check_records().await?;
        read.check_genesis()?;
        Ok(read)
    }

    /// Holds the records that the contract has the hashes of against these: of the last proven batch and of the last one.
    async fn check_records(&self) -> Result<(), ReconstructError> {
        let what = "reading the hash of a batch's record";
        let contract = IRollupL1::new(self.reader.address(), self.reader.provider());
        for number in [self.history().proven(), self.history().committed()] {
            let stored = self.reader.view(what, contract.batchHash(number)).await;
            self.reader.check_head().await?;
            let (expected, got) = (stored?, keccak256(self.record(number)?.abi_encode()));
            if expected != got {
                return Err(ReconstructError::OtherRecord { batch: number, expected, got });
            }
        }
        Ok(())
    }

    /// Nothing else tells accounts with money that nobody has deposited: all that follows from them is proven.
    fn check_genesis(&mut self) -> Result<(), ReconstructError> {
        let expected = B256::from(self.genesis.summary().commitment().to_bytes());
        let got = self.record(0)?.state;
        if expected == got { Ok(()) } else { Err(ReconstructError::Genesis { expected, got }) }
    }

    /// The node and the block that all this is as of.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The state that it starts from.
    #[must_use]
    pub fn genesis(&self) -> &State {
        &self.genesis
    }

    /// The block that all this is as of.
    #[must_use]
    pub fn head(&self) -> Head {
        self.reader.head()
    }

    /// The batches.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.events.history
    }

    /// The priority operations, in order.
    #[must_use]
    pub fn queue(&self) -> &[QueuedOperation] {
        &self.events.queue
    }

    /// Where its batches may have their data.
    #[must_use]
    pub fn data_modes(&self) -> DataModes {
        self.data_modes
    }

    /// How far a batch is.
    #[must_use]
    pub fn finality(&self, batch: u32) -> Finality {
        if batch <= self.history().proven() { Finality::Proven } else { Finality::Committed }
    }

    /// Holds a snapshot against L1's record of its batch.
    ///
    /// # Errors
    /// It is of another rollup, batch or state.
    pub fn check_snapshot(&self, snapshot: &mut Snapshot) -> Result<Finality, ReconstructError> {
        snapshot.check_rollup(self.reader.chain_id(), self.reader.address())?;
        let batch = snapshot.batch;
        let record = self.record(batch)?;
        let got = B256::from(snapshot.commitment().to_bytes());
        if got != record.state {
            return Err(ReconstructError::OtherState { batch, expected: record.state, got });
        }
        Ok(self.finality(batch))
    }

    /// As [`Self::check_snapshot`], and that nobody can take the batch back.
    ///
    /// # Errors
    /// Also if it is not proven.
    pub fn check_final_snapshot(&self, snapshot: &mut Snapshot) -> Result<(), ReconstructError> {
        match self.check_snapshot(snapshot)? {
            Finality::Proven => Ok(()),
            Finality::Committed => {
                let (batch, proven) = (snapshot.batch, self.history().proven());
                Err(ReconstructError::NotProven { batch, proven })
            }
        }
    }

    fn record(&self, number: u32) -> Result<&Batch, ReconstructError> {
        self.committed(number).map(|committed| &committed.batch)
    }

    fn committed(&self, batch: u32) -> Result<&Committed, ReconstructError> {
        let committed = self.history().committed();
        self.history().get(batch).ok_or(ReconstructError::NotCommitted { batch, committed })
    }

    fn fault(&self, batch: u32, fault: BatchFault) -> ReconstructError {
        ReconstructError::Batch { batch, finality: self.finality(batch), fault }
    }
}
