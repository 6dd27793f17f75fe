//! The account leaf.

use crate::PublicKey;
use serde::{Deserialize, Serialize};

/// Position of a leaf in the account tree.
pub type AccountId = u32;
/// Number of a registered token.
pub type TokenId = u16;

/// A leaf of the account tree: one token of one key. The empty leaf is all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Account {
    /// Who may spend; zero iff the leaf is empty.
    pub key: PublicKey,
    /// The token that the balance counts.
    pub token: TokenId,
    /// Number of transactions that this leaf has signed.
    pub nonce: u32,
    /// Quanta of the token, below `2^63`.
    pub balance: u64,
}

impl Account {
    /// The leaf of an id that was never allotted.
    pub const EMPTY: Self = Self { key: PublicKey::ZERO, token: 0, nonce: 0, balance: 0 };

    /// True iff the key is zero.
    pub fn is_empty(&self) -> bool {
        self.key.is_zero()
    }

    /// The eight elements that are hashed: `key(5), token | flags << 16, nonce, balance`; flags are 0.
    pub fn to_elements(&self) -> [u64; 8] {
        let [k0, k1, k2, k3, k4] = self.key.elements();
        [k0, k1, k2, k3, k4, self.token.into(), self.nonce.into(), self.balance]
    }
}
