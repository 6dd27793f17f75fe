//! Keeps what each batch does, while it is executed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cairn_state::State;

use super::{error::FollowError, receipts::Receipt, rows, states::States};
use crate::{
    reconstruct::{Executed, Progress, Rollup},
    store::{Store, StoreError},
};

/// Hears of each batch: keeps its state and its rows, and holds receipts against it.
pub(super) struct Recorder<'a, P> {
    rollup: &'a Rollup,
    store: &'a Store,
    states: &'a States,
    progress: &'a P,
    standing: Mutex<Standing<'a>>,
}

struct Standing<'a> {
    receipts: &'a mut [Receipt],
    /// The first row that could not be written.
    failed: Option<StoreError>,
}

impl<'a, P: Progress> Recorder<'a, P> {
    pub(super) fn new(
        rollup: &'a Rollup,
        store: &'a Store,
        states: &'a States,
        receipts: &'a mut [Receipt],
        progress: &'a P,
    ) -> Self {
        let standing = Mutex::new(Standing { receipts, failed: None });
        Self { rollup, store, states, progress, standing }
    }

    /// Ends it.
    ///
    /// # Errors
    /// A row could not be written. States are there without it, and the rows are written again with the next start.
    pub(super) fn finish(self) -> Result<(), FollowError> {
        let standing = self.standing.into_inner().unwrap_or_else(PoisonError::into_inner);
        standing.failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn standing(&self) -> MutexGuard<'_, Standing<'a>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Progress> Progress for Recorder<'_, P> {
    fn block(&self, number: u64, of: u64) {
        self.progress.block(number, of);
    }

    fn batch(&self, number: u32, state: &State) {
        self.progress.batch(number, state);
    }

    fn executed(&self, batch: &Executed<'_>) {
        let number = batch.number;
        let committed = self.rollup.history().get(number);
        let before = number.checked_sub(1).and_then(|before| self.states.get(before));
        // Batches are executed in their order, each on the state of the one before.
        let (Some(committed), Some(mut before)) = (committed, before) else { return };
        let mut standing = self.standing();
        let domain = self.rollup.reader().domain();
        for receipt in standing.receipts.iter_mut() {
            receipt.judge(batch, &before, &domain);
        }
        if let Err(error) = rows::executed(self.store, batch, &mut before, committed) {
            standing.failed.get_or_insert(error);
        }
        self.states.add(number, committed.batch.chainHash, batch.state.clone());
        // Of a rollup's whole history not all states are kept.
        self.states.tidy(self.rollup.history().proven().min(number));
    }
}
