//! A plan as JSON and as a table.

use std::fmt::{self, Write};

use cairn_batcher::fleet::config::FleetConfig;
use serde::Serialize;

use super::{
    arrivals::{Arrivals, Profile},
    batches::Sequencer,
    search::{Fleet, Target, Traffic},
    settlement::{Finality, percentile},
};
use crate::{
    cost::{Gas, Prices, command::describe},
    error::BenchError,
    sample::Second,
    schedule::{Nanosecond, nanoseconds, seconds},
};

const DAY_S: Second = 86_400.0;

/// What was asked for, besides the traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// When transfers come.
    pub arrivals: Arrivals,
    /// When they must be final.
    pub target: Target,
    /// And how.
    pub finality: Finality,
    /// Who puts them into batches.
    pub sequencer: Sequencer,
    /// Prices.
    pub prices: Prices,
    /// US dollars for an hour of a worker.
    pub worker_hour_usd: f64,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The arrivals, as on the command line.
    pub arrivals: String,
    /// How long they are looked at.
    pub seconds: Second,
    /// How many there are.
    pub transfers: usize,
    /// Of them in the busiest second.
    pub peak_per_s: usize,
    /// Transfers a second that the sequencer executes.
    pub sequencer_per_s: f64,
    /// How often the busiest second fits into that.
    pub head_room: f64,
    /// Sealed batches.
    pub batches: usize,
    /// Proofs of them.
    pub proofs: usize,
    /// Of these under way at the same time, at the most.
    pub proofs_at_a_time: usize,
    /// Transfers that were submitted and not proven, at the most.
    pub peak_backlog: usize,
    /// The least number of workers.
    pub workers: usize,
    /// Part of their time in which they work, until the last proof.
    pub utilization: f64,
    /// The seconds that were asked for.
    pub slo_s: Second,
    /// Of so many percent of all transfers.
    pub percentile: f64,
    /// What L1 must say.
    pub finality: Finality,
    /// Seconds on L1 after the proof.
    pub l1_s: Second,
    /// From submission to finality.
    pub latency_s: Latency,
    /// While the traffic goes on like this.
    pub usd_a_day: Usd,
}

/// Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Of half of all transfers, at the most.
    pub p50: Second,
    /// Of 95 %.
    pub p95: Second,
    /// Of 99 %.
    pub p99: Second,
    /// Of all.
    pub max: Second,
    /// Of as many as were asked for.
    pub asked: Second,
}

/// US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usd {
    /// Workers, whether they work or wait.
    pub workers: f64,
    /// Gas of commitments and proofs, but for the data.
    pub execution: f64,
    /// Gas of the data.
    pub data: f64,
    /// All three.
    pub total: f64,
}

impl Report {
    /// Of the least fleet.
    ///
    /// # Errors
    /// The gas snapshots lack a figure.
    pub fn new(traffic: &Traffic<'_>, terms: &Terms, fleet: &Fleet) -> Result<Self, BenchError> {
        let Traffic { profile, batches, times, l1, .. } = *traffic;
        let Fleet { workers, ref proven } = *fleet;
        let mut latencies = l1.latencies(profile, batches, proven);
        let mut of = |percent| percentile(&mut latencies, percent);
        let latency_s = Latency {
            p50: of(50.0),
            p95: of(95.0),
            p99: of(99.0),
            max: of(100.0),
            asked: of(terms.target.percent),
        };
        let proofs = proven.ends.len();
        let peak_per_s = busiest(profile, nanoseconds(1.0));
        let sizes = batches.iter().map(|batch| batch.transfers.len());
        let (execution, data) =
            Gas::measured()?.settlement_usd(sizes, proofs, times.data, &terms.prices);
        let days = seconds(profile.duration) / DAY_S;
        let workers_usd = workers as f64 * terms.worker_hour_usd * 24.0;
        let (execution, data) = (execution / days, data / days);
        let end = proven.at.last().copied().unwrap_or(0);
        Ok(Self {
            arrivals: terms.arrivals.to_string(),
            seconds: seconds(profile.duration),
            transfers: profile.arrivals.len(),
            peak_per_s,
            sequencer_per_s: terms.sequencer.capacity,
            head_room: terms.sequencer.capacity / peak_per_s as f64,
            batches: batches.len(),
            proofs,
            proofs_at_a_time: proven.at_a_time,
            peak_backlog: traffic.peak_backlog(fleet),
            workers,
            utilization: seconds(proven.work) / (workers as f64 * seconds(end)),
            slo_s: terms.target.slo_s,
            percentile: terms.target.percent,
            finality: terms.finality,
            l1_s: l1.seconds(),
            latency_s,
            usd_a_day: Usd {
                workers: workers_usd,
                execution,
                data,
                total: workers_usd + execution + data,
            },
        })
    }

