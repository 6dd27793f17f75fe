//! What the coordinator owes to those who wait for proofs: which assignments are out, who holds
//! them, who has failed them. It knows no network and no clock, and is told both, so that the same
//! rules run against NATS, in tests and in simulations.
//!
//! ```text
//! add -> waiting -> offered -> claimed (a lease for each worker) -> done
//!            ^          | lost     | returned, failed, refused
//!            +----------+----------+-> quarantined -> retry
//! ```

mod ahead;
mod leases;
mod line;
mod offers;
mod pace;
mod presence;
mod quarantine;
mod settings;
#[cfg(test)]
mod tests;
mod workers;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cairn_prover::claim::AssignmentId;
use serde::{Deserialize, Serialize};

use self::{line::Line, pace::Kept};
pub use self::{
    quarantine::Quarantine,
    settings::Settings,
    workers::{Standing, Worker},
};
use crate::{
    message::{Lease, WorkerId},
    queue::Queue,
    recent::Recent,
};

/// Leases that have ended and are known still.
const REMEMBERED: usize = 10_000;

/// Since the coordinator's start.
pub type Time = Duration;

/// What comes first among assignments of a queue: the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority {
    /// The proof that it is part of: older ones first.
    pub proof: u64,
    /// Of one proof, the longest way to the SNARK first, in assignments.
    pub way: Reverse<usize>,
    /// Then the order of the graph.
    pub place: usize,
}

/// An assignment that somebody waits for.
#[derive(Debug, Clone)]
struct Entry {
    queue: Queue,
    priority: Priority,
    /// Messages that nobody has claimed yet.
    offers: usize,
    /// Who has claimed it and may finish it.
    leases: BTreeMap<Lease, Holder>,
    /// Who has failed it, and how.
    failures: BTreeMap<WorkerId, String>,
    /// How often each has had it, and nothing came of it.
    returns: BTreeMap<WorkerId, u32>,
    last_failure: Time,
    is_quarantined: bool,
    /// Nobody has claimed it, as it waits for somebody faster.
    kept: Option<Kept>,
}

#[derive(Debug, Clone)]
struct Holder {
    worker: WorkerId,
    since: Time,
    /// When it last said that it is at it, or was given it.
    said: Time,
    /// It is not counted on any more; its result would be as good as another.
    is_lost: bool,
}

impl Entry {
    /// Those who are counted on.
    fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.leases.values().filter(|holder| !holder.is_lost)
    }

    fn is_out(&self) -> bool {
        self.offers > 0 || self.holders().next().is_some()
    }
}

/// A message to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The assignment.
    pub id: AssignmentId,
    /// Its queue.
    pub queue: Queue,
}

/// Why a worker may not have what it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// Nobody wants it any more.
    Over,
    /// It is for somebody else: this worker has failed it, or has it already.
    Others,
    /// It is kept for a faster one: this worker is told where that does not come.
    Later,
    /// The worker is not believed.
    Quarantined,
}

/// What a result that came in may count as, before its proof is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Of an assignment that is owed.
    Owed(AssignmentId),
    /// Of one that is done.
    Late,
    /// This worker was not given this lease.
    Unknown,
    /// Of a worker whose proofs have failed.
    Quarantined,
}

/// How an assignment stands, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its name.
    pub id: AssignmentId,
    /// Its queue.
    pub queue: Queue,
    /// Who holds it, and since when.
    pub holders: Vec<(WorkerId, Time)>,
    /// Messages that nobody has claimed yet.
    pub offers: usize,
    /// Who has failed it, and how.
    pub failures: BTreeMap<WorkerId, String>,
    /// Nobody is given it any more.
    pub is_quarantined: bool,
}

/// All that is owed.
#[derive(Debug)]
pub struct Ledger {
    settings: Settings,
    entries: BTreeMap<AssignmentId, Entry>,
    lines: BTreeMap<Queue, Line>,
    leases: HashMap<Lease, AssignmentId>,
    /// Of what is done, or was lost too often to be known longer.
    done: Recent<Lease>,
    workers: BTreeMap<WorkerId, Worker>,
    times: BTreeMap<Queue, workers::Times>,
    /// What is quarantined, owed or not, with who has failed it.
    stuck: BTreeMap<AssignmentId, BTreeMap<WorkerId, String>>,
    quarantine_changes: u64,
}

