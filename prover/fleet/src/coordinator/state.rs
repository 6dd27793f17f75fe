//! What the coordinator remembers of assignments beside the ledger: their work, who waits, and results that are looked at.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use async_nats::jetstream::Message;
use bytes::Bytes;
use cairn_prover::{claim::AssignmentId, files::write_atomically};
use tracing::{error, info};

use super::{Arrived, Owed, Waiter};
use crate::{ledger::Priority, message::Lease, queue::Queue};

/// Assignments that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    owed: HashMap<AssignmentId, Vec<Owed>>,
    /// Results that somebody is verifying, to be acknowledged after that.
    looked_at: HashMap<Lease, (AssignmentId, Message)>,
    /// Whose work was kept.
    kept: HashSet<AssignmentId>,
}

impl Waiting {
    /// One more waits. Results of it that the others are verifying are for it too: they may stop
    /// waiting before they have said what they found.
    pub(super) fn add(&mut self, owed: Owed) {
        for (lease, (id, message)) in &self.looked_at {
            if *id == owed.id {
                tell(&owed, Some(lease.clone()), &message.payload);
            }
        }
        self.owed.entry(owed.id.clone()).or_default().push(owed);
    }

    pub(super) fn is_owed(&self, id: &AssignmentId) -> bool {
        self.owed.contains_key(id)
    }

    /// One waits no more. Says whether it was the last.
    pub(super) fn leave(&mut self, id: &AssignmentId, waiter: Waiter) -> bool {
        let Some(owed) = self.owed.get_mut(id) else { return false };
        owed.retain(|owed| owed.waiter != waiter);
        owed.is_empty()
    }

    /// Nobody waits any more. Gives the results of it that nobody will judge.
    pub(super) fn remove(&mut self, id: &AssignmentId) -> Vec<Message> {
        self.owed.remove(id);
        self.kept.remove(id);
        let of_it = self.looked_at.extract_if(|_, (other, _)| other == id);
        of_it.map(|(_, (_, message))| message).collect()
    }

    pub(super) fn work(&self, id: &AssignmentId) -> Option<Bytes> {
        Some(self.owed.get(id)?.first()?.work.clone())
    }

    pub(super) fn place(&self, id: &AssignmentId) -> Option<(Queue, Priority)> {
        self.owed.get(id)?.first().map(|owed| (owed.queue, owed.priority))
    }

    pub(super) fn is_looked_at(&self, lease: &Lease) -> bool {
        self.looked_at.contains_key(lease)
    }

    /// Gives a result to those who wait for it.
    pub(super) fn deliver(&mut self, id: &AssignmentId, lease: Lease, message: Message) {
        for owed in self.owed.get(id).into_iter().flatten() {
            tell(owed, Some(lease.clone()), &message.payload);
        }
        self.looked_at.insert(lease, (id.clone(), message));
    }

    /// Gives a result of an earlier run to those who wait for it.
    pub(super) fn deliver_kept(&self, id: &AssignmentId, bytes: &Bytes) {
        for owed in self.owed.get(id).into_iter().flatten() {
            tell(owed, None, bytes);
        }
    }

    /// A result was verified: its message.
    pub(super) fn looked_at(&mut self, lease: &Lease) -> Option<Message> {
        self.looked_at.remove(lease).map(|(_, message)| message)
    }

    /// Keeps the work of an assignment that nobody can do, once.
    pub(super) fn keep(&mut self, folder: &Path, id: &AssignmentId) {
        let Some(work) = self.work(id) else { return };
        if !self.kept.insert(id.clone()) {
            return;
        }
        let path = folder.join(format!("{id}.work"));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| write_atomically(&path, |file| std::io::Write::write_all(file, &work)));
        match written {
            Ok(()) => info!(assignment = %id, file = %path.display(), "its work is kept"),
            Err(error) => error!(assignment = %id, %error, "its work cannot be kept"),
        }
    }
}

fn tell(owed: &Owed, lease: Option<Lease>, bytes: &Bytes) {
    let _ = owed.events.send(Arrived { id: owed.id.clone(), lease, bytes: bytes.clone() });
}
