//! One field, two types: Goldilocks of `cairn-primitives` (Plonky3) and of plonky2.

use cairn_primitives::{Digest, F};
use p3_field::PrimeField64;
use plonky2::field::goldilocks_field::GoldilocksField;

/// The element as plonky2 has it; its inner word is canonical.
#[inline]
pub fn to_plonky2(element: F) -> GoldilocksField {
    GoldilocksField(element.as_canonical_u64())
}

/// The element as the native primitives have it.
#[inline]
pub fn from_plonky2(element: GoldilocksField) -> F {
    // Either type takes every word and reduces when it matters.
    F::new(element.0)
}

/// The elements of a digest as plonky2 has them.
pub fn digest_to_plonky2(digest: &Digest) -> [GoldilocksField; 4] {
    digest.0.map(to_plonky2)
}

/// The digest of four plonky2 elements.
pub fn digest_from_plonky2(elements: [GoldilocksField; 4]) -> Digest {
    Digest(elements.map(from_plonky2))
}
