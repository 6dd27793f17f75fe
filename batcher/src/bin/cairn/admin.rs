//! `cairn admin`: what an operator can tell the running service.

use std::{path::PathBuf, process::ExitCode};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    parse,
};
use clap::Subcommand;
use eyre::Result;

use crate::service::token;

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
