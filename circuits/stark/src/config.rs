//! The proof system of the leaf: types, and every soundness parameter.
//!
//! Field, extension, hash and compression are those of plonky2's side ([`cairn_gadgets::poseidon2`]), so
//! that the recursive verifier hashes with one gate row a permutation.

#[cfg(any(target_feature = "avx2", target_feature = "avx512f"))]
mod permutation;

use p3_challenger::DuplexChallenger;
use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_field::Field;
use p3_field::extension::BinomialExtensionField;
use p3_fri::{FriParameters, TwoAdicFriPcs, fold_schedule};
use p3_goldilocks::Goldilocks;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{PaddingFreeSponge, TruncatedPermutation};
use p3_uni_stark::StarkConfig;
use serde::{Deserialize, Serialize};

/// The field of traces: p = 2^64 - 2^32 + 1.
pub type Val = Goldilocks;

/// The field of challenges: `Val[X] / (X^2 - 7)`, the same as plonky2's `QuadraticExtension`.
pub type Challenge = BinomialExtensionField<Val, D>;

/// Degree of [`Challenge`] over [`Val`].
pub const D: usize = 2;

/// Elements of a digest.
pub const DIGEST: usize = 4;

/// Elements absorbed a permutation.
pub const RATE: usize = 8;

/// Elements of the permutation's state.
pub const WIDTH: usize = 12;

/// As many elements as a vector of the machine holds.
pub type Packed = <Val as Field>::Packing;

/// Poseidon2 of width 12, on single states and on vectors of states.
#[cfg(any(target_feature = "avx2", target_feature = "avx512f"))]
pub use permutation::Permutation12;

/// Poseidon2 of width 12, on single states and on vectors of states.
#[cfg(not(any(target_feature = "avx2", target_feature = "avx512f")))]
pub type Permutation12 = p3_goldilocks::Poseidon2Goldilocks<WIDTH>;

/// The hash of Merkle leaves: plonky2's untagged sponge (overwrite mode, no padding).
pub type LeafHash = PaddingFreeSponge<Permutation12, WIDTH, RATE, DIGEST>;

/// The hash of two digests: plonky2's `two_to_one`.
pub type Compression = TruncatedPermutation<Permutation12, 2, DIGEST, WIDTH>;

/// Commitment to matrices over [`Val`].
pub type ValMmcs = MerkleTreeMmcs<Packed, Packed, LeafHash, Compression, 2, DIGEST>;

/// Commitment to matrices over [`Challenge`].
pub type ChallengeMmcs = ExtensionMmcs<Val, Challenge, ValMmcs>;

/// The Fiat-Shamir transcript.
pub type Challenger = DuplexChallenger<Val, Permutation12, WIDTH, RATE>;

/// The polynomial commitment scheme: FRI.
pub type Pcs = TwoAdicFriPcs<Val, Radix2DitParallel<Val>, ValMmcs, ChallengeMmcs>;

/// What `p3-batch-stark` is generic over.
pub type Config = StarkConfig<Pcs, Challenge, Challenger>;

/// The soundness parameters of a STARK.
///
/// By the conjecture that stands (list decoding up to capacity over an extension of 128 bits, see
/// `cairn_circuits::soundness`) a query at rate rho is worth `-log2(rho + 1/128)` bits, and proof of
/// work before the queries adds its bits. The error of a random combination of `n` openings over a domain
/// of `2^h` is `n 2^h / 2^128`: 99 bits for 2^10 openings and h = 19, which `batch_pow_bits` lifts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// The code has rate `2^-log_blowup`. A constraint of degree `d` needs `d <= 2^log_blowup + 1`.
    pub log_blowup: usize,
    /// Folding stops at a polynomial of `2^log_final_poly_len` coefficients. If that is more than one,
    /// every table must have more rows than that.
    pub log_final_poly_len: usize,
    /// A fold takes at most `2^max_log_arity` values to one.
    pub max_log_arity: usize,
    /// FRI queries.
    pub queries: usize,
    /// Merkle trees end in `2^cap_height` digests (or in their leaves, if these are fewer).
    pub cap_height: usize,
    /// Proof of work before the challenges of LogUp.
    pub lookup_pow_bits: usize,
    /// Proof of work before the challenge that combines all openings.
    pub batch_pow_bits: usize,
    /// Proof of work before each folding challenge.
    pub commit_pow_bits: usize,
    /// Proof of work before the queries.
    pub query_pow_bits: usize,
}

