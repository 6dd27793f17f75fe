//! The command line of the batcher.

mod admin;
mod bars;
mod checkpoint;
mod committee;
mod config;
mod db;
mod demo;
mod deploy;
mod fleet;
mod follow;
mod keys;
mod load;
mod reconstruct;
mod run;
mod service;
mod shadow;
mod snapshot;
mod sources;
mod status;
mod top;
mod verify_deployment;
mod wallet;

use std::process::ExitCode;

use cairn_batcher::{
    console::{self, ShellCommand},
    exit::command::{self as exit, ExitCommand},
    node::stop::unless_stopped,
    tell,
};
use cairn_prover::allocator::{Allocator, keep_pages};
use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::Runtime;

/// A ZK-rollup: batches of signed transfers, proven and settled on Ethereum.
#[derive(Debug, Parser)]
#[command(name = "cairn", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the operator: takes transactions, makes blocks and batches, has them proven, settles them on L1.
    Run(run::Arguments),
    #[command(flatten)]
    Other(Other),
}

// What a signal ends at once.
#[derive(Debug, Subcommand)]
enum Other {
    /// Runs the whole rollup on a local L1 with real proofs and prints a report.
    Demo(demo::Arguments),
    /// Runs an existing token's transfers through sequencer and prover without L1: what Cairn would refuse, and cost.
    Shadow(shadow::Arguments),
    /// Shows how far a running operator is, and what waits for what.
    Status(status::Arguments),
    /// Shows a running operator in the terminal, again every second.
    Top(top::Arguments),
    /// Tells a running operator what to do.
    Admin(admin::Arguments),
    /// Checks a configuration of `cairn run`, or prints one with all that can be set.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Makes and reads the keystore files of `cairn run`.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Looks after an operator's store: checks, compacts, copies and restores it.
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Rebuilds the state from L1 without end, serves it to readers, and says what contradicts it.
    Follow(follow::Arguments),
    /// Rebuilds the state from L1 alone, with no operator alive.
    Reconstruct(reconstruct::Arguments),
    /// Writes the state after a proven batch to a file, or checks such a file.
    Snapshot(snapshot::Arguments),
    /// Signs for data that is kept off L1, and puts signatures together: a validium.
    #[command(subcommand)]
    Committee(committee::CommitteeCommand),
    /// Holds a key of the rollup: deposits, pays, withdraws, and says how far everything is.
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// Leaves a frozen rollup, or lets others leave.
    #[command(subcommand)]
    Exit(ExitCommand),
    /// Deploys the contracts and writes a manifest of what was deployed.
    Deploy(deploy::Arguments),
    /// Shows and steers the workers that prove for a running operator.
    #[command(subcommand)]
    Fleet(fleet::FleetCommand),
    /// Offers a running service transfers between development accounts, and reports how it did.
    Load(load::Arguments),
    /// Rebuilds the contracts from source and compares them with the chain, byte for byte.
    VerifyDeployment(verify_deployment::Arguments),
    #[command(flatten)]
    Shell(ShellCommand),
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    keep_pages();
    console::run("cairn", || match Arguments::try_parse() {
        Ok(arguments) => run_to_end(arguments.command),
        Err(error) => console::answer_usage("cairn", &error),
    })
}

fn run_to_end(command: Command) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell!("cairn: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(carry_out(command));
    // Threads that prove would be waited for otherwise.
    runtime.shutdown_background();
    code
}

async fn carry_out(command: Command) -> ExitCode {
    let command = match command {
        // Stops in its own way.
        Command::Run(arguments) => return run::run(arguments).await,
        Command::Other(command) => command,
    };
    match unless_stopped(other(command)).await.map_err(eyre::Report::from) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(error))) | Err(error) => {
            if !console::has_lost_output() {
                tell!("cairn: {}", line(&error));
            }
            ExitCode::FAILURE
        }
        Ok(Err(request)) => {
            // Dropping the command has ended the local L1; other threads end with the process.
            tell!("cairn: interrupted");
            std::process::exit(request.exit_code().into())
        }
    }
}

async fn other(command: Other) -> eyre::Result<ExitCode> {
    match command {
        Other::Demo(arguments) => demo::run(arguments).await,
        Other::Shadow(arguments) => shadow::run(arguments).await,
        Other::Status(arguments) => status::run(arguments).await,
        Other::Top(arguments) => top::run(arguments).await,
        Other::Admin(arguments) => admin::run(arguments).await,
        Other::Config(command) => config::run(command),
        Other::Keys(command) => keys::run(command),
        Other::Db(command) => db::run(command).await,
        Other::Follow(arguments) => follow::run(arguments).await,
        Other::Reconstruct(arguments) => reconstruct::run(arguments).await,
        Other::Snapshot(arguments) => snapshot::run(arguments).await,
        Other::Committee(command) => committee::run(command).await,
        Other::Wallet(command) => wallet::run(command).await,
        Other::Exit(command) => exit::run(command).await.map(|()| ExitCode::SUCCESS),
        Other::Deploy(arguments) => deploy::run(arguments).await,
        Other::Fleet(command) => fleet::run(command).await,
        Other::Load(arguments) => load::run(arguments).await,
        Other::VerifyDeployment(arguments) => verify_deployment::run(arguments).await,
        Other::Shell(command) => {
            command.run(Arguments::command())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// One line: the chain of causes. Errors that have their cause in their own text do not say it twice.
pub(crate) fn line(error: &eyre::Report) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}
