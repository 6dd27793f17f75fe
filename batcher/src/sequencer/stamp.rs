//! Timestamps that L1 still takes: no batch grows too old unnoticed, and one that has is stamped anew.
//!
//! L1 refuses a batch whose timestamp is older than a day, for ever. The state commitment has no timestamp in it, so
//! that the same blocks with a later one lead to the same states, and every receipt holds: block, place and state
//! stay. Only expiries are judged by the timestamp. Therefore the new one is L1's clock, or the earliest expiry in the
//! batch or in one after it; where that is too old as well, nobody can commit these blocks any more, and the sequencer
//! halts.
//!
//! It is done at a start, before anybody has read of what is thrown away: witnesses, publications and proofs carry the
//! timestamp. And only once L1 can take the old one no more, whatever was sent: two batches of one number never
//! compete.

use std::collections::BTreeMap;

use metrics::counter;
use tracing::{error, warn};

use crate::store::{
    Store, StoreError,
    records::{BatchNumber, Block, BlockOperation, L1View, Sequence},
};

/// The age, in seconds, up to which the contract takes a batch: `MAX_BATCH_AGE` in `Settlement.sol`.
pub(super) const CONTRACT_AGE_S: u64 = 24 * 3_600;

/// The age at which an open batch is sealed, whatever else keeps it open.
pub(super) const SEAL_AGE_S: u64 = CONTRACT_AGE_S / 2;

/// The age of a batch that L1 does not have at which people hear of it.
pub(super) const ALARM_AGE_S: u64 = 6 * 3_600;

/// Seconds beyond [`CONTRACT_AGE_S`] after which a batch counts as refused: L1 may go back by 120 blocks, and take it
/// then.
const MARGIN_S: u64 = 1_800;

/// Seconds that a new timestamp must leave to publish the batch and to commit it.
const LEAST_LEFT_S: u64 = 3_600;

/// The age of a batch by L1's clock, in seconds.
pub(super) fn age(timestamp: u32, view: &L1View) -> u64 {
    view.timestamp.saturating_sub(timestamp.into())
}

/// The first batch that L1 does not have, if it is too old for L1, and L1 would take others. Those after it are no
/// older.
pub(super) fn too_old(store: &Store, view: &L1View) -> Result<Option<BatchNumber>, StoreError> {
    let number = view.committed.saturating_add(1);
    if view.paused || view.frozen || view.halted.is_some() {
        return Ok(None);
    }
    let batch = store.batches.get(&number)?;
    let is_old = |timestamp| age(timestamp, view) > CONTRACT_AGE_S + MARGIN_S;
    Ok(batch.filter(|batch| is_old(batch.timestamp)).map(|_| number))
}

/// Stamps anew what L1 does not have and takes no more, the open batch too. Why that cannot be done, if so.
///
/// Trust: no other stage runs.
pub(super) fn renew(store: &Store) -> Result<Option<String>, StoreError> {
    let view = store.l1_view.get(&())?.unwrap_or_default();
    let Some(first) = too_old(store, &view)? else { return Ok(None) };
    let missing = || StoreError::Missing { table: "batches", key: first.to_string() };
    let from = store.batches.get(&first)?.ok_or_else(missing)?.first_block;
    let mut latest = latest_stamps(store, from)?;

    // Timestamps never decrease, so what limits one batch limits those before it.
    let clock = u32::try_from(view.timestamp).unwrap_or(u32::MAX);
    let mut limit = Latest { timestamp: clock, transaction: None };
    for batch in latest.values_mut().rev() {
        limit = limit.min(*batch);
        *batch = limit;
    }
    let Some(earliest) = latest.get(&first).copied() else { return Ok(None) };
    if age(earliest.timestamp, &view) + LEAST_LEFT_S > CONTRACT_AGE_S {
        let Latest { timestamp, transaction } = earliest;
        let reason = format!(
            "batch {first} is too old for L1, and cannot have a later timestamp than {timestamp}: transaction {} of the log, executed and confirmed, expires then. No batch from {first} on can be committed any more",
            transaction.map_or("none".to_owned(), |sequence| sequence.to_string())
        );
        error!(reason, "a batch has expired");
        return Ok(Some(reason));
    }

    let mut write = store.write();
    for row in store.blocks.range(from..) {
        let (number, block) = row?;
        let timestamp = latest.get(&block.batch).map_or(block.timestamp, |l| l.timestamp);
        write.put(&store.blocks, &number, &Block { timestamp, ..block })?;
    }
    let mut last = first;
    for row in store.batches.range(first..) {
        let (number, mut batch) = row?;
        batch.timestamp = latest.get(&number).map_or(batch.timestamp, |l| l.timestamp);
        write.put(&store.batches, &number, &batch)?;
        last = number;
    }
    for number in first..=last {
        write.remove(&store.jobs, &number);
        write.remove(&store.publications, &number);
        // By their last batches: a proof that covers an old batch and some before it goes, too.
        write.remove(&store.proofs, &number);
    }
    write.commit()?;
    counter!("cairn_batches_stamped_anew_total").increment((last - first + 1).into());
    warn!(
        first,
        last,
        timestamp = earliest.timestamp,
        "L1 does not have these batches and takes them no more: they are stamped anew, published and proven again"
    );
    Ok(None)
}

/// The latest timestamp that a batch may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Latest {
    timestamp: u32,
    /// The transaction that expires then.
    transaction: Option<Sequence>,
}

/// By the expiries of their transactions, for all batches that have blocks from this one on. Forced transactions are
/// judged by the second in which L1 has queued them.
fn latest_stamps(store: &Store, from: u64) -> Result<BTreeMap<BatchNumber, Latest>, StoreError> {
    let mut latest = BTreeMap::new();
    for row in store.blocks.range(from..) {
        let (_, block) = row?;
        let none = Latest { timestamp: u32::MAX, transaction: None };
        let batch = latest.entry(block.batch).or_insert(none);
        for operation in &block.operations {
            let BlockOperation::Transaction(sequence) = *operation else { continue };
            let missing = || StoreError::Missing { table: "log", key: sequence.to_string() };
            let accepted = store.log.get(&sequence)?.ok_or_else(missing)?;
            let timestamp = accepted.transaction.authorization.expiry;
            if timestamp != 0 {
                *batch = Latest { timestamp, transaction: Some(sequence) }.min(*batch);
            }
        }
    }
    Ok(latest)
}
