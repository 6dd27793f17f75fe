//! Why a transaction is not accepted.

use cairn_types::{AccountId, EncodeError, PublicKey, TokenId, Word};

use crate::store::StoreError;

/// Why a transaction was not accepted. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no room now, or intake is slowed down on purpose.
    #[error("{reason}; try again in {retry_after_ms} ms")]
    Busy {
        /// Why.
        reason: String,
        /// When there may be room.
        retry_after_ms: u64,
    },
    /// The operator stops; whether the transaction was accepted is unknown: ask for its status later.
    #[error("the operator stops; ask for the transaction's status when it is back")]
    Stopping,
    /// L1 refuses it as a forced transaction, and so does the operator.
    #[error("no transaction: {0}")]
    Malformed(EncodeError),
    /// It was signed for another rollup.
    #[error(
        "rollup domain: expected 0x{}, got 0x{}",
        hex::encode(.expected.bytes()), hex::encode(.got.bytes())
    )]
    Domain {
        /// This rollup's.
        expected: Word,
        /// As signed.
        got: Word,
    },
    /// Its time is over by L1's clock.
    #[error("expired at {expiry}, L1's clock is {now}")]
    Expired {
        /// As signed, seconds.
        expiry: u32,
        /// L1's clock, seconds.
        now: u32,
    },
    /// The leaf that should pay does not exist.
    #[error("account {id} does not exist")]
    UnknownPayer {
        /// The leaf.
        id: AccountId,
    },
    /// The leaf that should be paid does not exist.
    #[error("account {id}, the payee, does not exist")]
    UnknownPayee {
        /// The leaf.
        id: AccountId,
    },
    /// The payer's leaf, or the payee's, has another token.
    #[error("token: expected {expected}, got {got}")]
    Token {
        /// Of the payer's leaf.
        expected: TokenId,
        /// As signed, or of the payee's leaf.
        got: TokenId,
    },
    /// The payee's leaf has another key than the signer meant.
    #[error("key of the payee: expected {expected:?}, got {got:?}")]
    PayeeKey {
        /// Of the payee's leaf; zero where the transaction pays no existing leaf.
        expected: PublicKey,
        /// As signed.
        got: PublicKey,
    },
    /// The fee is below the floor.
    #[error("fee: expected at least {expected}, got {got}")]
    Fee {
        /// The floor of this token and kind, quanta.
        expected: u64,
        /// As signed, quanta.
        got: u64,
    },
    /// A transaction with this nonce was executed.
    #[error("nonce: expected {expected} or more, got {got}")]
    NonceUsed {
        /// The leaf's next.
        expected: u32,
        /// As signed.
        got: u32,
    },
    /// The nonce is too far ahead.
    #[error("nonce: expected {most} at the most, got {got}")]
    NonceAhead {
        /// The last one that is taken now.
        most: u32,
        /// As signed.
        got: u32,
    },
    /// Another transaction with this nonce is being executed.
    #[error("nonce {nonce}: another transaction with it is being executed")]
    Executing {
        /// As signed.
        nonce: u32,
    },
    /// Another transaction with this nonce waits, and the fee is not high enough to take its place.
    #[error("fee of a replacement: expected at least {expected}, got {got}")]
    Replacement {
        /// Quanta.
        expected: u64,
        /// As signed, quanta.
        got: u64,
    },
    /// The leaf has too little for this transaction and those that wait before it.
    #[error("balance: expected at least {expected}, got {got}")]
    Balance {
        /// Quanta: of this transaction and those before it.
        expected: u128,
        /// Of the payer's leaf.
        got: u64,
    },
    /// The leaf has as many waiting as one may have.
    #[error("account {id} has {most} transactions waiting, which is the most")]
    LeafFull {
        /// The leaf.
        id: AccountId,
        /// The bound.
        most: usize,
    },
    /// The signature is not one of this message by the payer's key.
    #[error("wrong signature")]
    Signature,
}

impl Refused {
    /// A stable word for the reason, for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Stopping => "stopping",
            Self::LeafFull { .. } => "account_full",
            Self::NonceAhead { .. } => "nonce_ahead",
            Self::Malformed(_) => "malformed",
            Self::Domain { .. } => "domain",
            Self::Expired { .. } => "expired",
            Self::UnknownPayer { .. } => "unknown_payer",
            Self::UnknownPayee { .. } => "unknown_payee",
            Self::Token { .. } => "token",
            Self::PayeeKey { .. } => "payee_key",
            Self::Fee { .. } => "fee_too_low",
            Self::NonceUsed { .. } => "nonce_used",
            Self::Executing { .. } => "executing",
            Self::Replacement { .. } => "replacement_underpriced",
            Self::Balance { .. } => "balance",
            Self::Signature => "signature",
        }
    }

    /// Whether the very same transaction may be accepted later, without its signer doing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Stopping | Self::LeafFull { .. } | Self::NonceAhead { .. }
        )
    }

    /// When to try again; none if that is no use.
    #[must_use]
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::Stopping => Some(5_000),
            Self::LeafFull { .. } | Self::NonceAhead { .. } => Some(super::A_BLOCK_MS),
            _ => None,
        }
    }
}

/// What ends the mempool, and with it the operator.
#[derive(Debug, thiserror::Error)]
pub enum MempoolError {
    /// The log cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads that verify signatures cannot be started.
    #[error("threads to verify signatures: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The thread that writes the log cannot be started.
    #[error("a thread to write the log: {0}")]
    Writer(std::io::Error),
    /// A thread panicked.
    #[error("a thread of the mempool panicked while {doing}")]
    Panicked {
        /// What it was doing.
        doing: &'static str,
    },
}
