//! Leaving a frozen rollup: the leaves of its last proven state, their owners' signatures, proofs, and L1's payments.
//!
//! ```text
//! cairn snapshot -> state      -> exit list
//! leaves, keys   -> exit sign  -> signatures
//! state, signatures or keys -> exit prove -> files -> exit submit -> credits paid
//!                              queue of L1 -> exit refund -> deposits paid back
//! ```
//!
//! Each step is one that anyone can do for anyone, but for the signature.

pub mod command;
pub mod file;
pub mod keys;
pub mod l1;
pub mod list;
pub mod prove;
pub mod refund;
pub mod request;
pub mod submit;
