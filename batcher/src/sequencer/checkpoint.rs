//! Follows L1's finality: moves the stored accounts on to the last final batch, and notices batches of others.

use cairn_types::{Account, AccountId, Word};
use metrics::gauge;
use tracing::{error, info, warn};

use super::{blocking, error::SequencerError, forks, ledger::Ledger};
use crate::{
    signals::{Shutdown, Signals},
    store::{
        Store, StoreError,
        records::{ACCOUNTS_A_ROW, BatchNumber, Checkpoint},
    },
};

/// Rows of accounts in one write, at the most: whoever wants to write meanwhile waits for it.
const ROWS_A_WRITE: usize = 2_000;

/// What may be behind a foreign batch, and what to do.
const FOREIGN: &str = "somebody else commits for this rollup (stop it, or this operator), or the store is older than L1's batches (use the newest, or a newer backup)";

/// Moves the checkpoint whenever L1 moves, until shutdown. A foreign batch halts the sequencer.
pub(super) async fn run(
    store: Store,
    ledger: Ledger,
    domain: Word,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), SequencerError> {
    let mut l1 = signals.l1.listen();
    while !shutdown.is_stopped() {
        let work = (store.clone(), ledger.clone());
        let followed = blocking("following L1", move || follow(&work.0, &work.1, &domain));
        if let Some(reason) = followed.await?? {
            error!(reason, "sealing stops");
            ledger.halt(reason);
            shutdown.stopped().await;
            break;
        }
        tokio::select! {
            () = shutdown.stopped() => {}
            () = l1.changed() => {}
        }
    }
    Ok(())
}

/// Moves the checkpoint to the last final batch, or says which batch on L1 is not this operator's.
pub(super) fn follow(
    store: &Store,
    ledger: &Ledger,
    domain: &Word,
) -> Result<Option<String>, SequencerError> {
    let checkpoint = store.checkpoint.get(&())?.map_or(0, |checkpoint| checkpoint.batch);
    if let Some(reason) = foreign(store, checkpoint + 1)? {
        return Ok(Some(reason));
    }
    let view = store.l1_view.get(&())?.unwrap_or_default();
    for batch in checkpoint + 1..=view.finalized {
        let advanced = {
            let _held = ledger.hold_rows();
            advance(store, batch, ROWS_A_WRITE)?
        };
        if !advanced {
            break;
        }
        gauge!("cairn_final_batch").set(f64::from(batch));
        info!(batch, "final");
    }
    forks::tidy(store, ledger, domain, &view)?;
    Ok(None)
}

/// A batch from `from` on that L1 has for good and that this operator has not published.
fn foreign(store: &Store, from: BatchNumber) -> Result<Option<String>, StoreError> {
    for row in store.l1_batches.range(from..) {
        let (number, l1) = row?;
        let ours = store.publications.get(&number)?.map(|publication| publication.record);
        let got = l1.record.chain_hash;
        let reason = match ours {
            Some(record) if record == l1.record => continue,
            Some(record) => {
                let expected = record.chain_hash;
                format!(
                    "L1 has another batch {number} than this operator: expected chain hash {expected}, got {got}; {FOREIGN}"
                )
            }
            None => format!(
                "L1 has batch {number} (chain hash {got}), which this operator has not published; {FOREIGN}"
            ),
        };
        // Its block may leave the chain, and the batch with it.
        if may_be_taken_back(store, l1.committed.block)? {
            warn!(batch = number, reason, "waiting for its confirmations");
            return Ok(None);
        }
        return Ok(Some(reason));
    }
    Ok(None)
}

/// Whether L1 may still leave a block: the watcher keeps what undoes it as long.
fn may_be_taken_back(store: &Store, block: u64) -> Result<bool, StoreError> {
    Ok(store.l1_blocks.get(&block)?.is_some_and(|block| !block.undo.is_empty()))
}

/// Goes on with an advance that a kill has cut off: some of the accounts are those after the next batch.
pub(super) fn finish(store: &Store) -> Result<(), StoreError> {
    if let Some(batch) = store.advancing.get(&())? {
        advance(store, batch, ROWS_A_WRITE)?;
    }
    Ok(())
}

/// Applies the changes of a final batch to the stored accounts. False if it is not sealed here.
///
/// In several writes of at most `most` rows where they are many. The first of them notes the batch: from then on the
/// accounts are those of neither state, and [`finish`] must write all changes again before anybody reads them. The
/// last moves the checkpoint and removes the note and the changes.
pub(super) fn advance(store: &Store, number: BatchNumber, most: usize) -> Result<bool, StoreError> {
    let Some(batch) = store.batches.get(&number)? else { return Ok(false) };
    let missing = || StoreError::Missing { table: "changes", key: number.to_string() };
    let mut changes = store.changes.get(&number)?.ok_or_else(missing)?;
    // Earlier versions noted leaves that were named and are not there.
    changes.retain(|(_, account)| !account.is_empty());
    let row = |id: AccountId| id / ACCOUNTS_A_ROW;
    // In the order of their ids, so that a row's leaves are neighbours.
    let rows: Vec<_> =
        changes.chunk_by(|(left, _), (right, _)| row(*left) == row(*right)).collect();
    let parts = rows.len().div_ceil(most);
    let mut write = store.write();
    for (part, rows) in rows.chunks(most).enumerate() {
        for leaves in rows {
            let Some(&(first, _)) = leaves.first() else { continue };
            let mut accounts = store.accounts.get(&row(first))?.unwrap_or_default();
            accounts.resize(ACCOUNTS_A_ROW as usize, Account::EMPTY);
            for (id, account) in *leaves {
                if let Some(leaf) = accounts.get_mut((id % ACCOUNTS_A_ROW) as usize) {
                    *leaf = *account;
                }
            }
            write.put(&store.accounts, &row(first), &accounts)?;
        }
        if part + 1 < parts {
            write.put(&store.advancing, &(), &number)?;
            std::mem::replace(&mut write, store.write()).commit()?;
        }
    }
    let checkpoint = Checkpoint { batch: number, block: batch.last_block, state: batch.after };
    write.put(&store.checkpoint, &(), &checkpoint)?;
    write.remove(&store.advancing, &());
    write.remove(&store.changes, &number);
    write.remove(&store.jobs, &number);
    write.commit()?;
    Ok(true)
}
