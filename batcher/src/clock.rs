//! The operator's clock: for people and figures, and for when a batch is sealed. It may jump either way: nobody is refused
//! or halted by it. What a batch's timestamp is, and whether it is too old, is decided by L1's.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::records::Milliseconds;

/// Milliseconds since 1970; zero if the machine's clock is before that.
#[must_use]
pub fn now_ms() -> Milliseconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
