//! All accepted transactions without an outcome: who is next, who must go when it is full.
//!
//! Leaves take turns in the order in which what they have ready was accepted; the nonces of a leaf in their order.
//! A transaction has its place in the pool before it is on disk, so that those after it are judged rightly, but
//! neither it nor what it drives out is given to the sequencer before it is ([`Pool::set_durable`]).
//!
//! Every call holds the pool's lock, for which all callers of the API wait: what touches many transactions does so in
//! parts.

mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy::primitives::B256;
use cairn_state::Verified;
use cairn_types::{Account, AccountId, PublicKey, SignedTransaction};

use super::{
    A_BLOCK_MS, MempoolConfig,
    error::Refused,
    queue::{Entry, Queue},
};
use crate::store::records::{Dropped, Milliseconds, Sequence};

/// Dropped transactions whose outcomes are asked for at once: more make no block late.
const DROPPED_AT_ONCE: usize = 4_096;

/// What a transaction is to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is there already.
    Known(Sequence),
    /// It has a place, its own or that of one that pays less.
    New,
}

/// Where an accepted transaction without a durable outcome stands.
#[cfg(test)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Waiting {
    /// It waits for its turn.
    InPool,
    /// The sequencer has it.
    Taken,
    /// It will not be executed; the sequencer has yet to write that down.
    Dropped(Dropped),
}

#[derive(Debug)]
struct Discarded {
    reason: Dropped,
    /// The transaction for which it had to go, which must be on disk first.
    cause: Sequence,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) waiting: usize,
    pub(super) taken: usize,
    pub(super) dropped: usize,
    /// Leaves whose turn it is.
    pub(super) ready_leaves: usize,
    /// Leaves that wait for a nonce that is missing.
    pub(super) parked_leaves: usize,
}

#[derive(Debug)]
pub(super) struct Pool {
    config: MempoolConfig,
    capacity: usize,
    leaves: HashMap<AccountId, Queue>,
    index: super::index::Index,
    places: BTreeMap<Sequence, (AccountId, u32)>,
    expiries: BTreeSet<(u32, Sequence)>,
    drops: BTreeMap<Sequence, Discarded>,
    taken: usize,
    /// All before it are on disk.
    durable: Sequence,
    /// The parked leaf that was looked at last.
    cursor: Option<AccountId>,
}

impl Pool {
    pub(super) fn new(config: MempoolConfig, durable: Sequence) -> Self {
        Self {
            capacity: config.capacity(),
            config,
            leaves: HashMap::new(),
            index: Default::default(),
            places: BTreeMap::new(),
            expiries: BTreeSet::new(),
            drops: BTreeMap::new(),
            taken: 0,
            durable,
            cursor: None,
        }
    }

    // --- in -------------------------------------------------------------------------------------------

    /// The key under which a transaction's signature must hold: that of the leaf once all before it are executed.
    pub(super) fn key_for(&self, signed: &SignedTransaction, payer: &Account) -> PublicKey {
        let queue = self.leaves.get(&signed.transaction.from());
        queue.map_or(payer.key, |queue| queue.key_at(signed.authorization.nonce, payer))
    }

    /// Whether a transaction would be admitted. `payer` is its payer's leaf.
    pub(super) fn check(
        &self,
        signed: &SignedTransaction,
        payer: &Account,
    ) -> Result<Admission, Refused> {
        let SignedTransaction { transaction, authorization, .. } = signed;
        let (id, got) = (transaction.from(), authorization.nonce);
        let queue = self.leaves.get(&id);
        let there = queue.and_then(|queue| queue.get(got));
        if let Some(there) = there
            && there.verified.signed().message() == signed.message()
        {
            return Ok(Admission::Known(there.sequence));
        }
        if got < payer.nonce {
            return Err(Refused::NonceUsed { expected: payer.nonce, got });
        }
        // No leaf gets to the last nonce.
        let most = payer.nonce.saturating_add(self.config.max_nonce_gap).min(u32::MAX - 1);
        if got > most {
            return Err(Refused::NonceAhead { most, got });
        }
        let owed = queue.map_or(0, |queue| queue.owed_before(got, payer));
        let total = owed + u128::from(transaction.amount()) + u128::from(transaction.fee());
        if total > payer.balance.into() {
            return Err(Refused::Balance { expected: total, got: payer.balance });
        }
        // Either may drop another: a replacement does, and who comes when it is full.
        if self.drops.len() >= self.capacity {
            return Err(busy("the sequencer is behind with what the mempool has dropped"));
        }
        if let Some(there) = there {
            self.check_replacement(there, transaction.fee())?;
        } else {
            self.check_room(id, queue, got, payer)?;
        }
        Ok(Admission::New)
    }

