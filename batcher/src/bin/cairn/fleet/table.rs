//! The fleet as tables. Names and reasons are what workers say, or a server that is none of ours:
//! each stays in its line, which [`console::lines`] alone could not see to.

use std::fmt::{self, Write};

use cairn_batcher::{api::wire, console::line};
use serde::Serialize;

/// `cairn fleet ls`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Workers(pub(super) wire::Fleet);

impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire::Fleet { connected, workers, results, .. } = &self.0;
        let server = if *connected { "connected" } else { "NOT REACHABLE" };
        let [well, ill] = results_in_words(results);
        writeln!(f, "NATS      {server}")?;
        writeln!(f, "results   {well}\n          {ill}\n")?;
        write_workers(f, workers)
    }
}

/// `cairn fleet tasks`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Tasks(pub(super) wire::Fleet);

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<48} {:<12} holders", "assignment", "queue")?;
        for assignment in &self.0.assignments {
            let holders = assignment.holders.iter();
            let holders: Vec<_> =
                holders.map(|h| format!("{} for {:.0} s", line(&h.worker), h.seconds)).collect();
            let at = match (assignment.quarantined, holders.is_empty()) {
                (true, _) => "QUARANTINED".to_owned(),
                (false, true) => "waits".to_owned(),
                (false, false) => holders.join(", "),
            };
            let (name, queue) = (line(&assignment.name), line(&assignment.queue));
            write!(f, "\n{name:<48} {queue:<12} {at}")?;
            for failure in &assignment.failures {
                let (worker, reason) = (line(&failure.worker), line(&failure.reason));
                write!(f, "\n    failed by {worker}: {reason}")?;
            }
        }
        Ok(())
    }
}

/// What came of results: what is no harm, and what is looked at.
pub(crate) fn results_in_words(results: &wire::FleetResults) -> [String; 2] {
    let wire::FleetResults { accepted, late, duplicate, unheld, .. } = results;
    let wire::FleetResults { refused, quarantined, returned, failed, kept, .. } = results;
    [
        format!(
            "{accepted} accepted, {kept} kept, {late} late, {duplicate} duplicate, \
             {returned} given back, {failed} failed"
        ),
        format!(
            "{refused} REFUSED, {unheld} of what was not held, {quarantined} of quarantined workers"
        ),
    ]
}

/// The workers, a line each.
pub(crate) fn write_workers(f: &mut impl Write, workers: &[wire::FleetWorker]) -> fmt::Result {
    write!(
        f,
        "{:<20} {:<12} {:<20} {:>7} {:>7} {:>7} {:>8} {:>6} {:>7} {:>9}  at",
        "worker",
        "standing",
        "classes",
        "threads",
        "MiB",
        "done",
        "an hour",
        "failed",
        "heard",
        "took"
    )?;
    for worker in workers {
        let wire::FleetWorker { threads, memory_mb, done, failures, heard_s, .. } = worker;
        let (name, standing) = (line(&worker.name), line(&worker.standing));
        let (classes, rate) = (line(&classes(worker)), rate(worker));
        let took = worker.took.iter().map(|time| time.seconds).fold(0.0, f64::max);
        let at = worker.holds.first().map_or_else(|| "-".to_owned(), |at| line(at));
        write!(
            f,
            "\n{name:<20} {standing:<12} {classes:<20} {threads:>7} {memory_mb:>7} {done:>7} \
             {rate:>8} {failures:>6} {heard_s:>5.0} s {took:>7.1} s  {at}"
        )?;
    }
    Ok(())
}

/// The classes of a worker's queues, each once: a class's name is the first word of its queues'.
fn classes(worker: &wire::FleetWorker) -> String {
    let first = |queue: &String| queue.split('-').next().unwrap_or_default().to_owned();
    let mut classes: Vec<_> = worker.queues.iter().map(first).collect();
    classes.dedup();
    if classes.is_empty() { "-".to_owned() } else { classes.join(",") }
}

