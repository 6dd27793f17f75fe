//! What a measurement leaves: one JSON file, or a line of CSV a sample.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use cairn_batcher::{regular_file::Input, tell};
use cairn_prover::graph::TaskKind;
use serde::{Deserialize, Serialize};

use crate::{
    data::Data,
    error::BenchError,
    figures::{BatchFigures, LeafFigures},
    machine::{Build, Machine},
    sample::{Sample, Spread},
    stages::Stage,
};

/// Version of the format. A reader takes no other.
pub const SCHEMA: u32 = 2;

/// The step of a record that is the whole batch.
pub const WHOLE_BATCH: &str = "batch";

/// Bytes of a file that are read at the most.
const MAX_BYTES: u64 = 64 << 20;
/// Transfers of a batch, at the most: as many as `scale --batch` takes.
const MOST_TRANSFERS: usize = 10_000_000;
/// Seconds of a task: from what schedules count in, to thirty years.
const SECONDS: &RangeInclusive<f64> = &(1e-9..=1e9);
/// Transfers a second a core, wide enough for whatever such times give.
const RATES: &RangeInclusive<f64> = &(1e-30..=1e30);

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When it was made, Unix seconds.
    pub time: u64,
    /// The arguments of the program.
    pub command: Vec<String>,
    /// Where it was made.
    pub machine: Machine,
    /// By which program.
    pub build: Build,
    /// Of which circuits.
    pub circuits: Circuits,
    /// What was asked for.
    pub workload: Workload,
    /// What was measured, task by task, each proof verified.
    pub steps: Vec<Step>,
    /// Of stage leaf.
    pub leaf: Option<LeafFigures>,
    /// Of stage all.
    pub batch: Option<BatchFigures>,
    /// Highest resident set size of all samples in MiB.
    pub peak_rss_mb: u64,
}

/// The circuits, by digests as in the specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuits {
    /// Hash of their sources.
    pub version: String,
    /// Root of the circuit set.
    pub set_root: String,
    /// Digest of each verifier key in it.
    pub keys: BTreeMap<String, String>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The stage.
    pub stage: Stage,
    /// The traffic, as on the command line.
    pub traffic: String,
    /// Transfers follow from it.
    pub seed: u64,
    /// Accounts in the state.
    pub accounts: u32,
    /// Transfers in the batch.
    pub batch: usize,
    /// Where the batch's data goes.
    pub data: Data,
    /// Operations of a chunk at the most.
    pub chunk: usize,
    /// Chunks of the batch.
    pub chunks: usize,
    /// Threads of the prover.
    pub threads: usize,
    /// Samples of each step; of stage all, of the whole batch.
    pub runs: usize,
}

/// One kind of task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name of the task, or [`WHOLE_BATCH`].
    pub name: String,
    /// How many the batch needs.
    pub per_batch: usize,
    /// Bytes of one proof.
    pub proof_bytes: usize,
    /// Every sample, in order.
    pub samples: Vec<Sample>,
}

impl Step {
    /// Wall seconds of the samples.
    #[must_use]
    pub fn wall(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.wall_s))
    }

    /// CPU seconds of the samples.
    #[must_use]
    pub fn cpu(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.cpu_s))
    }

    /// Highest resident set size in MiB.
    #[must_use]
    pub fn peak_rss_mb(&self) -> u64 {
        self.samples.iter().map(|sample| sample.peak_rss_mb).max().unwrap_or(0)
    }
}

impl Record {
    /// The samples of a task, if it was measured.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Median seconds of a task.
    #[must_use]
    pub fn task_s(&self, task: TaskKind) -> Option<f64> {
        Some(self.step(task.name())?.wall()?.median)
    }

    /// The figure that the record is made for: transfers a second a core, of the leaf or the batch.
    #[must_use]
    pub fn transfers_per_s_per_core(&self) -> Option<Spread> {
        let batch = self.batch.map(|figures| figures.transfers_per_s_per_core);
        self.leaf.map(|figures| figures.transfers_per_s_per_core).or(batch)
    }

