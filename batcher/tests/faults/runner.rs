//! Runs scenarios one after the other, and counts.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::Pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::json;
use tokio::runtime::Runtime;

/// What a scenario has seen: how many of what.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

type Running = Pin<Box<dyn Future<Output = Counts>>>;

/// Longer than any scenario takes.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Which runs have a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// All.
    Smoke,
    /// Those with `--full`.
    Full,
}

/// Something that goes wrong, and what must come out.
pub(crate) struct Scenario {
    name: &'static str,
    tier: Tier,
    expected: &'static str,
    run: Box<dyn Fn() -> Running>,
}

pub(crate) fn scenario<F>(
    name: &'static str,
    tier: Tier,
    expected: &'static str,
    run: impl Fn() -> F + 'static,
) -> Scenario
where
    F: Future<Output = Counts> + 'static,
{
    Scenario { name, tier, expected, run: Box::new(move || Box::pin(run())) }
}

/// Those of `cargo test` that mean nothing here are taken and do nothing.
#[derive(Parser)]
struct Options {
    /// Also the scenarios that take long.
    #[arg(long, alias = "include-ignored")]
    full: bool,
    /// Writes names, results and counts to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Lists the scenarios.
    #[arg(long)]
    list: bool,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    skip: Vec<String>,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true)]
    test_threads: Option<usize>,
    /// Only those whose name contains one of these.
    names: Vec<String>,
}

impl Options {
    fn takes(&self, scenario: &Scenario) -> bool {
        let fits = |name: &String| match self.exact {
            true => scenario.name == name,
            false => scenario.name.contains(name.as_str()),
        };
        let named = self.names.is_empty() || self.names.iter().any(fits);
        let named = named && !self.skip.iter().any(fits);
        let tier = match scenario.tier {
            Tier::Smoke => !self.ignored,
            Tier::Full => self.full || self.ignored,
        };
        named && tier
    }
}

/// The counts, or why there are none: a panic, or it takes too long.
fn until_done(runtime: &Runtime, running: Running) -> Result<Counts, String> {
    let in_time = || runtime.block_on(async { tokio::time::timeout(LIMIT, running).await });
    match catch_unwind(AssertUnwindSafe(in_time)) {
        Ok(Ok(counts)) => Ok(counts),
        Ok(Err(_)) => Err(format!("not done after {} s", LIMIT.as_secs())),
        Err(_) => Err("it panicked, as said above".to_owned()),
    }
}

pub(crate) fn run(scenarios: Vec<Scenario>) -> ExitCode {
    let options = Options::parse();
    let chosen: Vec<_> = scenarios.iter().filter(|scenario| options.takes(scenario)).collect();
    if options.list {
        chosen.iter().for_each(|scenario| println!("{}: test", scenario.name));
        return ExitCode::SUCCESS;
    }
    let runtime = Runtime::new().expect("a runtime");
    println!("\nrunning {} scenarios", chosen.len());
    let (mut results, mut failed) = (Vec::new(), 0);
    for Scenario { name, expected, run, .. } in chosen {
        println!("{name}: {expected}");
        let started = Instant::now();
        let outcome = until_done(&runtime, run());
        let seconds = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(counts) => {
                let counts: Vec<_> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
                println!("{name} ... ok, {seconds:.1} s: {}", counts.join(", "));
            }
            Err(reason) => {
                failed += 1;
                println!("{name} ... FAILED, {seconds:.1} s: {reason}");
            }
        }
        results.push(json!({
            "name": name, "expected": expected, "passed": outcome.is_ok(), "seconds": seconds,
            "counts": outcome.unwrap_or_default(),
        }));
    }
    let passed = results.len() - failed;
    println!("\nfaults: {passed} passed, {failed} failed");
    if let Some(path) = &options.json {
        let report = json!({ "passed": passed, "failed": failed, "scenarios": results });
        if let Err(error) = std::fs::write(path, format!("{report:#}\n")) {
            eprintln!("faults: --json {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
