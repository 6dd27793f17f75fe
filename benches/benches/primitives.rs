//! Poseidon2 one at a time and packed; Schnorr signatures.

use cairn_primitives::{
    Digest, F, Tag, compress, compress_many, hash,
    poseidon2::{Packed, permute8, permute8_packed, permute12_packed, permute12_scalar},
    schnorr::{SecretKey, verify, verify_many},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use p3_field::PackedValue;
use std::hint::black_box;

fn permutations(c: &mut Criterion) {
    let mut group = c.benchmark_group("poseidon2 permutation");
    group.throughput(Throughput::Elements(1));
    let state = |i: usize| F::new(i as u64);
    let mut eight: [F; 8] = std::array::from_fn(state);
    group.bench_function("width 8", |b| b.iter(|| permute8(black_box(&mut eight))));
    let mut twelve: [F; 12] = std::array::from_fn(state);
    group.bench_function("width 12", |b| b.iter(|| permute12_scalar(black_box(&mut twelve))));

    // As many states at once as the machine's vectors hold.
    group.throughput(Throughput::Elements(Packed::WIDTH as u64));
    let packed = |i: usize| Packed::from_fn(|lane| state(12 * lane + i));
    let mut eight: [Packed; 8] = std::array::from_fn(packed);
    let name = format!("width 8, {} packed", Packed::WIDTH);
    group.bench_function(name, |b| b.iter(|| permute8_packed(black_box(&mut eight))));
    let mut twelve: [Packed; 12] = std::array::from_fn(packed);
    let name = format!("width 12, {} packed", Packed::WIDTH);
    group.bench_function(name, |b| b.iter(|| permute12_packed(black_box(&mut twelve))));
    group.finish();
}

fn hashes(c: &mut Criterion) {
    let digest = |i: u64| Digest(std::array::from_fn(|j| F::new(4 * i + j as u64)));
    let mut group = c.benchmark_group("poseidon2 hash");
    group.throughput(Throughput::Elements(1));
    group.bench_function("compress", |b| {
        b.iter(|| compress(black_box(&digest(1)), black_box(&digest(2))))
    });
    let message: [F; 17] = std::array::from_fn(|i| F::new(i as u64));
    group.bench_function("hash 17 elements", |b| {
        b.iter(|| hash(Tag::SignedOperation, black_box(&message)))
    });
    let pairs: Vec<[Digest; 2]> = (0..4096).map(|i| [digest(2 * i), digest(2 * i + 1)]).collect();
    group.throughput(Throughput::Elements(pairs.len() as u64));
    group.bench_function("compress_many 4096", |b| b.iter(|| compress_many(black_box(&pairs))));
    group.finish();
}

fn schnorr(c: &mut Criterion) {
    let key = SecretKey::from_seed(b"bench");
    let public = key.public();
    let message = hash(Tag::SignedOperation, &[F::new(7)]);
    let signature = key.sign(&message);
    assert!(verify(&public, &message, &signature), "only a signature that verifies is timed");
    let mut group = c.benchmark_group("schnorr");
    group.bench_function("sign", |b| b.iter(|| key.sign(black_box(&message))));
    group.bench_function("verify", |b| {
        b.iter(|| verify(black_box(&public), black_box(&message), black_box(&signature)))
    });
    let items: Vec<_> = (0..256u32)
        .map(|i| {
            let key = SecretKey::from_seed(&i.to_le_bytes());
            (key.public(), message, key.sign(&message))
        })
        .collect();
    group.throughput(Throughput::Elements(items.len() as u64));
    group.bench_function("verify_many 256", |b| b.iter(|| verify_many(black_box(&items))));
    group.finish();
}

criterion_group!(benches, permutations, hashes, schnorr);
criterion_main!(benches);
