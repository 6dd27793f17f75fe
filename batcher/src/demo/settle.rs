//! What the operator does with a batch: commits it, and pays its withdrawals once it is proven.

use alloy::primitives::{Address, B256, U256};
use cairn_prover::{BatchJob, BatchesProof};
use cairn_state::BatchWitness;
use cairn_types::{DataMode, Withdrawal, Word};
use eyre::{Result, ensure, eyre};

use super::{committee::DemoCommittee, play, publish::Published, scenario::Scenario};
use crate::l1::{
    client::{CommitGas, CommitRequest, L1Client},
    contracts::{Batch, Commitment},
    queue::QueuedOperation,
    withdrawal_tree::WithdrawalTree,
};

/// Where batches have their data.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The mode.
    pub data: DataMode,
    /// Who signs, if it is with the committee.
    pub committee: Option<&'a DemoCommittee>,
}

/// A batch that L1 knows of.
#[derive(Debug)]
pub struct Committed {
    /// The record of the batch before.
    pub previous: Batch,
    /// The batch's record.
    pub record: Batch,
    /// What happened in it.
    pub batch: BatchWitness,
    /// Its data, where L1 finds it.
    pub published: Published,
    /// What the transaction cost.
    pub gas: CommitGas,
}

/// Publishes and commits a batch that executes these operations of the queue.
///
/// # Errors
/// L1's.
pub async fn commit(
    l1: &L1Client,
    place: Place<'_>,
    previous: Batch,
    batch: BatchWitness,
    queue: &[QueuedOperation],
) -> Result<Committed> {
    let number = previous.number + 1;
    let mut published = Published::new(place.data, &batch, number)?;
    if let Some(committee) = place.committee {
        published.signatures = committee.sign(number, &batch)?;
    }
    let hash = |digest: cairn_types::Digest| B256::from(digest.to_bytes());
    let streams = &batch.after.streams;
    let commitment = Commitment {
        timestamp: batch.environment.timestamp,
        state: hash(batch.after.state.commitment()),
        dataDigest: hash(streams.data.digest),
        priorityDigest: hash(streams.priority.digest),
        withdrawalDigest: hash(streams.withdrawal.digest),
        dataMode: published.location.mode().into(),
        dataCount: streams.data.count,
        dataValue: published.hint,
        blobValue: B256::from(published.value.to_bytes()),
    };
    let request = CommitRequest {
        previous: &previous,
        commitment,
        data: published.commit_data(&batch.data),
        priority: queue,
        withdrawals: &batch.withdrawals,
    };
    let (record, gas) = l1.commit(request).await?;
    Ok(Committed { previous, record, batch, published, gas })
}

impl Committed {
    /// What the prover needs.
    #[must_use]
    pub fn job(&self) -> BatchJob {
        BatchJob {
            witness: self.batch.clone(),
            data: self.published.location.clone(),
            number: self.record.number,
            previous_chain_hash: self.previous.chainHash.0,
        }
    }

    /// Whether a proof is of the header that L1 has built.
    ///
    /// # Errors
    /// It is of another.
    pub fn check(&self, proof: &BatchesProof) -> Result<()> {
        let (l1, ours) = (self.record.chainHash, B256::from(proof.seal.to));
        ensure!(l1 == ours, "L1's header differs from ours: it has {l1}, we have {ours}");
        Ok(())
    }
}

/// A proof as the contract takes it.
#[must_use]
pub fn calldata(proof: &BatchesProof) -> [U256; 8] {
    proof.proof.map(U256::from_be_bytes)
}

/// Claims every withdrawal and checks that its recipient has been paid; returns the mean gas.
///
/// # Errors
/// L1's, or a recipient has been paid something else.
pub async fn claim(
    l1: &L1Client,
    committed: &Committed,
    scenario: &Scenario,
    assets: &[Address],
) -> Result<u64> {
    let words: &[Word] = &committed.batch.withdrawals;
    let tree = WithdrawalTree::new(words);
    let mut gas = 0;
    for (index, (word, withdrawal)) in
        words.iter().zip(Withdrawal::decode_stream(words)?).enumerate()
    {
        let token = usize::from(withdrawal.token);
        let (asset, recipient) = (assets[token], Address::from(withdrawal.recipient));
        let before = l1.balance(asset, recipient).await?;
        let path =
            tree.path(index).ok_or_else(|| eyre!("withdrawal {index} is not in its tree"))?;
        gas += l1.claim(committed.record.number, index, word, &path).await?;
        let paid = l1.balance(asset, recipient).await? - before;
        let owed = play::base_units(withdrawal.amount, &scenario.tokens[token])?;
        ensure!(paid == owed, "withdrawal {index} paid {paid} of {owed} base units to {recipient}");
    }
    Ok(gas / words.len().max(1) as u64)
}
