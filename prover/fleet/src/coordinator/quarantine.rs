//! The file of who and what is quarantined, beside the work of such assignments.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
    time::Duration,
};

use cairn_prover::files::write_atomically;
use tracing::{error, info, warn};

use super::run::Run;
use crate::ledger::{Ledger, Quarantine, Time};

/// Its name in the folder.
const FILE: &str = "quarantined.json";
/// What it is called once nobody can read it.
const ASIDE: &str = "quarantined.json.unreadable";
/// How long after a failure it is written again.
const AGAIN: Duration = Duration::from_secs(5);

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

    /// Has the file say what is quarantined.
    pub(super) fn keep_quarantine(&mut self) {
        let now = self.now();
        let Some(folder) = &self.config.kept else { return };
        self.written.keep(folder, &self.ledger, now);
    }
}

/// What the file has.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The last change that was written.
    changes: u64,
    /// When writing failed last, since it succeeded last.
    failed: Option<Time>,
}

impl Written {
    /// Writes what is quarantined, where that has changed; after a failure once more in a while.
    fn keep(&mut self, folder: &Path, ledger: &Ledger, now: Time) {
        let changes = ledger.quarantine_changes();
        let is_soon = self.failed.is_some_and(|failed| now.saturating_sub(failed) < AGAIN);
        if changes == self.changes || is_soon {
            return;
        }
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(&ledger.quarantined()).unwrap_or_default();
        let written = fs::create_dir_all(folder)
            .and_then(|()| write_atomically(&path, |file| file.write_all(&text)));
        let file = path.display();
        match written {
            Ok(()) => {
                self.changes = changes;
                if self.failed.take().is_some() {
                    info!(%file, "a restart will know who is quarantined again");
                }
            }
            Err(error) => {
                if self.failed.replace(now).is_none() {
                    warn!(%file, %error, "a restart will not know who is quarantined");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ledger::Settings, message::WorkerId};

    #[test]
    fn what_was_not_written_is_written_later() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("kept");
        fs::write(&folder, "no folder").unwrap();
        let mut ledger = Ledger::new(Settings::default());
        let liar: WorkerId = "liar".parse().unwrap();
        ledger.quarantine(&liar, Time::ZERO);
        let mut written = Written::default();
        written.keep(&folder, &ledger, Time::ZERO);
        fs::remove_file(&folder).unwrap();
        written.keep(&folder, &ledger, AGAIN - Duration::from_millis(1));
        assert!(!folder.exists(), "a disk that is full is not tried at each message");
        written.keep(&folder, &ledger, AGAIN);
        assert!(read(&folder).workers.contains(&liar));
    }
}
