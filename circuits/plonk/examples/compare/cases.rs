//! Circuits with witnesses.

use cairn_gadgets::poseidon2::{CairnConfig, hash};
use cairn_plonk::circuit::{PlonkCircuit, public_values};
use cairn_primitives::Tag;
use cairn_stark::config::Parameters;
use cairn_stark::recursive::extension::Builder;
use cairn_stark::recursive::verifier::verify_stark;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::gates::noop::NoopGate;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

pub type F = GoldilocksField;
pub type Data = CircuitData<F, CairnConfig, 2>;

/// Which circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Circuit {
    /// As large as the verifier of a small chunk.
    Chunk,
    /// Verifies two proofs of plonky2's prover, as a node does today.
    Node,
    /// Verifies two proofs of tables.
    TableNode,
}

/// A circuit and the inputs of its witness.
pub struct Case {
    pub circuit: Data,
    pub inputs: PartialWitness<F>,
}

/// The circuit's parameters if plonky2 proves it (`cairn_circuits::config::Layer`).
pub fn plonky2_config(parameters: &Parameters) -> CircuitConfig {
    CircuitConfig {
        num_wires: 135,
        num_routed_wires: 80,
        num_constants: 2,
        use_base_arithmetic_gate: true,
        security_bits: 0,
        num_challenges: 3,
        zero_knowledge: false,
        max_quotient_degree_factor: 8,
        fri_config: FriConfig {
            rate_bits: parameters.log_blowup,
            cap_height: parameters.cap_height,
            proof_of_work_bits: parameters.query_pow_bits as u32,
            reduction_strategy: FriReductionStrategy::ConstantArityBits(4, 5),
            num_query_rounds: parameters.queries,
        },
    }
}

impl Case {
    pub fn build(circuit: Circuit, config: CircuitConfig, parameters: &Parameters) -> Self {
        match circuit {
            Circuit::Chunk => chunk(config),
            Circuit::Node => node(config),
            Circuit::TableNode => table_node(config, parameters),
        }
    }
}

/// Four proofs of plonky2: as many rows, and of the same gates, as the verifier of a small chunk.
fn chunk(config: CircuitConfig) -> Case {
    let inner = [(); 4].map(|()| leaf(config.clone(), 1 << 13));
    verifier(config, &inner, 1 << 14)
}

/// A circuit of at least `rows` rows that exposes four inputs.
fn leaf(config: CircuitConfig, rows: usize) -> Case {
    let mut builder = Builder::new(config);
    let targets = builder.add_virtual_public_input_arr::<4>();
    let mut inputs = PartialWitness::new();
    inputs.set_target_arr(&targets, &[1, 2, 3, 4].map(F::from_canonical_u64)).expect("new");
    pad(&mut builder, rows);
    Case { circuit: builder.build(), inputs }
}

fn pad(builder: &mut Builder, rows: usize) {
    while builder.num_gates() <= rows / 2 {
        builder.add_gate(NoopGate, vec![]);
    }
}

/// Verifies proofs of plonky2, as many as `inner` has, and hashes their public inputs.
fn verifier(config: CircuitConfig, inner: &[Case], rows: usize) -> Case {
    let mut builder = Builder::new(config);
    let mut inputs = PartialWitness::new();
    let mut exposed = vec![];
    for Case { circuit, inputs: inner } in inner {
        let proof = circuit.prove(inner.clone()).expect("it proves");
        let target = builder.add_virtual_proof_with_pis(&circuit.common);
        let key = builder.add_virtual_verifier_data(circuit.common.config.fri_config.cap_height);
        builder.verify_proof::<CairnConfig>(&target, &key, &circuit.common);
        inputs.set_proof_with_pis_target(&target, &proof).expect("new");
        inputs.set_verifier_data_target(&key, &circuit.verifier_only).expect("new");
        exposed.extend(target.public_inputs);
    }
    let digest = hash(&mut builder, Tag::ChunkStatement, &exposed);
    builder.register_public_inputs(&digest);
    pad(&mut builder, rows);
    Case { circuit: builder.build(), inputs }
}

fn node(config: CircuitConfig) -> Case {
    let wrapper = || verifier(config.clone(), &[leaf(config.clone(), 1 << 13)], 1 << 13);
    verifier(config.clone(), &[wrapper(), wrapper()], 1 << 13)
}

/// Verifies two proofs of a table whose circuit verifies the proof of a table.
fn table_node(config: CircuitConfig, parameters: &Parameters) -> Case {
    let inner = table_verifier(&config, parameters, leaf(config.clone(), 1 << 13), 1);
    table_verifier(&config, parameters, inner, 2)
}

fn table_verifier(
    config: &CircuitConfig,
    parameters: &Parameters,
    Case { circuit, inputs: inner }: Case,
    proofs: usize,
) -> Case {
    let circuit = PlonkCircuit::new(circuit, *parameters).expect("it can be a table");
    let (proof, public_inputs) = circuit.prove(inner).expect("it proves");
    let mut builder = Builder::new(config.clone());
    let mut inputs = PartialWitness::new();
    let mut exposed = vec![];
    for _ in 0..proofs {
        let target = verify_stark(&mut builder, circuit.keys(), circuit.tables());
        let target = target.expect("it can be verified");
        let public_values = public_values(&public_inputs);
        target
            .set_witness(&mut inputs, circuit.keys(), circuit.tables(), &proof, &public_values)
            .expect("the proof verifies");
        exposed.extend(&target.public_values()[0]);
    }
    let digest = hash(&mut builder, Tag::ChunkStatement, &exposed);
    builder.register_public_inputs(&digest);
    pad(&mut builder, 1 << 13);
    Case { circuit: builder.build(), inputs }
}
