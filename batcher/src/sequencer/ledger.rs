//! What readers may be told of the state: what is durable, and the states that L1 proves.
//!
//! The sequencer executes ahead of the disk. The ledger follows it once a block is durable, so that nobody is told of
//! what a kill could undo.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use cairn_state::{State, StateSummary};
use cairn_types::{Account, AccountId, Digest, FIRST_USER_ID, TREE_DEPTH};

use super::forks::Needed;
use crate::store::records::{BatchNumber, BlockNumber, Milliseconds, Order};

/// The durable head, and a fork of the state after each sealed batch that is not final yet. Clones share it.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    durable: RwLock<Durable>,
    /// The states after sealed batches, from the last final one on. All are hashed.
    sealed: Mutex<BTreeMap<BatchNumber, Arc<Mutex<State>>>>,
    status: Mutex<Status>,
    halted: Mutex<Halted>,
    /// Held while rows are written or removed that go when a batch is final.
    rows: Mutex<()>,
}

/// Why no batch is sealed.
#[derive(Debug, Default)]
struct Halted {
    /// The first reason that nothing mends.
    for_good: Option<String>,
    /// What L1 says now.
    by_l1: Option<String>,
}

#[derive(Debug)]
struct Durable {
    head: Head,
    next_id: u64,
    next_token: u32,
    /// By token.
    fees: Vec<Account>,
    /// By id, from [`FIRST_USER_ID`].
    users: Vec<Account>,
}

/// The last durable block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Its number; 0 before the first.
    pub block: BlockNumber,
    /// The batch that it is in; of the state that was loaded, the last sealed one.
    pub batch: BatchNumber,
    /// State commitment after it.
    pub state: Digest,
    /// When it was made; 0 before the first.
    pub made_ms: Milliseconds,
}

/// A leaf of the state after a sealed batch, with what joins it to the state commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf; empty if there is none.
    pub account: Account,
    /// From the leaf to the root.
    pub siblings: [Digest; TREE_DEPTH],
    /// What the state commitment hashes.
    pub summary: StateSummary,
}

/// What the sequencer is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// It makes blocks.
    #[default]
    Running,
    /// The operator has paused it: no blocks, no batches.
    Paused,
    /// It was told to drain: it takes nothing more, and settles what it has taken.
    Draining,
    /// All that was taken is settled. Nothing is taken until the operator resumes.
    Drained,
    /// Something is wrong: no batch is sealed any more, or none while L1 says so.
    Halted(String),
}

impl From<Order> for Standing {
    fn from(order: Order) -> Self {
        match order {
            Order::Run => Self::Running,
            Order::Pause => Self::Paused,
            Order::Drain { .. } => Self::Draining,
            Order::Drained => Self::Drained,
        }
    }
}

/// How the sequencer stands, for operators and for readiness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// What it is doing.
    pub standing: Standing,
    /// The batch that is open, or will be.
    pub open_batch: BatchNumber,
    /// Operations in it.
    pub operations: u32,
    /// Words of its data.
    pub data_words: u32,
    /// When its first block was made; none if it has no block yet.
    pub opened_ms: Option<Milliseconds>,
    /// Operations of L1's queue that were executed, those of the open batch with them.
    pub priority_end: u64,
    /// Operations of sealed batches that are not proven.
    pub unproven_operations: u64,
    /// Why intake is slowed down.
    pub throttled: Option<String>,
}

impl Ledger {
    /// The ledger of a state whose last block is `head`.
    ///
    /// Trust: `state` is what the store holds.
    #[must_use]
    pub fn new(state: &State, head: Head) -> Self {
        let fees = (0..state.next_token()).map(|id| state.account(id)).collect();
        let ids = FIRST_USER_ID..state.next_id();
        let users = ids.map(|id| state.account(id as AccountId)).collect(); // below 2^32
        let (next_id, next_token) = (state.next_id(), state.next_token());
        let durable = Durable { head, next_id, next_token, fees, users };
        Self(Arc::new(Shared {
            durable: RwLock::new(durable),
            sealed: Mutex::default(),
            status: Mutex::default(),
            halted: Mutex::default(),
            rows: Mutex::default(),
        }))
    }

