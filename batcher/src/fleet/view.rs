//! The fleet in the API's words.

use cairn_fleet::{
    coordinator::{Fleet, Outcomes},
    ledger::{Standing, View, Worker},
    message::WorkerId,
};

use crate::api::wire;

/// How a fleet is.
#[must_use]
pub fn fleet(fleet: Fleet) -> wire::Fleet {
    let now_s = fleet.now_s;
    let workers = fleet.workers.into_iter().map(|(id, worker)| of_worker(&id, &worker, now_s));
    let assignments = fleet.assignments.into_iter().map(|view| of_assignment(view, now_s));
    wire::Fleet {
        connected: fleet.is_connected,
        workers: workers.collect(),
        assignments: assignments.collect(),
        results: of_outcomes(fleet.outcomes),
    }
}

fn of_worker(id: &WorkerId, worker: &Worker, now_s: f64) -> wire::FleetWorker {
    let beat = worker.beat.as_ref();
    let standing = match worker.standing {
        Standing::Quarantined => "quarantined",
        Standing::Good if !worker.is_there => "gone",
        Standing::Good if beat.is_some_and(|beat| beat.is_draining) => "draining",
        Standing::Good => "working",
    };
    let queues = beat.map(|beat| beat.queues.iter().map(ToString::to_string).collect());
    let took = worker.took.iter().map(|(queue, took)| wire::QueueTime {
        queue: queue.to_string(),
        seconds: took.as_secs_f64(),
    });
    wire::FleetWorker {
        name: id.to_string(),
        standing: standing.to_owned(),
        machine: beat.map(|beat| beat.machine.clone()).unwrap_or_default(),
        threads: beat.map_or(0, |beat| beat.threads),
        memory_mb: beat.map_or(0, |beat| beat.memory_mb),
        queues: queues.unwrap_or_default(),
        holds: worker.holds().map(ToString::to_string).collect(),
        done: worker.done,
        failures: worker.failures,
        busy_s: worker.busy.as_secs_f64(),
        took: took.collect(),
        heard_s: (now_s - worker.heard.as_secs_f64()).max(0.0),
    }
}

fn of_assignment(view: View, now_s: f64) -> wire::FleetAssignment {
    let holders = view.holders.iter().map(|(worker, since)| wire::AssignmentHolder {
        worker: worker.to_string(),
        seconds: (now_s - since.as_secs_f64()).max(0.0),
    });
    let failures = view
        .failures
        .into_iter()
        .map(|(worker, reason)| wire::AssignmentFailure { worker: worker.to_string(), reason });
    wire::FleetAssignment {
        name: view.id.to_string(),
        queue: view.queue.to_string(),
        offers: view.offers,
        holders: holders.collect(),
        failures: failures.collect(),
        quarantined: view.is_quarantined,
    }
}

fn of_outcomes(outcomes: Outcomes) -> wire::FleetResults {
    let Outcomes { accepted, late, duplicate, unheld, refused, .. } = outcomes;
    let Outcomes { quarantined, returned, failed, kept, .. } = outcomes;
    wire::FleetResults {
        accepted,
        late,
        duplicate,
        unheld,
        refused,
        quarantined,
        returned,
        failed,
        kept,
    }
}
