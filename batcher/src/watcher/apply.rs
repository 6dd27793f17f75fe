//! Events become rows, with a note for each of how to take it back.
//!
//! One block may change a row more than once (`commitAndProve` takes a batch back, commits another and proves it), so changes
//! gather in memory first, and each row is written once.

use std::collections::BTreeMap;

use super::{
    chain::{Counts, Event, Header, Seen},
    error::WatcherError,
};
use crate::{
    clock::now_ms,
    store::{
        Store, StoreError, Write,
        records::{BatchNumber, BatchRecord, L1Batch, L1Block, L1Place, L1Queued, L1View},
    },
};

/// What the blocks after the last stored one have changed so far.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    store: &'a Store,
    view: L1View,
    queue: BTreeMap<u64, L1Queued>,
    /// `None` for a batch that was taken back.
    batches: BTreeMap<BatchNumber, Option<L1Batch>>,
    /// Whether the rollup's first event has been seen.
    genesis: bool,
}

impl<'a> Changes<'a> {
    /// No changes after what is stored.
    pub(super) fn new(store: &'a Store) -> Result<Self, StoreError> {
        let view = store.l1_view.get(&())?.unwrap_or_default();
        let genesis = store.l1_batches.contains(&0)?;
        Ok(Self { store, view, queue: BTreeMap::new(), batches: BTreeMap::new(), genesis })
    }

    fn batch(&self, number: BatchNumber) -> Result<Option<L1Batch>, StoreError> {
        match self.batches.get(&number) {
            Some(batch) => Ok(*batch),
            None => self.store.l1_batches.get(&number),
        }
    }

    fn queued_in(&self, index: u64) -> Result<Option<u64>, StoreError> {
        let row = match self.queue.get(&index) {
            Some(row) => return Ok(Some(row.place.block)),
            None => self.store.l1_queue.get(&index)?,
        };
        Ok(row.map(|row| row.place.block))
    }

    /// Takes events in, in the order of the chain.
    ///
    /// # Errors
    /// An event cannot follow those before it: the node has left one out, or made it up.
    pub(super) fn apply_all(&mut self, seen: &[Seen]) -> Result<(), WatcherError> {
        seen.iter().try_for_each(|seen| self.apply(seen))
    }

    fn apply(&mut self, seen: &Seen) -> Result<(), WatcherError> {
        let place = L1Place {
            block: seen.block,
            block_hash: seen.block_hash,
            timestamp: seen.timestamp,
            transaction: seen.transaction,
        };
        let changes_tables =
            matches!(seen.event, Event::Queued(_) | Event::Proven { .. } | Event::Reverted { .. });
        if !self.genesis && changes_tables {
            return Err(WatcherError::NoGenesis { block: seen.block });
        }
        match &seen.event {
            Event::Queued(operation) => {
                let index = self.view.queue_length;
                expect(seen.block, "the next operation of the queue", index, operation.index)?;
                self.queue.insert(index, L1Queued { operation: operation.clone(), place });
                self.view.queue_length += 1;
            }
            &Event::Committed { record, withdrawals_root, data_mode } => {
                let is_genesis = !self.genesis && record.number == 0;
                let next = if is_genesis { 0 } else { self.view.committed + 1 };
                expect(seen.block, "the next committed batch", next, record.number)?;
                self.genesis |= is_genesis;
                // Genesis needs no proof.
                let proven = is_genesis.then_some(place);
                let batch =
                    L1Batch { record, committed: place, withdrawals_root, data_mode, proven };
                self.batches.insert(next, Some(batch));
                self.view.committed = next;
            }
            &Event::Proven { first, last, state } => {
                expect(seen.block, "the first batch of a proof", self.view.proven + 1, first)?;
                let most = self.view.committed;
                if last < first || last > most {
                    return Err(unreliable(seen.block, "the last batch of a proof", most, last));
                }
                for number in first..=last {
                    let batch = self.batch(number)?.ok_or_else(|| missing(number))?;
                    if number == last {
                        let what = "the state that a proof ends with";
                        expect(seen.block, what, batch.record.state, state)?;
                    }
                    self.batches.insert(number, Some(L1Batch { proven: Some(place), ..batch }));
                }
                self.view.proven = last;
            }
            &Event::Reverted { first, last } => {
                let committed = self.view.committed;
                expect(seen.block, "the last batch that is taken back", committed, last)?;
                let least = self.view.proven + 1;
                if first < least || first > last {
                    return Err(unreliable(seen.block, "the first such batch", least, first));
                }
                self.batches.extend((first..=last).map(|number| (number, None)));
                self.view.committed = first - 1;
            }
            Event::Frozen => self.view.frozen = true,
            Event::Paused(paused) => self.view.paused = *paused,
            // These change nothing that other stages read here; `alarms` tells of them.
            Event::Role { .. }
            | Event::DataCommittee { .. }
            | Event::CircuitSetAdded { .. }
            | Event::CircuitSetRetired { .. }
            | Event::OpenProving(_) => {}
        }
        Ok(())
    }

