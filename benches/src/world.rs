//! A rollup with many accounts, and one batch of transfers on top of it.

use std::collections::BTreeMap;

use cairn_primitives::schnorr::SecretKey;
use cairn_prover::BatchJob;
use cairn_state::{BatchBuilder, Environment, Refusal, State, apply, sign};
use cairn_types::{
    Authorization, FIRST_USER_ID, Operation, PriorityOperation, PublicKey, Transaction, Word,
};

use crate::{data::Data, error::BenchError, traffic::Transfers};

const DOMAIN: Word = Word::new([7; 31]);
const ENVIRONMENT: Environment = Environment { domain: DOMAIN, timestamp: 1 };
/// What every account starts with: more than a batch can spend, less than an account can hold.
const BALANCE: u64 = 1 << 56;

/// Bytes that one account takes in the native tree: leaf, hashes, and the pages around them (estimated).
pub const ACCOUNT_BYTES: u64 = 200;
/// Bytes that one operation takes in the batch: three leaves before and after, running values, its part of the opening (estimated).
pub const OPERATION_BYTES: u64 = 2_500;

/// The batch of these transfers on top of so many accounts, as L1's batch 1. `step` is called once a transfer.
///
/// Accounts are made by deposits before the batch, so that the batch holds transfers only. Who never pays has a made-up key: what
/// it costs to prove a transfer does not depend on it.
///
/// # Errors
/// A transfer that the transition function refuses.
pub fn batch(
    transfers: &Transfers,
    accounts: u32,
    seed: u64,
    data: Data,
    step: impl Fn(),
) -> Result<BatchJob, BenchError> {
    let keys: BTreeMap<u32, SecretKey> = transfers
        .list
        .iter()
        .map(|transfer| (transfer.from, secret_key(seed, transfer.from)))
        .collect();
    let state = accounts_made(transfers, accounts, &keys)
        .map_err(|reason| BenchError::Refused { number: 0, reason })?;
    let mut batch = BatchBuilder::new(state, ENVIRONMENT);
    for (index, transfer) in transfers.list.iter().enumerate() {
        let id = |account: u32| FIRST_USER_ID as u32 + account;
        let (from, to) = (id(transfer.from), id(transfer.to));
        let payer = batch.state().account(from);
        let authorization = Authorization {
            domain: DOMAIN,
            token: payer.token,
            nonce: payer.nonce,
            expiry: 0,
            recipient: batch.state().account(to).key,
        };
        let transaction =
            Transaction::Transfer { from, to, amount: transfer.amount, fee: transfer.fee };
        let signed = sign(&keys[&transfer.from], transaction, authorization);
        batch
            .push(Operation::Signed(signed))
            .map_err(|reason| BenchError::Refused { number: index + 1, reason })?;
        step();
    }
    let witness = batch.finish().1;
    let data = data.location(&witness.data)?;
    Ok(BatchJob { witness, data, number: 1, previous_chain_hash: [0; 32] })
}

/// The state in which the tokens are registered and every account has its balance.
fn accounts_made(
    transfers: &Transfers,
    accounts: u32,
    keys: &BTreeMap<u32, SecretKey>,
) -> Result<State, Refusal> {
    let mut state = State::genesis();
    let mut execute =
        |operation| apply(&mut state, &Operation::Priority(operation), &ENVIRONMENT).map(|_| ());
    for token in 0..transfers.tokens {
        let key = made_up_key(u32::MAX);
        execute(PriorityOperation::RegisterToken { token, quantum_exponent: 0, key })?;
    }
    for account in 0..accounts {
        let key =
            keys.get(&account).map_or_else(|| made_up_key(account), |key| key.public().into());
        let token = transfers.token_of.get(&account).copied().unwrap_or(0);
        // Leaf 0 collects fees and has another key: the deposit makes a leaf.
        execute(PriorityOperation::Deposit { leaf: 0, token, amount: BALANCE, key })?;
    }
    Ok(state)
}

fn secret_key(seed: u64, account: u32) -> SecretKey {
    SecretKey::from_seed(format!("cairn bench {seed} {account}").as_bytes())
}

fn made_up_key(account: u32) -> PublicKey {
    PublicKey::new([u64::from(account) + 1, 0, 0, 0, 1]).expect("canonical elements")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::traffic::Traffic;

    #[test]
    fn a_batch_holds_the_transfers_and_repeats() {
        let transfers = Traffic::Uniform.transfers(9, 50, 3).unwrap();
        let steps = Cell::new(0);
        let job = batch(&transfers, 50, 3, Data::Blobs, || steps.set(steps.get() + 1)).unwrap();
        assert_eq!(steps.get(), 9);
        assert_eq!(job.witness.slots.len(), 9);
        assert_eq!(job.witness.data.len(), 5, "two short transfers a word");
        assert_eq!(job.witness.before.state.next_id, FIRST_USER_ID + 50);
        assert_eq!(job, batch(&transfers, 50, 3, Data::Blobs, || ()).unwrap());
        assert_ne!(job, batch(&transfers, 51, 3, Data::Blobs, || ()).unwrap());
    }

    #[test]
    fn other_tokens_have_leaves_of_their_own() {
        let transfers = Transfers {
            list: Traffic::Merchant { percent: 100.0 }.transfers(3, 4, 1).unwrap().list,
            tokens: 2,
            token_of: (0..4).map(|account| (account, 1)).collect(),
        };
        let job = batch(&transfers, 4, 1, Data::Calldata, || ()).unwrap();
        assert_eq!(job.witness.slots.len(), 3);
        assert_eq!(job.witness.before.state.next_token, 2);
    }
}
