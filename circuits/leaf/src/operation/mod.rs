//! One operation a row, a forced transaction in two: the twin of `cairn_state`'s transition function (`docs/spec.md`, sections 3
//! to 5).
//!
//! A row executes an operation of any kind or none, chosen by one-hot selectors (`Kind`).
//!
//! ```text
//! access   transaction                      Deposit                RegisterToken         forced, refused
//! A        payer: debit, nonce, key         the leaf it names      -                     the leaf that shows why
//! B        payee: credit or create          credit or create       create the fee leaf   -
//! C        fee leaf: credit the fee         -                      -                     -
//! ```
//!
//! A forced transaction is executed like any other (module `forced`), or refused for one reason (module `refused`); both are
//! proven. The two modules say what their rows read from which column.
//!
//! 212 columns, 196 constraints of degree at most 3, 120 messages (in 65 columns of LogUp).
//!
//! An access, word or message that an operation does not have is neither sent nor asked for, and
//! nothing is said about its columns. A row without operation says nothing at all.
//!
//! # What the prover may choose, and what binds it
//!
//! | witness | bound by |
//! |---|---|
//! | clock | counts rows from 0 |
//! | running values | public values at both ends; the row before |
//! | open pair | the short transfer before |
//! | selectors | bits with sum one; tag of word and message |
//! | payer | word; message; access A, by which it is below `2^32` |
//! | payee | pieces of 32 bits; word and message of a transfer, access B; zero for other signed operations |
//! | token | 16 bits; leaf of the payer, word of a deposit, next token; access C |
//! | amount, fee | 62 bits; word; message |
//! | expiry | 32 bits; message |
//! | time left | one of: no expiry; expiry less timestamp, 32 bits |
//! | target (a key or an L1 address) | word, message, or both; leaf of the payee |
//! | parts of the target | canonical split of each element |
//! | type of a forced transaction | zero for those that are executed; one of four for others |
//! | exponent, quotient, remainder, slack, above | the one division by the smallest fitting power of ten; word of a short transfer |
//! | leaf of A: key, token, nonce, balance | MEMORY |
//! | leaf of B: nonce, balance | MEMORY, with the key and token of the operation, or zeros |
//! | leaf of C | MEMORY |
//! | gaps | 16 bits; MEMORY |
//! | balances and nonces after | 63 and 32 bits; balances and nonces before |
//! | top-up bit of a deposit | proven both ways |
//! | capacities, digest | ABSORB, SQUEEZE; SIGNED |
//! | chains of words | COMPRESS |
//! | inverses | only existence matters: one exists iff a value is not zero |
//!
//! # What holds of every state
//!
//! By induction from the empty tree: a leaf is all zeros or has a key; tokens of leaves are below
//! `next_token`, and their fee leaves exist; nonces are below `2^32`, balances below `2^63`; leaves from
//! `next_id` on and fee leaves from `next_token` on are empty, `next_id <= 2^32`, `next_token <= 2^16`. A
//! row relies on it of the state before, and keeps it.
//!
//! A created id is below `2^32`, and so are all others, as the tree has no other leaves.

mod access;
mod air;
mod authorization;
mod columns;
mod decimal;
mod fill;
mod forced;
mod key;
mod kind;
mod operand;
mod payee;
mod payer;
mod refused;
mod running;
mod short;
mod trace;
mod values;
mod word;

#[cfg(test)]
mod tests;

pub use access::MAX_HEIGHT;
pub use air::OperationAir;
pub use trace::{OperationTrace, fill};
