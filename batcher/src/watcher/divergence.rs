//! Whether L1 has the states that were sealed here.

use std::fmt;

use alloy::primitives::B256;

use crate::store::{
    Store, StoreError,
    records::{BatchNumber, L1View},
};

/// A batch whose state on L1 is not the one that was sealed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Divergence {
    /// Its number.
    pub(super) batch: BatchNumber,
    /// State commitment after it, as L1 has it.
    pub(super) on_l1: B256,
    /// As it was sealed; none if no batch of this number was.
    pub(super) here: Option<B256>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, on_l1, here } = self;
        write!(
            f,
            "L1 and this operator disagree about batch {batch}: after it L1 has the state {on_l1}, "
        )?;
        match here {
            Some(here) => write!(f, "here it is {here}"),
            None => f.write_str("here it was not sealed"),
        }
    }
}

/// The first of the last proven and the last committed batch that differs. A state holds all that led to it, so these two
/// tell of all batches.
///
/// # Errors
/// The store's.
pub(super) fn find(store: &Store, view: &L1View) -> Result<Option<Divergence>, StoreError> {
    for batch in [view.proven, view.committed] {
        // What the rollup started with is checked at the start.
        let Some(on_l1) = store.l1_batches.get(&batch)?.filter(|_| batch > 0) else { continue };
        let (on_l1, sealed) = (on_l1.record.state, store.batches.get(&batch)?);
        let here = sealed.map(|sealed| B256::from(sealed.after.commitment().to_bytes()));
        if here != Some(on_l1) {
            return Ok(Some(Divergence { batch, on_l1, here }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use cairn_state::State;
    use cairn_types::DataMode;

    use super::*;
    use crate::store::{
        SCHEMA,
        records::{BatchRecord, Identity, L1Batch, L1Place, SealReason, SealedBatch},
    };

    fn sealed(number: BatchNumber) -> SealedBatch {
        let state = State::genesis().summary();
        SealedBatch {
            number,
            timestamp: 0,
            first_block: 1,
            last_block: 1,
            before: state,
            after: state,
            priority_end: 0,
            operations: 1,
            transfers: 1,
            data_words: 1,
            reason: SealReason::Asked,
            opened_ms: 0,
            sealed_ms: 0,
        }
    }

    fn on_l1(number: BatchNumber, state: B256) -> L1Batch {
        let record =
            BatchRecord { number, timestamp: 0, priority_end: 0, state, chain_hash: B256::ZERO };
        let committed =
            L1Place { block: 1, block_hash: B256::ZERO, timestamp: 0, transaction: B256::ZERO };
        let (withdrawals_root, data_mode) = (B256::ZERO, DataMode::Calldata);
        L1Batch { record, committed, withdrawals_root, data_mode, proven: None }
    }

    #[test]
    fn another_state_and_a_batch_of_somebody_else_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let (rollup, genesis) = (Address::ZERO, B256::ZERO);
        let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
        let store = Store::open(folder.path(), &identity).unwrap();
        let ours = B256::from(State::genesis().summary().commitment().to_bytes());
        let other = B256::repeat_byte(7);
        let mut write = store.write();
        for (number, state) in [(1, ours), (2, other), (3, ours)] {
            write.put(&store.l1_batches, &number, &on_l1(number, state)).unwrap();
        }
        for number in [1, 2] {
            write.put(&store.batches, &number, &sealed(number)).unwrap();
        }
        write.commit().unwrap();
        let find = |proven, committed| {
            find(&store, &L1View { proven, committed, ..L1View::default() }).unwrap()
        };
        assert_eq!([find(0, 0), find(0, 1), find(1, 1)], [None; 3]);
        let differs = Divergence { batch: 2, on_l1: other, here: Some(ours) };
        assert_eq!([find(1, 2), find(2, 2)], [Some(differs); 2]);
        let foreign = Divergence { batch: 3, on_l1: ours, here: None };
        assert_eq!(find(1, 3), Some(foreign));
        assert!(foreign.to_string().ends_with("here it was not sealed"), "{foreign}");
    }
}
