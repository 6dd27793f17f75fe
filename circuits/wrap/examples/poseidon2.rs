//! Times of Poseidon2 over BN254: the fastest code of this target beside the scalar permutation, interleaved.
//!
//! ```text
//! taskset -c 1 cargo run --release -p cairn-wrap --example poseidon2
//! ```
//!
//! Figures of other work on the machine go up with it, those of the vectors most: compare ratios of one run.

use std::hint::black_box;
use std::time::Instant;

use ark_bn254::Fr;
use cairn_wrap::poseidon2_bn254::params::{T2, T4, T16};
use cairn_wrap::poseidon2_bn254::{native, transcript::Sponge};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::hash::hashing::PlonkyPermutation;

/// Batches of each kind, and permutations in a batch.
const BATCHES: usize = 200;
const BATCH: u32 = 50;

fn main() {
    let cell = |i: usize| Fr::from(i as u64 + 1);
    let mut wide: [Fr; 16] = std::array::from_fn(cell);
    let mut narrow: [Fr; 4] = std::array::from_fn(cell);
    let mut pair: [Fr; 2] = std::array::from_fn(cell);
    let mut sponge = Sponge::new(std::iter::empty());
    // Fifteen words of three limbs: one permutation.
    let limbs = [7; 45];
    let mut kinds: [(&str, &mut dyn FnMut()); 5] = [
        ("width 16, scalar", &mut || native::permute(&T16, black_box(&mut wide))),
        ("width 16, a leaf of 45 limbs", &mut || _ = black_box(native::leaf(black_box(&limbs)))),
        ("width 4, scalar", &mut || native::permute(&T4, black_box(&mut narrow))),
        ("width 4, the transcript", &mut || {
            sponge.set_elt(GoldilocksField::ONE, 0);
            black_box(&mut sponge).permute();
        }),
        ("width 2, scalar", &mut || native::permute(&T2, black_box(&mut pair))),
    ];
    let mut times = [(); 5].map(|()| Vec::with_capacity(BATCHES));
    for _ in 0..BATCHES {
        for ((_, work), times) in kinds.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (0..BATCH).for_each(|_| work());
            times.push(start.elapsed() / BATCH);
        }
    }
    for ((name, _), times) in kinds.iter().zip(&mut times) {
        times.sort();
        println!("{name:30} least {:>9.2?}, median {:>9.2?}", times[0], times[BATCHES / 2]);
    }
}
