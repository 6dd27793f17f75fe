//! `cairn db`: an operator's store, in its folder while the operator is stopped, or by the operator while it runs.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    console,
    store::{Store, StoreError, restore},
    tell,
};
use cairn_prover::files::print_beside;
use clap::Subcommand;
use eyre::{Result, WrapErr};
use serde_json::json;

use crate::{config::BAD_INPUT, service::token};

/// How long a running operator may take: a store of a billion rows is read in less.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Reads every row, checks what rows and tables must agree on, and hashes the checkpoint. Exit code 1 if something
    /// is wrong.
    Check {
        /// The folder `store` of a stopped operator's data_dir.
        #[arg(value_name = "DIR", required_unless_present = "url", conflicts_with = "url")]
        store: Option<PathBuf>,
        #[command(flatten)]
        operator: Operator,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Gives back the room of rows that were removed.
    Compact {
        /// The folder `store` of a stopped operator's data_dir.
        #[arg(value_name = "DIR", required_unless_present = "url", conflicts_with = "url")]
        store: Option<PathBuf>,
        #[command(flatten)]
        operator: Operator,
    },
    /// Copies the whole store into one file, with checksums.
    #[command(allow_missing_positional = true)]
    Backup {
        /// The folder `store` of a stopped operator's data_dir.
        #[arg(value_name = "DIR", required_unless_present = "url", conflicts_with = "url")]
        store: Option<PathBuf>,
        /// The file to write: it is there whole or not at all, and replaces nothing. A running operator writes it on its own
        /// machine. - is standard output, of DIR only.
        #[arg(value_name = "FILE", required = true)]
        file: PathBuf,
        #[command(flatten)]
        operator: Operator,
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

/// A running operator, who has the store open.
#[derive(Debug, clap::Args)]
pub(crate) struct Operator {
    /// The running operator whose store it is, instead of DIR.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The file with its token: `admin-token` in its data_dir, or keys.admin_token_file.
    #[arg(
        long,
        value_name = "FILE",
        env = "CAIRN_ADMIN_TOKEN_FILE",
        hide_env_values = true,
        default_value = "admin-token"
    )]
    token_file: PathBuf,
}

impl Operator {
    /// The operator that is asked, if one is named.
    async fn connect(&self) -> Result<Option<Client>> {
        let Some(url) = &self.url else { return Ok(None) };
        let token = token(&self.token_file)?;
        Ok(Some(Client::connect_for_long(url, &token, PATIENCE).await?))
    }
}

pub(crate) async fn run(command: DbCommand) -> Result<ExitCode> {
    match command {
        DbCommand::Check { store, operator, json } => {
            let found = match operator.connect().await? {
                Some(operator) => operator.call::<methods::AdminCheck>(&wire::Nothing {}).await?,
                None => match open(store) {
                    Ok(store) => store.check().into(),
                    Err(error) => return Ok(refuse(&error)),
                },
            };
            Ok(show(&found, json))
        }
        DbCommand::Compact { store, operator } => {
            let sizes = match operator.connect().await? {
                Some(operator) => operator.call::<methods::AdminCompact>(&wire::Nothing {}).await?,
                None => match open(store).and_then(|store| store.compact()) {
                    Ok((before, after)) => wire::StoreSizes { before, after },
                    Err(error) => return Ok(refuse(&error)),
                },
            };
            println!("{} bytes before, {} bytes after", sizes.before, sizes.after);
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Backup { store, file, operator } => {
            let rows = match operator.connect().await? {
                Some(_) if file == Path::new("-") => {
                    eyre::bail!(
                        "FILE -: a running operator writes to a file on its own machine: name one"
                    )
                }
                Some(operator) => {
                    let file = std::path::absolute(&file).wrap_err("FILE")?.display().to_string();
                    operator.call::<methods::AdminBackup>(&wire::BackupTo { file }).await?.rows
                }
                None => match open(store).and_then(|store| backup(&store, &file)) {
                    Ok(rows) => rows,
                    Err(error) => return Ok(refuse(&error)),
                },
            };
            print_beside(
                format_args!("{rows} rows are in {}\n", file.display()),
                file == Path::new("-"),
            );
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Restore { file, store } => Ok(match restore(&file, &store) {
            Ok(rows) => made(rows, &store),
            Err(error) => refuse(&error),
        }),
    }
}

fn open(store: Option<PathBuf>) -> Result<Store, StoreError> {
    Store::open_existing(&store.unwrap_or_default())
}

fn backup(store: &Store, file: &Path) -> Result<u64, StoreError> {
    if file == Path::new("-") {
        return store.backup_to(std::io::stdout().lock(), file);
    }
    store.backup(file)
}

fn refuse(error: &StoreError) -> ExitCode {
    let hint = match error {
        StoreError::InUse { .. } => "; a running operator does it itself: --url URL, not DIR",
        _ => "",
    };
    tell!("cairn: {error}{hint}");
    ExitCode::from(BAD_INPUT)
}

fn made(rows: u64, path: &Path) -> ExitCode {
    println!("{rows} rows are in {}", path.display());
    ExitCode::SUCCESS
}

fn show(found: &wire::StoreCheck, as_json: bool) -> ExitCode {
    let wire::StoreCheck { tables, faults } = found;
    if as_json {
        let rows = tables.iter().map(|row| (row.table.clone(), json!(row.rows)));
        let rows: serde_json::Map<_, _> = rows.collect();
        println!("{}", json!({ "rows": rows, "faults": faults }));
    } else {
        tables.iter().for_each(|row| println!("{:<14}{:>12} rows", row.table, row.rows));
        faults.iter().for_each(|fault| println!("{}", console::line(fault)));
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
