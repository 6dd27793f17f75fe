//! The transactions of one leaf, by nonce.

use std::collections::BTreeMap;

use cairn_state::Verified;
use cairn_types::{Account, PublicKey, Transaction};

use crate::store::records::{Milliseconds, Sequence};

/// An accepted transaction without an outcome.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) sequence: Sequence,
    pub(super) verified: Verified,
    pub(super) received_ms: Milliseconds,
    /// It was given out to the sequencer.
    pub(super) taken: bool,
}

impl Entry {
    /// Amount and fee.
    pub(super) fn total(&self) -> u128 {
        let transaction = &self.verified.signed().transaction;
        u128::from(transaction.amount()) + u128::from(transaction.fee())
    }
}

/// Nonces that are summed up together.
const SUMMED: u32 = 32;

/// What is waiting and what was given out of one leaf.
///
/// What a transaction is held against, the money that those before it take and the key that they leave, is kept in sums
/// and a list of its own: a leaf may have a thousand waiting, and each newcomer is judged under the lock of the pool.
#[derive(Debug)]
pub(super) struct Queue {
    entries: BTreeMap<u32, Entry>,
    /// What entries take from the leaf, by their nonce over [`SUMMED`]; none that take nothing.
    sums: BTreeMap<u32, u128>,
    /// The keys that entries set.
    keys: BTreeMap<u32, PublicKey>,
    /// The nonce that the leaf has when all that was given out is executed.
    next: u32,
    taken: usize,
}

/// How a queue is listed among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The transaction whose turn it is.
    pub(super) head: Option<Sequence>,
    /// Transactions that were not given out.
    pub(super) waiting: usize,
}

impl Standing {
    /// Whether transactions wait for a nonce that is missing.
    pub(super) fn is_parked(&self) -> bool {
        self.head.is_none() && self.waiting > 0
    }
}