    fn check_replacement(&self, there: &Entry, got: u64) -> Result<(), Refused> {
        let other = there.verified.signed();
        if there.taken {
            return Err(Refused::Executing { nonce: other.authorization.nonce });
        }
        let fee = u128::from(other.transaction.fee());
        let more = (fee * u128::from(self.config.replacement_percent)).div_ceil(100).max(1);
        let expected = u64::try_from(fee + more).unwrap_or(u64::MAX);
        if got < expected { Err(Refused::Replacement { expected, got }) } else { Ok(()) }
    }

    /// Room for one more of a leaf: there is some, or another leaf must make room before it would.
    fn check_room(
        &self,
        id: AccountId,
        queue: Option<&Queue>,
        nonce: u32,
        payer: &Account,
    ) -> Result<(), Refused> {
        let most = self.config.max_per_leaf;
        if queue.is_some_and(|queue| queue.len() >= most) {
            return Err(Refused::LeafFull { id, most });
        }
        if self.places.len() < self.capacity {
            return Ok(());
        }
        let (waiting, parks) = match queue {
            Some(queue) => (queue.standing().waiting, queue.would_park(nonce)),
            None => (0, nonce != payer.nonce),
        };
        match self.index.most_crowded() {
            Some((parked, most, other)) if other != id && (parks, waiting + 1) < (parked, most) => {
                Ok(())
            }
            _ => Err(busy("the mempool is full")),
        }
    }

    /// Gives a transaction its place, if [`Self::check`] says so. `sequence` is above all before.
    pub(super) fn admit(
        &mut self,
        verified: Verified,
        payer: &Account,
        sequence: Sequence,
        received_ms: Milliseconds,
    ) -> Result<Admission, Refused> {
        let admission = self.check(verified.signed(), payer)?;
        if admission == Admission::New {
            self.insert(Entry { sequence, verified, received_ms, taken: false }, payer);
        }
        Ok(admission)
    }

    /// Gives a transaction of the log its place again: the judgement was made when it was accepted. `timestamp` is L1's
    /// clock.
    pub(super) fn restore(
        &mut self,
        verified: Verified,
        payer: &Account,
        sequence: Sequence,
        received_ms: Milliseconds,
        timestamp: u32,
    ) {
        self.drop_as_before(verified.signed(), sequence, timestamp);
        self.insert(Entry { sequence, verified, received_ms, taken: false }, payer);
    }

    /// Drops what has the place of a later transaction of the log that does not pay more: it had left the pool before
    /// that one was accepted, and the process ended before the reason was on disk.
    fn drop_as_before(&mut self, later: &SignedTransaction, cause: Sequence, timestamp: u32) {
        let (id, nonce) = (later.transaction.from(), later.authorization.nonce);
        let Some(there) = self.leaves.get(&id).and_then(|queue| queue.get(nonce)) else { return };
        let SignedTransaction { transaction, authorization, .. } = *there.verified.signed();
        if later.transaction.fee() > transaction.fee() {
            return;
        }
        let expiry = authorization.expiry;
        let reason = if expiry != 0 && expiry < timestamp {
            Dropped::Expired { expiry, timestamp }
        } else {
            Dropped::Evicted
        };
        self.discard(id, nonce, reason, cause);
    }

    fn insert(&mut self, entry: Entry, payer: &Account) {
        let signed = *entry.verified.signed();
        let (id, sequence) = (signed.transaction.from(), entry.sequence);
        let hash = hash_of(&entry.verified);
        let queue = self.leaves.entry(id).or_insert_with(|| Queue::new(payer.nonce));
        let before = queue.standing();
        queue.renew(payer.nonce);
        let replaced = queue.insert(entry);
        let after = queue.standing();
        self.index.unlist(id, before);
        self.index.list(id, after);
        if let Some(replaced) = replaced {
            self.forget(&replaced);
            self.note(replaced.sequence, Dropped::Replaced { by: hash }, sequence);
        }
        self.places.insert(sequence, (id, signed.authorization.nonce));
        if signed.authorization.expiry != 0 {
            self.expiries.insert((signed.authorization.expiry, sequence));
        }
        self.bury(id);
        while self.places.len() > self.capacity && self.evict(sequence) {}
    }

