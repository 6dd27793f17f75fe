//! The pool after a start: what of the log has no outcome, in its order.

use cairn_state::Verified;
use rayon::prelude::*;

use super::{pool::Pool, rules::Accounts};
use crate::store::{
    Store, StoreError,
    records::{Accepted, Sequence},
};

/// Rows whose messages are hashed together.
const TOGETHER: usize = 4_096;

/// Puts the log's transactions without an outcome into the pool. Their signatures were verified when they were accepted.
///
/// Trust: the rows of the store are its own. `accounts` are those after its last block; `timestamp` is L1's clock.
pub(super) fn restore(
    store: &Store,
    pool: &mut Pool,
    accounts: &dyn Accounts,
    timestamp: u32,
) -> Result<(), StoreError> {
    let from = store.waiting_from.get(&())?.unwrap_or(0);
    let mut outcomes = store.outcomes.range(from..).peekable();
    let mut rows = Vec::with_capacity(TOGETHER);
    for row in store.log.range(from..) {
        let (sequence, accepted) = row?;
        // Both tables are in the order of the log; an outcome without a row is of no concern here.
        let mut has_outcome = false;
        while let Some(outcome) = outcomes.next_if(|outcome| match outcome {
            Ok((other, _)) => *other <= sequence,
            Err(_) => true,
        }) {
            has_outcome = outcome?.0 == sequence;
        }
        if !has_outcome {
            rows.push((sequence, accepted));
        }
        if rows.len() == TOGETHER {
            put(pool, accounts, timestamp, &mut rows);
        }
    }
    put(pool, accounts, timestamp, &mut rows);
    Ok(())
}

fn put(
    pool: &mut Pool,
    accounts: &dyn Accounts,
    timestamp: u32,
    rows: &mut Vec<(Sequence, Accepted)>,
) {
    let verify = |&(sequence, row): &(Sequence, Accepted)| {
        (sequence, Verified::trusted(row.transaction, row.key), row.received_ms)
    };
    let verified: Vec<_> = rows.par_iter().with_min_len(64).map(verify).collect();
    rows.clear();
    for (sequence, verified, received_ms) in verified {
        let payer = accounts.account(verified.signed().transaction.from());
        pool.restore(verified, &payer, sequence, received_ms, timestamp);
    }
}
