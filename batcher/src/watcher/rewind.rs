//! Back to a block that L1 still has.

use super::{chain::Chain, error::WatcherError};
use crate::store::{Store, StoreError};

/// Where what was read and the chain part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ancestor {
    /// The chain has this stored block, and none after it.
    Block(u64),
    /// The chain has none of the stored blocks, and all of them can be taken back.
    None,
    /// The chain is shorter than the blocks that are remembered: the node lags far behind.
    Unknown,
}

/// Finds the last stored block that the chain has, `head` being its last.
///
/// # Errors
/// The node's, or [`WatcherError::TooDeep`].
pub(super) async fn ancestor<C: Chain>(
    chain: &C,
    store: &Store,
    head: u64,
) -> Result<Ancestor, WatcherError> {
    let mut last = None;
    for row in store.l1_blocks.range(..=head).rev() {
        let (block, stored) = row?;
        let header = chain.header(block).await?.ok_or(WatcherError::MissingBlock { block })?;
        if header.hash == stored.hash {
            return Ok(Ancestor::Block(block));
        }
        last = Some((block, stored, header.hash));
    }
    match last {
        None => Ok(Ancestor::Unknown),
        // A block that cannot be undone is the last that is remembered.
        Some((block, stored, got)) if stored.undo.is_empty() => {
            Err(WatcherError::TooDeep { block, expected: stored.hash, got })
        }
        Some(_) => Ok(Ancestor::None),
    }
}

/// Takes back the last stored block; gives its number, or `None` if there is none that can be taken back.
///
/// # Errors
/// The store's.
pub(super) fn undo_last(store: &Store) -> Result<Option<u64>, StoreError> {
    let Some((number, block)) = store.l1_blocks.last()? else { return Ok(None) };
    if block.undo.is_empty() {
        return Ok(None);
    }
    let mut write = store.write();
    for entry in block.undo.iter().rev() {
        match entry.table() {
            name if name == store.l1_queue.name() => write.restore(&store.l1_queue, entry)?,
            name if name == store.l1_batches.name() => write.restore(&store.l1_batches, entry)?,
            _ => write.restore(&store.l1_view, entry)?,
        }
    }
    write.remove(&store.l1_blocks, &number);
    write.commit()?;
    Ok(Some(number))
}

/// Takes back every block after `ancestor`, one write each, the last first; gives how many.
///
/// # Errors
/// The store's.
pub(super) fn undo_to(store: &Store, ancestor: Option<u64>) -> Result<u64, StoreError> {
    let mut undone = 0;
    while let Some((number, _)) = store.l1_blocks.last()?
        && Some(number) > ancestor
        && undo_last(store)?.is_some()
    {
        undone += 1;
    }
    Ok(undone)
}
