//! plonky2's circuits as tables of Plonky3 batch STARKs.
//!
//! plonky2's `CircuitBuilder`, its gates and its witness generators stay; its prover does not. A circuit
//! becomes one table ([`table`]): wires are the main trace, selectors, constants and the permutation are
//! preprocessed columns, gates are the AIR's constraints ([`cairn_gadgets::gates`]), copies a LogUp argument.
//! So one prover, one account of soundness and one verifier in circuit
//! ([`cairn_stark::recursive::verifier`]) serve chunks and recursion alike.
//!
//! [`circuit`] takes a circuit of plonky2 apart and proves it, [`config`] has what it is built with.

pub mod circuit;
pub mod config;
mod ring;
mod selectors;
pub mod table;
#[cfg(test)]
mod tests;
