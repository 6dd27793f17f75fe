//! The scenario's batches, from its operations to their proofs on L1.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use cairn_prover::{
    BatchesProof,
    measure::{StageTime, Stopwatch},
};
use cairn_types::{DataMode, Digest, KIND_BATCHES, SealStatement};
use eyre::{Result, ensure, eyre};

use super::{
    forced, play,
    played::Played,
    scenario::Scenario,
    service::{self, Service},
    wallet::Wallets,
};
use crate::{
    client::Client,
    l1::client::L1Client,
    progress::Bars,
    publication::Published,
    store::records::{BatchNumber, BatchRecord, StoredProof},
};

/// The batches on L1.
#[derive(Debug)]
pub struct Committed {
    /// What happened in them.
    pub played: Played,
    /// Record of the last.
    pub record: BatchRecord,
}

/// The batches with their proofs.
#[derive(Debug)]
pub struct Proven {
    /// The last batch that L1 has a proof of.
    pub number: BatchNumber,
    /// The state after it, as L1 has it.
    pub l1_state: B256,
    /// The proofs, each of one batch or several, without headers.
    pub proofs: Vec<BatchesProof>,
    /// Gas of the commitments.
    pub commit_gas: u64,
    /// Gas of their blobs.
    pub blob_gas: u64,
    /// Gas of the proofs.
    pub prove_gas: u64,
}

/// The only batch of a scenario, for golden files.
#[derive(Debug)]
pub struct Golden {
    /// The record before it.
    pub previous: BatchRecord,
    /// Its data, as published.
    pub published: Published,
    /// Its proof.
    pub proof: BatchesProof,
}

/// Submits what the scenario has, and has it sealed and committed: in as many batches as it takes.
///
/// # Errors
/// L1's or the service's, or an outcome that is not the scenario's.
pub async fn commit(
    service: &mut Service,
    scenario: &Scenario,
    wallets: &mut Wallets,
    mut played: Played,
    bars: &Bars,
    stages: &mut Vec<StageTime>,
) -> Result<Committed> {
    let watch = Stopwatch::start();
    let bar = bars.bar("operations", scenario.actions.len());
    play::play(service, scenario, wallets, &mut played, &bar).await?;
    bars.finish(&bar);
    stages.push(watch.stop("operations"));

    let watch = Stopwatch::start();
    let last = service.seal().await?;
    let store = service.store().clone();
    let sealed = async |_: &Client| {
        played.follow(&store)?;
        Ok((played.last >= last).then_some(()))
    };
    service.wait("the last sealed batch", sealed).await?;
    service.batch(last, "the last batch on L1", |view| view.l1.is_some()).await?;
    played.check(scenario)?;
    forced::check(&played.outcomes, scenario)?;
    let (_, publication) = service.published(last)?;
    stages.push(watch.stop("data, commit"));
    Ok(Committed { played, record: publication.record })
}

/// Waits for the proofs on L1, and looks at what they came to.
///
/// # Errors
/// L1's or the service's.
pub async fn prove(
    l1: &L1Client,
    committed: &Committed,
    service: &mut Service,
    circuit_set_root: Digest,
) -> Result<Proven> {
    let last = committed.played.last;
    service.proven(last).await?;
    let (mut commit_gas, mut blob_gas, mut prove_gas) = (0, 0, 0);
    let mut proven_by = BTreeSet::new();
    for number in 1..=last {
        let on_l1 = service.proven(number).await?.l1;
        let on_l1 = on_l1.ok_or_else(|| eyre!("batch {number} is not on L1"))?;
        let proven = on_l1.proven.ok_or_else(|| eyre!("batch {number} is not proven"))?;
        let (gas, blobs) = service::gas(l1, on_l1.committed.transaction.into()).await?;
        commit_gas += gas;
        blob_gas += blobs;
        // Batches may share a proof.
        proven_by.insert(proven.transaction);
    }
    for transaction in proven_by {
        prove_gas += service::gas(l1, transaction.into()).await?.0;
    }
    let proof = |(last, stored)| proof_of(service, last, stored, circuit_set_root);
    let proofs = service.proofs(last)?.into_iter().map(proof).collect::<Result<_>>()?;
    let (number, l1_state) = l1.proven().await?;
    Ok(Proven { number, l1_state, proofs, commit_gas, blob_gas, prove_gas })
}

/// A stored proof, with what it is of.
fn proof_of(
    service: &Service,
    last: BatchNumber,
    stored: StoredProof,
    circuit_set_root: Digest,
) -> Result<BatchesProof> {
    let (before, _) = service.published(stored.first)?;
    let (_, publication) = service.published(last)?;
    let seal = SealStatement {
        kind: KIND_BATCHES,
        circuit_set_root,
        from: before.chain_hash.0,
        to: publication.record.chain_hash.0,
    };
    Ok(BatchesProof {
        headers: Vec::new(),
        seal,
        proof: stored.proof.map(|word| word.0),
        chunks: stored.chunks as usize,
        stages: stored.stages,
    })
}

/// What golden files of the batch need.
///
/// # Errors
/// There are several batches.
pub async fn golden(
    service: &Service,
    committed: &Committed,
    proven: &Proven,
    mode: DataMode,
) -> Result<Golden> {
    let Played { last, golden, .. } = &committed.played;
    ensure!(
        *last == 1 && proven.proofs.len() == 1,
        "--write-fixtures: golden files are of one batch, and the transfers came to {last}"
    );
    let missing = || eyre!("the demo has not kept the batch's witness");
    let witness = golden.clone().ok_or_else(missing)?;
    let publish = move || Published::new(mode, &witness, 1);
    let published = tokio::task::spawn_blocking(publish).await??;
    let (previous, _) = service.published(1)?;
    let mut proof = proven.proofs.first().cloned().ok_or_else(|| eyre!("there is no proof"))?;
    proof.headers = vec![published.header];
    Ok(Golden { previous, published, proof })
}

/// The stages of all proofs, each once with the times of all.
#[must_use]
pub fn stages(proofs: &[BatchesProof]) -> Vec<StageTime> {
    let mut all: Vec<StageTime> = Vec::new();
    for stage in proofs.iter().flat_map(|proof| &proof.stages) {
        match all.iter_mut().find(|known| known.name == stage.name) {
            Some(known) => {
                known.wall_s += stage.wall_s;
                known.cpu_s += stage.cpu_s;
                known.peak_rss_mb = known.peak_rss_mb.max(stage.peak_rss_mb);
            }
            None => all.push(stage.clone()),
        }
    }
    all
}
