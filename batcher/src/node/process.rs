//! The process's own metrics, by the names that Prometheus' client libraries give them.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cairn_prover::measure::cpu_time;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::signals::Shutdown;

/// How often they are read.
const INTERVAL: Duration = Duration::from_secs(5);

/// Keeps them up to date until shutdown.
pub(super) async fn run(
    recorder: Option<PrometheusHandle>,
    mut shutdown: Shutdown,
) -> Result<(), Infallible> {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!("process_start_time_seconds").set(started.as_secs_f64());
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            _ = tick.tick() => {}
        }
        counter!("process_cpu_seconds_total").absolute(cpu_time().as_secs());
        if let Some(bytes) = resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        // Histograms hold what was recorded since the last time.
        if let Some(recorder) = &recorder {
            recorder.run_upkeep();
        }
    }
}

/// Memory that is in use now; none where the system does not tell.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
