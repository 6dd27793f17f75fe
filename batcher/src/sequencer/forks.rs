//! Which states after sealed batches are kept in memory, and how one that was dropped is made again.
//!
//! The state after the checkpoint is there, and what the batches after it have done is in their jobs: any other can be
//! made from these. So memory does not grow with the batches that wait for their proofs. The jobs of final batches are
//! gone, so the state after the next checkpoint must be there before it is the checkpoint. That will be the last batch of
//! a proof which L1 has: the states after those are kept.

use cairn_state::State;
use cairn_types::Word;

use super::{error::SequencerError, ledger::Ledger};
use crate::store::{
    Store, StoreError,
    records::{BatchNumber, L1View},
};

/// States beyond the last proven batch that are kept: one of them is what the next proof ends with.
const AHEAD: BatchNumber = 16;
/// Proofs after the checkpoint whose last states are kept: the next checkpoint is one of them.
const PROOFS: usize = 16;

/// The batches whose states are needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Needed {
    /// The last final one.
    pub(super) checkpoint: BatchNumber,
    /// The last that L1 has a proof of: users prove their leaves against it.
    pub(super) proven: BatchNumber,
    /// The last that the sealer has checked: it goes on from there.
    pub(super) checked: BatchNumber,
    /// The last ones of proofs that L1 has and that are not final: it goes on from the one to the other, and back.
    pub(super) ends: Vec<BatchNumber>,
}

impl Needed {
    /// As the store has it.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn now(store: &Store, view: &L1View) -> Result<Self, StoreError> {
        let checkpoint = store.checkpoint.get(&())?.map_or(0, |checkpoint| checkpoint.batch);
        let mut checked = checkpoint;
        while store.jobs.contains(&(checked + 1))? {
            checked += 1;
        }
        let proven = view.proven;
        Ok(Self { checkpoint, proven, checked, ends: ends(store, checkpoint, proven)? })
    }

    /// Whether the state after this batch is.
    pub(super) fn has(&self, batch: BatchNumber) -> bool {
        let Self { checkpoint, proven, checked, .. } = *self;
        let ahead = proven..=proven.saturating_add(AHEAD);
        batch == checkpoint
            || batch >= checked
            || (batch > checkpoint && (ahead.contains(&batch) || self.ends.contains(&batch)))
    }
}

/// The last batches of the first proofs after the checkpoint.
fn ends(
    store: &Store,
    checkpoint: BatchNumber,
    proven: BatchNumber,
) -> Result<Vec<BatchNumber>, StoreError> {
    let mut ends = Vec::new();
    let mut before = None;
    if checkpoint >= proven {
        return Ok(ends);
    }
    for row in store.l1_batches.range(checkpoint + 1..=proven) {
        let (number, batch) = row?;
        let proof = batch.proven.map(|place| place.transaction);
        if let Some((last, of)) = before.replace((number, proof))
            && of != proof
        {
            ends.push(last);
            if ends.len() == PROOFS {
                return Ok(ends);
            }
        }
    }
    ends.extend(before.map(|(last, _)| last));
    Ok(ends)
}

/// Keeps what is needed now and drops the rest; the states that L1 has a proof of are made again if they are not there.
///
/// # Errors
/// The store's, or the words of a batch, which were checked, do not give its state.
pub(super) fn tidy(
    store: &Store,
    ledger: &Ledger,
    domain: &Word,
    view: &L1View,
) -> Result<(), SequencerError> {
    let needed = Needed::now(store, view)?;
    for batch in needed.ends.iter().copied().chain([needed.proven]) {
        if let Some(state) = again(store, ledger, domain, batch)? {
            ledger.keep(batch, state);
        }
    }
    ledger.retain(&needed);
    Ok(())
}

/// The state after a batch, from the last one before it that is at hand; none if it is at hand itself, or not sealed
/// here.
fn again(
    store: &Store,
    ledger: &Ledger,
    domain: &Word,
    batch: BatchNumber,
) -> Result<Option<State>, SequencerError> {
    let Some((from, mut state)) = ledger.last_state(batch).filter(|(from, _)| *from < batch) else {
        return Ok(None);
    };
    for number in from + 1..=batch {
        let Some(job) = store.jobs.get(&number)? else { return Ok(None) };
        let replayed = state.replay(domain, &job.priority, &job.data);
        replayed.map_err(|refusal| SequencerError::Replay { batch: number, refusal })?;
    }
    let row = store.batches.get(&batch)?;
    Ok(row.is_some_and(|row| row.after == state.summary()).then_some(state))
}
