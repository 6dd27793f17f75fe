//! What it takes to claim a withdrawal.

use cairn_types::{Transaction, Withdrawal, Word};

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

/// Places of withdrawals that an error names: its message has an end.
const NAMED: usize = 10;

/// The withdrawal of a transaction. Where its batch has others that are the same in all, it looks at so many rows at
/// most to tell which is whose.
pub(in crate::api) fn of_transaction(
    store: &Store,
    hash: &Hash,
    most_rows: usize,
) -> Result<WithdrawalView, ApiError> {
    let unknown = || ApiError::Unknown(format!("transaction {hash}"));
    let sequence = store.hashes.get(&(*hash).into())?.ok_or_else(unknown)?;
    let Some(word) = withdrawal_word(store, sequence)? else {
        return Err(ApiError::Unknown(format!("withdrawal: transaction {hash} is none")));
    };
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
    let Some(words) = store.withdrawals.get(&batch)? else {
        return Err(ApiError::NotYet(format!("batch {batch} is being checked")));
    };
    let same = words.iter().enumerate().filter(|(_, other)| **other == word);
    let places: Vec<_> = same.filter_map(|(index, _)| u32::try_from(index).ok()).collect();
    let index = if places.len() > 1 {
        // Forced withdrawals come first in a batch, and only execution knows how many: so count from the end.
        let after = same_after(store, &word, (block, position), sealed.last_block, most_rows)?;
        let after = after.ok_or_else(|| {
            let (named, count) = (places.get(..NAMED).unwrap_or(&places), places.len());
            ApiError::Unknown(format!(
                "place of {hash} alone: see cairn_withdrawalAt, {count} withdrawals of batch \
                 {batch} are the same in all, the first {named:?}"
            ))
        })?;
        places.len().checked_sub(after + 1).and_then(|place| places.get(place))
    } else {
        places.first()
    };
    let index = index.ok_or(ApiError::Internal("a batch has fewer withdrawals than its blocks"))?;
    withdrawal(store, batch, *index)
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

/// Withdrawals of this word that transactions make after this place of the batch; none if that takes too many rows.
fn same_after(
    store: &Store,
    word: &Word,
    (block, position): (BlockNumber, u32),
    last: BlockNumber,
    most_rows: usize,
) -> Result<Option<usize>, StoreError> {
    let (mut count, mut rows) = (0, 0);
    for number in block..=last {
        let stored = store.blocks.get(&number)?.ok_or_else(|| missing("blocks", number))?;
        let skipped = if number == block { position as usize + 1 } else { 0 };
        for operation in stored.operations.iter().skip(skipped) {
            let BlockOperation::Transaction(sequence) = operation else { continue };
            rows += 1;
            if rows > most_rows {
                return Ok(None);
            }
            count += usize::from(withdrawal_word(store, *sequence)?.as_ref() == Some(word));
        }
    }
    Ok(Some(count))
}

/// The word that the withdrawal of a transaction has in its batch, if it is one.
fn withdrawal_word(store: &Store, sequence: u64) -> Result<Option<Word>, StoreError> {
    let accepted = store.log.get(&sequence)?.ok_or_else(|| missing("log", sequence))?;
    let signed = accepted.transaction;
    let Transaction::Withdraw { recipient, amount, .. } = signed.transaction else {
        return Ok(None);
    };
    Ok(Withdrawal { token: signed.authorization.token, recipient, amount }.word().ok())
}
