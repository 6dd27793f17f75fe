//! The state as a stranger has it: from L1 alone, and from what members of a data committee keep.

use std::{path::PathBuf, sync::Arc};

use alloy::primitives::{Address, B256};
use cairn_state::State;
use eyre::{Result, ensure};

use crate::reconstruct::{
    Rollup,
    blobs::{Blobs, LocalNode},
    committee::Members,
    source::Sources,
};

/// Rebuilds the last proven state, with no help from the operator, and holds it against the operator's.
///
/// # Errors
/// What is missing, or another state.
pub async fn rebuilt(
    url: &str,
    rollup: Address,
    members: &[PathBuf],
    expected: B256,
) -> Result<State> {
    let rollup = Rollup::read(url, rollup, 0, None, &()).await?;
    let (mut blobs, mut kept) = (Blobs::default(), Members::default());
    blobs.push(LocalNode(rollup.reader().provider().clone()));
    for folder in members {
        kept.push(&folder.display().to_string())?;
    }
    let mut sources = Sources::default();
    sources.push(blobs);
    sources.push(kept);
    let to = rollup.history().proven();
    let mut state = rollup.reconstruct(to, None, &Arc::new(sources), &()).await?.state;
    let got = B256::from(state.summary().commitment().to_bytes());
    ensure!(got == expected, "L1's data lead to {got}, the operator's state is {expected}");
    Ok(state)
}
