//! The calls that commit and prove, made again from what the store has, and held against what was published.

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
    transports::TransportError,
};
use cairn_state::BatchWitness;
use cairn_types::Word;

use super::{
    error::SettlementError,
    signed::{self, Call},
};
use crate::{
    l1::{
        self,
        contracts::{IRollupL1::commitCall, IRollupL1::proveCall},
        error::rpc,
        revert::explain,
    },
    publication::Published,
    store::{
        Store, StoreError,
        records::{BatchNumber, BatchRecord, Publication, QueuedOperation, StoredProof},
    },
};

/// Gas that no transaction may exceed (EIP-7825).
const MAX_GAS: u64 = 1 << 24;
/// Gas of a commitment that cannot be simulated, at most: the contract's own, for each byte of calldata, for each blob. Its dearest
/// bytes are those of withdrawals (79 gas) by `snapshots/GasTest.json`, an opening takes 54,000 by `snapshots/BlobGasTest.json`.
const COMMIT_GAS: (u64, u64, u64) = (300_000, 100, 70_000);
/// Gas of a proof that cannot be simulated, at most: 265,000 by `snapshots/ProofGasTest.json`.
const PROVE_GAS: u64 = 600_000;

/// What the contract says of a call.
#[derive(Debug)]
pub(super) enum Simulated {
    /// It would take so much gas.
    Gas(u64),
    /// It would revert.
    Refused(String),
}

/// The commitment of a published batch. Takes some 0.2 s of CPU for each blob.
///
/// # Errors
/// The store's; what was published does not follow from the batch's words; L1 has another batch before it.
pub(super) fn commit(
    store: &Store,
    rollup: Address,
    batch: BatchNumber,
) -> Result<Call, SettlementError> {
    let publication = publication(store, batch)?;
    let mode = publication.location.mode();
    let witness = store.jobs.get(&batch)?.ok_or_else(|| missing("jobs", batch))?;
    let previous = record_before(store, batch, &witness)?;
    let published = Published::new(mode, &witness, batch)?;
    let priority_end = publication.record.priority_end;
    let queue = executed(store, batch, previous.priority_end..priority_end, &witness.priority)?;
    let differs = |what| SettlementError::Publication { batch, what };
    if published.location != publication.location {
        return Err(differs("blobs"));
    }
    if published.record(&previous, priority_end) != publication.record {
        return Err(differs("state, time or chain hash"));
    }
    let streams = published.streams(&witness, &queue, &publication.signatures);
    let next = published.commitment();
    let input = Bytes::from(commitCall { previous: previous.into(), next, streams }.abi_encode());
    // A transaction carries a blob or is of another type.
    let sidecar = published.blobs.map(|(blobs, _)| blobs.sidecar());
    let sidecar = sidecar.filter(|sidecar| !sidecar.blobs.is_empty());
    let blobs = sidecar.as_ref().map_or(0, |sidecar| sidecar.blobs.len());
    let (base, byte, blob) = COMMIT_GAS;
    let gas = base + byte * input.len() as u64 + blob * blobs as u64;
    Ok(Call { to: rollup, input, gas: gas.min(MAX_GAS), sidecar })
}

/// The post of a proof; `circuit_set` is the index of the set that it was made of.
///
/// # Errors
/// The store's; L1 has other batches than those that were proven.
pub(super) fn prove(
    store: &Store,
    rollup: Address,
    proof: &StoredProof,
    last: BatchNumber,
    circuit_set: U256,
) -> Result<Call, SettlementError> {
    let from = match proof.first.checked_sub(1) {
        None | Some(0) => {
            let witness = store.jobs.get(&1)?.ok_or_else(|| missing("jobs", 1))?;
            record_before(store, 1, &witness)?
        }
        Some(before) => record(store, before)?,
    };
    let to = record(store, last)?;
    let proof = proof.proof.map(|word| U256::from_be_bytes(word.0));
    let call = proveCall { from: from.into(), to: to.into(), circuitSet: circuit_set, proof };
    Ok(Call { to: rollup, input: call.abi_encode().into(), gas: PROVE_GAS, sidecar: None })
}

/// The indices of the circuit sets with this root of which proofs are accepted at this time (seconds); why there is none. The
/// latest first. Two sets may have one root and different verifying keys, so that only the contract can tell which takes a
/// proof.
///
/// # Errors
/// The node's.
pub(super) async fn circuit_sets(
    provider: &DynProvider,
    rollup: Address,
    root: B256,
    now: u64,
) -> Result<Result<Vec<U256>, String>, SettlementError> {
    let mut reason =
        format!("no circuit set of the rollup has root {root}: the proof is of other circuits");
    let mut active = Vec::new();
    for (index, set) in l1::circuit_sets::circuit_sets(provider, rollup).await? {
        if set.root != root {
            continue;
        }
        if set.retired {
            reason = format!("circuit set {index} is retired");
        } else if set.activeAt > now {
            reason = format!("circuit set {index} counts from {} on", set.activeAt);
        } else {
            active.push(index);
        }
    }
    Ok(if active.is_empty() { Err(reason) } else { Ok(active) })
}

