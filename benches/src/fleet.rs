//! `cairn-bench fleet`: batches on workers in processes of their own, over a local NATS server.

use std::{
    fmt::Write,
    path::PathBuf,
    slice,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cairn_batcher::{
    fleet::{
        Fleet,
        config::FleetConfig,
        local::{self, LocalFleet, Plan},
    },
    node::stop::unless_stopped,
    parse,
    progress::Bars,
    temporary::Temporary,
};
use cairn_prover::{
    BatchJob, Cancel, Engine, LocalProver, default_cache_folder,
    files::{Output, print_beside},
    measure::cpu_time,
    progress::Silent,
};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::{
    data::Data, error::BenchError, machine::Machine, record::write_json, traffic::Traffic, world,
};

/// Proves the same batches on fleets of several sizes.
#[derive(Debug, Clone, clap::Args)]
pub struct FleetRun {
    /// Workers of each fleet, each with its threads.
    #[arg(long, value_name = "N,M,..", value_delimiter = ',', default_values_t = [1, 2], value_parser = parse::within(1..=64_u16))]
    workers: Vec<u16>,
    /// Threads of a worker.
    #[arg(long, value_name = "T", default_value_t = 1, value_parser = parse::within(1..=1_024_u16))]
    threads: u16,
    /// Batches that are proven at the same time, each with a proof of its own.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse::within(1..=64_u64))]
    batches: u64,
    /// Transfers of a batch.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = parse::within(1..=1_000_000_u32))]
    batch: u32,
    /// Operations of a chunk at the most.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = parse::within(2..=8_192_u32))]
    chunk: u32,
    /// Accounts in the state.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = parse::within(2..=100_000_000_u32))]
    accounts: u32,
    /// Transfers follow from it.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = parse::decimal::<u64>)]
    seed: u64,
    /// Writes the rows as JSON to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

/// Server and workers, and the folder of what they say.
type Running = Arc<Mutex<Option<(LocalFleet, Temporary)>>>;

/// What a fleet took.
#[derive(Debug, Clone, Serialize)]
struct Row {
    workers: u16,
    /// From the batches to their proofs, with circuits that were read before.
    seconds: f64,
    /// Assignments that were done.
    assignments: u64,
    /// Seconds that workers were at them, together.
    busy_s: f64,
    /// CPU seconds of the coordinator's process meanwhile.
    coordinator_cpu_s: f64,
    /// One worker's seconds over these.
    speed_up: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
struct Rows {
    machine: Machine,
    threads: u16,
    batches: u64,
    transfers: u32,
    chunk: u32,
    rows: Vec<Row>,
}

impl FleetRun {
    /// Proves and prints.
    ///
    /// # Errors
    /// Bad input, a program that is not there, or a proof that cannot be made.
    pub fn run(&self) -> Result<(), BenchError> {
        let failed = |error: &dyn std::fmt::Display| BenchError::usage(error.to_string());
        let runtime = Runtime::new().map_err(|error| failed(&error))?;
        let (running, this) = (Running::default(), self.clone());
        let shared = running.clone();
        let work = async { tokio::task::spawn_blocking(move || this.measure_all(&shared)).await };
        match runtime.block_on(unless_stopped(work)).map_err(|error| failed(&error))? {
            Ok(done) => done.map_err(|panic| failed(&panic))?,
            Err(request) => {
                // Server and workers end with it, which would be left otherwise.
                drop(running.lock().map(|mut running| running.take()));
                std::process::exit(request.exit_code().into())
            }
        }
    }

    fn measure_all(&self, running: &Running) -> Result<(), BenchError> {
        let json = self.json.as_deref().map(|path| Output::create("--json", path)).transpose()?;
        let is_taken = json.as_ref().is_some_and(Output::is_standard_output);
        let failed = |error: &dyn std::fmt::Display| BenchError::usage(error.to_string());
        let most = self.workers.iter().copied().max().unwrap_or(1);
        local::check(most).map_err(|error| failed(&error))?;
        let cache = self.cache.clone().map_or_else(default_cache_folder, Ok);
        let cache = cache.map_err(|error| failed(&error))?;
        let bars = Bars::default();
        // Each worker reads its circuits in the first proofs, which are small and count for nothing.
        let first = self.jobs(self.seed + self.batches, most.into(), self.chunk)?;
        let jobs = self.jobs(self.seed, self.batches, self.batch)?;
        let prover = Arc::new(LocalProver::load(&cache, 1, &bars)?);
        let mut rows: Vec<Row> = Vec::new();
        for &workers in &self.workers {
            let row = self.measure(workers, &prover, &first, &jobs, running)?;
            let alone = rows.iter().find(|row| row.workers == 1).map(|row| row.seconds);
            let speed_up = alone.map(|alone| alone / row.seconds);
            rows.push(Row { speed_up, ..row });
        }
        let Self { threads, batches, batch: transfers, chunk, .. } = *self;
        let rows = Rows { machine: Machine::this(), threads, batches, transfers, chunk, rows };
        print_beside(table(&rows), is_taken);
        json.map(|json| json.write(|out| write_json(out, &rows))).transpose()?;
        Ok(())
    }

    /// Batches that have nothing in common.
    fn jobs(&self, seed: u64, count: u64, transfers: u32) -> Result<Vec<BatchJob>, BenchError> {
        let job = |seed| {
            let list = Traffic::Uniform.transfers(transfers as usize, self.accounts, seed)?;
            world::batch(&list, self.accounts, seed, Data::Blobs, || ())
        };
        (seed..seed + count).map(job).collect()
    }

    fn measure(
        &self,
        workers: u16,
        prover: &Arc<LocalProver>,
        first: &[BatchJob],
        jobs: &[BatchJob],
        running: &Running,
    ) -> Result<Row, BenchError> {
        let failed = |error: &dyn std::fmt::Display| BenchError::usage(error.to_string());
        let folder = Temporary::new("cairn-bench-fleet-").map_err(|error| failed(&error))?;
        let plan = Plan { workers, threads: self.threads.into(), cache: self.cache.clone() };
        let data = folder.path().to_owned();
        let local = LocalFleet::start(folder.path(), &plan).map_err(|error| failed(&error))?;
        let config = local.config();
        *running.lock().unwrap_or_else(PoisonError::into_inner) = Some((local, folder));
        let (chunk, fitting) = (self.chunk as usize, config.max_operations_a_chunk);
        if chunk > fitting {
            return Err(BenchError::usage(format!(
                "--chunk: expected at most {fitting}, what the memory of each of {workers} workers \
                 takes, got {chunk}"
            )));
        }
        let config = FleetConfig { max_operations_a_chunk: chunk, ..config };
        let fleet = Fleet::start(&config, Arc::clone(prover), &data);
        let fleet = fleet.map_err(|error| failed(&error))?;
        let runtime = Runtime::new().map_err(|error| failed(&error))?;
        let look = || runtime.block_on(fleet.coordinator.look());
        let started = Instant::now();
        while look().workers.iter().filter(|(_, w)| w.beat.is_some()).count() < workers.into() {
            if started.elapsed() > Duration::from_secs(120) {
                return Err(BenchError::usage("the workers do not join within 120 s"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let prove = |jobs: &[BatchJob]| {
            std::thread::scope(|scope| {
                let prove =
                    |job| fleet.engine.prove(slice::from_ref(job), &Silent, &Cancel::default());
                let proofs: Vec<_> =
                    jobs.iter().map(|job| scope.spawn(move || prove(job).map(drop))).collect();
                proofs.into_iter().try_for_each(|proof| match proof.join() {
                    Ok(proven) => proven.map_err(BenchError::from),
                    Err(panic) => std::panic::resume_unwind(panic),
                })
            })
        };
        prove(first.get(..workers.into()).unwrap_or(first))?;
        let busy = || look().workers.iter().map(|(_, w)| (w.done, w.busy)).collect::<Vec<_>>();
        let (before, cpu, started) = (busy(), cpu_time(), Instant::now());
        prove(jobs)?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_time() - cpu);
        let sum = |of: &[(u64, Duration)]| {
            let assignments: u64 = of.iter().map(|(done, _)| done).sum();
            (assignments, of.iter().map(|(_, busy)| busy.as_secs_f64()).sum::<f64>())
        };
        let (after, before) = (sum(&busy()), sum(&before));
        drop(fleet);
        drop(running.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(Row {
            workers,
            seconds,
            assignments: after.0 - before.0,
            busy_s: after.1 - before.1,
            coordinator_cpu_s: cpu.as_secs_f64(),
            speed_up: None,
        })
    }
}

fn table(rows: &Rows) -> String {
    let Rows { threads, batches, transfers, chunk, rows, .. } = rows;
    let mut text = format!(
        "{batches} batches of {transfers} transfers in chunks of {chunk}, {threads} threads a worker\n\n{:>8}{:>10}{:>13}{:>10}{:>10}{:>14}{:>12}\n",
        "workers", "seconds", "assignments", "busy s", "speed-up", "coordinator s", "of busy"
    );
    for Row { workers, seconds, assignments, busy_s, coordinator_cpu_s, speed_up } in rows {
        let speed_up = speed_up.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let part = 100.0 * coordinator_cpu_s / busy_s;
        let _ = writeln!(
            text,
            "{workers:>8}{seconds:>10.1}{assignments:>13}{busy_s:>10.1}{speed_up:>10}{coordinator_cpu_s:>14.2}{part:>10.2} %"
        );
    }
    text
}
