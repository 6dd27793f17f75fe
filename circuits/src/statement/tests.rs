//! Field by field, the typed targets hash to the digest of the native statement.

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_types::{
    BlobScalar, ChunkEnvironment, ChunkState, Digest, EvaluatedStream, Extension, Stream,
    StreamEnvironment, StreamState, Word,
};
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::witness::{PartialWitness, Witness};

use super::*;
use crate::config::LEAF;

fn element(builder: &mut Builder, value: impl Into<u64>) -> Target {
    builder.constant(F::from_canonical_u64(value.into()))
}

fn elements<const N: usize>(builder: &mut Builder, values: [u64; N]) -> [Target; N] {
    values.map(|value| element(builder, value))
}

/// The digest that a circuit computes for a native statement.
fn in_circuit(digest: impl FnOnce(&mut Builder) -> DigestTarget) -> [F; 4] {
    let mut builder = LEAF.builder();
    let digest = digest(&mut builder);
    let circuit = builder.mock_build::<CairnConfig>();
    let witness = PartialWitness::new();
    let values = generate_partial_witness(witness, &circuit.prover_only, &circuit.common).unwrap();
    digest.map(|target| values.get_target(target))
}

/// Digests and counts that are all different.
fn stream(number: u64) -> Stream {
    let digest = Digest::new([number, number + 1, number + 2, number + 3]).unwrap();
    Stream { digest, count: 1_000 + number as u32 }
}

fn stream_target(builder: &mut Builder, stream: &Stream) -> StreamTarget {
    StreamTarget {
        digest: elements(builder, stream.digest.elements()),
        count: element(builder, stream.count),
    }
}

#[test]
fn chunk_twins_agree() {
    let state = |number: u64| ChunkState {
        state: stream(number).digest,
        data: stream(number + 10),
        priority: stream(number + 20),
        withdrawal: stream(number + 30),
    };
    let native = ChunkStatement {
        environment: ChunkEnvironment {
            domain: Word::from_limbs([1, 2, 3, 4]).unwrap(),
            timestamp: 5,
            circuit_set_root: stream(6).digest,
        },
        before: state(100),
        after: state(200),
    };
    let state = |builder: &mut Builder, state: &ChunkState| ChunkStateTarget {
        state: elements(builder, state.state.elements()),
        data: stream_target(builder, &state.data),
        priority: stream_target(builder, &state.priority),
        withdrawal: stream_target(builder, &state.withdrawal),
    };
    let computed = in_circuit(|builder| {
        let ChunkEnvironment { domain, timestamp, circuit_set_root } = native.environment;
        let environment = ChunkEnvironmentTarget {
            domain: elements(builder, domain.limbs()),
            timestamp: element(builder, timestamp),
            circuit_set_root: elements(builder, circuit_set_root.elements()),
        };
        let before = state(builder, &native.before);
        let after = state(builder, &native.after);
        ChunkStatementTarget { environment, before, after }.digest(builder)
    });
    assert_eq!(computed, Statement::from(&native).digest());
}

fn scalar(builder: &mut Builder, scalar: BlobScalar) -> [Target; 8] {
    scalar.words().map(|word| element(builder, word))
}

#[test]
fn stream_twins_agree() {
    let evaluated = |number: u64| EvaluatedStream {
        stream: stream(number),
        y: Extension::new([number + 5, number + 6]).unwrap(),
    };
    let state = |number: u64| StreamState {
        data: evaluated(number),
        priority: evaluated(number + 10),
        withdrawal: evaluated(number + 20),
        blob: BlobScalar::reduce([number as u8; 32]),
    };
    let native = StreamStatement {
        environment: StreamEnvironment {
            x: Extension::new([1, 2]).unwrap(),
            z: BlobScalar::reduce([77; 32]),
            circuit_set_root: stream(3).digest,
        },
        before: state(100),
        after: state(200),
    };
    let evaluated = |builder: &mut Builder, evaluated: &EvaluatedStream| EvaluatedStreamTarget {
        stream: stream_target(builder, &evaluated.stream),
        y: elements(builder, evaluated.y.coordinates()),
    };
    let state = |builder: &mut Builder, state: &StreamState| StreamStateTarget {
        data: evaluated(builder, &state.data),
        priority: evaluated(builder, &state.priority),
        withdrawal: evaluated(builder, &state.withdrawal),
        blob: scalar(builder, state.blob),
    };
    let computed = in_circuit(|builder| {
        let StreamEnvironment { x, z, circuit_set_root } = native.environment;
        let environment = StreamEnvironmentTarget {
            x: elements(builder, x.coordinates()),
            z: scalar(builder, z),
            circuit_set_root: elements(builder, circuit_set_root.elements()),
        };
        let before = state(builder, &native.before);
        let after = state(builder, &native.after);
        StreamStatementTarget { environment, before, after }.digest(builder)
    });
    assert_eq!(computed, Statement::from(&native).digest());
}

#[test]
fn seal_twins_agree() {
    let native = SealStatement {
        kind: 1,
        circuit_set_root: stream(2).digest,
        from: std::array::from_fn(|i| i as u8),
        to: std::array::from_fn(|i| 100 + i as u8),
    };
    let words = |hash: &[u8; 32]| -> [u64; 8] {
        std::array::from_fn(|i| {
            hash[4 * i..4 * i + 4].iter().fold(0, |word, &byte| word << 8 | u64::from(byte))
        })
    };
    let computed = in_circuit(|builder| {
        let target = SealStatementTarget {
            kind: element(builder, native.kind),
            circuit_set_root: elements(builder, native.circuit_set_root.elements()),
            from: elements(builder, words(&native.from)),
            to: elements(builder, words(&native.to)),
        };
        target.digest(builder)
    });
    assert_eq!(computed, Statement::from(&native).digest());
}

#[test]
fn a_statement_comes_back_from_its_elements_and_no_other_is_taken() {
    let native =
        SealStatement { kind: 1, circuit_set_root: stream(2).digest, from: [1; 32], to: [2; 32] };
    let statement = Statement::from(&native);
    let elements = native.to_elements();
    assert_eq!(Statement::from_elements(Kind::Seal, &elements), Ok(statement));
    let (kind, expected, got) = (Kind::Chunk, 47, elements.len());
    let refused = Statement::from_elements(kind, &elements);
    assert_eq!(refused, Err(StatementError::Length { kind, expected, got }));
    let mut other = elements;
    other[3] = F::ORDER;
    let refused = Statement::from_elements(Kind::Seal, &other);
    assert_eq!(refused, Err(StatementError::NonCanonical { index: 3 }));
}
