//! The twin of plonky2's `Challenger` over [`super::transcript::Sponge`], in R1CS.

use ark_bn254::Fr;
use ark_ff::{BigInteger, Field, PrimeField};
use thiserror::Error;

use super::gadget::permute;
use super::native::LIMBS_PER_WORD;
use super::params::T4;
use super::transcript::{DIGEST_LIMBS, RATE, RATE_WORDS, digest_limbs};
use crate::r1cs::{Builder, Lc};

/// Bits of a chunk that a challenge is made of.
pub const CHUNK_BITS: usize = 64;

/// Bits of a squeezed word above its chunks.
const TOP_BITS: usize = Fr::MODULUS_BIT_SIZE as usize - LIMBS_PER_WORD * CHUNK_BITS;

/// A digest was observed in the middle of a word, where the gadget cannot bind it (see
/// [`super::transcript`]). The shape of the circuit is at fault, not its witness.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("digest observed after {pending} elements: expected a multiple of {LIMBS_PER_WORD}")]
pub struct MisalignedDigest {
    /// Elements observed since the last permutation.
    pub pending: usize,
}

/// A challenge before it is read as a number.
#[derive(Clone, Debug)]
pub struct Challenge {
    bits: Vec<Lc>,
}

impl Challenge {
    /// The 64 boolean wires of the chunk, lowest first. The low 63 are also those of the canonical element, so
    /// they serve as a query index; and the element has `n < 32` leading zeros exactly if the `n` upper bits
    /// are zero.
    pub fn bits(&self) -> &[Lc] {
        &self.bits
    }

    /// The canonical Goldilocks element, below p; two constraints.
    pub fn element(&self, b: &mut Builder) -> Lc {
        // upper_ones = [upper = 2^32 - 1], by the inverse of the difference.
        let mut missing = Lc::constant(Fr::from(u64::from(u32::MAX)));
        missing -= &Lc::recompose(&self.bits[CHUNK_BITS / 2..], 1);
        let inverse = b.witness(missing.value().inverse().unwrap_or_default());
        let upper_ones = &Lc::one() - &b.mul(&missing, &inverse);
        b.enforce(&missing, &upper_ones, &Lc::zero());
        let mut element = Lc::recompose(&self.bits, 1);
        element.add_scaled(&upper_ones, -Fr::from(1u64 << 63));
        element
    }
}

/// The challenger. Call it in the order of plonky2's `get_challenges`.
#[derive(Clone, Debug, Default)]
pub struct ChallengerGadget {
    state: [Lc; RATE_WORDS + 1],
    /// Words to absorb, the last one possibly not full.
    words: Vec<Lc>,
    /// Elements in `words`.
    pending: usize,
    /// Outputs of the last permutation that are not given out yet.
    available: usize,
    /// Chunks of the word that outputs are being taken from.
    chunks: Vec<Challenge>,
}

impl ChallengerGadget {
    /// The empty transcript.
    pub fn new() -> Self {
        Self::default()
    }

    /// Observes a Goldilocks element. The caller has range-checked it below 2^64. The transcript binds this
    /// integer; natively it is the canonical one.
    pub fn observe(&mut self, b: &mut Builder, element: &Lc) {
        let position = self.pending % LIMBS_PER_WORD;
        if position == 0 {
            self.words.push(Lc::zero());
        }
        let radix = Fr::from(2u64).pow([(CHUNK_BITS * position) as u64]);
        self.words.last_mut().expect("pushed at position 0").add_scaled(element, radix);
        self.count(b, 1);
    }

