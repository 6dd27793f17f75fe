//! What a commitment costs on L1, by where its data goes.
//!
//! The gas is that of whole transactions, as the contracts' tests measure it
//! (`verifier-contracts/snapshots`), and is linear in words and blobs. Data in calldata pays the floor
//! of EIP-7623 once it is most of the transaction; blobs pay EIP-4844's blob gas.

use alloy::primitives::U256;
use cairn_state::BatchWitness;
use cairn_types::{DataMode, WORD_BYTES};

pub use crate::l1::blobs::WORDS as BLOB_WORDS;
use crate::l1::data_modes::DataModes;

/// Words of the largest calldata batch that L1 takes: `MAX_DATA_BYTES` of the contract.
pub const CALLDATA_WORDS: usize = 120_000 / WORD_BYTES;

/// Bytes of a batch's streams that its commitment may carry. Nodes take a transaction of 128 KiB into their pools; the
/// rest is for its other arguments, lengths, padding, fees and signature.
pub const CALLDATA_BYTES: usize = 124 << 10;

/// Words of the shortest priority operation, and bytes of the origin that goes with each.
const PRIORITY: (usize, usize) = (2, 20);

/// Blob gas of a blob (EIP-4844, `GAS_PER_BLOB`).
pub const BLOB_GAS: u64 = 131_072;

/// Execution gas of a commitment in blobs without any, and of each blob.
const IN_BLOBS: (u64, u64) = (63_838, 54_100);

/// Execution gas of a commitment in calldata without words, and of each word.
const IN_CALLDATA: (u64, u64) = (60_120, 763);

/// The floor (EIP-7623) of a commitment in calldata without words, and of each word: 40 gas a byte.
const FLOOR: (u64, u64) = (31_000, 40 * WORD_BYTES as u64);

/// Prices on L1, wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Of a unit of gas.
    pub gas: u128,
    /// Of a unit of blob gas.
    pub blob_gas: u128,
}

/// Words of a batch's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words {
    /// The data's.
    pub data: usize,
    /// Those of priority operations.
    pub priority: usize,
    /// Those of withdrawals.
    pub withdrawals: usize,
}

impl Words {
    /// Of a batch.
    #[must_use]
    pub fn of(batch: &BatchWitness) -> Self {
        let (data, priority) = (batch.data.len(), batch.priority.len());
        Self { data, priority, withdrawals: batch.withdrawals.len() }
    }

    /// Bytes that they take in calldata, origins included, at the most.
    const fn bytes(self) -> usize {
        let (shortest, origin) = PRIORITY;
        let origins = self.priority / shortest * origin;
        (self.data + self.priority + self.withdrawals) * WORD_BYTES + origins
    }

    /// Whether contract and nodes take all of them in calldata.
    #[must_use]
    pub const fn fit_calldata(self) -> bool {
        self.data <= CALLDATA_WORDS && self.bytes() <= CALLDATA_BYTES
    }

    /// How many words of data fit calldata beside the others.
    #[must_use]
    pub const fn data_beside(self) -> usize {
        let others = Self { data: 0, ..self };
        let room = CALLDATA_BYTES.saturating_sub(others.bytes()) / WORD_BYTES;
        if room < CALLDATA_WORDS { room } else { CALLDATA_WORDS }
    }
}

/// Wei that a commitment of so many data words is expected to cost; none if L1 does not take so many in this mode.
#[must_use]
pub fn commitment(mode: DataMode, words: usize, prices: Prices) -> Option<U256> {
    let gas = |(fixed, each): (u64, u64), count: usize| fixed + each * count as u64;
    let blobs = words.div_ceil(BLOB_WORDS);
    let (execution, blob_gas) = match mode {
        DataMode::Calldata if words > CALLDATA_WORDS => return None,
        DataMode::Calldata => (gas(IN_CALLDATA, words).max(gas(FLOOR, words)), 0),
        DataMode::Blobs => (gas(IN_BLOBS, blobs), BLOB_GAS * blobs as u64),
        DataMode::Committee => (gas(IN_CALLDATA, 0), 0),
    };
    let wei = |gas: u64, price: u128| U256::from(gas) * U256::from(price);
    Some(wei(execution, prices.gas) + wei(blob_gas, prices.blob_gas))
}

