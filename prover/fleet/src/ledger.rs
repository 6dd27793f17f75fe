//! What the coordinator owes to those who wait for proofs: which assignments are out, who holds them, who has failed them. It knows no
//! network and no clock, and is told both, so that the same rules run against NATS, in tests and in simulations.
//!
//! ```text
//! add -> waiting -> offered -> claimed (a lease for each worker) -> done
//!            ^          | lost     | returned, failed, refused
//!            +----------+----------+-> quarantined -> retry
//! ```

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

    /// Messages that are due now.
    pub fn due(&mut self, now: Time) -> Vec<Offer> {
        let mut due = Vec::new();
        for queue in Queue::ALL {
            let room = self.room(queue);
            let waiting = self.waiting(queue);
            let left = room.saturating_sub(waiting.len());
            // Who has nothing else to do may be faster than who holds one for too long.
            let late = self.stragglers(queue, now).into_iter().take(left);
            due.extend(waiting.into_iter().take(room).chain(late).map(|id| Offer { id, queue }));
        }
        for Offer { id, .. } in &due {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.offers += 1;
            }
        }
        due
    }

    /// How many more messages a queue may hold: one for each worker that takes them, so that nobody waits for the next, and what
    /// is owed later and wanted sooner comes soon.
    fn room(&self, queue: Queue) -> usize {
        let takers = self.takers(queue).count().max(1);
        takers.saturating_sub(self.of(queue).map(|(_, entry)| entry.offers).sum())
    }

    /// Those that are not out, in the order in which they go.
    fn waiting(&self, queue: Queue) -> Vec<AssignmentId> {
        let waits = |entry: &Entry| !entry.is_out() && !entry.is_quarantined;
        let mut waiting: Vec<_> = self.of(queue).filter(|(_, entry)| waits(entry)).collect();
        waiting.sort_by_key(|(_, entry)| entry.priority);
        waiting.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Those that their only holder has for longer than others of the queue took.
    fn stragglers(&self, queue: Queue, now: Time) -> Vec<AssignmentId> {
        let Some(limit) = self.times.get(&queue).and_then(|times| times.limit(&self.settings))
        else {
            return Vec::new();
        };
        // Somebody must be there who could be faster.
        if self.takers(queue).all(Worker::is_busy) {
            return Vec::new();
        }
        let is_late = |entry: &Entry| {
            let mut holders = entry.holders();
            match (holders.next(), holders.next()) {
                (Some(only), None) => entry.offers == 0 && now.saturating_sub(only.since) > limit,
                _ => false,
            }
        };
        self.of(queue).filter(|(_, entry)| is_late(entry)).map(|(id, _)| id.clone()).collect()
    }

    fn of(&self, queue: Queue) -> impl Iterator<Item = (&AssignmentId, &Entry)> {
        self.entries.iter().filter(move |(_, entry)| entry.queue == queue)
    }

    /// Gives an assignment to a worker that has got a message of it, under this lease.
    ///
    /// # Errors
    /// It may not have it.
    pub fn claim(
        &mut self,
        id: &AssignmentId,
        worker: &WorkerId,
        lease: Lease,
        now: Time,
    ) -> Result<(), Denial> {
        if self.worker(worker, now).standing == Standing::Quarantined {
            return Err(Denial::Quarantined);
        }
        let entry = self.entries.get_mut(id).ok_or(Denial::Over)?;
        // It has the message still, and will give it back; it is out as before.
        let has_it = entry.holders().any(|holder| holder.worker == *worker);
        if has_it || entry.failures.contains_key(worker) {
            return Err(Denial::Others);
        }
        if entry.is_quarantined {
            entry.offers = 0;
            return Err(Denial::Over);
        }
        match entry.offers.checked_sub(1) {
            Some(offers) => entry.offers = offers,
            // The message was given out again: the first who had it was silent for too long.
            None => {
                let held = entry.leases.iter().filter(|(_, holder)| !holder.is_lost);
                let first = held.min_by_key(|(_, holder)| holder.since);
                if let Some(first) = first.map(|(lease, _)| lease.clone()) {
                    self.returned(&first);
                }
            }
        }
        self.hold(id, worker, lease, now);
        Ok(())
    }

    /// A worker that holds a lease says so, as to a coordinator that was started again: it goes on with it.
    pub fn adopt(&mut self, id: &AssignmentId, worker: &WorkerId, lease: Lease, now: Time) {
        let is_known = self.leases.contains_key(&lease) || self.done.contains(&lease);
        if self.entries.contains_key(id) && !is_known {
            self.hold(id, worker, lease, now);
        }
    }

    fn hold(&mut self, id: &AssignmentId, worker: &WorkerId, lease: Lease, now: Time) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let holder = Holder { worker: worker.clone(), since: now, is_lost: false };
        entry.leases.insert(lease.clone(), holder);
        self.leases.insert(lease, id.clone());
        self.worker(worker, now).hold(id);
    }

    /// What a result of a worker under this lease may be.
    #[must_use]
    pub fn arrival(&self, lease: &Lease, worker: &WorkerId) -> Arrival {
        if self.workers.get(worker).is_some_and(|worker| worker.standing == Standing::Quarantined) {
            return Arrival::Quarantined;
        }
        let Some(id) = self.leases.get(lease) else {
            return if self.done.contains(lease) { Arrival::Late } else { Arrival::Unknown };
        };
        let holder = self.entries.get(id).and_then(|entry| entry.leases.get(lease));
        match holder.is_some_and(|holder| holder.worker == *worker) {
            true => Arrival::Owed(id.clone()),
            false => Arrival::Unknown,
        }
    }

    /// A result holds: it is owed no more, and counts for who made it. Says whether it was owed still.
    pub fn accepted(&mut self, lease: &Lease, now: Time) -> bool {
        let Some((id, holder, queue)) = self.holder(lease) else { return false };
        let took = now.saturating_sub(holder.since);
        self.times.entry(queue).or_default().push(took);
        self.worker(&holder.worker, now).count_done(queue, took);
        self.remove(&id)
    }

    fn holder(&self, lease: &Lease) -> Option<(AssignmentId, Holder, Queue)> {
        let id = self.leases.get(lease)?;
        let entry = self.entries.get(id)?;
        Some((id.clone(), entry.leases.get(lease)?.clone(), entry.queue))
    }

    /// A result does not hold: its worker is not believed any more. Gives the leases that are not counted on any more.
    pub fn refused(&mut self, lease: &Lease, reason: &str, now: Time) -> Vec<Lease> {
        let Some((_, holder, _)) = self.holder(lease) else { return Vec::new() };
        self.failed(lease, reason, now);
        self.quarantine(&holder.worker, now)
    }

    /// Its worker could not do what this lease is for.
    pub fn failed(&mut self, lease: &Lease, reason: &str, now: Time) {
        let Some((id, holder, _)) = self.holder(lease) else { return };
        self.returned(lease);
        let limit = self.settings.failures;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.failures.insert(holder.worker.clone(), reason.to_owned());
            entry.last_failure = now;
            entry.is_quarantined |= entry.failures.len() >= limit;
        }
        self.worker(&holder.worker, now).failures += 1;
    }

    /// What this lease is for was given back unfinished, or its worker is gone: no failure of anyone.
    pub fn returned(&mut self, lease: &Lease) {
        let Some((id, holder, _)) = self.holder(lease) else { return };
        let entry = self.entries.get_mut(&id);
        if let Some(holder) = entry.and_then(|entry| entry.leases.get_mut(lease)) {
            holder.is_lost = true;
        }
        if let Some(worker) = self.workers.get_mut(&holder.worker) {
            worker.let_go(&id);
        }
    }

    /// All messages of a queue are lost, as when the server has lost its disk; who holds a lease may finish it.
    pub fn lost(&mut self, queue: Queue) {
        for entry in self.entries.values_mut().filter(|entry| entry.queue == queue) {
            entry.offers = 0;
        }
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
        let there: Vec<_> =
            self.workers.iter().filter(|(_, w)| w.is_taking()).map(|(id, _)| id.clone()).collect();
        let patience = self.settings.patience;
        for entry in self.entries.values_mut() {
            let waited = now.saturating_sub(entry.last_failure) > patience;
            let all = there.iter().all(|worker| entry.failures.contains_key(worker));
            entry.is_quarantined |= !entry.failures.is_empty() && waited && all;
        }
        lost
    }

    /// A worker says how it is.
    pub fn beat(&mut self, beat: Beat, now: Time) {
        let id = beat.worker.clone();
        let worker = self.worker(&id, now);
        worker.heard = now;
        worker.is_there = true;
        worker.beat = Some(beat);
    }

    /// Nobody believes this worker any more; what it holds is given to others. Gives the leases that are not counted on any
    /// more.
    pub fn quarantine(&mut self, worker: &WorkerId, now: Time) -> Vec<Lease> {
        self.worker(worker, now).standing = Standing::Quarantined;
        self.lose_all_of(|holder| holder == worker)
    }

    fn lose_all_of(&mut self, is_gone: impl Fn(&WorkerId) -> bool) -> Vec<Lease> {
        let entries = self.entries.values().flat_map(|entry| &entry.leases);
        let held = entries.filter(|(_, holder)| !holder.is_lost && is_gone(&holder.worker));
        let held: Vec<_> = held.map(|(lease, _)| lease.clone()).collect();
        held.iter().for_each(|lease| self.returned(lease));
        held
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
        if let Some((_, worker)) = worker.filter(|(_, w)| w.standing == Standing::Quarantined) {
            worker.standing = Standing::Good;
            return true;
        }
        let entry = self.entries.iter_mut().find(|(id, _)| id.as_str() == name);
        let Some((_, entry)) = entry.filter(|(_, entry)| entry.is_quarantined) else {
            return false;
        };
        entry.is_quarantined = false;
        entry.failures.clear();
        true
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
