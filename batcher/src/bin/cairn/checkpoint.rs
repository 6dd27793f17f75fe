//! What an interrupted `cairn reconstruct --out FILE` goes on from: the state so far, in FILE.part.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use cairn_batcher::{
    reconstruct::{ReconstructError, Rollup},
    snapshot::Snapshot,
    tell,
};
use thiserror::Error;

/// How often the state is kept.
const INTERVAL: Duration = Duration::from_secs(60);

/// FILE.part. Only a snapshot of this rollup that L1 agrees with, or what this run has written, is a checkpoint:
/// anything else of that name is somebody's, and stays.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    standing: Mutex<Standing>,
}

#[derive(Debug)]
struct Standing {
    /// The file that is ours; none while there is none.
    ours: Option<FileId>,
    /// When the next is written; none if none is to be.
    due: Option<Instant>,
}

/// Device and number.
type FileId = (u64, u64);

/// Why the file is no checkpoint.
#[derive(Debug, Error)]
enum NoCheckpoint {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("it is something else than a file")]
    NoFile,
    #[error(transparent)]
    Snapshot(#[from] ReconstructError),
    #[error("it is of batch {got}, expected one up to {expected}")]
    Later { expected: u32, got: u32 },
    #[error("somebody else has put it there")]
    Replaced,
}

impl Checkpoint {
    /// The checkpoint of this output.
    pub(crate) fn beside(out: &Path) -> Self {
        let mut path = out.as_os_str().to_owned();
        path.push(".part");
        let standing = Standing { ours: None, due: Some(Instant::now() + INTERVAL) };
        Self { path: path.into(), standing: Mutex::new(standing) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What an interrupted run has left, up to this batch. Where something else has the name, no checkpoint is kept.
    pub(crate) fn find(&self, rollup: &Rollup, to: u32) -> Option<Snapshot> {
        let mut standing = self.standing();
        match self.read(&mut standing, rollup, to) {
            Ok(found) => found,
            Err(error) => {
                // What an earlier attempt of this run has written may be replaced.
                if standing.ours.is_none() {
                    standing.due = None;
                    let path = self.path.display();
                    tell!("cairn: {path} stays, and no checkpoint is kept: {error}");
                }
                None
            }
        }
    }

    fn read(
        &self,
        standing: &mut Standing,
        rollup: &Rollup,
        to: u32,
    ) -> Result<Option<Snapshot>, NoCheckpoint> {
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !found.is_file() {
            return Err(NoCheckpoint::NoFile);
        }
        let mut snapshot = Snapshot::read(&self.path).map_err(ReconstructError::from)?;
        rollup.check_snapshot(&mut snapshot)?;
        if snapshot.batch > to {
            return Err(NoCheckpoint::Later { expected: to, got: snapshot.batch });
        }
        standing.ours = Some((found.dev(), found.ino()));
        Ok(Some(snapshot))
    }

    /// Keeps the state if it is time to.
    pub(crate) fn keep(&self, snapshot: impl FnOnce() -> Snapshot) {
        let mut standing = self.standing();
        if standing.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        match self.write(&mut standing, snapshot()) {
            Ok(()) => standing.due = Some(Instant::now() + INTERVAL),
            // Only time is lost without it.
            Err(error) => {
                standing.due = None;
                tell!("cairn: no checkpoint is kept in {}: {error}", self.path.display());
            }
        }
    }

    fn write(&self, standing: &mut Standing, mut snapshot: Snapshot) -> Result<(), NoCheckpoint> {
        if self.id()? != standing.ours {
            return Err(NoCheckpoint::Replaced);
        }
        snapshot.write(&self.path).map_err(ReconstructError::from)?;
        standing.ours = self.id()?;
        Ok(())
    }

    /// Removes what this run has gone on from or written.
    pub(crate) fn remove(&self) {
        let standing = self.standing();
        if standing.ours.is_some() && self.id().is_ok_and(|id| id == standing.ours) {
            // The result is there: a rest beside it does no harm.
            _ = fs::remove_file(&self.path);
        }
    }

    fn id(&self) -> io::Result<Option<FileId>> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) => Ok(Some((found.dev(), found.ino()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use cairn_state::State;

    use super::*;

    fn snapshot(batch: u32) -> Snapshot {
        Snapshot { chain_id: 1, rollup: Address::ZERO, batch, state: State::genesis() }
    }

    fn write(checkpoint: &Checkpoint, batch: u32) -> Result<(), NoCheckpoint> {
        checkpoint.write(&mut checkpoint.standing(), snapshot(batch))
    }

    #[test]
    fn only_what_this_run_has_written_is_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::beside(&folder.path().join("state"));
        let path = folder.path().join("state.part");
        assert_eq!(checkpoint.path(), path);
        for batch in [1, 2] {
            write(&checkpoint, batch).unwrap();
            assert_eq!(Snapshot::read(&path).unwrap().batch, batch);
        }
        // Somebody else's download takes the name.
        let theirs = folder.path().join("download");
        fs::write(&theirs, "theirs").unwrap();
        fs::rename(&theirs, &path).unwrap();
        assert!(matches!(write(&checkpoint, 3), Err(NoCheckpoint::Replaced)));
        checkpoint.remove();
        assert_eq!(fs::read(&path).unwrap(), b"theirs");

        // It was there before the first checkpoint.
        let checkpoint = Checkpoint::beside(&folder.path().join("state"));
        assert!(matches!(write(&checkpoint, 1), Err(NoCheckpoint::Replaced)));
        checkpoint.remove();
        assert_eq!(fs::read(&path).unwrap(), b"theirs");

        fs::remove_file(&path).unwrap();
        write(&checkpoint, 1).unwrap();
        checkpoint.remove();
        assert!(!path.exists());
    }

    #[test]
    fn nothing_is_kept_before_it_is_time() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::beside(&folder.path().join("state"));
        checkpoint.keep(|| snapshot(1));
        assert!(!checkpoint.path().exists());
        checkpoint.standing().due = Some(Instant::now());
        checkpoint.keep(|| snapshot(1));
        assert!(checkpoint.path().exists());
        checkpoint.keep(|| snapshot(2));
        assert_eq!(Snapshot::read(checkpoint.path()).unwrap().batch, 1);
    }
}
