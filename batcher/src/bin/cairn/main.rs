//! The command line of the batcher.

mod bars;
mod committee;
mod config;
mod demo;
mod deploy;
mod keys;
mod load;
mod reconstruct;
mod snapshot;
mod verify_deployment;

use std::process::ExitCode;

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
    /// Runs the whole rollup on a local L1 with real proofs and prints a report.
    Demo(demo::Arguments),
    /// Checks a configuration of `cairn run`, or prints one with all that can be set.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Makes and reads the keystore files of `cairn run`.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
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

#[tokio::main]
async fn main() -> ExitCode {
    keep_pages();
    let command = async {
        match Arguments::parse().command {
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Config(command) => config::run(command),
            Command::Keys(command) => keys::run(command),
            Command::Reconstruct(arguments) => reconstruct::run(arguments).await,
            Command::Snapshot(arguments) => snapshot::run(arguments).await,
            Command::Committee(command) => committee::run(command).await,
            Command::Exit(command) => exit::run(command).await.map(|()| ExitCode::SUCCESS),
            Command::Deploy(arguments) => deploy::run(arguments).await,
            Command::Load(arguments) => load::run(arguments).await,
            Command::VerifyDeployment(arguments) => verify_deployment::run(arguments).await,
        }
    };
    tokio::select! {
        result = command => result.unwrap_or_else(|error| {
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

/// One line: the chain of causes. Errors that have their cause in their own text do not say it twice.
fn line(error: &eyre::Report) -> String {
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
