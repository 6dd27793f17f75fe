//! What runs from slot to slot.

use super::{DigestTarget, short::OpenPairTarget};
use crate::statement::StreamTarget;
use plonky2::iop::target::Target;

/// The state: root of the account tree and the next free numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateTarget {
    /// Root of the account tree.
    pub(crate) root: DigestTarget,
    /// The id of the next new leaf.
    pub(crate) next_id: Target,
    /// The number of the next token.
    pub(crate) next_token: Target,
}

/// The three streams of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamsTarget {
    /// Signed operations.
    pub(crate) data: StreamTarget,
    /// Operations from the queue of L1.
    pub(crate) priority: StreamTarget,
    /// Payments owed on L1.
    pub(crate) withdrawal: StreamTarget,
}

/// Everything that runs from slot to slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunningTarget {
    /// The state.
    pub(crate) state: StateTarget,
    /// The streams.
    pub(crate) streams: StreamsTarget,
    /// The half of a data word that the slot before left open.
    pub(crate) pair: OpenPairTarget,
}
