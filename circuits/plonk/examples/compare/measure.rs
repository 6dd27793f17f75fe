//! What a piece of work costs.

use std::fs;
use std::time::Instant;

/// The cost of some work.
pub struct Cost {
    /// CPU seconds of all threads.
    pub cpu: f64,
    /// Seconds on the clock.
    pub wall: f64,
    /// The most memory that the process held meanwhile.
    pub peak_mib: usize,
}

/// Proofs that a mean is of.
const RUNS: u32 = 3;

/// Runs `work` once, and then [`RUNS`] times with a clock.
pub fn measure<T>(work: impl Fn() -> T) -> (T, Cost) {
    work();
    // Makes the peak the present use.
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let (cpu, start) = (cpu_seconds(), Instant::now());
    for _ in 1..RUNS {
        work();
    }
    let result = work();
    let wall = start.elapsed().as_secs_f64() / f64::from(RUNS);
    let cpu = (cpu_seconds() - cpu) / f64::from(RUNS);
    (result, Cost { cpu, wall, peak_mib: peak_mib() })
}

fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // Fields after the name, which may hold spaces: utime and stime are 14 and 15, in ticks of 10 ms.
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a name")..].split(' ').collect();
    let ticks = |i: usize| fields[i - 2].parse::<f64>().expect("a number");
    (ticks(14) + ticks(15)) / 100.0
}

fn peak_mib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    let kib: usize = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kib >> 10
}
