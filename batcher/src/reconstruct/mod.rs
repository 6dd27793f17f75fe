//! The state from what L1 has, with no operator alive.
//!
//! ```text
//! events -> history (which batches stand) -> commitment of each -> data source -> replay -> state
//! ```
//!
//! Trust: the node, for what the contract's storage and events say. The state is computed and held against the commitment of
//! each batch; the data sources are not trusted. Signatures are in no data: of a proven batch L1 has seen the proof, of one that
//! is only committed nobody has.

pub mod blobs;
pub mod commitment;
pub mod history;
pub mod source;

use std::collections::VecDeque;
use std::sync::Arc;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent,
};
use cairn_state::State;
use cairn_types::{WORD_BYTES, Word};
use thiserror::Error;
use tokio::task::JoinHandle;

use self::{
    commitment::{BatchFault, CommitmentCall},
    history::{Committed, History, HistoryError},
    source::{DataError, Sources},
};
use crate::{
    l1::{
        client::{L1Error, QueuedOperation, rpc},
        contracts::{Batch, IRollupL1},
        reader::{Head, Reader},
    },
    snapshot::{Snapshot, SnapshotError},
};

/// Commitments that are read ahead of the replay.
const AHEAD: usize = 8;

/// How far a batch is on L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// Nobody can take it back.
    Proven,
    /// It waits for its proof: the committer can take it back, and it need not even be valid.
    Committed,
}

impl std::fmt::Display for Finality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Committed => "only committed",
        })
    }
}

/// Why the state cannot be rebuilt.
#[derive(Debug, Error)]
pub enum ReconstructError {
    /// The node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// Its events.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The snapshot to start from.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No such batch.
    #[error("batch {batch} is not committed; the last one is {committed}")]
    NotCommitted {
        /// Asked for.
        batch: u32,
        /// The last one.
        committed: u32,
    },
    /// A batch before the snapshot.
    #[error(
        "the snapshot is after batch {snapshot}, batch {batch} is before it: leave out --from-snapshot"
    )]
    BeforeSnapshot {
        /// Asked for.
        batch: u32,
        /// The snapshot's.
        snapshot: u32,
    },
    /// A snapshot of a batch that L1 has with another state.
    #[error("the snapshot is not L1's state after batch {batch}: expected {expected}, got {got}")]
    OtherState {
        /// The batch.
        batch: u32,
        /// L1's.
        expected: B256,
        /// The snapshot's.
        got: B256,
    },
    /// A snapshot of a batch that is not final.
    #[error(
        "batch {batch} of the snapshot is not proven (the last proven one is {proven}): its state is not final"
    )]
    NotProven {
        /// The snapshot's.
        batch: u32,
        /// The last one.
        proven: u32,
    },
    /// The data of a batch.
    #[error("batch {batch} ({finality}): {source}")]
    Data {
        /// The batch.
        batch: u32,
        /// How far it is.
        finality: Finality,
        /// What is missing.
        source: DataError,
    },
    /// The words of a batch.
    #[error("batch {batch} ({finality}): {fault}{}", advice(.batch, .finality))]
    Batch {
        /// The batch.
        batch: u32,
        /// How far it is.
        finality: Finality,
        /// What is wrong.
        fault: BatchFault,
    },
    /// A thread ended early.
    #[error("reading ahead: {0}")]
    Task(String),
}

fn advice(batch: &u32, finality: &Finality) -> String {
    match finality {
        Finality::Proven => {
            "; L1 has accepted a proof of it: is this program older than the rollup's circuits?"
                .to_owned()
        }
        Finality::Committed => {
            format!(
                "; no proof of it exists, so it will be taken back: use --to {}",
                batch.saturating_sub(1)
            )
        }
    }
}

/// L1 as it says of a rollup: batches and queue as of one block.
#[derive(Debug)]
pub struct Rollup {
    reader: Reader,
    history: History,
    queue: Vec<QueuedOperation>,
}

/// A state, and which one it is.
#[derive(Debug)]
pub struct Reconstruction {
    /// The state after `record`.
    pub state: State,
    /// L1's record of the batch.
    pub record: Batch,
    /// How far the batch is.
    pub finality: Finality,
    /// Batches that were replayed.
    pub replayed: u32,
}

