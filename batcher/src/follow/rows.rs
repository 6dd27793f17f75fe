//! The rows that the API reads, as far as L1 has what they say. Blocks, transactions by hash and receipts are the
//! operator's: there are none.

use cairn_state::State;
use cairn_types::{
    Account, AccountId, DataItem, FIRST_USER_ID, PriorityOperation, Transaction, Word,
};

use super::error::FollowError;
use crate::{
    l1::{error::L1Error, reader::Reader, transactions::Place},
    reconstruct::{Executed, Rollup, history::Committed},
    sequencer::key_bytes,
    store::{
        Store, StoreError,
        records::{BatchNumber, L1Batch, L1Place, L1View, SealReason, SealedBatch},
    },
};

/// Rows that are written at once.
const STEP: usize = 1 << 14;

/// Writes the keys of the accounts that a follower starts with, unless they are there from an earlier run: one that has
/// executed the batch that led to this state, or has begun with it too, where that is the rollup's first.
///
/// # Errors
/// The disk's.
pub(super) fn begin(store: &Store, batch: BatchNumber, state: &State) -> Result<(), StoreError> {
    let Some(last) = state.next_id().checked_sub(1).filter(|last| *last >= FIRST_USER_ID) else {
        return Ok(());
    };
    // Below 2^32: the state has allotted it. Keys are written in order.
    let last = last as AccountId;
    // Between two states accounts may have got other keys.
    let leads_here = |sealed: SealedBatch| sealed.after == state.clone().summary();
    let is_known = batch == 0 || store.batches.get(&batch)?.is_some_and(leads_here);
    if is_known && store.keys.contains(&(key_bytes(&state.account(last).key), last))? {
        return Ok(());
    }
    let accounts: Vec<(AccountId, Account)> = state.accounts().collect();
    for part in accounts.chunks(STEP) {
        let mut write = store.write();
        for (id, account) in part {
            write.put(&store.keys, &(key_bytes(&account.key), *id), &())?;
        }
        write.commit()?;
    }
    Ok(())
}

/// Writes what a batch has done. Times are L1's, in the rows of `l1_batches`: when blocks were made nobody but the
/// operator knows.
///
/// # Errors
/// The disk's.
pub(super) fn executed(
    store: &Store,
    batch: &Executed<'_>,
    before: &mut State,
    committed: &Committed,
) -> Result<(), StoreError> {
    let Executed { number, priority, data, withdrawals, state } = *batch;
    let operations = operations(priority, data);
    let transfers = operations.iter().filter(|operation| operation.is_transfer).count();
    let sealed = SealedBatch {
        number,
        timestamp: committed.batch.timestamp,
        first_block: 0,
        last_block: 0,
        before: before.summary(),
        after: state.clone().summary(),
        priority_end: committed.batch.priorityEnd,
        operations: count(operations.len()),
        transfers: count(transfers),
        data_words: count(data.len()),
        // Why the operator sealed it is not on L1.
        reason: SealReason::Asked,
        opened_ms: u64::from(committed.batch.timestamp) * 1_000,
        sealed_ms: u64::from(committed.batch.timestamp) * 1_000,
    };
    let mut write = store.write();
    write.put(&store.batches, &number, &sealed)?;
    match withdrawals.is_empty() {
        true => write.remove(&store.withdrawals, &number),
        false => write.put(&store.withdrawals, &number, &withdrawals.to_vec())?,
    }
    let made = (before.next_id()..state.next_id()).filter_map(|id| AccountId::try_from(id).ok());
    let tokens = before.next_token()..state.next_token();
    let changed = operations.iter().filter_map(|operation| operation.changes_key_of);
    for id in made.chain(tokens).chain(changed) {
        write.put(&store.keys, &(key_bytes(&state.account(id).key), id), &())?;
    }
    write.commit()
}

/// What the rows need of an operation.
struct Seen {
    is_transfer: bool,
    changes_key_of: Option<AccountId>,
}

