//! What transactions cost the operator now: prices on L1, and what the last batches and proofs were like.
//!
//! Gas is that of the contracts' tests (`verifier-contracts/snapshots`).

use alloy::primitives::U256;
use cairn_types::DataMode;
use tracing::warn;

use crate::{
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

/// Keeps the policy up to date until shutdown.
pub(super) async fn run(
    fees: FeePolicy,
    store: Store,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), StoreError> {
    let (mut l1, mut proving) = (signals.l1.listen(), signals.proving.listen());
    loop {
        match market(&store)? {
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
fn market(store: &Store) -> Result<Option<Market>, StoreError> {
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
        word_wei: word_wei(prices),
        withdrawal_wei: WITHDRAWAL_GAS.saturating_mul(prices.gas),
        batch_wei: commit.saturating_add(proof),
        operations_per_batch: u32::try_from(per_batch).unwrap_or(u32::MAX),
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

/// A word of data where many of them are cheapest: in the middle of what calldata takes, or in full blobs.
fn word_wei(prices: Prices) -> u128 {
    let each = |mode, words: usize| {
        let of = |words| commitment(mode, words, prices);
        let more = of(words)?.saturating_sub(of(0)?);
        u128::try_from(more / U256::from(words)).ok()
    };
    let modes = [(DataMode::Calldata, BLOB_WORDS / 2), (DataMode::Blobs, BLOB_WORDS)];
    modes.into_iter().filter_map(|(mode, words)| each(mode, words)).min().unwrap_or(u128::MAX)
}
