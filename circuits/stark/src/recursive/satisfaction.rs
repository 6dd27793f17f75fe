//! Whether a circuit is satisfied, without a proof of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cairn_gadgets::field::from_plonky2;
use cairn_gadgets::poseidon2::{CairnConfig, Poseidon2Hash};
use p3_field::BasedVectorSpace;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::Field;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData, ProverOnlyCircuitData};
use plonky2::plonk::config::Hasher;
use plonky2::plonk::vars::EvaluationVars;

use super::extension::{Builder, ChallengeTarget, F, to_plonky2_extension};
use super::rows;
use crate::config::Challenge;

/// The witness of a circuit if it exists: copies agree, every generator runs and all gates are
/// satisfied. What a proof would show, without the proof.
pub(crate) fn satisfying_witness<'a>(
    inputs: PartialWitness<F>,
    prover: &'a ProverOnlyCircuitData<F, CairnConfig, 2>,
    common: &'a CommonCircuitData<F, 2>,
) -> Option<PartitionWitness<'a, F>> {
    assert!(prover.public_inputs.is_empty());
    // Generators divide by zero where the statement does.
    let witness =
        catch_unwind(AssertUnwindSafe(|| generate_partial_witness(inputs, prover, common)));
    let witness = witness.ok()?.ok()?;
    let public_inputs_hash = &Poseidon2Hash::hash_no_pad(&[]);
    let constants = rows::constants(prover, common);
    let selectors = common.selectors_info.num_selectors();
    let satisfied = rows::gates(&constants, common).into_iter().enumerate().all(|(row, gate)| {
        let local_constants: Vec<_> =
            constants[selectors..].iter().map(|values| values[row].into()).collect();
        let local_wires: Vec<_> = (0..common.config.num_wires)
            .map(|column| witness.try_get_target(Target::wire(row, column)).unwrap_or_default())
            .map(QuadraticExtension::from)
            .collect();
        let vars = EvaluationVars {
            local_constants: &local_constants,
            local_wires: &local_wires,
            public_inputs_hash,
        };
        common.gates[gate].0.eval_unfiltered(vars).iter().all(|value| value.is_zero())
    });
    satisfied.then_some(witness)
}

/// The value of the target that `gadget` returns for `inputs`.
pub(crate) fn evaluate(
    inputs: &[Challenge],
    gadget: impl FnOnce(&mut Builder, &[ChallengeTarget]) -> ChallengeTarget,
) -> Challenge {
    run(inputs, gadget, |output, witness| {
        let witness = witness.expect("the circuit is satisfied");
        let values = output.0.map(|target| from_plonky2(witness.get_target(target)));
        Challenge::from_basis_coefficients_fn(|i| values[i])
    })
}

/// Whether `inputs` satisfy the constraints of `gadget`.
pub(crate) fn is_satisfied(
    inputs: &[Challenge],
    gadget: impl FnOnce(&mut Builder, &[ChallengeTarget]),
) -> bool {
    run(inputs, gadget, |(), witness| witness.is_some())
}

fn run<T, R>(
    inputs: &[Challenge],
    gadget: impl FnOnce(&mut Builder, &[ChallengeTarget]) -> T,
    result: impl FnOnce(T, Option<PartitionWitness<'_, F>>) -> R,
) -> R {
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let targets = builder.add_virtual_extension_targets(inputs.len());
    let output = gadget(&mut builder, &targets);
    let circuit = builder.build_prover::<CairnConfig>();
    let mut witness = PartialWitness::new();
    for (target, input) in targets.iter().zip(inputs) {
        witness.set_extension_target(*target, to_plonky2_extension(*input)).unwrap();
    }
    result(output, satisfying_witness(witness, &circuit.prover_only, &circuit.common))
}
