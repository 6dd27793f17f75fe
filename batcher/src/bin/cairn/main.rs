//! The command line of the batcher.

mod bars;
mod demo;
mod deploy;
mod reconstruct;
mod snapshot;
mod verify_deployment;

use std::process::ExitCode;

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
    /// Rebuilds the state from L1 alone, with no operator alive.
    Reconstruct(reconstruct::Arguments),
    /// Writes the state after a proven batch to a file, or checks such a file.
    Snapshot(snapshot::Arguments),
    /// Deploys the contracts and writes a manifest of what was deployed.
    Deploy(deploy::Arguments),
    /// Rebuilds the contracts from source and compares them with the chain, byte for byte.
    VerifyDeployment(verify_deployment::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = async {
        match Arguments::parse().command {
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Reconstruct(arguments) => reconstruct::run(arguments).await,
            Command::Snapshot(arguments) => snapshot::run(arguments).await,
            Command::Deploy(arguments) => deploy::run(arguments).await,
            Command::VerifyDeployment(arguments) => verify_deployment::run(arguments).await,
        }
    };
    tokio::select! {
        result = command => result.unwrap_or_else(|error| {
            // One line: the chain of causes.
            eprintln!("cairn: {error:#}");
            ExitCode::FAILURE
        }),
        _ = tokio::signal::ctrl_c() => {
            // Dropping the command has ended the local L1; other threads end with the process.
            eprintln!("cairn: interrupted");
            std::process::exit(130);
        }
    }
}
