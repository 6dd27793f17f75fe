//! What a person must look at, of what the service says and of its metrics: those that rules of a monitor watch.

use crate::status::Status;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Somebody should know.
    Warning,
    /// Money or liveness is at stake.
    Critical,
}

/// Something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) severity: Severity,
    pub(super) text: String,
}

/// Gauges, the value from which on they mean something, and what.
const GAUGES: [(&str, f64, Severity, &str); 13] = {
    use Severity::{Critical, Warning};
    [
        ("cairn_l1_state_diverges", 1.0, Critical, "L1 has another state than was sealed here"),
        ("cairn_frozen", 1.0, Critical, "the rollup is frozen on L1"),
        ("cairn_watcher_halted", 1.0, Critical, "the watcher has halted: L1 went back too far"),
        ("cairn_l1_nodes_disagree", 1.0, Critical, "L1's nodes disagree"),
        ("cairn_role_lost", 1.0, Critical, "the operator's address has lost a role on L1"),
        (
            "cairn_priority_queue_deadline_used_ratio",
            0.5,
            Critical,
            "L1's queue: half of the time is used",
        ),
        (
            "cairn_oldest_uncommitted_batch_seconds",
            21_600.0,
            Critical,
            "a batch is six hours old and not committed",
        ),
        (
            "cairn_priority_queue_deadline_used_ratio",
            0.1,
            Warning,
            "L1's queue: a tenth of the time is used",
        ),
        ("cairn_watcher_unreliable_node", 1.0, Warning, "L1's node contradicts itself"),
        ("cairn_l1_clock_ahead_seconds", 3_600.0, Warning, "L1's blocks are from the future"),
        ("cairn_fleet_workers_quarantined", 1.0, Warning, "workers of the fleet are quarantined"),
        ("cairn_settlement_alarm", 1.0, Warning, "settlement"),
        ("settlement_alarm", 1.0, Warning, "settlement"),
    ]
};

/// Alarms that are on, the worst first.
pub(super) fn alarms(status: &Status, metrics: Option<&str>) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut add = |severity, text: String| alarms.push(Alarm { severity, text });
    if let Some(reason) = &status.head.halted {
        add(Severity::Critical, format!("halted: {reason}"));
    }
    if status.head.l1_paused {
        add(Severity::Critical, "the contracts are paused: L1 takes nothing".to_owned());
    }
    if let Some(reason) = &status.lag.throttled {
        add(Severity::Warning, format!("intake is slowed down: {reason}"));
    }
    match metrics {
        Some(text) => text.lines().filter_map(alarm).for_each(|alarm| alarms.push(alarm)),
        None => {
            add(Severity::Warning, "the service shows no metrics: alarms are not known".to_owned())
        }
    }
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.severity));
    alarms.dedup();
    alarms
}

/// The alarm that a line of metrics is, if it is one.
fn alarm(line: &str) -> Option<Alarm> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let value: f64 = value.parse().ok()?;
    let (_, _, severity, text) =
        GAUGES.into_iter().find(|(gauge, from, ..)| *gauge == name && value >= *from)?;
    let label = labels.split('"').nth(1).map_or_else(String::new, |label| format!(": {label}"));
    Some(Alarm { severity, text: format!("{text}{label}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_ring_from_their_value_on() {
        for (line, expected) in [
            ("cairn_frozen 1", Some("the rollup is frozen on L1")),
            ("cairn_frozen 0", None),
            ("cairn_frozen NaN", None),
            (
                "cairn_role_lost{role=\"prover\"} 1",
                Some("the operator's address has lost a role on L1: prover"),
            ),
            ("settlement_alarm{what=\"balance\"} 1", Some("settlement: balance")),
            (
                "cairn_priority_queue_deadline_used_ratio 0.6",
                Some("L1's queue: half of the time is used"),
            ),
            (
                "cairn_priority_queue_deadline_used_ratio 0.2",
                Some("L1's queue: a tenth of the time is used"),
            ),
            ("cairn_priority_queue_deadline_used_ratio 0.02", None),
            ("# TYPE cairn_frozen gauge", None),
            ("cairn_frozen_total 5", None),
            ("", None),
            ("{ 1", None),
        ] {
            assert_eq!(alarm(line).map(|alarm| alarm.text).as_deref(), expected, "{line}");
        }
    }
}
