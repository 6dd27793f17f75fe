//! The recursion over stand-in leaves that expose any statement: what is tested is that wrappers and
//! nodes add nothing and lose nothing. Circuit-level tests give the node a witness directly, past its
//! native checks.

use std::sync::LazyLock;

use cairn_gadgets::field::digest_from_plonky2;
use cairn_gadgets::poseidon2::CairnConfig;
use cairn_types::{
    ChunkEnvironment, ChunkState, ChunkStatement, Digest, KIND_BATCHES, KIND_EXIT, SealStatement,
    Stream, Word,
};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::gates::noop::NoopGate;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::GenericConfig;

use super::*;
use crate::circuit_set::Size;
use crate::config::{Builder, Circuit, D, F, LEAF};
use crate::proving::prove;
use crate::serialize::{decode_circuit, encode_circuit};
use crate::source::CircuitSource;
use crate::statement::digest;

/// A circuit that proves any statement of a kind; `rows` tells instances apart.
struct StandIn {
    circuit: Circuit,
    elements: Vec<Target>,
}

impl StandIn {
    fn new(kind: Kind, rows: usize) -> Self {
        let mut builder = LEAF.builder();
        let elements = builder.add_virtual_targets(kind.statement_len());
        let public = digest(&mut builder, kind, &elements);
        builder.register_public_inputs(&public);
        // A verifier with a step of folding: more than 2^5 rows. The constant differs by instance.
        builder.constant(F::from_canonical_usize(rows));
        while builder.num_gates() < rows {
            builder.add_gate(NoopGate, vec![]);
        }
        Self { circuit: builder.build::<CairnConfig>(), elements }
    }

    fn prove(&self, statement: &Statement) -> Proof {
        let mut witness = PartialWitness::new();
        witness.set_target_arr(&self.elements, statement.elements()).unwrap();
        prove(&self.circuit, witness).unwrap()
    }
}

/// A cache: every circuit comes back from its encoding.
struct Reencoded;

impl CircuitSource for Reencoded {
    fn finish<C: GenericConfig<D, F = F> + 'static>(
        &self,
        builder: Builder,
    ) -> CircuitData<F, C, D> {
        decode_circuit(&encode_circuit(&builder.build::<C>()).unwrap()).unwrap()
    }
}

/// The circuits of the chunk family and a set of them.
struct Fixture {
    leaf: StandIn,
    wrapper: Wrapper,
    /// The same for a leaf of another size.
    large_leaf: StandIn,
    large: Wrapper,
    node: Node,
    set: CircuitSet,
    /// A wrapper that the set has in the stream family, over a leaf that proves chunk statements.
    foreign_leaf: StandIn,
    foreign: Wrapper,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let leaf = StandIn::new(Kind::Chunk, 40);
    let foreign_leaf = StandIn::new(Kind::Chunk, 41);
    let large_leaf = StandIn::new(Kind::Chunk, 42);
    let wrapper = Wrapper::new(Family::Chunk, Size::Small, &leaf.circuit.verifier_data());
    let large = Wrapper::new(Family::Chunk, Size::Large, &large_leaf.circuit.verifier_data());
    let foreign = Wrapper::new(Family::Chunk, Size::Small, &foreign_leaf.circuit.verifier_data());
    let node = Node::from_source(Family::Chunk, &Reencoded);
    let set = CircuitSet::new(vec![
        (Role::Wrapper(Family::Chunk, Size::Small), wrapper.key().clone()),
        (Role::Wrapper(Family::Chunk, Size::Large), large.key().clone()),
        (Role::Node(Family::Chunk), node.key().clone()),
        (Role::Wrapper(Family::Stream, Size::Small), foreign.key().clone()),
    ]);
    Fixture { leaf, wrapper, large_leaf, large, node, set, foreign_leaf, foreign }
});

fn types_digest(elements: [F; 4]) -> Digest {
    Digest::new(elements.map(|element| element.to_canonical_u64())).unwrap()
}

fn state(number: u64) -> ChunkState {
    let digest = Digest::new([number, 1, 2, 3]).unwrap();
    let stream = Stream { digest, count: number as u32 };
    ChunkState { state: digest, data: stream, priority: stream, withdrawal: Stream::default() }
}

/// The statement that leads state `from` to state `to` in the environment of the fixture's set.
fn chunk(from: u64, to: u64) -> ChunkStatement {
    ChunkStatement {
        environment: ChunkEnvironment {
            domain: Word::from_limbs([1, 2, 3, 4]).unwrap(),
            timestamp: 1_700_000_000,
            circuit_set_root: types_digest(FIXTURE.set.root()),
        },
        before: state(from),
        after: state(to),
    }
}

