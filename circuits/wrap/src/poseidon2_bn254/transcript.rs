//! The Fiat-Shamir transcript of the last plonky2 layer. [`super::transcript_gadget`] is its twin.
//!
//! plonky2's `Challenger` buffers up to `RATE` Goldilocks elements, hands them to a
//! [`PlonkyPermutation`], permutes, and gives out the `RATE` elements of `squeeze()` from the last to the
//! first; observing anything drops what was not given out. [`Sponge`] hides a Poseidon2 state of four
//! field elements behind that interface: three cells of rate, the fourth is the capacity.
//!
//! **Absorbing** `n` elements, 1 <= n <= 9: element `i` is added as its canonical integer times
//! `2^(64 * (i mod 3))` to word `i div 3`; the three words, zero where nothing was absorbed, *overwrite* the
//! rate; the capacity grows by `n`. Then the state is permuted. With nothing to absorb, the state is
//! permuted as it is.
//!
//! **Squeezing**: of each rate cell, as the canonical integer below r, the bits 0..64, 64..128 and 128..192 are
//! three chunks: output `3 * cell + chunk`. The element of a chunk `c` is `c`, but `c - 2^63` if the upper 32
//! bits are all ones. So an element is always canonical as it is, and its low bits are the chunk's; no
//! element has more than two chunks, which costs at most one bit of soundness a base field challenge
//! (as reducing 64 bits modulo p does).
//!
//! **Digests** reach the challenger as six elements, [`digest_limbs`]: two whole words `w0`, `w1` with
//! `digest = w0 + 2^63 w1`. In R1CS that equation is the only constraint: the words bind the digest,
//! and that the prover may choose among its encodings `(w0, w1)` is worth no more to it than a salt.
//! This needs digests to begin on a word boundary: whatever is observed before a digest since the
//! last challenge has a multiple of three elements. (`FriParams::observe`, the circuit digest and the hash of
//! the public inputs together do with two FRI layers under `ConstantArityBits`; the gadget refuses
//! other shapes.)
//!
//! The rules follow Plonky3's `MultiField32Challenger` as it stands after CVE-2026-46654: injective packing,
//! zero-filled tail, length of what was absorbed in the capacity, squeezing from the rate only.

use ark_bn254::Fr;
use ark_ff::PrimeField;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::hash::hashing::PlonkyPermutation;

use super::native::{LIMBS_PER_WORD, pack, permute_transcript};

/// Cells of the state that are overwritten and squeezed.
pub const RATE_WORDS: usize = 3;

/// Goldilocks elements that a permutation takes and gives.
pub const RATE: usize = RATE_WORDS * LIMBS_PER_WORD;

/// Elements that a digest is observed as.
pub const DIGEST_LIMBS: usize = 2 * LIMBS_PER_WORD;

/// The state of the challenger. See the module's page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sponge {
    state: [Fr; RATE_WORDS + 1],
    /// Canonical integers to absorb at the next permutation; zero from `pending` on.
    inputs: [u64; RATE],
    pending: usize,
    outputs: [GoldilocksField; RATE],
}

/// The canonical field element of a 64-bit chunk.
pub fn chunk_to_element(chunk: u64) -> GoldilocksField {
    let upper_ones = chunk >> 32 == u64::from(u32::MAX);
    GoldilocksField(if upper_ones { chunk & (u64::MAX >> 1) } else { chunk })
}

/// A digest as the elements that the challenger observes, all below 2^63.
pub fn digest_limbs(digest: Fr) -> [u64; DIGEST_LIMBS] {
    let [a, b, c, d] = digest.into_bigint().0;
    let low = |x: u64| x & (u64::MAX >> 1);
    [low(a), low(b), low(c), a >> 63, b >> 63, c >> 63 | d << 1]
}

impl AsRef<[GoldilocksField]> for Sponge {
    fn as_ref(&self) -> &[GoldilocksField] {
        &self.outputs
    }
}

impl PlonkyPermutation<GoldilocksField> for Sponge {
    const RATE: usize = RATE;
    /// The capacity is no Goldilocks element, so nothing but the rate can be set.
    const WIDTH: usize = RATE;

    /// The empty transcript.
    ///
    /// # Panics
    /// If an element is not zero: there is no other state to start from.
    fn new<I: IntoIterator<Item = GoldilocksField>>(iter: I) -> Self {
        let zeros = iter.into_iter().take(Self::WIDTH).all(|x| x == GoldilocksField::ZERO);
        assert!(zeros, "a transcript starts empty");
        Self::default()
    }

    fn set_elt(&mut self, elt: GoldilocksField, idx: usize) {
        self.inputs[idx] = elt.to_canonical_u64();
        self.pending = self.pending.max(idx + 1);
    }

