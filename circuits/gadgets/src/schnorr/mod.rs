//! Schnorr signatures over ecGFp5 in circuit; the native twin is `cairn_primitives::schnorr`.

#[cfg(test)]
mod tests;
mod verify;
mod witness;

pub use verify::{SignatureTarget, verify_signature};
pub use witness::{EncodingGenerator, SignatureGenerator};
