//! When a transaction may reach its next stages: as long as the last final batch has taken. Nobody promises it.

use std::time::Duration;

use crate::{
    Client, ClientError,
    api::wire::{BatchView, Life, Stage},
};

/// How long a batch has taken from stage to stage. What was not noted counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// From its first block until it was sealed.
    pub sealing: Duration,
    /// Until L1 had it.
    pub committing: Duration,
    /// Until L1 had verified its proof.
    pub proving: Duration,
    /// Until that had enough confirmations.
    pub finalizing: Duration,
}

impl Pace {
    /// That of a batch that is final; none of one that is not.
    #[must_use]
    pub fn of(batch: &BatchView) -> Option<Self> {
        let on_l1 = batch.l1.as_ref()?;
        let (committed, proven) = (on_l1.committed.at_ms, on_l1.proven?.at_ms);
        let between = |from: u64, to: u64| Duration::from_millis(to.saturating_sub(from));
        batch.finalized.then(|| Self {
            sealing: between(batch.opened_ms, batch.sealed_ms),
            committing: between(batch.sealed_ms, committed),
            proving: between(committed, proven),
            finalizing: batch.finalized_ms.map_or(Duration::ZERO, |at| between(proven, at)),
        })
    }

    /// How long a transaction with this life may take from now until it reaches a stage: what this batch took between
    /// the two, less what has passed since. None where it is there already, or will not come.
    #[must_use]
    pub fn left(&self, life: &Life, stage: Stage, now_ms: u64) -> Option<Duration> {
        if life.stage >= stage || life.stage == Stage::Dropped || stage == Stage::Dropped {
            return None;
        }
        let since = [
            life.proven.map(|place| place.at_ms),
            life.committed.map(|place| place.at_ms),
            life.batched_ms,
            life.in_block.map(|place| place.at_ms),
        ];
        let since = since.into_iter().flatten().next().unwrap_or(life.accepted_ms);
        let steps = [
            (Stage::Batched, self.sealing),
            (Stage::Committed, self.committing),
            (Stage::Proven, self.proving),
            (Stage::Finalized, self.finalizing),
        ];
        let is_ahead = |step: &&(Stage, Duration)| step.0 > life.stage && step.0 <= stage;
        let whole: Duration = steps.iter().filter(is_ahead).map(|step| step.1).sum();
        Some(whole.saturating_sub(Duration::from_millis(now_ms.saturating_sub(since))))
    }
}

impl Client {
    /// The pace of the last final batch; none before the first.
    ///
    /// Trust: none; the operator says it.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn pace(&self) -> Result<Option<Pace>, ClientError> {
        match self.head().await?.finalized {
            0 => Ok(None),
            number => Ok(Pace::of(&self.batch(number).await?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        hex::Hex,
        wire::{BatchOnL1, InBlockAt, OnL1},
    };

    fn on_l1(seconds: u64) -> OnL1 {
        let hash = Hex([0; 32]);
        OnL1 { at_ms: 1_000 * seconds, block: 1, block_hash: hash, transaction: hash }
    }

    /// Opened at second 100, sealed at 110, committed at 140, proven at 200, final at 260.
    fn batch() -> BatchView {
        let hash = Hex([0; 32]);
        BatchView {
            number: 1,
            timestamp: 100,
            first_block: 1,
            last_block: 2,
            state_before: hash,
            state_after: hash,
            priority_end: 0,
            operations: 1,
            transfers: 1,
            data_words: 1,
            reason: "age".to_owned(),
            opened_ms: 100_000,
            sealed_ms: 110_000,
            publication: None,
            proof_made_ms: None,
            proof: None,
            l1: Some(BatchOnL1 {
                committed: on_l1(140),
                proven: Some(on_l1(200)),
                state: hash,
                chain_hash: hash,
                withdrawals_root: hash,
            }),
            finalized: true,
            finalized_ms: Some(260_000),
        }
    }

    fn life(stage: Stage) -> Life {
        Life { stage, ..Life::accepted(999_000) }
    }

    #[test]
    fn the_next_batch_is_expected_to_take_as_long_as_the_last() {
        let pace = Pace::of(&batch()).unwrap();
        let seconds = |pace: Option<Duration>| pace.map(|pace| pace.as_secs());
        let at = |life: &Life, stage, second: u64| seconds(pace.left(life, stage, 1_000 * second));
        let accepted = life(Stage::Accepted);
        assert_eq!(at(&accepted, Stage::InBlock, 999), Some(0));
        assert_eq!(at(&accepted, Stage::Batched, 999), Some(10));
        assert_eq!(at(&accepted, Stage::Finalized, 1_009), Some(150));
        let in_block = Life {
            in_block: Some(InBlockAt { at_ms: 1_000_000, block: 1, position: 0, batch: 1 }),
            ..life(Stage::InBlock)
        };
        assert_eq!(at(&in_block, Stage::Proven, 1_020), Some(80));
        assert_eq!(at(&in_block, Stage::Proven, 5_000), Some(0), "it is late");
        let committed = Life { committed: Some(on_l1(1_040)), ..life(Stage::Committed) };
        assert_eq!(at(&committed, Stage::Finalized, 1_050), Some(110));
        assert_eq!(at(&committed, Stage::Batched, 1_050), None, "it is there");
        assert_eq!(at(&life(Stage::Dropped), Stage::Finalized, 1_050), None);
    }

    #[test]
    fn a_batch_that_is_not_final_says_nothing() {
        assert_eq!(Pace::of(&BatchView { finalized: false, ..batch() }), None);
        assert_eq!(Pace::of(&BatchView { l1: None, ..batch() }), None);
        // Clocks may differ: L1's is not the operator's.
        let early = BatchView { sealed_ms: 150_000, ..batch() };
        assert_eq!(Pace::of(&early).unwrap().committing, Duration::ZERO);
    }
}
