//! From a proof to finality on L1, and how long that is for each transfer.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use super::{arrivals::Profile, batches::Batch, proving::Proven};
use crate::{
    sample::Second,
    schedule::{Nanosecond, nanoseconds, seconds},
};

/// What L1 must say of the block with the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Finality {
    /// It is in the chain.
    Included,
    /// It is justified: 32 to 64 slots later, by where in its epoch it stands.
    Safe,
    /// It is finalized, an epoch after that.
    #[default]
    Finalized,
}

impl Finality {
    /// Seconds after the block, on average: a slot has 12 s, an epoch 32 slots.
    #[must_use]
    pub const fn seconds(self) -> Second {
        match self {
            Self::Included => 0.0,
            Self::Safe => 48.0 * 12.0,
            Self::Finalized => 80.0 * 12.0,
        }
    }
}

impl fmt::Display for Finality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Included => "included",
            Self::Safe => "safe",
            Self::Finalized => "finalized",
        })
    }
}

/// How fast L1 is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L1 {
    /// Seconds from a transaction to its block.
    pub inclusion_s: Second,
    /// Seconds from the block to its finality.
    pub finality_s: Second,
}

impl L1 {
    /// Seconds from a proof to its finality.
    #[must_use]
    pub fn seconds(self) -> Second {
        self.inclusion_s + self.finality_s
    }

    /// The latency of each transfer, from its submission to finality. A batch is committed as soon
    /// as it is sealed, while it is proven; L1 takes a proof after the last of its batches.
    #[must_use]
    pub fn latencies(
        self,
        profile: &Profile,
        batches: &[Batch],
        proven: &Proven,
    ) -> Vec<Nanosecond> {
        let (inclusion, rest) = (nanoseconds(self.inclusion_s), nanoseconds(self.seconds()));
        let mut latencies = Vec::with_capacity(profile.arrivals.len());
        let mut start = 0;
        for &stop in &proven.ends {
            let last = stop - 1;
            let end = proven.at[last].max(batches[last].sealed + inclusion) + rest;
            for batch in &batches[start..stop] {
                let arrivals = &profile.arrivals[batch.transfers.clone()];
                latencies.extend(arrivals.iter().map(|arrival| end - arrival));
            }
            start = stop;
        }
        latencies
    }
}

/// The least latency that so many percent of all have at most, by nearest rank. Trust: there is one, and `percent` is
/// above 0 and at most 100.
#[must_use]
pub fn percentile(latencies: &mut [Nanosecond], percent: f64) -> Second {
    let rank = (latencies.len() as f64 * percent / 100.0).ceil() as usize;
    let place = rank.clamp(1, latencies.len()) - 1;
    seconds(*latencies.select_nth_unstable(place).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let of = |count: u64, percent| {
            let mut latencies: Vec<_> = (1..=count).rev().map(|n| n * 1_000_000_000).collect();
            percentile(&mut latencies, percent)
        };
        assert_eq!((of(1, 50.0), of(1, 100.0)), (1.0, 1.0));
        assert_eq!(
            [50.0, 95.0, 99.0, 100.0].map(|percent| of(100, percent)),
            [50.0, 95.0, 99.0, 100.0]
        );
        assert_eq!((of(10, 95.0), of(10, 0.1)), (10.0, 1.0));
    }

    /// Sealed at 10, proven at 20 and at 12: the second waits for its commitment.
    #[test]
    fn latencies_by_hand() {
        let at = |second: f64| nanoseconds(second);
        let profile = Profile { arrivals: vec![at(1.0), at(4.0), at(9.0)], duration: at(10.0) };
        let batch = |transfers| Batch { transfers, sealed: at(10.0) };
        let l1 = L1 { inclusion_s: 5.0, finality_s: 100.0 };
        let latencies = |batches: &[Batch], ends: &[f64]| {
            let proven = Proven {
                at: ends.iter().map(|&end| at(end)).collect(),
                ends: (1..=batches.len()).collect(),
                at_a_time: 1,
                work: 0,
            };
            l1.latencies(&profile, batches, &proven).into_iter().map(seconds).collect::<Vec<_>>()
        };
        assert_eq!(latencies(&[batch(0..3)], &[20.0]), [124.0, 121.0, 116.0]);
        assert_eq!(latencies(&[batch(0..3)], &[12.0]), [119.0, 116.0, 111.0]);
        assert_eq!(latencies(&[batch(0..1), batch(1..3)], &[20.0, 30.0]), [124.0, 131.0, 126.0]);
    }

    /// Sealed at 10 and at 18, proven together at 20: the first waits for the commitment of the
    /// second, which is there at 23.
    #[test]
    fn batches_of_one_proof_are_settled_together() {
        let at = |second: f64| nanoseconds(second);
        let profile = Profile { arrivals: vec![at(1.0), at(15.0)], duration: at(20.0) };
        let batch = |transfers, sealed| Batch { transfers, sealed: at(sealed) };
        let batches = [batch(0..1, 10.0), batch(1..2, 18.0)];
        let proven = Proven { at: vec![at(20.0); 2], ends: vec![2], at_a_time: 1, work: 0 };
        let l1 = L1 { inclusion_s: 5.0, finality_s: 100.0 };
        let latencies = l1.latencies(&profile, &batches, &proven);
        assert_eq!(latencies.into_iter().map(seconds).collect::<Vec<_>>(), [127.0, 113.0]);
    }
}
