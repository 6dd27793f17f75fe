//! What it takes to claim a withdrawal.

use cairn_types::{Transaction, Withdrawal};

use super::life::missing;
use crate::{
    api::{
        error::ApiError,
        hex::{Decimal, Hash, Hex},
        wire::WithdrawalView,
    },
    l1::withdrawal_tree::WithdrawalTree,
    store::{
        Store, StoreError,
        records::{BatchNumber, BlockNumber, BlockOperation, Outcome},
    },
};

/// The withdrawal of a transaction.
pub(in crate::api) fn of_transaction(
    store: &Store,
    hash: &Hash,
) -> Result<WithdrawalView, ApiError> {
    let unknown = || ApiError::Unknown(format!("transaction {hash}"));
    let sequence = store.hashes.get(&(*hash).into())?.ok_or_else(unknown)?;
    if !is_withdrawal(store, sequence)? {
        return Err(ApiError::Unknown(format!("withdrawal: transaction {hash} is none")));
    }
    let (block, position) = match store.outcomes.get(&sequence)? {
        Some(Outcome::InBlock { block, position }) => (block, position),
        Some(Outcome::Dropped { reason, .. }) => {
            return Err(ApiError::Unknown(format!("withdrawal: {hash} was dropped, {reason}")));
        }
        None => return Err(ApiError::NotYet(format!("{hash} waits for a block"))),
    };
    let batch = store.blocks.get(&block)?.ok_or_else(|| missing("blocks", block))?.batch;
    let Some(sealed) = store.batches.get(&batch)? else {
        return Err(ApiError::NotYet(format!("batch {batch} is not sealed yet")));
    };
    // Forced withdrawals come first in a batch, and only execution knows how many: so count from the end.
    let Some(words) = store.withdrawals.get(&batch)? else {
        return Err(ApiError::NotYet(format!("batch {batch} is being checked")));
    };
    let from_here = count_from(store, block, position, sealed.last_block)?;
    let index = words.len().checked_sub(from_here).and_then(|index| u32::try_from(index).ok());
    let index = index.ok_or(ApiError::Internal("a batch has fewer withdrawals than its blocks"))?;
    withdrawal(store, batch, index)
}

/// A withdrawal by its place in its batch.
pub(in crate::api) fn withdrawal(
    store: &Store,
    batch: BatchNumber,
    index: u32,
) -> Result<WithdrawalView, ApiError> {
    let unknown = || ApiError::Unknown(format!("withdrawal {index} in batch {batch}"));
    let words = store.withdrawals.get(&batch)?.ok_or_else(unknown)?;
    let position = index as usize;
    let word = *words.get(position).ok_or_else(unknown)?;
    let not_one = ApiError::Internal("a withdrawal word does not decode");
    let decoded = Withdrawal::decode_stream(&[word]).ok();
    let withdrawal = decoded.and_then(|decoded| decoded.first().copied()).ok_or(not_one)?;
    let tree = WithdrawalTree::new(&words);
    let path = tree.path(position).ok_or_else(unknown)?;
    let on_chain = store.l1_batches.get(&batch)?;
    Ok(WithdrawalView {
        batch,
        index,
        word: word.into(),
        path: path.into_iter().map(Hex).collect(),
        root: Hex(tree.root()),
        token: withdrawal.token,
        recipient: Hex(withdrawal.recipient),
        amount: Decimal(withdrawal.amount),
        claimable: on_chain.is_some_and(|batch| batch.proven.is_some()),
    })
}

/// Withdrawals that transactions make from this place to the end of the batch.
fn count_from(
    store: &Store,
    block: BlockNumber,
    position: u32,
    last: BlockNumber,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for number in block..=last {
        let stored = store.blocks.get(&number)?.ok_or_else(|| missing("blocks", number))?;
        let skipped = if number == block { position as usize } else { 0 };
        for operation in stored.operations.iter().skip(skipped) {
            if let BlockOperation::Transaction(sequence) = operation
                && is_withdrawal(store, *sequence)?
            {
                count += 1;
            }
        }
    }
    Ok(count)
}

fn is_withdrawal(store: &Store, sequence: u64) -> Result<bool, StoreError> {
    let accepted = store.log.get(&sequence)?.ok_or_else(|| missing("log", sequence))?;
    Ok(matches!(accepted.transaction.transaction, Transaction::Withdraw { .. }))
}
