//! L1's queue, an account's history, the operator's transactions on L1, and how a proof was made.

use alloy::primitives::{Address, B256, Bytes};
use cairn_batcher::{
    api::{
        hex::{Decimal, Hex},
        methods,
        wire::{self, FeeKind},
    },
    store::records::{
        Attempt, L1Queued, Mined, OutboxTransaction, Purpose, QueuedOperation, StoredProof,
    },
};
use cairn_prover::measure::StageTime;
use cairn_types::{AccountId, ForcedTransaction, PriorityOperation};

use super::world::{
    ALICE, BOB, DROPPED, OPEN, START_MS, TRANSFER, WAITING, WITHDRAWAL, World, place, public,
    withdraw,
};

/// Four operations: those of batch 1, and a forced withdrawal that waits.
fn queue(world: &World) {
    let deposit = |name| PriorityOperation::Deposit {
        leaf: AccountId::MAX,
        token: 0,
        amount: 1 << 60,
        key: public(name),
    };
    let forced = ForcedTransaction::new(&withdraw("alice", ALICE, 9, 12), 1_700_000_000);
    let operations = [
        PriorityOperation::RegisterToken { token: 0, quantum_exponent: 9, key: public("fees") },
        deposit("alice"),
        deposit("bob"),
        PriorityOperation::Forced(forced),
    ];
    let mut write = world.store.write();
    for (index, operation) in (0..).zip(operations) {
        let words = operation.words().unwrap();
        let operation = QueuedOperation { index, words, origin: Address::repeat_byte(5) };
        let queued = L1Queued { operation, place: place(5 + index) };
        write.put(&world.store.l1_queue, &index, &queued).unwrap();
    }
    write.commit().unwrap();
}

#[tokio::test]
async fn the_queue_says_what_each_operation_is_and_where_it_went() {
    let world = World::start().await;
    queue(&world);
    let client = world.http().await;
    let ask = async |from, count| {
        client.ask::<methods::Queue>(&wire::QueueRange { from, count }).await.unwrap()
    };
    let all = ask(0, 1_000_000).await;
    let kinds: Vec<_> = all.iter().map(|row| (row.kind.as_str(), row.batch)).collect();
    let expected =
        [("registerToken", Some(1)), ("deposit", Some(1)), ("deposit", Some(1)), ("forced", None)];
    assert_eq!(kinds, expected, "batch 1 has executed three");
    assert_eq!((all[0].quantum_exponent, all[0].amount), (Some(9), None));
    assert_eq!((all[1].amount, all[1].key), (Some(Decimal(1 << 60)), Some(public("alice").into())));
    let forced = &all[3];
    assert_eq!((forced.transaction, forced.account), (Some(FeeKind::Withdraw), Some(ALICE)));
    assert_eq!((forced.amount, forced.recipient), (Some(Decimal(12)), Some(Hex([9; 20]))));
    assert_eq!((forced.queued.block, forced.origin), (8, Hex([5; 20])));
    assert_eq!(ask(1, 2).await, all[1..3]);
    assert_eq!(ask(3, 9).await, all[3..]);
    assert!(ask(4, 9).await.is_empty() && ask(u64::MAX, 9).await.is_empty());
    assert!(ask(0, 0).await.is_empty());
}

#[tokio::test]
async fn the_history_of_an_account_is_both_sides_of_it() {
    let world = World::start().await;
    let client = world.http().await;
    let of = async |id, before| {
        let history = client.ask::<methods::History>(&wire::HistoryOf { id, before }).await;
        let history = history.unwrap();
        let hashes: Vec<_> = history.transactions.iter().map(|row| row.hash).collect();
        (hashes, history.before)
    };
    let named =
        |places: &[usize]| -> Vec<_> { places.iter().map(|&at| world.hashes[at]).collect() };
    let (hashes, before) = of(ALICE, None).await;
    assert_eq!((hashes, before), (named(&[DROPPED, WAITING, OPEN, WITHDRAWAL, TRANSFER]), None));
    let (hashes, _) = of(BOB, None).await;
    assert_eq!(hashes.len(), 5, "four transfers to him, and his withdrawal");
    assert_eq!(of(ALICE, Some(3)).await.0, named(&[WITHDRAWAL, TRANSFER]));
    assert_eq!(of(12_345, None).await, (Vec::new(), None));
    assert_eq!(of(ALICE, Some(0)).await, (Vec::new(), None));
}