// All of these: tables of 2^6 rows or more.

/// Rate 1/2: 82 queries of 0.978 bits and 20 bits of work: 100.2 bits.
pub const RATE_HALF: Parameters = Parameters {
    log_blowup: 1,
    log_final_poly_len: 5,
    max_log_arity: 4,
    queries: 82,
    cap_height: 4,
    lookup_pow_bits: 8,
    batch_pow_bits: 8,
    commit_pow_bits: 0,
    query_pow_bits: 20,
};

/// Rate 1/4: 39 queries of 1.956 bits and 24 bits of work: 100.2 bits. (40 queries would take the verifier of the small chunk
/// beyond 2^14 rows.)
pub const RATE_QUARTER: Parameters =
    Parameters { log_blowup: 2, queries: 39, query_pow_bits: 24, ..RATE_HALF };

/// Rate 1/8: 28 queries of 2.912 bits and 19 bits of work: 100.5 bits.
pub const RATE_EIGHTH: Parameters =
    Parameters { log_blowup: 3, queries: 28, query_pow_bits: 19, ..RATE_HALF };

/// Rate 1/16: 21 queries of 3.830 bits and 20 bits of work: 100.4 bits.
pub const RATE_SIXTEENTH: Parameters = Parameters { log_blowup: 4, queries: 21, ..RATE_HALF };

impl Parameters {
    /// Bits of the queries and their proof of work, by the conjecture that stands.
    pub fn query_bits(&self) -> f64 {
        let rho = (-(self.log_blowup as f64)).exp2();
        let query = -(rho + 1.0 / 128.0).log2();
        query * self.queries as f64 + self.query_pow_bits as f64
    }

    /// The least height of a table, in bits. A lower one would be folded away before it joins, or lie
    /// above the cap of its Merkle tree, which would not bind it.
    pub fn min_log_height(&self) -> usize {
        (self.log_final_poly_len + 1).max(self.cap_height.saturating_sub(self.log_blowup))
    }

    /// How FRI folds tables of these heights, in rows, in bits: how many values each fold takes to one, in bits.
    /// A fold ends at the latest where the next lower table joins.
    pub fn fold_schedule(&self, log_heights: &[usize]) -> Vec<usize> {
        let mut committed: Vec<_> =
            log_heights.iter().map(|log_height| log_height + self.log_blowup).collect();
        committed.sort_unstable_by(|a, b| b.cmp(a));
        committed.dedup();
        fold_schedule(&committed, self.log_blowup + self.log_final_poly_len, self.max_log_arity)
    }

    /// The parameters in the form of `p3-fri`, with the commitment to folded words.
    pub(crate) fn fri(&self) -> FriParameters<ChallengeMmcs> {
        FriParameters {
            log_blowup: self.log_blowup,
            log_final_poly_len: self.log_final_poly_len,
            max_log_arity: self.max_log_arity,
            num_queries: self.queries,
            batch_proof_of_work_bits: self.batch_pow_bits,
            commit_proof_of_work_bits: self.commit_pow_bits,
            query_proof_of_work_bits: self.query_pow_bits,
            mmcs: ChallengeMmcs::new(self.mmcs()),
        }
    }

    /// The commitment to rows of traces.
    pub(crate) fn mmcs(&self) -> ValMmcs {
        ValMmcs::new(
            LeafHash::new(permutation12()),
            Compression::new(permutation12()),
            self.cap_height,
        )
    }

