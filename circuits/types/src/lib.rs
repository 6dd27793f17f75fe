//! Canonical data of Cairn: operations, words, statements and headers. Plain data, no proof system.
//!
//! Everything here has exactly one encoding: decoders refuse what encoders never make. The byte
//! layouts are those of `docs/spec.md`, which the circuits and the Solidity contracts follow too.

mod abi;
mod account;
mod codec;
mod data;
mod data_mode;
mod element;
mod exit;
mod forced;
mod header;
mod operation;
mod packed;
mod priority;
mod scalar;
mod signed;
mod statement;
mod stream;
mod withdrawal;

pub use abi::{BatchWords, DataLocation, domain, points};
pub use account::{Account, AccountId, TokenId};
pub use codec::{DecodeError, EncodeError, Malformed, word_tag};
pub use data::{DataItem, ShortTransfer};
pub use data_mode::{DataMode, UnknownDataMode};
pub use element::{Digest, MODULUS, NonCanonical, PublicKey, Signature};
pub use exit::{EXIT_ENTRY_BYTES, EXIT_MESSAGE_LENGTH, ExitEntry, KIND_EXIT, exit_message};
pub use forced::{FORCED_WORDS, ForcedTransaction};
pub use header::{HEADER_BYTES, Header, KIND_BATCHES};
pub use operation::{
    Authorization, Operation, PriorityOperation, SignedTransaction, Transaction, address_limbs,
};
pub use packed::{PackError, Packed, PackedAmount, PackedFee};
pub use scalar::{BlobScalar, NotAScalar};
pub use signed::{DecodeSignedError, SIGNED_TRANSACTION_BYTES};
pub use statement::{
    CHUNK_STATEMENT_LENGTH, ChunkEnvironment, ChunkState, ChunkStatement, EvaluatedStream,
    Extension, SEAL_STATEMENT_LENGTH, STREAM_STATEMENT_LENGTH, SealStatement, StreamEnvironment,
    StreamState, StreamStatement,
};
pub use stream::{Stream, Streams, WORD_BYTES, Word, WordError};
pub use withdrawal::Withdrawal;

/// Domain separation of the ZK hash: `hash(tag, input)` starts from a capacity that holds the tag.
pub mod tag {
    /// State commitment: root, next id, next token.
    pub const STATE: u64 = 1;
    /// The message digest of a signed transaction.
    pub const SIGNED_OPERATION: u64 = 2;
    /// The Schnorr challenge.
    pub const SCHNORR_CHALLENGE: u64 = 3;
    /// The public digest of a chunk proof.
    pub const CHUNK_STATEMENT: u64 = 4;
    /// The public digest of a stream proof.
    pub const STREAM_STATEMENT: u64 = 5;
    /// The public digest of a seal proof.
    pub const SEAL_STATEMENT: u64 = 6;
    /// The digest of a plonky2 verifier key.
    pub const VERIFIER_KEY: u64 = 7;
    /// The deterministic Schnorr nonce; native only.
    pub const SCHNORR_NONCE: u64 = 8;
    /// What the key of a leaf signs to leave a frozen rollup.
    pub const EXIT_MESSAGE: u64 = 9;
}

/// Depth of the account tree: ids are 32 bits, bit 0 nearest the leaf.
pub const TREE_DEPTH: usize = 32;
/// Ids below this collect the fees of the token with the same number; the first user id.
pub const FIRST_USER_ID: u64 = 1 << 16;
/// Amounts and fees are below `2^AMOUNT_BITS` quanta: they fit a limb.
pub const AMOUNT_BITS: u32 = 62;
/// Balances are below `2^BALANCE_BITS` quanta.
pub const BALANCE_BITS: u32 = 63;
