//! The command line of the batcher.

mod admin;
mod bars;
mod committee;
mod config;
mod db;
mod demo;
mod deploy;
mod keys;
mod load;
mod reconstruct;
mod run;
mod snapshot;
mod status;
mod verify_deployment;

use std::{
    any::Any,
    panic::{catch_unwind, resume_unwind, set_hook, take_hook},
    process::ExitCode,
};

use cairn_batcher::exit::command::{self as exit, ExitCommand};
use cairn_prover::allocator::{Allocator, keep_pages};
use clap::{Parser, Subcommand};

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

// What Ctrl-C ends at once.
#[derive(Debug, Subcommand)]
enum Other {
    /// Runs the whole rollup on a local L1 with real proofs and prints a report.
    Demo(demo::Arguments),
    /// Shows how far a running operator is, and what waits for what.
    Status(status::Arguments),
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
    /// Rebuilds the state from L1 alone, with no operator alive.
    Reconstruct(reconstruct::Arguments),
    /// Writes the state after a proven batch to a file, or checks such a file.
    Snapshot(snapshot::Arguments),
    /// Signs for data that is kept off L1, and puts signatures together: a validium.
    #[command(subcommand)]
    Committee(committee::CommitteeCommand),
    /// Leaves a frozen rollup, or lets others leave.
    #[command(subcommand)]
    Exit(ExitCommand),
    /// Deploys the contracts and writes a manifest of what was deployed.
    Deploy(deploy::Arguments),
    /// Offers a running service transfers between development accounts, and reports how it did.
    Load(load::Arguments),
    /// Rebuilds the contracts from source and compares them with the chain, byte for byte.
    VerifyDeployment(verify_deployment::Arguments),
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// 128 and the number of SIGPIPE, as a shell has it.
const CLOSED_PIPE: u8 = 141;

fn main() -> ExitCode {
    keep_pages();
    let arguments = Arguments::parse();
    tell_panics_but_closed_pipes();
    // Unwinding has ended what was begun, as the local L1.
    catch_unwind(|| run_to_end(arguments.command)).unwrap_or_else(|panic| {
        if is_closed_pipe(&*panic) { ExitCode::from(CLOSED_PIPE) } else { resume_unwind(panic) }
    })
}

/// Printing panics where the reader has gone, as in `cairn status | head`: that is no fault of ours, and the end of the
/// command.
fn is_closed_pipe(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map_or("", String::as_str);
    text.starts_with("failed printing to std") && text.contains("Broken pipe")
}

fn tell_panics_but_closed_pipes() {
    let tell = take_hook();
    set_hook(Box::new(move |panic| {
        if !is_closed_pipe(panic.payload()) {
            tell(panic);
        }
    }));
}

#[tokio::main]
async fn run_to_end(command: Command) -> ExitCode {
    let command = match command {
        // Stops in its own way.
        Command::Run(arguments) => return run::run(arguments).await,
        Command::Other(command) => command,
    };
    tokio::select! {
        result = other(command) => result.unwrap_or_else(|error| {
            eprintln!("cairn: {}", line(&error));
            ExitCode::FAILURE
        }),
        _ = tokio::signal::ctrl_c() => {
            // Dropping the command has ended the local L1; other threads end with the process.
            eprintln!("cairn: interrupted");
            std::process::exit(130);
        }
    }
}

async fn other(command: Other) -> eyre::Result<ExitCode> {
    match command {
        Other::Demo(arguments) => demo::run(arguments).await,
        Other::Status(arguments) => status::run(arguments).await,
        Other::Admin(arguments) => admin::run(arguments).await,
        Other::Config(command) => config::run(command),
        Other::Keys(command) => keys::run(command),
        Other::Db(command) => db::run(command).await,
        Other::Reconstruct(arguments) => reconstruct::run(arguments).await,
        Other::Snapshot(arguments) => snapshot::run(arguments).await,
        Other::Committee(command) => committee::run(command).await,
        Other::Exit(command) => exit::run(command).await.map(|()| ExitCode::SUCCESS),
        Other::Deploy(arguments) => deploy::run(arguments).await,
        Other::Load(arguments) => load::run(arguments).await,
        Other::VerifyDeployment(arguments) => verify_deployment::run(arguments).await,
    }
}

/// One line: the chain of causes. Errors that have their cause in their own text do not say it twice.
pub(crate) fn line(error: &eyre::Report) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.is_empty() {
            line = cause;
        } else if !line.ends_with(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}