    /// Observes a digest; costs one free witness, no constraint of its own. A constant digest goes in
    /// element by element, wherever it falls.
    ///
    /// # Errors
    /// [`MisalignedDigest`] if a witness digest would not begin a word.
    pub fn observe_digest(&mut self, b: &mut Builder, digest: &Lc) -> Result<(), MisalignedDigest> {
        let limbs = digest_limbs(digest.value());
        if digest.as_constant().is_some() {
            limbs.iter().for_each(|&limb| self.observe(b, &Lc::constant(Fr::from(limb))));
            return Ok(());
        }
        if !self.pending.is_multiple_of(LIMBS_PER_WORD) {
            return Err(MisalignedDigest { pending: self.pending });
        }
        let high = b.witness(super::native::pack(&limbs[DIGEST_LIMBS / 2..]));
        let mut low = digest.clone();
        low.add_scaled(&high, -Fr::from(1u64 << 63));
        for word in [low, high] {
            self.words.push(word);
            self.count(b, LIMBS_PER_WORD);
        }
        Ok(())
    }

    /// Squeezes the next challenge.
    pub fn challenge(&mut self, b: &mut Builder) -> Challenge {
        if self.pending > 0 || self.available == 0 {
            self.duplex(b);
        }
        if self.available.is_multiple_of(LIMBS_PER_WORD) {
            self.chunks = split(b, &self.state[self.available / LIMBS_PER_WORD - 1]);
        }
        self.available -= 1;
        self.chunks.pop().expect("three chunks a word")
    }

    /// Squeezes the next challenge as a canonical Goldilocks element.
    pub fn challenge_element(&mut self, b: &mut Builder) -> Lc {
        self.challenge(b).element(b)
    }

    fn count(&mut self, b: &mut Builder, elements: usize) {
        self.available = 0;
        self.pending += elements;
        if self.pending == RATE {
            self.duplex(b);
        }
    }

    fn duplex(&mut self, b: &mut Builder) {
        if self.pending > 0 {
            self.words.resize(RATE_WORDS, Lc::zero());
            for (cell, word) in self.state.iter_mut().zip(self.words.drain(..)) {
                *cell = word;
            }
            self.state[RATE_WORDS].add_constant(Fr::from(self.pending as u64));
            self.pending = 0;
        }
        permute(b, &T4, &mut self.state);
        self.available = RATE;
    }
}

