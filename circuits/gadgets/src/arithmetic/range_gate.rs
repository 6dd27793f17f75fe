//! Seven 32-bit range checks a row.

use anyhow::Result;
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::packed::PackedField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator, WitnessGeneratorRef};
use plonky2::iop::target::Target;
use plonky2::iop::wire::Wire;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBaseBatch, EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoResult, Read, Write};

use crate::ring::{Native, Ring};

/// Checks a row.
const OPS: usize = 7;

/// Limbs of two bits in a 32-bit value.
const LIMBS: usize = 16;

type Extension = <GoldilocksField as Extendable<2>>::Extension;

/// Asserts that each of seven values is below `2^32`.
///
/// A value is the sum of 16 limbs `l` with `l (l - 1) (l - 2) (l - 3) = 0`; degree 4, 119 wires. An
/// unused slot checks the value 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct RangeCheckGate;

impl RangeCheckGate {
    /// The (routed) wire of value `op`.
    pub const fn wire_value(op: usize) -> usize {
        assert!(op < OPS);
        op
    }

    /// The wire of limb `i` of value `op`, least significant first.
    const fn wire_limb(op: usize, i: usize) -> usize {
        OPS + LIMBS * op + i
    }

    /// Hands every constraint, a value that must be zero, to `emit`.
    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: impl Fn(usize) -> R::Value,
        mut emit: impl FnMut(R::Value),
    ) {
        for op in 0..OPS {
            let limbs: [_; LIMBS] = std::array::from_fn(|i| wire(Self::wire_limb(op, i)));
            let mut sum = limbs[LIMBS - 1];
            for &limb in limbs.iter().rev().skip(1) {
                sum = ring.scale_add(GoldilocksField::from_canonical_u64(4), sum, limb);
            }
            emit(ring.sub(sum, wire(Self::wire_value(op))));

            for limb in limbs {
                // With y = l (l - 3): l (l - 1) (l - 2) (l - 3) = y (y + 2).
                let square = ring.mul(limb, limb);
                let y = ring.scale_add(-GoldilocksField::from_canonical_u64(3), limb, square);
                let square = ring.mul(y, y);
                emit(ring.scale_add(GoldilocksField::TWO, y, square));
            }
        }
    }
}

/// Asserts `x < 2^32`: a seventh of a row.
pub(super) fn assert_u32(builder: &mut CircuitBuilder<GoldilocksField, 2>, x: Target) {
    let (row, op) = builder.find_slot(RangeCheckGate, &[], &[]);
    builder.connect(x, Target::wire(row, RangeCheckGate::wire_value(op)));
}

impl Gate<GoldilocksField, 2> for RangeCheckGate {
    fn id(&self) -> String {
        "CairnRangeCheckGate".to_owned()
    }

    fn serialize(
        &self,
        _dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        Ok(())
    }

    fn deserialize(
        _src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        Ok(Self)
    }

    fn eval_unfiltered(&self, vars: EvaluationVars<'_, GoldilocksField, 2>) -> Vec<Extension> {
        let mut constraints = Vec::new();
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(&mut Native::new(), wire, |c| constraints.push(c));
        constraints
    }

    fn eval_unfiltered_base_batch(
        &self,
        vars_base: EvaluationVarsBaseBatch<'_, GoldilocksField>,
    ) -> Vec<GoldilocksField> {
        self.eval_unfiltered_base_batch_packed(vars_base)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<GoldilocksField, 2>,
        vars: EvaluationTargets<'_, 2>,
    ) -> Vec<ExtensionTarget<2>> {
        let mut constraints = Vec::new();
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(builder, wire, |c| constraints.push(c));
        constraints
    }

    fn generators(
        &self,
        row: usize,
        _local_constants: &[GoldilocksField],
    ) -> Vec<WitnessGeneratorRef<GoldilocksField, 2>> {
        (0..OPS)
            .map(|op| WitnessGeneratorRef::new(RangeCheckGenerator { row, op }.adapter()))
            .collect()
    }

    fn num_wires(&self) -> usize {
        Self::wire_limb(OPS, 0)
    }

    fn num_constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        4
    }

    fn num_constraints(&self) -> usize {
        OPS * (1 + LIMBS)
    }
}

impl PackedEvaluableBase<GoldilocksField, 2> for RangeCheckGate {
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = GoldilocksField>>(
        &self,
        vars: EvaluationVarsBasePacked<'_, P>,
        mut yield_constr: StridedConstraintConsumer<'_, P>,
    ) {
        let wire = |i: usize| vars.local_wires[i];
        Self::constraints(&mut Native::<P>::new(), wire, |c| yield_constr.one(c));
    }
}

/// Fills the limbs of one value of a [`RangeCheckGate`]; of a value that is out of range, the low
/// 32 bits, which the gate then refuses.
#[derive(Clone, Debug, Default)]
pub struct RangeCheckGenerator {
    row: usize,
    op: usize,
}

impl SimpleGenerator<GoldilocksField, 2> for RangeCheckGenerator {
    fn id(&self) -> String {
        "CairnRangeCheckGenerator".to_owned()
    }

    fn dependencies(&self) -> Vec<Target> {
        vec![Target::wire(self.row, RangeCheckGate::wire_value(self.op))]
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        let wire = |column| Wire { row: self.row, column };
        let value = witness.get_wire(wire(RangeCheckGate::wire_value(self.op))).to_canonical_u64();
        (0..LIMBS).try_for_each(|i| {
            let limb = GoldilocksField::from_canonical_u64((value >> (2 * i)) & 3);
            out.set_wire(wire(RangeCheckGate::wire_limb(self.op, i)), limb)
        })
    }

    fn serialize(
        &self,
        dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        dst.write_usize(self.row)?;
        dst.write_usize(self.op)
    }

    fn deserialize(
        src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        Ok(Self { row: src.read_usize()?, op: src.read_usize()? })
    }
}

#[cfg(test)]
mod tests {
    use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
    use plonky2::hash::hash_types::HashOut;

    use super::*;
    use crate::poseidon2::CairnConfig;

    fn satisfied(wires: &[GoldilocksField]) -> bool {
        let wires: Vec<Extension> = wires.iter().map(|&wire| wire.into()).collect();
        let vars = EvaluationVars {
            local_constants: &[],
            local_wires: &wires,
            public_inputs_hash: &HashOut::ZERO,
        };
        RangeCheckGate.eval_unfiltered(vars).iter().all(|c| *c == Extension::ZERO)
    }

    #[test]
    fn limb_of_four_and_wrong_sum_are_refused() {
        let four = GoldilocksField::from_canonical_u64(4);
        for op in 0..OPS {
            let mut row = vec![GoldilocksField::ZERO; 119];
            assert!(satisfied(&row));
            row[RangeCheckGate::wire_value(op)] = four;
            assert!(!satisfied(&row), "limbs do not sum to the value");
            row[RangeCheckGate::wire_limb(op, 0)] = four;
            assert!(!satisfied(&row), "a limb has two bits");
            row[RangeCheckGate::wire_limb(op, 0)] = GoldilocksField::ZERO;
            row[RangeCheckGate::wire_limb(op, 1)] = GoldilocksField::ONE;
            assert!(satisfied(&row));
        }
    }

    #[test]
    fn degree_is_four() {
        test_low_degree::<GoldilocksField, _, 2>(RangeCheckGate);
    }

    #[test]
    fn all_evaluations_agree() {
        test_eval_fns::<GoldilocksField, CairnConfig, _, 2>(RangeCheckGate).unwrap();
    }
}
