//! Small circuits for the unit tests of gadgets.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;

use crate::poseidon2::CairnConfig;

type Builder = CircuitBuilder<GoldilocksField, 2>;

/// The values of the targets that `gadget` returns for `inputs`.
pub(crate) fn evaluate(
    inputs: &[GoldilocksField],
    gadget: impl FnOnce(&mut Builder, &[Target]) -> Vec<Target>,
) -> Vec<GoldilocksField> {
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let targets = builder.add_virtual_targets(inputs.len());
    let outputs = gadget(&mut builder, &targets);
    let circuit = builder.build_prover::<CairnConfig>();
    let mut witness = PartialWitness::new();
    witness.set_target_arr(&targets, inputs).unwrap();
    let values = generate_partial_witness(witness, &circuit.prover_only, &circuit.common).unwrap();
    outputs.into_iter().map(|target| values.get_target(target)).collect()
}

/// Whether a proof of `gadget` on `inputs` verifies. plonky2 answers a false statement with an
/// error, with a panic or with a proof that does not verify.
pub(crate) fn proves(
    inputs: &[GoldilocksField],
    gadget: impl FnOnce(&mut Builder, &[Target]),
) -> bool {
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let targets = builder.add_virtual_targets(inputs.len());
    gadget(&mut builder, &targets);
    let circuit = builder.build::<CairnConfig>();
    let mut witness = PartialWitness::new();
    witness.set_target_arr(&targets, inputs).unwrap();
    catch_unwind(AssertUnwindSafe(|| {
        circuit.prove(witness).and_then(|proof| circuit.verify(proof))
    }))
    .is_ok_and(|result| result.is_ok())
}
