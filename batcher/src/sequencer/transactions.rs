//! Where transactions come from.

use cairn_types::{Account, AccountId};

use super::ledger::Ledger;
use crate::{
    mempool::{Accounts, Mempool, Taken},
    store::records::{Dropped, Sequence},
};

/// The mempool, as the sequencer sees it. Every transaction that it gives out is in the store's log.
pub trait Transactions: Send + Sync + 'static {
    /// At most so many transactions, the nonces of a leaf in order. They are the sequencer's until [`Self::done`] or
    /// [`Self::give_back`]. `timestamp` is the batch's, in seconds.
    fn take(&self, most: usize, timestamp: u32) -> Vec<Taken>;
    /// What was dropped and has no outcome in the store yet. Asked after [`Self::take`].
    fn dropped(&self) -> Vec<(Sequence, Dropped)>;
    /// The outcomes of these are durable, and the ledger shows what they did.
    fn done(&self, sequences: &[Sequence]);
    /// These were not executed; their turn comes again.
    fn give_back(&self, sequences: &[Sequence]);
    /// Refuses new transactions with this reason, until called with none.
    fn throttle(&self, reason: Option<String>);
}

impl Transactions for Mempool {
    fn take(&self, most: usize, timestamp: u32) -> Vec<Taken> {
        self.take(most, timestamp)
    }

    fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        self.dropped()
    }

    fn done(&self, sequences: &[Sequence]) {
        self.done(sequences);
    }

    fn give_back(&self, sequences: &[Sequence]) {
        self.give_back(sequences);
    }

    fn throttle(&self, reason: Option<String>) {
        self.throttle(reason);
    }
}

impl Accounts for Ledger {
    fn account(&self, id: AccountId) -> Account {
        self.account(id)
    }
}
