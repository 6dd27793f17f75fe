//! What a short transfer costs, in US dollars: compute, execution gas, data.
//!
//! Gas is that of whole transactions, as the contracts' tests measure it (`./x gas`). For a commitment with its words in calldata it is
//! linear in the words, up to the floor of EIP-7623; both lines go through measured points. Data in blobs pays EIP-4844's blob gas.

pub mod command;

use serde::Serialize;

use crate::{data::Data, error::BenchError, times::TaskTimes};

/// Gas of whole transactions, measured by the contracts' tests.
const SNAPSHOTS: [&str; 3] = [
    include_str!("../../../verifier-contracts/snapshots/GasTest.json"),
    include_str!("../../../verifier-contracts/snapshots/ProofGasTest.json"),
    include_str!("../../../verifier-contracts/snapshots/BlobGasTest.json"),
];

/// Transfers of the largest calldata batch that L1 takes: 120,000 bytes.
pub const CALLDATA_TRANSFERS: usize = 7_740;
/// Short transfers in a blob: 4,096 words of two.
pub const BLOB_TRANSFERS: usize = 8_192;
/// Blobs of a batch at the most.
pub const BATCH_BLOBS: usize = 6;
/// Blob gas of a blob (EIP-4844, GAS_PER_BLOB).
const BLOB_GAS: f64 = 131_072.0;
/// Bytes of a data word.
const WORD_BYTES: f64 = 31.0;
/// Gas of a calldata byte that is not zero (EIP-2028), and its floor (EIP-7623).
const BYTE_GAS: f64 = 16.0;
const BYTE_FLOOR_GAS: f64 = 40.0;

/// Prices, in the units that they are quoted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prices {
    /// US dollars for an hour of one core.
    pub core_hour_usd: f64,
    /// Gwei for a unit of gas.
    pub gas_gwei: f64,
    /// Gwei for a unit of blob gas.
    pub blob_gas_gwei: f64,
    /// US dollars for an ether.
    pub eth_usd: f64,
}

impl Prices {
    fn usd(&self, gwei: f64) -> f64 {
        gwei * 1e-9 * self.eth_usd
    }
}

/// Transfers of the largest batch with its data there.
#[must_use]
pub const fn largest_batch(data: Data) -> usize {
    match data {
        Data::Calldata => CALLDATA_TRANSFERS,
        Data::Blobs => BATCH_BLOBS * BLOB_TRANSFERS,
    }
}

/// Gas of transactions, from the contracts' snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gas {
    /// A commitment without operations.
    empty: f64,
    /// Of one word more, below the floor.
    word: f64,
    /// The floor of a commitment without operations.
    floor: f64,
    /// Of one blob more.
    blob: f64,
    /// A commitment in the mode of blobs, without any.
    no_blob: f64,
    /// One proof of a range of batches.
    prove: f64,
}

impl Gas {
    /// From the repository's snapshots, as of when this program was built.
    ///
    /// # Errors
    /// A figure is missing there.
    pub fn measured() -> Result<Self, BenchError> {
        Self::from_snapshots(SNAPSHOTS)
    }

    fn from_snapshots(snapshots: [&str; 3]) -> Result<Self, BenchError> {
        let figure = |name: &str| {
            let of = |text: &&str| {
                let value: serde_json::Value = serde_json::from_str(text).ok()?;
                value.get(name)?.as_str()?.parse::<f64>().ok()
            };
            snapshots.iter().find_map(of).ok_or_else(|| {
                BenchError::usage(format!("the gas snapshots have no figure {name:?}"))
            })
        };
        let empty = figure("commit: empty batch")?;
        let small = figure("commit: 64 short transfers")?;
        let largest = figure(&format!("commit: {CALLDATA_TRANSFERS} short transfers"))?;
        let words = (CALLDATA_TRANSFERS / 2) as f64;
        let [no_blob, one_blob] =
            [figure("commit: no blob")?, figure("commit: 1 blob, 8192 short transfers")?];
        Ok(Self {
            empty,
            word: (small - empty) / 32.0,
            floor: largest - words * WORD_BYTES * BYTE_FLOOR_GAS,
            blob: one_blob - no_blob,
            no_blob,
            prove: figure("prove: first range")?,
        })
    }

