//! What the coordinator remembers of assignments beside the ledger: their work, who waits, and results that are looked at.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use async_nats::jetstream::Message;
use bytes::Bytes;
use cairn_prover::{claim::AssignmentId, files::write_atomically};
use tracing::{error, info};

use super::{Arrived, Owed};
use crate::{ledger::Priority, message::Lease, queue::Queue};

/// Assignments that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    owed: HashMap<AssignmentId, Vec<Owed>>,
    /// Results that somebody is verifying, to be acknowledged after that.
    looked_at: HashMap<Lease, Message>,
    /// Whose work was kept.
    kept: HashSet<AssignmentId>,
}

impl Waiting {
    pub(super) fn add(&mut self, owed: Owed) {
        self.owed.entry(owed.id.clone()).or_default().push(owed);
    }

    pub(super) fn is_owed(&self, id: &AssignmentId) -> bool {
        self.owed.contains_key(id)
    }

    pub(super) fn remove(&mut self, id: &AssignmentId) {
        self.owed.remove(id);
        self.kept.remove(id);
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

    /// Gives a result to those who wait for it; gives it back where nobody does.
    pub(super) fn deliver(&mut self, id: &AssignmentId, lease: Lease, message: Message) {
        let bytes = message.payload.clone();
        self.looked_at.insert(lease.clone(), message);
        self.send(id, Some(lease), &bytes);
    }

    /// Gives a result of an earlier run to those who wait for it.
    pub(super) fn deliver_kept(&self, id: &AssignmentId, bytes: &Bytes) {
        self.send(id, None, bytes);
    }

    fn send(&self, id: &AssignmentId, lease: Option<Lease>, bytes: &Bytes) {
        for owed in self.owed.get(id).into_iter().flatten() {
            let (id, bytes) = (id.clone(), bytes.clone());
            let _ = owed.events.send(Arrived { id, lease: lease.clone(), bytes });
        }
    }

    /// A result was verified: its message.
    pub(super) fn looked_at(&mut self, lease: &Lease) -> Option<Message> {
        self.looked_at.remove(lease)
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
