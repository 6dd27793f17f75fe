//! What a shadow run has found.

use std::{collections::HashMap, fmt};

use cairn_prover::measure::StageTime;
use serde::Serialize;

use super::{
    cost::Cost,
    figures::{Accepted, Times},
    ledger::{Ledger, TokenIndex},
    openings::{Fees, Openings, Token},
    prove::ProofTime,
    refusal::ReasonCount,
};
use crate::console::line;

/// Tokens that the table names; JSON has all.
const SHOWN_TOKENS: usize = 20;

/// What came of a ledger.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Its file, or the contract's address.
    pub input: String,
    /// What it has.
    pub ledger: LedgerFigures,
    /// By token, those with the most transfers first.
    pub tokens: Vec<TokenFigures>,
    /// What transactions paid.
    pub fees: Fees,
    /// Whether the balances that accounts start with were given; else they are the least that makes the history
    /// possible.
    pub balances_are_given: bool,
    /// What became of the transfers.
    pub accepted: Accepted,
    /// How many are refused.
    pub refused: u64,
    /// Why.
    pub reasons: Vec<ReasonCount>,
    /// Accounts at the end: one for each owner and token.
    pub accounts: u64,
    /// State commitment at the end, in hex.
    pub state: String,
    /// How many batches there are.
    pub batches: u32,
    /// What the steps took.
    pub times: Times,
    /// Accepted transfers a second: signatures verified, executed, batches sealed and executed again.
    pub sequencer_transfers_per_s: f64,
    /// The proofs that were made.
    pub proofs: Vec<ProofTime>,
    /// Proven transfers a second, with these threads.
    pub proven_transfers_per_s: Option<f64>,
    /// Threads of the prover.
    pub prover_threads: Option<usize>,
    /// What the batches would cost.
    pub cost: Cost,
    /// Gas of the deposits that bring the first balances in, which no batch here has.
    pub move_in_gas: u64,
    /// Reading, playing, proving.
    pub stages: Vec<StageTime>,
    /// Of this process, MiB.
    pub peak_rss_mb: u64,
}

/// What the ledger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LedgerFigures {
    /// Transfers.
    pub transfers: u64,
    /// Names that pay or are paid.
    pub names: u64,
    /// When the first was, Unix seconds.
    pub first: u64,
    /// When the last was.
    pub last: u64,
    /// Transfers of its busiest minute.
    pub busiest_minute: u64,
}

/// What a token has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenFigures {
    /// Its name.
    pub name: String,
    /// A quantum is `10^exponent` base units.
    pub quantum_exponent: u8,
    /// Transfers.
    pub transfers: u64,
    /// How many of them are refused.
    pub refused: u64,
    /// Accounts that start with something.
    pub opening_accounts: u64,
    /// What they start with, quanta.
    pub opening_quanta: String,
}

impl LedgerFigures {
    /// Of a ledger.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        let mut minutes: HashMap<u64, u64> = HashMap::new();
        for row in &ledger.rows {
            *minutes.entry(row.timestamp / 60).or_default() += 1;
        }
        let times = || ledger.rows.iter().map(|row| row.timestamp);
        Self {
            transfers: ledger.rows.len() as u64,
            names: ledger.names.len() as u64,
            first: times().min().unwrap_or_default(),
            last: times().max().unwrap_or_default(),
            busiest_minute: minutes.into_values().max().unwrap_or_default(),
        }
    }
}

/// The figures of each token; `refused` are indices of rows.
#[must_use]
pub fn token_figures(
    ledger: &Ledger,
    tokens: &[Token],
    openings: &Openings,
    refused: impl Iterator<Item = usize>,
) -> Vec<TokenFigures> {
    let mut transfers = vec![0_u64; tokens.len()];
    let mut refusals = vec![0_u64; tokens.len()];
    let count = |counts: &mut Vec<u64>, token: TokenIndex| {
        if let Some(count) = counts.get_mut(token as usize) {
            *count += 1;
        }
    };
    ledger.rows.iter().for_each(|row| count(&mut transfers, row.token));
    for row in refused.filter_map(|row| ledger.rows.get(row)) {
        count(&mut refusals, row.token);
    }
    let counts = transfers.into_iter().zip(refusals);
    let figures =
        |((index, token), (transfers, refused)): ((TokenIndex, &Token), (u64, u64))| TokenFigures {
            name: ledger.token(index).to_owned(),
            quantum_exponent: token.exponent,
            transfers,
            refused,
            opening_accounts: openings.accounts(index),
            opening_quanta: openings.total(index).to_string(),
        };
    let mut all: Vec<_> = (0..).zip(tokens).zip(counts).map(figures).collect();
    all.sort_by_key(|token| std::cmp::Reverse(token.transfers));
    all
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LedgerFigures { transfers, names, first, last, busiest_minute } = self.ledger;
        writeln!(f, "ledger       {}", line(&self.input))?;
        writeln!(
            f,
            "             {transfers} transfers of {} tokens between {names} names, {} s from first to \
             last, {busiest_minute} in the busiest minute",
            self.tokens.len(),
            last.saturating_sub(first)
        )?;
        let accepted = self.accepted.total();
        let share = accepted as f64 * 100.0 / transfers.max(1) as f64;
        writeln!(f, "accepted     {accepted} ({share:.2} %)")?;
        let Accepted { transfers, new_accounts, deposits, withdrawals, to_self, of_nothing } =
            self.accepted;
        writeln!(
            f,
            "             {transfers} to an account, {new_accounts} that make one, {deposits} deposits, \
             {withdrawals} withdrawals; {to_self} to the payer itself, {of_nothing} of nothing"
        )?;
        writeln!(f, "refused      {}", self.refused)?;
        for ReasonCount { reason, meaning, transfers } in &self.reasons {
            writeln!(f, "{transfers:>12} {reason}: {meaning}")?;
        }
        self.fmt_tokens(f)?;
        let how = match self.balances_are_given {
            true => "as given",
            false => "the least that makes the history possible",
        };
        let Fees { transfer, new_account } = self.fees;
        writeln!(f, "\nbalances     at the start: {how}")?;
        writeln!(f, "fees         {transfer} quanta, {new_account} of what makes an account")?;
        writeln!(f, "accounts     {} at the end, state {}", self.accounts, self.state)?;
        writeln!(f, "batches      {}", self.batches)?;
        self.fmt_speed(f)?;
        self.fmt_cost(f)?;
        write!(f, "memory       {} MiB at the most", self.peak_rss_mb)
    }
}