    /// A leaf after the last durable block; empty if there is none.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Account {
        self.read().account(id)
    }

    /// The id of the next new leaf; `2^32` when ids are exhausted.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.read().next_id
    }

    /// The number of the next token; `2^16` when tokens are exhausted.
    #[must_use]
    pub fn next_token(&self) -> u32 {
        self.read().next_token
    }

    /// The last durable block.
    #[must_use]
    pub fn head(&self) -> Head {
        self.read().head
    }

    /// A leaf of the state after a sealed batch (0: genesis), where that is at hand: after the last final one, and the
    /// last that L1 has a proof of, and some after it.
    #[must_use]
    pub fn prove_leaf(&self, batch: BatchNumber, id: AccountId) -> Option<LeafProof> {
        let state = lock(&self.0.sealed).get(&batch).cloned()?;
        let mut state = lock(&state);
        let summary = state.summary();
        Some(LeafProof { account: state.account(id), siblings: state.siblings(id), summary })
    }

    /// How the sequencer stands.
    #[must_use]
    pub fn status(&self) -> Status {
        lock(&self.0.status).clone()
    }

    /// A fork of the state after a sealed batch.
    pub(super) fn state_after(&self, batch: BatchNumber) -> Option<State> {
        let state = lock(&self.0.sealed).get(&batch).cloned()?;
        let fork = lock(&state).clone();
        Some(fork)
    }

    /// Moves the head on, once its block is durable. `changed` holds leaves as they are after it.
    pub(super) fn advance(
        &self,
        head: Head,
        next_id: u64,
        next_token: u32,
        changed: impl IntoIterator<Item = (AccountId, Account)>,
    ) {
        let mut durable = self.write();
        durable.head = head;
        (durable.next_id, durable.next_token) = (next_id, next_token);
        let users = usize::try_from(next_id.saturating_sub(FIRST_USER_ID)).unwrap_or(usize::MAX);
        durable.users.resize(users, Account::EMPTY);
        durable.fees.resize(next_token as usize, Account::EMPTY);
        for (id, account) in changed {
            if let Some(leaf) = durable.account_mut(id) {
                *leaf = account;
            }
        }
    }

    /// Keeps the state after a batch, once its row is durable.
    pub(super) fn keep(&self, batch: BatchNumber, mut state: State) {
        state.summary();
        lock(&self.0.sealed).insert(batch, Arc::new(Mutex::new(state)));
    }

    /// Keeps the states that somebody needs, and drops the others.
    pub(super) fn retain(&self, needed: &Needed) {
        let mut sealed = lock(&self.0.sealed);
        let dropped: Vec<_> = sealed.extract_if(.., |batch, _| !needed.has(*batch)).collect();
        drop(sealed);
        // Millions of pages may go here, with nobody waiting.
        drop(dropped);
    }

    /// The last batch up to this one whose state is at hand, with a fork of that.
    pub(super) fn last_state(&self, batch: BatchNumber) -> Option<(BatchNumber, State)> {
        let (number, state) = {
            let sealed = lock(&self.0.sealed);
            sealed.range(..=batch).next_back().map(|(number, state)| (*number, state.clone()))?
        };
        let fork = lock(&state).clone();
        Some((number, fork))
    }

    /// Held while rows are written or removed that go when a batch is final, so that none of those comes back.
    pub(super) fn hold_rows(&self) -> MutexGuard<'_, ()> {
        lock(&self.0.rows)
    }

    /// Why no batch is sealed, if so: for good, or as long as L1 forbids it.
    #[must_use]
    pub fn halted(&self) -> Option<String> {
        let halted = lock(&self.0.halted);
        halted.for_good.as_ref().or(halted.by_l1.as_ref()).cloned()
    }

    /// Stops sealing for good, for the first reason that is given.
    pub(super) fn halt(&self, reason: String) {
        lock(&self.0.halted).for_good.get_or_insert(reason);
    }

    /// What on L1 forbids to go on, as of now.
    pub(super) fn heed_l1(&self, reason: Option<String>) {
        lock(&self.0.halted).by_l1 = reason;
    }

    /// Changes how the sequencer stands.
    pub(super) fn set_status(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.0.status));
    }

    fn read(&self) -> RwLockReadGuard<'_, Durable> {
        self.0.durable.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Durable> {
        self.0.durable.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable {
    fn account(&self, id: AccountId) -> Account {
        let (list, index) = self.place(id);
        list.get(index).copied().unwrap_or(Account::EMPTY)
    }

    fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        match u64::from(id).checked_sub(FIRST_USER_ID) {
            Some(index) => self.users.get_mut(usize::try_from(index).ok()?),
            None => self.fees.get_mut(id as usize),
        }
    }

    fn place(&self, id: AccountId) -> (&[Account], usize) {
        match u64::from(id).checked_sub(FIRST_USER_ID) {
            Some(index) => (&self.users, usize::try_from(index).unwrap_or(usize::MAX)),
            None => (&self.fees, id as usize),
        }
    }
}