impl Queue {
    /// Of a leaf with this nonce.
    pub(super) fn new(next: u32) -> Self {
        let (entries, sums, keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { entries, sums, keys, next, taken: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, nonce: u32) -> Option<&Entry> {
        self.entries.get(&nonce)
    }

    pub(super) fn standing(&self) -> Standing {
        let head = self.entries.get(&self.next).filter(|entry| !entry.taken);
        let waiting = self.entries.len() - self.taken;
        Standing { head: head.map(|entry| entry.sequence), waiting }
    }

    /// Whether a transaction of this nonce would wait for one that is missing.
    pub(super) fn would_park(&self, nonce: u32) -> bool {
        self.standing().head.is_none() && nonce != self.next
    }

    /// The first nonce that the leaf has not used, as far as is known here.
    pub(super) fn next_nonce(&self, account: &Account) -> u32 {
        let mut next = self.next.max(account.nonce);
        for (&nonce, _) in self.entries.range(next..u32::MAX) {
            if nonce != next {
                break;
            }
            next += 1;
        }
        next
    }

    /// The key that the leaf has at this nonce, if all before it are executed.
    pub(super) fn key_at(&self, nonce: u32, account: &Account) -> PublicKey {
        let before = self.keys.range(account.nonce.min(nonce)..nonce).next_back();
        before.map_or(account.key, |(_, key)| *key)
    }

    /// What those before this nonce take from the leaf.
    pub(super) fn owed_before(&self, nonce: u32, account: &Account) -> u128 {
        let from = account.nonce.min(nonce);
        let one_by_one = |from, to| -> u128 {
            self.entries.range(from..to).map(|(_, entry)| entry.total()).sum()
        };
        let (first, last) = (from.div_ceil(SUMMED), nonce / SUMMED);
        if first >= last {
            return one_by_one(from, nonce);
        }
        let summed: u128 = self.sums.range(first..last).map(|(_, sum)| sum).sum();
        one_by_one(from, first * SUMMED) + summed + one_by_one(last * SUMMED, nonce)
    }

    /// Adds a transaction that was not given out. Gives the one whose place it takes.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        let signed = entry.verified.signed();
        let (nonce, key) = (signed.authorization.nonce, signed.transaction.key());
        let total = entry.total();
        let replaced = self.remove(nonce);
        if total > 0 {
            *self.sums.entry(nonce / SUMMED).or_default() += total;
        }
        if let Some(key) = key {
            self.keys.insert(nonce, key);
        }
        self.entries.insert(nonce, entry);
        replaced
    }

    pub(super) fn remove(&mut self, nonce: u32) -> Option<Entry> {
        let entry = self.entries.remove(&nonce)?;
        self.taken -= usize::from(entry.taken);
        self.keys.remove(&nonce);
        let block = nonce / SUMMED;
        if let Some(sum) = self.sums.get_mut(&block) {
            *sum -= entry.total();
            if *sum == 0 {
                self.sums.remove(&block);
            }
        }
        Some(entry)
    }

    /// Gives out the transaction whose turn it is.
    pub(super) fn take(&mut self) -> Option<&Entry> {
        let entry = self.entries.get_mut(&self.next).filter(|entry| !entry.taken)?;
        entry.taken = true;
        self.taken += 1;
        self.next = self.next.saturating_add(1);
        Some(entry)
    }

    /// Takes back what was given out and not executed.
    pub(super) fn give_back(&mut self, nonce: u32) {
        if let Some(entry) = self.entries.get_mut(&nonce).filter(|entry| entry.taken) {
            entry.taken = false;
            self.taken -= 1;
            self.next = self.next.min(nonce);
        }
    }

    /// Learns of the leaf's nonce, which forced transactions move too, unless something is being executed.
    pub(super) fn renew(&mut self, nonce: u32) {
        if self.taken == 0 {
            self.next = nonce;
        }
    }

    /// A transaction that waits with a nonce that the leaf has used.
    pub(super) fn dead(&self) -> Option<u32> {
        let (&nonce, entry) = self.entries.first_key_value()?;
        (nonce < self.next && !entry.taken && self.taken == 0).then_some(nonce)
    }

    /// The last of those that were not given out.
    pub(super) fn last_waiting(&self) -> Option<u32> {
        self.entries.iter().rev().find(|(_, entry)| !entry.taken).map(|(&nonce, _)| nonce)
    }

    /// The first of those that were not given out.
    pub(super) fn first_waiting(&self) -> Option<(u32, &Entry)> {
        self.entries.iter().find(|(_, entry)| !entry.taken).map(|(&nonce, entry)| (nonce, entry))
    }
}

/// The key that a leaf has after a transaction, if the transaction changes it.
trait NewKey {
    fn key(&self) -> Option<PublicKey>;
}

impl NewKey for Transaction {
    fn key(&self) -> Option<PublicKey> {
        match *self {
            Self::ChangeKey { key, .. } => Some(key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use cairn_types::{Authorization, Signature, SignedTransaction, Word};
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u64) -> PublicKey {
        PublicKey::new([seed, 1, 2, 3, 4]).unwrap()
    }

    /// Every fifth changes the key.
    fn entry(nonce: u32, fee: u64) -> Entry {
        let transaction = match fee % 5 {
            0 => Transaction::ChangeKey { from: 1, key: key(fee), fee },
            _ => Transaction::Withdraw { from: 1, recipient: [0; 20], amount: 7, fee },
        };
        let recipient = PublicKey::ZERO;
        let domain = Word::new([0; 31]);
        let authorization = Authorization { domain, token: 0, nonce, expiry: 0, recipient };
        let signed =
            SignedTransaction { transaction, authorization, signature: Signature::default() };
        let verified = Verified::trusted(signed, key(1));
        Entry { sequence: nonce.into(), verified, received_ms: 0, taken: false }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Sums and keys say what going through all entries says.
        #[test]
        fn sums_are_those_of_the_entries(
            changes in prop::collection::vec((any::<bool>(), 0..150u32, 1..60u64), 1..120),
            asked in prop::collection::vec((0..160u32, 0..160u32), 20),
        ) {
            let mut queue = Queue::new(0);
            for (adds, nonce, fee) in changes {
                if adds {
                    queue.insert(entry(nonce, fee));
                } else {
                    queue.remove(nonce);
                }
            }
            for (at, nonce) in asked {
                let account = Account { key: key(9), token: 0, nonce: at, balance: 0 };
                let before = || queue.entries.range(at.min(nonce)..nonce).map(|(_, entry)| entry);
                let owed: u128 = before().map(Entry::total).sum();
                prop_assert_eq!(queue.owed_before(nonce, &account), owed);
                let mut keys = before().rev().filter_map(|e| e.verified.signed().transaction.key());
                prop_assert_eq!(queue.key_at(nonce, &account), keys.next().unwrap_or(key(9)));
            }
        }
    }
}