impl Report {
    fn fmt_tokens(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<44} {:>7} {:>10} {:>9} {:>9}  start with, quanta",
            "token", "quantum", "transfers", "refused", "accounts"
        )?;
        for token in self.tokens.iter().take(SHOWN_TOKENS) {
            let TokenFigures { name, quantum_exponent, transfers, refused, .. } = token;
            let TokenFigures { opening_accounts, opening_quanta, .. } = token;
            let (name, quantum) = (line(name), format!("10^{quantum_exponent}"));
            writeln!(
                f,
                "{name:<44} {quantum:>7} {transfers:>10} {refused:>9} {opening_accounts:>9}  \
                 {opening_quanta}"
            )?;
        }
        match self.tokens.len().saturating_sub(SHOWN_TOKENS) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more: --json has all"),
        }
    }

    fn fmt_speed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Times { wallets, verify, execute, seal } = self.times;
        writeln!(
            f,
            "sequencer    {:.0} transfers a second: signatures {:.2} s, execution {:.2} s, sealing \
             {:.2} s (and {:.2} s for what the users do)",
            self.sequencer_transfers_per_s,
            verify.wall_s,
            execute.wall_s,
            seal.wall_s,
            wallets.wall_s
        )?;
        if let (Some(rate), Some(threads)) = (self.proven_transfers_per_s, self.prover_threads) {
            let seconds: f64 = self.proofs.iter().map(|proof| proof.wall_s).sum();
            let chunks: usize = self.proofs.iter().map(|proof| proof.chunks).sum();
            writeln!(
                f,
                "prover       {} batches ({chunks} chunks) in {seconds:.1} s with {threads} threads: \
                 {rate:.1} transfers a second; every proof verified",
                self.proofs.len()
            )?;
        }
        Ok(())
    }

    fn fmt_cost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { prices, data, gas, .. } = &self.cost;
        writeln!(
            f,
            "L1           data in {data}: {:.0} gas a batch, {:.1} gas and {:.1} blob gas a transfer \
             ({} commit, {} prove, {} blob gas in all)",
            self.cost.gas_per_batch,
            self.cost.gas_per_transfer,
            self.cost.blob_gas_per_transfer,
            gas.commit,
            gas.prove,
            gas.blob
        )?;
        writeln!(
            f,
            "             {:.6} ether at {} gwei a gas and {} gwei a blob gas",
            self.cost.ether, prices.gas_gwei, prices.blob_gas_gwei
        )?;
        writeln!(
            f,
            "             and once {} gas for the deposits that bring the first balances in",
            self.move_in_gas
        )?;
        if let Some(usd) = self.cost.l1_usd_per_transfer {
            writeln!(f, "             {usd:.8} USD a transfer on L1")?;
        }
        if let Some(usd) = self.cost.proving_usd_per_transfer {
            writeln!(f, "             {usd:.8} USD a transfer for proving")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shadow::ledger::tests::ledger;

    #[test]
    fn the_busiest_minute_is_found_in_any_order() {
        let mut ledger = ledger(&[("a", "b", 1), ("a", "b", 1), ("a", "c", 1)]);
        for (row, timestamp) in ledger.rows.iter_mut().zip([121, 59, 179]) {
            row.timestamp = timestamp;
        }
        let expected =
            LedgerFigures { transfers: 3, names: 3, first: 59, last: 179, busiest_minute: 2 };
        assert_eq!(LedgerFigures::of(&ledger), expected);
    }
}
