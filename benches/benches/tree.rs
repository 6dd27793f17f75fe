//! Leaf updates of the account tree: batches of 4,096 among a million accounts, one core.

use std::hint::black_box;

use cairn_state::AccountTree;
use cairn_types::{Account, PublicKey};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACCOUNTS: u32 = 1_000_000;
const BATCH: usize = 4_096;

fn account(balance: u64) -> Account {
    let key = PublicKey::new([1, 2, 3, 4, 5]).expect("canonical");
    Account { key, token: 0, nonce: 0, balance }
}

fn tree_of_a_million() -> AccountTree {
    let mut tree = AccountTree::default();
    for id in 0..ACCOUNTS {
        tree.set(id, account(id.into()));
    }
    tree.root();
    tree
}

fn updates(c: &mut Criterion) {
    let mut tree = tree_of_a_million();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut update = || (rng.random_range(0..ACCOUNTS), account(rng.random_range(1..1 << 60)));

    let mut group = c.benchmark_group("tree");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("4096 updates of 1000000 accounts", |b| {
        b.iter_batched(
            || (0..BATCH).map(|_| update()).collect::<Vec<_>>(),
            |batch| {
                for (id, account) in batch {
                    tree.set(id, account);
                }
                black_box(tree.root())
            },
            BatchSize::LargeInput,
        );
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one update with its path", |b| {
        b.iter_batched(
            &mut update,
            |(id, account)| {
                let siblings = tree.siblings(id);
                tree.set(id, account);
                black_box((siblings, tree.root()))
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, updates);
criterion_main!(benches);
