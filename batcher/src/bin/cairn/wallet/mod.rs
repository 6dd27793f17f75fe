//! `cairn wallet`: what a user does with an account of a rollup, from a deposit on L1 to a claim there.
//!
//! ```text
//! keys, file        the wallet file: a seed that is encrypted, and the key that follows from it
//! place, home       which operator, which rollup, which node of L1; and the tokens there
//! signed            what a transaction does, by its own bytes
//! send, payee       transactions of the rollup: transfers and withdrawals
//! deposit, claim    transactions of L1, which the key in l1_key pays for
//! balance, status, history, words   what there is, and how far it is
//! ```

mod balance;
mod claim;
mod deposit;
mod file;
mod history;
mod home;
mod keys;
mod l1_key;
mod payee;
mod place;
mod send;
mod signed;
mod status;
mod words;

use std::{fmt::Display, process::ExitCode};

use cairn_batcher::tell;
use clap::Subcommand;
use eyre::{Report, Result};
use thiserror::Error;

use crate::{config::BAD_INPUT, line};

/// What a user does with an account of a rollup.
#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Makes a key and writes it to an encrypted wallet file; prints the public key.
    #[command(after_help = keys::NEW_EXAMPLES)]
    New(keys::New),
    /// Writes a seed that you have to an encrypted wallet file; prints the public key.
    #[command(after_help = keys::IMPORT_EXAMPLES)]
    Import(keys::Import),
    /// Writes the wallet's seed to a file in clear, as `--keys` of `cairn exit sign` takes it.
    Export(keys::Export),
    /// Shows what the wallet has, and with --verified what of it L1 has proven.
    #[command(after_help = balance::EXAMPLES)]
    Balance(balance::Arguments),
    /// Pays from an L1 account into the wallet.
    #[command(after_help = deposit::EXAMPLES)]
    Deposit(deposit::Arguments),
    /// Pays somebody else on the rollup.
    #[command(after_help = send::SEND_EXAMPLES)]
    Send(send::Send),
    /// Moves money to an L1 address, where it is claimed once it is proven.
    #[command(after_help = send::WITHDRAW_EXAMPLES)]
    Withdraw(send::Withdraw),
    /// Has withdrawals that are proven paid on L1.
    #[command(after_help = claim::EXAMPLES)]
    Claim(claim::Arguments),
    /// Says how far a transaction is, and when it may be further.
    #[command(after_help = status::EXAMPLES)]
    Status(status::Arguments),
    /// Lists what the wallet's accounts have signed, and the transfers that name them.
    #[command(after_help = history::EXAMPLES)]
    History(history::Arguments),
}

/// Something that whoever has typed the command can mend.
#[derive(Debug, Error)]
#[error("{0}")]
struct BadInput(String);

/// The error of an input.
fn bad(reason: impl Display) -> Report {
    Report::new(BadInput(reason.to_string()))
}

pub(crate) async fn run(command: WalletCommand) -> Result<ExitCode> {
    let done = match command {
        WalletCommand::New(arguments) => keys::new(arguments),
        WalletCommand::Import(arguments) => keys::import(arguments),
        WalletCommand::Export(arguments) => keys::export(arguments),
        WalletCommand::Balance(arguments) => balance::run(arguments).await,
        WalletCommand::Deposit(arguments) => deposit::run(arguments).await,
        WalletCommand::Send(arguments) => send::send(arguments).await,
        WalletCommand::Withdraw(arguments) => send::withdraw(arguments).await,
        WalletCommand::Claim(arguments) => claim::run(arguments).await,
        WalletCommand::Status(arguments) => status::run(arguments).await,
        WalletCommand::History(arguments) => history::run(arguments).await,
    };
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.is::<BadInput>() => {
            tell!("cairn: {}", line(&error));
            Ok(ExitCode::from(BAD_INPUT))
        }
        Err(error) => Err(error),
    }
}
