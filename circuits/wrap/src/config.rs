//! The plonky2 configuration of the last layer: Goldilocks arithmetic, BN254 hashing.
//!
//! Everything that the R1CS verifier must recompute is Poseidon2 over BN254's scalar field
//! ([`crate::poseidon2_bn254`]), where it is cheap. Public inputs are not hashed at all: the layer has exactly
//! four, and the four elements of plonky2's "hash" are the inputs themselves.

use std::array;
use std::fmt::Debug;

use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};
use plonky2::field::extension::Extendable;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::hash::hash_types::{HashOut, NUM_HASH_OUT_ELTS, RichField};
use plonky2::hash::hashing::PlonkyPermutation;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::config::{AlgebraicHasher, GenericConfig, GenericHashOut, Hasher};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::poseidon2_bn254::native;
use crate::poseidon2_bn254::transcript::{Sponge, digest_limbs};

/// Public inputs of the last plonky2 layer.
pub const NUM_PUBLIC_INPUTS: usize = NUM_HASH_OUT_ELTS;

/// Bits of each of them: `sum p_i 2^(63 (3 - i))` has 252 bits and is the one public input of the SNARK.
pub const PUBLIC_INPUT_BITS: usize = 63;

/// The configuration of the last plonky2 layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrapConfig;

impl GenericConfig<2> for WrapConfig {
    type F = GoldilocksField;
    type FE = QuadraticExtension<GoldilocksField>;
    type Hasher = WrapHasher;
    type InnerHasher = IdentityHasher;
}

/// A digest: one BN254 scalar.
///
/// With serde it is an integer below r in four limbs of 64 bits, lowest first; a larger one is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WrapDigest(pub Fr);

impl GenericHashOut<GoldilocksField> for WrapDigest {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.into_bigint().to_bytes_le()
    }

    /// Reduces modulo r: plonky2's own reader cannot refuse. Use serde for bytes from outside.
    fn from_bytes(bytes: &[u8]) -> Self {
        Self(Fr::from_le_bytes_mod_order(bytes))
    }

    fn to_vec(&self) -> Vec<GoldilocksField> {
        digest_limbs(self.0).map(GoldilocksField::from_canonical_u64).to_vec()
    }
}

impl Serialize for WrapDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.into_bigint().0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WrapDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limbs = <[u64; 4]>::deserialize(deserializer)?;
        let digest = Fr::from_bigint(BigInt(limbs));
        digest.map(Self).ok_or_else(|| D::Error::custom("digest is not below the modulus of BN254"))
    }
}

/// Merkle trees and transcript over BN254.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrapHasher;

impl Hasher<GoldilocksField> for WrapHasher {
    const HASH_SIZE: usize = 32;
    type Hash = WrapDigest;
    type Permutation = Sponge;

    fn hash_no_pad(input: &[GoldilocksField]) -> WrapDigest {
        let limbs: Vec<u64> = input.iter().map(GoldilocksField::to_canonical_u64).collect();
        WrapDigest(native::leaf(&limbs))
    }

    /// Always hashes. plonky2's default packs four limbs into 256 bits, more than a digest holds.
    fn hash_or_noop(input: &[GoldilocksField]) -> WrapDigest {
        Self::hash_no_pad(input)
    }

    fn two_to_one(left: WrapDigest, right: WrapDigest) -> WrapDigest {
        WrapDigest(native::node(left.0, right.0))
    }
}

/// The identity on exactly four elements: plonky2's "hash" of the public inputs.
///
/// It is no hash. It is sound for public inputs only because there are always exactly four of them, so nothing
/// is compressed; anything else panics. The circuit must bound each input below 2^63 itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityHasher;

impl Hasher<GoldilocksField> for IdentityHasher {
    const HASH_SIZE: usize = 32;
    type Hash = HashOut<GoldilocksField>;
    type Permutation = Identity<GoldilocksField>;

    /// # Panics
    /// If there are not exactly four inputs.
    fn hash_no_pad(input: &[GoldilocksField]) -> HashOut<GoldilocksField> {
        let elements = input.try_into().unwrap_or_else(|_| {
            panic!("the last layer has {NUM_PUBLIC_INPUTS} public inputs, got {}", input.len())
        });
        HashOut { elements }
    }