    /// The leaf that must make room first loses its last.
    fn evict(&mut self, cause: Sequence) -> bool {
        let Some((_, _, id)) = self.index.most_crowded() else { return false };
        let last = self.leaves.get(&id).and_then(Queue::last_waiting);
        last.is_some_and(|nonce| self.discard(id, nonce, Dropped::Evicted, cause))
    }

    // --- changes ----------------------------------------------------------------------------------------

    /// Removes a transaction and notes why, for the sequencer to write down.
    fn discard(&mut self, id: AccountId, nonce: u32, reason: Dropped, cause: Sequence) -> bool {
        let Some(entry) = self.change(id, |queue| queue.remove(nonce)).flatten() else {
            return false;
        };
        self.forget(&entry);
        self.note(entry.sequence, reason, cause);
        true
    }

    fn note(&mut self, sequence: Sequence, reason: Dropped, cause: Sequence) {
        metrics::counter!("cairn_mempool_dropped_total", "reason" => reason.word()).increment(1);
        self.drops.insert(sequence, Discarded { reason, cause: cause.max(sequence) });
    }

    /// Removes what finds an entry that has left its queue.
    fn forget(&mut self, entry: &Entry) {
        self.places.remove(&entry.sequence);
        self.expiries.remove(&(entry.verified.signed().authorization.expiry, entry.sequence));
    }

    /// Changes a queue and its place in the lists.
    fn change<R>(&mut self, id: AccountId, change: impl FnOnce(&mut Queue) -> R) -> Option<R> {
        let queue = self.leaves.get_mut(&id)?;
        let before = queue.standing();
        let result = change(queue);
        let (after, empty) = (queue.standing(), queue.is_empty());
        if before != after {
            self.index.unlist(id, before);
            self.index.list(id, after);
        }
        if empty {
            self.leaves.remove(&id);
        }
        Some(result)
    }

    // --- answers --------------------------------------------------------------------------------------

    /// What was dropped and has no outcome on disk, as far as the reason is on disk; the first [`DROPPED_AT_ONCE`].
    pub(super) fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        let durable = self.drops.iter().filter(|(_, drop)| drop.cause < self.durable);
        let some = durable.take(DROPPED_AT_ONCE);
        some.map(|(&sequence, drop)| (sequence, drop.reason.clone())).collect()
    }

    #[cfg(test)]
    pub(super) fn status(&self, sequence: Sequence) -> Option<Waiting> {
        if let Some(drop) = self.drops.get(&sequence) {
            return Some(Waiting::Dropped(drop.reason.clone()));
        }
        let (id, nonce) = self.places.get(&sequence)?;
        let entry = self.leaves.get(id)?.get(*nonce)?;
        Some(if entry.taken { Waiting::Taken } else { Waiting::InPool })
    }

    /// The first nonce that nothing is known to use.
    pub(super) fn next_nonce(&self, id: AccountId, account: &Account) -> u32 {
        self.leaves.get(&id).map_or(account.nonce, |queue| queue.next_nonce(account))
    }

    /// Every transaction before this one has its outcome on disk; `next` if all have.
    pub(super) fn waiting_from(&self, next: Sequence) -> Sequence {
        let first = |sequence: Option<&Sequence>| sequence.copied().unwrap_or(next);
        let place = first(self.places.first_key_value().map(|(sequence, _)| sequence));
        place.min(first(self.drops.first_key_value().map(|(sequence, _)| sequence)))
    }

    pub(super) fn counts(&self) -> Counts {
        let waiting = self.places.len() - self.taken;
        let (ready_leaves, parked_leaves) = self.index.counts();
        let dropped = self.drops.len();
        Counts { waiting, taken: self.taken, dropped, ready_leaves, parked_leaves }
    }
}

/// A refusal that a block may change.
fn busy(reason: &str) -> Refused {
    Refused::Busy { reason: reason.to_owned(), retry_after_ms: A_BLOCK_MS }
}

/// What a transaction is known by.
pub(super) fn hash_of(verified: &Verified) -> B256 {
    B256::from(verified.message().to_bytes())
}
