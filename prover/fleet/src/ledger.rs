//! What the coordinator owes to those who wait for proofs: which assignments are out, who holds them, who has failed them. It knows no
//! network and no clock, and is told both, so that the same rules run against NATS, in tests and in simulations.
//!
//! ```text
//! add -> waiting -> offered -> claimed (a lease for each worker) -> done
//!            ^          | lost     | returned, failed, refused
//!            +----------+----------+-> quarantined -> retry
//! ```

mod leases;
mod offers;
mod settings;
#[cfg(test)]
mod tests;
mod workers;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use cairn_prover::claim::AssignmentId;
use serde::{Deserialize, Serialize};

pub use self::{
    settings::Settings,
    workers::{Standing, Worker},
};
use crate::{
    message::{Beat, Lease, WorkerId},
    queue::Queue,
};

/// Leases of what is done that are known still.
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
    last_failure: Time,
    is_quarantined: bool,
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
    leases: HashMap<Lease, AssignmentId>,
    /// Of what is done, the last ones.
    done: VecDeque<Lease>,
    workers: BTreeMap<WorkerId, Worker>,
    times: BTreeMap<Queue, workers::Times>,
}

impl Ledger {
    /// Nothing is owed, and nobody works.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            entries: BTreeMap::new(),
            leases: HashMap::new(),
            done: VecDeque::new(),
            workers: BTreeMap::new(),
            times: BTreeMap::new(),
        }
    }

    /// Owes an assignment, once however often it is added.
    pub fn add(&mut self, id: AssignmentId, queue: Queue, priority: Priority) {
        self.entries.entry(id).or_insert_with(|| Entry {
            queue,
            priority,
            offers: 0,
            leases: BTreeMap::new(),
            failures: BTreeMap::new(),
            last_failure: Time::ZERO,
            is_quarantined: false,
        });
    }

    /// Owes it no more: it is done, or nobody waits for it. Says whether it was owed.
    pub fn remove(&mut self, id: &AssignmentId) -> bool {
        let Some(entry) = self.entries.remove(id) else { return false };
        for lease in entry.leases.into_keys() {
            self.leases.remove(&lease);
            self.done.push_back(lease);
        }
        self.done.drain(..self.done.len().saturating_sub(REMEMBERED));
        for worker in self.workers.values_mut() {
            worker.let_go(id);
        }
        true
    }

    fn of(&self, queue: Queue) -> impl Iterator<Item = (&AssignmentId, &Entry)> {
        self.entries.iter().filter(move |(_, entry)| entry.queue == queue)
    }

    /// What takes time alone: workers that are silent are gone with what they hold, and assignments that all who are there
    /// have failed are quarantined. Gives the leases that are not counted on any more.
    pub fn tick(&mut self, now: Time) -> Vec<Lease> {
        let silence = self.settings.silence;
        let mut gone = BTreeSet::new();
        for (id, worker) in &mut self.workers {
            worker.is_there = now.saturating_sub(worker.heard) <= silence;
            if !worker.is_there {
                gone.insert(id.clone());
            }
        }
        let lost = self.lose_all_of(|holder| gone.contains(holder));
        let patience = self.settings.patience;
        let Self { entries, workers, .. } = self;
        for entry in entries.values_mut().filter(|entry| !entry.failures.is_empty()) {
            let waited = now.saturating_sub(entry.last_failure) > patience;
            let takers = || workers.iter().filter(|(_, worker)| worker.takes(entry.queue));
            let all = takers().all(|(worker, _)| entry.failures.contains_key(worker));
            // With nobody there it waits for whoever comes.
            entry.is_quarantined |= waited && all && takers().next().is_some();
        }
        lost
    }

    /// A worker says how it is. Gives the leases that it does not know of any more, as where the answer to its claim was lost.
    pub fn beat(&mut self, beat: Beat, now: Time) -> Vec<Lease> {
        let id = beat.worker.clone();
        let named = beat.holds.as_ref().map(|held| held.lease.clone());
        let mut forgotten = Vec::new();
        for (lease, holder) in self.entries.values_mut().flat_map(|entry| &mut entry.leases) {
            if holder.worker != id || holder.is_lost {
                continue;
            }
            if named.as_ref() == Some(lease) {
                holder.said = now;
            } else if now.saturating_sub(holder.said) > self.settings.mention {
                forgotten.push(lease.clone());
            }
        }
        forgotten.iter().for_each(|lease| self.returned(lease));
        let worker = self.worker(&id, now);
        worker.heard = now;
        worker.is_there = true;
        worker.beat = Some(beat);
        forgotten
    }

    /// Nobody could be heard until now, as the connection was lost: silence counts from now on.
    pub fn listen_anew(&mut self, now: Time) {
        for worker in self.workers.values_mut().filter(|worker| worker.is_there) {
            worker.heard = now;
        }
        for holder in self.entries.values_mut().flat_map(|entry| entry.leases.values_mut()) {
            holder.said = now;
        }
    }

    /// Nobody believes this worker any more; what it holds is given to others. Gives the leases that are not counted on any
    /// more.
    pub fn quarantine(&mut self, worker: &WorkerId, now: Time) -> Vec<Lease> {
        self.worker(worker, now).standing = Standing::Quarantined;
        self.lose_all_of(|holder| holder == worker)
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
            for entry in self.entries.values_mut() {
                entry.failures.remove(id);
            }
            return true;
        }
        let entry = self.entries.iter_mut().find(|(id, _)| id.as_str() == name);
        let has_failed = |entry: &&mut Entry| entry.is_quarantined || !entry.failures.is_empty();
        let Some(entry) = entry.map(|(_, entry)| entry).filter(has_failed) else { return false };
        entry.is_quarantined = false;
        entry.failures.clear();
        true
    }

    /// Whether nobody believes a worker.
    #[must_use]
    pub fn is_quarantined(&self, worker: &WorkerId) -> bool {
        self.workers.get(worker).is_some_and(|worker| worker.standing == Standing::Quarantined)
    }

    /// Those who have nothing to do and take from this queue.
    pub fn idle(&self, queue: Queue) -> impl Iterator<Item = &WorkerId> {
        let idle = move |worker: &Worker| worker.takes(queue) && !worker.is_busy();
        self.workers.iter().filter(move |(_, worker)| idle(worker)).map(|(id, _)| id)
    }

    /// The workers, with those that are gone.
    pub fn workers(&self) -> impl Iterator<Item = (&WorkerId, &Worker)> {
        self.workers.iter()
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

    fn takers(&self, queue: Queue) -> impl Iterator<Item = &Worker> {
        self.workers.values().filter(move |worker| worker.takes(queue))
    }

    fn worker(&mut self, id: &WorkerId, now: Time) -> &mut Worker {
        self.workers.entry(id.clone()).or_insert_with(|| Worker::new(now))
    }
}