/// The three chunks of a word's canonical integer; 318 constraints.
///
/// 254 bits spell some integers twice, x and x + r. The part above the chunks is therefore forced below
/// the modulus' (not only up to it: that loses one word in 2^61, and only to whoever wants to be refused).
fn split(b: &mut Builder, word: &Lc) -> Vec<Challenge> {
    let value = word.value().into_bigint();
    let bits: Vec<Lc> =
        (0..Fr::MODULUS_BIT_SIZE as usize).map(|i| b.bit(value.get_bit(i))).collect();
    b.assert_equal(&Lc::recompose(&bits, 1), word);
    let (chunks, top) = bits.split_at(LIMBS_PER_WORD * CHUNK_BITS);
    let mut below = Lc::constant(Fr::from(Fr::MODULUS.0[3] - 1));
    below -= &Lc::recompose(top, 1);
    b.to_bits(&below, TOP_BITS);
    chunks.chunks(CHUNK_BITS).map(|bits| Challenge { bits: bits.to_vec() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, UniformRand};
    use plonky2::field::goldilocks_field::GoldilocksField as F;
    use plonky2::field::types::{Field as _, Field64 as _, PrimeField64 as _};
    use plonky2::iop::challenger::Challenger;

    use crate::config::{WrapDigest, WrapHasher};
    use crate::r1cs::Var;

    enum Step {
        Elements(usize),
        Digests(usize),
        ConstantDigest,
        Challenges(usize),
    }

    /// Runs native and gadget side by side and compares every challenge.
    fn run(steps: &[Step]) -> Result<Builder, MisalignedDigest> {
        let mut rng = ark_std::test_rng();
        let mut native = Challenger::<F, WrapHasher>::new();
        let mut b = Builder::new(&[]);
        let mut gadget = ChallengerGadget::new();
        for step in steps {
            match *step {
                Step::Elements(n) => {
                    for i in 0..n as u64 {
                        let x = F::from_canonical_u64(F::ORDER - 1 - i);
                        native.observe_element(x);
                        let wire = b.witness(Fr::from(x.to_canonical_u64()));
                        gadget.observe(&mut b, &wire);
                    }
                }
                Step::Digests(n) => {
                    for _ in 0..n {
                        let digest = Fr::rand(&mut rng);
                        native.observe_hash::<WrapHasher>(WrapDigest(digest));
                        let wire = b.witness(digest);
                        gadget.observe_digest(&mut b, &wire)?;
                    }
                }
                Step::ConstantDigest => {
                    let digest = Fr::rand(&mut rng);
                    native.observe_hash::<WrapHasher>(WrapDigest(digest));
                    gadget.observe_digest(&mut b, &Lc::constant(digest))?;
                }
                Step::Challenges(n) => {
                    for _ in 0..n {
                        let expected = native.get_challenge().0;
                        let challenge = gadget.challenge_element(&mut b);
                        assert_eq!(challenge.value(), Fr::from(expected));
                    }
                }
            }
        }
        assert!(b.is_satisfied());
        Ok(b)
    }

    #[test]
    fn matches_the_native_challenger() {
        use Step::*;
        let plonky2_like = [
            Elements(11),
            ConstantDigest,
            Elements(4),
            Digests(16),
            Challenges(6),
            Digests(2),
            Challenges(3),
            Elements(37),
            Challenges(2),
            Digests(1),
            Challenges(25),
        ];
        run(&plonky2_like).unwrap();
        for n in 1..=10 {
            run(&[Elements(n), Challenges(1), Elements(1), Challenges(10)]).unwrap();
        }
        run(&[Challenges(1)]).unwrap();
    }

    #[test]
    fn refuses_digests_within_a_word() {
        let steps = [Step::Elements(4), Step::Digests(1)];
        assert_eq!(run(&steps).unwrap_err(), MisalignedDigest { pending: 4 });
    }

    /// Changing any wire must break a constraint; the inverse of an element's test may be anything when
    /// there is nothing to invert, which random words do not hit.
    #[test]
    fn challenges_are_bound() {
        let b = run(&[Step::Elements(1), Step::Challenges(1)]).unwrap();
        for i in 2..b.num_wires() {
            let mut tampered = b.clone();
            tampered.overwrite(Var::nth(i), b.assignment()[i] + Fr::one());
            assert!(!tampered.is_satisfied(), "wire {i} is free");
        }
    }

    /// The digest cannot change under words that stay: both words depend on it.
    #[test]
    fn digests_are_bound_by_their_words() {
        let b = run(&[Step::Digests(1), Step::Challenges(1)]).unwrap();
        for i in 1..b.num_wires() {
            let mut tampered = b.clone();
            tampered.overwrite(Var::nth(i), b.assignment()[i] + Fr::one());
            assert!(!tampered.is_satisfied(), "wire {i} is free");
        }
    }

    /// x and x + r have the same 254 bits' sum: the larger spelling must not pass.
    #[test]
    fn the_larger_spelling_of_a_word_is_refused() {
        let mut b = Builder::new(&[]);
        let word = b.witness(Fr::from(5u64));
        split(&mut b, &word);
        assert!(b.is_satisfied());
        let mut larger = Fr::MODULUS;
        larger.add_with_carry(&Fr::from(5u64).into_bigint());
        for i in 0..254 {
            b.overwrite(Var::nth(2 + i), Fr::from(larger.get_bit(i)));
        }
        // The recomposition still holds, so only the bound can refuse it.
        assert_eq!(b.first_unsatisfied().map(|broken| broken.0), Some(254 + 1 + TOP_BITS));
        assert_eq!(b.num_constraints(), 318);
    }

    #[test]
    fn elements_are_folded_as_natively() {
        for chunk in [0, 7, F::ORDER - 2, F::ORDER - 1, F::ORDER, u64::MAX] {
            let mut b = Builder::new(&[]);
            let word = b.witness(super::super::native::pack(&[chunk]));
            let challenge = split(&mut b, &word).swap_remove(0);
            let element = challenge.element(&mut b);
            let expected = super::super::transcript::chunk_to_element(chunk).0;
            assert_eq!(element.value(), Fr::from(expected));
            assert!(b.is_satisfied());
        }
    }
}
