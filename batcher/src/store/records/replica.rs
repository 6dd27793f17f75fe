//! Where a store stands in the stream of commits.

use serde::{Deserialize, Serialize};

/// One operator's reign over the stream of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Counted over all operators of the stream.
    pub number: u64,
    /// Random: a stream that was lost and begun again may count to the same number.
    pub nonce: u64,
}

/// A place in the stream of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPosition {
    /// Whose message it is.
    pub term: Term,
    /// The message's place, from 1.
    pub sequence: u64,
}

/// What a store knows of the stream of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicated {
    /// The last message that the store has.
    pub position: StreamPosition,
    /// Whether the store's own operator wrote it. One that only follows may lack what others were promised.
    pub leads: bool,
}
