//! The users of the demo: keys from the seed, leaf ids and nonces from the service, signatures.

use std::collections::BTreeMap;

use cairn_primitives::schnorr::SecretKey;
use cairn_types::{
    AccountId, Authorization, PublicKey, SignedTransaction, TokenId, Transaction, Word,
};
use eyre::{Result, eyre};
use sha3::{Digest as _, Keccak256};

use super::scenario::{Account, Action, Scenario, Token};

/// Everyone's keys, and where their leaves are.
#[derive(Debug)]
pub struct Wallets {
    domain: Word,
    keys: Vec<SecretKey>,
    names: Vec<String>,
    leaves: BTreeMap<(Account, Token), Leaf>,
}

/// A leaf of an account.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    id: AccountId,
    /// The next to sign.
    nonce: u32,
}

impl Wallets {
    /// One key an account; the same seed gives the same keys.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64, domain: Word) -> Self {
        let names = scenario.accounts.clone();
        let keys = names.iter().map(|name| secret_key(seed, name)).collect();
        Self { domain, keys, names, leaves: BTreeMap::new() }
    }

    /// Public key of an account.
    #[must_use]
    pub fn key(&self, account: Account) -> PublicKey {
        self.keys[account].public().into()
    }

    /// L1 address that the account's withdrawals go to.
    #[must_use]
    pub fn l1_address(&self, account: Account) -> [u8; 20] {
        let hash: [u8; 32] = Keccak256::digest(format!("L1 {}", self.names[account])).into();
        std::array::from_fn(|i| hash[12 + i])
    }

    /// The secret keys of all accounts.
    #[must_use]
    pub fn secret_keys(&self) -> &[SecretKey] {
        &self.keys
    }

    /// How many accounts there are.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.keys.len()
    }

    /// Learns that the account has a leaf of this token, and which nonce it signs next.
    pub fn learn(&mut self, account: Account, token: Token, id: AccountId, nonce: u32) {
        self.leaves.insert((account, token), Leaf { id, nonce });
    }

    /// Signs what the account wants, with its leaf's next nonce.
    ///
    /// # Errors
    /// An account of the action has no leaf of the token.
    pub fn sign(&mut self, action: &Action) -> Result<SignedTransaction> {
        let (signer, token, transaction, recipient) = match *action {
            Action::Transfer { from, to, token, amount, fee } => {
                let transaction = Transaction::Transfer {
                    from: self.leaf(from, token)?,
                    to: self.leaf(to, token)?,
                    amount,
                    fee,
                };
                (from, token, transaction, self.key(to))
            }
            Action::TransferToNew { from, to, token, amount, fee } => {
                let from_leaf = self.leaf(from, token)?;
                let transaction =
                    Transaction::TransferToNew { from: from_leaf, key: self.key(to), amount, fee };
                (from, token, transaction, PublicKey::ZERO)
            }
            Action::Withdraw { from, token, amount, fee } => {
                let recipient = self.l1_address(from);
                let from_leaf = self.leaf(from, token)?;
                (
                    from,
                    token,
                    Transaction::Withdraw { from: from_leaf, recipient, amount, fee },
                    PublicKey::ZERO,
                )
            }
            Action::ChangeKey { account, token, to, fee } => {
                let from = self.leaf(account, token)?;
                (
                    account,
                    token,
                    Transaction::ChangeKey { from, key: self.key(to), fee },
                    PublicKey::ZERO,
                )
            }
        };
        let missing = || eyre!("{} has no leaf of token {token}", self.names[signer]);
        let leaf = self.leaves.get_mut(&(signer, token)).ok_or_else(missing)?;
        let nonce = leaf.nonce;
        leaf.nonce += 1;
        let authorization = Authorization {
            domain: self.domain,
            token: TokenId::try_from(token)?,
            nonce,
            expiry: 0,
            recipient,
        };
        Ok(cairn_state::sign(&self.keys[signer], transaction, authorization))
    }

    /// The account's leaf of a token.
    ///
    /// # Errors
    /// It has none.
    pub fn leaf(&self, account: Account, token: Token) -> Result<AccountId> {
        self.leaves
            .get(&(account, token))
            .map(|leaf| leaf.id)
            .ok_or_else(|| eyre!("{} has no leaf of token {token}", self.names[account]))
    }
}

/// Key that collects a token's fees.
#[must_use]
pub fn fee_key(seed: u64, token: Token) -> PublicKey {
    fee_secret_key(seed, token).public().into()
}

/// The secret key of [`fee_key`].
#[must_use]
pub fn fee_secret_key(seed: u64, token: Token) -> SecretKey {
    secret_key(seed, &format!("fees of token {token}"))
}

fn secret_key(seed: u64, name: &str) -> SecretKey {
    SecretKey::from_seed(format!("cairn demo {seed} {name}").as_bytes())
}
