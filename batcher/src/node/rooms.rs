//! How rooms meet: the interfaces that one has asked for, over what another is.

use cairn_types::{Account, AccountId};

use crate::{
    api::sources::{self, LeafProof, LedgerHead},
    mempool::{self, Mempool},
    sequencer::{Ledger, Taken, Transactions},
    store::records::{BatchNumber, Dropped, Sequence},
};

impl Transactions for Mempool {
    fn take(&self, most: usize, timestamp: u32) -> Vec<Taken> {
        let taken = Self::take(self, most, timestamp).into_iter();
        taken
            .map(|mempool::Taken { sequence, transaction }| Taken { sequence, transaction })
            .collect()
    }

    fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        Self::dropped(self)
    }

    fn done(&self, sequences: &[Sequence]) {
        Self::done(self, sequences);
    }

    fn give_back(&self, sequences: &[Sequence]) {
        Self::give_back(self, sequences);
    }

    fn throttle(&self, reason: Option<String>) {
        Self::throttle(self, reason);
    }
}

impl mempool::Accounts for Ledger {
    fn account(&self, id: AccountId) -> Account {
        Self::account(self, id)
    }
}

impl sources::Accounts for Ledger {
    fn account(&self, id: AccountId) -> Account {
        Self::account(self, id)
    }

    fn next_id(&self) -> u64 {
        Self::next_id(self)
    }

    fn next_token(&self) -> u32 {
        Self::next_token(self)
    }

    fn head(&self) -> LedgerHead {
        let head = Self::head(self);
        LedgerHead {
            block: head.block,
            batch: head.batch,
            state: head.state,
            made_ms: head.made_ms,
        }
    }

    fn prove_leaf(&self, batch: BatchNumber, id: AccountId) -> Option<LeafProof> {
        let proof = Self::prove_leaf(self, batch, id)?;
        let (account, siblings, summary) = (proof.account, proof.siblings, proof.summary);
        Some(LeafProof { account, siblings, summary })
    }
}
