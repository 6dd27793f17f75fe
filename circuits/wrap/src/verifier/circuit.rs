//! What the R1CS knows of the wrapped circuit: constants that fix its structure.

use std::ops::Range;

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::plonk::circuit_data::{CommonCircuitData, VerifierOnlyCircuitData};
use serde::Deserialize;
use thiserror::Error;

use super::extension::D;
use super::gates::Gate;
use crate::config::{NUM_PUBLIC_INPUTS, WrapConfig};

/// plonky2's permutation argument is over the base field: with two challenges it has about 2^-91 soundness
/// error at 2^12 rows, with three it is no longer the weakest part (plonky2's whitepaper, 3.4.3).
const NUM_CHALLENGES: usize = 3;

/// Why a circuit cannot be verified by this R1CS.
#[derive(Debug, Error)]
pub enum UnsupportedCircuit {
    /// A gate whose constraints are not known here; its plonky2 id.
    #[error("gate not supported: {0}")]
    Gate(String),
    /// The R1CS public input packs exactly four public inputs.
    #[error("expected {NUM_PUBLIC_INPUTS} public inputs, got {0}")]
    PublicInputs(usize),
    /// Lookup arguments are not verified.
    #[error("expected no lookups, got {0} lookup polynomials")]
    Lookups(usize),
    /// Salted leaves are not verified.
    #[error("expected no zero-knowledge blinding")]
    Hiding,
    /// plonky2's selector metadata has another form than in 1.1.0.
    #[error("selector metadata: {0}")]
    Selectors(#[from] serde_json::Error),
    /// The shape is inconsistent, or of a kind that plonky2 1.1.0 does not make.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// The parameter.
        what: &'static str,
        /// Its bound or exact value.
        expected: String,
        /// The circuit's value.
        got: usize,
    },
}

/// plonky2 keeps these fields private, but serializes them.
#[derive(Debug, Deserialize)]
struct Selectors {
    selector_indices: Vec<usize>,
    groups: Vec<Range<usize>>,
}

/// A gate with its place among the selectors.
#[derive(Debug)]
pub(crate) struct SelectedGate {
    pub(crate) gate: Gate,
    /// The constant polynomial that selects it, and the value there that does.
    pub(crate) selector: usize,
    pub(crate) row: usize,
    /// The values of this selector that select a gate.
    pub(crate) group: Range<usize>,
}

/// The circuit whose proofs are verified; all of it is constant in the R1CS.
#[derive(Debug)]
pub(crate) struct Circuit {
    pub(crate) common: CommonCircuitData<GoldilocksField, D>,
    pub(crate) verifier_only: VerifierOnlyCircuitData<WrapConfig, D>,
    pub(crate) gates: Vec<SelectedGate>,
}

impl Circuit {
    /// Checks that the R1CS covers every feature that the circuit uses.
    pub(crate) fn new(
        verifier_only: VerifierOnlyCircuitData<WrapConfig, D>,
        common: CommonCircuitData<GoldilocksField, D>,
    ) -> Result<Self, UnsupportedCircuit> {
        if common.num_lookup_polys != 0 || common.num_lookup_selectors != 0 {
            return Err(UnsupportedCircuit::Lookups(common.num_lookup_polys));
        }
        if common.num_public_inputs != NUM_PUBLIC_INPUTS {
            return Err(UnsupportedCircuit::PublicInputs(common.num_public_inputs));
        }
        if common.fri_params.hiding || common.config.zero_knowledge {
            return Err(UnsupportedCircuit::Hiding);
        }
        let exact = |what, expected: usize, got: usize| {
            let error = UnsupportedCircuit::Shape { what, expected: expected.to_string(), got };
            if expected == got { Ok(()) } else { Err(error) }
        };
        exact("challenges", NUM_CHALLENGES, common.config.num_challenges)?;
        let fri = &common.fri_params;
        let last_height = fri.lde_bits().saturating_sub(fri.total_arities());
        if last_height < fri.config.cap_height {
            let expected = format!("at most the last layer's height {last_height}");
            let got = fri.config.cap_height;
            return Err(UnsupportedCircuit::Shape { what: "cap height", expected, got });
        }
        exact("cap", 1 << fri.config.cap_height, verifier_only.constants_sigmas_cap.0.len())?;
        let chunks = common.config.num_routed_wires.div_ceil(common.quotient_degree_factor);
        exact("partial products", chunks - 1, common.num_partial_products)?;
        exact("coset shifts", common.config.num_routed_wires, common.k_is.len())?;

        let selectors = serde_json::to_value(&common.selectors_info)?;
        let selectors: Selectors = serde_json::from_value(selectors)?;
        exact("selector indices", common.gates.len(), selectors.selector_indices.len())?;
        let gates = common
            .gates
            .iter()
            .zip(&selectors.selector_indices)
            .enumerate()
            .map(|(row, (gate, &selector))| {
                let group = selectors.groups.get(selector).cloned().unwrap_or_default();
                Ok(SelectedGate {
                    gate: Gate::recognise(gate)
                        .ok_or_else(|| UnsupportedCircuit::Gate(gate.0.id()))?,
                    selector,
                    row,
                    group,
                })
            })
            .collect::<Result<_, UnsupportedCircuit>>()?;
        Ok(Self { common, verifier_only, gates })
    }

    pub(crate) fn num_selectors(&self) -> usize {
        self.common.selectors_info.num_selectors()
    }

    pub(crate) fn num_challenges(&self) -> usize {
        self.common.config.num_challenges
    }

    /// Number of polynomials in each oracle: constants and sigmas, wires, Z and partial products, quotient.
    pub(crate) fn oracle_widths(&self) -> [usize; 4] {
        let config = &self.common.config;
        [
            self.common.num_constants + config.num_routed_wires,
            config.num_wires,
            config.num_challenges * (1 + self.common.num_partial_products),
            config.num_challenges * self.common.quotient_degree_factor,
        ]
    }

    /// Generator of the subgroup on which the constraints hold.
    pub(crate) fn subgroup_generator(&self) -> GoldilocksField {
        GoldilocksField::primitive_root_of_unity(self.common.degree_bits())
    }
}
