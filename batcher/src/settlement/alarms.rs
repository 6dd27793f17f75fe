//! What the operator's people are told: metrics, and one log line whenever something begins or ends to be wrong.

use std::collections::BTreeSet;

use alloy::primitives::U256;
use metrics::gauge;
use tracing::{info, warn};

use super::chain::Chain;

/// Something that needs a person, or at least patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// The node does not answer, or is behind.
    L1,
    /// The account has used other nonces than the settlement knows of, or the node says so.
    Nonces,
    /// The watcher does not have the operations of L1's queue that a batch executes.
    Queue,
    /// Fees are above the caps.
    Fees,
    /// The account's balance is low.
    Balance,
    /// The node says that the account cannot pay.
    Funds,
    /// The node does not take a transaction.
    Transaction,
    /// The contract would refuse what is owed.
    Contract,
    /// What is owed was mined and reverted too often: a person must look.
    Reverted,
}

/// The alarms that are on.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    on: BTreeSet<Alarm>,
    /// Those of this round.
    raised: BTreeSet<Alarm>,
}

impl Alarm {
    const ALL: [Self; 9] = [
        Self::L1,
        Self::Nonces,
        Self::Queue,
        Self::Fees,
        Self::Balance,
        Self::Funds,
        Self::Transaction,
        Self::Contract,
        Self::Reverted,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Nonces => "nonces",
            Self::Queue => "queue",
            Self::Fees => "fees_above_cap",
            Self::Balance => "low_balance",
            Self::Funds => "insufficient_funds",
            Self::Transaction => "transaction_refused",
            Self::Contract => "contract_refuses",
            Self::Reverted => "reverted",
        }
    }
}

impl Alarms {
    /// Shows all alarms as off.
    pub(super) fn new() -> Self {
        for alarm in Alarm::ALL {
            gauge!("settlement_alarm", "what" => alarm.name()).set(0.0);
        }
        Self::default()
    }

    /// Something is wrong. To be said in every round in which it is.
    pub(super) fn raise(&mut self, alarm: Alarm, line: &dyn std::fmt::Display) {
        self.raised.insert(alarm);
        if self.on.insert(alarm) {
            gauge!("settlement_alarm", "what" => alarm.name()).set(1.0);
            warn!(alarm = alarm.name(), "{line}");
        }
    }

    /// A round begins: what was wrong in one that came to no end may not be any more.
    pub(super) fn begin_round(&mut self) {
        self.raised.clear();
    }

    /// A round has come to its end: what was not said to be wrong in it is not.
    pub(super) fn end_round(&mut self) {
        let raised = std::mem::take(&mut self.raised);
        for alarm in self.on.extract_if(.., |alarm| !raised.contains(alarm)) {
            gauge!("settlement_alarm", "what" => alarm.name()).set(0.0);
            info!(alarm = alarm.name(), "over");
        }
    }

    /// Shows what L1 says, and whether the balance lasts.
    pub(super) fn see(&mut self, chain: &Chain, low_balance: U256) {
        gauge!("settlement_balance_wei").set(f64::from(chain.balance));
        gauge!("current_nonce").set(chain.nonce as f64);
        gauge!("basefee_wei").set(chain.market.base_fee as f64);
        if let Some(fee) = chain.market.blob_base_fee {
            gauge!("blob_basefee_wei").set(fee as f64);
        }
        if chain.balance < low_balance {
            let line = format!("the settlement's account has {} wei left", chain.balance);
            self.raise(Alarm::Balance, &line);
        }
    }
}
