//! `cairn-bench scale`: a batch on many workers.

pub mod stop;

use std::{fmt::Write, path::PathBuf, str::FromStr};

use cairn_batcher::console::line;
use cairn_prover::{
    files::{Output, print_beside},
    graph::Leaves,
};
use serde::Serialize;

use self::stop::{Bounds, Idle, Stop};
use crate::{
    cli::{RECORDS, positive},
    error::BenchError,
    record::{Record, write_json},
    schedule::{MOST_WORK_S, Work, seconds, simulate},
    stages::Stage,
    times::TaskTimes,
};

/// Schedules a batch's tasks.
#[derive(Debug, Clone, clap::Args)]
pub struct Scale {
    /// Workers, each a machine like the record's: N, N,M or FIRST..LAST (doubled from the first, and the last).
    #[arg(long, value_name = "RANGE", default_value = "1..1000")]
    workers: Workers,
    /// Short transfers of a batch [default: that of the first record].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    batch: Option<u32>,
    /// Batches that wait from the start.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batches: u16,
    /// Assignments a second that the coordinator grants one by one, at the most.
    #[arg(long, value_name = "R", default_value_t = COORDINATOR_RATE, value_parser = positive)]
    coordinator_rate: f64,
    /// Writes the rows as JSON to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

/// Assignments a second that went through a fleet's queues, on two cores with other work beside: the
/// least of five runs (docs/fleet.md). These were tiny, and granted up to 16 together.
pub const COORDINATOR_RATE: f64 = 3_326.0;

/// Where task times come from.
#[derive(Debug, Clone, clap::Args)]
pub struct Source {
    /// Records with the task times [default: the newest of stage all in the folder, and what fits it].
    #[arg(value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// The folder of records.
    #[arg(long = "records", value_name = "DIR", default_value = RECORDS)]
    folder: PathBuf,
}

impl Source {
    /// The records, the one that counts first.
    ///
    /// # Errors
    /// A file that is no record, or there is none.
    pub fn read(&self) -> Result<Vec<Record>, BenchError> {
        if !self.records.is_empty() {
            return self.records.iter().map(|path| Record::read(path)).collect();
        }
        let all = Record::read_folder(&self.folder)?.into_iter().map(|(_, record)| record);
        let records = newest(all.collect());
        if records.is_empty() {
            let folder = self.folder.display();
            return Err(BenchError::usage(format!(
                "{folder}: no records; make one with `cairn-bench run --stage all --json {folder}/NAME.json`"
            )));
        }
        Ok(records)
    }
}

/// The newest record of stage all (else of any stage), then all others of the same circuits, instructions, chunk,
/// threads and place of the data.
#[must_use]
pub fn newest(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| (record.workload.stage != Stage::All, u64::MAX - record.time));
    if let Some(first) = records.first() {
        let key = |record: &Record| {
            let work = &record.workload;
            let build = (record.circuits.set_root.clone(), record.build.features.clone());
            (build, work.chunk, work.threads, work.data)
        };
        let key_of_first = key(first);
        records.retain(|record| key(record) == key_of_first);
    }
    records
}

/// Counts of workers, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Workers(Vec<usize>);

/// As many as a simulation takes in reasonable time.
const MOST_WORKERS: usize = 1_000_000;
/// Leaves of all batches: with the three tasks that may follow from each, a simulation takes half a gigabyte and some
/// seconds a row.
const MOST_LEAVES: usize = 1_000_000;

impl FromStr for Workers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| match part.trim().parse() {
            Ok(count @ 1..=MOST_WORKERS) => Ok(count),
            _ => Err(format!("expected workers from 1 to {MOST_WORKERS}, got {part:?}")),
        };
        let Some((first, last)) = text.split_once("..") else {
            return Ok(Self(text.split(',').map(number).collect::<Result<_, _>>()?));
        };
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("expected FIRST..LAST with FIRST at most LAST, got {text:?}"));
        }
        let mut counts: Vec<usize> =
            std::iter::successors(Some(first), |n| Some(2 * n)).take_while(|n| *n < last).collect();
        counts.push(last);
        Ok(Self(counts))
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// Workers.
    pub workers: usize,
    /// Seconds to the first batch's SNARK.
    pub latency_s: f64,
    /// Transfers over seconds to the last SNARK.
    pub transfers_per_s: f64,
    /// Part of the workers' time in which they work.
    pub efficiency: f64,
    /// What it is at the most, in whatever order tasks are taken.
    pub efficiency_limit: f64,
    /// Assignments that begin in a second, on average.
    pub assignments_per_s: f64,
    /// Parts of the workers' time in which they wait.
    pub idle: Idle,
    /// What they wait for, most of all.
    pub stop: Stop,
}

