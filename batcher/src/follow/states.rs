//! The states that are known: of the batches that may still be taken back, and of the last that L1 has proven.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::B256;
use cairn_state::State;
use cairn_types::{Account, AccountId};

use crate::{
    api::sources::{Accounts, LeafProof, LedgerHead, Sequencing},
    sequencer::Standing,
    store::records::BatchNumber,
};

/// States before the last proven one that are kept: a reorganization may take a proof back.
const KEPT: BatchNumber = 8;

/// States by batch. Clones share them.
#[derive(Debug, Clone)]
pub struct States(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Each with the chain hash of its batch. Never empty.
    states: BTreeMap<BatchNumber, (B256, State)>,
    /// Why the follower does not get on, if so.
    trouble: Option<String>,
}

impl States {
    /// Those of one batch.
    #[must_use]
    pub fn new(batch: BatchNumber, chain_hash: B256, mut state: State) -> Self {
        state.summary();
        let states = BTreeMap::from([(batch, (chain_hash, state))]);
        Self(Arc::new(Mutex::new(Inner { states, trouble: None })))
    }

    /// Adds the state after a batch.
    pub(super) fn add(&self, batch: BatchNumber, chain_hash: B256, mut state: State) {
        // Readers of proofs would hash it under the lock.
        state.summary();
        self.lock().states.insert(batch, (chain_hash, state));
    }

    /// The last state that is still L1's, where `chain_hash` gives L1's of a batch; later ones go. None if no state is.
    pub(super) fn rewind(
        &self,
        chain_hash: impl Fn(BatchNumber) -> Option<B256>,
    ) -> Option<(BatchNumber, State)> {
        let mut inner = self.lock();
        let is_l1s = |(batch, (hash, _)): &(&BatchNumber, &(B256, State))| {
            chain_hash(**batch) == Some(*hash)
        };
        let last = *inner.states.iter().rev().find(is_l1s)?.0;
        drop(inner.states.split_off(&last.saturating_add(1)));
        inner.states.get(&last).map(|(_, state)| (last, state.clone()))
    }

    /// Begins again with this one alone.
    pub(super) fn reset(&self, batch: BatchNumber, chain_hash: B256, mut state: State) {
        state.summary();
        self.lock().states = BTreeMap::from([(batch, (chain_hash, state))]);
    }

    /// The state after a batch, where it is kept.
    #[must_use]
    pub fn get(&self, batch: BatchNumber) -> Option<State> {
        self.lock().states.get(&batch).map(|(_, state)| state.clone())
    }

    /// The last batch whose state is known.
    #[must_use]
    pub fn tip(&self) -> BatchNumber {
        self.lock().states.last_key_value().map_or(0, |(batch, _)| *batch)
    }

    /// Drops states that nobody needs once L1 has proven this batch.
    pub(super) fn tidy(&self, proven: BatchNumber) {
        let mut inner = self.lock();
        let tip = inner.states.last_key_value().map_or(0, |(batch, _)| *batch);
        let first = proven.saturating_sub(KEPT).min(tip);
        let kept = inner.states.split_off(&first);
        let dropped = std::mem::replace(&mut inner.states, kept);
        drop(inner);
        // Millions of pages may go here, with nobody waiting.
        drop(dropped);
    }

    /// Says why the follower does not get on, or that it does.
    pub fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    /// Why the follower does not get on, if so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    fn of_tip<T>(&self, read: impl FnOnce(BatchNumber, &mut State) -> T) -> Option<T> {
        let mut inner = self.lock();
        let mut last = inner.states.last_entry()?;
        let batch = *last.key();
        Some(read(batch, &mut last.get_mut().1))
    }

    /// No holder leaves these values half-changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sequencing for States {
    fn standing(&self) -> Standing {
        Standing::Running
    }
}

/// What the API is told. There are no blocks: they are the operator's.
impl Accounts for States {
    fn account(&self, id: AccountId) -> Account {
        self.of_tip(|_, state| state.account(id)).unwrap_or(Account::EMPTY)
    }

    fn next_id(&self) -> u64 {
        self.of_tip(|_, state| state.next_id()).unwrap_or_default()
    }

    fn next_token(&self) -> u32 {
        self.of_tip(|_, state| state.next_token()).unwrap_or_default()
    }

    fn head(&self) -> LedgerHead {
        let head = self.of_tip(|batch, state| (batch, state.summary().commitment()));
        let (batch, state) = head.unwrap_or_default();
        LedgerHead { block: 0, batch, state, made_ms: 0 }
    }

    fn halted(&self) -> Option<String> {
        None
    }

    fn prove_leaf(&self, batch: BatchNumber, id: AccountId) -> Option<LeafProof> {
        let mut inner = self.lock();
        let (_, state) = inner.states.get_mut(&batch)?;
        let summary = state.summary();
        Some(LeafProof { account: state.account(id), siblings: state.siblings(id), summary })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> B256 {
        B256::repeat_byte(n)
    }

    fn states() -> States {
        let states = States::new(1, hash(1), State::genesis());
        (2..=20).for_each(|batch| states.add(batch.into(), hash(batch), State::genesis()));
        states
    }

    #[test]
    fn the_last_state_that_is_l1s_is_found() {
        let states = states();
        let l1 = |batch: BatchNumber| (batch <= 20).then(|| hash(batch as u8));
        assert_eq!(states.rewind(l1).unwrap().0, 20);
        // L1 has other batches from 15 on.
        let other = |batch: BatchNumber| Some(hash(if batch < 15 { batch as u8 } else { 99 }));
        assert_eq!((states.rewind(other).unwrap().0, states.tip()), (14, 14));
        assert!(states.get(15).is_none());
        // Batches that were taken back are none.
        assert_eq!(states.rewind(|batch| (batch < 9).then(|| hash(batch as u8))).unwrap().0, 8);
        assert!(states.rewind(|_| None).is_none());
        states.reset(0, hash(0), State::genesis());
        assert_eq!(states.tip(), 0);
    }

    #[test]
    fn states_go_once_their_batches_are_proven_long_since() {
        let states = states();
        states.tidy(18);
        assert!(states.get(9).is_none() && states.get(10).is_some());
        assert!(states.prove_leaf(18, 7).is_some() && states.prove_leaf(9, 7).is_none());
        // However far L1 is, the last stays.
        states.tidy(1_000);
        assert_eq!((states.tip(), Accounts::head(&states).batch), (20, 20));
    }
}
