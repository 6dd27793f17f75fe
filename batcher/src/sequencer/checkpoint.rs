//! Follows L1's finality: moves the stored accounts on to the last final batch, and notices batches of others.

use cairn_types::{Account, AccountId};
use metrics::gauge;
use tracing::{error, info};

use super::{blocking, error::SequencerError, ledger::Ledger};
use crate::{
    signals::{Shutdown, Signals},
    store::{
        Store, StoreError,
        records::{ACCOUNTS_A_ROW, BatchNumber, Checkpoint},
    },
};

/// Moves the checkpoint whenever L1 moves, until shutdown. A foreign batch halts the sequencer.
pub(super) async fn run(
    store: Store,
    ledger: Ledger,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), SequencerError> {
    let mut l1 = signals.l1.listen();
    while !shutdown.is_stopped() {
        let work = (store.clone(), ledger.clone());
        if let Some(reason) = blocking("following L1", move || follow(&work.0, &work.1)).await?? {
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
pub(super) fn follow(store: &Store, ledger: &Ledger) -> Result<Option<String>, SequencerError> {
    let checkpoint = store.checkpoint.get(&())?.map_or(0, |checkpoint| checkpoint.batch);
    if let Some(reason) = foreign(store, checkpoint + 1)? {
        return Ok(Some(reason));
    }
    let view = store.l1_view.get(&())?.unwrap_or_default();
    for batch in checkpoint + 1..=view.finalized {
        if !advance(store, batch)? {
            break;
        }
        ledger.drop_before(batch);
        gauge!("cairn_final_batch").set(f64::from(batch));
        info!(batch, "final");
    }
    Ok(None)
}

/// A batch from `from` on that L1 has and that this operator has not published.
fn foreign(store: &Store, from: BatchNumber) -> Result<Option<String>, StoreError> {
    for row in store.l1_batches.range(from..) {
        let (number, l1) = row?;
        let ours = store.publications.get(&number)?.map(|publication| publication.record);
        let got = l1.record.chain_hash;
        match ours {
            Some(record) if record == l1.record => {}
            Some(record) => {
                let expected = record.chain_hash;
                return Ok(Some(format!(
                    "L1 has another batch {number} than this operator: expected chain hash {expected}, got {got}; somebody else commits for this rollup, or the store is an old one"
                )));
            }
            None => {
                return Ok(Some(format!(
                    "L1 has batch {number} (chain hash {got}), which this operator has not published; somebody else commits for this rollup, or the store is an old one"
                )));
            }
        }
    }
    Ok(None)
}

/// Applies the changes of a final batch to the stored accounts, in one write. False if it is not sealed here.
pub(super) fn advance(store: &Store, number: BatchNumber) -> Result<bool, StoreError> {
    let Some(batch) = store.batches.get(&number)? else { return Ok(false) };
    let missing = || StoreError::Missing { table: "changes", key: number.to_string() };
    let changes = store.changes.get(&number)?.ok_or_else(missing)?;
    let mut write = store.write();
    let row = |id: AccountId| id / ACCOUNTS_A_ROW;
    // In the order of their ids, so that a row's leaves are neighbours.
    for leaves in changes.chunk_by(|(left, _), (right, _)| row(*left) == row(*right)) {
        let Some(&(first, _)) = leaves.first() else { continue };
        let number = row(first);
        let mut accounts = store.accounts.get(&number)?.unwrap_or_default();
        accounts.resize(ACCOUNTS_A_ROW as usize, Account::EMPTY);
        for (id, account) in leaves {
            if let Some(leaf) = accounts.get_mut((id % ACCOUNTS_A_ROW) as usize) {
                *leaf = *account;
            }
        }
        write.put(&store.accounts, &number, &accounts)?;
    }
    let checkpoint = Checkpoint { batch: number, block: batch.last_block, state: batch.after };
    write.put(&store.checkpoint, &(), &checkpoint)?;
    write.remove(&store.changes, &number);
    write.remove(&store.jobs, &number);
    write.commit()?;
    Ok(true)
}
