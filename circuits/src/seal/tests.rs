//! The seal against its native twin, and with proofs that state something else.
//!
//! Chunk and stream leaves are stand-ins that expose any four elements: what they would prove does
//! not matter to the seal, only what they state.

use std::sync::LazyLock;

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_types::{
    BlobScalar, ChunkStatement, Digest, EvaluatedStream, Extension, Header, MODULUS, SealStatement,
    Stream, StreamState, StreamStatement, Word,
};
use plonky2::field::types::Field;
use plonky2::gates::noop::NoopGate;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{
    HeaderTarget, SealCircuit, SealError, SealWitness, chunk_statement, hash_words, root_digest,
    stream_statement,
};
use crate::circuit_set::{CircuitSet, Family, Role, Size};
use crate::config::{Circuit, F, LEAF};
use crate::proving::prove;
use crate::recursion::{Node, Proven, RecursionError, Wrapper};
use crate::statement::Statement;

fn digest() -> impl Strategy<Value = Digest> {
    prop::array::uniform4(0..MODULUS).prop_map(|elements| Digest::new(elements).unwrap())
}

fn extension() -> impl Strategy<Value = Extension> {
    prop::array::uniform2(0..MODULUS).prop_map(|elements| Extension::new(elements).unwrap())
}

prop_compose! {
    fn evaluated()(digest in digest(), count in any::<u32>(), y in extension()) -> EvaluatedStream {
        EvaluatedStream { stream: Stream { digest, count }, y }
    }
}

prop_compose! {
    fn header()(
        domain in any::<[u8; 31]>().prop_map(Word::new),
        number in any::<u32>(),
        timestamp in any::<u32>(),
        state_before in digest(),
        state_after in digest(),
        x in extension(),
        (data, priority, withdrawal) in (evaluated(), evaluated(), evaluated()),
        (z, blob) in (any::<[u8; 32]>(), any::<[u8; 32]>()),
    ) -> Header {
        let [z, blob] = [z, blob].map(BlobScalar::reduce);
        let streams = StreamState { data, priority, withdrawal, blob };
        Header { domain, number, timestamp, state_before, state_after, x, z, streams }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn chain_hash_is_the_native_one(header in header(), previous in any::<[u8; 32]>()) {
        let mut builder = LEAF.builder();
        let target = HeaderTarget::new(&mut builder);
        let previous_target = builder.add_virtual_target_arr();
        let hash = target.chain_hash(&mut builder, previous_target);
        builder.register_public_inputs(&hash);
        let circuit = builder.build::<CairnConfig>();
        let mut witness = PartialWitness::new();
        target.assign(&mut witness, &header).unwrap();
        witness.set_target_arr(&previous_target, &hash_words(&previous)).unwrap();
        let proof = prove(&circuit, witness).unwrap();
        prop_assert_eq!(proof.public_inputs, hash_words(&header.chain_hash(&previous)));
    }
}

/// A leaf that proves nothing. The salt makes another key.
fn stand_in(salt: u64) -> Circuit {
    let mut builder = LEAF.builder();
    let public = builder.add_virtual_public_input_arr::<4>();
    let salt = builder.constant(F::from_canonical_u64(salt));
    builder.mul(salt, public[0]);
    // More than 2^5 rows: plonky2 folds nothing shorter, and a verifier of the common shape folds.
    while builder.num_gates() <= 1 << 5 {
        builder.add_gate(NoopGate, vec![]);
    }
    builder.build()
}

/// The circuits around a seal.
pub(crate) struct Fixture {
    chunk: (Circuit, Wrapper),
    stream: (Circuit, Wrapper),
    seal: SealCircuit,
    pub(crate) wrapper: Wrapper,
    pub(crate) node: Node,
    pub(crate) set: CircuitSet,
}

pub(crate) static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let leaf = |family: Family, salt: u64| {
        let leaf = stand_in(salt);
        let wrapper = Wrapper::new(family, Size::Small, &leaf.verifier_data());
        (leaf, wrapper)
    };
    let chunk = leaf(Family::Chunk, 1);
    let stream = leaf(Family::Stream, 2);
    let seal = SealCircuit::build();
    let wrapper = Wrapper::new(Family::Chain, Size::Small, &seal.circuit.verifier_data());
    let node = Node::new(Family::Chain);
    let set = CircuitSet::new(vec![
        (Role::Wrapper(Family::Chunk, Size::Small), chunk.1.key().clone()),
        (Role::Wrapper(Family::Stream, Size::Small), stream.1.key().clone()),
        (Role::Wrapper(Family::Chain, Size::Small), wrapper.key().clone()),
        (Role::Node(Family::Chain), node.key().clone()),
    ]);
    Fixture { chunk, stream, seal, wrapper, node, set }
});

