//! A chain in memory, with a contract that emits what the real one would.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use alloy::primitives::{Address, B256, keccak256};
use cairn_types::{DataMode, WORD_BYTES, Word};

use super::super::{
    chain::{Chain, Counts, Event, Header, Seen},
    contents::{QueueHash, extended, record_hash},
    error::WatcherError,
};
use crate::store::records::{BatchNumber, BatchRecord, QueuedOperation};

/// What a block does to the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Nothing,
    Queue,
    Commit,
    ProveAll,
    RevertAll,
    Pause,
    /// Takes back what is not proven, commits another batch and proves it, as `commitAndProve` does.
    Replace,
    Freeze,
}

pub(super) const DEEDS: [Deed; 7] = [
    Deed::Nothing,
    Deed::Queue,
    Deed::Commit,
    Deed::ProveAll,
    Deed::RevertAll,
    Deed::Pause,
    Deed::Replace,
];

/// What the contract remembers.
#[derive(Debug, Clone, Default)]
struct Contract {
    counts: Counts,
    state: B256,
    /// After each operation.
    queue: Vec<QueueHash>,
    /// All there ever were, where the real one keeps those that it needs.
    batches: BTreeMap<BatchNumber, B256>,
}

#[derive(Debug, Clone)]
struct Block {
    header: Header,
    events: Vec<Event>,
    contract: Contract,
}

/// How the node behaves.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    /// Logs are left out.
    pub(super) drops_logs: bool,
    /// What logs say is not what the contract has emitted.
    pub(super) alters_logs: bool,
    /// Only so many blocks are shown.
    pub(super) shows: Option<u64>,
    /// Ranges wider than this are refused.
    pub(super) widest: Option<u64>,
    /// State of blocks deeper than this is gone.
    pub(super) keeps_state: Option<u64>,
    pub(super) finalized: Option<u64>,
    /// Headers are later by so many seconds.
    pub(super) late: u64,
}

#[derive(Debug, Default)]
struct Inner {
    blocks: Vec<Block>,
    made: u64,
    manners: Manners,
    asked: u64,
}

/// Clones share the chain.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelChain(Arc<Mutex<Inner>>);

impl ModelChain {
    /// A chain with a rollup in block 0.
    pub(super) fn new() -> Self {
        let chain = Self::default();
        chain.grow(&[Deed::Nothing]);
        chain
    }

    pub(super) fn counts(&self) -> Counts {
        self.0.lock().unwrap().blocks.last().unwrap().contract.counts
    }

    pub(super) fn hash(&self, block: u64) -> B256 {
        self.0.lock().unwrap().blocks[block as usize].header.hash
    }

    pub(super) fn set(&self, manners: Manners) {
        self.0.lock().unwrap().manners = manners;
    }

    /// Requests so far.
    pub(super) fn asked(&self) -> u64 {
        self.0.lock().unwrap().asked
    }

    /// Shows another chain from now on.
    pub(super) fn become_like(&self, other: &Self) {
        let (blocks, made) = {
            let other = other.0.lock().unwrap();
            (other.blocks.clone(), other.made)
        };
        let mut inner = self.0.lock().unwrap();
        (inner.blocks, inner.made) = (blocks, made);
    }

    /// Drops blocks from the end; never block 0.
    pub(super) fn cut(&self, depth: u64) {
        let mut inner = self.0.lock().unwrap();
        let left = inner.blocks.len().saturating_sub(depth as usize).max(1);
        inner.blocks.truncate(left);
    }

    /// One block each.
    pub(super) fn grow(&self, deeds: &[Deed]) {
        let mut inner = self.0.lock().unwrap();
        for &deed in deeds {
            inner.made += 1;
            let made = inner.made;
            let block = next(inner.blocks.last(), deed, made);
            inner.blocks.push(block);
        }
    }

    fn ask<T>(&self, answer: impl FnOnce(&Inner) -> T) -> Result<T, WatcherError> {
        let mut inner = self.0.lock().unwrap();
        inner.asked += 1;
        Ok(answer(&inner))
    }
}

impl Inner {
    fn last(&self) -> u64 {
        let last = self.blocks.len() as u64 - 1;
        self.manners.shows.map_or(last, |shows| shows.min(last))
    }

    fn get(&self, number: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(number).ok()?).filter(|_| number <= self.last())
    }

    fn seen(&self, number: u64) -> Vec<Seen> {
        let Some(block) = self.get(number) else { return Vec::new() };
        let shown = if self.manners.drops_logs { &[] } else { &block.events[..] };
        let seen = shown.iter().map(|event| Seen {
            block: number,
            block_hash: block.header.hash,
            timestamp: block.header.timestamp,
            transaction: keccak256(block.header.hash),
            event: if self.manners.alters_logs { altered(event) } else { event.clone() },
        });
        seen.collect()
    }
}

/// Another event that the counts do not tell from this one.
fn altered(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Queued(operation) => operation.origin = Address::repeat_byte(9),
        Event::Committed { record, .. } => record.timestamp += 1,
        _ => {}
    }
    event
}