    /// Reads a record. Trust: none.
    ///
    /// # Errors
    /// The file cannot be read or is no record of [`SCHEMA`].
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let failed = |source| BenchError::File { path: path.to_owned(), source };
        let refuse =
            |reason: String| BenchError::Record { path: path.to_owned(), expected: SCHEMA, reason };
        let mut text = Vec::new();
        let file = Input::open(path).map_err(failed)?;
        // A device has no end.
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(refuse(format!("it has more than {} MiB", MAX_BYTES >> 20)));
        }
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            Some(schema) if schema == u64::from(SCHEMA) => {}
            Some(schema) => return Err(refuse(format!("its schema is {schema}"))),
            None => return Err(refuse("it names no schema".to_owned())),
        }
        let record: Self =
            serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
        record.check().map_err(refuse)?;
        Ok(record)
    }

    /// All records in a folder, by name. Other JSON files are left out, with the reason on stderr.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, Self)>, BenchError> {
        let error = |source| BenchError::File { path: folder.to_owned(), source };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(error)? {
            let path = entry.map_err(error)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut records = Vec::new();
        for path in paths {
            match Self::read(&path) {
                Ok(record) => records.push((path, record)),
                Err(error) => tell!("cairn-bench: left out: {error}"),
            }
        }
        Ok(records)
    }

    /// Writes a line of CSV a sample.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record([
            "stage",
            "traffic",
            "accounts",
            "batch",
            "data",
            "chunk",
            "threads",
            "step",
            "run",
            "wall_s",
            "cpu_s",
            "peak_rss_mb",
            "proof_bytes",
        ])?;
        let work = &self.workload;
        let Workload { stage, traffic, accounts, batch, data, chunk, threads, .. } = work;
        for step in &self.steps {
            for (run, sample) in step.samples.iter().enumerate() {
                let Sample { wall_s, cpu_s, peak_rss_mb } = sample;
                csv.serialize((
                    (stage, traffic, accounts, batch, data, chunk, threads),
                    (&step.name, run, wall_s, cpu_s, peak_rss_mb, step.proof_bytes),
                ))?;
            }
        }
        csv.flush()
    }

    /// What the other commands count on.
    fn check(&self) -> Result<(), String> {
        let Workload { stage, batch, chunk, threads, .. } = self.workload;
        if batch == 0 || chunk == 0 || threads == 0 {
            return Err("batch, chunk and threads are at least 1".to_owned());
        }
        if batch > MOST_TRANSFERS {
            return Err(format!("expected a batch of at most {MOST_TRANSFERS}, got {batch}"));
        }
        // Another figure would be compared with that of the stage.
        if (self.leaf.is_some() && stage != Stage::Leaf)
            || (self.batch.is_some() && stage != Stage::All)
        {
            return Err(format!("stage {stage} has no such figures"));
        }
        let is_in = |spread: Spread, range: &RangeInclusive<f64>| {
            [spread.median, spread.min, spread.max].iter().all(|value| range.contains(value))
        };
        let latency = self.batch.map(|figures| figures.latency_s);
        if self.transfers_per_s_per_core().is_some_and(|rate| !is_in(rate, RATES))
            || latency.is_some_and(|latency| !is_in(latency, SECONDS))
            || self.leaf.is_some_and(|figures| !(1..=MOST_TRANSFERS).contains(&figures.transfers))
        {
            return Err("its figures are of no measurement".to_owned());
        }
        let mut names = BTreeSet::new();
        for step in &self.steps {
            // The second would be read by nobody.
            if !names.insert(&step.name) {
                return Err(format!("step {} is there twice", step.name));
            }
            if step.samples.is_empty() {
                return Err(format!("step {} has no samples", step.name));
            }
            if !step.samples.iter().all(|sample| SECONDS.contains(&sample.wall_s)) {
                let (least, most) = (SECONDS.start(), SECONDS.end());
                let what = format!("step {} has a sample that is no time", step.name);
                return Err(format!("{what}: expected {least:e} to {most:e} s"));
            }
            if step.per_batch == 0 {
                return Err(format!("step {} is no task of the batch", step.name));
            }
        }
        Ok(())
    }
}

/// Writes a value as JSON for people.
///
/// # Errors
/// The writer's.
pub fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