/// Assignments that a worker does in an hour of work.
fn rate(worker: &wire::FleetWorker) -> String {
    match worker.busy_s > 0.0 {
        true => format!("{:.0}", worker.done as f64 * 3_600.0 / worker.busy_s),
        false => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cairn_batcher::console::lines;

    use super::*;

    const HOSTILE: &str = "\u{1b}[2J\nx  working \u{202e}";
    const SHOWN: &str = "\\u{1b}[2J\\nx  working \\u{202e}";

    fn worker(name: &str) -> wire::FleetWorker {
        wire::FleetWorker {
            name: name.to_owned(),
            standing: "working".to_owned(),
            machine: "x86".to_owned(),
            threads: 2,
            memory_mb: 7_680,
            queues: ["wrap", "recursion", "leaf-large", "leaf-small"].map(str::to_owned).to_vec(),
            holds: Vec::new(),
            done: 30,
            failures: 1,
            busy_s: 360.0,
            took: vec![
                wire::QueueTime { queue: "wrap".to_owned(), seconds: 27.04 },
                wire::QueueTime { queue: "recursion".to_owned(), seconds: 2.0 },
            ],
            heard_s: 1.4,
        }
    }

    fn assignment(name: &str, queue: &str) -> wire::FleetAssignment {
        wire::FleetAssignment {
            name: name.to_owned(),
            queue: queue.to_owned(),
            offers: 1,
            holders: Vec::new(),
            failures: Vec::new(),
            quarantined: false,
        }
    }

    fn fleet() -> wire::Fleet {
        let holder =
            |worker: &str, seconds| wire::AssignmentHolder { worker: worker.to_owned(), seconds };
        wire::Fleet {
            connected: true,
            workers: vec![
                worker("spot-7"),
                wire::FleetWorker {
                    standing: "quarantined".to_owned(),
                    holds: vec![HOSTILE.to_owned()],
                    queues: Vec::new(),
                    busy_s: 0.0,
                    took: Vec::new(),
                    heard_s: 61.0,
                    ..worker(HOSTILE)
                },
            ],
            assignments: vec![
                assignment("b7-leaf-0-11", "leaf-small"),
                wire::FleetAssignment {
                    holders: vec![holder("spot-7", 12.6), holder(HOSTILE, 0.2)],
                    ..assignment("b7-seal-22", "recursion")
                },
                wire::FleetAssignment {
                    failures: vec![wire::AssignmentFailure {
                        worker: HOSTILE.to_owned(),
                        reason: format!("{HOSTILE}\nb9-leaf-0-00 waits"),
                    }],
                    quarantined: true,
                    ..assignment(HOSTILE, HOSTILE)
                },
            ],
            results: wire::FleetResults {
                accepted: 30,
                late: 1,
                duplicate: 2,
                unheld: 3,
                refused: 4,
                quarantined: 5,
                returned: 6,
                failed: 7,
                kept: 8,
            },
        }
    }

    /// As it is printed, without spaces that align.
    fn printed(table: &impl fmt::Display) -> Vec<String> {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        lines(&table.to_string()).lines().map(words).collect()
    }

    #[test]
    fn workers_are_a_line_each_whatever_they_are_called() {
        let shown = SHOWN.replace("  ", " ");
        assert_eq!(
            printed(&Workers(fleet())),
            [
                "NATS connected",
                "results 30 accepted, 8 kept, 1 late, 2 duplicate, 6 given back, 7 failed",
                "4 REFUSED, 3 of what was not held, 5 of quarantined workers",
                "",
                "worker standing classes threads MiB done an hour failed heard took at",
                "spot-7 working wrap,recursion,leaf 2 7680 30 300 1 1 s 27.0 s -",
                &format!("{shown} quarantined - 2 7680 30 - 1 61 s 0.0 s {shown}"),
            ]
        );
        let away = wire::Fleet { connected: false, workers: Vec::new(), ..fleet() };
        assert_eq!(printed(&Workers(away))[0], "NATS NOT REACHABLE");
    }

    #[test]
    fn columns_stand_below_their_names() {
        let table = Workers(fleet()).to_string();
        let rows: Vec<_> = table.lines().filter(|line| line.ends_with(['t', '-'])).collect();
        let [head, row] = rows[..] else { panic!("{table}") };
        for (name, value) in [("standing", "working"), ("classes", "wrap,")] {
            assert_eq!(head.find(name), row.find(value), "{table}");
        }
        for (name, value) in [("done", " 30 "), ("failed", " 1 "), ("took", "27.0 s")] {
            let end = |line: &str, text: &str| line.find(text).map(|at| at + text.len());
            let value_ends = end(row, value).map(|end| end - usize::from(value.ends_with(' ')));
            assert_eq!(end(head, name), value_ends, "{name}: {table}");
        }
    }

    #[test]
    fn assignments_are_a_line_each_with_those_who_failed_them_below() {
        let shown = SHOWN.replace("  ", " ");
        assert_eq!(
            printed(&Tasks(fleet())),
            [
                "assignment queue holders",
                "b7-leaf-0-11 leaf-small waits",
                &format!("b7-seal-22 recursion spot-7 for 13 s, {shown} for 0 s"),
                &format!("{shown} {shown} QUARANTINED"),
                &format!("failed by {shown}: {shown}\\nb9-leaf-0-00 waits"),
            ]
        );
        let nothing = wire::Fleet { assignments: Vec::new(), ..fleet() };
        assert_eq!(printed(&Tasks(nothing)), ["assignment queue holders"]);
    }

    /// The whole answer, so that a program needs one of the two.
    #[test]
    fn json_is_what_the_service_said() {
        let (workers, tasks) = (Workers(fleet()), Tasks(fleet()));
        let said = [serde_json::to_string(&workers), serde_json::to_string(&tasks)];
        for json in said.map(Result::unwrap) {
            assert!(!json.contains(['\u{1b}', '\n']), "{json}");
            assert_eq!(serde_json::from_str::<wire::Fleet>(&json).unwrap(), fleet());
        }
    }
}
