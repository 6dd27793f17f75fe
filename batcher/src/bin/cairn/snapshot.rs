//! `cairn snapshot`.

use std::{fmt, path::PathBuf, process::ExitCode};

use alloy::primitives::{Address, B256};
use cairn_batcher::{l1::data_modes::DataModes, parse, reconstruct::Rollup, snapshot::Snapshot};
use eyre::Result;
use serde::Serialize;

use crate::{
    reconstruct::{self, L1, Last, print},
    sources::DataArguments,
};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("work").required(true))]
pub(crate) struct Arguments {
    /// A node of L1.
    #[arg(
        long = "l1",
        value_name = "URL",
        env = "CAIRN_L1",
        hide_env_values = true,
        required_unless_present = "check"
    )]
    url: Option<String>,
    /// The rollup's contract [default with --check: the one that the file names].
    #[arg(
        long,
        value_name = "ADDRESS",
        required_unless_present = "check",
        value_parser = parse::address
    )]
    rollup: Option<Address>,
    /// The file to write, or - for standard output.
    #[arg(long, value_name = "FILE", group = "work")]
    out: Option<PathBuf>,
    /// A file to check: itself, and with --l1 against the state that L1 has seen a proof of.
    #[arg(long, value_name = "FILE", group = "work")]
    check: Option<PathBuf>,
    /// The batch after which the state is wanted [default: the last proven one].
    #[arg(
        long,
        value_name = "BATCH",
        conflicts_with = "check",
        value_parser = parse::decimal::<u32>
    )]
    to: Option<u32>,
    /// An earlier snapshot to start from.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    from_snapshot: Option<PathBuf>,
    /// The block of the deployment, or one before it.
    #[arg(long, value_name = "BLOCK", default_value_t = 0, value_parser = parse::decimal::<u64>)]
    first_block: u64,
    /// The ledger that the rollup was published with, if it does not start from nothing: a snapshot of batch 0.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Checked {
    chain_id: u64,
    rollup: Address,
    batch: u32,
    state: B256,
    users: u64,
    tokens: u32,
    proven_on_l1: bool,
    /// Known from L1 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_modes: Option<DataModes>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let json = arguments.json;
    if let Some(path) = &arguments.check {
        let snapshot = Snapshot::read(path)?;
        print(&check(&arguments, snapshot).await?, json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Arguments { url: Some(url), rollup: Some(rollup), .. } = arguments else {
        eyre::bail!("--l1 and --rollup are missing");
    };
    let Arguments { first_block, genesis, data, to, from_snapshot, out, .. } = arguments;
    let l1 = L1 { url, rollup, chain_id: None, first_block, genesis, data };
    let arguments = reconstruct::Arguments { l1, to, from_snapshot, out, json };
    reconstruct::rebuild(&arguments, Last::Proven).await?;
    Ok(ExitCode::SUCCESS)
}

async fn check(arguments: &Arguments, mut snapshot: Snapshot) -> Result<Checked> {
    let mut data_modes = None;
    if let Some(url) = &arguments.url {
        let rollup = arguments.rollup.unwrap_or(snapshot.rollup);
        let ledger = arguments.genesis.as_deref().map(Snapshot::read).transpose()?;
        let rollup = Rollup::read(url, rollup, arguments.first_block, ledger, &()).await?;
        rollup.check_final_snapshot(&mut snapshot)?;
        data_modes = Some(rollup.data_modes());
    } else if let Some(rollup) = arguments.rollup {
        snapshot.check_rollup(snapshot.chain_id, rollup)?;
    }
    Ok(Checked {
        chain_id: snapshot.chain_id,
        rollup: snapshot.rollup,
        batch: snapshot.batch,
        state: snapshot.commitment().to_bytes().into(),
        users: snapshot.state.next_id().saturating_sub(cairn_types::FIRST_USER_ID),
        tokens: snapshot.state.next_token(),
        proven_on_l1: arguments.url.is_some(),
        data_modes,
    })
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rollup      {} on chain {}", self.rollup, self.chain_id)?;
        let proven = if self.proven_on_l1 {
            "proven on L1"
        } else {
            "not compared with L1: give --l1 to do so"
        };
        writeln!(f, "batch       {} ({proven})", self.batch)?;
        writeln!(f, "state       {}", self.state)?;
        if let Some(modes) = self.data_modes {
            writeln!(f, "data        {modes}")?;
        }
        write!(f, "leaves      {} users, {} tokens", self.users, self.tokens)
    }
}