/// A block with a hash of its own: `made` counts all blocks ever made.
fn next(parent: Option<&Block>, deed: Deed, made: u64) -> Block {
    let number = parent.map_or(0, |parent| parent.header.number + 1);
    let hash = keccak256(made.to_be_bytes());
    let mut contract = parent.map(|parent| parent.contract.clone()).unwrap_or_default();
    let mut events = Vec::new();
    if parent.is_none() {
        contract.counts.deployed = true;
        events.push(contract.commit(0, hash));
    }
    if !contract.counts.frozen {
        contract.act(deed, &mut events, hash);
    }
    let header = Header {
        number,
        hash,
        parent: parent.map(|parent| parent.header.hash).unwrap_or_default(),
        timestamp: 1_000 + 12 * number,
        base_fee: made.into(),
    };
    Block { header, events, contract }
}

impl Contract {
    fn act(&mut self, deed: Deed, events: &mut Vec<Event>, salt: B256) {
        let Counts { committed, proven, .. } = self.counts;
        match deed {
            Deed::Nothing => {}
            Deed::Queue => {
                let words = vec![Word::new(salt.0.first_chunk::<WORD_BYTES>().copied().unwrap())];
                let (index, origin) = (self.counts.queue_length, Address::repeat_byte(1));
                let operation = QueuedOperation { index, words, origin };
                self.queue.push(extended(self.queue_hash(index), &operation));
                events.push(Event::Queued(operation));
                self.counts.queue_length += 1;
            }
            Deed::Commit => events.push(self.commit(committed + 1, salt)),
            Deed::ProveAll if committed > proven => {
                let (first, last) = (proven + 1, committed);
                events.push(Event::Proven { first, last, state: self.state });
                self.counts.proven = last;
            }
            Deed::RevertAll if committed > proven => {
                let (first, last) = (proven + 1, committed);
                events.push(Event::Reverted { first, last });
                self.counts.committed = proven;
            }
            Deed::Pause => {
                self.counts.paused = !self.counts.paused;
                events.push(Event::Paused(self.counts.paused));
            }
            Deed::Replace => {
                self.act(Deed::RevertAll, events, salt);
                self.act(Deed::Commit, events, salt);
                self.act(Deed::ProveAll, events, salt);
            }
            Deed::Freeze => {
                self.act(Deed::RevertAll, events, salt);
                self.counts.frozen = true;
                events.push(Event::Frozen);
            }
            Deed::ProveAll | Deed::RevertAll => {}
        }
    }

    fn commit(&mut self, number: BatchNumber, salt: B256) -> Event {
        self.state = keccak256([salt.as_slice(), &number.to_be_bytes()].concat());
        self.counts.committed = number;
        let record = BatchRecord {
            number,
            timestamp: number,
            priority_end: self.counts.queue_length / 2,
            state: self.state,
            chain_hash: salt,
        };
        self.batches.insert(number, record_hash(record));
        Event::Committed { record, withdrawals_root: salt, data_mode: DataMode::Blobs }
    }

    fn queue_hash(&self, length: u64) -> QueueHash {
        let last = length.checked_sub(1).map(|last| self.queue[last as usize]);
        last.unwrap_or_default()
    }
}

impl Chain for ModelChain {
    async fn head(&self) -> Result<u64, WatcherError> {
        self.ask(Inner::last)
    }

    async fn finalized(&self) -> Result<Option<u64>, WatcherError> {
        self.ask(|inner| inner.manners.finalized)
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, WatcherError> {
        self.ask(|inner| {
            let Header { timestamp, .. } = inner.get(number)?.header;
            let timestamp = timestamp + inner.manners.late;
            Some(Header { timestamp, ..inner.get(number)?.header })
        })
    }

    async fn events(&self, block: &Header) -> Result<Vec<Seen>, WatcherError> {
        self.ask(|inner| inner.seen(block.number))
    }

    async fn events_in(&self, first: u64, last: u64) -> Result<Option<Vec<Seen>>, WatcherError> {
        self.ask(|inner| {
            let too_wide = inner.manners.widest.is_some_and(|widest| last - first + 1 > widest);
            (!too_wide).then(|| (first..=last).flat_map(|block| inner.seen(block)).collect())
        })
    }

    async fn counts(&self, block: &Header) -> Result<Option<Counts>, WatcherError> {
        self.ask(|inner| {
            let depth = inner.last() - block.number;
            let is_gone = inner.manners.keeps_state.is_some_and(|keeps| depth > keeps);
            (!is_gone).then(|| inner.blocks[block.number as usize].contract.counts)
        })
    }

    async fn queue_hash(&self, block: &Header, length: u64) -> Result<QueueHash, WatcherError> {
        self.ask(|inner| inner.blocks[block.number as usize].contract.queue_hash(length))
    }

    async fn batch_hash(&self, block: &Header, number: BatchNumber) -> Result<B256, WatcherError> {
        self.ask(|inner| inner.blocks[block.number as usize].contract.batches[&number])
    }

    async fn blob_base_fee(&self, block: &Header) -> Result<Option<u128>, WatcherError> {
        Ok(Some(block.base_fee * 3))
    }

    async fn has_role(&self, _: B256, _: Address) -> Result<bool, WatcherError> {
        Ok(true)
    }
}
