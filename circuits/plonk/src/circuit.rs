//! A circuit of plonky2, proved as a table.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cairn_gadgets::field::from_plonky2;
use cairn_stark::config::{Parameters, Val};
use cairn_stark::native::{self, Keys, Proof, Trace};
use p3_field::PrimeCharacteristicRing;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::fri::oracle::PolynomialBatch;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, Witness};
use plonky2::plonk::circuit_data::{CircuitData, CommonCircuitData, ProverOnlyCircuitData};
use plonky2::plonk::config::{GenericConfig, Hasher};
use thiserror::Error;

use crate::config::{MAX_DEGREE, NUM_PUBLIC_INPUTS, NUM_WIRES};
use crate::selectors;
use crate::table::{PlonkTable, Shape, position};

type F = GoldilocksField;
const D: usize = 2;

/// The field elements that a proof exposes: the digest of its statement.
pub type PublicInputs = [F; NUM_PUBLIC_INPUTS];

/// Why a circuit cannot be a table.
#[derive(Debug, Error)]
pub enum CircuitError {
    /// A gate whose constraints are not known; its plonky2 id.
    #[error("gate not supported: {0}")]
    Gate(String),
    /// plonky2 selects gates in another way than its version 1.1.0.
    #[error("expected {expected} selectors, got {got}")]
    Selectors {
        /// By plonky2 1.1.0.
        expected: usize,
        /// The circuit's.
        got: usize,
    },
    /// A circuit is of another shape than tables have.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// Which count.
        what: &'static str,
        /// The table's.
        expected: usize,
        /// The circuit's.
        got: usize,
    },
    /// The parameters do not suit the circuit.
    #[error(transparent)]
    Stark(#[from] native::Error),
}

/// Why a circuit was not proved.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The witness contradicts itself or is incomplete.
    #[error("the witness does not satisfy the circuit: {0}")]
    Unsatisfied(String),
    /// The proof system refused.
    #[error(transparent)]
    Stark(#[from] native::Error),
}

/// A circuit of plonky2 with keys to prove it as a table. `C` is what it was built with, which says how its
/// public inputs are hashed to the four that the table has ([`crate::config::TableConfig`]: not at all).
pub struct PlonkCircuit<C: GenericConfig<D, F = F>> {
    prover: ProverOnlyCircuitData<F, C, D>,
    common: CommonCircuitData<F, D>,
    table: [PlonkTable; 1],
    keys: Keys,
}

impl<C: GenericConfig<D, F = F>> fmt::Debug for PlonkCircuit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, keys, .. } = self;
        f.debug_struct("PlonkCircuit")
            .field("table", table)
            .field("keys", keys)
            .finish_non_exhaustive()
    }
}

impl<C: GenericConfig<D, F = F>> PlonkCircuit<C> {
    /// The circuit as a table. Drops what plonky2's own prover would need.
    ///
    /// # Errors
    /// [`CircuitError`].
    pub fn new(
        circuit: CircuitData<F, C, D>,
        parameters: Parameters,
    ) -> Result<Self, CircuitError> {
        let CircuitData { prover_only: mut prover, common, .. } = circuit;
        let table = [table(&prover, &common)?];
        let keys = keys(parameters, &table)?;
        prover.constants_sigmas_commitment = PolynomialBatch::default();
        prover.sigmas = vec![];
        Ok(Self { prover, common, table, keys })
    }

    /// plonky2's description of the circuit. Circuits of one description differ in their preprocessed columns and in
    /// nothing else: one verifier in circuit, under a key that is an input, serves all of them.
    pub fn common(&self) -> &CommonCircuitData<F, D> {
        &self.common
    }

    /// The table, as the one of a batch.
    pub fn tables(&self) -> &[PlonkTable] {
        &self.table
    }

    /// What prover and verifier derive from the table.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Proves that `inputs` can be completed to a witness. The proof has been verified.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(&self, inputs: PartialWitness<F>) -> Result<(Proof, PublicInputs), ProveError> {
        let (trace, public_inputs) = self.trace(inputs)?;
        let proof = self.prove_trace(&trace, &public_inputs)?;
        self.verify(&proof, &public_inputs)?;
        Ok((proof, public_inputs))
    }

    /// The main trace: all wires, by plonky2's generators; and the public inputs.
    ///
    /// # Errors
    /// [`ProveError::Unsatisfied`] if generators contradict each other or the inputs. That constraints
    /// hold is not checked.
    pub fn trace(&self, inputs: PartialWitness<F>) -> Result<(Trace, PublicInputs), ProveError> {
        let generate = || generate_partial_witness(inputs, &self.prover, &self.common);
        // Generators divide by zero where the statement does.
        let witness = match catch_unwind(AssertUnwindSafe(generate)) {
            Ok(witness) => witness.map_err(|error| ProveError::Unsatisfied(error.to_string()))?,
            Err(panic) => return Err(ProveError::Unsatisfied(message(panic.as_ref()))),
        };
        let exposed: Option<Vec<F>> =
            self.prover.public_inputs.iter().map(|&t| witness.try_get_target(t)).collect();
        let exposed = exposed
            .ok_or_else(|| ProveError::Unsatisfied("a public input is not set".to_owned()))?;
        let public_inputs = C::InnerHasher::hash_no_pad(&exposed).elements;
        Ok((wires(&witness, self.common.degree()), public_inputs))
    }

    /// Proves a trace, of the circuit's height and width. It need not satisfy the circuit: then the proof
    /// does not verify.
    ///
    /// # Errors
    /// Those of [`native::prove`].
    pub fn prove_trace(
        &self,
        trace: &Trace,
        public_inputs: &PublicInputs,
    ) -> Result<Proof, native::Error> {
        prove(&self.keys, &self.table, trace, public_inputs)
    }

    /// Verifies a proof.
    ///
    /// # Errors
    /// Those of [`native::verify`].
    pub fn verify(&self, proof: &Proof, public_inputs: &PublicInputs) -> Result<(), native::Error> {
        verify(&self.keys, &self.table, proof, public_inputs)
    }
}

