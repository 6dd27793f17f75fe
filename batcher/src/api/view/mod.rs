//! What the tables say, as it travels. Pure reading: nothing here asks another room, nothing is written.

mod chain;
mod life;
mod progress;
mod records;
mod withdrawal;

pub(super) use self::{
    chain::{batch, block, block_header},
    life::Lives,
    progress::{head, lag},
    records::{history, queue, settlements},
    withdrawal::{of_transaction, withdrawal},
};

use serde::Serialize;

use super::wire::OnL1;
use crate::store::{
    Store, StoreError,
    records::{BatchNumber, L1Place, Milliseconds},
};

fn on_l1(place: &L1Place) -> OnL1 {
    OnL1 {
        at_ms: place.timestamp.saturating_mul(1_000),
        block: place.block,
        block_hash: place.block_hash.into(),
        transaction: place.transaction.into(),
    }
}

/// When a batch was first seen to be final, if it is.
fn finalized_ms(
    store: &Store,
    batch: BatchNumber,
    is_final: bool,
) -> Result<Option<Milliseconds>, StoreError> {
    if is_final { store.final_since.get(&batch) } else { Ok(None) }
}

/// The word that serde has for a variant without fields.
fn word(variant: &impl Serialize) -> String {
    let value = serde_json::to_value(variant).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
