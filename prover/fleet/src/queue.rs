//! The queues that assignments wait in. A queue has assignments of one class that want about as much memory, so that none
//! ever reaches a worker that it does not fit.

use std::fmt;

use cairn_prover::{assignment::Class, work::Size};
use serde::{Deserialize, Serialize};

/// One queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Chunk leaves of the small size, and stream leaves.
    LeafSmall,
    /// Chunk leaves of the medium size.
    LeafMedium,
    /// Chunk leaves of the two largest sizes.
    LeafLarge,
    /// Nodes and seals.
    Recursion,
    /// From the shrink to the SNARK.
    Wrap,
}

impl Queue {
    /// All, the end of the pipeline last.
    pub const ALL: [Self; 5] =
        [Self::LeafSmall, Self::LeafMedium, Self::LeafLarge, Self::Recursion, Self::Wrap];

    /// The queue of a chunk leaf of this size.
    #[must_use]
    pub const fn of_chunk(size: Size) -> Self {
        match size {
            Size::Small => Self::LeafSmall,
            Size::Medium => Self::LeafMedium,
            Size::Dense | Size::Large => Self::LeafLarge,
        }
    }

    /// What a worker must be able to do.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::LeafSmall | Self::LeafMedium | Self::LeafLarge => Class::Leaf,
            Self::Recursion => Class::Recursion,
            Self::Wrap => Class::Wrap,
        }
    }

    /// MiB that a worker takes which has nothing else to do: the circuits, and the largest work of the queue.
    #[must_use]
    pub const fn memory_mb(self) -> u64 {
        match self {
            Self::LeafSmall | Self::Recursion => 2_300,
            Self::LeafMedium => 3_500,
            Self::LeafLarge => 7_500,
            Self::Wrap => 5_000,
        }
    }

    /// Its name in subjects, messages and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeafSmall => "leaf-small",
            Self::LeafMedium => "leaf-medium",
            Self::LeafLarge => "leaf-large",
            Self::Recursion => "recursion",
            Self::Wrap => "wrap",
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
