//! `cairn demo`.

use std::{path::PathBuf, process::ExitCode};

use cairn_batcher::{
    demo::{self, Options},
    parse, tell,
};
use cairn_types::DataMode;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use eyre::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Random transfers to make (besides two to new keys).
    #[arg(
        long,
        default_value_t = 64,
        conflicts_with = "input",
        value_parser = parse::within(1..=2_000_u32)
    )]
    transfers: u32,
    /// Real transfers: a CSV file with the columns timestamp,token,from,to,amount.
    #[arg(long, value_name = "FILE.csv")]
    input: Option<PathBuf>,
    /// Where the batch's data goes: blobs are what a rollup on Ethereum pays least for; with a data committee it goes off L1, a
    /// validium, whose escape hatch is unavailable if the members withhold data.
    #[arg(long, value_parser = data_mode(), default_value_t)]
    data: DataMode,
    /// Accounts, keys and random transfers follow from it.
    #[arg(long, default_value_t = 1, value_parser = parse::decimal::<u64>)]
    seed: u64,
    /// Threads of the prover [default: all cores].
    #[arg(long, value_parser = parse::within(1..=1_024_u16))]
    threads: Option<u16>,
    /// Proves on so many workers in processes of their own, over a local NATS server [default: in this process].
    #[arg(long, value_name = "N", conflicts_with = "upgrade", value_parser = parse::within(1..=64_u16))]
    workers: Option<u16>,
    /// Writes the whole report to a file, or to standard output for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leaves the local L1 running.
    #[arg(long)]
    keep: bool,
    /// Port of the local L1 [default: a free one].
    #[arg(long, value_parser = parse::decimal::<u16>)]
    port: Option<u16>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Foundry project with its tools installed.
    #[arg(long, value_name = "DIR", env = "CAIRN_CONTRACTS", default_value = "verifier-contracts")]
    contracts: PathBuf,
    /// Writes the batch and its proof as golden files for the contracts' tests.
    #[arg(long, value_name = "DIR")]
    write_fixtures: Option<PathBuf>,
    /// Writes the manifest of the deployment, which `cairn verify-deployment` takes, to a file, or to standard output
    /// for -.
    #[arg(long, value_name = "FILE.json")]
    manifest: Option<PathBuf>,
    /// Registers a new key while two batches wait for their proofs, and settles the second with it.
    #[arg(long)]
    upgrade: bool,
    /// At the end, freezes the rollup in a stranger's name and lets every account leave.
    #[arg(long, conflicts_with = "upgrade")]
    exit: bool,
}

pub(crate) fn data_mode() -> impl TypedValueParser<Value = DataMode> {
    let named = |name: String| DataMode::ALL.into_iter().find(|mode| mode.name() == name);
    // The parser lets no other names through.
    PossibleValuesParser::new(DataMode::ALL.map(DataMode::name))
        .map(move |name| named(name).unwrap_or_default())
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let options = Options {
        transfers: arguments.transfers as usize,
        input: arguments.input,
        data: arguments.data,
        seed: arguments.seed,
        threads: arguments.threads.map(usize::from),
        workers: arguments.workers,
        json: arguments.json,
        keep: arguments.keep,
        port: arguments.port,
        cache: arguments.cache,
        contracts: arguments.contracts,
        write_fixtures: arguments.write_fixtures,
        manifest: arguments.manifest,
        upgrade: arguments.upgrade,
        exit: arguments.exit,
    };
    if demo::run(options).await?.succeeded() {
        return Ok(ExitCode::SUCCESS);
    }
    tell!("cairn: L1 did not accept the batch, or its state differs");
    Ok(ExitCode::FAILURE)
}
