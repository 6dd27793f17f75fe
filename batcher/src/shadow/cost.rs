//! What the batches would cost on L1, and on the machines that prove.

use alloy::primitives::U256;
use cairn_types::DataMode;
use serde::Serialize;

use super::prove::ProofTime;
use crate::proving::price::{self, BLOB_GAS, BLOB_WORDS, Words};

/// Gas of L1's transaction that takes a proof, as the contracts' tests measure it.
pub const PROVE_GAS: u64 = 264_425;

/// What a deposit adds to the gas of a commitment, by the same measure, and its words.
const DEPOSIT_GAS: u64 = 3_048;
const DEPOSIT_WORDS: usize = 2;

/// What a user's own transaction of a deposit takes, an ERC-20's.
const USER_DEPOSIT_GAS: u64 = 92_288;

/// What a withdrawal adds.
const WITHDRAWAL_GAS: u64 = 2_442;

/// Wei of a gwei, and of an ether.
const GWEI: f64 = 1e9;
const ETHER: f64 = 1e18;

/// Prices, in the units that they are quoted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prices {
    /// Gwei for a unit of gas.
    pub gas_gwei: f64,
    /// Gwei for a unit of blob gas.
    pub blob_gas_gwei: f64,
    /// US dollars for an ether, if dollars are wanted.
    pub eth_usd: Option<f64>,
    /// US dollars for an hour of one core, if dollars are wanted.
    pub core_hour_usd: Option<f64>,
}

impl Prices {
    fn in_wei(&self) -> price::Prices {
        let wei = |gwei: f64| (gwei * GWEI).round() as u128;
        price::Prices { gas: wei(self.gas_gwei), blob_gas: wei(self.blob_gas_gwei) }
    }
}

/// Gas of the batches, a proof for each: fewer where proofs are shared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Gas {
    /// Execution gas of the commitments, their calldata included.
    pub commit: u64,
    /// Blob gas of the commitments.
    pub blob: u64,
    /// Execution gas of the proofs.
    pub prove: u64,
}

/// Gas of bringing so many balances into a rollup by deposits, which a shadow run begins with: the users' transactions,
/// and what they add to commitments.
#[must_use]
pub fn move_in_gas(balances: u64) -> u64 {
    balances.saturating_mul(USER_DEPOSIT_GAS + DEPOSIT_GAS)
}

/// The ledger of costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// As given.
    pub prices: Prices,
    /// Where the data goes.
    pub data: DataMode,
    /// Of all batches.
    pub gas: Gas,
    /// Execution gas a batch.
    pub gas_per_batch: f64,
    /// Execution gas a transfer.
    pub gas_per_transfer: f64,
    /// Blob gas a transfer.
    pub blob_gas_per_transfer: f64,
    /// Ether of all batches.
    pub ether: f64,
    /// US dollars a transfer on L1.
    pub l1_usd_per_transfer: Option<f64>,
    /// CPU seconds a transfer, of the batches that were proven.
    pub proving_cpu_s_per_transfer: Option<f64>,
    /// US dollars a transfer for proving.
    pub proving_usd_per_transfer: Option<f64>,
}

/// Adds up batches.
#[derive(Debug)]
pub struct CostLedger {
    prices: Prices,
    data: DataMode,
    gas: Gas,
    wei: U256,
    batches: u32,
    transfers: u64,
}

impl CostLedger {
    /// No batches.
    #[must_use]
    pub fn new(prices: Prices, data: DataMode) -> Self {
        let (gas, wei) = (Gas::default(), U256::ZERO);
        Self { prices, data, gas, wei, batches: 0, transfers: 0 }
    }

    /// Adds a batch with so many words and transfers, and a proof of its own.
    pub fn add(&mut self, words: Words, transfers: u32) {
        let others = DEPOSIT_GAS * (words.priority / DEPOSIT_WORDS) as u64
            + WITHDRAWAL_GAS * words.withdrawals as u64;
        let commitment = |prices: price::Prices| {
            let data = price::commitment(self.data, words.data, prices).unwrap_or_default();
            data + U256::from(others) * U256::from(prices.gas)
        };
        let blobs = match self.data {
            DataMode::Blobs => words.data.div_ceil(BLOB_WORDS) as u64,
            DataMode::Calldata | DataMode::Committee => 0,
        };
        let prices = self.prices.in_wei();
        let gas = commitment(price::Prices { gas: 1, blob_gas: 0 });
        self.gas.commit += gas.saturating_to::<u64>();
        self.gas.blob += BLOB_GAS * blobs;
        self.gas.prove += PROVE_GAS;
        self.wei += commitment(prices) + U256::from(PROVE_GAS) * U256::from(prices.gas);
        self.batches += 1;
        self.transfers += u64::from(transfers);
    }

