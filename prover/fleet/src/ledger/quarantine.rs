//! Who and what nobody tries again until a person says so: what outlives the coordinator.

use std::collections::{BTreeMap, BTreeSet};

use cairn_prover::claim::AssignmentId;
use serde::{Deserialize, Serialize};

use super::{Ledger, Standing, Time};
use crate::message::WorkerId;

/// Assignments that are remembered. Of a batch that was proven without the fleet nobody asks again.
const REMEMBERED: usize = 256;

/// All that is quarantined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// Workers that are not believed.
    pub workers: BTreeSet<WorkerId>,
    /// Assignments that nobody is given, also those that nobody waits for now; with who has failed
    /// each, and how.
    pub assignments: BTreeMap<AssignmentId, BTreeMap<WorkerId, String>>,
}

impl Ledger {
    /// Begins with what was quarantined before.
    pub fn restore(&mut self, quarantine: Quarantine) {
        for id in &quarantine.workers {
            let worker = self.worker(id, Time::ZERO);
            worker.standing = Standing::Quarantined;
            worker.is_there = false;
        }
        self.stuck = quarantine.assignments;
    }

    /// What is quarantined now.
    #[must_use]
    pub fn quarantined(&self) -> Quarantine {
        let workers = self.workers.keys().filter(|id| self.is_quarantined(id));
        Quarantine { workers: workers.cloned().collect(), assignments: self.stuck.clone() }
    }

    /// Another number whenever [`Self::quarantined`] gives something else.
    #[must_use]
    pub fn quarantine_changes(&self) -> u64 {
        self.quarantine_changes
    }

    /// Nobody is given an assignment any more.
    pub(super) fn shut(&mut self, id: &AssignmentId) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.is_quarantined = true;
        self.stuck.insert(id.clone(), entry.failures.clone());
        while self.stuck.len() > REMEMBERED
            && let Some(other) = self.stuck.keys().find(|other| *other != id).cloned()
        {
            self.stuck.remove(&other);
        }
        self.quarantine_changes += 1;
        self.settle(id);
    }

    /// An assignment is done, or is to be tried again. Says whether it was quarantined.
    pub(super) fn open(&mut self, id: &str) -> bool {
        let Some(id) = self.stuck.keys().find(|stuck| stuck.as_str() == id).cloned() else {
            return false;
        };
        self.stuck.remove(&id);
        self.quarantine_changes += 1;
        true
    }
}
