//! `cairn admin`: what an operator can tell the running service.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    node::keys::{KeyError, read_secret},
    parse,
};
use clap::Subcommand;
use eyre::{Report, Result, eyre};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The service.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CAIRN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8650"
    )]
    url: String,
    /// The file with the service's token: `admin-token` in its data_dir, or keys.admin_token_file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CAIRN_ADMIN_TOKEN_FILE",
        hide_env_values = true,
        default_value = "admin-token"
    )]
    token_file: PathBuf,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Stops making blocks and batches; transactions are accepted still.
    Pause,
    /// Goes on after a pause or a drain that is not over.
    Resume,
    /// Seals the open batch now.
    Seal,
    /// Has a batch proven again.
    Requeue {
        /// Its number.
        #[arg(value_parser = parse::decimal::<u32>)]
        batch: u32,
    },
    /// Refuses transactions, seals what there is, and ends the service when all of it is settled.
    Drain,
}

/// A running operator, for commands that are the operator's own.
#[derive(Debug, clap::Args)]
pub(crate) struct Operator {
    /// The service.
    #[arg(
        long,
        value_name = "URL",
        env = "CAIRN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8650"
    )]
    url: String,
    /// The file with the service's token: `admin-token` in its data_dir, or keys.admin_token_file.
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
    /// Connects as the operator.
    pub(crate) async fn connect(&self) -> Result<Client> {
        let token = token(&self.token_file)?;
        Ok(Client::connect_as_operator(&self.url, &token).await?)
    }
}

/// The token of a running operator.
pub(crate) fn token(path: &Path) -> Result<String> {
    read_secret("--token-file", path).map_err(|error| match &error {
        KeyError::File { source, .. } if source.kind() == ErrorKind::NotFound => eyre!(
            "{error}; it is the file admin-token in the operator's data_dir (or \
             keys.admin_token_file): give its path with --token-file"
        ),
        _ => Report::from(error),
    })
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let token = token(&arguments.token_file)?;
    let client = Client::connect_as_operator(&arguments.url, &token).await?;
    let nothing = wire::Nothing {};
    match arguments.command {
        AdminCommand::Pause => client.call::<methods::AdminPause>(&nothing).await?,
        AdminCommand::Resume => client.call::<methods::AdminResume>(&nothing).await?,
        AdminCommand::Seal => client.call::<methods::AdminSeal>(&nothing).await?,
        AdminCommand::Drain => client.call::<methods::AdminDrain>(&nothing).await?,
        AdminCommand::Requeue { batch: number } => {
            client.call::<methods::AdminRequeue>(&wire::ByBatch { number }).await?;
        }
    }
    println!("done");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_token_is_said_to_be_in_data_dir() {
        let folder = tempfile::tempdir().unwrap();
        let error = token(&folder.path().join("admin-token")).unwrap_err().to_string();
        assert!(error.contains("data_dir") && error.ends_with("with --token-file"), "{error}");
    }
}