/// A wrapped stand-in's proof of anything.
fn wrap((leaf, wrapper): (&Circuit, &Wrapper), statement: Statement) -> Proven {
    let mut witness = PartialWitness::new();
    let public = &leaf.prover_only.public_inputs;
    witness.set_target_arr(public, &statement.digest()).unwrap();
    wrapper.prove(statement, &prove(leaf, witness).unwrap()).unwrap()
}

impl Fixture {
    fn wrap_chunk(&self, statement: &ChunkStatement) -> Proven {
        wrap((&self.chunk.0, &self.chunk.1), statement.into())
    }

    fn wrap_stream(&self, statement: &StreamStatement) -> Proven {
        wrap((&self.stream.0, &self.stream.1), statement.into())
    }

    fn chunk(&self, header: &Header) -> Proven {
        self.wrap_chunk(&chunk_statement(header, root_digest(&self.set)))
    }

    fn stream(&self, header: &Header) -> Proven {
        self.wrap_stream(&stream_statement(header, root_digest(&self.set)))
    }

    /// The seal of some batch after `previous`.
    pub(crate) fn sealed(&self, previous: [u8; 32]) -> (SealStatement, Proven) {
        let header = some_header();
        let (chunk, stream) = (self.chunk(&header), self.stream(&header));
        let witness = SealWitness { header, previous, chunk: &chunk, stream: &stream };
        let (statement, proof) = self.seal.prove(&self.set, &witness).unwrap();
        assert_eq!(statement.to, header.chain_hash(&previous));
        (statement, self.wrapper.prove((&statement).into(), &proof).unwrap())
    }

    /// Whether the circuit, not its native checks, accepts the witness.
    fn accepts(&self, set: &CircuitSet, witness: &SealWitness<'_>) -> bool {
        let inputs = self.seal.target.assign(set, witness).unwrap();
        prove(&self.seal.circuit, inputs).is_ok()
    }
}

