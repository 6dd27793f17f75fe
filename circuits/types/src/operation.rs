//! Operations: everything that changes the state.

use crate::{AccountId, ForcedTransaction, PublicKey, Signature, TokenId, Word, word_tag};
use serde::{Deserialize, Serialize};

/// One step of the rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Queued on L1; it needs no signature.
    Priority(PriorityOperation),
    /// Signed by the key of the leaf that pays.
    Signed(SignedTransaction),
}

/// An operation that L1 has accepted and queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PriorityOperation {
    /// Registers the next token and creates its fee leaf.
    RegisterToken {
        /// Must be the next token.
        token: TokenId,
        /// A quantum is `10^quantum_exponent` base units. Not used on L2.
        quantum_exponent: u8,
        /// Key of the fee leaf.
        key: PublicKey,
    },
    /// Credits the leaf if it has this key and token, else creates a new one.
    Deposit {
        /// The leaf to credit, if it fits.
        leaf: AccountId,
        /// A registered token.
        token: TokenId,
        /// Quanta, below `2^62`.
        amount: u64,
        /// Key of the depositor.
        key: PublicKey,
    },
    /// Executes the transaction if all of it holds, else changes nothing.
    Forced(ForcedTransaction),
}

/// What a signer asks for, exactly as it stands in the data of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transaction {
    /// Pays an existing leaf of the same token.
    Transfer {
        /// The leaf that pays.
        from: AccountId,
        /// The leaf that is paid; may be `from`.
        to: AccountId,
        /// Quanta, below `2^62`.
        amount: u64,
        /// Quanta, below `2^62`.
        fee: u64,
    },
    /// Pays into a new leaf.
    TransferToNew {
        /// The leaf that pays.
        from: AccountId,
        /// Key of the new leaf.
        key: PublicKey,
        /// Quanta, below `2^62`.
        amount: u64,
        /// Quanta, below `2^62`.
        fee: u64,
    },
    /// Moves funds to an L1 address.
    Withdraw {
        /// The leaf that pays.
        from: AccountId,
        /// The L1 address.
        recipient: [u8; 20],
        /// Quanta, below `2^62`.
        amount: u64,
        /// Quanta, below `2^62`.
        fee: u64,
    },
    /// Hands the leaf to another key.
    ChangeKey {
        /// The leaf that pays.
        from: AccountId,
        /// Its new key.
        key: PublicKey,
        /// Quanta, below `2^62`.
        fee: u64,
    },
}

impl Transaction {
    /// Tag of the long form, also the type in the signed message.
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Transfer { .. } => word_tag::TRANSFER,
            Self::TransferToNew { .. } => word_tag::TRANSFER_TO_NEW,
            Self::Withdraw { .. } => word_tag::WITHDRAW,
            Self::ChangeKey { .. } => word_tag::CHANGE_KEY,
        }
    }

    /// The leaf that pays and signs.
    pub const fn from(&self) -> AccountId {
        match *self {
            Self::Transfer { from, .. }
            | Self::TransferToNew { from, .. }
            | Self::Withdraw { from, .. }
            | Self::ChangeKey { from, .. } => from,
        }
    }

    /// The amount; zero for [`Self::ChangeKey`].
    pub const fn amount(&self) -> u64 {
        match *self {
            Self::Transfer { amount, .. }
            | Self::TransferToNew { amount, .. }
            | Self::Withdraw { amount, .. } => amount,
            Self::ChangeKey { .. } => 0,
        }
    }

    /// The fee.
    pub const fn fee(&self) -> u64 {
        match *self {
            Self::Transfer { fee, .. }
            | Self::TransferToNew { fee, .. }
            | Self::Withdraw { fee, .. }
            | Self::ChangeKey { fee, .. } => fee,
        }
    }

    /// `to` and `target(5)` of the message; `recipient` is the key of the leaf that a transfer pays.
    pub fn payee(&self, recipient: &PublicKey) -> (AccountId, [u64; 5]) {
        match *self {
            Self::Transfer { to, .. } => (to, recipient.elements()),
            Self::TransferToNew { key, .. } | Self::ChangeKey { key, .. } => (0, key.elements()),
            Self::Withdraw { recipient, .. } => {
                let [high, middle, low] = address_limbs(&recipient);
                (0, [high, middle, low, 0, 0])
            }
        }
    }

    /// The elements that are hashed with [`crate::tag::SIGNED_OPERATION`] and signed:
    /// `domain(4), type, from, nonce, token, amount, fee, expiry, to, target(5)`.
    pub fn message(&self, authorization: &Authorization) -> [u64; 17] {
        let (to, target) = self.payee(&authorization.recipient);
        let [d0, d1, d2, d3] = authorization.domain.limbs();
        let [t0, t1, t2, t3, t4] = target;
        [
            d0,
            d1,
            d2,
            d3,
            self.tag().into(),
            self.from().into(),
            authorization.nonce.into(),
            authorization.token.into(),
            self.amount(),
            self.fee(),
            authorization.expiry.into(),
            to.into(),
            t0,
            t1,
            t2,
            t3,
            t4,
        ]
    }
}

/// What the signer signs besides the transaction. None of it is in the data of a batch: the state
/// knows it, and refuses a transaction that states something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Authorization {
    /// The rollup.
    pub domain: Word,
    /// Token of the leaf that pays.
    pub token: TokenId,
    /// Nonce of the leaf that pays.
    pub nonce: u32,
    /// Last batch timestamp (seconds) at which the transaction is valid; 0 = no limit.
    pub expiry: u32,
    /// Key of the leaf that a [`Transaction::Transfer`] pays; zero for all others.
    pub recipient: PublicKey,
}

/// A transaction with its authorization and the signature of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignedTransaction {
    /// What is asked for.
    pub transaction: Transaction,
    /// What else is signed.
    pub authorization: Authorization,
    /// Over the hash of [`Self::message`].
    pub signature: Signature,
}

impl SignedTransaction {
    /// See [`Transaction::message`].
    pub fn message(&self) -> [u64; 17] {
        self.transaction.message(&self.authorization)
    }
}

/// `(address >> 124, (address >> 62) mod 2^62, address mod 2^62)`.
pub fn address_limbs(address: &[u8; 20]) -> [u64; 3] {
    // An address is a word with 11 zero bytes on top.
    let mut bytes = [0; 31];
    bytes[11..].copy_from_slice(address);
    let [_, high, middle, low] = Word::new(bytes).limbs();
    [high, middle, low]
}
