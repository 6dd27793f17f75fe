//! Times of the primitives on one core: `cargo run --release -p cairn-primitives --example
//! timings`.

use std::hint::black_box;
use std::time::Instant;

use cairn_primitives::poseidon2::{Packed, permute8_packed, permute12_packed, permute12_scalar};
use cairn_primitives::schnorr::{SecretKey, verify};
use cairn_primitives::{Digest, F, compress, compress_many};
use p3_field::PackedValue;

fn main() {
    let mut state = [F::new(1); 12];
    time("permutation, width 12, one state", 1, || permute12_scalar(black_box(&mut state)));
    let mut state = [Packed::from_fn(|_| F::new(2)); 12];
    time("permutation, width 12, packed", Packed::WIDTH, || {
        permute12_packed(black_box(&mut state));
    });
    let mut state = [Packed::from_fn(|_| F::new(3)); 8];
    time("permutation, width 8, packed", Packed::WIDTH, || permute8_packed(black_box(&mut state)));

    let pairs = vec![[Digest::ZERO; 2]; 1024];
    time("compression, one", 1, || compress(black_box(&pairs[0][0]), &pairs[0][1]));
    time("compression, many", pairs.len(), || compress_many(black_box(&pairs)));

    let key = SecretKey::from_seed(b"timings");
    let message = Digest([F::new(4); 4]);
    let signature = key.sign(&message);
    time("signing", 1, || key.sign(black_box(&message)));
    time("verification", 1, || verify(&key.public(), &message, black_box(&signature)));
}

/// Prints the best of many short runs, divided by the operations of one: short ones, so that some
/// are not interrupted on a busy machine.
fn time<T>(name: &str, operations: usize, mut run: impl FnMut() -> T) {
    let mut measure = |repetitions: u32| {
        let start = Instant::now();
        for _ in 0..repetitions {
            black_box(run());
        }
        start.elapsed() / repetitions
    };
    let estimate = (0..5).map(|_| measure(1)).min().unwrap_or_default();
    let repetitions = (100_000 / estimate.as_nanos().max(1)).clamp(1, 100) as u32;
    let best = (0..500).map(|_| measure(repetitions)).min().unwrap_or_default();
    println!("{name:<34} {:>8.0} ns", best.as_nanos() as f64 / operations as f64);
}
