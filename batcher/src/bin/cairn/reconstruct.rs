//! `cairn reconstruct`.

use std::{fmt, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use alloy::primitives::{Address, B256};
use cairn_batcher::{
    console,
    l1::{data_modes::DataModes, error::L1Error},
    parse,
    reconstruct::{ReconstructError, Reconstruction, Rollup},
    snapshot::Snapshot,
    tell,
};
use cairn_prover::files::{Output, print_beside};
use eyre::Result;
use serde::Serialize;

use crate::{
    bars::{Keeping, RebuildBars},
    checkpoint::Checkpoint,
    sources::DataArguments,
};

/// How often a command starts again because L1 was reorganized under it.
const ATTEMPTS: usize = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) l1: L1,
    /// The last batch to execute [default: the last committed one].
    #[arg(long, value_name = "BATCH", value_parser = parse::decimal::<u32>)]
    pub(crate) to: Option<u32>,
    /// Starts from a file of `cairn snapshot` instead of genesis.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_snapshot: Option<PathBuf>,
    /// Writes the state to a file, or to standard output for -; an interrupted run goes on from FILE.part.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the rollup is, and its data.
#[derive(Debug, clap::Args)]
pub(crate) struct L1 {
    /// A node of L1.
    #[arg(long = "l1", value_name = "URL", env = "CAIRN_L1", hide_env_values = true)]
    pub(crate) url: String,
    /// The rollup's contract.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    pub(crate) rollup: Address,
    /// Refuses a node of another chain.
    #[arg(long, value_name = "ID", value_parser = parse::decimal::<u64>)]
    pub(crate) chain_id: Option<u64>,
    /// The block of the deployment, or one before it: nothing earlier is read.
    #[arg(long, value_name = "BLOCK", default_value_t = 0, value_parser = parse::decimal::<u64>)]
    pub(crate) first_block: u64,
    /// The ledger that the rollup was published with, if it does not start from nothing: a snapshot of batch 0.
    #[arg(long, value_name = "FILE")]
    pub(crate) genesis: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArguments,
}

/// What is printed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    chain_id: u64,
    rollup: Address,
    l1_block: u64,
    l1_block_hash: B256,
    l1_block_finalized: bool,
    batch: u32,
    finality: String,
    state: B256,
    users: u64,
    tokens: u32,
    committed_batches: u32,
    proven_batches: u32,
    frozen: bool,
    data_modes: DataModes,
    /// Whether batches may have their data off L1.
    validium: bool,
    batches_with_committee: usize,
    priority_operations: u64,
    priority_operations_waiting: u64,
    replayed_batches: u32,
    replay_seconds: f64,
}

/// Which batch is meant where none is named.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Last {
    Committed,
    Proven,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    rebuild(&arguments, Last::Committed).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn print(report: &(impl Serialize + fmt::Display), json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{}", console::lines(&report.to_string()));
    }
    Ok(())
}

/// Rebuilds, again if L1 was reorganized meanwhile, writes the state if an output is named, and prints the report.
pub(crate) async fn rebuild(arguments: &Arguments, last: Last) -> Result<()> {
    let [out] = Output::create_all([("--out", arguments.out.as_deref())])?;
    if let Some(out) = &out {
        out.refuse_inputs([
            ("--from-snapshot", arguments.from_snapshot.as_deref()),
            ("--genesis", arguments.l1.genesis.as_deref()),
        ])?;
    }
    let is_file = out.as_ref().is_some_and(Output::is_file);
    let checkpoint = arguments.out.as_deref().filter(|_| is_file);
    let checkpoint = checkpoint.map(|out| Arc::new(Checkpoint::beside(out)));
    let mut attempt = 1;
    let (report, mut snapshot) = loop {
        match rebuild_once(arguments, checkpoint.as_ref(), last).await {
            Err(error) if attempt < ATTEMPTS && is_reorganization(&error) => {
                tell!("cairn: {error:#}; trying again");
                attempt += 1;
            }
            result => break result?,
        }
    };
    let text =
        if arguments.json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
    let is_taken = out.as_ref().is_some_and(Output::is_standard_output);
    if let Some(out) = out {
        out.write(|file| snapshot.encode(file))?;
    }
    if let Some(checkpoint) = checkpoint {
        checkpoint.remove();
    }
    print_beside(format_args!("{text}\n"), is_taken);
    Ok(())
}

fn is_reorganization(error: &eyre::Report) -> bool {
    matches!(error.downcast_ref(), Some(ReconstructError::L1(L1Error::Reorganized { .. })))
}

