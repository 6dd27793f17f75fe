//! `cairn-bench cmp`: how much longer B takes than A.

use std::{path::PathBuf, process::ExitCode};

use cairn_batcher::{console::line, parse, tell};

use crate::{
    error::BenchError,
    machine::Machine,
    record::{Record, Step, Workload},
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
    match parse::fraction(text) {
        Ok(ratio) if ratio > 0.0 => Ok(ratio),
        _ => Err(format!("expected a ratio above 0, got {text:?}")),
    }
}

/// One task in both records.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// Wall seconds in A.
    pub a: Spread,
    /// Wall seconds in B.
    pub b: Spread,
    /// B over A: of the medians; least and greatest that single samples allow.
    pub ratio: Spread,
}

/// What two records say of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Compared {
    /// How they relate.
    Ratio(Ratio),
    /// They cannot be compared: what is missing, and where.
    Not(&'static str),
}

/// The tasks of either record by name, A's in their order before those that B alone has.
///
/// # Errors
/// The records are not of the same work, or have no task in common.
pub fn compare<'a>(a: &'a Record, b: &'a Record) -> Result<Vec<(&'a str, Compared)>, BenchError> {
    for ((what, a), (_, b)) in fields(&a.workload).into_iter().zip(fields(&b.workload)) {
        if a != b {
            return Err(BenchError::Incomparable { what, a, b });
        }
    }
    for step in &a.steps {
        let Some(other) = b.step(&step.name).filter(|other| other.per_batch != step.per_batch)
        else {
            continue;
        };
        let said = |step: &Step| format!("{} of {}", step.per_batch, step.name);
        let (a, b) = (said(step), said(other));
        return Err(BenchError::Incomparable { what: "tasks of a batch", a, b });
    }
    let of_a = a.steps.iter();
    let of_b = b.steps.iter().filter(|step| a.step(&step.name).is_none());
    let names = of_a.chain(of_b).map(|step| step.name.as_str());
    let tasks: Vec<_> =
        names.map(|name| (name, compare_task(a.step(name), b.step(name)))).collect();
    if !tasks.iter().any(|(_, compared)| matches!(compared, Compared::Ratio(_))) {
        return Err(BenchError::usage("the records have no task in common"));
    }
    Ok(tasks)
}

fn compare_task(a: Option<&Step>, b: Option<&Step>) -> Compared {
    let (Some(a), Some(b)) = (a, b) else {
        return Compared::Not(if a.is_some() { "only in A" } else { "only in B" });
    };
    let (Some(a), Some(b)) = (times(a), times(b)) else {
        return Compared::Not("a record has no time of it");
    };
    let ratio = Spread { median: b.median / a.median, min: b.min / a.max, max: b.max / a.min };
    if ratio.max.is_finite() && ratio.min > 0.0 {
        Compared::Ratio(Ratio { a, b, ratio })
    } else {
        Compared::Not("the times are too far apart")
    }
}

/// The times of a task, if all of them are: a ratio to none, or to nothing, would judge nothing.
fn times(step: &Step) -> Option<Spread> {
    step.wall().filter(|spread| spread.min > 0.0 && spread.max.is_finite())
}

