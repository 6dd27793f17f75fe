//! Times of the primitives on one core: `cargo run --release -p cairn-primitives --example
//! timings`. Those of the permutations stand beside those of `p3-goldilocks` in the same run.

use std::hint::black_box;
use std::time::Instant;

use cairn_primitives::poseidon2::{
    Packed, permute8, permute8_packed, permute12_packed, permute12_words,
};
use cairn_primitives::schnorr::{SecretKey, verify};
use cairn_primitives::{Digest, F, compress, compress_many};
use p3_field::PackedValue;
use p3_goldilocks::{default_goldilocks_poseidon2_8, default_goldilocks_poseidon2_12};
use p3_symmetric::Permutation;

fn main() {
    let (plonky3_8, plonky3_12) =
        (default_goldilocks_poseidon2_8(), default_goldilocks_poseidon2_12());
    let (mut words, mut state) = ([1; 12], [F::new(1); 12]);
    compare(
        "permutation, width 12, one state",
        1,
        || permute12_words(black_box(&mut words)),
        || plonky3_12.permute_mut(black_box(&mut state)),
    );
    let mut states = [[Packed::from_fn(|_| F::new(2)); 12]; 2];
    let [ours, theirs] = &mut states;
    compare(
        "permutation, width 12, packed",
        Packed::WIDTH,
        || permute12_packed(black_box(ours)),
        || plonky3_12.permute_mut(black_box(theirs)),
    );
    let mut states = [[F::new(3); 8]; 2];
    let [ours, theirs] = &mut states;
    compare(
        "permutation, width 8, one state",
        1,
        || permute8(black_box(ours)),
        || plonky3_8.permute_mut(black_box(theirs)),
    );
    let mut states = [[Packed::from_fn(|_| F::new(4)); 8]; 2];
    let [ours, theirs] = &mut states;
    compare(
        "permutation, width 8, packed",
        Packed::WIDTH,
        || permute8_packed(black_box(ours)),
        || plonky3_8.permute_mut(black_box(theirs)),
    );

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
    let repetitions = repetitions(&mut run);
    let best = (0..500).map(|_| nanoseconds(repetitions, &mut run)).fold(f64::MAX, f64::min);
    println!("{name:<34} {:>8.0} ns", best / operations as f64);
}

/// As [`time`], of our permutation and that of Plonky3 by turns, so that both see the same machine.
fn compare(name: &str, operations: usize, mut ours: impl FnMut(), mut plonky3: impl FnMut()) {
    let repetitions = repetitions(&mut ours);
    let mut best = [f64::MAX; 2];
    for _ in 0..5000 {
        best[0] = best[0].min(nanoseconds(repetitions, &mut ours));
        best[1] = best[1].min(nanoseconds(repetitions, &mut plonky3));
    }
    let [ours, plonky3] = best.map(|best| best / operations as f64);
    let ratio = plonky3 / ours;
    println!("{name:<34} {ours:>8.0} ns, Plonky3's {plonky3:.0} ns, ratio {ratio:.2}");
}

/// As many as take a tenth of a millisecond, 100 at the most.
fn repetitions<T>(run: &mut impl FnMut() -> T) -> u32 {
    let estimate = (0..5).map(|_| nanoseconds(1, run)).fold(f64::MAX, f64::min);
    (100_000.0 / estimate.max(1.0)).clamp(1.0, 100.0) as u32
}

/// Of one of these repetitions.
fn nanoseconds<T>(repetitions: u32, run: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..repetitions {
        black_box(run());
    }
    start.elapsed().as_nanos() as f64 / f64::from(repetitions)
}
