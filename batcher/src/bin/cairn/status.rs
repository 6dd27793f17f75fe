//! `cairn status`.

use std::{fmt, process::ExitCode};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
};
use eyre::Result;
use serde::Serialize;

use crate::reconstruct::print;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The service.
    #[arg(
        long,
        value_name = "URL",
        env = "CAIRN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8650"
    )]
    url: String,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Status {
    info: wire::Info,
    head: wire::Head,
    lag: wire::Lag,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let client = Client::connect(&arguments.url).await?;
    let nothing = wire::Nothing {};
    let status = Status {
        info: client.info().await?,
        head: client.head().await?,
        lag: client.ask::<methods::Lag>(&nothing).await?,
    };
    print(&status, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, head, lag } = self;
        writeln!(
            f,
            "rollup      {} on chain {}, cairn {}",
            info.rollup, info.chain_id, info.version
        )?;
        writeln!(
            f,
            "head        block {}, batch {}, state {}",
            head.block, head.batch, head.state
        )?;
        writeln!(f, "sequencer   {}", head.standing)?;
        writeln!(
            f,
            "batches     sealed {}, committed {}, proven {}, finalized {}",
            head.sealed, head.committed, head.proven, head.finalized
        )?;
        let paused = if head.l1_paused { ", its contracts PAUSED" } else { "" };
        writeln!(
            f,
            "L1          block {}, its clock {}{paused}",
            head.l1_block, head.l1_timestamp
        )?;
        writeln!(f, "accounts    next id {}, next token {}", head.next_id, head.next_token)?;
        for (what, reason) in [("HALTED", &head.halted), ("throttled", &lag.throttled)] {
            if let Some(reason) = reason {
                writeln!(f, "{what:<11} {reason}")?;
            }
        }
        write!(
            f,
            "\n{:<12} {:>12} {:>10} {:>10}  unit",
            "stage", "done up to", "waiting", "oldest"
        )?;
        for stage in &lag.stages {
            let oldest = stage.oldest_ms.map_or_else(|| "-".to_owned(), seconds);
            let wire::StageLag { stage, unit, head, behind, .. } = stage;
            write!(f, "\n{stage:<12} {head:>12} {behind:>10} {oldest:>10}  {unit}")?;
        }
        Ok(())
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