fn operations(priority: &[Word], data: &[Word]) -> Vec<Seen> {
    let seen = |transaction: &Transaction, is_signed: bool| Seen {
        is_transfer: is_signed
            && matches!(
                transaction,
                Transaction::Transfer { .. } | Transaction::TransferToNew { .. }
            ),
        changes_key_of: match transaction {
            Transaction::ChangeKey { from, .. } => Some(*from),
            _ => None,
        },
    };
    // They decode: they have been executed.
    let priority = PriorityOperation::decode_stream(priority).unwrap_or_default();
    let data = DataItem::decode_stream(data).unwrap_or_default();
    let queued = priority.iter().map(|operation| match operation {
        PriorityOperation::Forced(forced) => seen(&forced.transaction, false),
        _ => Seen { is_transfer: false, changes_key_of: None },
    });
    let signed = data.iter().flat_map(DataItem::transactions);
    queued.chain(signed.map(|transaction| seen(&transaction, true))).collect()
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Writes what L1 says of the batches up to `tip`, which are executed, and removes what it says no more.
///
/// # Errors
/// The disk's, or the node's.
pub(super) async fn show_l1(
    store: &Store,
    rollup: &Rollup,
    tip: BatchNumber,
    confirmations: u64,
) -> Result<(), FollowError> {
    let (head, history) = (rollup.head(), rollup.history());
    let (committed, proven) = (history.committed().min(tip), history.proven().min(tip));
    remove_after(store, committed)?;
    let mut finalized = settled(store, rollup)?.min(committed);
    for number in finalized + 1..=committed {
        let Some(batch) = history.get(number) else { break };
        // Batches before the state that was started from have no row.
        if !store.batches.contains(&number)? {
            continue;
        }
        let row = show_batch(store, rollup.reader(), number, batch).await?;
        let is_final = |place: &L1Place| place.block.saturating_add(confirmations) <= head.number;
        if row.proven.as_ref().is_some_and(is_final) {
            finalized = number;
        }
    }
    let queue_length = rollup.queue().len() as u64;
    let view = L1View {
        block: head.number,
        block_hash: head.hash,
        timestamp: head.timestamp,
        queue_length,
        confirmed_queue: queue_length,
        committed,
        proven,
        finalized,
        frozen: history.frozen(),
        ..L1View::default()
    };
    let mut write = store.write();
    write.put(&store.l1_view, &(), &view)?;
    write.commit()?;
    Ok(())
}

/// The last batch that was final before, if L1 has it still: rows up to it stay as they are.
fn settled(store: &Store, rollup: &Rollup) -> Result<BatchNumber, StoreError> {
    let last = store.l1_view.get(&())?.unwrap_or_default().finalized;
    let row = store.l1_batches.get(&last)?;
    let l1 = rollup.history().get(last);
    let is_l1s = row.zip(l1).is_some_and(|(row, l1)| row.record.chain_hash == l1.batch.chainHash);
    Ok(if is_l1s { last } else { 0 })
}

fn remove_after(store: &Store, committed: BatchNumber) -> Result<(), StoreError> {
    let mut write = store.write();
    for row in store.batches.range(committed.saturating_add(1)..) {
        let (number, _) = row?;
        write.remove(&store.batches, &number);
        write.remove(&store.l1_batches, &number);
        write.remove(&store.withdrawals, &number);
    }
    write.commit()
}

/// The row of a batch, written anew where L1 says something else.
async fn show_batch(
    store: &Store,
    reader: &Reader,
    number: BatchNumber,
    batch: &Committed,
) -> Result<L1Batch, FollowError> {
    let proof = |place: L1Place| place.transaction;
    let known = store.l1_batches.get(&number)?.filter(|known| {
        known.record.chain_hash == batch.batch.chainHash
            && known.committed.transaction == batch.place.transaction
            && known.proven.map(proof) == batch.proof.map(|place| place.transaction)
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let row = L1Batch {
        record: batch.batch.clone().into(),
        committed: place(reader, &batch.place).await?,
        withdrawals_root: batch.withdrawals_root,
        data_mode: batch.data_mode,
        proven: match &batch.proof {
            Some(proof) => Some(place(reader, proof).await?),
            None => None,
        },
    };
    let mut write = store.write();
    write.put(&store.l1_batches, &number, &row)?;
    write.commit()?;
    Ok(row)
}

async fn place(reader: &Reader, place: &Place) -> Result<L1Place, L1Error> {
    let (block, timestamp) = reader.numbered_block(place.block).await?;
    Ok(L1Place { block, block_hash: place.block, timestamp, transaction: place.transaction })
}

#[cfg(test)]
mod tests {
    use cairn_types::PublicKey;

    use super::*;
    use crate::store::tests::open;

    const FIRST: AccountId = FIRST_USER_ID as AccountId;

    fn key(n: u64) -> PublicKey {
        PublicKey::new([n, 1, 1, 1, 1]).unwrap()
    }

    /// Two users, the first with this key.
    fn state(first: u64) -> State {
        let account = |id| {
            let key = if id == FIRST { key(first) } else { key(9) };
            Ok::<_, StoreError>(Account { key, token: 0, nonce: 0, balance: 1 })
        };
        State::restore(FIRST_USER_ID + 2, 1, account).unwrap()
    }

    #[test]
    fn a_key_that_was_changed_between_two_runs_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).unwrap();
        let has = |n| store.keys.contains(&(key_bytes(&key(n)), FIRST)).unwrap();
        begin(&store, 3, &state(1)).unwrap();
        assert!(has(1) && !has(2));
        // From a later snapshot, in which no account is new.
        begin(&store, 5, &state(2)).unwrap();
        assert!(has(2));
    }
}
