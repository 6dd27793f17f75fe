//! Poseidon2 one at a time and packed; Schnorr signatures.

use cairn_primitives::{
    Digest, F, Tag, compress, compress_many, hash,
    schnorr::{SecretKey, verify},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn poseidon2(c: &mut Criterion) {
    let digest = |i: u64| Digest(std::array::from_fn(|j| F::new(4 * i + j as u64)));
    let mut group = c.benchmark_group("poseidon2");
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
    group.finish();
}

criterion_group!(benches, poseidon2, schnorr);
criterion_main!(benches);
