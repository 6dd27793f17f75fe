//! What the page shows.

use std::{collections::BTreeMap, path::PathBuf};

use cairn_prover::graph::TaskKind;

use super::{
    Section, Table,
    svg::{self, Axis, Bar, Series, number},
};
use crate::{
    cost::{
        BATCH_BLOBS, BLOB_TRANSFERS, CALLDATA_TRANSFERS, Gas, Prices,
        command::{describe, rows as ledgers},
    },
    data::Data,
    error::BenchError,
    record::Record,
    scale::{self, COORDINATOR_RATE},
    tables::spread,
    times::TaskTimes,
};

/// Workers of the scaling chart.
const WORKERS: [usize; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000];
/// Transfers of its batch: as many as six blobs hold.
const SCALED_BATCH: usize = BATCH_BLOBS * BLOB_TRANSFERS;
/// Batches of the cost chart.
const SIZES: [usize; 4] = [1_000, CALLDATA_TRANSFERS, BLOB_TRANSFERS, SCALED_BATCH];

/// Throughput of the leaf against the transfers of its chunk.
pub(super) fn throughput(records: &[&Record]) -> Section {
    let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut table = Table {
        head: vec![
            "traffic",
            "threads",
            "transfers",
            "transfers/s/core",
            "cells a transfer",
            "peak MiB",
        ],
        rows: Vec::new(),
    };
    let mut leaves: Vec<_> =
        records.iter().filter_map(|record| Some((record, record.leaf?))).collect();
    leaves.sort_by_key(|(record, leaf)| {
        (record.workload.traffic.clone(), record.workload.threads, leaf.transfers)
    });
    for (record, leaf) in leaves {
        let work = &record.workload;
        let name = format!("{}, {} threads, {}", work.traffic, work.threads, record.machine.cpu);
        let rate = leaf.transfers_per_s_per_core;
        series.entry(name).or_default().push((leaf.transfers as f64, rate.median));
        table.rows.push(vec![
            work.traffic.clone(),
            work.threads.to_string(),
            leaf.transfers.to_string(),
            spread(&rate),
            number(leaf.cells_per_transfer),
            record.peak_rss_mb.to_string(),
        ]);
    }
    let series: Vec<_> = series.into_iter().map(|(name, points)| Series { name, points }).collect();
    Section {
        title: "Throughput against chunk size",
        about: "Transfers a second a core: trace, proof, recursive verification and one node. Median (least .. greatest)."
            .to_owned(),
        chart: svg::lines(
            "Transfers a second a core against transfers in a chunk",
            Axis { label: "transfers in the chunk", logarithmic: true },
            Axis { label: "transfers/s/core", logarithmic: false },
            &series,
        ),
        table,
    }
}

/// The tasks of one batch.
pub(super) fn shares(together: &[Record]) -> Section {
    let title = "Where the time goes";
    let Some(record) = together.first() else { return absent(title, "no records") };
    let parts: Vec<(TaskKind, f64, f64)> = TaskKind::ALL
        .into_iter()
        .filter_map(|task| {
            let seconds = record.task_s(task)?;
            let per_batch = record.step(task.name())?.per_batch as f64;
            Some((task, per_batch, seconds))
        })
        .collect();
    let total: f64 = parts.iter().map(|(_, count, seconds)| count * seconds).sum();
    let rows = parts.iter().map(|(task, count, seconds)| {
        let share = 100.0 * count * seconds / total;
        vec![task.to_string(), number(*count), number(*seconds), format!("{share:.1} %")]
    });
    let names: Vec<&str> = parts.iter().map(|(task, ..)| task.name()).collect();
    let work = &record.workload;
    let bar = Bar {
        label: format!("{} transfers", work.batch),
        parts: parts.iter().map(|(_, count, seconds)| count * seconds).collect(),
    };
    Section {
        title,
        about: format!(
            "Stage {}, {}, {} chunks: seconds of each task on {} threads, one after the other.",
            work.stage, work.traffic, work.chunks, work.threads
        ),
        chart: svg::bars("Seconds of each task of a batch", &names, &[bar]),
        table: Table {
            head: vec!["task", "in a batch", "seconds each", "share"],
            rows: rows.collect(),
        },
    }
}

