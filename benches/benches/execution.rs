//! Execution of transfers by the reference transition function: with each signature, and verified beforehand.

use std::hint::black_box;

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{Environment, State, Verified, apply, apply_verified, sign};
use cairn_types::{
    Authorization, FIRST_USER_ID, Operation, PriorityOperation, SignedTransaction, Transaction,
    Word,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const ENVIRONMENT: Environment = Environment { domain: Word::new([0xdd; 31]), timestamp: 1 };
const ACCOUNTS: u32 = 100_000;
const TRANSFERS: u32 = 1_024;
const FIRST: u32 = FIRST_USER_ID as u32;

/// A state of many accounts of one key.
fn state(key: &SecretKey) -> State {
    let mut state = State::genesis();
    let key = key.public().into();
    let mut push = |operation| {
        apply(&mut state, &Operation::Priority(operation), &ENVIRONMENT).expect("accepted");
    };
    let fees = SecretKey::from_seed(b"fees").public().into();
    push(PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: fees });
    for _ in 0..ACCOUNTS {
        // Leaf 0 has another key: each deposit makes a leaf.
        push(PriorityOperation::Deposit { leaf: 0, token: 0, amount: 1_000, key });
    }
    state.summary();
    state
}

fn transfers(key: &SecretKey) -> Vec<SignedTransaction> {
    let recipient = key.public().into();
    let make = |n: u32| {
        let authorization =
            Authorization { domain: ENVIRONMENT.domain, token: 0, nonce: 0, expiry: 0, recipient };
        let (from, to) = (FIRST + 97 * n % ACCOUNTS, FIRST + 89 * n % ACCOUNTS);
        sign(key, Transaction::Transfer { from, to, amount: 1, fee: 1 }, authorization)
    };
    (0..TRANSFERS).map(make).collect()
}

fn execution(c: &mut Criterion) {
    let key = SecretKey::from_seed(b"bench");
    let state = state(&key);
    let signed = transfers(&key);
    let mut group = c.benchmark_group("execution");
    group.throughput(Throughput::Elements(TRANSFERS.into()));
    group.sample_size(20);
    group.bench_function("apply", |b| {
        b.iter_batched_ref(
            || state.clone(),
            |state| {
                for &signed in &signed {
                    let effects = apply(state, &Operation::Signed(signed), &ENVIRONMENT);
                    black_box(effects.expect("accepted"));
                }
            },
            BatchSize::LargeInput,
        );
    });
    let public = key.public().into();
    let verified: Vec<_> =
        signed.iter().map(|&signed| Verified::check(signed, public).expect("holds")).collect();
    group.bench_function("apply_verified", |b| {
        b.iter_batched_ref(
            || state.clone(),
            |state| {
                for verified in &verified {
                    black_box(apply_verified(state, verified, &ENVIRONMENT).expect("accepted"));
                }
            },
            BatchSize::LargeInput,
        );
    });
    let items: Vec<_> = signed.iter().map(|&signed| (signed, public)).collect();
    group.bench_function("Verified::check_many", |b| {
        b.iter(|| black_box(Verified::check_many(black_box(&items))));
    });
    group.finish();
}

criterion_group!(benches, execution);
criterion_main!(benches);
