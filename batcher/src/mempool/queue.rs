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

/// What is waiting and what was given out of one leaf.
#[derive(Debug)]
pub(super) struct Queue {
    entries: BTreeMap<u32, Entry>,
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
        Self { entries: BTreeMap::new(), next, taken: 0 }
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
        while next < u32::MAX && self.entries.contains_key(&next) {
            next += 1;
        }
        next
    }

    /// The key that the leaf has at this nonce, if all before it are executed.
    pub(super) fn key_at(&self, nonce: u32, account: &Account) -> PublicKey {
        let before = self.entries.range(account.nonce.min(nonce)..nonce);
        let mut keys =
            before.rev().filter_map(|(_, entry)| entry.verified.signed().transaction.key());
        keys.next().unwrap_or(account.key)
    }

    /// What those before this nonce take from the leaf.
    pub(super) fn owed_before(&self, nonce: u32, account: &Account) -> u128 {
        let before = self.entries.range(account.nonce.min(nonce)..nonce);
        before.map(|(_, entry)| entry.total()).sum()
    }

    /// Adds a transaction that was not given out. Gives the one whose place it takes.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        let nonce = entry.verified.signed().authorization.nonce;
        let replaced = self.entries.insert(nonce, entry)?;
        self.taken -= usize::from(replaced.taken);
        Some(replaced)
    }

    pub(super) fn remove(&mut self, nonce: u32) -> Option<Entry> {
        let entry = self.entries.remove(&nonce)?;
        self.taken -= usize::from(entry.taken);
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