/// What must be the same for a ratio to mean something.
fn fields(work: &Workload) -> [(&'static str, String); 8] {
    [
        ("stage", work.stage.to_string()),
        ("traffic", work.traffic.clone()),
        ("accounts", work.accounts.to_string()),
        ("batch", work.batch.to_string()),
        ("data", work.data.name().to_owned()),
        ("chunk", work.chunk.to_string()),
        ("chunks", work.chunks.to_string()),
        ("threads", work.threads.to_string()),
    ]
}

/// What may differ, and is said then.
fn notes(record: &Record) -> [(&'static str, String); 5] {
    let Record { machine, build, circuits, workload, .. } = record;
    let instructions = |features: &[String]| match features {
        [] => "none".to_owned(),
        _ => features.join(" "),
    };
    let Machine { cpu, cores, features, memory_mb, system } = machine;
    let features = instructions(features);
    [
        ("machine", format!("{cpu}, {cores} cores, {features}, {memory_mb} MiB, {system}")),
        ("instructions", instructions(&build.features)),
        ("circuits", circuits.set_root.clone()),
        ("seed", workload.seed.to_string()),
        ("runs", workload.runs.to_string()),
    ]
}

impl Compare {
    /// Prints the ratios. Fails where a task is too slow, and where one record alone has it or the figure that records
    /// are made for: what was not compared has not passed.
    ///
    /// # Errors
    /// Files that are no records, or not of the same work.
    pub fn run(&self) -> Result<ExitCode, BenchError> {
        let (a, b) = (Record::read(&self.a)?, Record::read(&self.b)?);
        let tasks = compare(&a, &b)?;
        for ((what, a), (_, b)) in notes(&a).into_iter().zip(notes(&b)) {
            if a != b {
                tell!("cairn-bench: note: the records differ in {what}: {a} and {b}");
            }
        }
        println!("{:<15}{:>10}{:>10}{:>8}   least .. greatest", "task", "A, s", "B, s", "B/A");
        let mut slow = false;
        let mut missing = Vec::new();
        for (name, compared) in &tasks {
            let name = line(name);
            match compared {
                Compared::Ratio(Ratio { a, b, ratio }) => {
                    let above = self.fail_above.is_some_and(|limit| ratio.median > limit);
                    slow |= above;
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
                Compared::Not(why) => {
                    println!("{name:<15}{:>28}   not compared: {why}", "");
                    missing.push(format!("{name} ({why})"));
                }
            }
        }
        match (a.transfers_per_s_per_core(), b.transfers_per_s_per_core()) {
            (Some(a), Some(b)) => println!(
                "\ntransfers/s/core: {:.2} and {:.2}, {:.3} times as many",
                a.median,
                b.median,
                b.median / a.median
            ),
            (Some(_), None) => missing.push("transfers/s/core (only in A)".to_owned()),
            (None, Some(_)) => missing.push("transfers/s/core (only in B)".to_owned()),
            (None, None) => {}
        }
        if !missing.is_empty() {
            tell!(
                "cairn-bench: not compared: {}; measure both with the same version",
                missing.join(", ")
            );
        }
        Ok(if slow || !missing.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn step(seconds: &[f64]) -> Step {
        let sample = |&wall_s: &f64| Sample { wall_s, cpu_s: 1.0, peak_rss_mb: 1 };
        let samples = seconds.iter().map(sample).collect();
        Step { name: "seal".to_owned(), per_batch: 1, proof_bytes: 1, samples }
    }

    #[test]
    fn only_times_make_a_ratio() {
        let good = step(&[1.0, 2.0, 4.0]);
        let Compared::Ratio(Ratio { ratio, .. }) = compare_task(Some(&good), Some(&step(&[3.0])))
        else {
            panic!("both have times")
        };
        assert_eq!(ratio, Spread { median: 1.5, min: 0.75, max: 3.0 });
        for bad in [
            &[][..],
            &[0.0],
            &[-0.0, 1.0],
            &[-1.0],
            &[f64::NAN],
            &[1.0, -f64::NAN],
            &[f64::INFINITY],
        ] {
            let (bad, none) = (step(bad), Compared::Not("a record has no time of it"));
            assert_eq!(compare_task(Some(&good), Some(&bad)), none, "{bad:?}");
            assert_eq!(compare_task(Some(&bad), Some(&good)), none, "{bad:?}");
        }
        let (least, most) = (step(&[1e-320]), step(&[1e300]));
        let far = Compared::Not("the times are too far apart");
        assert_eq!(compare_task(Some(&least), Some(&most)), far);
        assert_eq!(compare_task(Some(&most), Some(&least)), far);
        assert_eq!(compare_task(Some(&good), None), Compared::Not("only in A"));
        assert_eq!(compare_task(None, Some(&good)), Compared::Not("only in B"));
    }
}
