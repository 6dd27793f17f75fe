//! Arrivals, backlog and latency over time, as a picture.

use cairn_batcher::console::line;

use super::{
    report::Report,
    search::{Fleet, Traffic},
    settlement::percentile,
};
use crate::{
    report::svg::{Axis, Panel, Series, figure},
    schedule::{Nanosecond, seconds},
};

/// Points from left to right.
const POINTS: u64 = 240;

/// The chart of a plan, as the text of an SVG file.
#[must_use]
pub fn chart(traffic: &Traffic<'_>, fleet: &Fleet, report: &Report) -> String {
    let Report { arrivals, workers, percentile, .. } = report;
    let x = Axis { label: "seconds", logarithmic: false };
    let panel = |label, series| Panel { x, y: Axis { label, logarithmic: false }, series };
    let series = |name: String, points| Series { name, points };
    let steps = Steps::new(traffic, fleet);
    let (half, asked) = steps.latencies(traffic, fleet, *percentile);
    let panels = [
        panel("transfers/s", vec![series("submitted".to_owned(), steps.arrivals(traffic))]),
        panel("transfers", vec![series("not proven".to_owned(), steps.backlog(traffic, fleet))]),
        panel(
            "latency s, by submission",
            vec![series("p50".to_owned(), half), series(format!("p{percentile}"), asked)],
        ),
    ];
    figure(&format!("{} on {workers} workers", line(arrivals)), &panels)
}

/// Times from the start to the last proof, in steps of one length.
struct Steps {
    length: Nanosecond,
}

type Points = Vec<(f64, f64)>;

impl Steps {
    fn new(traffic: &Traffic<'_>, fleet: &Fleet) -> Self {
        let proven = fleet.proven.at.last().copied().unwrap_or(0);
        Self { length: proven.max(traffic.profile.duration).div_ceil(POINTS).max(1) }
    }

    /// The ends of all steps.
    fn ends(&self) -> impl Iterator<Item = Nanosecond> {
        let length = self.length;
        (1..=POINTS).map(move |step| step * length)
    }

    /// Transfers a second in each step.
    fn arrivals(&self, traffic: &Traffic<'_>) -> Points {
        let mut before = 0;
        let point = |end| {
            let count = submitted(traffic, end);
            let new = count - std::mem::replace(&mut before, count);
            (seconds(end), new as f64 / seconds(self.length))
        };
        self.ends().map(point).collect()
    }

    /// Transfers that are not proven at the end of each step.
    fn backlog(&self, traffic: &Traffic<'_>, fleet: &Fleet) -> Points {
        let point = |end| {
            let batches = fleet.proven.at.partition_point(|&at| at <= end);
            let proven =
                batches.checked_sub(1).map_or(0, |last| traffic.batches[last].transfers.end);
            (seconds(end), (submitted(traffic, end) - proven) as f64)
        };
        self.ends().map(point).collect()
    }

    /// Two percentiles of the latencies of what was submitted in each step, where something was: p50 and the other.
    fn latencies(&self, traffic: &Traffic<'_>, fleet: &Fleet, percent: f64) -> (Points, Points) {
        let mut latencies = traffic.l1.latencies(traffic.profile, traffic.batches, &fleet.proven);
        let (mut half, mut other) = (Points::new(), Points::new());
        let mut start = 0;
        for end in self.ends() {
            let stop = submitted(traffic, end);
            let these = &mut latencies[start..stop];
            if !these.is_empty() {
                half.push((seconds(end), percentile(these, 50.0)));
                other.push((seconds(end), percentile(these, percent)));
            }
            start = stop;
        }
        (half, other)
    }
}

/// Transfers that were submitted by then.
fn submitted(traffic: &Traffic<'_>, time: Nanosecond) -> usize {
    traffic.profile.arrivals.partition_point(|&arrival| arrival <= time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{
            arrivals::Profile,
            batches::Batch,
            proving::{Proven, Sharing},
            settlement::L1,
        },
        schedule::nanoseconds,
        times::TaskTimes,
    };

    /// A transfer a second for two minutes; batches of sixty, each proven two minutes after it is full. A step is a
    /// second.
    #[test]
    fn points_by_hand() {
        let at = |second: u64| second * nanoseconds(1.0);
        let profile = Profile { arrivals: (1..=120).map(at).collect(), duration: at(120) };
        let batch = |end: usize| Batch { transfers: end - 60..end, sealed: at(end as u64) };
        let traffic = Traffic {
            profile: &profile,
            batches: &[batch(60), batch(120)],
            times: &TaskTimes::from_fn(1, 100, |_| Some(1.0)),
            sharing: Sharing { batches: 1, operations: 1 },
            l1: L1 { inclusion_s: 0.0, finality_s: 10.0 },
        };
        let at_proof = vec![at(180), at(240)];
        let proven = Proven { at: at_proof, ends: vec![1, 2], at_a_time: 2, work: 0 };
        let fleet = Fleet { workers: 1, proven };
        let steps = Steps::new(&traffic, &fleet);
        let arrivals = steps.arrivals(&traffic);
        assert_eq!((arrivals.len(), arrivals[0], arrivals[119]), (240, (1.0, 1.0), (120.0, 1.0)));
        assert_eq!(arrivals[120], (121.0, 0.0));
        let backlog = steps.backlog(&traffic, &fleet);
        assert_eq!(
            [59, 119, 178, 179, 239].map(|n: usize| backlog[n].1),
            [60.0, 120.0, 120.0, 60.0, 0.0]
        );
        let (half, other) = steps.latencies(&traffic, &fleet, 95.0);
        assert_eq!((half.len(), half[0], half[119]), (120, (1.0, 189.0), (120.0, 130.0)));
        assert_eq!(half, other);
    }
}
