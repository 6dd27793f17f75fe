//! Records as text.

use std::fmt::Write;

use crate::{
    record::{Record, Step},
    sample::Spread,
};

/// A record as the program prints it.
#[must_use]
pub fn of_record(record: &Record) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_record(&mut out, record);
    out
}

fn write_record(out: &mut String, record: &Record) -> std::fmt::Result {
    let work = &record.workload;
    writeln!(
        out,
        "stage {}: {} transfers ({}) among {} accounts, data in {}, {} chunks of at most {}, {} threads",
        work.stage,
        work.batch,
        work.traffic,
        work.accounts,
        work.data.name(),
        work.chunks,
        work.chunk,
        work.threads
    )?;
    writeln!(out, "{}, commit {}", record.machine.cpu, record.build.commit)?;
    writeln!(out, "every proof was verified\n")?;
    writeln!(
        out,
        "{:<15}{:>5}{:>6}{:>10}{:>10}{:>10}{:>10}{:>10}{:>11}",
        "task", "runs", "batch", "median s", "min", "max", "cpu s", "peak MiB", "proof B"
    )?;
    for step in &record.steps {
        write_step(out, step)?;
    }
    writeln!(out)?;
    let mut line = |name: &str, value: String| writeln!(out, "{name:<40}{value}");
    if let Some(leaf) = &record.leaf {
        line("leaf, transfers/s/core", spread(&leaf.transfers_per_s_per_core))?;
        line("transfers in the chunk", leaf.transfers.to_string())?;
        line("rows a transfer", format!("{:.1}", leaf.rows_per_transfer))?;
        line("cells a transfer", format!("{:.0}", leaf.cells_per_transfer))?;
        if let Some(permutations) = leaf.permutations_per_transfer {
            line("permutations a transfer", format!("{permutations:.1}"))?;
        }
    }
    if let Some(batch) = &record.batch {
        line("whole batch, transfers/s/core", spread(&batch.transfers_per_s_per_core))?;
        line("whole batch, seconds", spread(&batch.latency_s))?;
    }
    line("peak memory", format!("{} MiB", record.peak_rss_mb))?;
    line("circuit set", record.circuits.set_root.clone())
}

fn write_step(out: &mut String, step: &Step) -> std::fmt::Result {
    let (Some(wall), Some(cpu)) = (step.wall(), step.cpu()) else { return Ok(()) };
    writeln!(
        out,
        "{:<15}{:>5}{:>6}{:>10.3}{:>10.3}{:>10.3}{:>10.2}{:>10}{:>11}",
        step.name,
        step.samples.len(),
        step.per_batch,
        wall.median,
        wall.min,
        wall.max,
        cpu.median,
        step.peak_rss_mb(),
        step.proof_bytes
    )
}

/// `median (min .. max)`.
#[must_use]
pub fn spread(spread: &Spread) -> String {
    format!("{:.2} ({:.2} .. {:.2})", spread.median, spread.min, spread.max)
}
