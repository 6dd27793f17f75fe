//! What is sealed and not proven: how long the prover will be busy with it, and whether intake must slow down.

use std::collections::BTreeMap;

use super::config::SequencerConfig;
use crate::{
    proving::pace::Pace,
    store::{
        Store, StoreError,
        records::{BatchNumber, L1View, Milliseconds, SealedBatch},
    },
};

/// Sealed batches on their way to a proof on L1.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Operations, and when it was sealed, of the batches that are not proven on L1.
    batches: BTreeMap<BatchNumber, (u32, Milliseconds)>,
    /// The last batch that there is a proof for, here or on L1.
    proven: BatchNumber,
    /// When the last proof was made here.
    proven_ms: Milliseconds,
    pub(super) pace: Pace,
    /// Why intake is slowed down.
    pub(super) reason: Option<String>,
}

impl Backlog {
    /// Adds a sealed batch.
    pub(super) fn add(&mut self, batch: &SealedBatch) {
        self.batches.insert(batch.number, (batch.operations, batch.sealed_ms));
    }

    /// Learns what was proven meanwhile.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn update(&mut self, store: &Store, view: &L1View) -> Result<(), StoreError> {
        let last = store.proofs.last()?;
        if let Some((batch, proof)) = last.filter(|(batch, _)| *batch > self.proven) {
            self.proven = batch;
            self.proven_ms = proof.proven_ms;
            self.pace = Pace::measured(store)?;
        }
        self.proven = self.proven.max(view.proven);
        self.batches = self.batches.split_off(&view.proven.saturating_add(1));
        Ok(())
    }

    /// Sealed batches that are not proven on L1.
    pub(super) fn unproven_batches(&self) -> u32 {
        u32::try_from(self.batches.len()).unwrap_or(u32::MAX)
    }

    /// Operations of the batches that there is no proof for.
    pub(super) fn unproven_operations(&self) -> u64 {
        self.to_prove().map(|(operations, _)| u64::from(operations)).sum()
    }

    /// Seconds that the prover is still busy with what is sealed.
    pub(super) fn seconds(&self, now_ms: Milliseconds) -> f64 {
        let Some((_, sealed_ms)) = self.to_prove().next() else { return 0.0 };
        let operations = u32::try_from(self.unproven_operations()).unwrap_or(u32::MAX);
        let since = now_ms.saturating_sub(sealed_ms.max(self.proven_ms)) as f64 / 1_000.0;
        (self.pace.seconds(operations) - since).max(0.0)
    }

    /// Decides whether intake is slowed down, with so many operations in the open batch: at the bounds, until a fifth is
    /// worked off.
    pub(super) fn slow_down(&mut self, config: &SequencerConfig, open: u32) {
        let SequencerConfig { max_unproven_operations, max_unproven_batches, .. } = *config;
        let operations = self.unproven_operations() + u64::from(open);
        let batches = self.unproven_batches();
        let keep = if self.reason.is_some() { 0.8 } else { 1.0 };
        self.reason = if operations as f64 >= max_unproven_operations as f64 * keep {
            Some(format!(
                "proving lags: {operations} operations wait, at most {max_unproven_operations} may"
            ))
        } else if f64::from(batches) >= f64::from(max_unproven_batches) * keep {
            Some(format!(
                "settlement lags: {batches} batches wait, at most {max_unproven_batches} may"
            ))
        } else {
            None
        };
    }

    fn to_prove(&self) -> impl Iterator<Item = (u32, Milliseconds)> {
        self.batches.range(self.proven.saturating_add(1)..).map(|(_, batch)| *batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog() -> Backlog {
        let pace = Pace { fixed_s: 10.0, per_operation_s: 0.01 };
        let batches = (1..=4).map(|batch| (batch, (1_000, 1_000))).collect();
        Backlog { batches, pace, ..Default::default() }
    }

    /// 10 s and 10 s for each of the four batches, of which time passes.
    #[test]
    fn the_prover_is_busy_with_what_is_not_proven() {
        let mut backlog = backlog();
        assert_eq!(backlog.seconds(1_000), 50.0);
        assert_eq!(backlog.seconds(21_000), 30.0);
        assert_eq!(backlog.seconds(100_000), 0.0);
        (backlog.proven, backlog.proven_ms) = (3, 21_000);
        assert_eq!((backlog.seconds(21_000), backlog.unproven_operations()), (20.0, 1_000));
        assert_eq!(backlog.unproven_batches(), 4);
    }

    #[test]
    fn intake_is_slow_until_a_fifth_is_worked_off() {
        let config = SequencerConfig { max_unproven_operations: 5_000, ..Default::default() };
        let mut backlog = backlog();
        let slow = |backlog: &mut Backlog, open| {
            backlog.slow_down(&config, open);
            backlog.reason.is_some()
        };
        assert!(!slow(&mut backlog, 999));
        assert!(slow(&mut backlog, 1_000));
        assert!(slow(&mut backlog, 0), "4,000 are no less than four fifths");
        backlog.proven = 1;
        assert!(!slow(&mut backlog, 999));
    }
}
