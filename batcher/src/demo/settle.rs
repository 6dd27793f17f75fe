//! One batch from its operations to its proof on L1.

use alloy::primitives::B256;
use cairn_prover::{
    BatchesProof, Engine, LocalProver,
    measure::{StageTime, Stopwatch},
};
use cairn_types::{DataMode, KIND_BATCHES, SealStatement};
use eyre::{Result, eyre};

use super::{
    committee::Validium,
    forced,
    ground::Ground,
    play::{self, Played},
    scenario::Scenario,
    service::{self, Service},
    wallet::Wallets,
};
use crate::{
    progress::Bars,
    publication::Published,
    store::records::{BatchNumber, BatchRecord, StoredProof},
};

/// The batch on L1.
#[derive(Debug)]
pub struct Committed {
    /// Its number.
    pub number: BatchNumber,
    /// What happened in it.
    pub played: Played,
    /// The record before it.
    pub previous: BatchRecord,
    /// Its own.
    pub record: BatchRecord,
}

/// The batch with its proof.
#[derive(Debug)]
pub struct Proven {
    /// The last batch that L1 has a proof of.
    pub number: BatchNumber,
    /// The state after it, as L1 has it.
    pub l1_state: B256,
    /// Its data, as published.
    pub published: Published,
    /// Its proof.
    pub proof: BatchesProof,
    /// Gas of the commitment.
    pub commit_gas: u64,
    /// Gas of its blobs.
    pub blob_gas: u64,
    /// Gas of the proof.
    pub prove_gas: u64,
    /// What was seen of the data committee, where there is one.
    pub validium: Option<Validium>,
}

/// Submits what the scenario has, and has it sealed and committed.
///
/// # Errors
/// L1's or the service's, or an outcome that is not the scenario's.
pub async fn commit(
    service: &mut Service,
    scenario: &Scenario,
    wallets: &mut Wallets,
    bars: &Bars,
    stages: &mut Vec<StageTime>,
) -> Result<Committed> {
    let watch = Stopwatch::start();
    let bar = bars.bar("operations", scenario.actions.len());
    play::play(service, scenario, wallets, &bar).await?;
    bars.finish(&bar);
    stages.push(watch.stop("operations"));

    let watch = Stopwatch::start();
    let (number, batch) = service.seal().await?;
    let committed = service.batch(number, "a batch on L1", |view| view.l1.is_some()).await?;
    let played = Played { batch, blocks: committed.last_block - committed.first_block + 1 };
    forced::check(&played.outcomes(), scenario)?;
    let (previous, publication) = service.published(number)?;
    stages.push(watch.stop("data, commit"));
    Ok(Committed { number, played, previous, record: publication.record })
}

/// Waits for the proof on L1, and looks at what it came to.
///
/// # Errors
/// L1's or the service's, or a state that the committee's members do not have.
pub async fn prove(
    ground: &Ground,
    committed: &Committed,
    service: &mut Service,
    mode: DataMode,
) -> Result<Proven> {
    let Committed { number, played, previous, record } = committed;
    let number = *number;
    let settled = service.proven(number).await?;
    let on_l1 = settled.l1.ok_or_else(|| eyre!("batch {number} is not on L1"))?;
    let proven_on_l1 = on_l1.proven.ok_or_else(|| eyre!("batch {number} is not proven"))?;
    let (commit_gas, blob_gas) =
        service::gas(&ground.l1, on_l1.committed.transaction.into()).await?;
    let (prove_gas, _) = service::gas(&ground.l1, proven_on_l1.transaction.into()).await?;
    let (last, l1_state) = ground.l1.proven().await?;
    let witness = played.batch.clone();
    let publish = move || Published::new(mode, &witness, number);
    let published = tokio::task::spawn_blocking(publish).await??;
    let proof = proof_of(service.proof(number)?, previous, record, &published, &ground.prover);
    let validium = match &ground.committee {
        Some(committee) => Some(committee.check(&ground.anvil.url(), record.state).await?),
        None => None,
    };
    let number = last;
    Ok(Proven { number, l1_state, published, proof, commit_gas, blob_gas, prove_gas, validium })
}

/// A stored proof of one batch, with what it is of.
fn proof_of(
    stored: StoredProof,
    previous: &BatchRecord,
    record: &BatchRecord,
    published: &Published,
    prover: &LocalProver,
) -> BatchesProof {
    let seal = SealStatement {
        kind: KIND_BATCHES,
        circuit_set_root: prover.circuit_set_root(),
        from: previous.chain_hash.0,
        to: record.chain_hash.0,
    };
    BatchesProof {
        headers: vec![published.header],
        seal,
        proof: stored.proof.map(|word| word.0),
        chunks: stored.chunks as usize,
        stages: stored.stages,
    }
}
