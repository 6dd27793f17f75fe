//! Who holds what, and what comes of it.

use cairn_prover::claim::AssignmentId;

use super::{Arrival, Denial, Entry, Holder, Ledger, Standing, Time};
use crate::{
    message::{Lease, WorkerId},
    queue::Queue,
};

/// Leases of an assignment that are not counted on any more and known still: their results would
/// be as good as others.
const LOST: usize = 16;

impl Ledger {
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
        let holds_enough = !self.has_room(worker);
        let mention = self.settings.mention;
        let entry = self.entries.get_mut(id).ok_or(Denial::Over)?;
        if entry.is_quarantined {
            return Err(Denial::Over);
        }
        // It has the message still, and will give it back; it is out as before.
        let has_it = entry.holders().any(|holder| holder.worker == *worker);
        if has_it || holds_enough || entry.failures.contains_key(worker) {
            return Err(Denial::Others);
        }
        if let Some(offers) = entry.offers.checked_sub(1) {
            self.keep(id, worker, now)?;
            self.set_offers(id, offers);
        } else {
            // The message was given out again: whoever had it was silent for too long. Who is not has it still.
            let held = entry.leases.iter().filter(|(_, holder)| !holder.is_lost);
            let first = held.min_by_key(|(_, holder)| holder.said);
            match first.map(|(lease, holder)| (lease.clone(), holder.said)) {
                Some((_, said)) if now.saturating_sub(said) <= mention => {
                    return Err(Denial::Others);
                }
                Some((silent, _)) => self.returned(&silent, now),
                None => {}
            }
        }
        self.hold(id, worker, lease, now);
        Ok(())
    }

    /// A worker that holds a lease says so, as to a coordinator that was started again: it goes on
    /// with it, by the rules of a claim.
    pub fn adopt(&mut self, id: &AssignmentId, worker: &WorkerId, lease: Lease, now: Time) {
        let is_known = self.leases.contains_key(&lease) || self.done.contains(&lease);
        let has_room = self.has_room(worker);
        let may = self.entries.get(id).is_some_and(|entry| {
            !entry.is_quarantined
                && !entry.failures.contains_key(worker)
                && entry.holders().all(|holder| holder.worker != *worker)
        });
        if may && has_room && !is_known && !self.is_quarantined(worker) {
            self.hold(id, worker, lease, now);
        }
    }

    pub(super) fn hold(&mut self, id: &AssignmentId, worker: &WorkerId, lease: Lease, now: Time) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.kept = None;
        let holder = Holder { worker: worker.clone(), since: now, said: now, is_lost: false };
        entry.leases.insert(lease.clone(), holder);
        let queue = entry.queue;
        self.leases.insert(lease, id.clone());
        self.worker(worker, now).hold(id, queue, now);
        self.settle(id);
    }

    /// What a result of a worker under this lease may be.
    #[must_use]
    pub fn arrival(&self, lease: &Lease, worker: &WorkerId) -> Arrival {
        if self.is_quarantined(worker) {
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
        self.open(id.as_str());
        self.remove(&id)
    }

    pub(super) fn holder(&self, lease: &Lease) -> Option<(AssignmentId, Holder, Queue)> {
        let id = self.leases.get(lease)?;
        let entry = self.entries.get(id)?;
        Some((id.clone(), entry.leases.get(lease)?.clone(), entry.queue))
    }

    /// Whether a lease is counted on.
    #[must_use]
    pub fn is_held(&self, lease: &Lease) -> bool {
        self.holder(lease).is_some_and(|(_, holder, _)| !holder.is_lost)
    }

    pub(super) fn holder_mut(&mut self, lease: &Lease) -> Option<&mut Holder> {
        let id = self.leases.get(lease)?;
        self.entries.get_mut(id)?.leases.get_mut(lease)
    }

    /// What a worker is counted on for.
    pub(super) fn leases_of(&self, worker: &WorkerId) -> Vec<Lease> {
        let held = self.workers.get(worker).into_iter().flat_map(|worker| worker.holds());
        let leases = held.filter_map(|id| self.entries.get(id)).flat_map(|entry| &entry.leases);
        let own = leases.filter(|(_, holder)| holder.worker == *worker && !holder.is_lost);
        own.map(|(lease, _)| lease.clone()).collect()
    }

    /// A result does not hold: its worker is not believed any more. Gives the leases that are not
    /// counted on any more.
    pub fn refused(&mut self, lease: &Lease, reason: &str, now: Time) -> Vec<Lease> {
        let Some((_, holder, _)) = self.holder(lease) else { return Vec::new() };
        self.failed(lease, reason, now);
        self.quarantine(&holder.worker, now)
    }

    /// Its worker could not do what this lease is for.
    pub fn failed(&mut self, lease: &Lease, reason: &str, now: Time) {
        let Some((id, holder, _)) = self.holder(lease) else { return };
        self.lose(lease);
        let limit = self.settings.failures;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.failures.insert(holder.worker.clone(), reason.to_owned());
            entry.last_failure = now;
            match entry.failures.len() >= limit {
                true => self.shut(&id),
                false => self.settle(&id),
            }
        }
        self.worker(&holder.worker, now).failures += 1;
    }

    /// What this lease is for was given back unfinished, or its worker is gone. That is no failure,
    /// as of a machine that is taken away; but who has it again and again, and never comes to
    /// anything, has failed it.
    pub fn returned(&mut self, lease: &Lease, now: Time) {
        let Some((id, holder, _)) = self.holder(lease) else { return };
        let limit = self.settings.returns;
        let entry = self.entries.get_mut(&id).filter(|_| !holder.is_lost);
        let returns = entry.map(|entry| entry.returns.entry(holder.worker).or_default());
        let is_enough = returns.is_some_and(|returns| {
            *returns += 1;
            *returns >= limit
        });
        match is_enough {
            true => self.failed(lease, &format!("it came to nothing {limit} times"), now),
            false => self.lose(lease),
        }
    }

    /// It could not be given: nobody is to blame.
    pub fn withdraw(&mut self, lease: &Lease) {
        self.lose(lease);
    }

    /// A lease is not counted on any more.
    fn lose(&mut self, lease: &Lease) {
        let Some((id, holder, _)) = self.holder(lease) else { return };
        let forgotten = self.entries.get_mut(&id).and_then(|entry| {
            entry.leases.get_mut(lease)?.is_lost = true;
            entry.forget_lost()
        });
        if let Some(forgotten) = forgotten {
            self.leases.remove(&forgotten);
            self.done.insert(forgotten);
        }
        if let Some(worker) = self.workers.get_mut(&holder.worker).filter(|_| !holder.is_lost) {
            worker.let_go(&id);
        }
        self.settle(&id);
    }

    pub(super) fn lose_all_of(&mut self, worker: &WorkerId, now: Time) -> Vec<Lease> {
        let held = self.leases_of(worker);
        held.iter().for_each(|lease| self.returned(lease, now));
        held
    }
}

impl Entry {
    /// The oldest of the leases that are not counted on, where they are too many.
    fn forget_lost(&mut self) -> Option<Lease> {
        let lost = || self.leases.iter().filter(|(_, holder)| holder.is_lost);
        let too_many = lost().count() > LOST;
        let oldest = lost().min_by_key(|(_, holder)| holder.since).filter(|_| too_many);
        let lease = oldest.map(|(lease, _)| lease.clone())?;
        self.leases.remove(&lease);
        Some(lease)
    }
}
