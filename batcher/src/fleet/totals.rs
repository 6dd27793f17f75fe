//! The fleet in figures that everyone may see: those of the operator's metrics.

use std::collections::HashMap;

use cairn_fleet::queue::Queue;
use serde::Serialize;

use crate::api::wire;

/// How the fleet is, in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Workers that were heard lately and are believed.
    pub believed: u64,
    /// Workers that were heard lately and are not.
    pub quarantined: u64,
    /// All queues, the end of the pipeline last.
    pub queues: Vec<QueueTotals>,
    /// What came of all that workers have sent.
    pub results: wire::FleetResults,
}

/// A queue, in assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueTotals {
    /// The queue.
    pub queue: Queue,
    /// What proofs wait for, held or not.
    pub owed: u64,
    /// By how many workers they are held: several, where a straggler is helped.
    pub held: u64,
    /// What nobody is given any more.
    pub quarantined: u64,
}

impl Totals {
    /// From metrics as text; none where the service has no fleet. Whatever else is in there is
    /// passed over, and what is no figure counts as 0.
    #[must_use]
    pub fn from_metrics(text: &str) -> Option<Self> {
        let figures: HashMap<&str, u64> = text
            .lines()
            .filter_map(|line| line.strip_prefix("cairn_fleet_")?.rsplit_once(' '))
            // Gauges are written as numbers with a fraction.
            .map(|(name, figure)| (name, figure.parse::<f64>().unwrap_or_default() as u64))
            .collect();
        let figure = |name: &str| figures.get(name).copied().unwrap_or_default();
        let of_queue = |queue: Queue| {
            let figure = |name| figure(&format!("{name}{{queue=\"{queue}\"}}"));
            let [owed, held, quarantined] = ["owed", "held", "quarantined"].map(figure);
            QueueTotals { queue, owed, held, quarantined }
        };
        let results = |outcome| figure(&format!("results_total{{outcome=\"{outcome}\"}}"));
        figures.contains_key("workers").then(|| Self {
            believed: figure("workers"),
            quarantined: figure("workers_quarantined"),
            queues: Queue::ALL.map(of_queue).to_vec(),
            results: wire::FleetResults {
                accepted: results("accepted"),
                late: results("late"),
                duplicate: results("duplicate"),
                unheld: results("unheld"),
                refused: results("refused"),
                quarantined: results("quarantined"),
                returned: results("returned"),
                failed: results("failed"),
                kept: results("kept"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_all_else_is_passed_over() {
        let text = "# TYPE cairn_fleet_owed gauge\n\
            cairn_fleet_owed{queue=\"leaf-small\"} 7\n\
            cairn_fleet_held{queue=\"leaf-small\"} 3.0\n\
            cairn_fleet_quarantined{queue=\"wrap\"} 1\n\
            cairn_fleet_owed{queue=\"\u{1b}[2J\"} 9\n\
            cairn_fleet_workers 2\n\
            cairn_fleet_workers_quarantined NaN\n\
            cairn_fleet_results_total{outcome=\"failed\"} 4\n\
            cairn_fleet_results_total{outcome=\"accepted\"} -1\n\
            cairn_fleet_ \ncairn_fleet_held\n\
            cairn_blocks_total 5\n";
        let totals = Totals::from_metrics(text).unwrap();
        assert_eq!((totals.believed, totals.quarantined), (2, 0));
        assert_eq!((totals.results.failed, totals.results.accepted), (4, 0));
        let of = |queue: Queue| *totals.queues.iter().find(|of| of.queue == queue).unwrap();
        let small = QueueTotals { queue: Queue::LeafSmall, owed: 7, held: 3, quarantined: 0 };
        assert_eq!((of(Queue::LeafSmall), of(Queue::Wrap).quarantined), (small, 1));
        assert_eq!(totals.queues.len(), Queue::ALL.len());
        let json = serde_json::to_value(&totals).unwrap();
        assert_eq!(json["queues"][0]["queue"], "leaf-small");
        assert_eq!(json["results"]["failed"], 4);
    }

    #[test]
    fn a_service_without_a_fleet_has_none() {
        for text in ["", "cairn_blocks_total 5\n", "# TYPE cairn_fleet_workers gauge\n"] {
            assert_eq!(Totals::from_metrics(text), None);
        }
    }
}
