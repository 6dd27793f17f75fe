//! Whether events say what the contract has remembered. Its counts show that none was left out; what they say, it keeps as
//! hashes: one over each prefix of the queue, and one of the record of each batch that is not final, and of the last that is.

use alloy::{
    primitives::{B256, FixedBytes, keccak256},
    sol_types::SolValue,
};

use super::{
    apply::{Changes, expect},
    chain::{Chain, Header},
    error::WatcherError,
};
use crate::{
    l1::contracts::Batch,
    store::records::{BatchRecord, QueuedOperation},
};

/// Over a prefix of the queue: `Prefix` in `PriorityQueue.sol`.
pub(super) type QueueHash = FixedBytes<28>;

/// Holds what has changed against the contract's hashes after a block, the last that was read.
///
/// # Errors
/// The node's, or its logs say something else.
pub(super) async fn check<C: Chain>(
    chain: &C,
    changes: &Changes<'_>,
    block: &Header,
) -> Result<(), WatcherError> {
    let queue = changes.queued();
    if let Some((&first, _)) = queue.first_key_value() {
        let before = chain.queue_hash(block, first).await?;
        let operations = queue.values().map(|queued| &queued.operation);
        let got = operations.fold(before, extended);
        let length = first.saturating_add(queue.len() as u64);
        let expected = chain.queue_hash(block, length).await?;
        expect(block.number, "the hash of the queue's operations", expected, got)?;
    }
    for record in changes.live_records() {
        let expected = chain.batch_hash(block, record.number).await?;
        expect(block.number, "the hash of a batch's record", expected, record_hash(record))?;
    }
    Ok(())
}

/// `_extend` in `PriorityQueue.sol`.
pub(super) fn extended(hash: QueueHash, operation: &QueuedOperation) -> QueueHash {
    let mut bytes = hash.to_vec();
    operation.words.iter().for_each(|word| bytes.extend(word.bytes()));
    bytes.extend(operation.origin);
    let hash = keccak256(bytes);
    let (hash, _) = hash.split_at(QueueHash::len_bytes());
    QueueHash::from_slice(hash)
}

/// Of the record as `Settlement.sol` encodes it.
pub(super) fn record_hash(record: BatchRecord) -> B256 {
    keccak256(Batch::from(record).abi_encode())
}
