//! A proof that is thrown away, so that its batches are proven again.

use crate::{
    signals::Signals,
    store::{Store, StoreError, records::BatchNumber},
};

/// Throws away the proof that covers a batch; the batches that it covers are proven again.
///
/// # Errors
/// A sentence for the operator: L1 has the batch proven, or there is no proof to throw away.
pub fn requeue(store: &Store, signals: &Signals, batch: BatchNumber) -> Result<(), String> {
    let failed = |error: StoreError| error.to_string();
    let on_l1 = store.l1_view.get(&()).map_err(failed)?.map_or(0, |view| view.proven);
    if batch <= on_l1 {
        return Err(format!("batch {batch} is proven on L1, as all up to {on_l1} are"));
    }
    let row = store.proofs.range(batch..).next().transpose().map_err(failed)?;
    let Some((last, _)) = row.filter(|(_, proof)| proof.first <= batch) else {
        return Err(format!("batch {batch} has no proof yet: it is proven in its turn"));
    };
    let mut write = store.write();
    write.remove(&store.proofs, &last);
    write.commit().map_err(failed)?;
    signals.proving.ring();
    Ok(())
}
