//! The transactions that are not final, by nonce: in memory as they are in the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeBounds,
};

use alloy::primitives::B256;

use super::{
    plan::{Row, Stage},
    signed,
};
use crate::store::{Store, StoreError, records::OutboxTransaction};

/// The settlement's table. Nobody else writes it.
#[derive(Debug)]
pub(super) struct Outbox {
    store: Store,
    rows: BTreeMap<u64, OutboxTransaction>,
    /// Head at which a nonce was first found to be used by a transaction that is none of ours.
    taken: BTreeMap<u64, u64>,
    /// Hash of the head at which the latest form of a transaction was signed. Not stored: after a restart nothing is known of it.
    signed_at: BTreeMap<u64, B256>,
    /// After the last transaction that is final.
    first_open: u64,
}

impl Outbox {
    /// Reads it. Transactions become final in the order of their nonces, so the first final one from the end is the last.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn open(store: Store) -> Result<Self, StoreError> {
        let (mut rows, mut first_open) = (BTreeMap::new(), 0);
        for row in store.outbox.iter().rev() {
            let (nonce, row) = row?;
            if row.is_final {
                first_open = nonce.saturating_add(1);
                break;
            }
            rows.insert(nonce, row);
        }
        let (taken, signed_at) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { store, rows, taken, signed_at, first_open })
    }

    /// The smallest nonce that no final transaction has.
    pub(super) fn first_open(&self) -> u64 {
        self.first_open
    }

    /// After the last transaction of all.
    pub(super) fn end(&self) -> u64 {
        self.next(self.first_open)
    }

    /// Nonces of all transactions that are not final, in order.
    pub(super) fn nonces(&self) -> Vec<u64> {
        self.rows.keys().copied().collect()
    }

    pub(super) fn get(&self, nonce: u64) -> Option<&OutboxTransaction> {
        self.rows.get(&nonce)
    }

    /// The transactions that may still be mined, when the account's next nonce is `next`.
    pub(super) fn waiting(&self, next: u64) -> impl Iterator<Item = (u64, &OutboxTransaction)> {
        self.rows.range(next..).map(|(nonce, row)| (*nonce, row))
    }

    /// The nonce of a new transaction: after all that may still be mined, so that it is mined after them.
    pub(super) fn next(&self, next: u64) -> u64 {
        self.waiting(next).last().map_or(next, |(nonce, _)| nonce.saturating_add(1))
    }

    /// Nonces below those of waiting transactions that nobody uses: until they are filled, nothing behind them is mined.
    pub(super) fn gaps(&self, next: u64) -> impl Iterator<Item = u64> {
        (next..self.next(next)).filter(|nonce| !self.rows.contains_key(nonce))
    }

    /// The first waiting transaction with more than `most` gaps before it: nobody fills so many, so it is never mined.
    pub(super) fn out_of_reach(&self, next: u64, most: u64) -> Option<u64> {
        let (mut gaps, mut expected) = (0u64, next);
        for (nonce, _) in self.waiting(next) {
            gaps = gaps.saturating_add(nonce - expected);
            if gaps > most {
                return Some(nonce);
            }
            expected = nonce.saturating_add(1);
        }
        None
    }

    /// What counts for the plan: what waits, what was mined, and what has lost its nonce to another. `outdated` are nonces of
    /// commitments of batches as they are not published any more.
    pub(super) fn planned(&self, next: u64, outdated: &BTreeSet<u64>) -> Vec<Row> {
        let rows = self.rows.iter().map(|(&nonce, row)| {
            let stage = match row.mined {
                Some(mined) => Stage::Mined { block: mined.block, success: mined.success },
                None if nonce >= next => Stage::OnItsWay,
                None => Stage::Taken { head: self.taken.get(&nonce).copied().unwrap_or(u64::MAX) },
            };
            let (purpose, pool) = (row.purpose, signed::pool(&row.raw));
            Row { nonce, purpose, pool, stage, is_outdated: outdated.contains(&nonce) }
        });
        rows.collect()
    }

    /// Writes a transaction, durably.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn put(&mut self, nonce: u64, row: OutboxTransaction) -> Result<(), StoreError> {
        let mut write = self.store.write();
        write.put(&self.store.outbox, &nonce, &row)?;
        write.commit()?;
        self.rows.insert(nonce, row);
        Ok(())
    }

    /// As [`Self::put`], of a form that was signed when the head had this hash.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn put_signed(
        &mut self,
        nonce: u64,
        row: OutboxTransaction,
        head: B256,
    ) -> Result<(), StoreError> {
        self.put(nonce, row)?;
        self.signed_at.insert(nonce, head);
        Ok(())
    }

    /// Whether L1 has had another head since the latest form of a transaction was signed.
    pub(super) fn has_had_a_chance(&self, nonce: u64, head: B256) -> bool {
        self.signed_at.get(&nonce) != Some(&head)
    }

    /// Notes that another transaction has this nonce; returns the head at which that was first seen.
    pub(super) fn take(&mut self, nonce: u64, head: u64) -> u64 {
        *self.taken.entry(nonce).or_insert(head)
    }

    /// None has, or not any more.
    pub(super) fn give_back(&mut self, nonce: u64) {
        self.taken.remove(&nonce);
    }

    /// Writes that nothing is expected to change this transaction any more. All below it must be final.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn finish(&mut self, nonce: u64) -> Result<(), StoreError> {
        let Some(mut row) = self.rows.get(&nonce).cloned() else { return Ok(()) };
        row.raw = Default::default();
        row.is_final = true;
        self.put(nonce, row)?;
        self.rows.remove(&nonce);
        self.taken.remove(&nonce);
        self.signed_at.remove(&nonce);
        self.first_open = nonce.saturating_add(1);
        Ok(())
    }

    /// Forgets the transactions with these nonces, which can never be mined: what is still owed is signed again.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn forget(
        &mut self,
        nonces: impl RangeBounds<u64> + Clone,
    ) -> Result<(), StoreError> {
        let mut write = self.store.write();
        for row in self.store.outbox.range(nonces.clone()) {
            write.remove(&self.store.outbox, &row?.0);
        }
        write.commit()?;
        self.rows.retain(|nonce, _| !nonces.contains(nonce));
        self.taken.retain(|nonce, _| !nonces.contains(nonce));
        self.signed_at.retain(|nonce, _| !nonces.contains(nonce));
        Ok(())
    }

    /// Takes back that transactions from this nonce on were final. Their bytes are gone, so they are forgotten.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn reopen(&mut self, nonce: u64) -> Result<(), StoreError> {
        self.forget(nonce..self.first_open)?;
        self.first_open = self.first_open.min(nonce);
        Ok(())
    }
}
