//! The verifier of a batch STARK as a plonky2 circuit: [`verifier`] puts the parts together.
//!
//! Each file is the twin of one part of Plonky3: [`extension`] of the challenge field, [`challenger`]
//! of `DuplexChallenger`, [`mmcs`] of `MerkleTreeMmcs` (with [`paths`] for its witness), [`fri`] of
//! `TwoAdicFriPcs` (with [`layout`] for what is known before a proof, and [`fri_witness`]);
//! `transcript`, `constraints`, `domain`, `lookups` and `openings` of `p3-batch-stark`'s verifier.

pub mod challenger;
mod constraints;
mod domain;
mod expression;
pub mod extension;
pub mod fri;
pub mod fri_witness;
pub mod layout;
mod lookups;
pub mod mmcs;
mod openings;
pub mod paths;
pub mod proof;
mod reduction;
pub mod rows;
#[cfg(test)]
pub(crate) mod satisfaction;
pub mod shape;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod toy;
mod transcript;
pub mod verifier;
