//! `cairn status`.

use std::{fmt, process::ExitCode};

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    fleet::totals::Totals,
};
use eyre::Result;
use serde::Serialize;

use crate::{
    fleet::table::{results_in_words, write_workers},
    reconstruct::print,
    service::Watched,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    service: Watched,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What a service says of itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    pub(crate) info: wire::Info,
    pub(crate) head: wire::Head,
    pub(crate) lag: wire::Lag,
    /// None where the operator proves in its own process, or does not show its metrics.
    pub(crate) fleet: Option<Fleet>,
}

/// The fleet that proves.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fleet {
    #[serde(flatten)]
    pub(crate) totals: Totals,
    /// For the operator alone.
    pub(crate) workers: Option<Vec<wire::FleetWorker>>,
    /// What proofs wait for; for the operator alone. `cairn fleet tasks` prints it.
    #[serde(skip)]
    pub(crate) assignments: Vec<wire::FleetAssignment>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { service, json } = arguments;
    let client = service.connect().await?;
    let metrics = client.metrics().await;
    let status = Status::ask(&client, metrics.as_deref(), service.is_operator()).await?;
    print(&status, json)?;
    Ok(ExitCode::SUCCESS)
}

impl Status {
    /// Asks a service that shows these metrics.
    pub(crate) async fn ask(
        client: &Client,
        metrics: Option<&str>,
        is_operator: bool,
    ) -> Result<Self> {
        Ok(Self {
            info: client.info().await?,
            head: client.head().await?,
            lag: client.ask::<methods::Lag>(&wire::Nothing {}).await?,
            fleet: Fleet::ask(client, metrics, is_operator).await?,
        })
    }
}

impl Fleet {
    async fn ask(
        client: &Client,
        metrics: Option<&str>,
        is_operator: bool,
    ) -> Result<Option<Self>> {
        let Some(totals) = metrics.and_then(Totals::from_metrics) else { return Ok(None) };
        let (mut workers, mut assignments) = (None, Vec::new());
        if is_operator {
            let fleet = client.ask::<methods::AdminFleet>(&wire::Nothing {}).await?;
            (workers, assignments) = (Some(fleet.workers), fleet.assignments);
        }
        Ok(Some(Self { totals, workers, assignments }))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, head, lag, fleet } = self;
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
        match fleet {
            Some(fleet) => write!(f, "\n\n{fleet}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { totals: Totals { believed, quarantined, queues, results }, workers, .. } = self;
        let [well, ill] = results_in_words(results);
        writeln!(f, "fleet       {believed} workers, {quarantined} QUARANTINED")?;
        writeln!(f, "results     {well}\n            {ill}\n")?;
        write!(f, "{:<12} {:>12} {:>10} {:>12}", "queue", "owed", "held", "quarantined")?;
        for queue in queues {
            let (name, owed, held) = (queue.queue, queue.owed, queue.held);
            write!(f, "\n{name:<12} {owed:>12} {held:>10} {:>12}", queue.quarantined)?;
        }
        if let Some(workers) = workers {
            write!(f, "\n\n")?;
            write_workers(f, workers)?;
        }
        Ok(())
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "cairn_fleet_workers 2\n\
        cairn_fleet_workers_quarantined 1\n\
        cairn_fleet_owed{queue=\"leaf-small\"} 7\n\
        cairn_fleet_held{queue=\"leaf-small\"} 2\n\
        cairn_fleet_results_total{outcome=\"failed\"} 3\n";

    fn panel(workers: Option<Vec<wire::FleetWorker>>) -> Fleet {
        let totals = Totals::from_metrics(METRICS).unwrap();
        Fleet { totals, workers, assignments: Vec::new() }
    }

    #[test]
    fn a_fleet_is_shown_in_figures() {
        let table = panel(None).to_string();
        let rows: Vec<Vec<_>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0].join(" "), "fleet 2 workers, 1 QUARANTINED");
        assert!(rows[1].join(" ").starts_with("results 0 accepted"), "{table}");
        assert!(rows[1].join(" ").ends_with("3 failed"), "{table}");
        assert_eq!(rows[4], ["queue", "owed", "held", "quarantined"]);
        assert_eq!(rows[5], ["leaf-small", "7", "2", "0"]);
        assert_eq!((rows.len(), rows[9][0]), (10, "wrap"));
        let json = serde_json::to_value(panel(None)).unwrap();
        assert_eq!(json["believed"], 2);
        assert_eq!(json["queues"][0]["owed"], 7);
        assert!(json["workers"].is_null());
    }

    #[test]
    fn the_operator_sees_the_workers_too() {
        let table = panel(Some(Vec::new())).to_string();
        assert!(table.lines().last().is_some_and(|line| line.starts_with("worker ")), "{table}");
    }
}
