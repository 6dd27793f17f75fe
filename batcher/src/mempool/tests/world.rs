//! Accounts and transactions to test with.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, OnceLock},
};

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{Verified, sign};
use cairn_types::{
    Account, AccountId, Authorization, PublicKey, Signature, SignedTransaction, Transaction, Word,
};

use crate::{
    mempool::Accounts,
    store::{SCHEMA, Store, records::Identity},
};

pub(super) const DOMAIN: Word = Word::new([0xdd; 31]);
pub(super) const ALICE: AccountId = 1 << 16;
pub(super) const BOB: AccountId = ALICE + 1;
pub(super) const CAROL: AccountId = ALICE + 2;
/// Of token 1.
pub(super) const DAVE: AccountId = ALICE + 3;

pub(super) fn secret(id: AccountId) -> SecretKey {
    SecretKey::from_seed(&id.to_be_bytes())
}

pub(super) fn key(id: AccountId) -> PublicKey {
    secret(id).public().into()
}

/// A ledger that tests write themselves.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<HashMap<AccountId, Account>>);

impl Accounts for Book {
    fn account(&self, id: AccountId) -> Account {
        self.0.lock().unwrap().get(&id).copied().unwrap_or(Account::EMPTY)
    }
}

impl Book {
    /// Alice, Bob and Carol with 1,000,000 of token 0, Dave with as much of token 1.
    pub(super) fn new() -> Self {
        let book = Self::default();
        for id in [ALICE, BOB, CAROL, DAVE] {
            let token = u16::from(id == DAVE);
            book.set(id, Account { key: key(id), token, nonce: 0, balance: 1_000_000 });
        }
        book
    }

    pub(super) fn set(&self, id: AccountId, account: Account) {
        self.0.lock().unwrap().insert(id, account);
    }

    pub(super) fn set_nonce(&self, id: AccountId, nonce: u32) {
        self.set(id, Account { nonce, ..self.account(id) });
    }
}

/// Pays 1 to Bob, without a signature.
pub(super) fn unsigned(from: AccountId, nonce: u32, fee: u64) -> SignedTransaction {
    static BOBS: OnceLock<PublicKey> = OnceLock::new();
    let recipient = *BOBS.get_or_init(|| key(BOB));
    let authorization = Authorization { domain: DOMAIN, token: 0, nonce, expiry: 0, recipient };
    let transaction = Transaction::Transfer { from, to: BOB, amount: 1, fee };
    SignedTransaction { transaction, authorization, signature: Signature::default() }
}

/// As [`unsigned`], with a signature.
pub(super) fn signed(from: AccountId, nonce: u32, fee: u64) -> SignedTransaction {
    let SignedTransaction { transaction, authorization, .. } = unsigned(from, nonce, fee);
    sign(&secret(from), transaction, authorization)
}

/// What the pool sees of it. The pool looks at no signature.
pub(super) fn verified(signed: SignedTransaction) -> Verified {
    Verified::trusted(signed, key(signed.transaction.from()))
}

pub(super) fn store(folder: &Path) -> Store {
    let identity = Identity {
        schema: SCHEMA,
        chain_id: 31_337,
        rollup: Default::default(),
        genesis: Default::default(),
    };
    Store::open(folder, &identity).unwrap()
}
