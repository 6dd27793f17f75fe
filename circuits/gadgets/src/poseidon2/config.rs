//! plonky2 with Poseidon2: Merkle trees, challenger and public-input hash.

use std::fmt::Debug;

use cairn_primitives::poseidon2::permute12_words;
use plonky2::field::extension::Extendable;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::hashing::{PlonkyPermutation, compress, hash_n_to_hash_no_pad};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::config::{AlgebraicHasher, GenericConfig, Hasher};

use super::gate::PermutationGate;

/// Width of the sponge state.
pub const SPONGE_WIDTH: usize = 12;

/// Elements absorbed a permutation.
pub const SPONGE_RATE: usize = 8;

/// The proof system of every Cairn layer but the BN254 one: Goldilocks, its quadratic extension,
/// Poseidon2 everywhere.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CairnConfig;

impl GenericConfig<2> for CairnConfig {
    type F = GoldilocksField;
    type FE = QuadraticExtension<GoldilocksField>;
    type Hasher = Poseidon2Hash;
    type InnerHasher = Poseidon2Hash;
}

/// plonky2's untagged sponge (rate 8, overwrite mode, capacity 0) over Poseidon2 of width 12.
///
/// Nodes are two digests in the rate and a zero capacity, truncated. Only plonky2 calls it; the
/// tagged hash of the protocol is [`super::hash`], whose capacity is never zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Poseidon2Hash;

impl Hasher<GoldilocksField> for Poseidon2Hash {
    const HASH_SIZE: usize = 32;
    type Hash = HashOut<GoldilocksField>;
    type Permutation = SpongeState<GoldilocksField>;

    fn hash_no_pad(input: &[GoldilocksField]) -> Self::Hash {
        hash_n_to_hash_no_pad::<GoldilocksField, Self::Permutation>(input)
    }

    fn two_to_one(left: Self::Hash, right: Self::Hash) -> Self::Hash {
        compress::<GoldilocksField, Self::Permutation>(left, right)
    }
}

impl AlgebraicHasher<GoldilocksField> for Poseidon2Hash {
    type AlgebraicPermutation = SpongeState<Target>;

    fn permute_swapped<const D: usize>(
        inputs: SpongeState<Target>,
        swap: BoolTarget,
        builder: &mut CircuitBuilder<GoldilocksField, D>,
    ) -> SpongeState<Target>
    where
        GoldilocksField: Extendable<D>,
    {
        let row = builder.add_gate(PermutationGate::default(), vec![]);
        builder.connect(swap.target, Target::wire(row, PermutationGate::WIRE_SWAP));
        for (i, &input) in inputs.0.iter().enumerate() {
            builder.connect(input, Target::wire(row, PermutationGate::wire_input(i)));
        }
        SpongeState(std::array::from_fn(|i| Target::wire(row, PermutationGate::wire_output(i))))
    }
}

/// The state of the sponge, of field elements or of targets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SpongeState<T>(pub [T; SPONGE_WIDTH]);

/// What a sponge state can hold.
pub trait SpongeElement: Sized {
    /// One permutation.
    fn permute(state: &mut [Self; SPONGE_WIDTH]);
}

impl SpongeElement for GoldilocksField {
    fn permute(state: &mut [Self; SPONGE_WIDTH]) {
        let mut words = state.map(|element| element.0);
        permute12_words(&mut words);
        *state = words.map(Self);
    }
}

impl SpongeElement for Target {
    /// # Panics
    /// Always: targets are permuted by a gate, see [`AlgebraicHasher::permute_swapped`].
    fn permute(_state: &mut [Self; SPONGE_WIDTH]) {
        panic!("targets are permuted through AlgebraicHasher::permute_swapped");
    }
}

impl<T> AsRef<[T]> for SpongeState<T> {
    fn as_ref(&self) -> &[T] {
        &self.0
    }
}

impl<T> PlonkyPermutation<T> for SpongeState<T>
where
    T: SpongeElement + Copy + Debug + Default + Eq + Send + Sync,
{
    const RATE: usize = SPONGE_RATE;
    const WIDTH: usize = SPONGE_WIDTH;

    fn new<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut state = Self::default();
        state.set_from_iter(elements, 0);
        state
    }

    fn set_elt(&mut self, element: T, index: usize) {
        self.0[index] = element;
    }

    fn set_from_iter<I: IntoIterator<Item = T>>(&mut self, elements: I, start: usize) {
        for (slot, element) in self.0[start..].iter_mut().zip(elements) {
            *slot = element;
        }
    }

    fn set_from_slice(&mut self, elements: &[T], start: usize) {
        self.0[start..start + elements.len()].copy_from_slice(elements);
    }

    fn permute(&mut self) {
        T::permute(&mut self.0);
    }

    fn squeeze(&self) -> &[T] {
        &self.0[..SPONGE_RATE]
    }
}
