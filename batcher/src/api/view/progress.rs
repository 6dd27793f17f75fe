//! Where the chain ends, and how far behind each stage is.

use crate::{
    api::{
        sources::{Accounts, LedgerHead, Pressure},
        wire::{Head, Lag, StageLag},
    },
    sequencer::Standing,
    store::{
        Store, StoreError,
        records::{BatchNumber, BlockNumber, BlockOperation, Milliseconds},
    },
};

/// The last block and batches.
pub(in crate::api) fn head(store: &Store, accounts: &dyn Accounts) -> Result<Head, StoreError> {
    let LedgerHead { block, batch, state, made_ms } = accounts.head();
    let l1 = store.l1_view.get(&())?.unwrap_or_default();
    let halted = l1.halted.or_else(|| accounts.halted());
    // The sequencer says how it stands when it has looked; why it halts is known before.
    let standing = if halted.is_some() { "halted" } else { word(&accounts.standing()) };
    Ok(Head {
        block,
        batch,
        state: state.into(),
        made_ms,
        next_id: accounts.next_id(),
        next_token: accounts.next_token(),
        sealed: sealed(store)?,
        committed: l1.committed,
        proven: l1.proven,
        finalized: l1.finalized,
        l1_block: l1.block,
        l1_timestamp: l1.timestamp,
        l1_paused: l1.paused,
        standing: standing.into(),
        halted,
    })
}

/// The stable word for what the sequencer is doing.
const fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Paused => "paused",
        Standing::Draining => "draining",
        Standing::Drained => "drained",
        Standing::Halted(_) => "halted",
    }
}

/// How far behind each stage is at `now`.
pub(in crate::api) fn lag(
    store: &Store,
    accounts: &dyn Accounts,
    pressure: Pressure,
    now: Milliseconds,
) -> Result<Lag, StoreError> {
    let l1 = store.l1_view.get(&())?.unwrap_or_default();
    let last = store.batches.last()?.map(|(_, batch)| batch);
    let sealed = last.as_ref().map_or(0, |batch| batch.number);
    let sealed_block = last.as_ref().map_or(0, |batch| batch.last_block);
    let executed = last.as_ref().map_or(0, |batch| batch.priority_end);
    let executed = executed + executed_after(store, sealed_block)?;

    let accepted = store.log.last()?.map_or(0, |(sequence, _)| sequence + 1);
    let oldest = store.waiting_from.get(&())?.unwrap_or_default();
    let oldest = store.log.get(&oldest)?.filter(|_| pressure.waiting > 0);
    let queued = store.l1_queue.get(&executed)?;
    let open = store.blocks.get(&(sealed_block + 1))?;

    let age = |since: Option<Milliseconds>| since.map(|since| now.saturating_sub(since));
    let stage = |stage: &str, unit: &str, head: u64, behind: u64, since: Option<Milliseconds>| {
        let oldest_ms = age(since.filter(|_| behind > 0));
        StageLag { stage: stage.into(), unit: unit.into(), head, behind, oldest_ms }
    };
    let batches = |name: &str, head: BatchNumber| {
        let next = store.batches.get(&head.saturating_add(1))?;
        let behind = sealed.saturating_sub(head).into();
        let since = next.map(|batch| batch.sealed_ms);
        Ok::<_, StoreError>(stage(name, "batches", head.into(), behind, since))
    };
    // What L1 has proven was published and proven, whichever rows of that this store has.
    let published = store.publications.last()?.map_or(0, |(number, _)| number).max(l1.finalized);
    let proof_made = store.proofs.last()?.map_or(0, |(number, _)| number).max(l1.proven);
    let stages = vec![
        stage(
            "mempool",
            "transactions",
            accepted.saturating_sub(pressure.waiting),
            pressure.waiting,
            oldest.map(|accepted| accepted.received_ms),
        ),
        stage(
            "priority",
            "operations",
            executed,
            l1.queue_length.saturating_sub(executed),
            queued.map(|queued| queued.place.timestamp.saturating_mul(1_000)),
        ),
        stage(
            "sealing",
            "blocks",
            sealed_block,
            accounts.head().block.saturating_sub(sealed_block),
            open.map(|block| block.made_ms),
        ),
        batches("publishing", published)?,
        batches("proving", proof_made)?,
        batches("committing", l1.committed)?,
        batches("settling", l1.proven)?,
        batches("finalizing", l1.finalized)?,
    ];
    Ok(Lag { stages, throttled: pressure.throttled })
}

/// Operations of L1's queue in the blocks after one that ends a batch: they stand in the first of them, before all else.
fn executed_after(store: &Store, block: BlockNumber) -> Result<u64, StoreError> {
    let is_priority =
        |operation: &&BlockOperation| matches!(operation, BlockOperation::Priority(_));
    let mut executed = 0;
    for row in store.blocks.range(block.saturating_add(1)..) {
        let operations = row?.1.operations;
        let count = operations.iter().take_while(is_priority).count();
        executed += count as u64;
        if count < operations.len() {
            break;
        }
    }
    Ok(executed)
}

fn sealed(store: &Store) -> Result<BatchNumber, StoreError> {
    Ok(store.batches.last()?.map_or(0, |(number, _)| number))
}