// Not generic: compiled here, once.

fn keys(parameters: Parameters, table: &[PlonkTable; 1]) -> Result<Keys, native::Error> {
    Keys::new(parameters, table, &[table[0].log_height()])
}

fn prove(
    keys: &Keys,
    table: &[PlonkTable; 1],
    trace: &Trace,
    public_inputs: &PublicInputs,
) -> Result<Proof, native::Error> {
    native::prove(keys, table, std::slice::from_ref(trace), &public_values(public_inputs))
}

fn verify(
    keys: &Keys,
    table: &[PlonkTable; 1],
    proof: &Proof,
    public_inputs: &PublicInputs,
) -> Result<(), native::Error> {
    native::verify(keys, table, proof, &public_values(public_inputs))
}

/// The public values of the batch that has the one table.
pub fn public_values(public_inputs: &PublicInputs) -> [Vec<Val>; 1] {
    [public_inputs.iter().copied().map(from_plonky2).collect()]
}

/// All wires, row by row. A wire that nothing sets is zero.
fn wires(witness: &PartitionWitness<'_, F>, height: usize) -> Trace {
    let mut values = Vec::with_capacity(height * NUM_WIRES);
    for row in 0..height {
        for wire in 0..NUM_WIRES {
            let value = witness.try_get_target(Target::wire(row, wire));
            values.push(value.map_or(Val::ZERO, from_plonky2));
        }
    }
    Trace::new(values, NUM_WIRES)
}

fn table<C: GenericConfig<D, F = F>>(
    prover: &ProverOnlyCircuitData<F, C, D>,
    common: &CommonCircuitData<F, D>,
) -> Result<PlonkTable, CircuitError> {
    let exactly = |what, expected, got| match expected == got {
        true => Ok(()),
        false => Err(CircuitError::Shape { what, expected, got }),
    };
    exactly("wires", NUM_WIRES, common.config.num_wires)?;
    exactly("quotient factor", MAX_DEGREE - 1, common.quotient_degree_factor)?;
    exactly("lookup tables", 0, common.luts.len())?;
    exactly("public inputs", NUM_PUBLIC_INPUTS, common.num_public_inputs)?;
    let selectors = common.selectors_info.num_selectors();
    let shape = Shape {
        gates: selectors::selected(common)?,
        selectors,
        constants: common.num_constants - selectors,
        routed_wires: common.config.num_routed_wires,
        log_height: common.degree_bits(),
        constraints: common.num_gate_constraints,
    };
    let polynomials = &prover.constants_sigmas_commitment.polynomials;
    exactly("committed columns", common.num_constants + shape.routed_wires, polynomials.len())?;
    let constants: Vec<Vec<F>> = polynomials[..common.num_constants]
        .iter()
        .map(|polynomial| polynomial.clone().fft().values)
        .collect();

    let width = shape.row_number() + 1;
    let mut values = Val::zero_vec(width << shape.log_height);
    for (row, values) in values.chunks_exact_mut(width).enumerate() {
        for (value, column) in values.iter_mut().zip(&constants) {
            *value = from_plonky2(column[row]);
        }
        values[shape.row_number()] = position(shape.log_height, row, 0);
    }
    for ((row, wire), (next_row, next_wire)) in next_wires(prover, &shape) {
        values[row * width + common.num_constants + wire] =
            position(shape.log_height, next_row, next_wire);
    }
    Ok(PlonkTable::new(shape, Trace::new(values, width)))
}

/// A wire as (row, column).
type Wire = (usize, usize);

/// For each routed wire the next one of its copy class, cyclically in the order of columns, then rows.
fn next_wires<C: GenericConfig<D, F = F>>(
    prover: &ProverOnlyCircuitData<F, C, D>,
    shape: &Shape,
) -> Vec<(Wire, Wire)> {
    let representatives = &prover.representative_map;
    // The last wire seen of each class, and the first.
    let mut ends: Vec<Option<(Wire, Wire)>> = vec![None; representatives.len()];
    let mut next = Vec::with_capacity(shape.routed_wires << shape.log_height);
    for row in 0..1 << shape.log_height {
        for column in 0..shape.routed_wires {
            let wire = (row, column);
            let end = &mut ends[representatives[row * NUM_WIRES + column]];
            match end {
                Some((last, _)) => {
                    next.push((*last, wire));
                    *last = wire;
                }
                None => *end = Some((wire, wire)),
            }
        }
    }
    next.extend(ends.into_iter().flatten());
    next
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
        .to_owned()
}
