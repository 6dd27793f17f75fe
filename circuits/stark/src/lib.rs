//! Plonky3 batch STARKs as Cairn uses them, and the plonky2 circuit that verifies them.
//!
//! [`config`] holds types and parameters, [`native`] proves and verifies, [`check`] names the constraint
//! that a trace breaks, [`figures`] counts what soundness depends on. [`recursive`]
//! is the circuit twin of the native verifier, part by part.

pub mod check;
pub mod config;
pub mod figures;
pub mod native;
mod next_row;
pub mod recursive;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod testing;
