//! plonky2 twins of the native primitives: Poseidon2 hasher and gates, ecGFp5 and
//! Schnorr, SHA-256, range checks, Merkle paths, evaluation in BLS12-381's scalar field.
//!
//! A gadget is a function of the circuit builder: it adds constraints and returns targets. What it
//! does not constrain itself is under "trust" in its documentation.

pub mod arithmetic;
pub mod bls_scalar;
pub mod ecgfp5;
pub mod field;
mod gate;
pub mod gates;
pub mod merkle;
pub mod poseidon2;
pub mod ring;
pub mod schnorr;
pub mod sha256;
#[cfg(test)]
mod testing;
