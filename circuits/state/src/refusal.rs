//! Why an operation is refused.

use cairn_types::{AccountId, EncodeError, PackError, PublicKey, TokenId, Word};

/// Every reason to refuse an operation. The state is then unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The leaf is empty.
    #[error("account {id} does not exist")]
    UnknownAccount {
        /// The leaf.
        id: AccountId,
    },
    /// The leaf to create is not empty.
    #[error("account {id} exists already")]
    Occupied {
        /// The leaf.
        id: AccountId,
    },
    /// All `2^32` ids are in use.
    #[error("no account id is left: expected next_id below 2^32, got {next_id}")]
    IdsExhausted {
        /// Of the state.
        next_id: u64,
    },
    /// Tokens are registered in order.
    #[error("token to register: expected {expected}, got {got}")]
    NextToken {
        /// The state's next token; `2^16` if there is none.
        expected: u32,
        /// Of the operation.
        got: TokenId,
    },
    /// The token is not registered.
    #[error("token {got} is not registered: expected less than {expected}")]
    UnknownToken {
        /// The state's next token.
        expected: u32,
        /// Of the operation.
        got: TokenId,
    },
    /// Zero is not a key.
    #[error("the key is zero, expected a key")]
    ZeroKey,
    /// Amounts are below `2^62`.
    #[error("amount out of range: expected less than 2^62, got {got}")]
    AmountRange {
        /// Quanta.
        got: u64,
    },
    /// Fees are below `2^62`.
    #[error("fee out of range: expected less than 2^62, got {got}")]
    FeeRange {
        /// Quanta.
        got: u64,
    },
    /// The short form was demanded and cannot hold the transaction exactly.
    #[error("short form: {0}")]
    NotRepresentable(#[from] PackError),
    /// The short form was demanded of something that is not a transfer.
    #[error("short form: expected a transfer, got operation {got:#04x}")]
    NoShortForm {
        /// Tag of the long form.
        got: u8,
    },
    /// The transaction was signed for another rollup.
    #[error("rollup domain: expected {expected:?}, got {got:?}")]
    Domain {
        /// Of the environment.
        expected: Word,
        /// As signed.
        got: Word,
    },
    /// The batch is later than the signer allows.
    #[error("expired: expected a batch at {expiry} or before, got {timestamp}")]
    Expired {
        /// As signed, seconds.
        expiry: u32,
        /// Of the batch, seconds.
        timestamp: u32,
    },
    /// The payer's leaf, or the payee's, has another token.
    #[error("token: expected {expected}, got {got}")]
    Token {
        /// Of the payer's leaf.
        expected: TokenId,
        /// As signed, or of the payee's leaf.
        got: TokenId,
    },
    /// A replay, or a transaction ahead of its turn.
    #[error("nonce: expected {expected}, got {got}")]
    Nonce {
        /// Of the payer's leaf.
        expected: u32,
        /// As signed.
        got: u32,
    },
    /// The leaf has signed `2^32 - 1` transactions.
    #[error("account {id} has no nonce left")]
    NonceExhausted {
        /// The leaf.
        id: AccountId,
    },
    /// The payee's leaf has another key than the signer meant.
    #[error("key of the recipient: expected {expected:?}, got {got:?}")]
    RecipientKey {
        /// Of the payee's leaf; zero where the transaction pays no existing leaf.
        expected: PublicKey,
        /// As signed.
        got: PublicKey,
    },
    /// The payer has too little.
    #[error("balance: expected at least {expected}, got {got}")]
    Balance {
        /// Amount and fee.
        expected: u64,
        /// Of the payer's leaf.
        got: u64,
    },
    /// The payee would have `2^63` or more.
    #[error("balance of account {id} out of range: expected less than 2^63, got {got}")]
    BalanceRange {
        /// The leaf.
        id: AccountId,
        /// The sum.
        got: u64,
    },
    /// The signature is not one of this message by the payer's key.
    #[error("wrong signature")]
    Signature,
    /// Priority operations come before all others of a batch.
    #[error("priority operation after data")]
    PriorityAfterData,
}

impl From<EncodeError> for Refusal {
    /// For priority operations, whose only limb from outside is the amount.
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::ZeroKey => Self::ZeroKey,
            EncodeError::Limb(limb) => Self::AmountRange { got: limb.got },
            EncodeError::Response { .. } => Self::Signature,
        }
    }
}