/// What the caller hears of.
pub trait Progress: Sync {
    /// L1's events have been read up to a block.
    fn block(&self, _number: u64, _of: u64) {}
    /// A batch has been replayed.
    fn batch(&self, _number: u32, _state: &State) {}
}

/// Nobody listens.
impl Progress for () {}

impl Rollup {
    /// Reads all events of a rollup from a block on, at or before its deployment.
    ///
    /// # Errors
    /// The node's, or events that are not all.
    pub async fn read(
        url: &str,
        rollup: Address,
        first_block: u64,
        progress: &impl Progress,
    ) -> Result<Self, ReconstructError> {
        let reader = Reader::connect(url, rollup).await?;
        let topics = [&History::TOPICS[..], &[IRollupL1::PriorityOperationQueued::SIGNATURE_HASH]];
        let head = reader.head().number;
        let seen = |block| progress.block(block, head);
        let logs = reader.logs(rollup, &topics.concat(), first_block, seen).await?;
        let (operations, batches): (Vec<_>, Vec<_>) = logs.into_iter().partition(|log| {
            log.topic0() == Some(&IRollupL1::PriorityOperationQueued::SIGNATURE_HASH)
        });
        let history = History::from_logs(&batches)?;
        let queue = queue(&operations)?;

        let what = "reading the rollup's batches";
        let contract = IRollupL1::new(rollup, reader.provider());
        let block = reader.block();
        let committed = contract.committedBatches().block(block).call().await;
        let proven = contract.provenBatches().block(block).call().await;
        let queued = contract.queueLength().block(block).call().await;
        // A view that fails on a block that is gone fails because of that.
        reader.check_head().await?;
        history.check(committed.map_err(|e| rpc(what, e))?, proven.map_err(|e| rpc(what, e))?)?;
        let queued = queued.map_err(|e| rpc(what, e))?;
        if queued != queue.len() as u64 {
            let reason =
                format!("{queued} operations are queued, their events are {}", queue.len());
            return Err(rpc("reading the priority queue", reason).into());
        }
        Ok(Self { reader, history, queue })
    }

    /// The node and the block that all this is as of.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The block that all this is as of.
    #[must_use]
    pub fn head(&self) -> Head {
        self.reader.head()
    }

    /// The batches.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The priority operations, in order.
    #[must_use]
    pub fn queue(&self) -> &[QueuedOperation] {
        &self.queue
    }