    /// How many batches there are.
    #[must_use]
    pub fn batches(&self) -> u32 {
        self.batches
    }

    /// The ledger, with these proofs.
    #[must_use]
    pub fn finish(&self, proofs: &[ProofTime]) -> Cost {
        let Self { prices, data, gas, wei, batches, transfers } = *self;
        let each = |sum: f64| sum / transfers.max(1) as f64;
        let execution = (gas.commit + gas.prove) as f64;
        let ether = f64::from(wei) / ETHER;
        let proven: u64 = proofs.iter().map(|proof| u64::from(proof.transfers)).sum();
        let cpu_s: f64 = proofs.iter().map(|proof| proof.cpu_s).sum();
        let proving_cpu_s_per_transfer = (proven > 0).then(|| cpu_s / proven as f64);
        let core_second = prices.core_hour_usd.map(|usd| usd / 3_600.0);
        Cost {
            prices,
            data,
            gas,
            gas_per_batch: execution / f64::from(batches.max(1)),
            gas_per_transfer: each(execution),
            blob_gas_per_transfer: each(gas.blob as f64),
            ether,
            l1_usd_per_transfer: prices.eth_usd.map(|usd| each(ether * usd)),
            proving_cpu_s_per_transfer,
            proving_usd_per_transfer: proving_cpu_s_per_transfer
                .zip(core_second)
                .map(|(seconds, usd)| seconds * usd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices = Prices {
        gas_gwei: 1.0,
        blob_gas_gwei: 0.5,
        eth_usd: Some(3_000.0),
        core_hour_usd: Some(0.36),
    };

    #[test]
    fn gas_is_what_the_contracts_tests_measure() {
        let proofs = include_str!("../../../verifier-contracts/snapshots/ProofGasTest.json");
        let others = include_str!("../../../verifier-contracts/snapshots/GasTest.json");
        for (text, name, expected) in [
            (proofs, "prove: first range", PROVE_GAS),
            (others, "commit: each of 16 deposits", DEPOSIT_GAS),
            (others, "commit: each of 16 withdrawals", WITHDRAWAL_GAS),
            (others, "deposit: ERC-20", USER_DEPOSIT_GAS),
        ] {
            let snapshot: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(snapshot[name], expected.to_string(), "{name}");
        }
    }

    /// A full blob and a proof: 119,270 gas measured, estimated within 3 %.
    #[test]
    fn batches_and_proofs_add_up() {
        let mut ledger = CostLedger::new(PRICES, DataMode::Blobs);
        let words = Words { data: BLOB_WORDS, ..Words::default() };
        ledger.add(words, 8_192);
        ledger.add(words, 8_192);
        let proof = ProofTime { batch: 1, transfers: 8_192, chunks: 1, wall_s: 50.0, cpu_s: 81.92 };
        let cost = ledger.finish(&[proof]);
        assert_eq!(
            (cost.gas.blob, cost.gas.prove, ledger.batches()),
            (2 * BLOB_GAS, 2 * PROVE_GAS, 2)
        );
        assert!(cost.gas.commit.abs_diff(2 * 119_270) < 2 * 3_500, "{cost:?}");
        assert_eq!(cost.blob_gas_per_transfer, 16.0);
        let expected =
            (cost.gas.commit + cost.gas.prove) as f64 * 1e-9 + cost.gas.blob as f64 * 0.5e-9;
        assert!((cost.ether - expected).abs() < 1e-12, "{cost:?}");
        assert!((cost.proving_cpu_s_per_transfer.unwrap() - 0.01).abs() < 1e-12);
        assert!((cost.proving_usd_per_transfer.unwrap() - 1e-6).abs() < 1e-15);
        let usd = cost.l1_usd_per_transfer.unwrap();
        assert!((usd - cost.ether * 3_000.0 / 16_384.0).abs() < 1e-12);
    }

    #[test]
    fn deposits_and_withdrawals_are_paid_besides() {
        let gas = |words| {
            let mut ledger = CostLedger::new(PRICES, DataMode::Blobs);
            ledger.add(words, 0);
            ledger.finish(&[]).gas.commit
        };
        let more = gas(Words { data: 0, priority: 32, withdrawals: 3 }) - gas(Words::default());
        assert_eq!(more, 16 * DEPOSIT_GAS + 3 * WITHDRAWAL_GAS);
    }
}
