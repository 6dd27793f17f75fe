//! The metrics that the programs tell, as their source has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{code, promql::Use};

/// Labels that Prometheus gives, or that alarms have.
const GIVEN: [&str; 6] = ["job", "instance", "alertname", "alertstate", "severity", "quantile"];
/// Series that Prometheus makes itself.
const MADE: [&str; 2] = ["up", "ALERTS"];

#[derive(Debug, Default)]
pub(crate) struct Metric {
    is_histogram: bool,
    labels: BTreeSet<String>,
}

/// All of them, and the source, which has their labels' values.
#[derive(Debug)]
pub(crate) struct Metrics {
    by_name: BTreeMap<String, Metric>,
    source: String,
}

impl Metrics {
    /// Of operator and workers.
    pub(crate) fn read() -> Self {
        let source = code(&["batcher/src", "batcher/client/src", "prover/src", "prover/fleet/src"]);
        let mut by_name = BTreeMap::<String, Metric>::new();
        for kind in ["gauge!(", "counter!(", "histogram!("] {
            for (start, _) in source.match_indices(kind) {
                let arguments = arguments(&source[start + kind.len()..]);
                let mut texts = arguments.split('"').skip(1).step_by(2);
                let Some(name) = texts.next().filter(|_| arguments.trim_start().starts_with('"'))
                else {
                    continue;
                };
                let metric = by_name.entry(name.to_owned()).or_default();
                metric.is_histogram |= kind == "histogram!(";
                for (before, _) in arguments.match_indices("\" =>") {
                    let label = arguments[..before].rsplit('"').next().unwrap();
                    metric.labels.insert(label.to_owned());
                }
            }
        }
        assert!(by_name.len() > 50, "the source's metrics were not found: {by_name:?}");
        Self { by_name, source }
    }

    fn find(&self, name: &str) -> Option<&Metric> {
        let of_histogram = |end| {
            let metric = self.by_name.get(name.strip_suffix(end)?)?;
            metric.is_histogram.then_some(metric)
        };
        let whole = self.by_name.get(name);
        whole.or_else(|| of_histogram("_sum")).or_else(|| of_histogram("_count"))
    }

    /// That an expression names what there is. `recorded` are names of recording rules.
    pub(crate) fn check(&self, expression: &str, recorded: &[&str]) {
        let Use { metrics, matchers, grouped } = Use::of(expression);
        assert!(!metrics.is_empty(), "{expression} asks for nothing");
        let mut labels: BTreeSet<&str> = GIVEN.into();
        for name in &metrics {
            if MADE.contains(&name.as_str()) || recorded.contains(&name.as_str()) {
                continue;
            }
            let metric = self.find(name);
            let metric = metric.unwrap_or_else(|| panic!("nothing tells {name}: {expression}"));
            labels.extend(metric.labels.iter().map(String::as_str));
        }
        for label in grouped.iter().chain(matchers.iter().map(|(label, _)| label)) {
            assert!(labels.contains(label.as_str()), "there is no label {label}: {expression}");
        }
        for (label, values) in matchers.iter().filter(|(label, _)| !GIVEN.contains(&label.as_str()))
        {
            for value in values.split('|') {
                let is_there = self.source.contains(&format!("\"{value}\""));
                assert!(is_there, "{label} is never {value}: {expression}");
            }
        }
    }
}

/// What stands before the parenthesis that closes the one before `text`.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    panic!("a macro does not end: {}", &text[..text.len().min(80)]);
}

#[test]
fn what_does_not_exist_is_noticed() {
    let metrics = Metrics::read();
    let is_refused = |expression: &str| {
        std::panic::catch_unwind(|| metrics.check(expression, &["cairn:days"])).is_err()
    };
    for good in [
        "max(cairn_paused) > 0",
        "sum by (outcome) (rate(cairn_transactions_total{outcome=\"in_block\"}[5m]))",
        "cairn_block_seconds{quantile=\"0.5\"} / cairn_block_seconds_count",
        "cairn:days < 1e3",
    ] {
        assert!(!is_refused(good), "{good}");
    }
    for bad in [
        "max(cairn_pausd) > 0",
        "cairn_paused_count",
        "cairn_transactions_total{reason=\"in_block\"}",
        "cairn_transactions_total{outcome=\"in_blocks\"}",
        "sum by (queue) (cairn_paused)",
        "1 > 0",
    ] {
        assert!(is_refused(bad), "{bad}");
    }
}
