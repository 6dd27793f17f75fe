//! Wall time, CPU time and peak memory of this process, as the kernel counts them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What one stage took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Name of the stage.
    pub name: String,
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds of all threads of this process during the stage (stages that overlap share them).
    pub cpu_s: f64,
    /// Highest resident set size of the process so far, in MiB.
    pub peak_rss_mb: u64,
}

impl StageTime {
    /// Adds the times of a later part of the same stage.
    pub(crate) fn add(&mut self, later: &Self) {
        self.wall_s += later.wall_s;
        self.cpu_s += later.cpu_s;
        self.peak_rss_mb = later.peak_rss_mb;
    }
}

/// A running stage; [`Stopwatch::stop`] ends it.
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), cpu: cpu_time() }
    }

    /// The stage's times from start to now.
    #[must_use]
    pub fn stop(&self, name: &str) -> StageTime {
        StageTime {
            name: name.to_owned(),
            wall_s: self.started.elapsed().as_secs_f64(),
            cpu_s: cpu_time().saturating_sub(self.cpu).as_secs_f64(),
            peak_rss_mb: peak_rss_mb(),
        }
    }
}

/// CPU time of all threads of this process, user and system; zero where the system does not tell.
#[must_use]
pub fn cpu_time() -> Duration {
    // Fields 14 and 15 of proc(5) stat, counted after the command name, in ticks of 1/100 s.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Highest resident set size so far in MiB; zero where the system does not tell.
#[must_use]
pub fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_work_shows_as_cpu_time_and_memory() {
        let watch = Stopwatch::start();
        let mut data = vec![1u64; 8 << 20];
        while watch.stop("busy").cpu_s < 0.05 {
            for x in &mut data {
                *x = x.wrapping_mul(3);
            }
        }
        let time = watch.stop("busy");
        assert!(time.wall_s > 0.0 && time.peak_rss_mb >= 64, "{time:?} {}", data[7]);
    }
}
