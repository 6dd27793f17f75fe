//! What L1's events say, and how much of it is read once and for all.

use std::sync::Arc;

use alloy::{primitives::B256, rpc::types::Log, sol_types::SolEvent};

use super::{ReconstructError, history::History};
use crate::l1::{
    contracts::IRollupL1,
    queue::{self, QueuedOperation},
    reader::Reader,
};

/// What events say.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    pub(super) history: History,
    pub(super) queue: Vec<QueuedOperation>,
}

impl Events {
    /// Takes the next logs.
    ///
    /// # Errors
    /// They are not the rollup's next.
    pub(super) fn apply(&mut self, logs: &[Log]) -> Result<(), ReconstructError> {
        for log in logs {
            match log.topic0() {
                Some(&IRollupL1::PriorityOperationQueued::SIGNATURE_HASH) => {
                    queue::append(&mut self.queue, log)?;
                }
                _ => self.history.apply(log)?,
            }
        }
        Ok(())
    }
}

/// Events up to a block that is not expected to leave the chain.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) events: Events,
    /// Where they begin.
    pub(super) first_block: u64,
    /// The last block, and its hash; none before the first.
    pub(super) last: Option<(u64, B256)>,
}

impl Settled {
    /// None yet.
    pub(super) fn new(first_block: u64) -> Self {
        Self { events: Events::default(), first_block, last: None }
    }

    /// The next block to read.
    pub(super) fn next(&self) -> u64 {
        self.last.map_or(self.first_block, |(block, _)| block + 1)
    }

    /// These and those of `logs` up to block `edge`, and the logs after it.
    ///
    /// # Errors
    /// The node's, or what the logs are instead.
    pub(super) async fn advance<'a>(
        &self,
        reader: &Reader,
        edge: u64,
        logs: &'a [Log],
    ) -> Result<(Arc<Self>, &'a [Log]), ReconstructError> {
        let hash = reader.block_hash(edge).await?;
        let is_early = |log: &&Log| log.block_number.is_some_and(|block| block <= edge);
        let (early, late) = logs.split_at(logs.iter().take_while(is_early).count());
        let mut events = self.events.clone();
        events.apply(early)?;
        let settled = Self { events, first_block: self.first_block, last: Some((edge, hash)) };
        Ok((Arc::new(settled), late))
    }
}