/// No holder leaves these values half-changed, so that a panic elsewhere is no reason to stop reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use cairn_state::{Environment, apply, root_from_path};
    use cairn_types::{Operation, PriorityOperation, PublicKey, Word};

    use super::*;

    fn key() -> PublicKey {
        PublicKey::new([1, 2, 3, 4, 5]).unwrap()
    }

    /// One token, and `deposits` leaves of it.
    fn state(deposits: u64) -> State {
        let mut state = State::genesis();
        let environment = Environment { domain: Word::default(), timestamp: 1 };
        let mut push = |operation| {
            apply(&mut state, &Operation::Priority(operation), &environment).unwrap();
        };
        push(PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key() });
        for amount in 1..=deposits {
            push(PriorityOperation::Deposit { leaf: 0, token: 0, amount: amount << 8, key: key() });
        }
        state
    }

    #[test]
    fn readers_see_a_block_once_the_ledger_has_advanced() {
        // Every deposit names the fee leaf, whose key and token it has: it is credited.
        let before = state(1);
        let ledger = Ledger::new(&before, Head::default());
        assert_eq!(ledger.account(0).balance, 1 << 8);
        assert_eq!((ledger.next_id(), ledger.next_token()), (FIRST_USER_ID, 1));
        assert_eq!(ledger.account(u32::MAX), Account::EMPTY);

        let user = Account { key: key(), token: 0, nonce: 3, balance: 9 };
        let id = FIRST_USER_ID as AccountId;
        let head = Head { block: 1, batch: 1, state: Digest::ZERO, made_ms: 5 };
        ledger.advance(head, FIRST_USER_ID + 1, 1, [(id, user)]);
        assert_eq!([id, 0].map(|id| ledger.account(id)), [user, before.account(0)]);
        assert_eq!((ledger.next_id(), ledger.head()), (FIRST_USER_ID + 1, head));
    }

    #[test]
    fn leaves_are_proven_against_sealed_states_until_a_later_one_is_final() {
        let ledger = Ledger::new(&State::genesis(), Head::default());
        let mut states = [State::genesis(), state(1), state(2)];
        for (batch, state) in states.iter().enumerate() {
            ledger.keep(batch as BatchNumber, state.clone());
        }
        for (batch, state) in states.iter_mut().enumerate() {
            let proof = ledger.prove_leaf(batch as BatchNumber, 0).unwrap();
            assert_eq!(proof.account, state.account(0));
            assert_eq!(proof.summary, state.summary());
            assert_eq!(root_from_path(0, &proof.account, &proof.siblings), proof.summary.root);
        }
        assert_eq!(ledger.prove_leaf(3, 0), None);
        ledger.retain(&Needed { checkpoint: 2, proven: 2, checked: 2, ends: vec![] });
        assert_eq!(ledger.prove_leaf(1, 0), None);
        assert!(ledger.prove_leaf(2, 0).is_some());
    }

    /// However many batches wait: their states are made again from the final one.
    #[test]
    fn states_that_nobody_needs_are_dropped() {
        let ledger = Ledger::new(&State::genesis(), Head::default());
        (10..200).for_each(|batch| ledger.keep(batch, State::genesis()));
        ledger.retain(&Needed { checkpoint: 10, proven: 50, checked: 198, ends: vec![] });
        let kept: Vec<_> =
            (0..=200).filter(|&batch| ledger.prove_leaf(batch, 0).is_some()).collect();
        let expected = [10].into_iter().chain(50..=66).chain(198..200);
        assert_eq!(kept, expected.collect::<Vec<_>>());
        assert_eq!(ledger.last_state(120).map(|(batch, _)| batch), Some(66));
    }

    #[test]
    fn what_l1_forbids_it_may_allow_again() {
        let ledger = Ledger::new(&State::genesis(), Head::default());
        ledger.heed_l1(Some("deep".into()));
        assert_eq!(ledger.halted().as_deref(), Some("deep"));
        ledger.heed_l1(None);
        assert_eq!(ledger.halted(), None);
        ledger.halt("wrong".into());
        ledger.halt("later".into());
        ledger.heed_l1(Some("deep".into()));
        assert_eq!(ledger.halted().as_deref(), Some("wrong"));
    }
}
