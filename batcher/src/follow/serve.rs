//! The read half of the API, on what a follower knows.

use std::sync::Arc;

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use cairn_types::{AccountId, SignedTransaction, TokenId};
use metrics_exporter_prometheus::PrometheusHandle;

use super::{Follower, NO_CIRCUITS, error::FollowError, states::States};
use crate::{
    api::{
        Sources, estimate,
        sources::{About, Accounts, Answer, Health, Intake, Pressure, Refused, Submitted},
        wire::{FeeEstimate, FeeKind},
    },
    l1::{contracts::IRollupL1, error::rpc},
    mempool::fees::{FeeConfig, FeePolicy},
    signals::Signals,
};

/// What a follower answers to those who want to write.
const READS_ONLY: &str = "this is a follower: it serves reads, transactions go to the operator";

/// What the API of a follower reads. It signs no receipts: a key is made up, and never used.
///
/// # Errors
/// The node's.
pub async fn sources(
    follower: &Follower,
    signals: Signals,
    metrics: Option<PrometheusHandle>,
) -> Result<Sources, FollowError> {
    let reader = follower.rollup().reader();
    let contract = IRollupL1::new(reader.address(), reader.provider());
    let custody: Address = contract
        .CUSTODY()
        .call()
        .await
        .map_err(|error| rpc("reading the rollup's custody", error))?;
    let states = follower.states().clone();
    let readers = Reads { states: states.clone(), fees: FeePolicy::new(FeeConfig::default()) };
    Ok(Sources {
        store: follower.store().clone(),
        intake: Arc::new(readers.clone()),
        accounts: Arc::new(states),
        health: Arc::new(readers),
        admin: None,
        signals,
        about: About {
            chain_id: reader.chain_id(),
            rollup: reader.address(),
            custody,
            circuit_set_root: NO_CIRCUITS,
            data_modes: follower.rollup().data_modes().iter().collect(),
        },
        receipt_key: PrivateKeySigner::random(),
        metrics,
    })
}

#[derive(Debug, Clone)]
struct Reads {
    states: States,
    fees: FeePolicy,
}

impl Health for Reads {
    fn faults(&self) -> Vec<String> {
        self.states.trouble().into_iter().collect()
    }
}

impl Intake for Reads {
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>> {
        let refused = || Refused {
            reason: "reads_only",
            message: READS_ONLY.to_owned(),
            retryable: false,
            retry_after_ms: None,
        };
        let answers = transactions.iter().map(|_| Err(refused())).collect();
        Box::pin(std::future::ready(answers))
    }

    fn next_nonce(&self, id: AccountId) -> u32 {
        self.states.account(id).nonce
    }

    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> FeeEstimate {
        estimate(&self.fees, token, kind)
    }

    fn pressure(&self) -> Pressure {
        Pressure { waiting: 0, throttled: Some(READS_ONLY.to_owned()) }
    }

    fn room(&self) -> usize {
        usize::MAX
    }
}