    /// How far a batch is.
    #[must_use]
    pub fn finality(&self, batch: u32) -> Finality {
        if batch <= self.history.proven() { Finality::Proven } else { Finality::Committed }
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
                let (batch, proven) = (snapshot.batch, self.history.proven());
                Err(ReconstructError::NotProven { batch, proven })
            }
        }
    }

    /// The state after batch `to`, from genesis or from a snapshot.
    ///
    /// # Errors
    /// The node's, missing data, or a batch that does not lead to its state.
    pub async fn reconstruct(
        &self,
        to: u32,
        from: Option<Snapshot>,
        sources: &Arc<Sources>,
        progress: &impl Progress,
    ) -> Result<Reconstruction, ReconstructError> {
        let record = self.record(to)?.clone();
        let (first, mut state) = self.start(to, from)?;
        let domain = self.reader.domain();
        let mut ahead = VecDeque::new();
        let mut next = first;
        for number in first..=to {
            while next <= to && ahead.len() < AHEAD {
                ahead.push_back(self.fetch(next, sources)?);
                next += 1;
            }
            let Some(task) = ahead.pop_front() else { break };
            let (call, data) = self.fetched(number, task).await?;
            let priority = self.priority(number)?;
            let record = self.record(number)?.clone();
            // Heavy: not on the threads that talk to the node.
            let replayed = tokio::task::spawn_blocking(move || {
                let result = call.replay(&record, &mut state, &domain, &priority, &data);
                (state, result)
            });
            let (after, result) =
                replayed.await.map_err(|e| ReconstructError::Task(e.to_string()))?;
            state = after;
            result.map_err(|fault| self.fault(number, fault))?;
            progress.batch(number, &state);
        }
        self.reader.check_head().await?;
        let (finality, replayed) = (self.finality(to), (to + 1).saturating_sub(first));
        Ok(Reconstruction { state, record, finality, replayed })
    }

    /// The first batch to replay, and the state before it.
    fn start(&self, to: u32, from: Option<Snapshot>) -> Result<(u32, State), ReconstructError> {
        let Some(mut snapshot) = from else {
            let mut state = State::genesis();
            let got = B256::from(state.summary().commitment().to_bytes());
            let expected = self.record(0)?.state;
            if got != expected {
                return Err(self.fault(0, BatchFault::State { expected, got }));
            }
            return Ok((1, state));
        };
        self.check_snapshot(&mut snapshot)?;
        if snapshot.batch > to {
            let snapshot = snapshot.batch;
            return Err(ReconstructError::BeforeSnapshot { batch: to, snapshot });
        }
        Ok((snapshot.batch + 1, snapshot.state))
    }

    fn fetch(
        &self,
        number: u32,
        sources: &Arc<Sources>,
    ) -> Result<JoinHandle<Fetched>, ReconstructError> {
        let committed = self.committed(number)?.clone();
        let (reader, sources) = (self.reader.clone(), Arc::clone(sources));
        Ok(tokio::spawn(async move {
            let call = CommitmentCall::read(&reader, &committed).await?;
            let data = sources.words(&call).await?;
            Ok((call, data))
        }))
    }

    async fn fetched(
        &self,
        batch: u32,
        task: JoinHandle<Fetched>,
    ) -> Result<(CommitmentCall, Vec<Word>), ReconstructError> {
        match task.await.map_err(|e| ReconstructError::Task(e.to_string()))? {
            Ok(found) => Ok(found),
            Err(Missing::L1(error)) => {
                // A transaction may be gone because its block is.
                self.reader.check_head().await?;
                Err(error.into())
            }
            Err(Missing::Data(source)) => {
                Err(ReconstructError::Data { batch, finality: self.finality(batch), source })
            }
        }
    }

    /// The words of the priority operations that a batch executes.
    fn priority(&self, number: u32) -> Result<Vec<Word>, ReconstructError> {
        let start = self.record(number.saturating_sub(1))?.priorityEnd;
        let end = self.record(number)?.priorityEnd;
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let operations = range.and_then(|(start, end)| self.queue.get(start..end));
        let queued = self.queue.len();
        let operations = operations
            .ok_or_else(|| self.fault(number, BatchFault::Queue { start, end, queued }))?;
        Ok(operations.iter().flat_map(|operation| operation.words.iter().copied()).collect())
    }

    fn record(&self, number: u32) -> Result<&Batch, ReconstructError> {
        self.committed(number).map(|committed| &committed.batch)
    }

    fn committed(&self, batch: u32) -> Result<&Committed, ReconstructError> {
        let committed = self.history.committed();
        self.history.get(batch).ok_or(ReconstructError::NotCommitted { batch, committed })
    }

    fn fault(&self, batch: u32, fault: BatchFault) -> ReconstructError {
        ReconstructError::Batch { batch, finality: self.finality(batch), fault }
    }
}

/// A batch's commitment and data words.
type Fetched = Result<(CommitmentCall, Vec<Word>), Missing>;

/// What may be missing of a batch.
#[derive(Debug, Error)]
enum Missing {
    #[error(transparent)]
    L1(#[from] L1Error),
    #[error(transparent)]
    Data(#[from] DataError),
}

/// The queue's operations from their events.
fn queue(logs: &[alloy::rpc::types::Log]) -> Result<Vec<QueuedOperation>, L1Error> {
    let what = "reading the priority queue";
    let mut operations = Vec::with_capacity(logs.len());
    for log in logs {
        let event =
            IRollupL1::PriorityOperationQueued::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
        let position = operations.len();
        if event.index != position as u64 {
            return Err(rpc(what, format!("operation {} stands at {position}", event.index)));
        }
        let (words, rest) = event.words.as_chunks::<WORD_BYTES>();
        if !rest.is_empty() {
            return Err(rpc(what, format!("operation {position} is not whole words")));
        }
        let words = words.iter().copied().map(Word::new).collect();
        operations.push(QueuedOperation { words, origin: event.origin });
    }
    Ok(operations)
}