/// The table for these counts of workers, under a coordinator that grants so many assignments a
/// second at the most.
///
/// # Errors
/// [`BenchError::NoTime`], or more leaves or work than can be scheduled.
pub fn rows(
    times: &TaskTimes,
    transfers: usize,
    batches: usize,
    workers: &[usize],
    coordinator_rate: f64,
) -> Result<Vec<Row>, BenchError> {
    // Before the tasks are made.
    let Leaves { chunks, streams } = times.leaves(transfers);
    let leaves = chunks.saturating_add(streams).saturating_mul(batches);
    if leaves > MOST_LEAVES {
        return Err(BenchError::usage(format!(
            "{batches} x {transfers} transfers in chunks of {}: expected at most {MOST_LEAVES} \
             leaves, got {leaves}: give a smaller --batch or --batches",
            times.chunk
        )));
    }
    let graph = times.graph(transfers);
    let work_s = times.work(&graph)? * batches as f64;
    if work_s > MOST_WORK_S {
        return Err(BenchError::usage(format!(
            "{batches} x {transfers} transfers: expected at most {MOST_WORK_S:e} s of work, \
             got {work_s:.1e} s"
        )));
    }
    let assignments = graph.assignments().len() as f64;
    let critical_path_s = seconds(Work::new(&graph, times)?.critical_path());
    let coordinator_s = assignments * batches as f64 / coordinator_rate;
    let bounds = Bounds { work_s, critical_path_s, coordinator_s };
    let row = |&workers: &usize| {
        let outcome = simulate(&graph, times, workers, batches)?;
        let makespan_s = outcome.makespan_s.max(coordinator_s);
        let (efficiency, idle, stop) = bounds.explain(&outcome);
        Ok(Row {
            workers,
            latency_s: outcome.latency_s.max(assignments / coordinator_rate),
            transfers_per_s: (transfers * batches) as f64 / makespan_s,
            efficiency,
            efficiency_limit: bounds.efficiency(workers),
            assignments_per_s: assignments * batches as f64 / makespan_s,
            idle,
            stop,
        })
    };
    workers.iter().map(row).collect()
}

