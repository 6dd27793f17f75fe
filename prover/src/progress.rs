//! What the caller of long work hears of it while it goes on, and how the caller ends it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::{error::ProverError, graph::TaskKind};

/// What the prover is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Circuits and keys, from the cache or built.
    Circuits,
    /// Development keys of the SNARK, once for each version of the circuits.
    SetUp,
    /// All tasks of a kind; a step is a task.
    Tasks(TaskKind),
}

impl Stage {
    /// As progress names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Circuits => "circuits",
            Self::SetUp => "key set-up",
            Self::Tasks(kind) => kind.name(),
        }
    }

    /// The row of a report that its time counts in.
    #[must_use]
    pub const fn row(self) -> &'static str {
        use TaskKind::*;
        match self {
            Self::Circuits | Self::SetUp => self.name(),
            Self::Tasks(ChunkLeaf) => "chunk leaves",
            Self::Tasks(ChunkWrapper | ChunkNode) => "chunk nodes",
            Self::Tasks(StreamLeaf | StreamWrapper | StreamNode) => "streams",
            Self::Tasks(ChainNode) => "chain nodes",
            Self::Tasks(Seal | Exit | Shrink | Wrap | Groth16) => self.name(),
        }
    }
}

/// Listens to the prover; called from its threads. A stage may come in several parts, each with a beginning and an end.
pub trait Progress: Sync {
    /// A stage of `total` steps begins.
    fn begin(&self, stage: Stage, total: usize);
    /// One of its steps is done.
    fn step(&self, stage: Stage);
    /// It has ended: all its steps are done, or there was an error.
    fn end(&self, stage: Stage);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self, _: Stage) {}
    fn end(&self, _: Stage) {}
}

/// Ends a proof early: clones of one value share the wish. The prover looks at it before each task, so that what it is at is
/// finished and nothing new begins.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends what was given this value, and whatever will be.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody wants the work to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails if somebody wants the work to end.
    ///
    /// # Errors
    /// [`ProverError::Cancelled`].
    pub fn check(&self) -> Result<(), ProverError> {
        if self.is_cancelled() { Err(ProverError::Cancelled) } else { Ok(()) }
    }
}
