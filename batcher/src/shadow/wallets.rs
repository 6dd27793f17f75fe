//! The users of the shadow: a key for every name, which leaves they have, and what they sign.

use std::collections::HashMap;

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{Effects, State, Verified, apply, apply_verified, sign};
use cairn_types::{
    AccountId, Authorization, FIRST_USER_ID, Operation, PriorityOperation, PublicKey, Signature,
    SignedTransaction, TokenId, Transaction,
};
use rayon::prelude::*;
use sha3::{Digest as _, Keccak256};

use super::{
    ledger::{Ledger, Name, Row, TokenIndex},
    openings::{Fees, Token, quanta},
    play::Setting,
    refusal::Reason,
};
use crate::parse;

/// No leaf: a deposit that names it makes one.
pub(super) const NO_LEAF: AccountId = AccountId::MAX;

/// Keys and leaves.
#[derive(Debug)]
pub(super) struct Wallets {
    keys: Vec<SecretKey>,
    leaves: HashMap<(TokenIndex, Name), AccountId>,
}

/// A transaction that is to be signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsigned {
    pub(super) signer: Name,
    pub(super) transaction: Transaction,
    authorization: Authorization,
}

impl Wallets {
    /// A key for each name of the ledger, which everyone can compute: nothing is secret here.
    pub(super) fn new(ledger: &Ledger) -> Self {
        let key = |name: &String| SecretKey::from_seed(format!("cairn shadow {name}").as_bytes());
        Self { keys: ledger.names.par_iter().map(key).collect(), leaves: HashMap::new() }
    }

    fn key(&self, name: Name) -> Option<PublicKey> {
        self.keys.get(name as usize).map(|key| key.public().into())
    }

    fn leaf(&self, token: TokenIndex, name: Name) -> Option<AccountId> {
        self.leaves.get(&(token, name)).copied()
    }

    /// Deposits to a name, and learns of its leaf if this has made one.
    pub(super) fn deposit(
        &mut self,
        ahead: &mut State,
        setting: &Setting,
        (token, name): (TokenIndex, Name),
        amount: u64,
    ) -> Result<PriorityOperation, Reason> {
        let leaf = self.leaf(token, name).unwrap_or(NO_LEAF);
        let key = self.key(name).ok_or(Reason::NoAccount)?;
        // A ledger has no more tokens than a rollup.
        let operation = PriorityOperation::Deposit { leaf, token: token as TokenId, amount, key };
        let first = ahead.next_id();
        let effects = apply(ahead, &Operation::Priority(operation), &setting.environment);
        self.learn(first, &effects.map_err(Reason::Rule)?, (token, name));
        Ok(operation)
    }

    /// What the payer of a row would sign, executed on the state ahead, or why the state refuses it.
    pub(super) fn pay(
        &mut self,
        ahead: &mut State,
        setting: &Setting,
        ledger: &Ledger,
        row: &Row,
        token: &Token,
    ) -> Result<Unsigned, Reason> {
        let amount = quanta(ledger, token, row)?;
        let signer = row.from.ok_or(Reason::Nobody)?;
        let from = self.leaf(row.token, signer).ok_or(Reason::NoAccount)?;
        let (transaction, recipient) = self.transaction(ledger, row, from, amount, setting.fees);
        let authorization = Authorization {
            domain: setting.environment.domain,
            token: row.token as TokenId,
            nonce: ahead.account(from).nonce,
            expiry: 0,
            recipient,
        };
        let unsigned = Unsigned { signer, transaction, authorization };
        // The rules of the state judge what will be signed; the signature is verified when there is one.
        let key = self.key(signer).ok_or(Reason::NoAccount)?;
        let judged = Verified::trusted(unsigned.with(Signature::default()), key);
        let first = ahead.next_id();
        let effects = apply_verified(ahead, &judged, &setting.environment).map_err(Reason::Rule)?;
        if let Some(payee) = row.to {
            self.learn(first, &effects, (row.token, payee));
        }
        Ok(unsigned)
    }

    /// The transaction of a row, and the key of the leaf that it pays.
    fn transaction(
        &self,
        ledger: &Ledger,
        row: &Row,
        from: AccountId,
        amount: u64,
        fees: Fees,
    ) -> (Transaction, PublicKey) {
        let fee = fees.transfer;
        let Some(payee) = row.to else {
            let recipient = l1_address(ledger.name(row.from));
            return (Transaction::Withdraw { from, recipient, amount, fee }, PublicKey::ZERO);
        };
        let key = self.key(payee).unwrap_or(PublicKey::ZERO);
        match self.leaf(row.token, payee) {
            Some(to) => (Transaction::Transfer { from, to, amount, fee }, key),
            None => {
                let fee = fees.new_account;
                (Transaction::TransferToNew { from, key, amount, fee }, PublicKey::ZERO)
            }
        }
    }

    /// Signs all of them, on rayon's threads; each with the key that it holds under.
    pub(super) fn sign(&self, unsigned: &[Unsigned]) -> Vec<(SignedTransaction, PublicKey)> {
        let sign = |unsigned: &Unsigned| {
            let key = self.keys.get(unsigned.signer as usize)?;
            let Unsigned { transaction, authorization, .. } = *unsigned;
            Some((sign(key, transaction, authorization), key.public().into()))
        };
        unsigned.par_iter().filter_map(sign).collect()
    }

    fn learn(&mut self, first: u64, effects: &Effects, owner: (TokenIndex, Name)) {
        if effects.next_id > first && first >= FIRST_USER_ID {
            // Below 2^32: the state has allotted it.
            self.leaves.insert(owner, first as AccountId);
        }
    }
}

impl Unsigned {
    fn with(self, signature: Signature) -> SignedTransaction {
        let Self { transaction, authorization, .. } = self;
        SignedTransaction { transaction, authorization, signature }
    }
}

/// Where what a name withdraws goes: the name, if that is an address.
fn l1_address(name: &str) -> [u8; 20] {
    if let Ok(address) = parse::address(name) {
        return address.into_array();
    }
    let hash: [u8; 32] = Keccak256::digest(format!("L1 {name}")).into();
    std::array::from_fn(|i| hash[12 + i])
}
