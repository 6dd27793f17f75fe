//! Constraints of the gate that adds integers modulo 2^32.

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
    EvaluationTargets, EvaluationVars, EvaluationVarsBase, EvaluationVarsBaseBatch,
    EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoResult};

use super::witness::AddGenerator;
use crate::ring::{Native, Ring};

/// 13 sums a row: `out + 2^32 carry = sum of five addends`, the carry being three bits.
///
/// This alone does not make `out` a 32-bit word; see the [module's soundness note](super). 78
/// routed wires (five addends and `out` a sum), then 39 wires of carry bits, least significant
/// first. Degree 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddGate;

impl AddGate {
    pub(super) const OPS: usize = 13;
    pub(super) const ADDENDS: usize = 5;
    pub(super) const CARRY_BITS: usize = 3;
    const WIRES: usize = Self::wire_carry(Self::OPS, 0);

    /// The wire of addend `i < 5` of a sum.
    pub(super) const fn wire_addend(op: usize, i: usize) -> usize {
        (Self::ADDENDS + 1) * op + i
    }

    /// The wire of a sum modulo 2^32.
    pub(super) const fn wire_output(op: usize) -> usize {
        Self::wire_addend(op, Self::ADDENDS)
    }

    /// The wire of a bit of a sum's carry.
    pub(super) const fn wire_carry(op: usize, bit: usize) -> usize {
        (Self::ADDENDS + 1) * Self::OPS + Self::CARRY_BITS * op + bit
    }

    /// All constraints, sum by sum: the carry's bits, then the sum.
    pub(crate) fn constraints<R: Ring>(ring: &mut R, wires: &[R::Value]) -> Vec<R::Value> {
        let mut constraints = Vec::with_capacity(Self::OPS * (Self::CARRY_BITS + 1));
        for op in 0..Self::OPS {
            let carry = &wires[Self::wire_carry(op, 0)..Self::wire_carry(op + 1, 0)];
            constraints.extend(carry.iter().map(|&bit| ring.boolean(bit)));
            let carry = ring.pack(carry, 1);
            let reduced = ring.pack(&[wires[Self::wire_output(op)], carry], 32);
            let addends = &wires[Self::wire_addend(op, 0)..Self::wire_output(op)];
            let difference = addends.iter().fold(reduced, |rest, &addend| ring.sub(rest, addend));
            constraints.push(difference);
        }
        constraints
    }
}

impl<const D: usize> Gate<GoldilocksField, D> for AddGate
where
    GoldilocksField: Extendable<D>,
{
    fn id(&self) -> String {
        "Sha256AddGate".into()
    }

    fn serialize(
        &self,
        _dst: &mut Vec<u8>,
        _common: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<()> {
        Ok(())
    }

    fn deserialize(
        _src: &mut Buffer<'_>,
        _common: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<Self> {
        Ok(Self)
    }

    fn eval_unfiltered(
        &self,
        vars: EvaluationVars<'_, GoldilocksField, D>,
    ) -> Vec<<GoldilocksField as Extendable<D>>::Extension> {
        Self::constraints(&mut Native::new(), vars.local_wires)
    }

    fn eval_unfiltered_base_one(
        &self,
        _vars: EvaluationVarsBase<'_, GoldilocksField>,
        _yield_constr: StridedConstraintConsumer<'_, GoldilocksField>,
    ) {
        unreachable!("the packed form is used instead");
    }

    fn eval_unfiltered_base_batch(
        &self,
        vars_base: EvaluationVarsBaseBatch<'_, GoldilocksField>,
    ) -> Vec<GoldilocksField> {
        self.eval_unfiltered_base_batch_packed(vars_base)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<GoldilocksField, D>,
        vars: EvaluationTargets<'_, D>,
    ) -> Vec<ExtensionTarget<D>> {
        Self::constraints(builder, vars.local_wires)
    }

    fn generators(
        &self,
        row: usize,
        _local_constants: &[GoldilocksField],
    ) -> Vec<WitnessGeneratorRef<GoldilocksField, D>> {
        (0..Self::OPS)
            .map(|op| WitnessGeneratorRef::new(AddGenerator::new(row, op).adapter()))
            .collect()
    }

    fn num_wires(&self) -> usize {
        Self::WIRES
    }

    fn num_constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        2
    }

    fn num_constraints(&self) -> usize {
        Self::OPS * (Self::CARRY_BITS + 1)
    }
}

impl<const D: usize> PackedEvaluableBase<GoldilocksField, D> for AddGate
where
    GoldilocksField: Extendable<D>,
{
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = GoldilocksField>>(
        &self,
        vars: EvaluationVarsBasePacked<'_, P>,
        mut yield_constr: StridedConstraintConsumer<'_, P>,
    ) {
        let wires: Vec<P> = vars.local_wires.iter().copied().collect();
        yield_constr.many(Self::constraints(&mut Native::new(), &wires));
    }
}
