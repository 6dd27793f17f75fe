//! Which states after sealed batches are kept in memory, and how one that was dropped is made again.
//!
//! The state after the checkpoint is always there, and what the batches after it have done is in their jobs: any other
//! can be made from these. So memory does not grow with the batches that wait for their proofs.

use cairn_state::State;
use cairn_types::Word;

use super::{error::SequencerError, ledger::Ledger};
use crate::store::{
    Store, StoreError,
    records::{BatchNumber, L1View},
};

/// States beyond the last proven batch that are kept: one of them is what the next proof ends with.
const AHEAD: BatchNumber = 16;

/// The batches whose states are needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needed {
    /// The last final one.
    pub(super) checkpoint: BatchNumber,
    /// The last that L1 has a proof of: users prove their leaves against it.
    pub(super) proven: BatchNumber,
    /// The last that the sealer has checked: it goes on from there.
    pub(super) checked: BatchNumber,
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
        Ok(Self { checkpoint, proven: view.proven, checked })
    }

    /// Whether the state after this batch is.
    pub(super) fn has(&self, batch: BatchNumber) -> bool {
        let Self { checkpoint, proven, checked } = *self;
        let ahead = proven..=proven.saturating_add(AHEAD);
        batch == checkpoint || batch >= checked || (batch > checkpoint && ahead.contains(&batch))
    }
}

/// Keeps what is needed now and drops the rest; the state that L1 has a proof of is made again if it is not there.
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
    if let Some(state) = again(store, ledger, domain, needed.proven)? {
        ledger.keep(needed.proven, state);
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
