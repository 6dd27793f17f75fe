//! The tables of a chunk, its leaf, one wrapper, one node: what the cost of a transfer is made of. Every timed proof is verified
//! as it is made.

use cairn_circuits::{
    chunk::{ChunkCircuit, ChunkWitness, class},
    circuit_set::{CircuitSet, Family, Role, Size},
    recursion::{Node, Wrapper},
    statement::Statement,
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::{BatchBuilder, BatchWitness, Environment, State, sign};
use cairn_types::{Authorization, Digest, Operation, PriorityOperation, Transaction, Word};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plonky2::field::types::PrimeField64;

const DOMAIN: Word = Word::new([7; 31]);

/// A token, two accounts, and short transfers between them.
fn transfers(count: usize) -> BatchWitness {
    let keys = [b"a", b"b"].map(|seed| SecretKey::from_seed(seed));
    let key = |i: usize| keys[i].public().into();
    // The fee leaf has a key of its own: a deposit that names it must open a new leaf.
    let fee = SecretKey::from_seed(b"fee").public().into();
    let mut batch =
        BatchBuilder::new(State::genesis(), Environment { domain: DOMAIN, timestamp: 1 });
    let push = |batch: &mut BatchBuilder, operation| {
        batch.push(operation).expect("the operations are valid");
    };
    let register = PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: fee };
    push(&mut batch, Operation::Priority(register));
    for i in [0, 1] {
        let deposit =
            PriorityOperation::Deposit { leaf: 0, token: 0, amount: 1 << 40, key: key(i) };
        push(&mut batch, Operation::Priority(deposit));
    }
    for i in 0..count {
        let [from, to] = [i % 2, 1 - i % 2].map(|account| (1 << 16) + account as u32);
        let transaction = Transaction::Transfer { from, to, amount: 1 + i as u64, fee: 1 };
        let authorization = Authorization {
            domain: DOMAIN,
            token: 0,
            nonce: batch.state().account(from).nonce,
            expiry: 0,
            recipient: key(1 - i % 2),
        };
        push(&mut batch, Operation::Signed(sign(&keys[i % 2], transaction, authorization)));
    }
    batch.finish().1
}

fn stages(c: &mut Criterion) {
    let chunk = ChunkCircuit::build(Size::Small).expect("the parameters fit the class");
    let wrapper = Wrapper::new(Family::Chunk, Size::Small, &chunk.circuit.verifier_data());
    let node = Node::new(Family::Chunk);
    let set = CircuitSet::new(vec![
        (Role::Wrapper(Family::Chunk, Size::Small), wrapper.key().clone()),
        (Role::Node(Family::Chunk), node.key().clone()),
    ]);
    let root = Digest::new(set.root().map(|e| e.to_canonical_u64())).expect("canonical elements");
    let slots = 1 << class(Size::Small).operations;
    let batch = transfers(2 * slots);
    let witnesses = ChunkWitness::cut(&batch, &[0..slots - 1, slots - 1..2 * slots - 1], root)
        .expect("the opening is the batch's");
    let prove = |witness: &ChunkWitness| chunk.prove(witness).expect("a valid chunk");
    let fill = |witness: &ChunkWitness| chunk.fill(witness).expect("a valid chunk");
    let wrap = |witness: &ChunkWitness, proof| {
        wrapper.prove(Statement::from(&witness.statement()), proof).expect("a valid proof")
    };
    let proofs: Vec<_> = witnesses.iter().map(prove).collect();
    let wrapped: Vec<_> = witnesses.iter().zip(&proofs).map(|(w, p)| wrap(w, p)).collect();

    let mut group = c.benchmark_group("stages");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    // The second chunk holds transfers only.
    group.throughput(Throughput::Elements(witnesses[1].slots.len() as u64));
    group.bench_function("chunk trace", |b| b.iter(|| fill(&witnesses[1])));
    group.bench_function("chunk leaf", |b| b.iter(|| prove(&witnesses[1])));
    group.throughput(Throughput::Elements(1));
    group.bench_function("wrapper", |b| b.iter(|| wrap(&witnesses[1], &proofs[1])));
    group.bench_function("node", |b| {
        b.iter(|| node.prove(&set, &wrapped[0], &wrapped[1]).expect("neighbours"))
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