fn wrapped(statement: &ChunkStatement) -> Proven {
    let statement = Statement::from(statement);
    let proof = FIXTURE.leaf.prove(&statement);
    FIXTURE.wrapper.prove(statement, &proof).unwrap()
}

/// Two wrapped chunks that follow each other.
static PAIR: LazyLock<[Proven; 2]> =
    LazyLock::new(|| [wrapped(&chunk(0, 1)), wrapped(&chunk(1, 2))]);

/// Whether the node's circuit is satisfied by a witness that no native check has seen.
fn node_proves(set: &CircuitSet, left: &Proven, right: &Proven) -> bool {
    let Ok(witness) = FIXTURE.node.witness(set, left, right) else { return false };
    prove(&FIXTURE.node.circuit, witness).is_ok()
}

#[test]
fn tree_of_three_chunks_of_two_sizes_proves_the_merged_statement() {
    let Fixture { node, set, large_leaf, large, .. } = &*FIXTURE;
    let [first, second] = &*PAIR;
    let pair = node.prove(set, first, second).unwrap();
    let last = Statement::from(&chunk(2, 3));
    let last = large.prove(last.clone(), &large_leaf.prove(&last)).unwrap();
    let all = node.prove(set, &pair, &last).unwrap();
    assert_eq!(all.statement, Statement::from(&chunk(0, 3)));
    assert_eq!(all.role, Role::Node(Family::Chunk));
    all.verify(set).unwrap();

    let mut other = all.clone();
    other.statement = Statement::from(&chunk(0, 2));
    assert!(matches!(other.verify(set), Err(RecursionError::Statement)));
    other.proof.public_inputs = other.statement.digest().to_vec();
    assert!(matches!(other.verify(set), Err(RecursionError::Verify(_))));
}

#[test]
fn skipped_chunk_does_not_prove() {
    let Fixture { node, set, .. } = &*FIXTURE;
    let right = wrapped(&chunk(2, 3));
    assert!(matches!(node.prove(set, &PAIR[0], &right), Err(RecursionError::Gap)));
    assert!(!node_proves(set, &PAIR[0], &right));
}

#[test]
fn differing_environments_do_not_prove() {
    let Fixture { node, set, .. } = &*FIXTURE;
    let mut later = chunk(1, 2);
    later.environment.timestamp += 1;
    let right = wrapped(&later);
    assert!(matches!(node.prove(set, &PAIR[0], &right), Err(RecursionError::Gap)));
    assert!(!node_proves(set, &PAIR[0], &right));
}

#[test]
fn key_outside_the_set_or_at_another_role_does_not_prove() {
    let Fixture { set, foreign_leaf, foreign, .. } = &*FIXTURE;
    let statement = Statement::from(&chunk(0, 1));
    let proof = foreign_leaf.prove(&statement);
    let outsider = foreign.prove(statement, &proof).unwrap();

    // The outsider's key under the path of the admitted wrapper.
    let key = foreign.key().clone();
    let forged = set.with_key(Role::Wrapper(Family::Chunk, Size::Small), key.clone());
    assert!(!node_proves(&forged, &outsider, &PAIR[1]));

    // Its key is in the set, but in the stream family: its true path, the wrong position.
    let moved = forged.with_path_of(
        Role::Wrapper(Family::Chunk, Size::Small),
        Role::Wrapper(Family::Stream, Size::Small),
    );
    assert!(!node_proves(&moved, &outsider, &PAIR[1]));

    // A wrapper that poses as a node.
    let posing = Proven { role: Role::Node(Family::Chunk), ..PAIR[0].clone() };
    let forged = set.with_key(
        Role::Node(Family::Chunk),
        set.key(Role::Wrapper(Family::Chunk, Size::Small)).unwrap().clone(),
    );
    assert!(!node_proves(&forged, &posing, &PAIR[1]));

    // The forgeries change nothing else: the honest pair passes with the same tools.
    let honest = set.with_key(
        Role::Wrapper(Family::Chunk, Size::Small),
        set.key(Role::Wrapper(Family::Chunk, Size::Small)).unwrap().clone(),
    );
    assert!(node_proves(&honest, &PAIR[0], &PAIR[1]));
}

