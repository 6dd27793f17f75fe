//! Where a follower begins: what an earlier run has kept, what is named, or the rollup's own start.

use std::path::Path;

use cairn_state::State;

use super::{Setting, error::FollowError, receipts::Receipt};
use crate::{reconstruct::Rollup, snapshot::Snapshot};

/// The state's file in the data folder.
pub(super) const STATE: &str = "state.snapshot";

/// The state to begin with: the one in the folder or the one named, whichever is later and L1's, else the rollup's first.
/// The one in the folder is left alone where it is after the batch of a receipt.
pub(super) fn begin(
    setting: &Setting,
    rollup: &Rollup,
    receipts: &[Receipt],
) -> Result<Snapshot, FollowError> {
    let first_receipt = receipts.iter().map(|receipt| receipt.signed.batch).min();
    let is_early = |kept: &Snapshot| first_receipt.is_none_or(|batch| kept.batch < batch);
    let mut named = setting.snapshot.clone();
    if let Some(named) = &mut named {
        rollup.check_snapshot(named)?;
    }
    let earliest = named.as_ref().map_or(0, |named| named.batch);
    let kept = kept(&setting.folder, rollup).filter(is_early);
    if let Some(kept) = kept.filter(|kept| kept.batch > earliest) {
        return Ok(kept);
    }
    Ok(named.unwrap_or_else(|| snapshot(rollup, 0, rollup.genesis().clone())))
}

/// What an earlier run has kept; none where it is not L1's any more, or of another rollup: it is made again.
fn kept(folder: &Path, rollup: &Rollup) -> Option<Snapshot> {
    let file = folder.join(STATE);
    if !file.exists() {
        return None;
    }
    let mut snapshot = match Snapshot::read(&file) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::warn!(%error, "the state of an earlier run is not used");
            return None;
        }
    };
    match rollup.check_snapshot(&mut snapshot) {
        Ok(_) => Some(snapshot),
        Err(error) => {
            tracing::warn!(%error, "the state of an earlier run is not used");
            None
        }
    }
}

/// The state after a batch, as a file has it.
pub(super) fn snapshot(rollup: &Rollup, batch: u32, state: State) -> Snapshot {
    let reader = rollup.reader();
    Snapshot { chain_id: reader.chain_id(), rollup: reader.address(), batch, state }
}
