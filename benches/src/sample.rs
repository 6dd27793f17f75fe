//! One measurement, and what many of them come to.

use cairn_prover::measure::Stopwatch;
use serde::{Deserialize, Serialize};

/// Seconds.
pub type Second = f64;

/// One measured piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Wall time.
    pub wall_s: Second,
    /// CPU time of all threads of the process, user and system, in steps of 10 ms.
    pub cpu_s: Second,
    /// Highest resident set size during the work in MiB; since the start of the process where the kernel cannot reset it.
    pub peak_rss_mb: u64,
}

/// Median, minimum and maximum of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The middle value; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Sample {
    /// Does some work and measures it.
    ///
    /// # Errors
    /// The work's: what failed is not measured.
    pub fn of<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Self), E> {
        reset_peak_rss();
        let watch = Stopwatch::start();
        let result = work()?;
        let time = watch.stop("");
        Ok((result, Self { wall_s: time.wall_s, cpu_s: time.cpu_s, peak_rss_mb: time.peak_rss_mb }))
    }
}

impl Spread {
    /// Of the values; `None` if there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, min, max })
    }
}

/// Starts the count of the highest resident set size anew (proc(5), clear_refs).
fn reset_peak_rss() {
    // Where the system has no such file the peak is that of the whole process; METHODOLOGY.md says so.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn medians_by_hand() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, min: 3.0, max: 3.0 }));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]).map(|s| s.median), Some(3.0));
    }

    #[test]
    fn only_work_that_succeeds_has_a_sample() {
        let allocate = |mebibytes: usize| {
            Sample::of(|| Ok::<_, ()>(black_box(vec![1u8; mebibytes << 20]).len())).unwrap().1
        };
        let (large, small) = (allocate(96), allocate(1));
        assert!(large.wall_s > 0.0);
        assert!(large.peak_rss_mb > small.peak_rss_mb + 50, "{large:?} {small:?}");
        assert_eq!(Sample::of(|| Err::<(), _>("not verified")), Err("not verified"));
    }
}
