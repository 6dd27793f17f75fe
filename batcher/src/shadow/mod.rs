//! An existing ledger, run through sequencer and prover without L1: what a team looks at before it moves.
//!
//! ```text
//! CSV | events -> ledger -> openings -> play (wallets, state, batches) -> cost, prove -> report, list of refusals
//! ```
//!
//! Execution is the operator's: the reference transition function, the rules of when a batch is full, the second
//! execution of every batch, the local engine. Its store, its intake and L1 are not there, so the figures are of those
//! parts alone. Memory is bounded by the rows that are read, a million, and by one batch.

pub mod cost;
pub mod error;
mod event;
pub mod events;
pub mod figures;
pub mod ledger;
pub mod openings;
pub mod play;
pub mod prove;
pub mod refusal;
pub mod report;
mod wallets;

use std::path::PathBuf;

use cairn_prover::{
    cores, default_cache_folder,
    measure::{Stopwatch, peak_rss_mb},
};
use cairn_types::DataMode;

use self::{
    cost::{CostLedger, Prices},
    error::ShadowError,
    ledger::Ledger,
    openings::{Fees, Openings, Token},
    play::{Player, Sealed, Setting},
    prove::{Prove, Proving},
    refusal::Refused,
    report::{LedgerFigures, Report},
};
use crate::{
    clock,
    progress::Bars,
    proving::price::Words,
    sequencer::{SequencerConfig, fill::Limits},
};

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the ledger is from, for the report.
    pub input: String,
    /// A file with the balances that accounts start with; computed where absent.
    pub balances: Option<PathBuf>,
    /// Quanta of tokens, by name; chosen where absent.
    pub quanta: Vec<(String, u8)>,
    /// What transactions pay.
    pub fees: Fees,
    /// Where the data would go.
    pub data: DataMode,
    /// Which batches are proven; none where absent.
    pub prove: Option<Prove>,
    /// Where circuits and keys are kept.
    pub cache: Option<PathBuf>,
    /// Threads of the prover; all cores where absent.
    pub threads: Option<usize>,
    /// Prices.
    pub prices: Prices,
}

/// What a run comes to.
#[derive(Debug)]
pub struct Run {
    /// The ledger.
    pub ledger: Ledger,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// What accounts started with.
    pub openings: Openings,
    /// What is refused, in order.
    pub refused: Vec<Refused>,
    /// The figures.
    pub report: Report,
}

/// Runs a ledger; takes cores for as long as it takes.
///
/// # Errors
/// Options that do not fit the ledger, a cache that cannot be used, or a fault of Cairn itself.
pub fn run(ledger: Ledger, options: &Options, bars: &Bars) -> Result<Run, ShadowError> {
    let mut stages = Vec::new();
    let tokens = openings::tokens(&ledger, &options.quanta)?;
    let openings = match &options.balances {
        Some(path) => Openings::read(path, &ledger, &tokens)?,
        None => Openings::least(&ledger, &tokens, options.fees)?,
    };
    let watch = Stopwatch::start();
    let mut proving = options.prove.map(|which| proving(which, options, bars)).transpose()?;
    stages.push(watch.stop("circuits and keys"));
    let seconds = u32::try_from(clock::now_ms() / 1_000).unwrap_or(u32::MAX);
    let setting = Setting::new(seconds, limits(options.data), options.fees);

    let watch = Stopwatch::start();
    let mut player = Player::new(&ledger, &tokens, &openings, setting)?;
    let mut cost = CostLedger::new(options.prices, options.data);
    let bar = bars.bar("transfers", ledger.rows.len());
    let seal = |sealed: Sealed| {
        cost.add(Words::of(&sealed.witness), sealed.transfers);
        match &mut proving {
            Some(proving) => proving.prove(sealed, bars),
            None => Ok(()),
        }
    };
    player.play(&bar, seal)?;
    bars.finish(&bar);
    stages.push(watch.stop("play and prove"));

    let (accepted, times, accounts) = (player.accepted, player.times, player.accounts());
    let state = format!("0x{}", hex::encode(player.state().to_bytes()));
    let refused = player.refused;
    let proofs = proving.as_ref().map(|proving| proving.proofs.clone()).unwrap_or_default();
    let proven: u64 = proofs.iter().map(|proof| u64::from(proof.transfers)).sum();
    let proving_s: f64 = proofs.iter().map(|proof| proof.wall_s).sum();
    let sequencer_s = times.sequencer_s();
    let report = Report {
        input: options.input.clone(),
        ledger: LedgerFigures::of(&ledger),
        tokens: report::token_figures(
            &ledger,
            &tokens,
            &openings,
            refused.iter().map(|refused| refused.row),
        ),
        fees: options.fees,
        balances_are_given: openings.are_given,
        accepted,
        refused: refused.len() as u64,
        reasons: refusal::count(&refused),
        accounts,
        state,
        batches: cost.batches(),
        times,
        sequencer_transfers_per_s: if sequencer_s > 0.0 {
            accepted.total() as f64 / sequencer_s
        } else {
            0.0
        },
        proven_transfers_per_s: (proving_s > 0.0).then(|| proven as f64 / proving_s),
        prover_threads: proving.as_ref().map(Proving::threads),
        cost: cost.finish(&proofs),
        move_in_gas: cost::move_in_gas(openings.balances.len() as u64),
        proofs,
        stages,
        peak_rss_mb: peak_rss_mb(),
    };
    Ok(Run { ledger, tokens, openings, refused, report })
}

fn proving(which: Prove, options: &Options, bars: &Bars) -> Result<Proving, ShadowError> {
    let cache = options.cache.clone().map_or_else(default_cache_folder, Ok)?;
    let threads = options.threads.unwrap_or_else(cores);
    Proving::load(which, options.data, &cache, threads, bars)
}

/// What a batch may hold with its data there: the operator's defaults, and what L1 takes.
fn limits(data: DataMode) -> Limits {
    let limits = SequencerConfig::default().limits();
    let Limits { data_words, priority_words, withdrawals, .. } = limits;
    let beside =
        Words { data: 0, priority: priority_words as usize, withdrawals: withdrawals as usize };
    let data_words = match data {
        DataMode::Calldata => data_words.min(beside.data_beside() as u32), // below 2^12
        DataMode::Blobs | DataMode::Committee => data_words,
    };
    Limits { data_words, ..limits }
}

#[cfg(test)]
mod tests;
