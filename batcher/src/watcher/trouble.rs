//! A node that does not answer well: how long to wait, and when to say so.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, gauge};

use super::error::WatcherError;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What must come up this often, with no success between, before it is believed, or an alarm: one bad answer may be one bad node of many.
const BELIEVED_AFTER: u32 = 3;

/// What has been wrong since all was well.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// How often, by kind.
    times: BTreeMap<&'static str, u32>,
    /// How often the last kind has come up.
    last: u32,
}

impl Trouble {
    /// Notes a failure; gives how long to wait. One line per kind of failure.
    pub(super) fn failed(&mut self, error: &WatcherError, poll: Duration) -> Duration {
        counter!("cairn_watcher_rpc_error_count").increment(1);
        let times = self.times.entry(error.kind()).or_default();
        *times = times.saturating_add(1);
        self.last = *times;
        let doubt =
            matches!(error, WatcherError::Unreliable { .. } | WatcherError::NoGenesis { .. });
        // Logs that do not add up are read once more before anyone is bothered.
        let says = if doubt { 2 } else { 1 };
        if doubt && self.last >= says {
            gauge!("cairn_watcher_unreliable_node").set(1);
        }
        if self.last == says {
            tracing::warn!("{error}; trying again");
        }
        let doublings = self.last.saturating_sub(1).min(16);
        poll.saturating_mul(1 << doublings).min(LONGEST_WAIT.max(poll))
    }

    /// Whether the last failure has come up often enough to be believed.
    pub(super) fn is_believed(&self) -> bool {
        self.last >= BELIEVED_AFTER
    }

    /// Notes that all is well.
    pub(super) fn over(&mut self) {
        if !self.times.is_empty() {
            gauge!("cairn_watcher_unreliable_node").set(0);
            if self.times.values().any(|&times| times > 1) {
                tracing::info!("L1 is read again");
            }
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_start_over() {
        let error = WatcherError::MissingBlock { block: 1 };
        let other = WatcherError::NoState { block: 1 };
        let (mut trouble, poll) = (Trouble::default(), Duration::from_secs(2));
        let waits: Vec<_> = (0..6).map(|_| trouble.failed(&error, poll).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 30, 30]);
        assert!(trouble.is_believed());
        assert_eq!(trouble.failed(&other, poll).as_secs(), 2);
        assert!(!trouble.is_believed());
        trouble.over();
        assert_eq!(trouble.failed(&other, poll).as_secs(), 2);
    }

    #[test]
    fn failures_that_take_turns_are_believed_too() {
        let kinds = [WatcherError::MissingBlock { block: 1 }, WatcherError::NoState { block: 1 }];
        let mut trouble = Trouble::default();
        let believed = [0, 1, 0, 1, 0].map(|kind| {
            trouble.failed(&kinds[kind], Duration::ZERO);
            trouble.is_believed()
        });
        assert_eq!(believed, [false, false, false, false, true]);
    }
}
