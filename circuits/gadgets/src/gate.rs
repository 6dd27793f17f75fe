//! What gates share: plonky2's `Gate` around constraints over a `Ring`.

/// Implements `Gate` for a unit struct with `ID`, `WIRES`, `CONSTRAINTS`, `DEGREE` and
/// `constraints(ring, wire, emit)`, filled by one generator a row, `$generator::new(row)`.
macro_rules! impl_gate {
    ($gate:ty, $generator:ty) => {
        const _: () = {
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
                EvaluationTargets, EvaluationVars, EvaluationVarsBaseBatch,
                EvaluationVarsBasePacked,
            };
            use plonky2::util::serialization::{Buffer, IoResult};

            use crate::ring::Native;

            impl<const D: usize> Gate<GoldilocksField, D> for $gate
            where
                GoldilocksField: Extendable<D>,
            {
                fn id(&self) -> String {
                    Self::ID.to_owned()
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
                    let mut constraints = Vec::with_capacity(Self::CONSTRAINTS);
                    let wire = |i: usize| vars.local_wires[i];
                    Self::constraints(&mut Native::new(), &wire, &mut |c| constraints.push(c));
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
                    let mut constraints = Vec::with_capacity(Self::CONSTRAINTS);
                    let wire = |i: usize| vars.local_wires[i];
                    Self::constraints(builder, &wire, &mut |c| constraints.push(c));
                    constraints
                }

                fn generators(
                    &self,
                    row: usize,
                    _local_constants: &[GoldilocksField],
                ) -> Vec<WitnessGeneratorRef<GoldilocksField, D>> {
                    let generator = <$generator>::new(row);
                    vec![WitnessGeneratorRef::new(SimpleGenerator::<GoldilocksField, D>::adapter(
                        generator,
                    ))]
                }

                fn num_wires(&self) -> usize {
                    Self::WIRES
                }

                fn num_constants(&self) -> usize {
                    0
                }

                fn degree(&self) -> usize {
                    Self::DEGREE
                }

                fn num_constraints(&self) -> usize {
                    Self::CONSTRAINTS
                }
            }

            impl<const D: usize> PackedEvaluableBase<GoldilocksField, D> for $gate
            where
                GoldilocksField: Extendable<D>,
            {
                fn eval_unfiltered_base_packed<P: PackedField<Scalar = GoldilocksField>>(
                    &self,
                    vars: EvaluationVarsBasePacked<'_, P>,
                    mut yield_constr: StridedConstraintConsumer<'_, P>,
                ) {
                    let wire = |i: usize| vars.local_wires[i];
                    Self::constraints(&mut Native::<P>::new(), &wire, &mut |c| yield_constr.one(c));
                }
            }
        };
    };
}

pub(crate) use impl_gate;
