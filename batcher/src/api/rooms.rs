//! The mempool and the sequencer's ledger behind the API's traits.

use cairn_types::{AccountId, SignedTransaction, TokenId};

use super::{
    hex::Decimal,
    sources::{Answer, Intake, Pressure, Refused, Sequencing, Submitted},
    wire::{FeeEstimate, FeeKind},
};
use crate::{
    mempool::{self, Mempool, fees::FeePolicy},
    sequencer::{Ledger, Standing},
};

/// What a policy asks now.
pub(crate) fn estimate(fees: &FeePolicy, token: TokenId, kind: FeeKind) -> FeeEstimate {
    let (fee, floor) = (fees.estimate(token, kind), fees.floor(token, kind));
    FeeEstimate { token, kind, fee: Decimal(fee), floor: Decimal(floor) }
}

impl Intake for Mempool {
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>> {
        Box::pin(async move {
            let answers = Mempool::submit(self, transactions).await;
            answers.into_iter().map(|answer| Ok(answer?.into())).collect()
        })
    }

    fn next_nonce(&self, id: AccountId) -> u32 {
        Mempool::next_nonce(self, id)
    }

    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> FeeEstimate {
        estimate(self.fees(), token, kind)
    }

    fn pressure(&self) -> Pressure {
        let mempool::Pressure { waiting, taken, .. } = Mempool::pressure(self);
        Pressure { waiting: (waiting + taken) as u64, throttled: self.throttled() }
    }

    fn room(&self) -> usize {
        Mempool::pressure(self).intake_capacity
    }
}

impl Sequencing for Ledger {
    fn standing(&self) -> Standing {
        self.status().standing
    }
}

impl From<mempool::Submitted> for Submitted {
    fn from(submitted: mempool::Submitted) -> Self {
        let mempool::Submitted { hash, sequence } = submitted;
        Self { hash, sequence }
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
