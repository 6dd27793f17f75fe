//! `cairn-bench cmp`: how much longer B takes than A.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    error::BenchError,
    record::{Record, Workload},
    sample::Spread,
};

/// Compares two records of the same work.
#[derive(Debug, Clone, clap::Args)]
pub struct Compare {
    /// The record that is compared with.
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// The record that is judged.
    #[arg(value_name = "B.json")]
    b: PathBuf,
    /// Ends with 1 if a task's median time in B is more than so many times that in A.
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    fail_above: Option<f64>,
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio > 0.0 => Ok(ratio),
        _ => Err(format!("expected a ratio above 0, got {text:?}")),
    }
}

/// One task in both records.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// The task.
    pub name: String,
    /// Wall seconds in A.
    pub a: Spread,
    /// Wall seconds in B.
    pub b: Spread,
    /// B over A: of the medians; least and greatest that single samples allow.
    pub ratio: Spread,
}

/// The tasks that both records have.
///
/// # Errors
/// The records are not of the same work, or have no task in common.
pub fn ratios(a: &Record, b: &Record) -> Result<Vec<Ratio>, BenchError> {
    for ((what, a), (_, b)) in fields(&a.workload).into_iter().zip(fields(&b.workload)) {
        if a != b {
            return Err(BenchError::Incomparable { what, a, b });
        }
    }
    let ratios: Vec<Ratio> = a
        .steps
        .iter()
        .filter_map(|step| {
            let (a, b) = (step.wall()?, b.step(&step.name)?.wall()?);
            let ratio =
                Spread { median: b.median / a.median, min: b.min / a.max, max: b.max / a.min };
            Some(Ratio { name: step.name.clone(), a, b, ratio })
        })
        .collect();
    if ratios.is_empty() {
        return Err(BenchError::usage("the records have no task in common"));
    }
    Ok(ratios)
}

/// What must be the same for a ratio to mean something.
fn fields(work: &Workload) -> [(&'static str, String); 7] {
    [
        ("stage", work.stage.to_string()),
        ("traffic", work.traffic.clone()),
        ("accounts", work.accounts.to_string()),
        ("batch", work.batch.to_string()),
        ("data", work.data.name().to_owned()),
        ("chunk", work.chunk.to_string()),
        ("threads", work.threads.to_string()),
    ]
}

impl Compare {
    /// Prints the ratios.
    ///
    /// # Errors
    /// Files that are no records, or not of the same work.
    pub fn run(&self) -> Result<ExitCode, BenchError> {
        let (a, b) = (Record::read(&self.a)?, Record::read(&self.b)?);
        let ratios = ratios(&a, &b)?;
        if a.machine != b.machine {
            eprintln!(
                "cairn-bench: note: the machines differ: {} and {}",
                a.machine.cpu, b.machine.cpu
            );
        }
        if a.circuits.set_root != b.circuits.set_root {
            eprintln!("cairn-bench: note: the circuits differ");
        }
        println!("{:<15}{:>10}{:>10}{:>8}   least .. greatest", "task", "A, s", "B, s", "B/A");
        let mut failed = false;
        for Ratio { name, a, b, ratio } in &ratios {
            let above = self.fail_above.is_some_and(|limit| ratio.median > limit);
            failed |= above;
            println!(
                "{name:<15}{:>10.3}{:>10.3}{:>8.3}   {:.3} .. {:.3}{}",
                a.median,
                b.median,
                ratio.median,
                ratio.min,
                ratio.max,
                if above { "   too slow" } else { "" }
            );
        }
        if let (Some(a), Some(b)) = (a.transfers_per_s_per_core(), b.transfers_per_s_per_core()) {
            println!(
                "\ntransfers/s/core: {:.2} and {:.2}, {:.3} times as many",
                a.median,
                b.median,
                b.median / a.median
            );
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
