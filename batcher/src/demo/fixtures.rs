//! Golden files for the contracts' tests: a batch with its real proof (docs/fixtures.md).

use std::{io::Write, path::Path};

use alloy::primitives::{Address, B256};
use cairn_prover::{BatchesProof, LocalProver, files::write_atomically};
use cairn_state::BatchWitness;
use cairn_types::{Digest, Extension, FORCED_WORDS, Word};
use eyre::{Result, WrapErr, ensure};
use serde_json::{Value, json};

use super::{forced, scenario::Scenario};
use crate::{
    l1::{deployment::Deployment, withdrawal_tree::WithdrawalTree},
    publication::Published,
    sequencer::SequencerConfig,
    store::records::BatchRecord,
};

/// What the files tell about.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The deployment.
    pub manifest: &'a Deployment,
    /// L1 contract of each token, zero for ether.
    pub assets: &'a [Address],
    /// The record before the batch.
    pub previous: &'a BatchRecord,
    /// L1's record of the batch.
    pub record: &'a BatchRecord,
    /// What happened in it.
    pub batch: &'a BatchWitness,
    /// Its data, where L1 finds it.
    pub published: &'a Published,
    /// Its proof.
    pub proof: &'a BatchesProof,
}

/// Operations of the largest batch that golden files are of.
const MOST_OPERATIONS: usize = 4_096;

/// Refuses what does not fit one small batch, before the work.
///
/// # Errors
/// What is too much.
pub fn check(scenario: &Scenario) -> Result<()> {
    let (got, most) = (scenario.actions.len(), MOST_OPERATIONS);
    ensure!(
        got <= most,
        "--write-fixtures: golden files are of one small batch, expected at most {most} operations, got {got}"
    );
    let forced = forced::count(scenario) * FORCED_WORDS;
    let got = 2 * (scenario.tokens.len() + scenario.first_balances.len()) + forced;
    let most = SequencerConfig::default().max_priority_words as usize;
    ensure!(
        got <= most,
        "--write-fixtures: golden files are of one batch, expected at most {most} words of deposits, got {got}"
    );
    Ok(())
}

/// Writes `batch.json` and `groth16/{verification_key,proof,public}.json` below `folder`; `batch_in_blobs.json`
/// alone for a batch with its data in blobs.
///
/// # Errors
/// What the file system says.
pub fn write(folder: &Path, settled: &Settled<'_>, prover: &LocalProver) -> Result<()> {
    let in_blobs = settled.published.blobs.is_some();
    let path = folder.join(if in_blobs { "batch_in_blobs.json" } else { "batch.json" });
    write_atomically(&path, |file| {
        serde_json::to_writer_pretty(&mut *file, &batch(settled))?;
        writeln!(file)
    })
    .wrap_err_with(|| format!("writing {}", path.display()))?;
    if in_blobs {
        return Ok(());
    }
    let groth16 = folder.join("groth16");
    prover
        .write_snarkjs(&groth16, settled.proof)
        .wrap_err_with(|| format!("writing to {}", groth16.display()))
}

fn batch(settled: &Settled<'_>) -> Value {
    let Settled { manifest, assets, previous, record, batch, published, proof } = settled;
    let (hashes, openings) = match &published.blobs {
        Some((blobs, openings)) => (blobs.versioned_hashes(), &openings[..]),
        None => (vec![], &[][..]),
    };
    let header = &proof.headers[0];
    let streams = &header.streams;
    let tree = WithdrawalTree::new(&batch.withdrawals);
    let claims: Vec<Value> = batch
        .withdrawals
        .iter()
        .enumerate()
        .map(|(index, word)| {
            let path: Vec<B256> =
                tree.path(index).unwrap_or_default().into_iter().map(B256::from).collect();
            json!({ "index": index, "word": hex(&word.bytes()), "path": path })
        })
        .collect();
    json!({
        "chain_id": crate::l1::anvil::CHAIN_ID,
        "rollup": manifest.rollup,
        "domain": manifest.domain,
        "circuit_set_root": digest(&proof.seal.circuit_set_root),
        "genesis_state": digest(&header.state_before),
        "assets": assets,
        "timestamp": header.timestamp,
        "state": digest(&header.state_after),
        "data_digest": digest(&streams.data.stream.digest),
        "priority_digest": digest(&streams.priority.stream.digest),
        "withdrawal_digest": digest(&streams.withdrawal.stream.digest),
        "data": words(&batch.data),
        "priority_words": words(&batch.priority),
        "withdrawals": words(&batch.withdrawals),
        "data_mode": u8::from(published.location.mode()),
        "data_count": streams.data.stream.count,
        "versioned_hashes": hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
        "openings": hex(openings),
        "point": extension(&header.x),
        "blob_point": hex(&header.z.to_bytes()),
        "blob_value": hex(&streams.blob.to_bytes()),
        "data_value": extension(&streams.data.y),
        "priority_value": extension(&streams.priority.y),
        "withdrawal_value": extension(&streams.withdrawal.y),
        "h_from": previous.chain_hash,
        "h_to": record.chain_hash,
        "withdrawals_root": hex(&tree.root()),
        "public_input": hex(&proof.seal.public_input()),
        "proof": proof.proof.map(|word| hex(&word)),
        "claims": claims,
    })
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

fn words(words: &[Word]) -> String {
    hex(&words.iter().flat_map(Word::bytes).collect::<Vec<u8>>())
}

fn digest(digest: &Digest) -> String {
    hex(&digest.to_bytes())
}

fn extension(value: &Extension) -> String {
    hex(&value.to_bytes())
}
