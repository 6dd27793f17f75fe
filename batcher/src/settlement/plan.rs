//! Which L1 transaction is owed next. Pure: a function of what L1 says, of what is on its way, and of what is ready.
//!
//! L1's word is the watcher's. A transaction that is on its way counts as if it had been mined, in the order of the nonces, so
//! that several can be on their way at once. One that was mined counts so until the watcher has read its block; from then on
//! only what L1 says counts. So neither a receipt that lies nor another committer leads to a wrong plan for long.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::records::{BatchNumber, L1View, Purpose};

/// Batches that may wait for a proof: `MAX_UNPROVEN` in `Settlement.sol`.
const MAX_UNPROVEN: u32 = 256;

/// Which of a node's pools takes a transaction. An account has transactions in one of them only, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    /// Without blobs.
    Plain,
    /// With blobs.
    Blobs,
}

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It may still be mined.
    OnItsWay,
    /// It was mined in this block.
    Mined { block: u64, success: bool },
    /// Its nonce is used, and the node does not show by what; first seen with this head.
    Taken { head: u64 },
}

/// A transaction that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) nonce: u64,
    pub(super) purpose: Purpose,
    pub(super) pool: Pool,
    pub(super) stage: Stage,
    /// It commits a batch as it was published before, and not as it is now.
    pub(super) is_outdated: bool,
}

/// What could be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ready {
    /// Published batches that L1 does not have, and the pool of their commitments.
    pub(super) commits: BTreeMap<BatchNumber, Pool>,
    /// First and last batch of each proof that L1 does not have.
    pub(super) proofs: Vec<(BatchNumber, BatchNumber)>,
}

/// A transaction to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) purpose: Purpose,
    pub(super) pool: Pool,
    /// What it builds on is not on L1 yet: it cannot be simulated.
    pub(super) behind: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    /// The next transaction.
    pub(super) owed: Option<Owed>,
    /// Nonces of transactions on their way that must not be mined any more: the contract would refuse them.
    pub(super) obsolete: Vec<u64>,
}

/// How far the rollup is on L1.
#[derive(Debug, Clone, Copy)]
struct Progress {
    committed: BatchNumber,
    proven: BatchNumber,
}

impl Progress {
    /// Does what a transaction does, unless the contract would refuse it.
    fn apply(&mut self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Cancel => true,
            Purpose::Commit { batch } if Some(batch) == self.committed.checked_add(1) => {
                self.committed = batch;
                true
            }
            Purpose::Prove { first, last } if self.accepts_proof(first, last) => {
                self.proven = last;
                true
            }
            Purpose::Commit { .. } | Purpose::Prove { .. } => false,
        }
    }

    fn accepts_proof(&self, first: BatchNumber, last: BatchNumber) -> bool {
        Some(first) == self.proven.checked_add(1) && first <= last && last <= self.committed
    }

    /// A proof comes before a commitment: it is what finality waits for.
    fn next(&self, ready: &Ready) -> Option<(Purpose, Pool)> {
        let proofs = ready.proofs.iter().filter(|&&(first, last)| self.accepts_proof(first, last));
        if let Some(&(first, last)) = proofs.max_by_key(|(_, last)| last) {
            return Some((Purpose::Prove { first, last }, Pool::Plain));
        }
        let batch = self.committed.checked_add(1)?;
        let pool = *ready.commits.get(&batch)?;
        (self.committed - self.proven < MAX_UNPROVEN).then_some((Purpose::Commit { batch }, pool))
    }
}

/// Whether nothing can be settled: the contract would refuse it, or what L1 has is not known.
pub(super) fn is_stopped(view: &L1View) -> bool {
    view.paused || view.frozen || view.halted.is_some()
}