    /// As people read it.
    #[must_use]
    pub fn table(&self, terms: &Terms) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out, terms);
        out
    }

    fn write(&self, out: &mut String, terms: &Terms) -> fmt::Result {
        let Latency { p50, p95, p99, max, asked } = self.latency_s;
        let Usd { workers, execution, data, total } = self.usd_a_day;
        let mut line = |name: &str, value: String| writeln!(out, "{name:<40}{value}");
        line("transfers", self.transfers.to_string())?;
        line(
            "a second, mean and in the busiest",
            format!("{:.1}, {}", self.transfers as f64 / self.seconds, self.peak_per_s),
        )?;
        line(
            "head-room of the sequencer at the peak",
            format!("{:.1} times, of {} transfers/s", self.head_room, self.sequencer_per_s),
        )?;
        let mean = self.transfers as f64 / self.batches as f64;
        line(
            "batches, transfers in one, proofs",
            format!("{}, {mean:.0}, {}", self.batches, self.proofs),
        )?;
        line("proofs at the same time, at most", self.proofs_at_a_time.to_string())?;
        let limit = FleetConfig::default().proofs;
        if self.proofs_at_a_time > limit {
            line("", format!("set fleet.proofs to it, now {limit}"))?;
        }
        line("submitted and not proven, at most", self.peak_backlog.to_string())?;
        let limit = terms.sequencer.config.max_unproven_operations;
        if self.peak_backlog as u64 > limit {
            line("", format!("set sequencer.max_unproven_operations above it, now {limit}"))?;
        }
        line("workers", format!("{}, busy {:.0} %", self.workers, 100.0 * self.utilization))?;
        line("latency, s: p50, p95, p99, max", format!("{p50:.1}, {p95:.1}, {p99:.1}, {max:.1}"))?;
        line(
            &format!("p{}, of at most {} s", self.percentile, self.slo_s),
            format!("{asked:.1}, {:.1} of it L1 ({})", self.l1_s, self.finality),
        )?;
        line("USD a day: workers", format!("{workers:.2}"))?;
        line("USD a day: L1, execution and data", format!("{execution:.2}, {data:.2}"))?;
        line("USD a day", format!("{total:.2}"))?;
        writeln!(
            out,
            "\na worker {} USD an hour; {}",
            terms.worker_hour_usd,
            describe(&terms.prices)
        )
    }
}

impl Traffic<'_> {
    /// How many transfers were submitted and not proven, at the most: just before a proof is made.
    #[must_use]
    pub fn peak_backlog(&self, fleet: &Fleet) -> usize {
        let Self { profile, batches, .. } = *self;
        let waiting = batches.iter().zip(&fleet.proven.at).map(|(batch, &at)| {
            let first = batch.transfers.start;
            profile.arrivals[first..].partition_point(|&arrival| arrival < at)
        });
        waiting.max().unwrap_or(0)
    }
}

/// The most transfers in one of the intervals from the start on.
#[must_use]
pub fn busiest(profile: &Profile, interval: Nanosecond) -> usize {
    let same = |a: &Nanosecond, b: &Nanosecond| a / interval == b / interval;
    profile.arrivals.chunk_by(same).map(<[_]>::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use cairn_batcher::sequencer::SequencerConfig;

    use super::*;
    use crate::{
        plan::{
            batches::Batch,
            proving::{Proven, Sharing},
            settlement::L1,
        },
        times::TaskTimes,
    };

    fn at(second: f64) -> Nanosecond {
        nanoseconds(second)
    }

    fn terms() -> Terms {
        let config = SequencerConfig { max_unproven_operations: 2, ..SequencerConfig::default() };
        Terms {
            arrivals: Arrivals::Poisson { rate: 1.0 },
            target: Target { percent: 50.0, slo_s: 120.0 },
            finality: Finality::Safe,
            sequencer: Sequencer { config, most: 10, capacity: 10.0 },
            prices: Prices {
                core_hour_usd: 1.0,
                gas_gwei: 1.0,
                blob_gas_gwei: 1.0,
                eth_usd: 2_000.0,
            },
            worker_hour_usd: 0.5,
        }
    }

    fn report() -> Report {
        let times = TaskTimes::from_fn(1, 100, |_| Some(1.0));
        let arrivals = [0.0, 0.5, 1.5, 9.0].map(at).to_vec();
        let profile = Profile { arrivals, duration: at(10.0) };
        let batch = |transfers, sealed| Batch { transfers, sealed: at(sealed) };
        let traffic = Traffic {
            profile: &profile,
            batches: &[batch(0..3, 2.0), batch(3..4, 11.0)],
            times: &times,
            sharing: Sharing { batches: 1, operations: 1 },
            l1: L1 { inclusion_s: 0.0, finality_s: 100.0 },
        };
        let (at_proof, work) = (vec![at(10.0), at(20.0)], at(16.0));
        let proven = Proven { at: at_proof, ends: vec![1, 2], at_a_time: 5, work };
        Report::new(&traffic, &terms(), &Fleet { workers: 3, proven }).unwrap()
    }

    #[test]
    fn a_plan_by_hand() {
        let report = report();
        assert_eq!((report.peak_per_s, report.head_room), (2, 5.0));
        // At 10 s all four were submitted and none was proven.
        assert_eq!((report.peak_backlog, report.utilization), (4, 16.0 / 60.0));
        // 110, 109.5, 108.5 and 111.
        let Latency { p50, p95, p99, max, asked } = report.latency_s;
        assert_eq!([p50, p95, p99, max, asked], [109.5, 111.0, 111.0, 111.0, 109.5]);
        let Usd { workers, data, total, execution } = report.usd_a_day;
        // A blob of 131,072 gas each, in ten seconds.
        let blobs = 2.0 * 131_072.0 * 1e-9 * 2_000.0 * 8_640.0;
        assert!((data - blobs).abs() < 1e-6, "{data}");
        assert_eq!((workers, total), (36.0, workers + execution + data));
    }

    #[test]
    fn the_table_has_every_figure() {
        let table = report().table(&terms());
        for needle in [
            "5.0 times, of 10 transfers/s",
            "2, 2, 2",
            "above it, now 2",
            "set fleet.proofs to it, now 4",
            "3, busy 27 %",
            "109.5, 111.0, 111.0, 111.0",
            "p50, of at most 120 s",
            "109.5, 100.0 of it L1 (safe)",
            "36.00",
            "gas 1 gwei",
        ] {
            assert!(table.contains(needle), "no {needle}: {table}");
        }
    }
}
