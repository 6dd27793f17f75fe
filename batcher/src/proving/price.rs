//! What a commitment costs on L1, by where its data goes.
//!
//! The gas is that of whole transactions, as the contracts' tests measure it
//! (`verifier-contracts/snapshots`), and is linear in words and blobs. Data in calldata pays the floor
//! of EIP-7623 once it is most of the transaction; blobs pay EIP-4844's blob gas.

use alloy::primitives::U256;
use cairn_types::{DataMode, WORD_BYTES};

/// Words of a blob.
pub const BLOB_WORDS: usize = 4_096;

/// Words of the largest calldata batch that L1 takes: `MAX_DATA_BYTES` of the contract.
pub const CALLDATA_WORDS: usize = 120_000 / WORD_BYTES;

/// Blob gas of a blob (EIP-4844, `GAS_PER_BLOB`).
const BLOB_GAS: u64 = 131_072;

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

/// The cheaper of calldata and blobs. Without data both are the same, and calldata needs no blob.
#[must_use]
pub fn cheaper(words: usize, prices: Prices) -> DataMode {
    let in_blobs = commitment(DataMode::Blobs, words, prices);
    match commitment(DataMode::Calldata, words, prices) {
        Some(calldata) if in_blobs.is_none_or(|blobs| calldata <= blobs) => DataMode::Calldata,
        _ => DataMode::Blobs,
    }
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

    #[test]
    fn the_cheaper_mode_follows_the_prices() {
        let gwei = 1_000_000_000;
        let calm = Prices { gas: gwei, blob_gas: 1 };
        assert_eq!(cheaper(4_000, calm), DataMode::Blobs);
        assert_eq!(cheaper(0, calm), DataMode::Calldata);
        // A few words are not worth a blob.
        assert_eq!(cheaper(10, calm), DataMode::Calldata);
        let spike = Prices { gas: gwei, blob_gas: 100 * gwei };
        assert_eq!(cheaper(3_000, spike), DataMode::Calldata);
        // L1 does not take so much calldata, whatever blobs cost.
        assert_eq!(cheaper(CALLDATA_WORDS + 1, spike), DataMode::Blobs);
    }
}