async fn rebuild_once(
    arguments: &Arguments,
    checkpoint: Option<&Arc<Checkpoint>>,
    last: Last,
) -> Result<(Report, Snapshot)> {
    let l1 = &arguments.l1;
    // A URL that is none is said before L1 is read.
    let data = l1.data.places()?;
    let mut bars = RebuildBars::blocks();
    let ledger = l1.genesis.as_deref().map(Snapshot::read).transpose()?;
    let rollup = Rollup::read(&l1.url, l1.rollup, l1.first_block, ledger, &bars).await?;
    let reader = rollup.reader();
    if let Some(expected) = l1.chain_id {
        reader.expect_chain(expected).map_err(ReconstructError::from)?;
    }
    let to = arguments.to.unwrap_or(match last {
        Last::Committed => rollup.history().committed(),
        Last::Proven => rollup.history().proven(),
    });
    let from = start(arguments, &rollup, checkpoint, to)?;
    let keeping = checkpoint.map(|checkpoint| Keeping {
        checkpoint: Arc::clone(checkpoint),
        chain_id: reader.chain_id(),
        rollup: reader.address(),
    });
    bars.batches(from.as_ref().map_or(0, |snapshot| snapshot.batch), to, keeping);

    let started = Instant::now();
    let sources = Arc::new(data.sources(reader.provider()));
    let rebuilt = rollup.reconstruct(to, from, &sources, &bars).await?;
    let replay_seconds = started.elapsed().as_secs_f64();
    bars.finish();

    let report = report(&rollup, &rebuilt, replay_seconds);
    let snapshot = Snapshot {
        chain_id: reader.chain_id(),
        rollup: reader.address(),
        batch: to,
        state: rebuilt.state,
    };
    Ok((report, snapshot))
}

/// The snapshot to start from: the one named or what an interrupted run has left, whichever is later.
fn start(
    arguments: &Arguments,
    rollup: &Rollup,
    checkpoint: Option<&Arc<Checkpoint>>,
    to: u32,
) -> Result<Option<Snapshot>> {
    let named = arguments.from_snapshot.as_deref().map(Snapshot::read).transpose()?;
    let Some(checkpoint) = checkpoint else { return Ok(named) };
    let earliest = named.as_ref().map_or(0, |named| named.batch);
    match checkpoint.find(rollup, to).filter(|found| found.batch > earliest) {
        Some(found) => {
            let path = checkpoint.path().display();
            tell!("cairn: going on after batch {} of {path}", found.batch);
            Ok(Some(found))
        }
        None => Ok(named),
    }
}

fn report(rollup: &Rollup, rebuilt: &Reconstruction, replay_seconds: f64) -> Report {
    let (head, history) = (rollup.head(), rollup.history());
    let queued = rollup.queue().len() as u64;
    Report {
        chain_id: rollup.reader().chain_id(),
        rollup: rollup.reader().address(),
        l1_block: head.number,
        l1_block_hash: head.hash,
        l1_block_finalized: head.finalized,
        batch: rebuilt.record.number,
        finality: rebuilt.finality.to_string(),
        state: rebuilt.record.state,
        users: rebuilt.state.next_id().saturating_sub(cairn_types::FIRST_USER_ID),
        tokens: rebuilt.state.next_token(),
        committed_batches: history.committed(),
        proven_batches: history.proven(),
        frozen: history.frozen(),
        data_modes: rollup.data_modes(),
        validium: rollup.data_modes().is_validium(),
        batches_with_committee: history.with_committee(),
        priority_operations: queued,
        priority_operations_waiting: queued.saturating_sub(rebuilt.record.priorityEnd),
        replayed_batches: rebuilt.replayed,
        replay_seconds,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finalized = if self.l1_block_finalized { "finalized" } else { "not finalized yet" };
        let frozen = if self.frozen { ", frozen" } else { "" };
        writeln!(f, "rollup      {} on chain {}{frozen}", self.rollup, self.chain_id)?;
        writeln!(f, "L1 block    {} ({finalized}) {}", self.l1_block, self.l1_block_hash)?;
        writeln!(f, "batch       {} ({})", self.batch, self.finality)?;
        writeln!(f, "state       {}", self.state)?;
        writeln!(f, "leaves      {} users, {} tokens", self.users, self.tokens)?;
        writeln!(
            f,
            "L1 has      {} batches committed, {} proven",
            self.committed_batches, self.proven_batches
        )?;
        writeln!(f, "data        {}", self.data_modes)?;
        if self.validium {
            writeln!(f, "            {} batches with the committee", self.batches_with_committee)?;
        }
        writeln!(
            f,
            "queue       {} priority operations, {} after this batch",
            self.priority_operations, self.priority_operations_waiting
        )?;
        write!(f, "replayed    {} batches in {:.1} s", self.replayed_batches, self.replay_seconds)
    }
}
