//! Bytes of proofs, which may come from anyone, and of circuits, which come from our own cache.

mod circuit;
mod plonky2_types;
mod proof;
#[cfg(test)]
mod tamper;

pub use circuit::{
    CircuitDecodeError, CircuitEncodeError, decode_circuit, decode_key, encode_circuit, encode_key,
};
pub use plonky2_types::{GateTypes, GeneratorTypes};
pub use proof::{DecodeError, decode_proof, encode_proof, proof_len};