    /// Holds the outcome against what the contract says of itself.
    ///
    /// # Errors
    /// They differ: the node has left out logs, or reading began after the rollup's first event.
    pub(super) fn check(&self, block: u64, counts: &Counts) -> Result<(), WatcherError> {
        if counts.deployed && !self.genesis {
            return Err(WatcherError::NoGenesis { block });
        }
        let view = &self.view;
        expect(block, "whether the rollup is there", counts.deployed, self.genesis)?;
        expect(block, "operations in the queue", counts.queue_length, view.queue_length)?;
        expect(block, "committed batches", counts.committed, view.committed)?;
        expect(block, "proven batches", counts.proven, view.proven)?;
        expect(block, "whether it is paused", counts.paused, view.paused)?;
        expect(block, "whether it is frozen", counts.frozen, view.frozen)
    }

    /// New operations of the queue, without gaps.
    pub(super) fn queued(&self) -> &BTreeMap<u64, L1Queued> {
        &self.queue
    }

    /// Records that have changed of batches whose hash the contract still has.
    pub(super) fn live_records(&self) -> impl Iterator<Item = BatchRecord> {
        self.batches.range(self.view.proven..).filter_map(|(_, batch)| batch.map(|b| b.record))
    }

    /// Writes everything in one piece, as of the last block read. `settled` is the last block that nothing takes back:
    /// blocks up to it cannot be undone any more.
    pub(super) fn write(
        mut self,
        header: &Header,
        blob_base_fee: Option<u128>,
        settled: Option<u64>,
    ) -> Result<L1View, StoreError> {
        self.view.block = header.number;
        self.view.block_hash = header.hash;
        self.view.timestamp = header.timestamp;
        self.view.base_fee = header.base_fee;
        self.view.blob_base_fee = blob_base_fee.unwrap_or(self.view.blob_base_fee);
        let final_before = self.view.finalized;
        self.settle(settled)?;

        let store = self.store;
        let (mut write, mut undo) = (store.write(), Vec::new());
        for (index, row) in &self.queue {
            write.put_undoable(&store.l1_queue, index, row, &mut undo)?;
        }
        for (number, row) in &self.batches {
            match row {
                Some(row) => write.put_undoable(&store.l1_batches, number, row, &mut undo)?,
                None => write.remove_undoable(&store.l1_batches, number, &mut undo)?,
            }
        }
        // Before the view: a reader may see one row of a write before another.
        for number in final_before + 1..=self.view.finalized {
            write.put(&store.final_since, &number, &now_ms())?;
        }
        write.put_undoable(&store.l1_view, &(), &self.view, &mut undo)?;
        let is_settled = settled.is_some_and(|settled| header.number <= settled);
        if is_settled {
            undo.clear();
        }
        let block = L1Block { hash: header.hash, timestamp: header.timestamp, undo };
        write.put(&store.l1_blocks, &header.number, &block)?;
        if let Some(settled) = settled {
            prune(store, &mut write, settled.min(header.number), header.number)?;
        }
        write.commit()?;
        Ok(self.view)
    }

    /// Counts the operations and the batches that nothing takes back. From where the counts stood, in either direction, so that
    /// they are what someone would count who has seen this chain only.
    fn settle(&mut self, settled: Option<u64>) -> Result<(), StoreError> {
        let is_settled = |block: u64| settled.is_some_and(|settled| block <= settled);
        let mut queue = self.view.confirmed_queue.min(self.view.queue_length);
        while queue > 0 && !self.queued_in(queue - 1)?.is_some_and(is_settled) {
            queue -= 1;
        }
        while queue < self.view.queue_length && self.queued_in(queue)?.is_some_and(is_settled) {
            queue += 1;
        }
        self.view.confirmed_queue = queue;

        let proven_in = |number| -> Result<Option<u64>, StoreError> {
            Ok(self.batch(number)?.and_then(|batch| batch.proven).map(|place| place.block))
        };
        let mut batch = self.view.finalized.min(self.view.proven);
        while batch > 0 && !proven_in(batch)?.is_some_and(is_settled) {
            batch -= 1;
        }
        while batch < self.view.proven && proven_in(batch + 1)?.is_some_and(is_settled) {
            batch += 1;
        }
        self.view.finalized = batch;
        Ok(())
    }
}

/// Forgets the blocks before `anchor`, and how to take it back itself. `read` is the block that is being written.
fn prune(store: &Store, write: &mut Write, anchor: u64, read: u64) -> Result<(), StoreError> {
    for row in store.l1_blocks.range(..anchor) {
        write.remove(&store.l1_blocks, &row?.0);
    }
    if anchor < read
        && let Some(mut block) = store.l1_blocks.get(&anchor)?
        && !block.undo.is_empty()
    {
        block.undo.clear();
        write.put(&store.l1_blocks, &anchor, &block)?;
    }
    Ok(())
}

fn missing(number: BatchNumber) -> StoreError {
    StoreError::Missing { table: "l1_batches", key: number.to_string() }
}

pub(super) fn expect<T: PartialEq + ToString>(
    block: u64,
    what: &'static str,
    expected: T,
    got: T,
) -> Result<(), WatcherError> {
    if expected == got { Ok(()) } else { Err(unreliable(block, what, expected, got)) }
}

pub(super) fn unreliable(
    block: u64,
    what: &'static str,
    expected: impl ToString,
    got: impl ToString,
) -> WatcherError {
    let (expected, got) = (expected.to_string(), got.to_string());
    WatcherError::Unreliable { block, what, expected, got }
}
