//! Accounts of a state, with their paths, as `cairn_proof` answers.

use cairn_primitives::schnorr;
use cairn_state::{State, root_from_path};
use cairn_types::{Account, AccountId, FIRST_USER_ID, PublicKey};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{hex_of, random};

fn account(rng: &mut ChaCha8Rng) -> Account {
    let nonce = random::integer(rng, 32) as u32;
    let (token, balance) = (random::integer(rng, 16) as u16, random::integer(rng, 63));
    Account { key: random::key(rng), token, nonce, balance }
}

fn key_bytes(key: PublicKey) -> [u8; 40] {
    schnorr::PublicKey::from(key).to_bytes()
}

/// An answer of `cairn_proof`, without the batch: fee accounts, users, and ids that have no account.
pub(crate) fn proofs(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let (next_id, next_token) = (FIRST_USER_ID + 40, 3);
    let filled = State::restore(next_id, next_token, |_| Ok::<_, ()>(account(rng)));
    let mut state = filled.unwrap();
    let summary = state.summary();
    let users = (0..24).map(|index| FIRST_USER_ID as AccountId + index);
    let vector = |id: AccountId| {
        let (account, siblings) = (state.account(id), state.siblings(id));
        assert_eq!(root_from_path(id, &account, &siblings), summary.root);
        json!({
            "id": id,
            "key": hex_of(key_bytes(account.key)),
            "token": account.token,
            "nonce": account.nonce,
            "balance": account.balance.to_string(),
            "siblings": siblings.map(|sibling| hex_of(sibling.to_bytes())),
            "root": hex_of(summary.root.to_bytes()),
            "nextId": next_id,
            "nextToken": next_token,
            "state": hex_of(summary.commitment().to_bytes()),
        })
    };
    (0..4).chain(users).chain([FIRST_USER_ID as AccountId + 40, u32::MAX]).map(vector).collect()
}