    /// Execution gas and data gas of a batch with its words in calldata.
    ///
    /// Data is what the words add to the price of the transaction: 16 gas a byte, or what the floor asks for beyond execution.
    fn calldata(&self, transfers: usize) -> (f64, f64) {
        let words = transfers.div_ceil(2) as f64;
        let floor = self.floor + words * WORD_BYTES * BYTE_FLOOR_GAS;
        let commit = (self.empty + words * self.word).max(floor);
        let execution = self.empty + words * (self.word - WORD_BYTES * BYTE_GAS);
        (execution + self.prove, commit - execution)
    }

    /// Execution gas and blob gas of a batch with its words in blobs.
    fn blobs(&self, transfers: usize) -> (f64, f64) {
        let blobs = transfers.div_ceil(BLOB_TRANSFERS).max(1) as f64;
        (self.no_blob + blobs * self.blob + self.prove, blobs * BLOB_GAS)
    }

    /// Gwei of a batch and a proof of its own without the data, and gwei of the data.
    fn gwei(&self, transfers: usize, data: Data, prices: &Prices) -> (f64, f64) {
        let ((execution, gas), price) = match data {
            Data::Calldata => (self.calldata(transfers), prices.gas_gwei),
            Data::Blobs => (self.blobs(transfers), prices.blob_gas_gwei),
        };
        (execution * prices.gas_gwei, gas * price)
    }

    /// US dollars of batches of so many transfers each, settled by so many proofs, without the data; and of the data.
    #[must_use]
    pub fn settlement_usd(
        &self,
        batches: impl IntoIterator<Item = usize>,
        proofs: usize,
        data: Data,
        prices: &Prices,
    ) -> (f64, f64) {
        let prove = self.prove * prices.gas_gwei;
        let (mut execution_gwei, mut data_gwei) = (proofs as f64 * prove, 0.0);
        for transfers in batches {
            let (execution, data) = self.gwei(transfers, data, prices);
            execution_gwei += execution - prove;
            data_gwei += data;
        }
        (prices.usd(execution_gwei), prices.usd(data_gwei))
    }
}

/// US dollars a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ledger {
    /// Transfers that are settled together.
    pub transfers: usize,
    /// Where their data goes.
    pub data: Data,
    /// Batches that they take, each with a proof of its own.
    pub batches: usize,
    /// Cores, while they prove.
    pub compute_usd: f64,
    /// Gas of committing and proving, but for the data.
    pub execution_usd: f64,
    /// Gas of the data.
    pub data_usd: f64,
}

impl Ledger {
    /// Of so many short transfers, in as few batches as L1 takes.
    ///
    /// # Errors
    /// A task has no time.
    pub fn new(
        transfers: usize,
        data: Data,
        times: &TaskTimes,
        gas: &Gas,
        prices: &Prices,
    ) -> Result<Self, BenchError> {
        let (limit, mut batches) = (largest_batch(data), 0);
        let (mut core_s, mut execution_gwei, mut data_gwei) = (0.0, 0.0, 0.0);
        let mut rest = transfers;
        while rest > 0 {
            let size = rest.min(limit);
            core_s += times.work(&times.graph(size))? * times.threads as f64;
            let (batch_execution, batch_data) = gas.gwei(size, data, prices);
            execution_gwei += batch_execution;
            data_gwei += batch_data;
            batches += 1;
            rest -= size;
        }
        Ok(Self {
            transfers,
            data,
            batches,
            compute_usd: core_s / 3_600.0 * prices.core_hour_usd / transfers as f64,
            execution_usd: prices.usd(execution_gwei) / transfers as f64,
            data_usd: prices.usd(data_gwei) / transfers as f64,
        })
    }

