//! How rooms meet: the interfaces that one has asked for, over what another is.

use cairn_types::{Account, AccountId, SignedTransaction, TokenId};

use crate::{
    api::{
        hex::Decimal,
        sources::{self, Answer, Intake, LeafProof, LedgerHead, Pressure, Refused, Submitted},
        wire::{FeeEstimate, FeeKind},
    },
    mempool::{self, Mempool, fees::TransactionKind},
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

/// The mempool as the API has it: it knows which tokens there are.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) mempool: Mempool,
    pub(super) ledger: Ledger,
}

impl Intake for Door {
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>> {
        Box::pin(async move {
            let answers = self.mempool.submit(transactions).await;
            answers.into_iter().map(|answer| answer.map(Into::into).map_err(Into::into)).collect()
        })
    }

    fn next_nonce(&self, id: AccountId) -> Option<u32> {
        Some(self.mempool.next_nonce(id))
    }

    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> Option<FeeEstimate> {
        if u32::from(token) >= self.ledger.next_token() {
            return None;
        }
        let fees = self.mempool.fees();
        let which = match kind {
            FeeKind::Transfer => TransactionKind::ShortTransfer,
            FeeKind::LongTransfer => TransactionKind::LongTransfer,
            FeeKind::TransferToNew => TransactionKind::TransferToNew,
            FeeKind::Withdraw => TransactionKind::Withdraw,
            FeeKind::ChangeKey => TransactionKind::ChangeKey,
        };
        let (fee, floor) = (fees.estimate(token, which), fees.floor(token, which));
        Some(FeeEstimate { token, kind, fee: Decimal(fee), floor: Decimal(floor) })
    }

    fn pressure(&self) -> Pressure {
        let waiting = self.mempool.pressure().waiting as u64;
        Pressure { waiting, throttled: self.mempool.throttled() }
    }
}

impl From<mempool::Submitted> for Submitted {
    fn from(submitted: mempool::Submitted) -> Self {
        Self { hash: submitted.hash, sequence: submitted.sequence }
    }
}

impl From<mempool::Refused> for Refused {
    fn from(refused: mempool::Refused) -> Self {
        Self {
            reason: refused.word(),
            message: refused.to_string(),
            retryable: refused.is_transient(),
            retry_after_ms: refused.retry_after_ms(),
        }
    }
}
