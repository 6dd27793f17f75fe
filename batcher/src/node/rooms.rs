//! How rooms meet: the ledger as the API has asked for it.

use cairn_types::{Account, AccountId};

use crate::{
    api::sources::{self, LeafProof, LedgerHead},
    sequencer::Ledger,
    store::records::BatchNumber,
};

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

    fn halted(&self) -> Option<String> {
        Self::halted(self)
    }

    fn prove_leaf(&self, batch: BatchNumber, id: AccountId) -> Option<LeafProof> {
        let proof = Self::prove_leaf(self, batch, id)?;
        let (account, siblings, summary) = (proof.account, proof.siblings, proof.summary);
        Some(LeafProof { account, siblings, summary })
    }
}
