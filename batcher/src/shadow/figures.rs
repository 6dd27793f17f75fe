//! What a run counts and measures.

use cairn_prover::measure::Stopwatch;
use serde::Serialize;

use super::ledger::Row;

/// What became of the transfers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// To an account that was there.
    pub transfers: u64,
    /// To one that it made.
    pub new_accounts: u64,
    /// From outside.
    pub deposits: u64,
    /// To outside.
    pub withdrawals: u64,
    /// Of these, such to the payer itself.
    pub to_self: u64,
    /// Of these, such of nothing.
    pub of_nothing: u64,
}

impl Accepted {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.transfers + self.new_accounts + self.deposits + self.withdrawals
    }

    pub(super) fn count(&mut self, row: &Row, makes_account: bool) {
        match (row.from, row.to) {
            (None, _) => self.deposits += 1,
            (_, None) => self.withdrawals += 1,
            _ if makes_account => self.new_accounts += 1,
            _ => self.transfers += 1,
        }
        self.to_self += u64::from(row.from == row.to);
        self.of_nothing += u64::from(row.amount == 0);
    }
}

/// What a step of the sequencer took, in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Taken {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds of all threads.
    pub cpu_s: f64,
}

impl Taken {
    pub(super) fn add(&mut self, watch: &Stopwatch) {
        let time = watch.stop("");
        self.wall_s += time.wall_s;
        self.cpu_s += time.cpu_s;
    }

    /// Takes away what something else took between two moments. The kernel counts CPU time in ticks.
    pub(super) fn subtract(&mut self, before: Self, after: Self) {
        self.wall_s = (self.wall_s - (after.wall_s - before.wall_s)).max(0.0);
        self.cpu_s = (self.cpu_s - (after.cpu_s - before.cpu_s)).max(0.0);
    }
}

/// What the steps took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Times {
    /// The users: keys, plans and signatures. Not the operator's work.
    pub wallets: Taken,
    /// Verification of signatures.
    pub verify: Taken,
    /// Execution.
    pub execute: Taken,
    /// Witnesses, and the second execution.
    pub seal: Taken,
}

impl Times {
    /// Wall seconds of the operator's steps.
    #[must_use]
    pub fn sequencer_s(&self) -> f64 {
        self.verify.wall_s + self.execute.wall_s + self.seal.wall_s
    }
}
