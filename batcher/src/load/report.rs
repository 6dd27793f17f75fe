//! The figures of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{LoadOptions, follow::Fates, plan::Plan, send::Sent};

/// Milliseconds from when a transaction was due to its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half are faster.
    pub p50: f64,
    /// All but one in 20.
    pub p95: f64,
    /// All but one in 100.
    pub p99: f64,
}

/// Seconds from when a transaction was due to its proof on L1, by L1's clock; of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finality {
    /// Half are faster; none if none is proven.
    pub p50: Option<f64>,
    /// All but one in 20.
    pub p95: Option<f64>,
    /// The slowest.
    pub max: Option<f64>,
    /// How many of the sample are proven.
    pub proven: usize,
    /// How many of it are not.
    pub unproven: usize,
}

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Transactions that were due.
    pub offered: u64,
    /// Of them, acknowledged.
    pub accepted: u64,
    /// Of them, not acknowledged.
    pub refused: u64,
    /// Acknowledged, and unknown or dropped at the end. Must be zero.
    pub lost: u64,
    /// Acknowledged, and the service did not say at the end what became of them. Must be zero.
    pub unchecked: u64,
    /// Latency of acknowledgements; none without any.
    pub ack_ms: Option<Latency>,
    /// Time to the proof on L1.
    pub finality_s: Finality,
    /// From the first offer to the last answer.
    pub seconds: f64,
    /// Transfers a second as asked for.
    pub rate: u32,
    /// Transfers a second as acknowledged.
    pub accepted_rate: f64,
    /// Accounts used.
    pub accounts: u32,
    /// Refusals by their reason.
    pub refusals: BTreeMap<String, u64>,
}

impl Finality {
    pub(super) fn new(mut seconds: Vec<f64>, unproven: usize) -> Self {
        seconds.sort_unstable_by(f64::total_cmp);
        Self {
            p50: percentile(&seconds, 50),
            p95: percentile(&seconds, 95),
            max: seconds.last().copied(),
            proven: seconds.len(),
            unproven,
        }
    }
}

impl Report {
    pub(super) fn new(
        options: &LoadOptions,
        plan: &Plan,
        sent: Sent,
        Fates { lost, unchecked }: Fates,
        finality_s: Finality,
    ) -> Self {
        let offered = plan.transactions.len() as u64;
        let mut acks: Vec<f64> = sent.acks.into_iter().flatten().map(f64::from).collect();
        acks.sort_unstable_by(f64::total_cmp);
        let latency = |percent| percentile(&acks, percent);
        let ack_ms = match (latency(50), latency(95), latency(99)) {
            (Some(p50), Some(p95), Some(p99)) => Some(Latency { p50, p95, p99 }),
            _ => None,
        };
        let (accepted, seconds) = (acks.len() as u64, sent.elapsed.as_secs_f64());
        Self {
            offered,
            accepted,
            refused: offered - accepted,
            lost,
            unchecked,
            ack_ms,
            finality_s,
            seconds,
            rate: options.rate,
            accepted_rate: if seconds > 0.0 { accepted as f64 / seconds } else { 0.0 },
            accounts: options.accounts,
            refusals: sent.refusals,
        }
    }
}

/// The smallest value that is at least as large as this share of all, which are in order.
fn percentile(ordered: &[f64], percent: usize) -> Option<f64> {
    let place = (ordered.len() * percent).div_ceil(100).saturating_sub(1);
    ordered.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(50.0));
        assert_eq!(percentile(&values, 95), Some(95.0));
        assert_eq!(percentile(&values, 99), Some(99.0));
        assert_eq!(percentile(&[3.0], 99), Some(3.0));
        assert_eq!(percentile(&[], 50), None);
        let finality = Finality::new(vec![9.0, 1.0, 5.0], 2);
        assert_eq!((finality.p50, finality.max, finality.proven), (Some(5.0), Some(9.0), 3));
    }
}
