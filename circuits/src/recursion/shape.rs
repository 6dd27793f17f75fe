//! The shape that all wrappers and nodes share: one `CommonCircuitData`, so that a node can verify
//! any of them with the same constraints.
//!
//! A shape is the parameters of [`RECURSION`], 4 public inputs, 2^13 rows and a list of gates. A
//! verifier's gates depend on the parameters alone, not on the gates of the circuit that it
//! verifies. So the fixed point needs no search: one verifier says which gates it takes, and the
//! shape is those gates plus what nodes need besides.

use std::sync::LazyLock;

use cairn_gadgets::poseidon2::{CairnConfig, CompressionGate};
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::noop::NoopGate;

use crate::config::{Builder, Circuit, Common, D, F, RECURSION};
use crate::soundness::{LayerSecurity, layer_security};
use crate::source::{self, CircuitSource};

/// Rows of every wrapper and node, in bits.
pub const DEGREE_BITS: usize = 13;

/// Public inputs of every proof in the recursion: the digest of its statement.
pub const NUM_PUBLIC_INPUTS: usize = 4;

/// The shape of all wrappers and nodes.
pub fn common() -> &'static Common {
    static COMMON: LazyLock<Common> = LazyLock::new(|| empty_circuit(gates()));
    &COMMON
}

/// The soundness of wrappers and nodes.
pub fn security() -> LayerSecurity {
    layer_security::<CairnConfig>("wrappers and nodes", common())
}

/// Pads a circuit, finishes it and checks that it has the common shape.
///
/// # Panics
/// If it does not fit: more rows, another number of public inputs, or a gate that the shape lacks.
/// Or if the layer is too weak. This is an error in a circuit's code, not in its input.
pub fn finish(mut builder: Builder, source: &impl CircuitSource) -> Circuit {
    for gate in &common().gates {
        builder.add_gate_to_gate_set(gate.clone());
    }
    pad(&mut builder);
    let circuit = source::finish::<CairnConfig>(RECURSION.name, builder, source);
    assert_eq!(circuit.common, *common(), "the circuit has not the common shape");
    circuit
}

/// The gates of the shape.
fn gates() -> Vec<GateRef<F, D>> {
    let inner = empty_circuit(vec![]);
    let mut builder = RECURSION.builder();
    let proof = builder.add_virtual_proof_with_pis(&inner);
    let key = builder.add_virtual_verifier_data(inner.config.fri_config.cap_height);
    builder.verify_proof::<CairnConfig>(&proof, &key, &inner);

    builder.add_gate_to_gate_set(GateRef::new(NoopGate));
    builder.add_gate_to_gate_set(GateRef::new(ConstantGate::new(inner.config.num_constants)));
    builder.add_gate_to_gate_set(GateRef::new(CompressionGate::default()));
    builder.mock_build::<CairnConfig>().common.gates
}

/// The common data of a circuit that has these gates and does nothing.
fn empty_circuit(gates: Vec<GateRef<F, D>>) -> Common {
    let mut builder = RECURSION.builder();
    for gate in gates {
        builder.add_gate_to_gate_set(gate);
    }
    builder.add_virtual_public_input_arr::<NUM_PUBLIC_INPUTS>();
    pad(&mut builder);
    builder.mock_build::<CairnConfig>().common
}

/// Adds rows until the next power of two is 2^13.
fn pad(builder: &mut Builder) {
    while builder.num_gates() <= 1 << (DEGREE_BITS - 1) {
        builder.add_gate(NoopGate, vec![]);
    }
}
