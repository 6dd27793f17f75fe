//! `cairn db`: an operator's store, while the operator is stopped.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use cairn_batcher::store::{Store, StoreError, restore};
use clap::Subcommand;
use eyre::Result;
use serde_json::json;

use crate::config::BAD_INPUT;

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Reads every row, checks what rows and tables must agree on, and hashes the checkpoint. Exit code 1 if something is wrong.
    Check {
        /// The folder `store` of an operator's data_dir; the operator must be stopped.
        #[arg(value_name = "DIR")]
        store: PathBuf,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Gives back the room of rows that were removed.
    Compact {
        /// The folder `store` of an operator's data_dir; the operator must be stopped.
        #[arg(value_name = "DIR")]
        store: PathBuf,
    },
    /// Copies the whole store into one file, with checksums.
    Backup {
        /// The folder `store` of an operator's data_dir; the operator must be stopped.
        #[arg(value_name = "DIR")]
        store: PathBuf,
        /// The file to write: it is there whole or not at all.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Makes the store of a backup.
    Restore {
        /// What `cairn db backup` has written.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The folder to make; it must be empty or not there.
        #[arg(value_name = "DIR")]
        store: PathBuf,
    },
}

pub(crate) fn run(command: DbCommand) -> Result<ExitCode> {
    let done = match command {
        DbCommand::Check { store, json } => check(&store, json),
        DbCommand::Compact { store } => compact(&store),
        DbCommand::Backup { store, file } => {
            Store::open_existing(&store).and_then(|store| store.backup(&file)).map(|rows| {
                println!("{rows} rows are in {}", file.display());
                ExitCode::SUCCESS
            })
        }
        DbCommand::Restore { file, store } => restore(&file, &store).map(|rows| {
            println!("{rows} rows are in {}", store.display());
            ExitCode::SUCCESS
        }),
    };
    Ok(done.unwrap_or_else(|error| {
        eprintln!("cairn: {error}");
        ExitCode::from(BAD_INPUT)
    }))
}

fn check(store: &Path, as_json: bool) -> Result<ExitCode, StoreError> {
    let checked = Store::open_existing(store)?.check();
    if as_json {
        let rows: serde_json::Map<_, _> =
            checked.rows.iter().map(|&(table, rows)| (table.to_owned(), json!(rows))).collect();
        println!("{}", json!({ "rows": rows, "faults": checked.faults }));
    } else {
        checked.rows.iter().for_each(|(table, rows)| println!("{table:<14}{rows:>12} rows"));
        checked.faults.iter().for_each(|fault| println!("{fault}"));
    }
    Ok(if checked.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn compact(store: &Path) -> Result<ExitCode, StoreError> {
    let (before, after) = Store::open_existing(store)?.compact()?;
    println!("{before} bytes before, {after} bytes after");
    Ok(ExitCode::SUCCESS)
}
