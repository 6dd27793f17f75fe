//! Blocks and batches.

use super::{finalized_ms, life::missing, on_l1, word};
use crate::{
    api::{
        error::ApiError,
        hex::{Decimal, Hash, Hex},
        wire::{
            BatchOnL1, BatchView, BlockEntry, BlockView, ProofMade, ProvingStage, PublicationView,
        },
    },
    mempool::transaction_hash,
    store::{
        Store, StoreError,
        records::{
            BatchNumber, Block, BlockNumber, BlockOperation, L1Batch, Publication, StoredProof,
        },
    },
};
use cairn_prover::measure::StageTime;
use cairn_types::DataLocation;

/// A block with its operations.
pub(in crate::api) fn block(store: &Store, number: BlockNumber) -> Result<BlockView, ApiError> {
    let unknown = || ApiError::Unknown(format!("block {number}"));
    let block = store.blocks.get(&number)?.ok_or_else(unknown)?;
    let entry = |operation: &BlockOperation| match operation {
        BlockOperation::Priority(queued) => Ok(BlockEntry::Priority(queued.index)),
        BlockOperation::Transaction(sequence) => {
            let accepted = store.log.get(sequence)?.ok_or_else(|| missing("log", sequence))?;
            Ok(BlockEntry::Transaction(transaction_hash(&accepted.transaction).into()))
        }
    };
    let operations = block.operations.iter().map(entry).collect::<Result<_, StoreError>>()?;
    Ok(BlockView { operations, ..block_header(&block) })
}

/// A block without its operations.
pub(in crate::api) fn block_header(block: &Block) -> BlockView {
    BlockView {
        number: block.number,
        batch: block.batch,
        timestamp: block.timestamp,
        state: block.state.into(),
        made_ms: block.made_ms,
        operation_count: u32::try_from(block.operations.len()).unwrap_or(u32::MAX),
        operations: Vec::new(),
    }
}

/// A sealed batch with everything that later stages say of it.
pub(in crate::api) fn batch(store: &Store, number: BatchNumber) -> Result<BatchView, ApiError> {
    let unknown = || ApiError::Unknown(format!("sealed batch {number}"));
    let sealed = store.batches.get(&number)?.ok_or_else(unknown)?;
    let on_chain = store.l1_batches.get(&number)?;
    let last_final = store.l1_view.get(&())?.unwrap_or_default().finalized;
    let finalized = number <= last_final && on_chain.is_some_and(|batch| batch.proven.is_some());
    // A proof's row is that of its last batch.
    let proof = store.proofs.range(number..).next().transpose()?;
    let proof = proof.filter(|(_, proof)| proof.first <= number);
    Ok(BatchView {
        number,
        timestamp: sealed.timestamp,
        first_block: sealed.first_block,
        last_block: sealed.last_block,
        state_before: sealed.before.commitment().into(),
        state_after: sealed.after.commitment().into(),
        priority_end: sealed.priority_end,
        operations: sealed.operations,
        transfers: sealed.transfers,
        data_words: sealed.data_words,
        reason: word(&sealed.reason),
        opened_ms: sealed.opened_ms,
        sealed_ms: sealed.sealed_ms,
        publication: store.publications.get(&number)?.as_ref().map(publication),
        proof_made_ms: proof.as_ref().map(|(_, proof)| proof.proven_ms),
        proof: proof.map(|(last, proof)| proof_made(last, proof)),
        finalized,
        finalized_ms: finalized_ms(store, number, finalized)?,
        l1: on_chain.as_ref().map(of_l1),
    })
}

fn proof_made(last: BatchNumber, proof: StoredProof) -> ProofMade {
    let stage = |stage: StageTime| ProvingStage {
        name: stage.name,
        wall_s: stage.wall_s,
        cpu_s: stage.cpu_s,
    };
    ProofMade {
        first: proof.first,
        last,
        chunks: proof.chunks,
        started_ms: proof.started_ms,
        made_ms: proof.proven_ms,
        stages: proof.stages.into_iter().map(stage).collect(),
    }
}

fn publication(publication: &Publication) -> PublicationView {
    let blobs: Vec<Hash> = match &publication.location {
        DataLocation::Blobs(hashes) => hashes.iter().copied().map(Hex).collect(),
        DataLocation::Calldata | DataLocation::Committee => Vec::new(),
    };
    PublicationView {
        data_mode: publication.location.mode().name().to_owned(),
        blobs,
        estimate_wei: Decimal(publication.estimate_wei.saturating_to()),
        published_ms: publication.published_ms,
    }
}

fn of_l1(batch: &L1Batch) -> BatchOnL1 {
    BatchOnL1 {
        committed: on_l1(&batch.committed),
        proven: batch.proven.as_ref().map(on_l1),
        state: batch.record.state.into(),
        chain_hash: batch.record.chain_hash.into(),
        withdrawals_root: batch.withdrawals_root.into(),
    }
}