/// The cheapest of these modes, and what a commitment in it is expected to cost; none if L1 takes the batch in none of
/// them. Of modes that cost the same the first is taken: without data, calldata needs no blob.
#[must_use]
pub fn cheapest(modes: DataModes, words: Words, prices: Prices) -> Option<(DataMode, U256)> {
    let takes = |mode: &DataMode| *mode != DataMode::Calldata || words.fit_calldata();
    let priced = |mode| Some((mode, commitment(mode, words.data, prices)?));
    modes.iter().filter(takes).filter_map(priced).min_by_key(|&(_, wei)| wei)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn snapshot(text: &str, name: &str) -> u64 {
        let value: Value = serde_json::from_str(text).unwrap();
        value[name].as_str().unwrap().parse().unwrap()
    }

    fn estimate(mode: DataMode, words: usize) -> u64 {
        let prices = Prices { gas: 1, blob_gas: 0 };
        commitment(mode, words, prices).unwrap().to::<u64>()
    }

    #[test]
    fn estimates_are_within_three_percent_of_what_the_contracts_tests_measure() {
        let calldata = include_str!("../../../verifier-contracts/snapshots/GasTest.json");
        let blobs = include_str!("../../../verifier-contracts/snapshots/BlobGasTest.json");
        for (mode, words, text, name) in [
            (DataMode::Calldata, 0, calldata, "commit: empty batch"),
            (DataMode::Calldata, 32, calldata, "commit: 64 short transfers"),
            (DataMode::Calldata, 3_870, calldata, "commit: 7740 short transfers"),
            (DataMode::Blobs, 0, blobs, "commit: no blob"),
            (DataMode::Blobs, 4_096, blobs, "commit: 1 blob, 8192 short transfers"),
            (DataMode::Blobs, 6 * 4_096, blobs, "commit: 6 blobs"),
        ] {
            let (expected, got) = (snapshot(text, name), estimate(mode, words));
            let off = got.abs_diff(expected) * 100 / expected;
            assert!(off <= 3, "{name}: expected {expected}, got {got}");
        }
    }

    const GWEI: u128 = 1_000_000_000;
    const CALM: Prices = Prices { gas: GWEI, blob_gas: 1 };
    const SPIKE: Prices = Prices { gas: GWEI, blob_gas: 100 * GWEI };

    fn chosen(modes: DataModes, words: Words, prices: Prices) -> Option<DataMode> {
        cheapest(modes, words, prices).map(|(mode, _)| mode)
    }

    #[test]
    fn the_cheapest_mode_follows_the_prices() {
        let of = |data, prices| {
            chosen(DataModes::ON_L1, Words { data, ..Words::default() }, prices).unwrap()
        };
        assert_eq!(of(4_000, CALM), DataMode::Blobs);
        assert_eq!(of(0, CALM), DataMode::Calldata);
        // A few words are not worth a blob.
        assert_eq!(of(10, CALM), DataMode::Calldata);
        assert_eq!(of(3_000, SPIKE), DataMode::Calldata);
        // L1 does not take so much calldata, whatever blobs cost.
        assert_eq!(of(CALLDATA_WORDS + 1, SPIKE), DataMode::Blobs);
    }

    #[test]
    fn a_mode_that_is_not_among_them_is_never_chosen() {
        let words = Words { data: 3_000, ..Words::default() };
        for mode in DataMode::ALL {
            for prices in [CALM, SPIKE] {
                assert_eq!(chosen(DataModes::only(mode), words, prices), Some(mode));
            }
        }
        let large = Words { data: CALLDATA_WORDS + 1, ..Words::default() };
        assert_eq!(chosen(DataModes::only(DataMode::Calldata), large, SPIKE), None);
    }

    /// All streams are in one transaction: what the pools of nodes refuse would never be mined.
    #[test]
    fn the_other_streams_take_their_part_of_the_calldata() {
        let others = Words { data: 0, priority: 1_024, withdrawals: 1_024 };
        let data = others.data_beside();
        assert!(data < CALLDATA_WORDS);
        let full = Words { data, ..others };
        assert!(full.fit_calldata() && full.bytes() + WORD_BYTES > CALLDATA_BYTES);
        assert_eq!(chosen(DataModes::ON_L1, full, SPIKE), Some(DataMode::Calldata));
        let more = Words { data: data + 1, ..others };
        assert_eq!(chosen(DataModes::ON_L1, more, SPIKE), Some(DataMode::Blobs));
        assert_eq!(Words::default().data_beside(), CALLDATA_WORDS);
        let most = Words { data: 0, priority: 1_500, withdrawals: 1_500 };
        assert!(most.data_beside() > 600);
    }
}
