//! Who ends an assignment first, by what workers took before: the little that is left of a queue is
//! kept for those who end it sooner, as a batch waits for its last chunk, and all wait for a node.
//!
//! A worker that takes several times as long is useful where much waits. Where little does, others
//! may end all of it before this one ends its first.

use std::{collections::BTreeMap, time::Duration};

use cairn_prover::claim::AssignmentId;

use super::{Denial, Entry, Ledger, Time, Worker};
use crate::{message::WorkerId, queue::Queue};

/// What is kept for somebody.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Who is expected to end it first.
    pub(super) worker: WorkerId,
    /// Since it was kept from somebody the first time.
    since: Time,
    /// How long each worker had been idle until then.
    idled: BTreeMap<WorkerId, Duration>,
}

impl Ledger {
    /// Keeps an assignment from a worker that claims it, for somebody who ends it sooner.
    ///
    /// # Errors
    /// [`Denial::Later`]: it is kept.
    pub(super) fn keep(
        &mut self,
        id: &AssignmentId,
        worker: &WorkerId,
        now: Time,
    ) -> Result<(), Denial> {
        let Some(sooner) = self.sooner(id, worker, now) else { return Ok(()) };
        if let Some(entry) = self.entries.get_mut(id) {
            match &mut entry.kept {
                Some(kept) => kept.worker = sooner,
                none => {
                    let workers = self.workers.iter();
                    let idled = workers.map(|(id, worker)| (id.clone(), worker.idled(now)));
                    *none = Some(Kept { worker: sooner, since: now, idled: idled.collect() });
                }
            }
        }
        Err(Denial::Later)
    }

    /// For whom an assignment that nobody has claimed is kept.
    #[must_use]
    pub fn kept_for(&self, id: &AssignmentId) -> Option<&WorkerId> {
        Some(&self.entries.get(id)?.kept.as_ref()?.worker)
    }

    /// Who should have an assignment instead of a worker that may have it: nobody, where more waits
    /// than all who are that much faster end before it ends this one.
    #[must_use]
    pub fn sooner(&self, id: &AssignmentId, worker: &WorkerId, now: Time) -> Option<WorkerId> {
        let entry = self.entries.get(id)?;
        let waited = entry.kept.as_ref().map_or(Time::ZERO, |kept| now.saturating_sub(kept.since));
        let own = self.expected(self.workers.get(worker)?, entry.queue);
        if waited >= own * 2 || own < self.settings.soonest {
            return None;
        }
        let faster = self.faster(entry, own, now);
        let rounds = |(_, free, takes): &(&WorkerId, Duration, Duration)| {
            (own.saturating_sub(*free).as_secs_f64() / takes.as_secs_f64()) as usize
        };
        if faster.iter().map(rounds).sum::<usize>() < self.unclaimed(entry.queue) {
            return None;
        }
        let first = faster
            .into_iter()
            .min_by_key(|(other, free, takes)| *free + *takes * (1 + self.kept_others(id, other)));
        first.map(|(other, ..)| other.clone())
    }

    /// The first of these workers, who have nothing to do, that should have an assignment.
    #[must_use]
    pub fn first_to_have<'w>(
        &self,
        id: &AssignmentId,
        workers: &[&'w WorkerId],
        now: Time,
    ) -> Option<&'w WorkerId> {
        let queue = self.entries.get(id)?.queue;
        // Whoever takes longer than one that should not have it should not either.
        let mut too_slow = Duration::MAX;
        let first = workers.iter().find(|name| {
            let Some(worker) = self.workers.get(**name) else { return false };
            let own = self.expected(worker, queue);
            let is_it = own < too_slow && self.sooner(id, name, now).is_none();
            if !is_it {
                too_slow = too_slow.min(own);
            }
            is_it
        });
        first.copied()
    }

    /// Those who take so much less for an assignment, when they are free for it, and what they take.
    fn faster<'l>(
        &'l self,
        entry: &'l Entry,
        own: Duration,
        now: Time,
    ) -> Vec<(&'l WorkerId, Duration, Duration)> {
        let could = self.could(entry.queue, entry).filter_map(|(id, worker)| {
            let takes = self.expected(worker, entry.queue).max(Duration::from_millis(1));
            let is_faster = takes.as_secs_f64() * self.settings.slower <= own.as_secs_f64();
            let free = is_faster.then(|| self.free_in(id, worker, entry, now))??;
            Some((id, free, takes))
        });
        could.collect()
    }

    /// When a worker is expected to have ended what it holds. Nobody knows of one that is late with
    /// it, is at something that nobody wants, or does not come though it is idle.
    fn free_in(
        &self,
        id: &WorkerId,
        worker: &Worker,
        entry: &Entry,
        now: Time,
    ) -> Option<Duration> {
        if worker.holds().next().is_none() {
            let comes = entry.kept.as_ref().is_none_or(|kept| {
                let before = kept.idled.get(id).copied().unwrap_or_default();
                worker.idled(now).saturating_sub(before) < self.settings.kept
            });
            return (comes && !worker.is_busy()).then_some(Duration::ZERO);
        }
        let left = worker.held().map(|(assignment, queue)| {
            let entry = self.entries.get(assignment)?;
            let since = entry.holders().find(|holder| holder.worker == *id)?.since;
            let (takes, has) = (self.expected(worker, queue), now.saturating_sub(since));
            (has <= takes.mul_f64(self.settings.lateness)).then(|| takes.saturating_sub(has))
        });
        left.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// What a worker is expected to take for an assignment of a queue: as long as its last one; where
    /// it has done none, as long as others, at the pace that it has elsewhere.
    fn expected(&self, worker: &Worker, queue: Queue) -> Duration {
        let last = worker.took.get(&queue).copied();
        last.unwrap_or_else(|| {
            let usual = self.usual(queue).unwrap_or(self.settings.soonest);
            let paces: Vec<f64> = worker
                .took
                .iter()
                .filter_map(|(other, took)| {
                    let usual = self.usual(*other)?.as_secs_f64();
                    (usual > 0.0).then(|| took.as_secs_f64() / usual)
                })
                .collect();
            let pace = paces.iter().sum::<f64>() / paces.len().max(1) as f64;
            if paces.is_empty() { usual } else { usual.mul_f64(pace) }
        })
    }

    /// What the queue's last ones took, in the middle.
    fn usual(&self, queue: Queue) -> Option<Duration> {
        self.times.get(&queue)?.median()
    }

    /// What of a queue, and of those that go before it, nobody has.
    fn unclaimed(&self, queue: Queue) -> usize {
        self.lines.range(queue..).map(|(_, line)| line.offers + line.waiting.len()).sum()
    }

    /// Others that are kept for the same.
    fn kept_others(&self, id: &AssignmentId, worker: &WorkerId) -> u32 {
        let out = self.lines.values().flat_map(|line| &line.out).filter(|other| *other != id);
        let kept = out.filter(|other| self.kept_for(other) == Some(worker));
        kept.count().try_into().unwrap_or(u32::MAX)
    }
}
