//! The mempool and its store against a plain model: random callers, a sequencer that fails at times, and crashes.

use std::collections::BTreeMap;

use cairn_types::AccountId;
use proptest::prelude::*;

use super::world::*;
use crate::{
    mempool::{
        Mempool, MempoolConfig, intake,
        pool::{Waiting, hash_of},
    },
    signals::Signals,
    store::records::{Dropped, Outcome, Sequence},
};

const LEAVES: [AccountId; 3] = [ALICE, BOB, CAROL];
const CAPACITY: usize = 6;
const MOST_A_LEAF: usize = 4;
const GAP: u32 = 5;

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// A transaction of a leaf, so far from its next nonce, with a fee, and seconds to live.
    Submit(usize, i64, u64, Option<u32>),
    /// The sequencer takes, some seconds later.
    Take(usize, u32),
    /// The sequencer writes a block: of what it has, all but the last few, which it gives back.
    Block(usize),
    /// The first that it has is refused by the state, and what the leaf has after it is given back.
    Refuse,
    /// A forced transaction uses a nonce of a leaf that waits in vain.
    Forced(usize),
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    let leaf = 0..LEAVES.len();
    prop_oneof![
        8 => (leaf.clone(), -1..7i64, 1..40u64, prop::option::weighted(0.2, 0..3u32))
            .prop_map(|(leaf, ahead, fee, life)| Event::Submit(leaf, ahead, fee, life)),
        3 => (1..6usize, 0..2u32).prop_map(|(most, later)| Event::Take(most, later)),
        2 => (0..3usize).prop_map(Event::Block),
        1 => Just(Event::Refuse),
        1 => leaf.prop_map(Event::Forced),
        1 => Just(Event::Crash),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Item {
    sequence: Sequence,
    leaf: AccountId,
    nonce: u32,
    fee: u64,
    expiry: u32,
    taken: bool,
}

/// What must be true, told in the plainest way.
#[derive(Debug, Default)]
struct Model {
    /// All that was acknowledged.
    log: Vec<Item>,
    /// What is in the pool.
    items: Vec<Item>,
    /// What the pool has dropped and nobody has written down.
    dropped: Vec<Sequence>,
    /// What has an outcome.
    outcomes: BTreeMap<Sequence, bool>,
    nonces: BTreeMap<AccountId, u32>,
}

impl Model {
    fn nonce(&self, leaf: AccountId) -> u32 {
        self.nonces.get(&leaf).copied().unwrap_or(0)
    }

    fn of(&self, leaf: AccountId) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.leaf == leaf)
    }

    /// The nonce of the leaf after what was given out.
    fn next(&self, leaf: AccountId) -> u32 {
        self.nonce(leaf) + self.of(leaf).filter(|item| item.taken).count() as u32
    }

    /// Whether a leaf waits in vain, and how many of it wait: the greatest makes room first.
    fn crowd(&self, leaf: AccountId) -> (bool, usize) {
        let waiting = self.of(leaf).filter(|item| !item.taken).count();
        let next = self.next(leaf);
        (waiting > 0 && !self.of(leaf).any(|item| item.nonce == next), waiting)
    }

    fn accepts(&self, item: &Item) -> bool {
        let nonce = self.nonce(item.leaf);
        if item.nonce < nonce || item.nonce > nonce + GAP {
            return false;
        }
        if self.dropped.len() >= CAPACITY {
            return false;
        }
        if let Some(there) = self.of(item.leaf).find(|there| there.nonce == item.nonce) {
            return !there.taken && item.fee >= there.fee + there.fee.div_ceil(10);
        }
        if self.of(item.leaf).count() >= MOST_A_LEAF {
            return false;
        }
        let (_, waiting) = self.crowd(item.leaf);
        let next = self.next(item.leaf);
        let parks = item.nonce != next && !self.of(item.leaf).any(|other| other.nonce == next);
        self.items.len() < CAPACITY
            || LEAVES.iter().any(|&other| {
                other != item.leaf
                    && (parks, waiting + 1) < self.crowd(other)
                    && LEAVES
                        .iter()
                        .all(|&third| (self.crowd(third), third) <= (self.crowd(other), other))
            })
    }

    fn drop_items(&mut self, gone: impl Fn(&Item) -> bool) {
        let (gone, rest): (Vec<Item>, Vec<Item>) =
            self.items.iter().copied().partition(|item| gone(item));
        self.items = rest;
        self.dropped.extend(gone.into_iter().map(|item| item.sequence));
    }

    fn insert(&mut self, item: Item) {
        self.drop_items(|other| (other.leaf, other.nonce) == (item.leaf, item.nonce));
        self.items.push(item);
        self.bury();
        while self.items.len() > CAPACITY {
            let most = LEAVES.into_iter().max_by_key(|&leaf| (self.crowd(leaf), leaf)).unwrap();
            let last = self.of(most).filter(|item| !item.taken).map(|item| item.nonce).max();
            self.drop_items(|item| item.leaf == most && Some(item.nonce) == last);
        }
    }

    /// What waits with a nonce that was used.
    fn bury(&mut self) {
        let nonces = self.nonces.clone();
        let nonce = |leaf| nonces.get(&leaf).copied().unwrap_or(0);
        self.drop_items(|item| !item.taken && item.nonce < nonce(item.leaf));
    }

    fn take(&mut self, most: usize, timestamp: u32) -> Vec<Sequence> {
        self.drop_items(|item| !item.taken && item.expiry != 0 && item.expiry < timestamp);
        let mut taken = Vec::new();
        while taken.len() < most {
            let nexts = LEAVES.map(|leaf| (leaf, self.next(leaf)));
            let ready = self
                .items
                .iter_mut()
                .filter(|item| !item.taken && nexts.contains(&(item.leaf, item.nonce)));
            let Some(first) = ready.min_by_key(|item| item.sequence) else { break };
            first.taken = true;
            taken.push(first.sequence);
        }
        taken
    }

    fn finish(&mut self, sequence: Sequence, executed: bool) {
        let twice = self.outcomes.insert(sequence, executed);
        assert_eq!(twice, None, "{sequence} has an outcome already");
        self.items.retain(|item| item.sequence != sequence);
        self.dropped.retain(|&other| other != sequence);
    }

    /// Everything in memory is lost, the log is read again.
    fn crash(&mut self) {
        self.items.clear();
        self.dropped.clear();
        let log = self.log.clone();
        log.into_iter()
            .filter(|item| !self.outcomes.contains_key(&item.sequence))
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|item| self.insert(item));
    }
}