#[tokio::test]
async fn a_long_history_comes_in_parts() {
    let world = World::start().await;
    let row = world.store.log.get(&0).unwrap().unwrap();
    let mut write = world.store.write();
    for sequence in 6..9_000 {
        write.put(&world.store.log, &sequence, &row).unwrap();
    }
    write.commit().unwrap();
    let client = world.http().await;
    let ask = async |id, before| {
        client.ask::<methods::History>(&wire::HistoryOf { id, before }).await.unwrap()
    };
    let part = ask(ALICE, None).await;
    assert_eq!((part.transactions.len(), part.before), (50, Some(8_950)));
    // Who is in none of them is told where to go on, and comes to an end.
    let (mut before, mut parts) = (None, 0);
    loop {
        let part = ask(77, before).await;
        assert!(part.transactions.is_empty());
        parts += 1;
        before = part.before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(parts, 3, "4,000 rows each");
}

#[tokio::test]
async fn the_operators_transactions_tell_what_they_cost() {
    let world = World::start().await;
    let row = |purpose, mined: Option<Mined>| OutboxTransaction {
        purpose,
        attempts: vec![Attempt {
            hash: B256::repeat_byte(6),
            max_fee: 9,
            priority_fee: 1,
            blob_fee: None,
            signed_ms: START_MS,
        }],
        raw: Bytes::new(),
        sent_ms: Some(START_MS),
        mined,
        is_final: mined.is_some(),
    };
    let mined = Mined {
        hash: B256::repeat_byte(7),
        block: 12,
        block_hash: B256::ZERO,
        success: true,
        gas: 118_000,
        gas_price: u128::from(u64::MAX) + 1,
        blob_gas: 131_072,
        blob_gas_price: 3,
    };
    let mut write = world.store.write();
    let rows = [
        row(Purpose::Commit { batch: 1 }, Some(mined)),
        row(Purpose::Prove { first: 1, last: 2 }, None),
        row(Purpose::Cancel, None),
    ];
    for (nonce, row) in (0..).zip(rows) {
        write.put(&world.store.outbox, &nonce, &row).unwrap();
    }
    let proof = StoredProof {
        first: 1,
        circuit_set_root: B256::ZERO,
        proof: [B256::ZERO; 8],
        stages: vec![StageTime { name: "leaf".into(), wall_s: 1.5, cpu_s: 2.5, peak_rss_mb: 9 }],
        chunks: 3,
        started_ms: START_MS + 1,
        proven_ms: START_MS + 2,
    };
    write.put(&world.store.proofs, &2, &proof).unwrap();
    write.commit().unwrap();
    let client = world.http().await;
    let ask = async |before, count| {
        let range = wire::SettlementRange { count, before };
        client.ask::<methods::Settlements>(&range).await.unwrap()
    };
    let all = ask(None, 1_000_000).await;
    let purposes: Vec<_> =
        all.iter().map(|row| (row.nonce, row.purpose.as_str(), row.first, row.last)).collect();
    let expected = [
        (2, "cancel", None, None),
        (1, "prove", Some(1), Some(2)),
        (0, "commit", Some(1), Some(1)),
    ];
    assert_eq!(purposes, expected, "the latest first");
    let of = all[2].mined.unwrap();
    assert_eq!((of.gas, of.gas_price.0), (118_000, u128::from(u64::MAX) + 1));
    assert_eq!((of.blob_gas, all[2].hash), (131_072, Some(Hex([7; 32]))));
    assert_eq!((all[1].mined, all[1].hash), (None, Some(Hex([6; 32]))));
    assert_eq!(ask(Some(2), 1).await, all[1..2]);
    assert!(ask(Some(0), 9).await.is_empty());

    // Of long forms few are read at once; the next part begins behind them.
    let mut write = world.store.write();
    for nonce in [1, 2] {
        let mut row = world.store.outbox.get(&nonce).unwrap().unwrap();
        row.raw = vec![0; 2 << 20].into();
        write.put(&world.store.outbox, &nonce, &row).unwrap();
    }
    write.commit().unwrap();
    assert_eq!(ask(None, 9).await, all[..2]);
    assert_eq!(ask(Some(1), 9).await, all[2..]);

    // The proof of batch 1 has its row with the last batch that it covers.
    let batch = client.ask::<methods::Batch>(&wire::ByBatch { number: 1 }).await.unwrap();
    let made = batch.proof.unwrap();
    assert_eq!((made.first, made.last, made.chunks), (1, 2, 3));
    assert_eq!((made.started_ms, made.made_ms), (START_MS + 1, START_MS + 2));
    assert_eq!((made.stages[0].name.as_str(), made.stages[0].cpu_s), ("leaf", 2.5));
}