fn some_header() -> Header {
    header().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[test]
fn every_field_is_bound_to_a_proof() {
    let fixture = &*FIXTURE;
    let header = some_header();
    let (chunk, stream) = (fixture.chunk(&header), fixture.stream(&header));
    let witness =
        |header| SealWitness { header, previous: [7; 32], chunk: &chunk, stream: &stream };
    let (statement, _) = fixture.seal.prove(&fixture.set, &witness(header)).unwrap();

    // No proof states the number: it makes another link, which L1 does not have.
    let skipped = Header { number: header.number.wrapping_add(1), ..header };
    let (other, _) = fixture.seal.prove(&fixture.set, &witness(skipped)).unwrap();
    assert_eq!(other.to, skipped.chain_hash(&[7; 32]));
    assert_ne!(other.to, statement.to);

    type Alteration = fn(&mut Header);
    let alterations: [(&str, Alteration); 11] = [
        ("domain", |h| h.domain = Word::default()),
        ("timestamp", |h| h.timestamp ^= 1),
        ("state before", |h| h.state_before = Digest::ZERO),
        ("state after", |h| h.state_after = Digest::ZERO),
        ("x", |h| h.x = Extension::ZERO),
        ("z", |h| h.z = BlobScalar::ZERO),
        ("value at z", |h| h.streams.blob = BlobScalar::ZERO),
        ("digest", |h| h.streams.data.stream.digest = Digest::ZERO),
        ("count", |h| h.streams.priority.stream.count ^= 1),
        ("y", |h| h.streams.withdrawal.y = Extension::ZERO),
        ("streams", |h| std::mem::swap(&mut h.streams.data, &mut h.streams.priority)),
    ];
    for (name, alter) in alterations {
        let mut altered = header;
        alter(&mut altered);
        assert!(!fixture.accepts(&fixture.set, &witness(altered)), "{name}");
        assert!(fixture.seal.prove(&fixture.set, &witness(altered)).is_err(), "{name}");
    }
}

#[test]
fn two_verifiers_and_the_header_fill_their_rows() {
    assert_eq!(FIXTURE.seal.circuit.common.degree_bits(), 13);
}

#[test]
fn chunk_and_stream_must_agree() {
    let fixture = &*FIXTURE;
    let header = some_header();
    let mut longer = header;
    longer.streams.data.stream.count += 1;
    let mut elsewhere = header;
    elsewhere.streams.withdrawal.stream.digest = Digest::ZERO;
    let chunk = fixture.chunk(&header);
    for other in [longer, elsewhere] {
        let stream = fixture.stream(&other);
        for header in [header, other] {
            let witness = SealWitness { header, previous: [0; 32], chunk: &chunk, stream: &stream };
            assert!(!fixture.accepts(&fixture.set, &witness));
            let error = fixture.seal.prove(&fixture.set, &witness).unwrap_err();
            assert!(matches!(error, SealError::Statement(_)));
        }
    }
}

#[test]
fn streams_start_from_nothing() {
    let fixture = &*FIXTURE;
    let header = some_header();
    let root = root_digest(&fixture.set);
    let (chunk, stream) = (fixture.chunk(&header), fixture.stream(&header));
    let accepts = |chunk: &Proven, stream: &Proven| {
        let witness = SealWitness { header, previous: [0; 32], chunk, stream };
        fixture.accepts(&fixture.set, &witness)
    };

    let mut statement = chunk_statement(&header, root);
    statement.before.priority.count = 2;
    let late_chunk = fixture.wrap_chunk(&statement);
    assert!(!accepts(&late_chunk, &stream), "chunk");

    let late: [fn(&mut StreamState); 4] = [
        |streams| streams.data.stream.count = 1,
        |streams| streams.data.stream.digest = Digest::new([0, 0, 0, 1]).unwrap(),
        |streams| streams.data.y = Extension::new([0, 1]).unwrap(),
        |streams| streams.blob = BlobScalar::reduce([1; 32]),
    ];
    for alter in late {
        let mut statement = stream_statement(&header, root);
        alter(&mut statement.before);
        let late_stream = fixture.wrap_stream(&statement);
        assert!(!accepts(&chunk, &late_stream), "stream");
    }
}

#[test]
fn keys_and_roles_are_those_of_the_set() {
    let fixture = &*FIXTURE;
    let header = some_header();
    let (chunk, stream) = (fixture.chunk(&header), fixture.stream(&header));
    let witness = |chunk, stream| SealWitness { header, previous: [0; 32], chunk, stream };

    let swapped = witness(&stream, &chunk);
    let error = fixture.seal.prove(&fixture.set, &swapped).unwrap_err();
    let SealError::Recursion(RecursionError::Role { expected: Family::Chunk, got }) = error else {
        panic!("{error}");
    };
    assert_eq!(got, Role::Wrapper(Family::Stream, Size::Small));

    // The stream leaf states a chunk: right digest, but its wrapper is not the chunk wrapper.
    let leaf = &fixture.stream.0;
    let disguised = (leaf, Wrapper::new(Family::Chunk, Size::Small, &leaf.verifier_data()));
    let key = disguised.1.key().clone();
    let statement = chunk_statement(&header, root_digest(&fixture.set));
    let disguised = wrap((leaf, &disguised.1), (&statement).into());
    let outside = fixture.set.with_key(Role::Wrapper(Family::Chunk, Size::Small), key);
    assert!(!fixture.accepts(&outside, &witness(&disguised, &stream)), "key outside of its role");
    let moved = outside.with_path_of(
        Role::Wrapper(Family::Chunk, Size::Small),
        Role::Wrapper(Family::Stream, Size::Small),
    );
    assert!(!fixture.accepts(&moved, &witness(&disguised, &stream)), "path of another role");
}
