//! Where block production stands.

use cairn_state::{Environment, State};
use cairn_types::Word;

use super::{block::OpenBatch, fill::Fill, ledger::Head};
use crate::store::records::{BatchNumber, L1View, Milliseconds};

/// The state, and what leads on from it.
#[derive(Debug)]
pub(super) struct Position {
    /// After all operations that were executed.
    pub(super) state: State,
    /// The last block.
    pub(super) head: Head,
    /// The last sealed batch.
    pub(super) sealed: BatchNumber,
    /// Its timestamp, seconds.
    pub(super) timestamp: u32,
    /// Operations of L1's queue that were executed.
    pub(super) priority_end: u64,
    /// None before the first block of a batch.
    pub(super) open: Option<OpenBatch>,
}

impl Position {
    /// The next batch. L1's clock gives its timestamp, and no batch is before the one that precedes it.
    pub(super) fn new_batch(
        &mut self,
        domain: Word,
        view: &L1View,
        now_ms: Milliseconds,
    ) -> OpenBatch {
        let clock = u32::try_from(view.timestamp).unwrap_or(u32::MAX);
        OpenBatch {
            number: self.sealed + 1,
            environment: Environment { domain, timestamp: self.timestamp.max(clock) },
            first_block: self.head.block + 1,
            opened_ms: now_ms,
            before: self.state.summary(),
            fill: Fill::default(),
            touched: Default::default(),
        }
    }
}