/// The real thing, with what outlives a crash.
struct World {
    folder: tempfile::TempDir,
    book: std::sync::Arc<Book>,
    mempool: Option<Mempool>,
    next: Sequence,
    model: Model,
    /// What the sequencer has, in the order in which it was given out.
    has: Vec<Sequence>,
    has_crashed: bool,
    now: u32,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            book: Book::new().into(),
            mempool: None,
            next: 0,
            model: Model::default(),
            has: Vec::new(),
            has_crashed: false,
            now: 100,
        };
        world.open();
        world
    }

    fn open(&mut self) {
        let config = MempoolConfig {
            max_transactions: CAPACITY,
            max_per_leaf: MOST_A_LEAF,
            max_nonce_gap: GAP,
            ..MempoolConfig::default()
        };
        let store = store(self.folder.path());
        let opened =
            Mempool::open(config, DOMAIN, self.book.clone(), store, Signals::default()).unwrap();
        self.mempool = Some(opened.0);
    }

    fn mempool(&self) -> &Mempool {
        self.mempool.as_ref().unwrap()
    }

    /// Writes outcomes as the sequencer does, those of dropped transactions with them.
    fn write(&mut self, finished: &[(Sequence, bool)]) {
        let mempool = self.mempool().clone();
        let store = &mempool.0.store;
        let mut write = store.write();
        let mut all: Vec<_> = finished.to_vec();
        for (sequence, executed) in finished {
            let outcome = match executed {
                true => Outcome::InBlock { block: 1, position: 0 },
                false => {
                    let reason = Dropped::Refused("by the state".to_owned());
                    Outcome::Dropped { reason, at_ms: 0 }
                }
            };
            write.put(&store.outcomes, sequence, &outcome).unwrap();
        }
        for (sequence, reason) in mempool.dropped() {
            write.put(&store.outcomes, &sequence, &Outcome::Dropped { reason, at_ms: 0 }).unwrap();
            all.push((sequence, false));
        }
        write.commit().unwrap();
        for &(sequence, _) in finished.iter().filter(|(_, executed)| *executed) {
            let item = self.model.log[sequence as usize];
            assert_eq!(self.model.nonce(item.leaf), item.nonce, "nonces in order");
            self.model.nonces.insert(item.leaf, item.nonce + 1);
            self.book.set_nonce(item.leaf, item.nonce + 1);
        }
        for &(sequence, executed) in &all {
            self.model.finish(sequence, executed);
        }
        mempool.done(&all.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>());
        self.model.bury();
    }

    fn give_back(&mut self, sequences: &[Sequence]) {
        self.mempool().give_back(sequences);
        for item in &mut self.model.items {
            item.taken &= !sequences.contains(&item.sequence);
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Submit(leaf, ahead, fee, life) => {
                let leaf = LEAVES[leaf];
                let nonce = (i64::from(self.model.next(leaf)) + ahead).max(0) as u32;
                let expiry = life.map_or(0, |life| self.now + life);
                let mut signed = unsigned(leaf, nonce, fee);
                signed.authorization.expiry = expiry;
                let item = Item { sequence: self.next, leaf, nonce, fee, expiry, taken: false };
                let known = self.model.items.iter().find(|other| {
                    (other.leaf, other.nonce, other.fee, other.expiry) == (leaf, nonce, fee, expiry)
                });
                let verified = verified(signed);
                let before = self.model.log.iter().rev().find(|other| {
                    (other.leaf, other.nonce, other.fee, other.expiry) == (leaf, nonce, fee, expiry)
                });
                let expected = match known.map(|item| item.sequence) {
                    Some(sequence) => Some(sequence),
                    None if nonce < self.model.nonce(leaf) => before.map(|item| item.sequence),
                    None => self.model.accepts(&item).then_some(self.next),
                };
                let (answer, next) = intake::write_one(self.mempool(), verified, self.next);
                let got = answer.as_ref().map(|submitted| submitted.sequence).ok();
                assert_eq!(got, expected, "{signed:?}: {answer:?}");
                if let Ok(submitted) = answer {
                    assert_eq!(submitted.hash, hash_of(&verified));
                }
                if next > self.next {
                    self.model.log.push(item);
                    self.model.insert(item);
                    self.next = next;
                }
            }
            Event::Take(most, later) => {
                self.now += later;
                let taken = self.mempool().take(most, self.now);
                let taken: Vec<_> = taken.iter().map(|taken| taken.sequence).collect();
                assert_eq!(taken, self.model.take(most, self.now));
                self.has.extend(taken);
            }
            Event::Block(spared) => {
                let made = self.has.len().saturating_sub(spared);
                let back = self.has.split_off(made);
                self.give_back(&back);
                let made: Vec<_> = self.has.drain(..).map(|sequence| (sequence, true)).collect();
                self.write(&made);
            }
            Event::Refuse => {
                let Some(&first) = self.has.first() else { return };
                let log = &self.model.log;
                let leaf = log[first as usize].leaf;
                let (of_leaf, others): (Vec<Sequence>, Vec<Sequence>) =
                    self.has.iter().copied().partition(|&of| log[of as usize].leaf == leaf);
                self.has = others;
                self.give_back(&of_leaf[1..]);
                self.write(&[(first, false)]);
            }
            Event::Forced(leaf) => {
                let leaf = LEAVES[leaf];
                let in_vain = self.model.crowd(leaf).0 && self.model.of(leaf).all(|i| !i.taken);
                if in_vain {
                    let nonce = self.model.nonce(leaf) + 1;
                    self.model.nonces.insert(leaf, nonce);
                    self.book.set_nonce(leaf, nonce);
                    self.model.bury();
                    self.mempool().pool().refresh(self.book.as_ref(), 0, 10);
                }
            }
            Event::Crash => {
                self.mempool = None;
                self.has_crashed = true;
                self.has.clear();
                self.model.crash();
                self.open();
            }
        }
    }

    /// Nothing that was acknowledged is lost, nothing has two fates, all bounds hold.
    fn check(&self) {
        let mempool = self.mempool();
        for item in &self.model.log {
            let sequence = item.sequence;
            let outcome = mempool.0.store.outcomes.get(&sequence).unwrap();
            let executed = outcome.map(|outcome| matches!(outcome, Outcome::InBlock { .. }));
            assert_eq!(executed, self.model.outcomes.get(&sequence).copied(), "of {sequence}");
            let status = mempool.status(sequence);
            let in_pool = self.model.items.iter().find(|other| other.sequence == sequence);
            match (in_pool, self.model.dropped.contains(&sequence)) {
                (Some(item), false) if item.taken => assert_eq!(status, Some(Waiting::Taken)),
                (Some(_), false) => assert_eq!(status, Some(Waiting::InPool)),
                (None, true) => assert!(matches!(status, Some(Waiting::Dropped(_))), "{status:?}"),
                (None, false) => assert_eq!((status, executed.is_some()), (None, true)),
                (Some(_), true) => panic!("{sequence} is in the model twice"),
            }
        }
        let pressure = mempool.pressure();
        assert_eq!(pressure.waiting + pressure.taken, self.model.items.len());
        assert!(self.model.items.len() <= CAPACITY);
        // A crash brings back what was dropped and has no outcome yet, beside what came in its place.
        for leaf in LEAVES.into_iter().filter(|_| !self.has_crashed) {
            assert!(self.model.of(leaf).count() <= MOST_A_LEAF);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_mempool_is_its_model(events in prop::collection::vec(event(), 1..150)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
            world.check();
        }
    }
}
