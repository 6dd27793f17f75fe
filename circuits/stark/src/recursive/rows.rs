//! Which gates a circuit's rows are spent on.

use std::collections::BTreeMap;

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::field::types::PrimeField64;
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData, ProverOnlyCircuitData};

use super::extension::{Builder, F};
use super::shape::ShapeError;
use super::verifier::verify_stark;
use crate::native::{Keys, Table};

/// The values of each constant polynomial, selectors first, over the circuit's rows.
pub(crate) fn constants(
    prover: &ProverOnlyCircuitData<F, CairnConfig, 2>,
    common: &CommonCircuitData<F, 2>,
) -> Vec<Vec<F>> {
    let polynomials = prover.constants_sigmas_commitment.polynomials.iter();
    polynomials.take(common.num_constants).map(|p| p.clone().fft().values).collect()
}

/// For each row its gate's position in `common.gates`.
///
/// A row's selectors all hold the mark of an unused selector but for one, which holds the position.
pub(crate) fn gates(constants: &[Vec<F>], common: &CommonCircuitData<F, 2>) -> Vec<usize> {
    let selectors = &constants[..common.selectors_info.num_selectors()];
    (0..common.degree())
        .map(|row| {
            selectors
                .iter()
                .map(|selector| selector[row].to_canonical_u64() as usize)
                .find(|&index| index < common.gates.len())
                .expect("every row has a gate")
        })
        .collect()
}

/// Rows of the circuit by the name of their gate, padding included.
pub fn by_gate(
    prover: &ProverOnlyCircuitData<F, CairnConfig, 2>,
    common: &CommonCircuitData<F, 2>,
) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for gate in gates(&constants(prover, common), common) {
        let id = common.gates[gate].0.id();
        let name = id.split([' ', '{', '(', '<']).next().unwrap_or_default();
        *rows.entry(name.to_owned()).or_default() += 1;
    }
    rows
}

/// Rows by gate of a circuit that does nothing but verify proofs of these tables.
///
/// # Errors
/// Those of [`verify_stark`].
pub fn of_verifier<A: Table>(
    keys: &Keys,
    airs: &[A],
) -> Result<BTreeMap<String, usize>, ShapeError> {
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    verify_stark(&mut builder, keys, airs)?;
    let circuit = builder.build_prover::<CairnConfig>();
    Ok(by_gate(&circuit.prover_only, &circuit.common))
}
