//! What an operator sets of the settlement.

use std::time::Duration;

use alloy::primitives::{U256, utils::Unit};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fees::Caps;
use crate::watcher::WatcherConfig;

/// Wei of a gwei.
const GWEI: f64 = 1e9;

/// `[settlement]` of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct SettlementConfig {
    /// L1 transactions that may be on their way at the same time, 1 to 16.
    pub max_in_flight: usize,
    /// Blocks on top of a transaction's until nothing is expected to take it back; at least watcher.confirmations.
    pub confirmations: u64,
    /// Milliseconds between two looks at L1, if nothing wakes the settlement before.
    pub poll_ms: u64,
    /// Milliseconds after which a transaction that is not mined gets higher fees.
    pub resubmit_after_ms: u64,
    /// Gwei a gas, at most. Above it the settlement waits and raises an alarm.
    pub max_fee_gwei: f64,
    /// Gwei a gas for the proposer, at most.
    pub max_priority_fee_gwei: f64,
    /// Gwei a gas for the proposer, at least, whatever the node advises.
    pub min_priority_fee_gwei: f64,
    /// Gwei a blob gas, at most. Above it the settlement waits and raises an alarm.
    pub max_blob_fee_gwei: f64,
    /// Gwei on the account below which an alarm is raised.
    pub low_balance_gwei: u64,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("settlement.{field}: expected {expected}, got {got}")]
pub struct BadSetting {
    /// Its key.
    pub field: &'static str,
    /// What would do.
    pub expected: &'static str,
    /// What is there.
    pub got: String,
}

impl Default for SettlementConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 4,
            confirmations: 12,
            poll_ms: 2_000,
            resubmit_after_ms: 48_000,
            max_fee_gwei: 200.0,
            max_priority_fee_gwei: 20.0,
            min_priority_fee_gwei: 0.01,
            max_blob_fee_gwei: 100.0,
            low_balance_gwei: 500_000_000,
        }
    }
}

impl SettlementConfig {
    /// Finds the first setting that cannot be.
    ///
    /// # Errors
    /// Its name, and what would do.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |field, expected, got: &dyn ToString| {
            Err(BadSetting { field, expected, got: got.to_string() })
        };
        if !(1..=16).contains(&self.max_in_flight) {
            return bad("max_in_flight", "1 to 16", &self.max_in_flight);
        }
        if !(1..=3_600_000).contains(&self.poll_ms) {
            return bad("poll_ms", "1 to 3600000", &self.poll_ms);
        }
        if !(100..=86_400_000).contains(&self.resubmit_after_ms) {
            return bad("resubmit_after_ms", "100 to 86400000", &self.resubmit_after_ms);
        }
        let fees = [
            ("max_fee_gwei", self.max_fee_gwei),
            ("max_priority_fee_gwei", self.max_priority_fee_gwei),
            ("min_priority_fee_gwei", self.min_priority_fee_gwei),
            ("max_blob_fee_gwei", self.max_blob_fee_gwei),
        ];
        for (field, fee) in fees {
            if !(0.0..=1e9).contains(&fee) {
                return bad(field, "0 to 1000000000", &fee);
            }
        }
        if self.min_priority_fee_gwei > self.max_priority_fee_gwei {
            let expected = "at most max_priority_fee_gwei";
            return bad("min_priority_fee_gwei", expected, &self.min_priority_fee_gwei);
        }
        if self.max_priority_fee_gwei > self.max_fee_gwei {
            return bad(
                "max_priority_fee_gwei",
                "at most max_fee_gwei",
                &self.max_priority_fee_gwei,
            );
        }
        Ok(())
    }

    /// Refuses fewer confirmations than the watcher's: what it may take back is not final.
    ///
    /// # Errors
    /// The field's name, and what would do.
    pub fn check_beside(&self, watcher: &WatcherConfig) -> Result<(), BadSetting> {
        if self.confirmations >= watcher.confirmations {
            return Ok(());
        }
        let (field, expected) = ("confirmations", "at least watcher.confirmations");
        Err(BadSetting { field, expected, got: self.confirmations.to_string() })
    }

    /// What may be spent, in wei.
    #[must_use]
    pub fn caps(&self) -> Caps {
        Caps {
            max_fee: wei(self.max_fee_gwei),
            max_priority_fee: wei(self.max_priority_fee_gwei),
            min_priority_fee: wei(self.min_priority_fee_gwei),
            max_blob_fee: wei(self.max_blob_fee_gwei),
        }
    }

    pub(super) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    pub(super) fn low_balance(&self) -> U256 {
        U256::from(self.low_balance_gwei) * Unit::GWEI.wei()
    }
}

/// Trust: `gwei` is from 0 to 10^9, as [`SettlementConfig::check`] has it.
fn wei(gwei: f64) -> u128 {
    (gwei * GWEI).round() as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_setting_is_named() {
        let good = SettlementConfig::default();
        assert_eq!(good.check(), Ok(()));
        let bad = SettlementConfig { max_in_flight: 0, ..good.clone() };
        let line = "settlement.max_in_flight: expected 1 to 16, got 0";
        assert_eq!(bad.check().unwrap_err().to_string(), line);
        let bad = SettlementConfig { max_blob_fee_gwei: f64::NAN, ..good.clone() };
        assert_eq!(bad.check().unwrap_err().field, "max_blob_fee_gwei");
        let bad = SettlementConfig { resubmit_after_ms: 0, ..good.clone() };
        let line = "settlement.resubmit_after_ms: expected 100 to 86400000, got 0";
        assert_eq!(bad.check().unwrap_err().to_string(), line);
        let bad = SettlementConfig { max_fee_gwei: 1.0, ..good };
        assert_eq!(bad.check().unwrap_err().field, "max_priority_fee_gwei");
    }

    #[test]
    fn what_the_watcher_may_take_back_is_not_final() {
        let (config, watcher) = (SettlementConfig::default(), WatcherConfig::default());
        assert_eq!(config.check_beside(&watcher), Ok(()));
        let deeper = WatcherConfig { confirmations: config.confirmations + 1, ..watcher };
        assert_eq!(config.check_beside(&deeper).unwrap_err().field, "confirmations");
    }

    #[test]
    fn unknown_keys_are_refused_and_fees_may_be_whole_numbers() {
        let config: SettlementConfig = toml::from_str("max_fee_gwei = 30").unwrap();
        assert_eq!(config.caps().max_fee, 30_000_000_000);
        assert_eq!(config.caps().min_priority_fee, 10_000_000);
        assert!(toml::from_str::<SettlementConfig>("max_fees = 30").is_err());
    }
}
