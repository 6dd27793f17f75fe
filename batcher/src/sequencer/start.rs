//! The state at start: the stored accounts of the last final batch, and the blocks after it executed again.

use cairn_types::Word;
use tracing::info;

use super::{
    backlog::Backlog, checkpoint, error::SequencerError, ledger::Ledger, position::Position,
    replay::Replay, stamp,
};
use crate::store::{Store, records::Order};

/// What the store holds, ready to go on.
#[derive(Debug)]
pub struct Started {
    pub(super) ledger: Ledger,
    pub(super) position: Position,
    pub(super) backlog: Backlog,
    /// What the operator has last told the sequencer.
    pub(super) order: Order,
}

impl Started {
    /// What readers may be told.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether an end of the process has cut a drain off.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        matches!(self.order, Order::Drain { .. })
    }
}

/// Rebuilds the state from the store. Takes seconds for millions of accounts: not for an async thread.
///
/// Trust: `domain` is the rollup's. Signatures of the log are not verified again.
///
/// # Errors
/// The store's, or what it holds does not fit together.
pub fn start(store: &Store, domain: Word) -> Result<Started, SequencerError> {
    checkpoint::finish(store)?;
    let expired = stamp::renew(store)?;
    let mut replay = Replay::from_checkpoint(store, domain)?;
    let from = replay.position.head.block;
    replay.catch_up()?;
    let Replay { position, forks, ended, .. } = replay;
    let mut backlog = Backlog::default();
    ended.iter().for_each(|batch| backlog.add(batch));
    let ledger = Ledger::new(&position.state, position.head);
    forks.into_iter().for_each(|(batch, fork)| ledger.keep(batch, fork));
    if let Some(reason) = expired {
        ledger.halt(reason);
    }
    let order = store.order.get(&())?.unwrap_or_default();
    ledger.set_status(|status| status.standing = order.into());
    let (next_id, blocks) = (ledger.next_id(), position.head.block - from);
    info!(next_id, blocks, head = position.head.block, "the state is rebuilt");
    Ok(Started { ledger, position, backlog, order })
}
