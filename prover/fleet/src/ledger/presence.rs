//! Who is there, what it says that it holds, and who has nothing to do.

use cairn_prover::claim::AssignmentId;

use super::{Ledger, Standing, Time, Worker};
use crate::{
    message::{Beat, Lease, WorkerId},
    queue::Queue,
};

impl Ledger {
    /// What takes time alone: workers that are silent are gone with what they hold, and
    /// assignments that all who are there have failed are quarantined. Gives the leases that are
    /// not counted on any more.
    pub fn tick(&mut self, now: Time) -> Vec<Lease> {
        let silence = self.settings.silence;
        let mut gone = Vec::new();
        for (id, worker) in &mut self.workers {
            // Only a beat brings one back: who was restored has not been heard.
            worker.is_there &= now.saturating_sub(worker.heard) <= silence;
            worker.count_idle(now);
            if !worker.is_there {
                gone.push(id.clone());
            }
        }
        let lost = gone.iter().flat_map(|worker| self.lose_all_of(worker, now)).collect();
        self.all_have_failed(now).iter().for_each(|id| self.shut(id));
        lost
    }

    /// Those that have waited long enough for somebody who has not failed them. With nobody there
    /// they wait for whoever comes.
    fn all_have_failed(&self, now: Time) -> Vec<AssignmentId> {
        let failed = self.entries.iter().filter(|(_, entry)| {
            let takers = || self.workers.iter().filter(|(_, worker)| worker.takes(entry.queue));
            !entry.failures.is_empty()
                && !entry.is_quarantined
                && now.saturating_sub(entry.last_failure) > self.settings.patience
                && takers().next().is_some()
                && takers().all(|(worker, _)| entry.failures.contains_key(worker))
        });
        failed.map(|(id, _)| id.clone()).collect()
    }

    /// A worker says how it is. Gives the leases that it does not know of any more, as where the
    /// answer to its claim was lost.
    pub fn beat(&mut self, beat: Beat, now: Time) -> Vec<Lease> {
        let id = beat.worker.clone();
        let mention = self.settings.mention;
        let mut forgotten = Vec::new();
        for lease in self.leases_of(&id) {
            let is_named = beat.holds.iter().any(|held| held.lease == lease);
            match self.holder_mut(&lease) {
                Some(holder) if is_named => holder.said = now,
                Some(holder) if now.saturating_sub(holder.said) > mention => forgotten.push(lease),
                _ => {}
            }
        }
        forgotten.iter().for_each(|lease| self.returned(lease, now));
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

    /// Nobody believes this worker any more; what it holds is given to others. Gives the leases
    /// that are not counted on any more.
    pub fn quarantine(&mut self, worker: &WorkerId, now: Time) -> Vec<Lease> {
        self.worker(worker, now).standing = Standing::Quarantined;
        self.quarantine_changes += 1;
        self.lose_all_of(worker, now)
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

    /// Those who have nothing to do and have not failed this assignment.
    pub fn idle_for(&self, id: &AssignmentId) -> impl Iterator<Item = &WorkerId> {
        let entry = self.entries.get(id);
        let idle = entry.into_iter().flat_map(|entry| self.idle(entry.queue));
        idle.filter(move |worker| entry.is_some_and(|e| !e.failures.contains_key(*worker)))
    }

    /// The workers, with those that are gone.
    pub fn workers(&self) -> impl Iterator<Item = (&WorkerId, &Worker)> {
        self.workers.iter()
    }

    pub(super) fn takers(&self, queue: Queue) -> impl Iterator<Item = &Worker> {
        self.workers.values().filter(move |worker| worker.takes(queue))
    }

    pub(super) fn worker(&mut self, id: &WorkerId, now: Time) -> &mut Worker {
        self.workers.entry(id.clone()).or_insert_with(|| Worker::new(now))
    }
}
