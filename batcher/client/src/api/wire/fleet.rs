//! The fleet that proves, where there is one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the fleet is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// The NATS server answers.
    pub connected: bool,
    /// All workers that were heard since the operator's start.
    pub workers: Vec<FleetWorker>,
    /// What proofs wait for.
    pub assignments: Vec<FleetAssignment>,
    /// What came of all that workers have sent.
    pub results: FleetResults,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetWorker {
    /// Its name.
    pub name: String,
    /// `working`, `draining`, `gone`, `quarantined`.
    pub standing: String,
    /// Its processor, and what the prover uses of it.
    pub machine: String,
    /// Threads that prove.
    pub threads: usize,
    /// MiB that it may take.
    pub memory_mb: u64,
    /// The queues that it takes from.
    pub queues: Vec<String>,
    /// The assignments that it is at.
    pub holds: Vec<String>,
    /// Assignments that it has done.
    pub done: u64,
    /// Assignments that it has failed.
    pub failures: u64,
    /// Seconds that all of it took.
    pub busy_s: f64,
    /// What it took for the last of each queue.
    pub took: Vec<QueueTime>,
    /// Seconds since its last sign of life.
    pub heard_s: f64,
}

/// What an assignment of a queue took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueTime {
    /// The queue.
    pub queue: String,
    /// Seconds.
    pub seconds: f64,
}

/// What a proof waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetAssignment {
    /// Its name: the batch, what it is of it, and a hash over what it proves.
    pub name: String,
    /// Where it waits.
    pub queue: String,
    /// Messages of it that nobody has claimed.
    pub offers: usize,
    /// Who is at it.
    pub holders: Vec<AssignmentHolder>,
    /// Who has failed it.
    pub failures: Vec<AssignmentFailure>,
    /// Nobody is given it any more; its work is in the folder `quarantine` of data_dir.
    pub quarantined: bool,
}

/// Who is at an assignment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentHolder {
    /// The worker.
    pub worker: String,
    /// For so many seconds.
    pub seconds: f64,
}

/// Who has failed an assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentFailure {
    /// The worker.
    pub worker: String,
    /// What it says.
    pub reason: String,
}

/// What came of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetResults {
    /// They hold, and were waited for.
    pub accepted: u64,
    /// Their assignment was done already.
    pub late: u64,
    /// Their lease has had a result.
    pub duplicate: u64,
    /// Nobody was given their lease.
    pub unheld: u64,
    /// Their proof does not hold.
    pub refused: u64,
    /// Of workers that are quarantined.
    pub quarantined: u64,
    /// Given back unfinished.
    pub returned: u64,
    /// Workers could not do it.
    pub failed: u64,
    /// Of an earlier run of the operator, and held still.
    pub kept: u64,
}