    /// All three.
    #[must_use]
    pub fn total_usd(&self) -> f64 {
        self.compute_usd + self.execution_usd + self.data_usd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices =
        Prices { core_hour_usd: 0.036, gas_gwei: 1.0, blob_gas_gwei: 0.5, eth_usd: 2_000.0 };

    /// Round figures: 1,000 gas a word of which 496 are bytes; floor 30,000 + 1,240 a word.
    fn gas() -> Gas {
        let commits = r#"{"commit: empty batch": "70000", "commit: 64 short transfers": "102000",
            "commit: 7740 short transfers": "4828800"}"#;
        let blobs = r#"{"commit: no blob": "71000",
            "commit: 1 blob, 8192 short transfers": "125000"}"#;
        Gas::from_snapshots([commits, r#"{"prove: first range": "240000"}"#, blobs]).unwrap()
    }

    fn ledger(transfers: usize, data: Data) -> Ledger {
        let times = TaskTimes::from_fn(2, 100, |_| Some(1.0));
        Ledger::new(transfers, data, &times, &gas(), &PRICES).unwrap()
    }

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() <= 1e-12 * expected.abs(), "expected {expected}, got {got}");
    }

    #[test]
    fn calldata_by_hand_below_and_at_the_floor() {
        // 40 words: 70,000 + 40,000 is above 30,000 + 49,600; 40 * 504 of it is execution.
        assert_eq!(gas().calldata(80), (70_000.0 + 20_160.0 + 240_000.0, 19_840.0));
        // 1,000 words: 1,070,000 is below 1,270,000, and execution is 574,000.
        assert_eq!(gas().calldata(2_000), (574_000.0 + 240_000.0, 1_270_000.0 - 574_000.0));
    }

    #[test]
    fn a_ledger_by_hand() {
        // Two chunks, one stream leaf: 11 tasks of 1 s on 2 cores; 100 words in calldata.
        let calldata = ledger(200, Data::Calldata);
        near(calldata.compute_usd, 22.0 / 3_600.0 * 0.036 / 200.0);
        near(calldata.execution_usd, (70_000.0 + 50_400.0 + 240_000.0) * 1e-9 * 2_000.0 / 200.0);
        near(calldata.data_usd, 49_600.0 * 1e-9 * 2_000.0 / 200.0);
        near(
            calldata.total_usd(),
            calldata.compute_usd + calldata.execution_usd + calldata.data_usd,
        );
        // One blob of 131,072 blob gas at half a gwei.
        let blobs = ledger(200, Data::Blobs);
        near(blobs.execution_usd, (125_000.0 + 240_000.0) * 1e-9 * 2_000.0 / 200.0);
        near(blobs.data_usd, 65_536.0 * 1e-9 * 2_000.0 / 200.0);
        assert_eq!(blobs.compute_usd, calldata.compute_usd);
    }

    /// Two batches that share a proof pay for it once.
    #[test]
    fn settlement_by_hand() {
        let usd = |proofs| gas().settlement_usd([200, 8_193], proofs, Data::Blobs, &PRICES);
        let (one, two) = (ledger(200, Data::Blobs), ledger(8_193, Data::Blobs));
        near(usd(2).0, one.execution_usd * 200.0 + two.execution_usd * 8_193.0);
        near(usd(2).0 - usd(1).0, 240_000.0 * 1e-9 * 2_000.0);
        near(usd(1).1, one.data_usd * 200.0 + two.data_usd * 8_193.0);
    }

    #[test]
    fn what_a_batch_cannot_hold_takes_more() {
        assert_eq!(ledger(7_740, Data::Calldata).batches, 1);
        assert_eq!(ledger(7_741, Data::Calldata).batches, 2);
        assert_eq!(ledger(49_152, Data::Blobs).batches, 1);
        // Two full batches cost a transfer what one does.
        near(
            ledger(2 * 7_740, Data::Calldata).total_usd(),
            ledger(7_740, Data::Calldata).total_usd(),
        );
        // 8,193 transfers need a second blob.
        let blob_gas = ledger(8_193, Data::Blobs).data_usd * 8_193.0 / 2_000.0 * 1e9 / 0.5;
        near(blob_gas, 262_144.0);
    }

    /// The measured points lie on the lines; the largest commitment pays the floor.
    #[test]
    fn the_lines_go_through_the_measured_points() {
        let gas = Gas::measured().unwrap();
        let commit = |transfers| {
            let (execution, data) = gas.calldata(transfers);
            execution + data - gas.prove
        };
        let snapshot: serde_json::Value = serde_json::from_str(SNAPSHOTS[0]).unwrap();
        for (transfers, name) in [
            (0, "commit: empty batch"),
            (64, "commit: 64 short transfers"),
            (7_740, "commit: 7740 short transfers"),
        ] {
            near(commit(transfers), snapshot[name].as_str().unwrap().parse().unwrap());
        }
        assert!(gas.word > WORD_BYTES * BYTE_GAS && gas.floor > 21_000.0, "{gas:?}");
        assert!(gas.empty + 3_870.0 * gas.word < commit(7_740), "the floor decides");
    }
}
