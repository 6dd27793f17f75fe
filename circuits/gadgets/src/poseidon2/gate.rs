//! One permutation a row: the constraints.

use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::packed::PackedField;
use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::{SimpleGenerator, WitnessGeneratorRef};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBaseBatch, EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoResult};

use super::generator::Poseidon2Generator;
use super::parameters::{SupportedWidth, Width};
use super::rounds::{committed_sboxes, permute};
use crate::ring::{Native, Ring};

/// Elements of a digest: what the swap bit moves.
const DIGEST: usize = 4;

/// The full permutation of width 12: sponge, challenger and plonky2's Merkle trees.
pub type PermutationGate = Poseidon2Gate<12, 12>;

/// The two-to-one compression `trunc4(P(x) + x)` of width 8: state tree and streams.
pub type CompressionGate = Poseidon2Gate<8, 4>;

/// A Poseidon2 permutation of width `W` with `OUT` outputs in one row, degree 7.
///
/// If the swap wire is 1, inputs 0..4 and 4..8 change places first (a sibling in a Merkle path);
/// the gate itself makes the swap wire a bit. `OUT = W` gives the permutation. A truncated output is
/// always fed forward, `out_i = P(x)_i + x_i` with `x` the swapped input: a truncated permutation
/// alone can be inverted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Poseidon2Gate<const W: usize, const OUT: usize>;

impl<const W: usize, const OUT: usize> Poseidon2Gate<W, OUT> {
    /// The wire of input `i < W`.
    pub const fn wire_input(i: usize) -> usize {
        assert!(i < W);
        i
    }

    /// The wire of output `i < OUT`.
    pub const fn wire_output(i: usize) -> usize {
        assert!(i < OUT);
        W + i
    }

    /// The wire of the swap bit. It and all before it are routed.
    pub const WIRE_SWAP: usize = W + OUT;

    /// Whether the input is added to the output.
    pub const FEED_FORWARD: bool = OUT < W;

    /// The wire of `swap * (input[i + 4] - input[i])`, `i < 4`.
    pub(super) const fn wire_delta(i: usize) -> usize {
        Self::WIRE_SWAP + 1 + i
    }

    /// The wire of the `i`-th committed S-box input, in the order of `rounds::permute`.
    pub(super) const fn wire_sbox(i: usize) -> usize {
        Self::wire_delta(DIGEST) + i
    }

    const NUM_WIRES: usize = Self::wire_sbox(committed_sboxes(W));
    const NUM_CONSTRAINTS: usize = 1 + DIGEST + committed_sboxes(W) + OUT;
}

impl<const W: usize, const OUT: usize> Poseidon2Gate<W, OUT>
where
    Width<W>: SupportedWidth<W>,
{
    /// Hands every constraint, a value that must be zero, to `emit`; `wire` gives the value of a wire.
    pub fn constraints<R: Ring>(
        ring: &mut R,
        wire: impl Fn(usize) -> R::Value,
        mut emit: impl FnMut(R::Value),
    ) {
        let swap = wire(Self::WIRE_SWAP);
        let square = ring.mul(swap, swap);
        emit(ring.sub(square, swap));

        let mut state: [R::Value; W] = std::array::from_fn(|i| wire(Self::wire_input(i)));
        for i in 0..DIGEST {
            let delta = wire(Self::wire_delta(i));
            let difference = ring.sub(state[i + DIGEST], state[i]);
            let expected = ring.mul(swap, difference);
            emit(ring.sub(expected, delta));
            state[i] = ring.add(state[i], delta);
            state[i + DIGEST] = ring.sub(state[i + DIGEST], delta);
        }

        let mut cell = 0;
        let output = permute(ring, state, |ring, computed| {
            let committed = wire(Self::wire_sbox(cell));
            cell += 1;
            emit(ring.sub(computed, committed));
            committed
        });

        for i in 0..OUT {
            let mut value = output[i];
            if Self::FEED_FORWARD {
                value = ring.add(value, state[i]);
            }
            emit(ring.sub(value, wire(Self::wire_output(i))));
        }
    }
}

impl<const W: usize, const OUT: usize, const D: usize> Gate<GoldilocksField, D>
    for Poseidon2Gate<W, OUT>
where
    GoldilocksField: Extendable<D>,
    Width<W>: SupportedWidth<W>,
{
    fn id(&self) -> String {
        format!("Poseidon2Gate {{ width: {W}, outputs: {OUT} }}")
    }

    fn serialize(
        &self,
        _dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<()> {
        Ok(())
    }

    fn deserialize(
        _src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<Self> {
        Ok(Self)
    }

    fn eval_unfiltered(
        &self,
        vars: EvaluationVars<'_, GoldilocksField, D>,
    ) -> Vec<<GoldilocksField as Extendable<D>>::Extension> {
        let mut constraints = Vec::with_capacity(Self::NUM_CONSTRAINTS);
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(&mut Native::new(), wire, |c| constraints.push(c));
        constraints
    }

    fn eval_unfiltered_base_batch(
        &self,
        vars_base: EvaluationVarsBaseBatch<'_, GoldilocksField>,
    ) -> Vec<GoldilocksField> {
        PackedEvaluableBase::<GoldilocksField, D>::eval_unfiltered_base_batch_packed(
            self, vars_base,
        )
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<GoldilocksField, D>,
        vars: EvaluationTargets<'_, D>,
    ) -> Vec<ExtensionTarget<D>> {
        let mut constraints = Vec::with_capacity(Self::NUM_CONSTRAINTS);
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(builder, wire, |c| constraints.push(c));
        constraints
    }

    fn generators(
        &self,
        row: usize,
        _local_constants: &[GoldilocksField],
    ) -> Vec<WitnessGeneratorRef<GoldilocksField, D>> {
        let generator = Poseidon2Generator::<W, OUT>::new(row);
        vec![WitnessGeneratorRef::new(SimpleGenerator::<GoldilocksField, D>::adapter(generator))]
    }

    fn num_wires(&self) -> usize {
        Self::NUM_WIRES
    }

    fn num_constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        7
    }

    fn num_constraints(&self) -> usize {
        Self::NUM_CONSTRAINTS
    }
}

impl<const W: usize, const OUT: usize, const D: usize> PackedEvaluableBase<GoldilocksField, D>
    for Poseidon2Gate<W, OUT>
where
    GoldilocksField: Extendable<D>,
    Width<W>: SupportedWidth<W>,
{
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = GoldilocksField>>(
        &self,
        vars: EvaluationVarsBasePacked<'_, P>,
        mut yield_constr: StridedConstraintConsumer<'_, P>,
    ) {
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(&mut Native::<P>::new(), wire, |c| yield_constr.one(c));
    }
}