#[test]
fn statement_of_another_circuit_set_does_not_prove() {
    let Fixture { node, set, foreign, .. } = &*FIXTURE;
    let other =
        CircuitSet::new(vec![(Role::Wrapper(Family::Chunk, Size::Small), foreign.key().clone())]);
    let [left, right] = [(0, 1), (1, 2)].map(|(from, to)| {
        let mut statement = chunk(from, to);
        statement.environment.circuit_set_root = types_digest(other.root());
        wrapped(&statement)
    });
    assert!(matches!(node.prove(set, &left, &right), Err(RecursionError::CircuitSet)));
    assert!(!node_proves(set, &left, &right));
}

#[test]
fn wrapper_takes_only_its_circuit_and_the_exposed_statement() {
    let Fixture { leaf, wrapper, foreign_leaf, .. } = &*FIXTURE;
    let statement = Statement::from(&chunk(0, 1));
    // Same shape, other key.
    assert_eq!(leaf.circuit.common, foreign_leaf.circuit.common);
    let foreign = foreign_leaf.prove(&statement);
    assert!(matches!(wrapper.prove(statement.clone(), &foreign), Err(RecursionError::Prove(_))));
    // Another statement than the proof's.
    let mut proof = leaf.prove(&statement);
    let other = Statement::from(&chunk(0, 2));
    let result = wrapper.prove(other.clone(), &proof);
    assert!(matches!(result, Err(RecursionError::Statement)));
    proof.public_inputs = other.digest().to_vec();
    assert!(matches!(wrapper.prove(other, &proof), Err(RecursionError::Prove(_))));
}

#[test]
fn circuit_set_proves_membership_natively() {
    let set = &FIXTURE.set;
    for role in [
        Role::Wrapper(Family::Chunk, Size::Small),
        Role::Node(Family::Chunk),
        Role::Wrapper(Family::Stream, Size::Small),
    ] {
        let leaf = crate::circuit_set::key_digest(set.key(role).unwrap());
        let path = set.path(role).map(digest_from_plonky2);
        let root = path.iter().enumerate().fold(leaf, |node, (level, sibling)| {
            match (role.position() >> level) & 1 {
                0 => cairn_primitives::compress(&node, sibling),
                _ => cairn_primitives::compress(sibling, &node),
            }
        });
        assert_eq!(root, digest_from_plonky2(set.root()));
    }
    assert!(matches!(
        set.key(Role::Node(Family::Chain)),
        Err(MissingRole(Role::Node(Family::Chain)))
    ));
}

/// Batches and exits are one family, told apart by the kind in the environment.
#[test]
fn chains_of_two_kinds_do_not_merge() {
    let leaf = StandIn::new(Kind::Seal, 40);
    let exit = StandIn::new(Kind::Seal, 41);
    let wrapper = Wrapper::new(Family::Chain, Size::Small, &leaf.circuit.verifier_data());
    let exit_wrapper = Wrapper::new(Family::Chain, Size::Medium, &exit.circuit.verifier_data());
    let node = Node::new(Family::Chain);
    let set = CircuitSet::new(vec![
        (Role::Wrapper(Family::Chain, Size::Small), wrapper.key().clone()),
        (Role::Wrapper(Family::Chain, Size::Medium), exit_wrapper.key().clone()),
    ]);
    let circuit_set_root = types_digest(set.root());
    let prove_kind = |stand_in: &StandIn, wrapper: &Wrapper, kind, from, to| {
        let statement = SealStatement { kind, circuit_set_root, from: [from; 32], to: [to; 32] };
        let statement = Statement::from(&statement);
        wrapper.prove(statement.clone(), &stand_in.prove(&statement)).unwrap()
    };
    let accepts = |left: &Proven, right: &Proven| {
        let witness = node.witness(&set, left, right).unwrap();
        prove(&node.circuit, witness).is_ok()
    };
    let batch = prove_kind(&leaf, &wrapper, KIND_BATCHES, 0, 1);
    let next = prove_kind(&leaf, &wrapper, KIND_BATCHES, 1, 2);
    assert!(accepts(&batch, &next));
    let exit = prove_kind(&exit, &exit_wrapper, KIND_EXIT, 1, 2);
    assert!(matches!(node.prove(&set, &batch, &exit), Err(RecursionError::Gap)));
    assert!(!accepts(&batch, &exit), "a batch and then an exit");
    let batch = prove_kind(&leaf, &wrapper, KIND_BATCHES, 2, 3);
    assert!(!accepts(&exit, &batch), "an exit and then a batch");
}
