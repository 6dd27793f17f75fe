//! `cairn load`.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode, sync::Mutex, time::Duration};

use alloy::signers::local::PrivateKeySigner;
use cairn_batcher::{
    console,
    load::{self, Latency, LoadOptions, Progress, Report},
    node::dev::OPERATOR_KEY,
    parse,
    progress::Bars,
};
use cairn_prover::files::{Output, print_beside};
use eyre::{Result, WrapErr};
use indicatif::ProgressBar;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The service, as http://127.0.0.1:8650.
    #[arg(long)]
    url: String,
    /// Transfers a second.
    #[arg(long, default_value_t = 100, value_parser = parse::decimal::<u32>)]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 30, value_parser = parse::decimal::<u32>)]
    seconds: u32,
    /// Development accounts that pay and are paid.
    #[arg(long, default_value_t = 1_000, value_parser = parse::decimal::<u32>)]
    accounts: u32,
    /// Who pays whom: a CSV file with the columns timestamp,token,from,to,amount. Amounts are not taken from it.
    #[arg(long, value_name = "FILE.csv")]
    input: Option<PathBuf>,
    /// Writes the report to a file, or to standard output for -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seconds to wait afterwards for proofs on L1.
    #[arg(long, default_value_t = 600, value_parser = parse::decimal::<u64>)]
    wait: u64,
    /// WebSocket connections.
    #[arg(long, default_value_t = 8, value_parser = parse::decimal::<u32>)]
    connections: u32,
    /// Transfers of one request, at most.
    #[arg(long, default_value_t = 250, value_parser = parse::decimal::<u32>)]
    batch: u32,
    /// Funds the accounts first, by a deposit on this L1 with a development key.
    #[arg(long, value_name = "URL")]
    l1: Option<String>,
    /// Loads a service that is not on this machine.
    #[arg(long)]
    allow_remote: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let signer: PrivateKeySigner = OPERATOR_KEY.parse().wrap_err("the development key")?;
    let [json] = Output::create_all([("--json", arguments.json.as_deref())])?;
    let options = LoadOptions {
        url: arguments.url,
        rate: arguments.rate,
        seconds: arguments.seconds,
        accounts: arguments.accounts,
        input: arguments.input,
        wait: Duration::from_secs(arguments.wait),
        connections: arguments.connections,
        batch: arguments.batch,
        funding: arguments.l1.map(|url| (url, signer)),
        allow_remote: arguments.allow_remote,
    };
    let bars = LoadBars::default();
    let report = load::run(options, &bars).await?;
    bars.finish();
    let is_taken = json.as_ref().is_some_and(Output::is_standard_output);
    // First, since nobody need read the table; which is printed in any case.
    let written = json.map(|json| {
        json.write(|out| {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        })
    });
    print_beside(table(&report)?, is_taken);
    written.transpose()?;
    let is_good = (report.lost, report.unchecked) == (0, 0);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(report: &Report) -> Result<String> {
    let mut out = String::new();
    let Report { offered, accepted, refused, lost, seconds, accepted_rate, .. } = report;
    writeln!(out, "offered {offered}, accepted {accepted}, refused {refused}, lost {lost}")?;
    if report.unchecked > 0 {
        writeln!(out, "not checked, as the service does not answer: {}", report.unchecked)?;
    }
    writeln!(out, "{accepted_rate:.0} accepted a second, over {seconds:.1} s")?;
    if let Some(ack) = report.ack_ms {
        let Latency { p50, p95, p99 } = ack;
        // Of what was refused there is no time: figures with and without refusals do not compare.
        write!(out, "acknowledged in ms: p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}")?;
        writeln!(out, " ({refused} of {offered} refused)")?;
    }
    let finality = report.finality_s;
    if let (Some(p50), Some(p95), Some(max)) = (finality.p50, finality.p95, finality.max) {
        writeln!(out, "proven on L1 in s: p50 {p50:.0}, p95 {p95:.0}, max {max:.0}")?;
    }
    if finality.unproven > 0 {
        writeln!(
            out,
            "not proven yet: {} of a sample of {}",
            finality.unproven,
            finality.proven + finality.unproven
        )?;
    }
    for (reason, count) in &report.refusals {
        writeln!(out, "refused, {}: {count}", console::line(reason))?;
    }
    Ok(out)
}

/// One bar a part.
#[derive(Default)]
struct LoadBars {
    bars: Bars,
    open: Mutex<Option<(&'static str, ProgressBar)>>,
}

impl LoadBars {
    fn finish(&self) {
        if let Ok(mut open) = self.open.lock()
            && let Some((_, bar)) = open.take()
        {
            self.bars.finish(&bar);
        }
    }
}

impl Progress for LoadBars {
    fn step(&self, part: &'static str, done: u64, of: u64) {
        let is_new =
            self.open.lock().is_ok_and(|open| open.as_ref().is_none_or(|(p, _)| *p != part));
        if is_new {
            self.finish();
        }
        let Ok(mut open) = self.open.lock() else { return };
        let total = usize::try_from(of).unwrap_or(usize::MAX);
        let (_, bar) = open.get_or_insert_with(|| (part, self.bars.bar(part, total)));
        bar.set_position(done);
    }
}
