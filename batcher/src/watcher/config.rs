//! How L1 is watched.

use std::time::Duration;

use alloy::primitives::Address;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most confirmations that make sense: a full node forgets the state of deeper blocks.
const MOST_CONFIRMATIONS: u64 = 120;

/// Seconds that a local chain's clock may be moved ahead: ten years.
const MOST_AHEAD: u64 = 10 * 365 * 24 * 3_600;

/// The part of the operator's configuration that says how L1 is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct WatcherConfig {
    /// Blocks on top of one until what it says is acted upon and not expected to be taken back.
    pub confirmations: u64,
    /// Whether L1 must also have finalized such a block.
    pub wait_for_finalized: bool,
    /// Milliseconds between two questions for new blocks.
    pub poll_ms: u64,
    /// The most blocks whose logs are asked for at once.
    pub max_range: u64,
    /// Seconds that a block may be ahead of this machine's clock. Batches have L1's time, and a node that makes up a block
    /// from the future would have batches stamped that L1 refuses. Blocks of Ethereum are never from the future; a local
    /// chain whose clock is moved needs more.
    pub max_clock_ahead_s: u64,
    /// The account that commits: an alarm rings when it may not any more. The node fills it in from the key.
    pub committer: Option<Address>,
    /// The account that proves, likewise.
    pub prover: Option<Address>,
}

impl Default for WatcherConfig {
    fn default() -> Self {
        Self {
            confirmations: 12,
            wait_for_finalized: false,
            poll_ms: 2_000,
            max_range: 2_000,
            max_clock_ahead_s: 3_600,
            committer: None,
            prover: None,
        }
    }
}

/// A field has a value that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("watcher.{field}: expected {expected}, got {got}")]
pub struct WatcherConfigError {
    /// The field.
    pub field: &'static str,
    /// What it may be.
    pub expected: String,
    /// What it is.
    pub got: u64,
}

impl WatcherConfig {
    /// For a local chain that never goes back of itself and has a block a second, or one a transaction.
    #[must_use]
    pub fn development() -> Self {
        let max_clock_ahead_s = MOST_AHEAD;
        Self { confirmations: 1, poll_ms: 1_000, max_clock_ahead_s, ..Self::default() }
    }

    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn check(&self) -> Result<(), WatcherConfigError> {
        let bounds = [
            ("confirmations", self.confirmations, 0, MOST_CONFIRMATIONS),
            ("poll_ms", self.poll_ms, 10, 60_000),
            ("max_range", self.max_range, 1, 1_000_000),
            ("max_clock_ahead_s", self.max_clock_ahead_s, 1_800, MOST_AHEAD),
        ];
        for (field, got, least, most) in bounds {
            if !(least..=most).contains(&got) {
                let expected = format!("{least} to {most}");
                return Err(WatcherConfigError { field, expected, got });
            }
        }
        Ok(())
    }

    pub(super) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    /// The last block that is not expected to be taken back, of a chain with this head.
    pub(super) fn settled(&self, head: u64, finalized: Option<u64>) -> Option<u64> {
        let deep = head.checked_sub(self.confirmations);
        if self.wait_for_finalized {
            deep.zip(finalized).map(|(deep, finalized)| deep.min(finalized))
        } else {
            deep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_is_deep_enough_and_final_where_that_is_asked() {
        let mut config = WatcherConfig { confirmations: 5, ..WatcherConfig::default() };
        assert_eq!(config.settled(4, None), None);
        assert_eq!(config.settled(5, None), Some(0));
        // What a node calls final is not enough.
        assert_eq!(config.settled(20, Some(17)), Some(15));
        config.wait_for_finalized = true;
        assert_eq!(config.settled(20, None), None);
        assert_eq!(config.settled(20, Some(7)), Some(7));
        assert_eq!(config.settled(20, Some(17)), Some(15));
    }

    #[test]
    fn a_bad_field_is_named() {
        assert_eq!(WatcherConfig::default().check(), Ok(()));
        assert_eq!(WatcherConfig::development().check(), Ok(()));
        let bad = WatcherConfig { poll_ms: 0, ..WatcherConfig::default() };
        let message = bad.check().unwrap_err().to_string();
        assert_eq!(message, "watcher.poll_ms: expected 10 to 60000, got 0");
    }
}
