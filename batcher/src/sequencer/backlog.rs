//! What is sealed and not proven: how long the prover will be busy with it, and whether intake must slow down.

use std::collections::BTreeMap;

use metrics::histogram;

use super::config::SequencerConfig;
use crate::{
    proving::pace::Pace,
    store::{
        Store, StoreError,
        records::{BatchNumber, L1View, Milliseconds, SealedBatch, StoredProof},
    },
};

/// Sealed batches on their way to a proof on L1. What L1 has may be taken back, and a proof thrown away: all that is
/// not final is remembered.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Operations, and when it was sealed, of the batches that are not final.
    batches: BTreeMap<BatchNumber, (u32, Milliseconds)>,
    /// The last batch that is proven on L1.
    proven: BatchNumber,
    /// The last batch that is final, once L1 was asked.
    finalized: Option<BatchNumber>,
    /// First and last batch of each proof that is here and not on L1.
    proofs: Vec<(BatchNumber, BatchNumber)>,
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

    /// Learns what was proven, or is proven no more. The operator's clock may have been set back.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn update(
        &mut self,
        store: &Store,
        view: &L1View,
        now_ms: Milliseconds,
    ) -> Result<(), StoreError> {
        if let Some((_, proof)) = store.proofs.last()?
            && proof.proven_ms != self.proven_ms
        {
            self.proven_ms = proof.proven_ms;
            self.pace = Pace::measured(store)?;
        }
        self.proven = view.proven;
        let proofs = store.proofs.range(view.proven.saturating_add(1)..);
        let range =
            |row: Result<(BatchNumber, StoredProof), _>| row.map(|(last, p)| (p.first, last));
        self.proofs = proofs.map(range).collect::<Result<_, _>>()?;
        for (_, sealed_ms) in self.batches.values_mut() {
            *sealed_ms = now_ms.min(*sealed_ms);
        }
        let rest = self.batches.split_off(&view.finalized.saturating_add(1));
        let became_final = std::mem::replace(&mut self.batches, rest);
        // What became final before a start did so when nobody looked.
        if self.finalized.replace(view.finalized).is_some() {
            for (_, sealed_ms) in became_final.values() {
                histogram!("cairn_batch_finality_seconds").record(seconds(*sealed_ms, now_ms));
            }
        }
        Ok(())
    }

    /// Sealed batches that are not proven on L1.
    pub(super) fn unproven_batches(&self) -> u32 {
        u32::try_from(self.unproven().count()).unwrap_or(u32::MAX)
    }

    /// Operations of the batches that there is no proof for.
    pub(super) fn unproven_operations(&self) -> u64 {
        self.to_prove().map(|(operations, _)| u64::from(operations)).sum()
    }

    /// Seconds since the oldest batch that is not final was sealed; 0 if all are.
    pub(super) fn oldest_s(&self, now_ms: Milliseconds) -> f64 {
        self.batches.values().next().map_or(0.0, |(_, sealed_ms)| seconds(*sealed_ms, now_ms))
    }

    /// Seconds that the prover is still busy with what is sealed.
    pub(super) fn seconds(&self, now_ms: Milliseconds) -> f64 {
        let Some((_, sealed_ms)) = self.to_prove().next() else { return 0.0 };
        let operations = u32::try_from(self.unproven_operations()).unwrap_or(u32::MAX);
        let begun_ms = sealed_ms.max(self.proven_ms.min(now_ms));
        (self.pace.seconds(operations) - seconds(begun_ms, now_ms)).max(0.0)
    }

    /// Decides whether intake is slowed down, with so many operations in the open batch: at the bounds, until a fifth
    /// is worked off.
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

    fn unproven(&self) -> impl Iterator<Item = (BatchNumber, (u32, Milliseconds))> {
        self.batches.range(self.proven.saturating_add(1)..).map(|(number, batch)| (*number, *batch))
    }

    fn to_prove(&self) -> impl Iterator<Item = (u32, Milliseconds)> {
        let has_proof =
            |batch| self.proofs.iter().any(|(first, last)| (first..=last).contains(&&batch));
        self.unproven().filter(move |(number, _)| !has_proof(*number)).map(|(_, batch)| batch)
    }
}

fn seconds(from_ms: Milliseconds, now_ms: Milliseconds) -> f64 {
    now_ms.saturating_sub(from_ms) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

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
        (backlog.proofs, backlog.proven_ms) = (vec![(1, 3)], 21_000);
        assert_eq!((backlog.seconds(21_000), backlog.unproven_operations()), (20.0, 1_000));
        assert_eq!(backlog.unproven_batches(), 4);
    }

    fn proof(proven_ms: Milliseconds) -> StoredProof {
        StoredProof {
            first: 1,
            circuit_set_root: Default::default(),
            proof: Default::default(),
            stages: Vec::new(),
            chunks: 1,
            started_ms: 0,
            proven_ms,
        }
    }

    #[test]
    fn what_is_proven_no_more_counts_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::sequencer::tests::world::open(&folder);
        let mut backlog = backlog();
        let mut write = store.write();
        write.put(&store.proofs, &2, &proof(5_000)).unwrap();
        write.commit().unwrap();
        let view = |proven, finalized| L1View { proven, finalized, ..Default::default() };
        let mut counts = |view: L1View, now_ms| {
            backlog.update(&store, &view, now_ms).unwrap();
            (backlog.unproven_batches(), backlog.unproven_operations())
        };
        assert_eq!(counts(view(0, 0), 9_000), (4, 2_000));
        assert_eq!(counts(view(2, 1), 9_000), (2, 2_000));
        // The block of the proof leaves the chain, and the proof is thrown away.
        assert_eq!(counts(view(1, 1), 9_000), (3, 2_000));
        let mut write = store.write();
        write.remove(&store.proofs, &2);
        write.commit().unwrap();
        assert_eq!(counts(view(1, 1), 9_000), (3, 3_000));
        // A clock that is set back is no reason to wait.
        counts(view(1, 1), 500);
        assert!(backlog.seconds(60_500) < backlog.seconds(500));
    }

    #[test]
    fn the_time_to_finality_is_told_once_for_each_batch() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::sequencer::tests::world::open(&folder);
        let recorder = PrometheusBuilder::new().build_recorder();
        let mut backlog = backlog();
        let mut oldest = |finalized, now_ms| {
            let view = L1View { proven: finalized, finalized, ..Default::default() };
            let update = || backlog.update(&store, &view, now_ms);
            metrics::with_local_recorder(&recorder, update).unwrap();
            backlog.oldest_s(now_ms)
        };
        // The first batch became final before the start.
        assert_eq!([oldest(1, 5_000), oldest(3, 9_000), oldest(3, 10_000)], [4.0, 8.0, 9.0]);
        assert_eq!(oldest(4, 21_000), 0.0);
        let text = recorder.handle().render();
        for line in
            ["cairn_batch_finality_seconds_sum 36\n", "cairn_batch_finality_seconds_count 3\n"]
        {
            assert!(text.contains(line), "{text}");
        }
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
        backlog.proofs = vec![(1, 1)];
        assert!(!slow(&mut backlog, 999));
    }
}