    /// The commitment scheme.
    pub(crate) fn pcs(&self) -> Pcs {
        Pcs::new(Radix2DitParallel::default(), self.mmcs(), self.fri())
    }

    /// What `p3-batch-stark` takes.
    pub fn config(&self) -> Config {
        Config::new(self.pcs(), challenger()).with_lookup_proof_of_work_bits(self.lookup_pow_bits)
    }
}

/// The permutation with Cairn's constants.
pub fn permutation12() -> Permutation12 {
    #[cfg(any(target_feature = "avx2", target_feature = "avx512f"))]
    return Permutation12;
    #[cfg(not(any(target_feature = "avx2", target_feature = "avx512f")))]
    return p3_goldilocks::default_goldilocks_poseidon2_12();
}

/// An empty transcript.
pub fn challenger() -> Challenger {
    Challenger::new(permutation12())
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::poseidon2::Poseidon2Hash;
    use p3_field::extension::BinomiallyExtendable;
    use p3_field::{PackedValue, PrimeCharacteristicRing, PrimeField64};
    use p3_symmetric::{CryptographicHasher, Permutation, PseudoCompressionFunction};
    use plonky2::field::extension::Extendable;
    use plonky2::field::goldilocks_field::GoldilocksField;
    use plonky2::field::types::{Field as _, PrimeField64 as _};
    use plonky2::hash::hash_types::HashOut;
    use plonky2::plonk::config::Hasher;
    use proptest::prelude::*;

    use super::*;

    const ALL: [Parameters; 4] = [RATE_HALF, RATE_QUARTER, RATE_EIGHTH, RATE_SIXTEENTH];

    #[test]
    fn queries_are_worth_a_hundred_bits() {
        for parameters in ALL {
            assert!(parameters.query_bits() >= 100.0, "{parameters:?}");
            let fewer = Parameters { queries: parameters.queries - 1, ..parameters };
            assert!(fewer.query_bits() < 100.0, "one query too many: {parameters:?}");
        }
    }

    #[test]
    fn extension_is_that_of_plonky2() {
        let w = <Val as BinomiallyExtendable<D>>::W;
        assert_eq!(w.as_canonical_u64(), <GoldilocksField as Extendable<D>>::W.0);
    }

    fn plonky2(elements: &[Val]) -> Vec<GoldilocksField> {
        elements.iter().map(|x| GoldilocksField::from_canonical_u64(x.as_canonical_u64())).collect()
    }

    fn words(digest: HashOut<GoldilocksField>) -> [u64; DIGEST] {
        digest.elements.map(|x| x.to_canonical_u64())
    }

    proptest! {
        #[test]
        fn hash_is_that_of_plonky2(row in prop::collection::vec(any::<u64>(), 0..30)) {
            let row: Vec<Val> = row.into_iter().map(Val::from_u64).collect();
            let digest: [Val; DIGEST] = LeafHash::new(permutation12()).hash_iter(row.iter().copied());
            let expected = words(Poseidon2Hash::hash_no_pad(&plonky2(&row)));
            prop_assert_eq!(digest.map(|x| x.as_canonical_u64()), expected);
        }

        #[test]
        fn compression_is_that_of_plonky2(children: [[u64; DIGEST]; 2]) {
            let children = children.map(|child| child.map(Val::from_u64));
            let [left, right] = children
                .map(|child| HashOut::from_vec(plonky2(&child)));
            let digest = Compression::new(permutation12()).compress(children);
            let expected = words(Poseidon2Hash::two_to_one(left, right));
            prop_assert_eq!(digest.map(|x| x.as_canonical_u64()), expected);
        }

        #[test]
        fn vectors_are_permuted_like_single_states(state: [u64; WIDTH]) {
            let state = state.map(Val::from_u64);
            let packed = permutation12().permute(state.map(Packed::from));
            let expected = permutation12().permute(state);
            for (lanes, element) in packed.iter().zip(expected) {
                prop_assert!(lanes.as_slice().iter().all(|&lane| lane == element));
            }
        }
    }
}
