//! Settings of block and batch production: the `[sequencer]` section.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::{fill::Limits, stamp::SEAL_AGE_S};

/// Words of a blob.
const BLOB_WORDS: u32 = crate::l1::blobs::WORDS as u32;

/// Blobs that the contract takes with one batch.
const MAX_BLOBS: u32 = 6;

/// Batches that the contract lets wait for their proofs.
const CONTRACT_UNPROVEN: u32 = 256;

/// The `[sequencer]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct SequencerConfig {
    /// Milliseconds from one block to the next.
    pub block_interval_ms: u64,
    /// Operations of a block, at the most.
    pub max_block_operations: u32,
    /// Words of a batch's data, at the most. 4,096 fill a blob; at most 6 blobs. With data in calldata only, at most 3,870, and no
    /// more than fit a transaction of 128 KiB beside max_priority_words and max_withdrawals.
    pub max_data_words: u32,
    /// Words of priority operations in a batch, at the most. They are calldata of its commitment.
    pub max_priority_words: u32,
    /// Withdrawals of a batch, at the most. Their words are calldata of its commitment.
    pub max_withdrawals: u32,
    /// Chunk proofs of a batch, at the most: 8,192 operations each, or less where they are spread over many accounts.
    pub max_chunks: u32,
    /// Seconds from a transaction's block to its proof on L1 that sealing aims at.
    pub max_time_to_finality_s: u64,
    /// Seconds to allow for the proof's way into a block of L1.
    pub settlement_s: u64,
    /// A batch is sealed when it is that old, whatever waits before it. In seconds; the contract takes a day.
    pub max_batch_age_s: u64,
    /// Seconds that a confirmed priority operation waits for the open batch to be sealed, at the most.
    pub priority_wait_s: u64,
    /// Sealed batches that are not proven on L1, at the most; the contract takes 256.
    pub max_unproven_batches: u32,
    /// Operations that are not proven, at which intake is refused until a fifth of them is.
    pub max_unproven_operations: u64,
    /// L1 is cheap when its price is below this share of its average: batches are sealed earlier.
    pub cheap_l1: f64,
    /// L1 is dear when its price is above this multiple of its average: batches wait as long as finality allows.
    pub dear_l1: f64,
}

impl Default for SequencerConfig {
    fn default() -> Self {
        Self {
            block_interval_ms: 500,
            max_block_operations: 10_000,
            max_data_words: MAX_BLOBS * BLOB_WORDS,
            max_priority_words: 1_024,
            max_withdrawals: 1_024,
            max_chunks: 6,
            max_time_to_finality_s: 240,
            settlement_s: 30,
            max_batch_age_s: 3_600,
            priority_wait_s: 60,
            max_unproven_batches: 128,
            max_unproven_operations: 60_000,
            cheap_l1: 0.7,
            dear_l1: 1.5,
        }
    }
}

impl SequencerConfig {
    /// Refuses settings under which nothing would move, or L1 would refuse a batch.
    ///
    /// # Errors
    /// The field, what it must be, and what it is.
    pub fn check(&self) -> Result<(), String> {
        // Nobody means to wait for longer.
        const DAY_S: u64 = 86_400;
        let ranges = [
            ("block_interval_ms", self.block_interval_ms, 10, 60_000),
            ("max_block_operations", self.max_block_operations.into(), 1, 1 << 20),
            ("max_data_words", self.max_data_words.into(), 2, (MAX_BLOBS * BLOB_WORDS).into()),
            ("max_priority_words", self.max_priority_words.into(), 5, 1_500),
            ("max_withdrawals", self.max_withdrawals.into(), 1, 1_500),
            ("max_chunks", self.max_chunks.into(), 1, 64),
            ("max_time_to_finality_s", self.max_time_to_finality_s, 1, DAY_S),
            ("settlement_s", self.settlement_s, 0, DAY_S),
            ("priority_wait_s", self.priority_wait_s, 0, DAY_S),
            ("max_batch_age_s", self.max_batch_age_s, 1, SEAL_AGE_S),
            ("max_unproven_batches", self.max_unproven_batches.into(), 1, CONTRACT_UNPROVEN.into()),
            ("max_unproven_operations", self.max_unproven_operations, 1, u64::MAX),
        ];
        for (field, got, least, most) in ranges {
            if !(least..=most).contains(&got) {
                return Err(format!("sequencer.{field}: expected {least} to {most}, got {got}"));
            }
        }
        let (settlement, finality) = (self.settlement_s, self.max_time_to_finality_s);
        if settlement >= finality {
            return Err(format!(
                "sequencer.settlement_s: expected less than max_time_to_finality_s, {finality}, got {settlement}"
            ));
        }
        if !(0.0..=1.0).contains(&self.cheap_l1) {
            return Err(format!("sequencer.cheap_l1: expected 0 to 1, got {}", self.cheap_l1));
        }
        if self.dear_l1.is_nan() || self.dear_l1 < 1.0 {
            return Err(format!("sequencer.dear_l1: expected at least 1, got {}", self.dear_l1));
        }
        Ok(())
    }

    /// What a batch may hold.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            data_words: self.max_data_words,
            priority_words: self.max_priority_words,
            withdrawals: self.max_withdrawals,
            chunks: self.max_chunks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_holds_and_bad_fields_are_named() {
        SequencerConfig::default().check().unwrap();
        let seven_blobs = SequencerConfig { max_data_words: 7 * 4096, ..Default::default() };
        assert_eq!(
            seven_blobs.check().unwrap_err(),
            "sequencer.max_data_words: expected 2 to 24576, got 28672"
        );
        let slow = SequencerConfig { settlement_s: 240, ..Default::default() };
        assert_eq!(
            slow.check().unwrap_err(),
            "sequencer.settlement_s: expected less than max_time_to_finality_s, 240, got 240"
        );
        for field in ["priority_wait_s", "settlement_s", "max_time_to_finality_s"] {
            let mut config = SequencerConfig::default();
            *match field {
                "priority_wait_s" => &mut config.priority_wait_s,
                "settlement_s" => &mut config.settlement_s,
                _ => &mut config.max_time_to_finality_s,
            } = u64::MAX;
            assert!(config.check().unwrap_err().starts_with(&format!("sequencer.{field}: ")));
        }
        let dear = SequencerConfig { dear_l1: f64::NAN, ..Default::default() };
        assert!(dear.check().unwrap_err().starts_with("sequencer.dear_l1"));
    }
}
