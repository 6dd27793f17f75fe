//! A node that does not answer well: how long to wait, and when to say so.

use std::time::Duration;

use metrics::{counter, gauge};

use super::error::WatcherError;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What must come up this often in a row before it is believed, or an alarm: one bad answer may be one bad node of many.
const BELIEVED_AFTER: u32 = 3;

/// What has been wrong lately.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    kind: Option<&'static str>,
    in_a_row: u32,
}

impl Trouble {
    /// Notes a failure; gives how long to wait. One line per kind of failure.
    pub(super) fn failed(&mut self, error: &WatcherError, poll: Duration) -> Duration {
        counter!("cairn_watcher_rpc_error_count").increment(1);
        let kind = error.kind();
        self.in_a_row = if self.kind == Some(kind) { self.in_a_row.saturating_add(1) } else { 1 };
        self.kind = Some(kind);
        let doubt =
            matches!(error, WatcherError::Unreliable { .. } | WatcherError::NoGenesis { .. });
        // Logs that do not add up are read once more before anyone is bothered.
        let says = if doubt { 2 } else { 1 };
        if doubt && self.in_a_row == says {
            gauge!("cairn_watcher_unreliable_node").set(1);
        }
        if self.in_a_row == says {
            tracing::warn!("{error}; trying again");
        }
        let doublings = self.in_a_row.saturating_sub(1).min(16);
        poll.saturating_mul(1 << doublings).min(LONGEST_WAIT.max(poll))
    }

    /// Whether the same failure has come up often enough to be believed.
    pub(super) fn is_believed(&self) -> bool {
        self.in_a_row >= BELIEVED_AFTER
    }

    /// Notes that all is well.
    pub(super) fn over(&mut self) {
        if self.kind.take().is_some() {
            gauge!("cairn_watcher_unreliable_node").set(0);
            if self.in_a_row > 1 {
                tracing::info!("L1 is read again");
            }
        }
        self.in_a_row = 0;
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
}
