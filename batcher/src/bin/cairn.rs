//! The command line of the batcher.

use std::{path::PathBuf, process::ExitCode};

use cairn_batcher::{
    demo::{self, Options},
    exit::command::{self as exit, ExitCommand},
};
use clap::{Parser, Subcommand};
use eyre::{Result, ensure};

/// A ZK-rollup: batches of signed transfers, proven and settled on Ethereum.
#[derive(Debug, Parser)]
#[command(name = "cairn", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the whole rollup on a local L1 with real proofs and prints a report.
    Demo(DemoArguments),
    /// Leaves a frozen rollup, or lets others leave.
    #[command(subcommand)]
    Exit(ExitCommand),
}

#[derive(Debug, clap::Args)]
struct DemoArguments {
    /// Random transfers to make (besides two to new keys).
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2_000), conflicts_with = "input")]
    transfers: u32,
    /// Real transfers: a CSV file with the columns timestamp,token,from,to,amount.
    #[arg(long, value_name = "FILE.csv")]
    input: Option<PathBuf>,
    /// Accounts, keys and random transfers follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of the prover [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
    /// Writes the whole report to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leaves the local L1 running.
    #[arg(long)]
    keep: bool,
    /// Port of the local L1 [default: a free one].
    #[arg(long)]
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
    /// At the end, freezes the rollup in a stranger's name and lets every account leave.
    #[arg(long)]
    exit: bool,
}

impl From<DemoArguments> for Options {
    fn from(arguments: DemoArguments) -> Self {
        Self {
            transfers: arguments.transfers as usize,
            input: arguments.input,
            seed: arguments.seed,
            threads: arguments.threads.map(usize::from),
            json: arguments.json,
            keep: arguments.keep,
            port: arguments.port,
            cache: arguments.cache,
            contracts: arguments.contracts,
            write_fixtures: arguments.write_fixtures,
            exit: arguments.exit,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    tokio::select! {
        result = run(command) => match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // One line: the chain of causes.
                eprintln!("cairn: {error:#}");
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => {
            // Dropping the demo has ended the local L1; the prover's threads end with the process.
            eprintln!("cairn: interrupted");
            std::process::exit(130);
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo(arguments) => {
            let report = demo::run(arguments.into()).await?;
            ensure!(report.succeeded(), "L1 did not accept the batch, or its state differs");
            Ok(())
        }
        Command::Exit(command) => exit::run(command).await,
    }
}