/// Whether a signed commitment is of the batch as it is published now: while it waits for L1, a batch may be published again.
///
/// # Errors
/// The store's.
pub(super) fn is_current(
    store: &Store,
    batch: BatchNumber,
    raw: &[u8],
) -> Result<bool, SettlementError> {
    let Some(publication) = store.publications.get(&batch)? else { return Ok(false) };
    let call = signed::input(raw).and_then(|input| commitCall::abi_decode(&input).ok());
    let Some(commitCall { previous, next, .. }) = call else { return Ok(false) };
    let record = publication.record;
    let same = (next.timestamp, next.state) == (record.timestamp, record.state)
        && next.dataMode == u8::from(publication.location.mode());
    // That before the first is genesis, which stays.
    let Some(before) = batch.checked_sub(1).filter(|&before| before > 0) else { return Ok(same) };
    let expected = match store.l1_batches.get(&before)? {
        Some(batch) => Some(batch.record),
        None => store.publications.get(&before)?.map(|publication| publication.record),
    };
    Ok(same && expected == Some(previous.into()))
}

/// Asks the contract what it would do at L1's head.
///
/// # Errors
/// The node's.
pub(super) async fn simulate(
    provider: &DynProvider,
    from: Address,
    call: &Call,
) -> Result<Simulated, SettlementError> {
    let request = TransactionRequest {
        from: Some(from),
        to: Some(call.to.into()),
        input: call.input.clone().into(),
        // The blobs themselves cost nothing here but time.
        blob_versioned_hashes: call.sidecar.as_ref().map(|s| s.versioned_hashes().collect()),
        ..TransactionRequest::default()
    };
    match provider.estimate_gas(request).block(BlockId::latest()).await {
        // What it takes may grow until it is mined: the slots that it writes may be others' by then.
        Ok(gas) => Ok(Simulated::Gas(gas.saturating_add(gas / 5).min(MAX_GAS))),
        Err(e) => match refusal(&e) {
            Some(reason) => Ok(Simulated::Refused(reason)),
            None => Err(rpc("simulating a transaction", e).into()),
        },
    }
}

/// Why a call was refused by the contract; none if it is the node that refuses, or does not answer.
pub(super) fn refusal(error: &TransportError) -> Option<String> {
    let answer = error.as_error_resp()?;
    if let Some(data) = answer.as_revert_data() {
        return Some(explain(&data));
    }
    let message = answer.message.to_lowercase();
    let words = ["revert", "out of gas", "exceeds allowance", "gas required"];
    words.iter().any(|word| message.contains(word)).then(|| answer.message.to_string())
}

/// The record that L1 has, or will have, of a published batch.
fn record(store: &Store, batch: BatchNumber) -> Result<BatchRecord, SettlementError> {
    let ours = store.publications.get(&batch)?.map(|publication| publication.record);
    let l1 = store.l1_batches.get(&batch)?;
    match (ours, l1) {
        (Some(ours), Some(l1)) if ours != l1.record => {
            // Its block may leave the chain, and the batch with it.
            if may_be_taken_back(store, l1.committed.block)? {
                return Err(SettlementError::Diverging { batch });
            }
            let (expected, got) = (Box::new(ours), Box::new(l1.record));
            Err(SettlementError::Diverged { batch, expected, got })
        }
        (Some(record), _) => Ok(record),
        (None, Some(l1)) => Ok(l1.record),
        (None, None) => Err(missing("publications", batch)),
    }
}

/// Whether L1 may still leave a block: the watcher keeps what undoes it as long.
fn may_be_taken_back(store: &Store, block: u64) -> Result<bool, StoreError> {
    Ok(store.l1_blocks.get(&block)?.is_some_and(|block| !block.undo.is_empty()))
}

/// Why there is nothing to draft any more, where L1 has come to have these batches for good: what is needed was removed.
///
/// # Errors
/// The store's; whatever else the draft has failed for.
pub(super) fn overtaken(
    store: &Store,
    batch: BatchNumber,
    error: SettlementError,
) -> Result<String, SettlementError> {
    let is_final = store.l1_view.get(&())?.is_some_and(|view| view.finalized >= batch);
    match error {
        SettlementError::Store(StoreError::Missing { .. }) if is_final => {
            Ok(format!("batch {batch} is final meanwhile"))
        }
        error => Err(error),
    }
}

/// The record before a batch; that of genesis follows from what the first batch starts with.
fn record_before(
    store: &Store,
    batch: BatchNumber,
    witness: &BatchWitness,
) -> Result<BatchRecord, SettlementError> {
    match batch.checked_sub(1) {
        None | Some(0) => Ok(BatchRecord {
            number: 0,
            timestamp: 0,
            priority_end: 0,
            state: witness.before.state.commitment().to_bytes().into(),
            chain_hash: B256::ZERO,
        }),
        Some(before) => record(store, before),
    }
}

fn publication(store: &Store, batch: BatchNumber) -> Result<Publication, SettlementError> {
    let found = store.publications.get(&batch)?;
    found.ok_or_else(|| missing("publications", batch))
}

/// The priority operations that a batch executes, whose words are these.
fn executed(
    store: &Store,
    batch: BatchNumber,
    range: std::ops::Range<u64>,
    words: &[Word],
) -> Result<Vec<QueuedOperation>, SettlementError> {
    let mut operations = Vec::new();
    for index in range {
        operations.extend(store.l1_queue.get(&index)?.map(|queued| queued.operation));
    }
    let queued = operations.iter().flat_map(|operation| &operation.words);
    if !queued.eq(words) {
        return Err(SettlementError::Queue { batch, expected: words.len() });
    }
    Ok(operations)
}

fn missing(table: &'static str, batch: BatchNumber) -> SettlementError {
    StoreError::Missing { table, key: batch.to_string() }.into()
}