/// Nonces of waiting transactions that are not brought to the node now: the contract would refuse them.
pub(super) fn idle(view: &L1View, rows: &[Row]) -> BTreeSet<u64> {
    let is_stopped = is_stopped(view);
    let refused = |row: &&Row| {
        let waits = row.stage == Stage::OnItsWay && row.purpose != Purpose::Cancel;
        waits && (is_stopped || row.is_outdated)
    };
    rows.iter().filter(refused).map(|row| row.nonce).collect()
}

/// The plan. `rows` are in the order of their nonces; at most `max_in_flight` are to be on their way.
pub(super) fn plan(view: &L1View, rows: &[Row], ready: &Ready, max_in_flight: usize) -> Plan {
    let mut progress =
        Progress { committed: view.committed, proven: view.proven.min(view.committed) };
    let mut obsolete = Vec::new();
    for row in rows {
        match row.stage {
            Stage::Mined { block, .. } if block <= view.block => {}
            // What L1 has instead is for the watcher to say.
            Stage::Mined { success: false, .. } => return Plan::default(),
            Stage::Mined { success: true, .. } => {
                progress.apply(row.purpose);
            }
            // What has used the nonce may be the transaction itself, whose receipt the node does not have yet. Once the watcher
            // has read so far, it has seen what it did.
            Stage::Taken { head } if head > view.block => return Plan::default(),
            Stage::Taken { .. } => {}
            Stage::OnItsWay => {
                let refused = (view.frozen || row.is_outdated) && row.purpose != Purpose::Cancel;
                if refused || !progress.apply(row.purpose) {
                    obsolete.push(row.nonce);
                }
            }
        }
    }
    let waiting: Vec<_> = rows.iter().filter(|row| row.stage == Stage::OnItsWay).collect();
    let owed = if is_stopped(view) || waiting.len() >= max_in_flight {
        None
    } else {
        progress.next(ready)
    };
    let owed = owed
        .filter(|(_, pool)| waiting.iter().all(|row| row.pool == *pool))
        .map(|(purpose, pool)| Owed { purpose, pool, behind: !waiting.is_empty() });
    Plan { owed, obsolete }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn view(committed: BatchNumber, proven: BatchNumber) -> L1View {
        L1View { block: 100, committed, proven, ..L1View::default() }
    }

    fn ready(commits: std::ops::RangeInclusive<u32>, proofs: &[(u32, u32)]) -> Ready {
        Ready {
            commits: commits.map(|batch| (batch, Pool::Blobs)).collect(),
            proofs: proofs.to_vec(),
        }
    }

    fn commit(nonce: u64, batch: u32, stage: Stage) -> Row {
        Row {
            nonce,
            purpose: Purpose::Commit { batch },
            pool: Pool::Blobs,
            stage,
            is_outdated: false,
        }
    }

    fn owed(plan: &Plan) -> Option<Purpose> {
        plan.owed.map(|owed| owed.purpose)
    }

    #[test]
    fn commitments_go_in_order_and_several_at_once() {
        let ready = ready(1..=9, &[]);
        let mut rows = Vec::new();
        for batch in 1..=3 {
            let plan = plan(&view(0, 0), &rows, &ready, 3);
            assert_eq!(owed(&plan), Some(Purpose::Commit { batch }));
            assert_eq!(plan.owed.unwrap().behind, batch > 1);
            rows.push(commit(batch.into(), batch, Stage::OnItsWay));
        }
        assert_eq!(plan(&view(0, 0), &rows, &ready, 3), Plan::default());
        // The watcher has read the first: there is room for the fourth.
        rows[0].stage = Stage::Mined { block: 100, success: true };
        assert_eq!(owed(&plan(&view(1, 0), &rows, &ready, 3)), Some(Purpose::Commit { batch: 4 }));
    }

    #[test]
    fn a_proof_waits_for_its_batches_and_for_the_pool_and_goes_first() {
        let ready = ready(1..=9, &[(1, 2), (1, 3)]);
        assert_eq!(owed(&plan(&view(1, 0), &[], &ready, 4)), Some(Purpose::Commit { batch: 2 }));
        assert_eq!(
            owed(&plan(&view(2, 0), &[], &ready, 4)),
            Some(Purpose::Prove { first: 1, last: 2 })
        );
        assert_eq!(
            owed(&plan(&view(3, 0), &[], &ready, 4)),
            Some(Purpose::Prove { first: 1, last: 3 })
        );
        // Behind a blob transaction no other can be sent, and none is sent before the proof.
        let rows = [commit(7, 3, Stage::OnItsWay)];
        assert_eq!(plan(&view(2, 0), &rows, &ready, 4), Plan::default());
        // A proof from elsewhere than the last proven batch is of no use.
        assert_eq!(owed(&plan(&view(3, 1), &[], &ready, 4)), Some(Purpose::Commit { batch: 4 }));
    }

    #[test]
    fn what_was_mined_counts_until_the_watcher_has_read_it_and_not_longer() {
        let ready = ready(1..=9, &[]);
        let rows = [commit(1, 1, Stage::Mined { block: 101, success: true })];
        assert_eq!(owed(&plan(&view(0, 0), &rows, &ready, 4)), Some(Purpose::Commit { batch: 2 }));
        // Its receipt has lied: L1 does not have the batch.
        let rows = [commit(1, 1, Stage::Mined { block: 100, success: true })];
        assert_eq!(owed(&plan(&view(0, 0), &rows, &ready, 4)), Some(Purpose::Commit { batch: 1 }));
        // It was refused, perhaps because somebody else was faster.
        let rows = [commit(1, 1, Stage::Mined { block: 101, success: false })];
        assert_eq!(plan(&view(0, 0), &rows, &ready, 4), Plan::default());
    }

    #[test]
    fn what_the_contract_would_refuse_is_cancelled() {
        let ready = ready(1..=9, &[]);
        let rows = [commit(5, 1, Stage::OnItsWay), commit(6, 2, Stage::OnItsWay)];
        // Somebody else has committed batch 1.
        let plan_ = plan(&view(1, 0), &rows, &ready, 4);
        assert_eq!(
            (plan_.obsolete, plan_.owed.map(|o| o.purpose)),
            (vec![5], Some(Purpose::Commit { batch: 3 }))
        );
        // The first was refused; what was built on it would be, too.
        let rows = [commit(6, 2, Stage::OnItsWay)];
        let plan_ = plan(&view(0, 0), &rows, &ready, 4);
        assert_eq!(
            (plan_.obsolete, plan_.owed.map(|o| o.purpose)),
            (vec![6], Some(Purpose::Commit { batch: 1 }))
        );
        let frozen = L1View { frozen: true, ..view(0, 0) };
        let rows = [commit(5, 1, Stage::OnItsWay)];
        assert_eq!(plan(&frozen, &rows, &ready, 4), Plan { owed: None, obsolete: vec![5] });
        for stopped in [
            L1View { paused: true, ..view(0, 0) },
            L1View { halted: Some("deep".into()), ..view(0, 0) },
        ] {
            assert_eq!(plan(&stopped, &rows, &ready, 4), Plan::default());
        }
    }

    #[test]
    fn nothing_is_planned_over_a_transaction_that_may_have_been_mined() {
        let ready = ready(1..=9, &[]);
        // Its nonce is used and the node has no receipt: the watcher has not read so far.
        let rows = [commit(1, 1, Stage::Taken { head: 101 }), commit(2, 2, Stage::OnItsWay)];
        assert_eq!(plan(&view(0, 0), &rows, &ready, 4), Plan::default());
        // It has: it was somebody else's, and what builds on it is of no use.
        let rows = [commit(1, 1, Stage::Taken { head: 100 }), commit(2, 2, Stage::OnItsWay)];
        let after = plan(&view(0, 0), &rows, &ready, 4);
        assert_eq!(owed(&after), Some(Purpose::Commit { batch: 1 }));
        assert_eq!(after.obsolete, [2]);
        // It was the commitment itself.
        let after = plan(&view(1, 0), &rows, &ready, 4);
        assert_eq!((owed(&after), after.obsolete), (Some(Purpose::Commit { batch: 3 }), vec![]));
    }

    #[test]
    fn a_batch_that_was_published_again_is_committed_as_it_is_now() {
        let ready = ready(1..=9, &[]);
        let mut rows = [commit(5, 1, Stage::OnItsWay), commit(6, 2, Stage::OnItsWay)];
        rows[0].is_outdated = true;
        let after = plan(&view(0, 0), &rows, &ready, 4);
        assert_eq!(owed(&after), Some(Purpose::Commit { batch: 1 }));
        assert_eq!(after.obsolete, [5, 6]);
        // One that was mined counts as it is.
        rows[0].stage = Stage::Mined { block: 101, success: true };
        let after = plan(&view(0, 0), &rows, &ready, 4);
        assert_eq!((owed(&after), after.obsolete), (Some(Purpose::Commit { batch: 3 }), vec![]));
    }

    #[test]
    fn what_the_contract_would_refuse_is_not_sent() {
        let mut rows = [4, 5, 6, 7].map(|nonce| commit(nonce, 1, Stage::OnItsWay));
        rows[0].stage = Stage::Mined { block: 9, success: true };
        rows[1].purpose = Purpose::Cancel;
        assert!(idle(&view(0, 0), &rows).is_empty());
        assert_eq!(idle(&L1View { paused: true, ..view(0, 0) }, &rows), [6, 7].into());
        rows[3].is_outdated = true;
        assert_eq!(idle(&view(0, 0), &rows), [7].into());
    }

    #[test]
    fn no_more_wait_for_a_proof_than_may() {
        let ready = ready(1..=1_000, &[]);
        assert_eq!(plan(&view(256, 0), &[], &ready, 4), Plan::default());
        assert!(plan(&view(255, 0), &[], &ready, 4).owed.is_some());
    }

    proptest! {
        /// A contract that mines what is planned, at any speed, refuses nothing and has every batch proven in the end.
        #[test]
        fn everything_is_settled_once(
            lasts in prop::collection::btree_set(1u32..12, 1..6),
            pools in prop::collection::vec(any::<bool>(), 12),
            mined in prop::collection::vec(any::<bool>(), 200),
            depth in 1usize..5,
        ) {
            let last = *lasts.last().unwrap();
            let mut first = 1;
            let proofs = lasts.iter().map(|&last| {
                let range = (first, last);
                first = last + 1;
                range
            }).collect();
            let pool = |i: u32| if pools[i as usize] { Pool::Blobs } else { Pool::Plain };
            let ready = Ready { commits: (1..=last).map(|i| (i, pool(i))).collect(), proofs };
            let (mut rows, mut view, mut nonce) = (Vec::<Row>::new(), view(0, 0), 0);
            let mut l1 = Progress { committed: 0, proven: 0 };
            let mut mined = mined.into_iter().chain(std::iter::repeat(true));
            for _ in 0..1_000 {
                let plan = plan(&view, &rows, &ready, depth);
                prop_assert!(plan.obsolete.is_empty());
                if let Some(Owed { purpose, pool, .. }) = plan.owed {
                    let stage = Stage::OnItsWay;
                    rows.push(Row { nonce, purpose, pool, stage, is_outdated: false });
                    nonce += 1;
                }
                prop_assert!(rows.len() <= depth);
                if mined.next() == Some(true) && !rows.is_empty() {
                    prop_assert!(l1.apply(rows.remove(0).purpose));
                    view.block += 1;
                    (view.committed, view.proven) = (l1.committed, l1.proven);
                }
            }
            prop_assert_eq!((l1.committed, l1.proven), (last, last));
        }
    }
}