/// One batch on many workers.
pub(super) fn scaling(together: &[Record]) -> Section {
    let title = "One batch on many workers";
    let rows = TaskTimes::from_records(together)
        .and_then(|times| scale::rows(&times, SCALED_BATCH, 1, &WORKERS, COORDINATOR_RATE));
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return absent(title, &error.to_string()),
    };
    let points = rows.iter().map(|row| (row.workers as f64, row.transfers_per_s)).collect();
    let cells = rows.iter().map(|row| {
        vec![
            row.workers.to_string(),
            number(row.latency_s),
            number(row.transfers_per_s),
            format!("{:.1} %", 100.0 * row.efficiency),
            row.stop.to_string(),
        ]
    });
    Section {
        title,
        about: format!(
            "Simulated from measured task times: {SCALED_BATCH} short transfers, one batch alone, proofs travel in no time."
        ),
        chart: svg::lines(
            "Transfers a second against workers",
            Axis { label: "workers", logarithmic: true },
            Axis { label: "transfers/s", logarithmic: true },
            &[Series { name: "one batch".to_owned(), points }],
        ),
        table: Table {
            head: vec!["workers", "latency s", "transfers/s", "efficiency", "workers wait for"],
            rows: cells.collect(),
        },
    }
}

/// US dollars a transfer.
///
/// # Errors
/// The gas snapshots lack a figure.
pub(super) fn cost(together: &[Record], prices: Prices) -> Result<Section, BenchError> {
    let title = "Cost of a transfer";
    let gas = Gas::measured()?;
    let rows =
        TaskTimes::from_records(together).and_then(|times| ledgers(&SIZES, &times, &gas, &prices));
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return Ok(absent(title, &error.to_string())),
    };
    let label = |data: Data, transfers: usize| format!("{}, {transfers}", data.name());
    let bars: Vec<_> = rows
        .iter()
        .map(|row| Bar {
            label: label(row.data, row.transfers),
            parts: vec![row.compute_usd, row.execution_usd, row.data_usd],
        })
        .collect();
    let cells = rows.iter().map(|row| {
        let usd = |value: f64| format!("{value:.7}");
        vec![
            label(row.data, row.transfers),
            usd(row.compute_usd),
            usd(row.execution_usd),
            usd(row.data_usd),
            usd(row.total_usd()),
        ]
    });
    Ok(Section {
        title,
        about: format!("US dollars; {}.", describe(&prices)),
        chart: svg::bars("US dollars a transfer", &["compute", "execution", "data"], &bars),
        table: Table {
            head: vec!["data, transfers", "compute", "execution", "data", "total"],
            rows: cells.collect(),
        },
    })
}

/// All records, so that each figure can be found and repeated.
pub(super) fn records(records: &[(PathBuf, Record)]) -> Table {
    let rows = records.iter().map(|(path, record)| {
        let rate = record.transfers_per_s_per_core().map(|rate| number(rate.median));
        vec![
            path.file_name().unwrap_or_default().display().to_string(),
            record.machine.cpu.clone(),
            record.build.commit.clone(),
            record.circuits.set_root.chars().take(12).collect(),
            rate.unwrap_or_default(),
            format!("cairn-bench {}", record.command.join(" ")),
        ]
    });
    Table {
        head: vec!["record", "machine", "commit", "circuit set", "transfers/s/core", "command"],
        rows: rows.collect(),
    }
}

fn absent(title: &'static str, reason: &str) -> Section {
    let about = format!("Not measured: {reason}.");
    Section { title, about, chart: String::new(), table: Table::default() }
}
