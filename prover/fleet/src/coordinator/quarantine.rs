//! The file of who and what is quarantined, beside the work of such assignments.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
};

use cairn_prover::files::write_atomically;
use tracing::{error, info, warn};

use super::run::Run;
use crate::ledger::Quarantine;

/// Its name in the folder.
const FILE: &str = "quarantined.json";
/// What it is called once nobody can read it.
const ASIDE: &str = "quarantined.json.unreadable";

/// What was quarantined before. A file that says nothing sensible is put aside, and all are tried
/// again: proofs that do not hold count for nothing either way.
pub(super) fn read(folder: &Path) -> Quarantine {
    let path = folder.join(FILE);
    let read = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Quarantine::default(),
        read => read.map_err(|error| error.to_string()),
    };
    let quarantine =
        read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    quarantine.unwrap_or_else(|reason| {
        let put = fs::rename(&path, folder.join(ASIDE)).map_or_else(
            |error| format!("it cannot be put aside: {error}"),
            |()| format!("it is {ASIDE} now"),
        );
        error!(
            file = %path.display(), reason, put,
            "nobody knows who is quarantined: workers and assignments are tried again"
        );
        Quarantine::default()
    })
}

impl Run {
    /// Begins with what was quarantined before.
    pub(super) fn restore_quarantine(&mut self) {
        let Some(folder) = &self.config.kept else { return };
        let quarantine = read(folder);
        let (workers, assignments) = (&quarantine.workers, &quarantine.assignments);
        if !workers.is_empty() || !assignments.is_empty() {
            let ids: Vec<_> = assignments.keys().collect();
            info!(?workers, assignments = ?ids, "quarantined since before; `cairn fleet retry`");
        }
        self.ledger.restore(quarantine);
    }

    /// Writes what is quarantined, where that has changed.
    pub(super) fn keep_quarantine(&mut self) {
        let changes = self.ledger.quarantine_changes();
        let Some(folder) = self.config.kept.as_ref().filter(|_| changes != self.written) else {
            return;
        };
        self.written = changes;
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(&self.ledger.quarantined()).unwrap_or_default();
        let written = fs::create_dir_all(folder)
            .and_then(|()| write_atomically(&path, |file| file.write_all(&text)));
        if let Err(error) = written {
            warn!(file = %path.display(), %error, "a restart will not know who is quarantined");
        }
    }
}
