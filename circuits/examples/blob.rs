//! How long the stream proofs of a full blob take: `cargo run --release -p cairn-circuits --example blob`.
//!
//! 4,096 words are 8,192 short transfers: two leaves, their wrappers and the node, one after the other on all cores.

use std::time::Instant;

use cairn_circuits::circuit_set::{CircuitSet, Family, Role};
use cairn_circuits::recursion::{Node, Wrapper};
use cairn_circuits::statement::Statement;
use cairn_circuits::stream::{DataEvaluation, StreamLeaf, split};
use cairn_types::{BatchWords, BlobScalar, Digest, Extension, StreamEnvironment, Word};
use plonky2::field::types::PrimeField64;

const WORDS: usize = 4_096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let evaluation = DataEvaluation::AtZ;
    let leaf = StreamLeaf::build(evaluation, evaluation.capacity());
    let wrapper = Wrapper::new(Family::Stream, evaluation.size(), &leaf.circuit.verifier_data());
    let node = Node::new(Family::Stream);
    let set = CircuitSet::new(vec![
        (Role::Wrapper(Family::Stream, evaluation.size()), wrapper.key().clone()),
        (Role::Node(Family::Stream), node.key().clone()),
    ]);
    let environment = StreamEnvironment {
        x: Extension::new([3, 5])?,
        z: BlobScalar::reduce([7; 32]),
        circuit_set_root: Digest::new(set.root().map(|element| element.to_canonical_u64()))?,
    };
    let words: Vec<_> = (0..WORDS).map(|i| Word::new([i as u8; 31])).collect();
    let batch = BatchWords { data: &words, priority: &[], withdrawals: &[] };

    let start = Instant::now();
    let mut wrapped = Vec::new();
    for witness in split(environment, &batch) {
        let leaf_start = Instant::now();
        let proof = leaf.prove(&witness)?;
        println!("leaf    {:>6.2} s", leaf_start.elapsed().as_secs_f64());
        let wrapper_start = Instant::now();
        wrapped.push(wrapper.prove(Statement::from(&witness.statement()), &proof)?);
        println!("wrapper {:>6.2} s", wrapper_start.elapsed().as_secs_f64());
    }
    let node_start = Instant::now();
    let [left, right] = &wrapped[..] else { return Err("a full blob is two leaves".into()) };
    node.prove(&set, left, right)?;
    println!("node    {:>6.2} s", node_start.elapsed().as_secs_f64());
    println!("all     {:>6.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
