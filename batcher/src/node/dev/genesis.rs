//! A state with many funded accounts that a rollup starts with, for load tests.
//!
//! No deposit stands behind the money: custody pays nothing of it out. Transfers, proofs and L1's state
//! are as everywhere.

use cairn_state::State;
use cairn_types::{Account, AccountId, FIRST_USER_ID, PublicKey};
use rayon::prelude::*;

use super::fund::BALANCE;
use crate::{
    development::development_key,
    sequencer::key_bytes,
    store::{
        Store, StoreError,
        records::{ACCOUNTS_A_ROW, Checkpoint},
    },
};

/// Leaves that are written at once.
const STEP: usize = 1 << 16;

/// So many accounts of token 0, which L1 registers in its first priority operation.
#[must_use]
pub fn funded(accounts: u32) -> State {
    let leaf = |i: u32| Account {
        key: PublicKey::from(development_key(i.into()).public()),
        token: 0,
        nonce: 0,
        balance: BALANCE,
    };
    let leaves: Vec<_> = (0..accounts).into_par_iter().map(leaf).collect();
    let mut leaves = leaves.into_iter();
    let next_id = FIRST_USER_ID + u64::from(accounts);
    let state = State::restore(next_id, 0, |_| leaves.next().ok_or(NoLeaf));
    state.unwrap_or_else(|NoLeaf| unreachable!("as many leaves as ids"))
}

/// There are fewer leaves than ids.
struct NoLeaf;

/// Writes the state as the checkpoint that an operator starts from.
///
/// # Errors
/// The disk's.
pub fn write(store: &Store, state: &mut State) -> Result<(), StoreError> {
    let leaves: Vec<(AccountId, Account)> = state.accounts().collect();
    let rows: Vec<_> =
        leaves.chunk_by(|(a, _), (b, _)| a / ACCOUNTS_A_ROW == b / ACCOUNTS_A_ROW).collect();
    for rows in rows.chunks(STEP / ACCOUNTS_A_ROW as usize) {
        let mut write = store.write();
        for row in rows {
            let Some((first, _)) = row.first() else { continue };
            let accounts: Vec<_> = row.iter().map(|(_, account)| *account).collect();
            write.put(&store.accounts, &(first / ACCOUNTS_A_ROW), &accounts)?;
            for (id, account) in *row {
                write.put(&store.keys, &(key_bytes(&account.key), *id), &())?;
            }
        }
        write.commit()?;
    }
    // Last: without it there is no checkpoint.
    let mut write = store.write();
    let checkpoint = Checkpoint { batch: 0, block: 0, state: state.summary() };
    write.put(&store.checkpoint, &(), &checkpoint)?;
    write.commit()
}
