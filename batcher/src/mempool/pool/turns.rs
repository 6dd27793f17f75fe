//! Whose turn it is, and what becomes of those that had theirs: given out, given back, executed, too late, in vain.

use std::collections::BTreeSet;

use cairn_state::Verified;
use cairn_types::AccountId;

use super::Pool;
use crate::{
    mempool::{queue::Queue, rules::Accounts},
    store::records::{Dropped, Milliseconds, Sequence},
};

/// Transactions that are dropped at once because their time is over: all callers wait meanwhile.
const EXPIRED_AT_ONCE: usize = 1_024;

impl Pool {
    /// Everything before this sequence is on disk.
    pub(in crate::mempool) fn set_durable(&mut self, next: Sequence) {
        self.durable = next;
    }

    pub(in crate::mempool) fn is_durable(&self, sequence: Sequence) -> bool {
        sequence < self.durable
    }

    /// Gives out transactions in an order in which they can be executed, after dropping what is late. And whether there
    /// may be more, as it drops a bounded number of late ones.
    pub(in crate::mempool) fn take(
        &mut self,
        most: usize,
        timestamp: u32,
    ) -> (Vec<(Sequence, Verified)>, bool) {
        self.expire(timestamp);
        let mut out = Vec::new();
        let mut late = 0;
        while out.len() < most
            && let Some((sequence, id)) = self.index.first_ready()
            && sequence < self.durable
        {
            if let Some((nonce, expiry)) = self.late(sequence, timestamp) {
                if late == EXPIRED_AT_ONCE {
                    return (out, true);
                }
                late += 1;
                self.discard(id, nonce, Dropped::Expired { expiry, timestamp }, sequence);
                continue;
            }
            let given =
                self.change(id, |queue| queue.take().map(|entry| (entry.sequence, entry.verified)));
            // The index lists a leaf as ready iff its queue has something to give.
            let Some(given) = given.flatten() else { break };
            self.taken += 1;
            out.push(given);
        }
        let more = out.len() == most;
        (out, more)
    }

    /// Nonce and expiry of a transaction that waits and may not be in a batch of this second.
    fn late(&self, sequence: Sequence, timestamp: u32) -> Option<(u32, u32)> {
        let (id, nonce) = self.places.get(&sequence)?;
        let entry = self.leaves.get(id)?.get(*nonce)?;
        let expiry = entry.verified.signed().authorization.expiry;
        (!entry.taken && expiry != 0 && expiry < timestamp).then_some((*nonce, expiry))
    }

    /// Drops what waits and may not be in a batch of this second: so many at once, the rest in the next call.
    pub(in crate::mempool) fn expire(&mut self, timestamp: u32) {
        let late = self.expiries.range(..(timestamp, 0)).filter_map(|&(_, sequence)| {
            let (nonce, expiry) = self.late(sequence, timestamp)?;
            Some((self.places.get(&sequence)?.0, nonce, expiry, sequence))
        });
        let late: Vec<_> = late.take(EXPIRED_AT_ONCE).collect();
        for (id, nonce, expiry, sequence) in late {
            self.discard(id, nonce, Dropped::Expired { expiry, timestamp }, sequence);
        }
    }

    /// Puts back what was given out and not executed. `accounts` has what was.
    pub(in crate::mempool) fn give_back(
        &mut self,
        sequences: &[Sequence],
        accounts: &dyn Accounts,
    ) {
        let mut touched = BTreeSet::new();
        for sequence in sequences {
            let Some(&(id, nonce)) = self.places.get(sequence) else { continue };
            if self.leaves.get(&id).and_then(|queue| queue.get(nonce)).is_some_and(|e| e.taken) {
                self.change(id, |queue| queue.give_back(nonce));
                self.taken -= 1;
                touched.insert(id);
            }
        }
        touched.into_iter().for_each(|id| self.renew(id, accounts));
    }

    /// Forgets those whose outcomes are on disk. `accounts` has what they did.
    pub(in crate::mempool) fn done(&mut self, sequences: &[Sequence], accounts: &dyn Accounts) {
        let mut touched = BTreeSet::new();
        for sequence in sequences {
            self.drops.remove(sequence);
            let Some(&(id, nonce)) = self.places.get(sequence) else { continue };
            if let Some(entry) = self.change(id, |queue| queue.remove(nonce)).flatten() {
                self.taken -= usize::from(entry.taken);
                self.forget(&entry);
            }
            touched.insert(id);
        }
        touched.into_iter().for_each(|id| self.renew(id, accounts));
    }

    /// Looks at some of the leaves that wait for a nonce: L1 may have filled the gap, or they have waited too long. And
    /// whether there are more, which the next call looks at.
    pub(in crate::mempool) fn refresh(
        &mut self,
        accounts: &dyn Accounts,
        now_ms: Milliseconds,
        most: usize,
    ) -> bool {
        let parked = self.index.parked_after(self.cursor, most);
        self.cursor = parked.last().copied().filter(|_| parked.len() == most);
        let wait_ms = self.config.max_gap_wait_s.saturating_mul(1_000);
        for id in parked {
            self.renew(id, accounts);
            while let Some(queue) = self.leaves.get(&id)
                && queue.standing().is_parked()
                && let Some((nonce, first)) = queue.first_waiting()
                && first.received_ms.saturating_add(wait_ms) < now_ms
            {
                let seconds = self.config.max_gap_wait_s;
                let reason = format!("no transaction with the nonce before came in {seconds} s");
                let sequence = first.sequence;
                self.discard(id, nonce, Dropped::Refused(reason), sequence);
            }
        }
        self.cursor.is_some()
    }

    pub(super) fn renew(&mut self, id: AccountId, accounts: &dyn Accounts) {
        let nonce = accounts.account(id).nonce;
        self.change(id, |queue| queue.renew(nonce));
        self.bury(id);
    }

    /// Drops what waits with a nonce that the leaf has used.
    pub(super) fn bury(&mut self, id: AccountId) {
        while let Some(nonce) = self.leaves.get(&id).and_then(Queue::dead) {
            let Some(sequence) =
                self.leaves.get(&id).and_then(|q| q.get(nonce)).map(|e| e.sequence)
            else {
                return;
            };
            let reason = format!("nonce {nonce} was used by another transaction");
            self.discard(id, nonce, Dropped::Refused(reason), sequence);
        }
    }
}
