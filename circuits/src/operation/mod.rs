//! One operation in circuit: the twin of `cairn_state`'s transition function (`docs/spec.md`, sections
//! 3 to 5).
//!
//! A *slot* (`SlotTarget`) executes an operation of any kind or none, chosen by one-hot selectors
//! (`Kind`). All slots are alike, 312 rows: three tree accesses of 66 compressions (198), the
//! signature (71), its message (3), three words (3), and arithmetic with range checks (37).
//!
//! ```text
//! access   signed operation                 Deposit                RegisterToken
//! A        payer: debit, nonce, key         the leaf it names      -
//! B        payee: credit or create          credit or create       create the fee leaf
//! C        fee leaf: credit the fee         -                      -
//! ```
//!
//! An access that an operation does not have is switched off: it leaves the root alone, and nothing
//! is said about its witness. A slot without operation has no access, no word and no signature.
//!
//! # What the prover may choose, and what binds it
//!
//! | witness | bound by |
//! |---|---|
//! | selectors | bits with sum one; tag of word and message |
//! | payer | 32 bits; word; message; position of A |
//! | payee | 32 bits; word and message of a transfer, else next id, next token or the named leaf; position of B |
//! | token | 16 bits; leaf of the payer, word of a deposit, next token; position of C |
//! | amount, fee | 62 bits; word; message |
//! | expiry | 32 bits; message |
//! | target (a key or an L1 address) | word, message, or both; leaf of the payee for transfers |
//! | high bits of the target | canonical split of each element |
//! | quantum exponent | 8 bits; word |
//! | exponent, quotient, remainder | the one division by the smallest fitting power of ten; word of a short transfer |
//! | leaf before, siblings | root of the tree |
//! | match bit of a deposit | proven both ways |
//! | signature | the check under the payer's key; which of several valid ones has no effect |
//! | inverses | only existence matters: one exists iff a value is not zero |
//!
//! All else (leaves after, roots, words, digests, counts) is computed from these.
//!
//! # What holds of every state
//!
//! By induction from the empty tree: a leaf is all zeros or has a key; tokens of leaves are below
//! `next_token`, and their fee leaves exist; nonces are below `2^32`, balances below `2^63`; leaves from
//! `next_id` on and fee leaves from `next_token` on are empty, `next_id <= 2^32`, `next_token <= 2^16`. A
//! slot relies on it of the state before, and keeps it.

mod arithmetic;
mod decimal;
mod key;
mod kind;
mod leaf;
mod message;
mod operand;
mod payee;
mod payer;
mod running;
mod short;
mod slot;
mod witness;
mod word;

#[cfg(test)]
pub(crate) use kind::Kind;
pub(crate) use running::{RunningTarget, StateTarget, StreamsTarget};
pub(crate) use short::OpenPairTarget;
pub(crate) use slot::SlotTarget;
#[cfg(test)]
pub(crate) use witness::{AccessValues, DecimalValues, OperandValues, bits};
pub(crate) use witness::{Hints, SlotValues};

use crate::config::{Builder, F};
use cairn_gadgets::poseidon2::DigestTarget;
