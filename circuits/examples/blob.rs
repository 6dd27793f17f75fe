//! How long the stream proofs of a full blob take: `cargo run --release -p cairn-circuits --example blob`.
//!
//! 4,096 words are 8,192 short transfers: one leaf and its wrapper, on all cores.

use std::time::Instant;

use cairn_circuits::circuit_set::Family;
use cairn_circuits::recursion::Wrapper;
use cairn_circuits::statement::Statement;
use cairn_circuits::stream::{StreamClass, StreamLeaf, split};
use cairn_types::{BatchWords, BlobScalar, Digest, Extension, StreamEnvironment, Word};

const WORDS: usize = 4_096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let class = StreamClass::WholeBlob;
    let leaf = StreamLeaf::build(class.evaluation(), class.capacity());
    let wrapper = Wrapper::new(Family::Stream, class.size(), &leaf.circuit.verifier_data());
    let environment = StreamEnvironment {
        x: Extension::new([3, 5])?,
        z: BlobScalar::reduce([7; 32]),
        circuit_set_root: Digest::new([1, 2, 3, 4])?,
    };
    let words: Vec<_> = (0..WORDS).map(|i| Word::new([i as u8; 31])).collect();
    let leaves = split(environment, &BatchWords { data: &words, priority: &[], withdrawals: &[] });
    let [witness] = &leaves[..] else { return Err("a full blob is one leaf".into()) };

    let start = Instant::now();
    let proof = leaf.prove(witness)?;
    println!("leaf    {:>6.2} s", start.elapsed().as_secs_f64());
    let wrapper_start = Instant::now();
    wrapper.prove(Statement::from(&witness.statement()), &proof)?;
    println!("wrapper {:>6.2} s", wrapper_start.elapsed().as_secs_f64());
    println!("all     {:>6.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
