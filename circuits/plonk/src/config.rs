//! What plonky2 builds a circuit with whose proofs are not plonky2's.
//!
//! plonky2 commits to constants and permutation while it builds. Nobody reads that commitment here, so its
//! hash does nothing.

use std::array;
use std::fmt::Debug;

use plonky2::field::extension::Extendable;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::hash::hash_types::{HashOut, RichField};
use plonky2::hash::hashing::PlonkyPermutation;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::config::{AlgebraicHasher, GenericConfig, Hasher};

/// Public inputs of a circuit: the digest of its statement.
pub const NUM_PUBLIC_INPUTS: usize = 4;

/// Wires of a row: columns of the main trace.
pub const NUM_WIRES: usize = 135;

/// The highest degree of a constraint: eight chunks of the quotient, at rate 1/8 or lower.
pub const MAX_DEGREE: usize = 9;

/// The shape of a circuit's rows. What is plonky2's own proof system in it is as cheap as plonky2 allows.
pub fn circuit_config(routed_wires: usize) -> CircuitConfig {
    CircuitConfig {
        num_wires: NUM_WIRES,
        num_routed_wires: routed_wires,
        num_constants: 2,
        use_base_arithmetic_gate: true,
        security_bits: 0,
        num_challenges: 1,
        zero_knowledge: false,
        max_quotient_degree_factor: MAX_DEGREE - 1,
        fri_config: FriConfig {
            // Its transforms take no lower rate than the quotient's.
            rate_bits: 3,
            cap_height: 0,
            proof_of_work_bits: 0,
            reduction_strategy: FriReductionStrategy::Fixed(vec![]),
            num_query_rounds: 0,
        },
    }
}

/// The configuration that circuits are built with. A plonky2 proof under it would prove nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TableConfig;

impl GenericConfig<2> for TableConfig {
    type F = GoldilocksField;
    type FE = QuadraticExtension<GoldilocksField>;
    type Hasher = NoHasher;
    type InnerHasher = IdentityHasher;
}

/// The digest of everything is zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NoHasher;

impl Hasher<GoldilocksField> for NoHasher {
    const HASH_SIZE: usize = 32;
    type Hash = HashOut<GoldilocksField>;
    type Permutation = Identity<GoldilocksField>;

    fn hash_no_pad(_: &[GoldilocksField]) -> Self::Hash {
        HashOut::ZERO
    }

    fn hash_or_noop(_: &[GoldilocksField]) -> Self::Hash {
        HashOut::ZERO
    }

    fn two_to_one(_: Self::Hash, _: Self::Hash) -> Self::Hash {
        HashOut::ZERO
    }
}

/// The identity on exactly four elements: plonky2's "hash" of the public inputs.
///
/// It is no hash, and needs to be none: there are always exactly four elements, so nothing is compressed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IdentityHasher;

impl Hasher<GoldilocksField> for IdentityHasher {
    const HASH_SIZE: usize = 32;
    type Hash = HashOut<GoldilocksField>;
    type Permutation = Identity<GoldilocksField>;

    /// # Panics
    /// If there are not exactly four inputs.
    fn hash_no_pad(input: &[GoldilocksField]) -> Self::Hash {
        let elements = input.try_into().unwrap_or_else(|_| {
            panic!("expected {NUM_PUBLIC_INPUTS} public inputs, got {}", input.len())
        });
        HashOut { elements }
    }

    /// # Panics
    /// Always: there are no trees over this hasher.
    fn two_to_one(_: Self::Hash, _: Self::Hash) -> Self::Hash {
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

/// A state of four cells that is permuted by nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Identity<T>([T; NUM_PUBLIC_INPUTS]);

impl<T> AsRef<[T]> for Identity<T> {
    fn as_ref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Default + Debug + Eq + Send + Sync> PlonkyPermutation<T> for Identity<T> {
    const RATE: usize = NUM_PUBLIC_INPUTS;
    const WIDTH: usize = NUM_PUBLIC_INPUTS;

    fn new<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut elements = elements.into_iter();
        Self(array::from_fn(|_| elements.next().unwrap_or_default()))
    }

    fn set_elt(&mut self, element: T, index: usize) {
        self.0[index] = element;
    }

    fn set_from_iter<I: IntoIterator<Item = T>>(&mut self, elements: I, start: usize) {
        self.0[start..].iter_mut().zip(elements).for_each(|(cell, element)| *cell = element);
    }

    fn set_from_slice(&mut self, elements: &[T], start: usize) {
        self.set_from_iter(elements.iter().copied(), start);
    }

    fn permute(&mut self) {}

    fn squeeze(&self) -> &[T] {
        &self.0
    }
}