impl Scale {
    /// Prints the table.
    ///
    /// # Errors
    /// No records, or none with the time of a task.
    pub fn run(&self) -> Result<(), BenchError> {
        let [json] = Output::create_all([("--json", self.json.as_deref())])?;
        let is_taken = json.as_ref().is_some_and(Output::is_standard_output);
        let records = self.source.read()?;
        let times = TaskTimes::from_records(&records)?;
        let transfers = self.batch.map_or(records[0].workload.batch, |batch| batch as usize);
        let batches = usize::from(self.batches);
        let rows = rows(&times, transfers, batches, &self.workers.0, self.coordinator_rate)?;
        if let Some(json) = json {
            json.write(|out| write_json(out, &rows))?;
        }
        let mut table = format!(
            "{batches} x {transfers} short transfers in chunks of {}, a worker has {} threads of {}\n\n\
             {:>9}{:>13}{:>16}{:>13}{:>10}  workers wait for\n",
            times.chunk,
            times.threads,
            line(&records[0].machine.cpu),
            "workers",
            "latency s",
            "transfers/s",
            "efficiency",
            "at most"
        );
        for row in rows {
            let Row { workers, latency_s, transfers_per_s, .. } = row;
            let (percent, limit) = (100.0 * row.efficiency, 100.0 * row.efficiency_limit);
            let stop = row.stop.describe(&row.idle);
            // Writing to a string cannot fail.
            let _ = write!(table, "{workers:>9}{latency_s:>13.2}{transfers_per_s:>16.1}");
            let _ = writeln!(table, "{percent:>12.1}%{limit:>9.1}%  {stop}");
        }
        print_beside(table, is_taken);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cairn_prover::graph::TaskKind;

    use super::*;

    #[test]
    fn ranges_are_doubled_and_lists_taken() {
        let workers = |text: &str| text.parse::<Workers>().map(|workers| workers.0);
        assert_eq!(workers("1..10").unwrap(), [1, 2, 4, 8, 10]);
        assert_eq!(workers("3..3").unwrap(), [3]);
        assert_eq!(workers("5,1").unwrap(), [5, 1]);
        for bad in ["", "0", "1..0", "a", "0..4", "1..", "2000000"] {
            assert!(workers(bad).is_err(), "{bad}");
        }
    }

    /// 10^7 transfers one by one were 40 million tasks, a few times over.
    #[test]
    fn more_leaves_than_can_be_scheduled_are_refused_at_once() {
        let times = TaskTimes::from_fn(1, 1, |_| Some(1e-3));
        for (transfers, batches) in [(10_000_000, 1), (1_000, 10_000), (usize::MAX, 2)] {
            let rows = rows(&times, transfers, batches, &[1], COORDINATOR_RATE);
            let error = rows.unwrap_err().to_string();
            assert!(error.contains("in chunks of 1: expected at most 1000000 leaves"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        assert_eq!(rows(&times, 1_000, 2, &[1], COORDINATOR_RATE).unwrap().len(), 1);
    }

    #[test]
    fn a_row_by_hand() {
        // 150 transfers in chunks of 100: 2 leaves, 2 wrappers, a node; 75 words: a stream leaf and its wrapper; 4 more.
        let times = TaskTimes::from_fn(1, 100, |task| {
            Some(if task == TaskKind::ChunkLeaf { 5.0 } else { 1.0 })
        });
        let rows = |rate| rows(&times, 150, 1, &[1, 2, 100], rate).unwrap();
        let [one, two, many]: [Row; 3] = rows(COORDINATOR_RATE).try_into().unwrap();
        assert_eq!((one.latency_s, one.transfers_per_s), (19.0, 150.0 / 19.0));
        assert_eq!((one.efficiency, one.stop), (1.0, Stop::Nothing));
        // 0-5 leaves, 5-6 wrappers, 6-7 node beside stream leaf, 7-8 stream wrapper, 8-12.
        assert_eq!((two.latency_s, two.efficiency), (12.0, 19.0 / 24.0));
        let (leaves, merging, end) = (1.0 / 24.0, 1.0 / 24.0, 3.0 / 24.0);
        assert_eq!(two.idle, Idle { leaves, merging, end, coordinator: 0.0 });
        assert_eq!((two.efficiency_limit, two.stop), (9.5 / 11.0, Stop::EndOfPipeline));
        assert_eq!(two.assignments_per_s, 6.0 / 12.0);
        assert_eq!((many.latency_s, many.stop), (11.0, Stop::CriticalPath));
        assert!((many.efficiency - many.efficiency_limit).abs() < 1e-12);
        // Six assignments take a coordinator a minute that grants one in ten seconds.
        let [_, two, _]: [Row; 3] = rows(0.1).try_into().unwrap();
        assert_eq!((two.latency_s, two.stop), (60.0, Stop::Coordinator));
        assert!((two.efficiency - 19.0 / 120.0).abs() < 1e-12);
    }

    /// Three leaves on two workers: one waits while the last is proven. A second batch fills that.
    #[test]
    fn leaves_that_are_too_few_are_told_and_more_batches_help() {
        let times = TaskTimes::from_fn(1, 100, |task| {
            Some(if task == TaskKind::ChunkLeaf { 100.0 } else { 1.0 })
        });
        let stop = |batches| rows(&times, 300, batches, &[2], COORDINATOR_RATE).unwrap()[0].stop;
        assert_eq!((stop(1), stop(2)), (Stop::FewAssignments, Stop::Nothing));
    }
}
