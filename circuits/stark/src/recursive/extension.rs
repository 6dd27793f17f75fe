//! Elements and digests of Plonky3 as plonky2 has them.
//!
//! The challenge field is `Val[X] / (X^2 - 7)` on both sides, with the same basis.

use cairn_gadgets::field::to_plonky2;
use p3_field::BasedVectorSpace;
use p3_symmetric::MerkleCap;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::merkle_tree::MerkleCap as PlonkyCap;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::plonk::circuit_builder::CircuitBuilder;

use crate::config::{Challenge, D, DIGEST, Val};

/// The field of circuits: [`Val`] as plonky2 has it.
pub type F = GoldilocksField;

/// A circuit under construction.
pub type Builder = CircuitBuilder<F, D>;

/// An element of the challenge field in a circuit.
pub type ChallengeTarget = ExtensionTarget<D>;

/// The challenge as plonky2 has it.
pub fn to_plonky2_extension(challenge: Challenge) -> QuadraticExtension<F> {
    let coefficients: &[Val] = challenge.as_basis_coefficients_slice();
    QuadraticExtension(std::array::from_fn(|i| to_plonky2(coefficients[i])))
}

/// The digest as plonky2 has it.
pub fn to_plonky2_digest(digest: [Val; DIGEST]) -> HashOut<F> {
    HashOut { elements: digest.map(to_plonky2) }
}

/// The cap as plonky2 has it, for any hasher over digests of four elements.
pub fn to_plonky2_cap(
    cap: &MerkleCap<Val, [Val; DIGEST]>,
) -> PlonkyCap<F, cairn_gadgets::poseidon2::Poseidon2Hash> {
    PlonkyCap(cap.roots().iter().copied().map(to_plonky2_digest).collect())
}

/// The powers `1, base, .., base^(n - 1)`. A tenth of a row each.
pub fn powers(builder: &mut Builder, base: ChallengeTarget, n: usize) -> Vec<ChallengeTarget> {
    let one = builder.one_extension();
    std::iter::successors(Some(one), |&power| Some(builder.mul_extension(power, base)))
        .take(n)
        .collect()
}
