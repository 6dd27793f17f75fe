//! Why more workers are not faster in proportion.
//!
//! A schedule takes no less time than its work on all workers, its critical path, and the
//! coordinator for its assignments. Where none of the three explains it, most of the time in which
//! workers wait does.

use std::fmt;

use serde::Serialize;

use crate::{sample::Second, schedule::Outcome};

/// From this efficiency on there is nothing to explain.
const GOOD: f64 = 0.9;
/// A schedule that is so much longer than a bound at the most is bound by it.
const CLOSE: f64 = 1.01;

/// Parts of the workers' time in which they wait. With the efficiency they add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Idle {
    /// While leaves are proven, all of which others have.
    pub leaves: f64,
    /// While proofs are merged and sealed.
    pub merging: f64,
    /// While no more is left than from the shrink to the SNARK.
    pub end: f64,
    /// For the coordinator.
    pub coordinator: f64,
}

/// What workers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// For nothing worth a word.
    Nothing,
    /// The coordinator, which grants no more assignments a second.
    Coordinator,
    /// The tasks of a proof that follow from each other: no number of workers is faster.
    CriticalPath,
    /// Batches: there are fewer leaves under way than workers.
    FewAssignments,
    /// Nodes and seals, ever fewer at a time.
    Merging,
    /// The SNARK, and what goes before it on one worker a proof.
    EndOfPipeline,
}

/// What a schedule cannot be shorter than.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    /// All tasks.
    pub(super) work_s: Second,
    /// Of one proof.
    pub(super) critical_path_s: Second,
    /// The coordinator, for all assignments.
    pub(super) coordinator_s: Second,
}

impl Bounds {
    /// The part of the workers' time in which they work in the best of all schedules.
    pub(super) fn efficiency(&self, workers: usize) -> f64 {
        let share_s = self.work_s / workers as f64;
        share_s / share_s.max(self.critical_path_s).max(self.coordinator_s)
    }

    /// What a schedule comes to with the coordinator: efficiency, idle time, and why.
    pub(super) fn explain(&self, outcome: &Outcome) -> (f64, Idle, Stop) {
        let &Outcome { makespan_s, efficiency, idle: [leaves, merging, end], .. } = outcome;
        // It is as if all workers waited for it in the end.
        let kept = makespan_s / makespan_s.max(self.coordinator_s);
        let (leaves, merging, end) = (leaves * kept, merging * kept, end * kept);
        let idle = Idle { leaves, merging, end, coordinator: 1.0 - kept };
        let efficiency = efficiency * kept;
        let stop = if efficiency >= GOOD {
            Stop::Nothing
        } else if self.coordinator_s >= makespan_s {
            Stop::Coordinator
        } else if makespan_s <= CLOSE * self.critical_path_s {
            Stop::CriticalPath
        } else if leaves >= merging && leaves >= end {
            Stop::FewAssignments
        } else if merging >= end {
            Stop::Merging
        } else {
            Stop::EndOfPipeline
        };
        (efficiency, idle, stop)
    }
}

impl Stop {
    /// In the table, with the part of the workers' time that it takes.
    pub(super) fn describe(self, idle: &Idle) -> String {
        let part = match self {
            Self::Nothing => return self.to_string(),
            Self::Coordinator => idle.coordinator,
            Self::CriticalPath => idle.leaves + idle.merging + idle.end,
            Self::FewAssignments => idle.leaves,
            Self::Merging => idle.merging,
            Self::EndOfPipeline => idle.end,
        };
        format!("{self}, {:.0} %", 100.0 * part)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nothing => "-",
            Self::Coordinator => "the coordinator's rate",
            Self::CriticalPath => "the critical path",
            Self::FewAssignments => "few assignments",
            Self::Merging => "merging",
            Self::EndOfPipeline => "the end of the pipeline",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(makespan_s: f64, efficiency: f64, idle: [f64; 3]) -> Outcome {
        Outcome { latency_s: makespan_s, makespan_s, efficiency, idle, critical_path_s: 10.0 }
    }

    #[test]
    fn each_reason_by_hand() {
        let bounds = Bounds { work_s: 100.0, critical_path_s: 10.0, coordinator_s: 1.0 };
        let stop =
            |makespan_s, efficiency, idle| bounds.explain(&outcome(makespan_s, efficiency, idle)).2;
        assert_eq!(stop(50.0, 0.95, [0.01, 0.01, 0.03]), Stop::Nothing);
        assert_eq!(stop(10.0, 0.5, [0.4, 0.05, 0.05]), Stop::CriticalPath);
        assert_eq!(stop(11.0, 0.5, [0.4, 0.05, 0.05]), Stop::FewAssignments);
        assert_eq!(stop(11.0, 0.5, [0.1, 0.3, 0.1]), Stop::Merging);
        assert_eq!(stop(11.0, 0.5, [0.1, 0.1, 0.3]), Stop::EndOfPipeline);
        // On ten workers the path is as long as the work; on twenty it is twice as long.
        assert_eq!([1, 10, 20].map(|n| bounds.efficiency(n)), [1.0, 1.0, 0.5]);
    }

    /// A schedule of ten seconds takes forty where the coordinator does: a quarter of all is left.
    #[test]
    fn the_coordinator_stretches_what_it_cannot_keep_up_with() {
        let bounds = Bounds { work_s: 100.0, critical_path_s: 10.0, coordinator_s: 40.0 };
        let (efficiency, idle, stop) = bounds.explain(&outcome(10.0, 1.0, [0.0; 3]));
        assert_eq!((efficiency, stop), (0.25, Stop::Coordinator));
        assert_eq!(idle, Idle { leaves: 0.0, merging: 0.0, end: 0.0, coordinator: 0.75 });
        assert_eq!(bounds.efficiency(10), 0.25);
        assert_eq!(stop.describe(&idle), "the coordinator's rate, 75 %");
    }
}
