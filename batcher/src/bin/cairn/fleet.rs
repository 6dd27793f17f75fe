//! `cairn fleet`: the workers that prove for a running operator.

pub(crate) mod table;

use std::{fmt, process::ExitCode};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
};
use cairn_fleet::{
    message::WorkerId,
    names::Names,
    server::rights::{Credential, Rollup, accounts},
};
use clap::Subcommand;
use eyre::Result;
use serde::Serialize;

use self::table::{Tasks, Workers};
use crate::{reconstruct::print, service::Operator};

#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    /// Shows the workers.
    Ls(Shown),
    /// Shows what proofs wait for, and who is at it.
    Tasks(Shown),
    /// Has a worker end with what it holds.
    Drain(Named),
    /// Believes a worker no more; what it holds is given to others.
    Quarantine(Named),
    /// Gives a worker or an assignment that is quarantined another chance.
    Retry(Named),
    /// Prints the accounts of a NATS server for one rollup: its operators, its workers, and what each may do.
    Rights(Rights),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    #[command(flatten)]
    operator: Operator,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The name, as `cairn fleet ls` or `tasks` shows it.
    name: String,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rights {
    /// The fleet: the prefix of its streams and subjects.
    #[arg(long, value_name = "PREFIX", default_value = "cairn")]
    fleet: Names,
    /// The public nkey of the operator; once more for each that may take its place.
    #[arg(long, value_name = "NKEY", required = true, value_parser = nkey)]
    coordinator: Vec<String>,
    /// A worker's name and public nkey; once for each.
    #[arg(long, value_name = "NAME=NKEY", value_parser = worker)]
    worker: Vec<(WorkerId, String)>,
}

/// Letters of the public part of a user's nkey.
const NKEY: usize = 56;

fn nkey(text: &str) -> Result<String, String> {
    let is_fit = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    match text.len() == NKEY && text.starts_with('U') && text.chars().all(is_fit) {
        true => Ok(text.to_owned()),
        false => {
            Err(format!("expected the public nkey of a user, {NKEY} letters that begin with U"))
        }
    }
}

fn worker(text: &str) -> Result<(WorkerId, String), String> {
    let (name, key) = text.split_once('=').ok_or("expected NAME=NKEY")?;
    let name = name.parse::<WorkerId>().map_err(|error| error.to_string())?;
    Ok((name, nkey(key)?))
}

pub(crate) async fn run(command: FleetCommand) -> Result<ExitCode> {
    match command {
        FleetCommand::Ls(shown) => show(shown, Workers).await?,
        FleetCommand::Tasks(shown) => show(shown, Tasks).await?,
        FleetCommand::Drain(named) => tell::<methods::AdminFleetDrain>(named).await?,
        FleetCommand::Quarantine(named) => tell::<methods::AdminFleetQuarantine>(named).await?,
        FleetCommand::Retry(named) => tell::<methods::AdminFleetRetry>(named).await?,
        FleetCommand::Rights(Rights { fleet, coordinator, worker }) => {
            let workers = worker.into_iter().map(|(name, key)| (name, Credential::Nkey(key)));
            let rollup = Rollup {
                names: fleet,
                coordinators: coordinator.into_iter().map(Credential::Nkey).collect(),
                workers: workers.collect(),
            };
            print!("{}", accounts(&[rollup]));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show<T: Serialize + fmt::Display>(
    shown: Shown,
    of: impl FnOnce(wire::Fleet) -> T,
) -> Result<()> {
    let client = shown.operator.connect().await?;
    let fleet = client.call::<methods::AdminFleet>(&wire::Nothing {}).await?;
    print(&of(fleet), shown.json)
}

async fn tell<M>(named: Named) -> Result<()>
where
    M: methods::Method<Params = wire::ByName, Result = ()>,
{
    let client: Client = named.operator.connect().await?;
    client.call::<M>(&wire::ByName { name: named.name }).await?;
    println!("done");
    Ok(())
}
