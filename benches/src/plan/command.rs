//! The options of `cairn-bench plan`.

use std::path::PathBuf;

use cairn_batcher::{
    console::line,
    parse::{self, ParseError},
    proving::config::ProvingConfig,
    sequencer::SequencerConfig,
};
use cairn_prover::files::{Output, print_beside};

use super::{
    arrivals::{Arrivals, MOST_SECONDS, Profile},
    batches::Sequencer,
    chart::chart,
    proving::Sharing,
    report::{Report, Terms},
    search::{Target, Traffic},
    settlement::{Finality, L1},
};
use crate::{
    cli::positive,
    cost::{Prices, command::PriceArguments, largest_batch},
    error::BenchError,
    record::write_json,
    scale::Source,
    times::TaskTimes,
};

/// Seconds that an option takes at the most.
const DAY_S: u32 = 86_400;

/// Plans a fleet.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// Transfers: poisson:R (a second), burst:FILE (columns seconds,rate) or csv:FILE (real ones, as `run --traffic`).
    #[arg(long, value_name = "ARRIVALS")]
    arrivals: Arrivals,
    /// Seconds from submission to L1 finality, at the most.
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    slo: f64,
    /// Percent of the transfers that must be as fast.
    #[arg(long, value_name = "P", default_value = "95", value_parser = percent)]
    percentile: f64,
    /// Seconds of arrivals; a file that is shorter begins again [default: 3600 of poisson, a file once].
    #[arg(long, value_name = "S", value_parser = parse::within(1..=MOST_SECONDS))]
    seconds: Option<u32>,
    /// Divides the times of a file [default: 1].
    #[arg(long, value_name = "X", value_parser = positive)]
    speed: Option<f64>,
    /// Arrivals follow from it.
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = parse::decimal::<u64>)]
    seed: u64,
    /// Workers that are tried, at the most.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = parse::within(1..=100_000_u32))]
    max_workers: u32,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    l1: Chain,
    /// An hour of a worker [default: that of its cores].
    #[arg(long, value_name = "USD", value_parser = parse::fraction)]
    worker_usd_hour: Option<f64>,
    #[command(flatten)]
    prices: PriceArguments,
    /// Writes the plan as JSON to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes arrivals, backlog and latency over time as SVG to a file, or to stdout for -.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

/// The operator; what is not here is as in its default configuration.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Operator {
    /// Transfers a second that the sequencer takes (docs/operator.md, "How it was tried").
    #[arg(long, value_name = "R", default_value = "5000", value_parser = positive)]
    sequencer_rate: f64,
    /// Transfers of a batch, at the most [default: what L1 takes with the data where the records have it].
    #[arg(long, value_name = "N", value_parser = parse::within(1..=49_152_u32))]
    max_batch: Option<u32>,
    /// sequencer.max_time_to_finality_s: from a block to its proof on L1, which sealing aims at.
    #[arg(long, value_name = "S", default_value_t = 240, value_parser = parse::within(1..=DAY_S))]
    time_to_finality: u32,
    /// sequencer.max_batch_age_s.
    #[arg(long, value_name = "S", default_value_t = 3_600, value_parser = parse::within(1..=DAY_S / 2))]
    batch_age: u32,
    /// proving.max_batches_a_proof.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = parse::within(1..=256_u32))]
    batches_a_proof: u32,
}

/// L1.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Chain {
    /// Seconds from a transaction to its block.
    #[arg(long, value_name = "S", default_value_t = 24, value_parser = parse::within(0..=DAY_S))]
    l1_inclusion_s: u32,
    /// What L1 must say of the proof's block: 0, 576 or 960 s later.
    #[arg(long, value_enum, default_value_t)]
    finality: Finality,
    /// Seconds from that block to its finality [default: those of --finality].
    #[arg(long, value_name = "S", value_parser = parse::within(0..=DAY_S))]
    l1_finality_s: Option<u32>,
}

impl Plan {
    /// Prints the plan.
    ///
    /// # Errors
    /// Bad arrivals, no records or none with the time of a task, or [`BenchError::TooSlow`].
    pub fn run(&self) -> Result<(), BenchError> {
        let [json, svg] = Output::create_all([
            ("--json", self.json.as_deref()),
            ("--chart", self.chart.as_deref()),
        ])?;
        let is_taken = [&json, &svg].into_iter().flatten().any(Output::is_standard_output);
        let records = self.source.read()?;
        let times = TaskTimes::from_records(&records)?;
        let profile = self.profile()?;
        let terms = self.terms(&times);
        let batches = terms.sequencer.seal(&profile.arrivals, &times)?;
        let traffic = Traffic {
            profile: &profile,
            batches: &batches,
            times: &times,
            sharing: self.operator.sharing(),
            l1: self.l1.l1(),
        };
        let fleet = traffic.least(terms.target, self.max_workers as usize)?;
        let report = Report::new(&traffic, &terms, &fleet)?;
        if let Some(json) = json {
            json.write(|out| write_json(out, &report))?;
        }
        if let Some(svg) = svg {
            let chart = chart(&traffic, &fleet, &report);
            svg.write(|out| out.write_all(chart.as_bytes()))?;
        }
        let head = format!(
            "{} for {:.0} s, in chunks of {}, a worker has {} threads of {}\n\n",
            line(&report.arrivals),
            report.seconds,
            times.chunk,
            times.threads,
            line(&records[0].machine.cpu)
        );
        print_beside(head + &report.table(&terms), is_taken);
        Ok(())
    }

    fn profile(&self) -> Result<Profile, BenchError> {
        if self.speed.is_some() && matches!(self.arrivals, Arrivals::Poisson { .. }) {
            return Err(BenchError::usage("--speed is for files: give poisson another rate"));
        }
        self.arrivals.profile(self.seconds, self.speed.unwrap_or(1.0), self.seed)
    }

    fn terms(&self, times: &TaskTimes) -> Terms {
        let prices = Prices::from(self.prices);
        let cores_usd = times.threads as f64 * prices.core_hour_usd;
        Terms {
            arrivals: self.arrivals.clone(),
            target: Target { percent: self.percentile, slo_s: self.slo },
            finality: self.l1.finality,
            sequencer: self.operator.sequencer(times),
            prices,
            worker_hour_usd: self.worker_usd_hour.unwrap_or(cores_usd),
        }
    }
}

impl Operator {
    fn sequencer(self, times: &TaskTimes) -> Sequencer {
        let config = SequencerConfig {
            max_time_to_finality_s: self.time_to_finality.into(),
            max_batch_age_s: self.batch_age.into(),
            ..SequencerConfig::default()
        };
        let largest = largest_batch(times.data);
        let most = self.max_batch.map_or(largest, |most| largest.min(most as usize));
        Sequencer { config, most, capacity: self.sequencer_rate }
    }

    fn sharing(self) -> Sharing {
        let operations = ProvingConfig::default().max_operations_a_proof as usize;
        Sharing { batches: self.batches_a_proof as usize, operations }
    }
}

impl Chain {
    fn l1(self) -> L1 {
        let finality_s = self.l1_finality_s.map_or(self.finality.seconds(), f64::from);
        L1 { inclusion_s: self.l1_inclusion_s.into(), finality_s }
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = parse::fraction(text).map_err(|error: ParseError| error.to_string())?;
    if number > 0.0 && number <= 100.0 {
        return Ok(number);
    }
    Err("expected a number above 0 and at most 100".to_owned())
}
