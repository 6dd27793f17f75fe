//! The chunk leaf as a STARK: what a chunk of operations proves, in tables joined by LogUp.
//!
//! ```text
//!   operations ──signature──> signatures ──challenge──> sponge
//!      │  │  └────message, digest──────────────────────> sponge
//!      │  └───────words──────────> compressions              (streams)
//!      └──────────memory──────────> tree                     (leaf reads and writes; roots)
//!   all of them ──range──> range
//! ```
//!
//! Every message that a table sends or asks for is described in [`bus`]. A table is a module with
//! `columns` (the layout of a row), `air` (the constraints) and `trace` (how rows are filled);
//! filling rows only ever adds to [`requests::Requests`] what other tables must answer.

pub mod air;
mod asked;
pub mod bus;
pub mod chunk;
pub mod class;
pub mod compression;
mod counter;
mod expression;
pub mod operation;
pub mod poseidon2;
pub mod range;
pub mod requests;
pub mod signature;
pub mod sponge;
pub mod table;
pub mod tree;

#[cfg(test)]
mod rank;
#[cfg(test)]
mod testing;