    fn set_from_iter<I: IntoIterator<Item = GoldilocksField>>(&mut self, elts: I, start: usize) {
        assert!(start <= Self::WIDTH, "start {start} beyond {}", Self::WIDTH);
        for (i, elt) in (start..Self::WIDTH).zip(elts) {
            self.set_elt(elt, i);
        }
    }

    fn set_from_slice(&mut self, elts: &[GoldilocksField], start: usize) {
        self.set_from_iter(elts.iter().copied(), start);
    }

    fn permute(&mut self) {
        let (rate, capacity) = self.state.split_at_mut(RATE_WORDS);
        if self.pending > 0 {
            for (cell, limbs) in rate.iter_mut().zip(self.inputs.chunks(LIMBS_PER_WORD)) {
                *cell = pack(limbs);
            }
            capacity[0] += Fr::from(self.pending as u64);
            self.inputs = [0; RATE];
            self.pending = 0;
        }
        permute_transcript(&mut self.state);
        for (outputs, cell) in self.outputs.chunks_mut(LIMBS_PER_WORD).zip(self.state) {
            for (output, chunk) in outputs.iter_mut().zip(cell.into_bigint().0) {
                *output = chunk_to_element(chunk);
            }
        }
    }

    fn squeeze(&self) -> &[GoldilocksField] {
        &self.outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::AdditiveGroup;
    use plonky2::field::types::Field64;
    use plonky2::iop::challenger::Challenger;

    use crate::config::WrapHasher;
    use crate::poseidon2_bn254::{native::permute, params::T4};

    type F = GoldilocksField;

    fn challenges(observed: &[F]) -> [F; 2] {
        let mut challenger = Challenger::<F, WrapHasher>::new();
        challenger.observe_elements(observed);
        std::array::from_fn(|_| challenger.get_challenge())
    }

    /// The module's page, step by step.
    #[test]
    fn transcript_is_as_documented() {
        let mut state = [pack(&[1, 2, 3]), pack(&[4]), Fr::ZERO, Fr::from(4u64)];
        permute(&T4, &mut state);
        let observed = [1, 2, 3, 4].map(F::from_canonical_u64);
        let [_, middle, last, _] = state[2].into_bigint().0;
        assert_eq!(challenges(&observed), [chunk_to_element(last), chunk_to_element(middle)]);
    }

    /// CVE-2026-46654: trailing zeros, and elements moved across a block, must not go unseen.
    #[test]
    fn every_sequence_has_its_own_challenges() {
        let mut seen = std::collections::HashSet::new();
        for len in 0..=2 * RATE + 1 {
            assert!(seen.insert(challenges(&vec![F::ZERO; len])), "{len} zeros");
            if len > 0 {
                let mut observed = vec![F::ZERO; len];
                observed[len - 1] = F::ONE;
                assert!(seen.insert(challenges(&observed)), "{len} with a one");
            }
        }
    }

    #[test]
    fn non_canonical_representations_are_the_same_element() {
        let canonical = F::from_canonical_u64(5);
        let other = F::from_noncanonical_u64(F::ORDER + 5);
        assert_eq!(challenges(&[canonical]), challenges(&[other]));
        assert_eq!(challenges(&[canonical]), challenges(&[GoldilocksField(F::ORDER + 5)]));
    }

    #[test]
    fn elements_of_chunks_are_canonical() {
        for chunk in [0, 1, F::ORDER - 2, F::ORDER - 1, F::ORDER, u64::MAX, 1 << 63] {
            let element = chunk_to_element(chunk);
            assert!(element.0 < F::ORDER);
            assert_eq!(element.0 & (u64::MAX >> 1), chunk & (u64::MAX >> 1));
        }
        assert_eq!(chunk_to_element(F::ORDER - 2).0, F::ORDER - 2);
    }

    #[test]
    fn digest_limbs_spell_the_digest() {
        for digest in
            [Fr::ZERO, Fr::from(u64::MAX), -Fr::from(1u64), Fr::from(7u64).inverse_or_zero()]
        {
            let limbs = digest_limbs(digest);
            assert!(limbs.iter().all(|&limb| limb < 1 << 63));
            let shift = Fr::from(1u64 << 63);
            assert_eq!(pack(&limbs[..3]) + shift * pack(&limbs[3..]), digest);
        }
    }

    trait InverseOrZero {
        fn inverse_or_zero(self) -> Self;
    }
    impl InverseOrZero for Fr {
        fn inverse_or_zero(self) -> Self {
            ark_ff::Field::inverse(&self).unwrap_or_default()
        }
    }
}