    /// # Panics
    /// Always: there are no trees over this hasher.
    fn two_to_one(
        _: HashOut<GoldilocksField>,
        _: HashOut<GoldilocksField>,
    ) -> HashOut<GoldilocksField> {
        unreachable!("the identity compresses nothing")
    }
}

impl AlgebraicHasher<GoldilocksField> for IdentityHasher {
    type AlgebraicPermutation = Identity<Target>;

    /// The identity, for plonky2's in-circuit hash of the public inputs, which is one "permutation".
    ///
    /// # Panics
    /// If `swap` is not the constant false: there are no trees over this hasher.
    fn permute_swapped<const D: usize>(
        inputs: Identity<Target>,
        swap: BoolTarget,
        builder: &mut CircuitBuilder<GoldilocksField, D>,
    ) -> Identity<Target>
    where
        GoldilocksField: RichField + Extendable<D>,
    {
        assert_eq!(swap.target, builder._false().target, "the identity compresses nothing");
        inputs
    }
}

/// A state of four cells that is permuted by nothing. See [`IdentityHasher`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity<T>([T; NUM_PUBLIC_INPUTS]);

impl<T> AsRef<[T]> for Identity<T> {
    fn as_ref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Default + Debug + Eq + Send + Sync> PlonkyPermutation<T> for Identity<T> {
    const RATE: usize = NUM_PUBLIC_INPUTS;
    const WIDTH: usize = NUM_PUBLIC_INPUTS;

    fn new<I: IntoIterator<Item = T>>(iter: I) -> Self {
        let mut iter = iter.into_iter();
        Self(array::from_fn(|_| iter.next().unwrap_or_default()))
    }

    fn set_elt(&mut self, elt: T, idx: usize) {
        self.0[idx] = elt;
    }

    fn set_from_iter<I: IntoIterator<Item = T>>(&mut self, elts: I, start: usize) {
        self.0[start..].iter_mut().zip(elts).for_each(|(cell, elt)| *cell = elt);
    }

    fn set_from_slice(&mut self, elts: &[T], start: usize) {
        self.set_from_iter(elts.iter().copied(), start);
    }

    fn permute(&mut self) {}

    fn squeeze(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plonky2::iop::witness::{PartialWitness, WitnessWrite};
    use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

    type F = GoldilocksField;

    /// Four public inputs, the last one the product of the others.
    fn circuit() -> (CircuitData<F, WrapConfig, 2>, Vec<Target>) {
        let mut config = CircuitConfig::standard_recursion_config();
        config.security_bits = 16;
        config.fri_config.proof_of_work_bits = 4;
        config.fri_config.num_query_rounds = 4;
        let mut builder = CircuitBuilder::<F, 2>::new(config);
        let inputs = builder.add_virtual_targets(3);
        let product = builder.mul_many(&inputs);
        builder.register_public_inputs(&inputs);
        builder.register_public_input(product);
        (builder.build::<WrapConfig>(), inputs)
    }

    #[test]
    fn proves_and_binds_the_public_inputs() {
        let (data, inputs) = circuit();
        let mut witness = PartialWitness::new();
        for (target, value) in inputs.iter().zip([3, 5, (1 << 62) + 1]) {
            witness.set_target(*target, F::from_canonical_u64(value)).unwrap();
        }
        let proof = data.prove(witness).unwrap();
        data.verify(proof.clone()).unwrap();
        let hash = proof.get_public_inputs_hash();
        assert_eq!(hash.elements.to_vec(), proof.public_inputs);
        for i in 0..NUM_PUBLIC_INPUTS {
            let mut tampered = proof.clone();
            tampered.public_inputs[i] += F::ONE;
            assert!(data.verify(tampered).is_err(), "public input {i} is not bound");
        }
    }

    #[test]
    #[should_panic(expected = "4 public inputs, got 5")]
    fn more_public_inputs_than_four_are_refused() {
        IdentityHasher::hash_no_pad(&[F::ONE; 5]);
    }

    #[test]
    fn digests_round_trip_and_larger_integers_are_refused() {
        let digest = WrapDigest(-Fr::from(2u64));
        assert_eq!(WrapDigest::from_bytes(&digest.to_bytes()), digest);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<WrapDigest>(&json).unwrap(), digest);
        let modulus = serde_json::to_string(&Fr::MODULUS.0).unwrap();
        assert!(serde_json::from_str::<WrapDigest>(&modulus).is_err());
    }
}
