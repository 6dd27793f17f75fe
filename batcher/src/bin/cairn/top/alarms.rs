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

/// Which values of a gauge mean something.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rings {
    Above(f64),
    Below(f64),
    /// It tells a time in seconds: one that is so long ago.
    Ago(f64),
}

impl Rings {
    fn at(self, value: f64, now_s: f64) -> bool {
        match self {
            Self::Above(limit) => value > limit,
            Self::Below(limit) => value < limit,
            Self::Ago(limit) => now_s - value > limit,
        }
    }
}

/// Gauges that rules of `deploy/monitoring/alerts.json` watch too, and what their values mean. Of one gauge the first
/// counts.
const GAUGES: [(&str, Rings, Severity, &str); 21] = {
    use Rings::{Above, Ago, Below};
    use Severity::{Critical, Warning};
    [
        (
            "cairn_l1_state_diverges",
            Above(0.0),
            Critical,
            "L1 has another state than was sealed here",
        ),
        ("cairn_frozen", Above(0.0), Critical, "the rollup is frozen on L1"),
        (
            "cairn_watcher_halted",
            Above(0.0),
            Critical,
            "the watcher has halted: L1 went back too far",
        ),
        ("cairn_l1_nodes_disagree", Above(0.0), Critical, "L1's nodes disagree"),
        ("cairn_l1_timestamp_seconds", Ago(300.0), Critical, "L1 was not read for five minutes"),
        ("cairn_role_lost", Above(0.0), Critical, "the operator's address has lost a role on L1"),
        (
            "cairn_circuit_set_accepted",
            Below(1.0),
            Critical,
            "L1 takes no proofs of these circuits",
        ),
        ("cairn_fleet_quarantined", Above(0.0), Critical, "nobody can prove an assignment"),
        (
            "cairn_priority_queue_deadline_used_ratio",
            Above(0.5),
            Critical,
            "L1's queue: half of the time is used",
        ),
        (
            "cairn_oldest_uncommitted_batch_seconds",
            Above(21_600.0),
            Critical,
            "a batch is six hours old and not committed",
        ),
        (
            "cairn_oldest_unfinal_batch_seconds",
            Above(3_600.0),
            Critical,
            "a batch is an hour old and not final",
        ),
        (
            "cairn_priority_queue_deadline_used_ratio",
            Above(0.1),
            Warning,
            "L1's queue: a tenth of the time is used",
        ),
        (
            "cairn_priority_queue_oldest_age_seconds",
            Above(7_200.0),
            Warning,
            "L1's queue: an operation waits for two hours",
        ),
        ("cairn_unproven_batches", Above(64.0), Warning, "64 batches wait for proofs on L1"),
        ("cairn_watcher_unreliable_node", Above(0.0), Warning, "L1's node contradicts itself"),
        ("cairn_l1_clock_ahead_seconds", Above(600.0), Warning, "L1's blocks are from the future"),
        (
            "cairn_l1_answered_timestamp_seconds",
            Ago(900.0),
            Warning,
            "L1 did not answer for a quarter of an hour",
        ),
        (
            "cairn_fleet_workers_quarantined",
            Above(0.0),
            Warning,
            "workers of the fleet are quarantined",
        ),
        ("cairn_replication_waits", Above(0.0), Warning, "this operator follows nobody"),
        ("cairn_replication_behind", Above(10_000.0), Warning, "this standby is far behind"),
        ("settlement_alarm", Above(0.0), Warning, "settlement"),
    ]
};

/// Alarms that are on, the worst first.
pub(super) fn alarms(status: &Status, metrics: Option<&str>, now_ms: u64) -> Vec<Alarm> {
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
        Some(text) => alarms.extend(text.lines().filter_map(|line| alarm(line, now_ms))),
        None => {
            add(Severity::Warning, "the service shows no metrics: alarms are not known".to_owned())
        }
    }
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.severity));
    alarms.dedup();
    alarms
}

/// The alarm that a line of metrics is, if it is one.
fn alarm(line: &str, now_ms: u64) -> Option<Alarm> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let value: f64 = value.parse().ok()?;
    let now_s = now_ms as f64 / 1e3;
    let (_, _, severity, text) =
        GAUGES.into_iter().find(|(gauge, rings, ..)| *gauge == name && rings.at(value, now_s))?;
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
            let text = alarm(line, 1_000_000).map(|alarm| alarm.text);
            assert_eq!(text.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_time_rings_once_it_is_long_ago() {
        let rings = |second: u64| {
            let line = format!("cairn_l1_timestamp_seconds {second}");
            alarm(&line, 1_000_300_500).is_some()
        };
        assert!(rings(1_000_000) && !rings(1_000_001) && !rings(2_000_000));
        assert!(alarm("cairn_circuit_set_accepted 0", 0).is_some());
        assert!(alarm("cairn_circuit_set_accepted 1", 0).is_none());
    }

    /// Gauges of rules that are not asked here: what the status says already, and what concerns all programs together.
    const OTHERS: [&str; 5] = [
        "up",
        "cairn_sequencer_halted",
        "cairn_sequencer_stopped",
        "cairn_paused",
        "cairn_replication_leads",
    ];

    /// The gauge of a rule that compares just one, and what it is compared with.
    fn compared(expression: &str) -> Option<(&str, Rings)> {
        let (left, limit) = expression.rsplit_once(' ')?;
        let (left, sign) = left.rsplit_once(' ')?;
        let limit: f64 = limit.parse().ok()?;
        let ago = left.strip_prefix("time() - ");
        let series = ago.unwrap_or(left);
        let start = series.rfind('(').map_or(0, |place| place + 1);
        let (taken, series) = series.split_at(start);
        let one = ["", "max(", "min(", "sum(", "max by (what) (", "max by (role) ("];
        let gauge = series.trim_end_matches(')').split('{').next()?;
        let rings = match sign {
            _ if !one.contains(&taken) => return None,
            ">" | ">=" if ago.is_some() => Rings::Ago(limit),
            ">" | ">=" => Rings::Above(limit),
            "<" => Rings::Below(limit),
            _ => return None,
        };
        Some((gauge, rings))
    }

    #[test]
    fn what_rules_watch_rings_here_too() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/monitoring/alerts.json");
        let file = std::fs::read_to_string(file).unwrap();
        let rules: serde_json::Value = serde_json::from_str(&file).unwrap();
        let groups = rules["groups"].as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
        let watched: Vec<_> =
            rules.filter_map(|rule| compared(rule["expr"].as_str().unwrap())).collect();
        assert!(watched.len() > 20, "{watched:?}");
        for (gauge, rings) in &watched {
            // A follower is a program of its own.
            if OTHERS.contains(gauge) || gauge.starts_with("cairn_follow") {
                continue;
            }
            let is_here = GAUGES.iter().any(|(name, at, ..)| name == gauge && at == rings);
            assert!(is_here, "{gauge}: {rings:?}");
        }
        for (name, ..) in GAUGES {
            assert!(watched.iter().any(|(gauge, _)| *gauge == name), "no rule watches {name}");
        }
    }
}
