//! What transactions cost the operator now: prices on L1, and what the last batches and proofs were like.
//!
//! Gas is that of the contracts' tests (`verifier-contracts/snapshots`).

use alloy::primitives::U256;
use cairn_types::DataMode;
use tracing::warn;

use crate::{
    l1::data_modes::DataModes,
    mempool::{FeePolicy, fees::Market},
    proving::price::{BLOB_WORDS, Prices, commitment},
    signals::{Shutdown, Signals},
    store::{Store, StoreError},
};

/// Gas of the word of a withdrawal, as of each of 16.
const WITHDRAWAL_GAS: u128 = 2_442;
/// Gas of a proof.
const PROOF_GAS: u128 = 264_425;
/// Batches that are looked at.
const BATCHES: usize = 8;

/// Keeps the policy up to date until shutdown. `modes` are those that batches may have their data in.
pub(super) async fn run(
    fees: FeePolicy,
    modes: DataModes,
    store: Store,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), StoreError> {
    let (mut l1, mut proving) = (signals.l1.listen(), signals.proving.listen());
    loop {
        match market(&store, modes, fees.target_operations())? {
            Some(market) => fees.update(market),
            None => warn!("L1 has not been read yet: fees are the configured minima"),
        }
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = l1.changed() => {}
            () = proving.changed() => {}
        }
    }
}

/// None before L1 was read.
///
/// What a batch costs is shared by so many operations as the last ones had, but by no fewer than `target`: otherwise a
/// quiet hour would raise the fee, and the fee would keep it quiet.
fn market(store: &Store, modes: DataModes, target: u32) -> Result<Option<Market>, StoreError> {
    let Some(view) = store.l1_view.get(&())? else { return Ok(None) };
    let prices = Prices { gas: view.base_fee, blob_gas: view.blob_base_fee };
    let (mut batches, mut operations) = (0u64, 0u64);
    for row in store.batches.iter().rev().take(BATCHES) {
        let (_, batch) = row?;
        batches += 1;
        operations += u64::from(batch.operations);
    }
    let per_batch = operations.checked_div(batches).unwrap_or(0);
    let (proving_us, batches_per_proof) = proving(store)?;
    let commit = commitment(DataMode::Calldata, 0, prices)
        .and_then(|wei| u128::try_from(wei).ok())
        .unwrap_or(u128::MAX);
    let proof = PROOF_GAS.saturating_mul(prices.gas) / u128::from(batches_per_proof);
    Ok(Some(Market {
        word_wei: word_wei(modes, prices),
        withdrawal_wei: WITHDRAWAL_GAS.saturating_mul(prices.gas),
        batch_wei: commit.saturating_add(proof),
        operations_per_batch: u32::try_from(per_batch).unwrap_or(u32::MAX).max(target),
        proving_us,
    }))
}

/// CPU microseconds an operation of the last proof, and how many batches share one.
fn proving(store: &Store) -> Result<(u64, u32), StoreError> {
    let Some((last, proof)) = store.proofs.last()? else { return Ok((0, 1)) };
    let cpu_s: f64 = proof.stages.iter().map(|stage| stage.cpu_s).sum();
    let mut operations = 0u64;
    for row in store.batches.range(proof.first..=last) {
        operations += u64::from(row?.1.operations);
    }
    // Below 2^64: some seconds of some threads.
    let us = (cpu_s * 1e6 / operations.max(1) as f64) as u64;
    Ok((us, last.saturating_sub(proof.first) + 1))
}

/// A word of data in the cheapest of these modes, where it is cheapest: in the middle of what calldata takes, or in
/// full blobs.
fn word_wei(modes: DataModes, prices: Prices) -> u128 {
    let each = |mode| {
        let words = if mode == DataMode::Calldata { BLOB_WORDS / 2 } else { BLOB_WORDS };
        let of = |words| commitment(mode, words, prices);
        let more = of(words)?.saturating_sub(of(0)?);
        u128::try_from(more / U256::from(words)).ok()
    };
    modes.iter().filter_map(each).min().unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256};

    use super::*;
    use crate::store::{
        SCHEMA,
        records::{Identity, L1View},
    };

    fn store(folder: &std::path::Path) -> Store {
        let (rollup, genesis) = (Address::ZERO, B256::ZERO);
        let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
        let store = Store::open(folder, &identity).unwrap();
        let view = L1View { base_fee: 10, blob_base_fee: 1, ..L1View::default() };
        let mut write = store.write();
        write.put(&store.l1_view, &(), &view).unwrap();
        write.commit().unwrap();
        store
    }

    #[test]
    fn a_quiet_rollup_does_not_price_itself_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder.path().join("store"));
        let per_batch = |target| {
            let market = market(&store, DataModes::ON_L1, target).unwrap().unwrap();
            market.operations_per_batch
        };
        assert_eq!((per_batch(0), per_batch(500)), (0, 500));
    }

    #[test]
    fn a_word_costs_what_it_costs_where_it_may_go() {
        let prices = Prices { gas: 10, blob_gas: 1 };
        let of = |modes| word_wei(modes, prices);
        let [calldata, blobs, committee] = DataMode::ALL.map(|mode| of(DataModes::only(mode)));
        assert_eq!(committee, 0);
        assert!(blobs < calldata, "{blobs} and {calldata}");
        assert_eq!(of(DataModes::ON_L1), blobs);
    }
}
