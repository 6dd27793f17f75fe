//! `cairn-bench run`: real proofs, measured.

use std::{
    path::PathBuf,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use cairn_batcher::{parse, progress::Bars};
use cairn_prover::{
    default_cache_folder,
    files::{Output, print_beside},
    memory,
};

use crate::{
    data::Data,
    error::BenchError,
    figures::{BatchFigures, LeafFigures},
    machine::{self, Build, Machine},
    record::{Record, SCHEMA, Step, WHOLE_BATCH, Workload, write_json},
    stages::{self, Batch, LARGEST_CHUNK, Prover, Stage},
    tables,
    traffic::Traffic,
    world,
};

/// Measures a stage.
#[derive(Debug, Clone, clap::Args)]
pub struct Run {
    /// What to measure: leaf, node, stream, seal, wrap or all.
    #[arg(long, default_value = "leaf")]
    stage: Stage,
    /// Operations of a chunk at the most, or max.
    #[arg(long, value_name = "N|max", default_value = "max")]
    chunk: ChunkSize,
    /// Transfers of the batch [default: two chunks for leaf and node, else one].
    #[arg(long, value_name = "N", value_parser = parse::within(1..=1_000_000_u32))]
    batch: Option<u32>,
    /// Accounts in the state.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = parse::within(1..=1_u32 << 31))]
    accounts: u32,
    /// Who pays whom: uniform, zipf:S, merchant:P or csv:FILE.
    #[arg(long, default_value = "uniform")]
    traffic: Traffic,
    /// Where the batch's data goes.
    #[arg(long, value_enum, default_value_t)]
    data: Data,
    /// Threads of the prover [default: all cores].
    #[arg(long, value_name = "T", value_parser = parse::within(1..=1_024_u16))]
    threads: Option<u16>,
    /// Samples of each step.
    #[arg(long, value_name = "R", default_value_t = 5, value_parser = parse::within(1..=u16::MAX))]
    runs: u16,
    /// Transfers follow from it.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = parse::decimal::<u64>)]
    seed: u64,
    /// Writes the record to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes a line of CSV a sample to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Refuses work that takes more memory [default: what the system has left].
    #[arg(long, value_name = "MIB", value_parser = parse::decimal::<u64>)]
    memory: Option<u64>,
}

/// Operations of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChunkSize(usize);

impl FromStr for ChunkSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self(LARGEST_CHUNK));
        }
        // A pair of short transfers is not cut.
        match parse::decimal(text) {
            Ok(operations @ 2..=LARGEST_CHUNK) => Ok(Self(operations)),
            _ => Err(format!("expected max or a number from 2 to {LARGEST_CHUNK}, got {text}")),
        }
    }
}

impl Run {
    /// Measures and prints.
    ///
    /// # Errors
    /// Bad input, too little memory, or a proof that cannot be made; then nothing is printed.
    pub fn run(&self) -> Result<(), BenchError> {
        let [json, csv] =
            Output::create_all([("--json", self.json.as_deref()), ("--csv", self.csv.as_deref())])?;
        let is_taken = [&json, &csv].into_iter().flatten().any(Output::is_standard_output);
        let record = self.measure()?;
        // First, since nobody need read the table; which is printed in any case.
        let json = json.map(|json| json.write(|out| write_json(out, &record)));
        let csv = csv.map(|csv| csv.write(|out| record.write_csv(out)));
        print_beside(tables::of_record(&record), is_taken);
        json.transpose()?;
        csv.transpose()?;
        Ok(())
    }

    fn measure(&self) -> Result<Record, BenchError> {
        let ChunkSize(chunk) = self.chunk;
        let size = self.batch_size()?;
        self.check_memory(size)?;
        let cache = self.cache.clone().map_or_else(default_cache_folder, Ok);
        let cache = cache.map_err(|error| BenchError::usage(error.to_string()))?;
        stages::check_cache(&cache)?;
        let transfers = self.traffic.transfers(size, self.accounts, self.seed)?;

        let bars = Bars::default();
        let bar = bars.bar("transfers", size);
        let job = world::batch(&transfers, self.accounts, self.seed, self.data, || bar.inc(1))?;
        bars.finish(&bar);

        let threads = self.threads.map_or_else(machine::cores, usize::from);
        let prover = Prover::load(&cache, threads, &bars)?;
        let batch = prover.batch(&job, chunk)?;

        let steps = self.steps(&batch, &bars)?;
        let whole = steps.iter().find(|step| step.name == WHOLE_BATCH);
        let leaf = match self.stage {
            Stage::Leaf => batch
                .first_chunk_shape()
                .and_then(|shape| LeafFigures::new(batch.first_chunk(), threads, &steps, shape)),
            _ => None,
        };
        Ok(Record {
            schema: SCHEMA,
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            command: std::env::args().skip(1).collect(),
            machine: Machine::this(),
            build: Build::this(),
            circuits: prover.circuits(),
            workload: Workload {
                stage: self.stage,
                traffic: self.traffic.to_string(),
                seed: self.seed,
                accounts: self.accounts,
                batch: size,
                data: self.data,
                chunk,
                chunks: batch.chunks(),
                threads,
                runs: self.runs.into(),
            },
            leaf,
            batch: whole.and_then(|whole| BatchFigures::new(size, threads, whole)),
            peak_rss_mb: steps.iter().map(Step::peak_rss_mb).max().unwrap_or(0),
            steps,
        })
    }

    /// All samples of the stage.
    fn steps(&self, batch: &Batch<'_>, bars: &Bars) -> Result<Vec<Step>, BenchError> {
        let runs = usize::from(self.runs);
        let bar = bars.bar("tasks", batch.steps(self.stage, runs));
        let mut steps = batch.measure_tasks(self.stage, runs, || bar.inc(1))?;
        bars.finish(&bar);
        if self.stage == Stage::All {
            let bar = bars.bar("whole batch", runs);
            let mut whole = Step {
                name: WHOLE_BATCH.to_owned(),
                per_batch: 1,
                proof_bytes: 0,
                samples: Vec::new(),
            };
            for _ in 0..runs {
                let (sample, proof_bytes) = batch.measure_whole()?;
                whole.samples.push(sample);
                whole.proof_bytes = proof_bytes;
                bar.inc(1);
            }
            bars.finish(&bar);
            steps.push(whole);
        }
        Ok(steps)
    }

    fn batch_size(&self) -> Result<usize, BenchError> {
        let ChunkSize(chunk) = self.chunk;
        let chunks = self.stage.least_chunks();
        let size = self.batch.map_or(chunks * chunk, |size| size as usize);
        if chunks > 1 && size <= chunk {
            return Err(BenchError::usage(format!(
                "stage {} merges two chunks: expected --batch above --chunk {chunk}, got {size}",
                self.stage
            )));
        }
        Ok(size)
    }

    fn check_memory(&self, transfers: usize) -> Result<(), BenchError> {
        let ChunkSize(chunk) = self.chunk;
        let state = u64::from(self.accounts) * world::ACCOUNT_BYTES
            + transfers as u64 * world::OPERATION_BYTES;
        let expected_mb = stages::memory_mb(self.stage, chunk) + (state >> 20);
        match self.memory.or_else(memory::available_mb) {
            Some(got_mb) if got_mb < expected_mb => Err(BenchError::Memory {
                what: format!(
                    "stage {}, chunks of {chunk} and {} accounts",
                    self.stage, self.accounts
                ),
                expected_mb,
                got_mb,
            }),
            _ => Ok(()),
        }
    }
}
