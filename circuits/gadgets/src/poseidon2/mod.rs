//! Poseidon2-Goldilocks in circuit: the twin of `cairn_primitives`' native hash.
//!
//! [`Poseidon2Gate`] does one permutation a row, at width 12 ([`PermutationGate`]: sponge, challenger,
//! plonky2's own trees through [`CairnConfig`]) and at width 8 with feed-forward
//! ([`CompressionGate`]: state tree, streams, circuit set). The permutation is written once, in
//! `rounds`, for native, packed, extension and in-circuit values.

mod config;
mod gate;
mod generator;
mod hash;
mod parameters;
mod rounds;
#[cfg(test)]
mod tests;

pub use config::{
    CairnConfig, Poseidon2Hash, SPONGE_RATE, SPONGE_WIDTH, SpongeElement, SpongeState,
};
pub use gate::{CompressionGate, PermutationGate, Poseidon2Gate};
pub use generator::Poseidon2Generator;
pub use hash::{DigestTarget, compress, compress_swapped, hash};
pub use parameters::{HALF_FULL_ROUNDS, PARTIAL_ROUNDS, Parameters, SupportedWidth, Width};
