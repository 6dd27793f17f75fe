//! Batch after batch: commitment and data are read ahead, the state follows.

use std::{collections::VecDeque, sync::Arc};

use cairn_state::State;
use cairn_types::{WORD_BYTES, Word};
use thiserror::Error;
use tokio::task::JoinHandle;

use super::{
    Finality, ReconstructError, Rollup,
    commitment::{BatchFault, Publication},
    source::{DataError, Sources},
};
use crate::{
    l1::{contracts::Batch, error::L1Error},
    snapshot::Snapshot,
};

/// Batches that are read ahead of the replay, at most.
const AHEAD: usize = 8;
/// Bytes of their data, at most: eight of the largest batches of a data committee would be a gigabyte that waits.
const AHEAD_BYTES: u64 = 256 << 20;

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
    /// The same, with its words.
    fn executed(&self, _batch: &Executed<'_>) {}
}

/// A batch that has been replayed, and leads to the state that L1 has.
#[derive(Debug, Clone, Copy)]
pub struct Executed<'a> {
    /// Its number.
    pub number: u32,
    /// Words of its priority operations.
    pub priority: &'a [Word],
    /// Words of its data.
    pub data: &'a [Word],
    /// Words of its withdrawals.
    pub withdrawals: &'a [Word],
    /// The state after it.
    pub state: &'a State,
}

/// Nobody listens.
impl Progress for () {}

/// A batch as L1 has it, and its data words.
type Fetched = Result<(Publication, Vec<Word>), Missing>;

/// A batch that is read ahead.
struct Ahead {
    /// Bytes of its data.
    bytes: u64,
    task: JoinHandle<Fetched>,
}

/// What may be missing of a batch.
#[derive(Debug, Error)]
enum Missing {
    #[error(transparent)]
    L1(#[from] L1Error),
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Rollup {
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
            while next <= to {
                let bytes = self.bytes(next)?;
                if !has_room(ahead.iter().map(|waiting: &Ahead| waiting.bytes), bytes) {
                    break;
                }
                ahead.push_back(Ahead { bytes, task: self.fetch(next, sources)? });
                next += 1;
            }
            let Some(Ahead { task, .. }) = ahead.pop_front() else { break };
            let (published, data) = self.fetched(number, task).await?;
            let priority = self.priority(number)?;
            let previous = self.record(number.saturating_sub(1))?.clone();
            // Heavy: not on the threads that talk to the node.
            let replayed = tokio::task::spawn_blocking(move || {
                let result = published.replay(&previous, &mut state, &domain, &priority, &data);
                (state, priority, data, result)
            });
            let (after, priority, data, result) =
                replayed.await.map_err(|e| ReconstructError::Task(e.to_string()))?;
            state = after;
            let withdrawals = result.map_err(|fault| self.fault(number, fault))?;
            progress.batch(number, &state);
            let (priority, data, withdrawals) = (&priority[..], &data[..], &withdrawals[..]);
            progress.executed(&Executed { number, priority, data, withdrawals, state: &state });
        }
        self.reader.check_head().await?;
        let (finality, replayed) = (self.finality(to), (to + 1).saturating_sub(first));
        Ok(Reconstruction { state, record, finality, replayed })
    }

    /// The first batch to replay, and the state before it.
    fn start(&self, to: u32, from: Option<Snapshot>) -> Result<(u32, State), ReconstructError> {
        let Some(mut snapshot) = from else { return Ok((1, self.genesis.clone())) };
        self.check_snapshot(&mut snapshot)?;
        if snapshot.batch > to {
            let snapshot = snapshot.batch;
            return Err(ReconstructError::BeforeSnapshot { batch: to, snapshot });
        }
        Ok((snapshot.batch + 1, snapshot.state))
    }

    /// Bytes of a batch's data, as L1 has it.
    fn bytes(&self, number: u32) -> Result<u64, ReconstructError> {
        Ok(u64::from(self.committed(number)?.data_count) * WORD_BYTES as u64)
    }

    fn fetch(
        &self,
        number: u32,
        sources: &Arc<Sources>,
    ) -> Result<JoinHandle<Fetched>, ReconstructError> {
        let committed = self.committed(number)?.clone();
        let (reader, sources) = (self.reader.clone(), Arc::clone(sources));
        Ok(tokio::spawn(async move {
            let published = Publication::read(&reader, &committed).await?;
            let data = sources.words(&published).await?;
            Ok((published, data))
        }))
    }

    async fn fetched(
        &self,
        batch: u32,
        task: JoinHandle<Fetched>,
    ) -> Result<(Publication, Vec<Word>), ReconstructError> {
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
        let operations = range.and_then(|(start, end)| self.queue().get(start..end));
        let queued = self.queue().len();
        let operations = operations
            .ok_or_else(|| self.fault(number, BatchFault::Queue { start, end, queued }))?;
        Ok(operations.iter().flat_map(|operation| operation.words.iter().copied()).collect())
    }
}

/// Whether one more batch is read ahead, of so many bytes, where these wait: the next one is in any case.
fn has_room(waiting: impl ExactSizeIterator<Item = u64>, bytes: u64) -> bool {
    let count = waiting.len();
    count == 0 || (count < AHEAD && waiting.sum::<u64>().saturating_add(bytes) <= AHEAD_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::MAX_WORDS;

    /// How many batches of this size are read ahead.
    fn ahead(bytes: u64) -> usize {
        let mut waiting = Vec::new();
        while has_room(waiting.iter().copied(), bytes) {
            waiting.push(bytes);
        }
        waiting.len()
    }

    #[test]
    fn what_is_read_ahead_is_bounded_in_bytes() {
        assert_eq!([0, 1_000, AHEAD_BYTES / 8].map(ahead), [AHEAD; 3]);
        assert_eq!(ahead(AHEAD_BYTES / 8 + 1), 7);
        // Eight of the largest that are taken were 1 GiB.
        assert_eq!(ahead(u64::from(MAX_WORDS) * WORD_BYTES as u64), 2);
        // One that says more words than are taken is refused when its turn comes, alone.
        assert_eq!(ahead(u64::from(u32::MAX) * WORD_BYTES as u64), 1);
        assert!(!has_room([u64::MAX].into_iter(), 1));
    }
}