impl Ledger {
    /// Nothing is owed, and nobody works.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            entries: BTreeMap::new(),
            lines: BTreeMap::new(),
            leases: HashMap::new(),
            done: Recent::new(REMEMBERED),
            workers: BTreeMap::new(),
            times: BTreeMap::new(),
            stuck: BTreeMap::new(),
            quarantine_changes: 0,
        }
    }

    /// Owes an assignment, once however often it is added; of those who want it, the most urgent
    /// counts.
    pub fn add(&mut self, id: AssignmentId, queue: Queue, priority: Priority) {
        let before = self.stuck.get(&id);
        let entry = self.entries.entry(id.clone()).or_insert_with(|| Entry {
            queue,
            priority,
            offers: 0,
            leases: BTreeMap::new(),
            failures: before.cloned().unwrap_or_default(),
            returns: BTreeMap::new(),
            last_failure: Time::ZERO,
            is_quarantined: before.is_some(),
            kept: None,
        });
        let (queue, before) = (entry.queue, entry.priority);
        entry.priority = before.min(priority);
        self.line(queue).forget(before, &id);
        self.settle(&id);
    }

    /// Owes it no more: it is done, or nobody waits for it. Says whether it was owed.
    pub fn remove(&mut self, id: &AssignmentId) -> bool {
        let Some(entry) = self.entries.remove(id) else { return false };
        let line = self.line(entry.queue);
        line.forget(entry.priority, id);
        line.offers -= entry.offers;
        for (lease, holder) in entry.leases {
            if let Some(worker) = self.workers.get_mut(&holder.worker) {
                worker.let_go(id);
            }
            self.leases.remove(&lease);
            self.done.insert(lease);
        }
        true
    }

    /// Whether it is owed.
    #[must_use]
    pub fn is_owed(&self, id: &AssignmentId) -> bool {
        self.entries.contains_key(id)
    }

    /// Those who hold an assignment, also those who are not counted on.
    #[must_use]
    pub fn holders(&self, id: &AssignmentId) -> Vec<(WorkerId, Lease)> {
        let leases = self.entries.get(id).into_iter().flat_map(|entry| &entry.leases);
        leases.map(|(lease, holder)| (holder.worker.clone(), lease.clone())).collect()
    }

    /// Those who hold what a lease is for, but for its own worker.
    #[must_use]
    pub fn others(&self, lease: &Lease) -> Vec<(WorkerId, Lease)> {
        let holders = self.leases.get(lease).map(|id| self.holders(id)).unwrap_or_default();
        holders.into_iter().filter(|(_, other)| other != lease).collect()
    }

    /// Gives a worker, or an assignment, another chance. Says whether there was one to give.
    pub fn retry(&mut self, name: &str) -> bool {
        let worker = self.workers.iter_mut().find(|(id, _)| id.as_str() == name);
        if let Some((id, worker)) = worker.filter(|(_, w)| w.standing == Standing::Quarantined) {
            worker.standing = Standing::Good;
            self.quarantine_changes += 1;
            for entry in self.entries.values_mut() {
                entry.failures.remove(id);
                entry.returns.remove(id);
            }
            return true;
        }
        let was_stuck = self.open(name);
        let entry = self.entries.iter_mut().find(|(id, _)| id.as_str() == name);
        let Some((id, entry)) = entry else { return was_stuck };
        if !entry.is_quarantined && entry.failures.is_empty() {
            return false;
        }
        entry.is_quarantined = false;
        entry.failures.clear();
        entry.returns.clear();
        let id = id.clone();
        self.settle(&id);
        true
    }

    /// What is owed, in the order of names.
    pub fn views(&self) -> impl Iterator<Item = View> {
        self.entries.iter().map(|(id, entry)| {
            let holders = entry.holders().map(|holder| (holder.worker.clone(), holder.since));
            View {
                id: id.clone(),
                queue: entry.queue,
                offers: entry.offers,
                holders: holders.collect(),
                failures: entry.failures.clone(),
                is_quarantined: entry.is_quarantined,
            }
        })
    }
}
