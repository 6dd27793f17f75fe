//! Poseidon2 over BN254's scalar field: the hash of the last plonky2 layer, natively and in R1CS.
//!
//! Three instances, each with one use, so no two uses share a permutation:
//! - width 16, [`native::leaf`] and [`gadget::leaf`]: a sponge over Goldilocks limbs, for Merkle leaves;
//! - width 2, [`native::node`] and [`gadget::node`]: two-to-one with feed-forward, for Merkle nodes;
//! - width 4, [`transcript`] and [`transcript_gadget`]: the duplex sponge of the challenger.
//!
//! The permutation is written once ([`params`]); field elements and linear combinations differ in the
//! S-box only. Where the target has AVX-512 IFMA, leaves use a vectorised version of width 16 that is
//! tested against it; where it has AVX2 and FMA instead, leaves and transcript do.

#[cfg(all(
    target_arch = "x86_64",
    target_feature = "avx2",
    target_feature = "fma",
    target_feature = "bmi2",
    target_feature = "adx",
    not(target_feature = "avx512ifma")
))]
mod fma;
pub mod gadget;
mod grain;
#[cfg(all(target_arch = "x86_64", target_feature = "avx512ifma"))]
mod ifma;
pub mod native;
pub mod params;
pub mod transcript;
pub mod transcript_gadget;
