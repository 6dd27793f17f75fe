//! What the coordinator knows of its workers.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use cairn_prover::claim::AssignmentId;

use super::{Settings, Time};
use crate::{message::Beat, queue::Queue};

/// Whether a worker's results count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They do, once they are verified.
    Good,
    /// A proof of it did not hold.
    Quarantined,
}

/// A worker, as far as it was heard.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Whether its results count.
    pub standing: Standing,
    /// When it was heard last.
    pub heard: Time,
    /// Whether it was heard lately.
    pub is_there: bool,
    /// What it said of itself last.
    pub beat: Option<Beat>,
    /// Assignments that it has done.
    pub done: u64,
    /// Assignments that it has failed.
    pub failures: u64,
    /// What all that it has done took.
    pub busy: Duration,
    /// What it took for the last of each queue.
    pub took: BTreeMap<Queue, Duration>,
    /// Since when it has nothing to do, as of the last tick.
    idle: Option<Time>,
    /// How long it had nothing to do before it was busy last.
    idled: Duration,
    holds: BTreeMap<AssignmentId, Queue>,
}

impl Worker {
    pub(super) fn new(heard: Time) -> Self {
        Self {
            standing: Standing::Good,
            heard,
            is_there: true,
            beat: None,
            done: 0,
            failures: 0,
            busy: Duration::ZERO,
            took: BTreeMap::new(),
            idle: None,
            idled: Duration::ZERO,
            holds: BTreeMap::new(),
        }
    }

    /// Whether it takes assignments at all.
    #[must_use]
    pub fn is_taking(&self) -> bool {
        let drains = self.beat.as_ref().is_some_and(|beat| beat.is_draining);
        self.is_there && !drains && self.standing == Standing::Good
    }

    pub(super) fn takes(&self, queue: Queue) -> bool {
        self.is_taking() && self.beat.as_ref().is_some_and(|beat| beat.queues.contains(&queue))
    }

    /// Who says that it is at something is, also where nobody wants that any more: it cannot stop.
    pub(super) fn is_busy(&self) -> bool {
        !self.holds.is_empty() || self.beat.as_ref().is_some_and(|beat| !beat.holds.is_empty())
    }

    /// What it holds.
    pub fn holds(&self) -> impl Iterator<Item = &AssignmentId> {
        self.holds.keys()
    }

    /// What it holds, with their queues.
    pub(super) fn held(&self) -> impl Iterator<Item = (&AssignmentId, Queue)> {
        self.holds.iter().map(|(id, queue)| (id, *queue))
    }

    pub(super) fn hold(&mut self, id: &AssignmentId, queue: Queue, now: Time) {
        self.holds.insert(id.clone(), queue);
        self.count_idle(now);
    }

    pub(super) fn let_go(&mut self, id: &AssignmentId) {
        self.holds.remove(id);
    }

    /// Begins or ends a time in which it has nothing to do.
    pub(super) fn count_idle(&mut self, now: Time) {
        if !self.is_busy() {
            self.idle.get_or_insert(now);
        } else if let Some(since) = self.idle.take() {
            self.idled += now.saturating_sub(since);
        }
    }

    /// How long it has had nothing to do in all.
    pub(super) fn idled(&self, now: Time) -> Duration {
        self.idled + self.idle.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    pub(super) fn count_done(&mut self, queue: Queue, took: Duration) {
        self.done += 1;
        self.busy += took;
        self.took.insert(queue, took);
    }
}

/// Assignments that are looked back on.
const LAST: usize = 64;

/// What the last assignments of a queue took.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    last: VecDeque<Duration>,
    median: Option<Duration>,
}

impl Times {
    pub(super) fn push(&mut self, took: Duration) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(took);
        self.median = self.at(0.5);
    }

    /// Who holds one for longer than this is late; nobody is before enough were done.
    pub(super) fn limit(&self, settings: &Settings) -> Option<Duration> {
        if self.last.len() < settings.samples {
            return None;
        }
        Some(self.at(settings.percentile)?.mul_f64(settings.lateness).max(settings.soonest))
    }

    /// Half of them took no longer.
    pub(super) const fn median(&self) -> Option<Duration> {
        self.median
    }

    /// Whether asking for one may take longer than doing it.
    pub(super) fn are_tiny(&self, settings: &Settings) -> bool {
        let tiny = self.last.iter().filter(|time| **time <= settings.tiny).count();
        self.last.len() >= settings.samples && tiny * 2 >= self.last.len()
    }

    /// So many of all took no longer.
    fn at(&self, part: f64) -> Option<Duration> {
        let mut times: Vec<_> = self.last.iter().copied().collect();
        times.sort_unstable();
        let place = (times.len() as f64 * part) as usize;
        times.get(place.min(times.len().checked_sub(1)?)).copied()
    }
}
