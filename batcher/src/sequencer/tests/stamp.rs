//! Batches that grow old before L1 has them.

use alloy::primitives::{B256, Bytes, U256};
use cairn_types::{DataLocation, Transaction};

use super::world::{World, id, key, signed, transfer};
use crate::{
    sequencer::{Command, SequencerConfig, SequencerError, sealer::Checked},
    store::records::{BatchNumber, BatchRecord, Publication, SealReason, SealedBatch, StoredProof},
};

const HOUR: u64 = 3_600;

/// Batch 1 is final, batch 2 is sealed, published and proven, and a block of batch 3 is there. One transaction of
/// batch 2 expires so many seconds after its acceptance.
fn world(life: Option<u64>) -> World {
    let config = SequencerConfig { max_batch_age_s: 12 * HOUR, ..Default::default() };
    let mut world = World::new(config);
    world.turn();
    world.command(Some(Command::Seal)).unwrap();
    assert_eq!(world.check(), Checked::Right(1));
    assert_eq!(world.finalize(1), None);
    let expiry = life.map_or(0, |life| (world.now_ms / 1_000 + life) as u32);
    let pay = Transaction::Transfer { from: id(0), to: id(1), amount: 10, fee: 1 };
    world.submit(signed(0, 0, expiry, pay, key(1)), key(0));
    world.command(Some(Command::Seal)).unwrap();
    assert_eq!(world.check(), Checked::Right(2));
    world.submit(transfer(0, 1, 1, 10), key(0));
    world.turn();
    let store = world.store();
    let mut write = store.write();
    for batch in 1..=2 {
        write.put(&store.publications, &batch, &publication(batch)).unwrap();
        write.put(&store.proofs, &batch, &proof(batch)).unwrap();
    }
    write.commit().unwrap();
    world
}

fn publication(number: BatchNumber) -> Publication {
    let (state, chain_hash) = (B256::ZERO, B256::ZERO);
    let record = BatchRecord { number, timestamp: 1, priority_end: 0, state, chain_hash };
    let (signatures, estimate_wei) = (Bytes::new(), U256::ZERO);
    let location = DataLocation::Calldata;
    Publication { location, record, signatures, estimate_wei, published_ms: 0 }
}

fn proof(first: BatchNumber) -> StoredProof {
    StoredProof {
        first,
        circuit_set_root: B256::ZERO,
        proof: Default::default(),
        stages: Vec::new(),
        chunks: 1,
        started_ms: 0,
        proven_ms: 0,
    }
}

/// Timestamps of the batches from 2 on, which those of their blocks must be.
fn timestamps(world: &World) -> Vec<u32> {
    let store = world.store();
    let batches = store.batches.range(2..).map(|row| row.unwrap().1);
    let of = |batch: SealedBatch| {
        for block in store.blocks.range(batch.first_block..=batch.last_block) {
            assert_eq!(block.unwrap().1.timestamp, batch.timestamp);
        }
        batch.timestamp
    };
    batches.map(of).collect()
}

#[test]
fn no_batch_begins_before_l1_is_read_or_while_it_is_paused() {
    let mut world = world(None);
    world.command(Some(Command::Seal)).unwrap();
    world.is_read = false;
    world.kill();
    world.start().unwrap();
    world.submit(transfer(0, 1, 2, 10), key(0));
    let block = world.process().ledger.head().block;
    world.turn();
    assert_eq!(world.process().ledger.head().block, block);

    world.view(|view| view.paused = true);
    world.process().producer.signals.l1_is_read.set();
    world.turn();
    assert_eq!(world.process().ledger.head().block, block);
    world.view(|view| view.paused = false);
    world.turn();
    assert_eq!(world.process().ledger.head().block, block + 1);
    // What has begun goes on.
    world.view(|view| view.paused = true);
    world.submit(transfer(0, 1, 3, 10), key(0));
    world.turn();
    assert_eq!(world.process().ledger.head().block, block + 2);
}

#[test]
fn an_open_batch_is_sealed_after_half_a_day_whatever_the_operator_says() {
    let mut world = world(None);
    world.command(Some(Command::Pause)).unwrap();
    world.pass(12 * HOUR - 60);
    world.turn();
    assert!(!world.store().batches.contains(&3).unwrap());
    world.pass(120);
    world.turn();
    let batch = world.store().batches.get(&3).unwrap().unwrap();
    assert_eq!(batch.reason, SealReason::Age);
}

#[test]
fn batches_that_l1_takes_no_more_are_stamped_anew() {
    let mut world = world(None);
    let (head, old) = (world.process().ledger.head(), timestamps(&world));
    // Not before L1 can take them no more: what was sent may be mined until then.
    world.pass(24 * HOUR + 60);
    world.turn();
    world.kill();
    world.start().unwrap();
    assert_eq!(timestamps(&world)[0], old[0]);

    world.pass(HOUR);
    let ended = world.try_turn(None).unwrap_err();
    assert!(matches!(ended, SequencerError::TooOld { batch: 2 }), "{ended}");
    world.kill();
    world.start().unwrap();
    let clock = world.store().l1_view.get(&()).unwrap().unwrap().timestamp as u32;
    assert_eq!(timestamps(&world), [clock, clock]);
    assert_eq!(world.process().ledger.head(), head);
    // All that has the timestamp in it is made again; batch 1 has nothing to do with it.
    let store = world.store();
    assert!(!store.jobs.contains(&2).unwrap());
    assert_eq!(store.publications.last().unwrap().unwrap().0, 1);
    assert_eq!(store.proofs.last().unwrap().unwrap().0, 1);
    world.turn();
    for batch in [2, 3] {
        assert_eq!(world.check(), Checked::Right(batch));
        let job = world.store().jobs.get(&batch).unwrap().unwrap();
        assert_eq!(job.environment.timestamp, clock);
    }
    world.kill();
    world.start().unwrap();
    assert_eq!(timestamps(&world), [clock, clock]);
    assert!(world.store().jobs.contains(&3).unwrap());
}

/// And while L1 is paused there is no haste.
#[test]
fn a_batch_waits_for_a_paused_l1() {
    let mut world = world(None);
    world.view(|view| view.paused = true);
    world.pass(50 * HOUR);
    world.turn();
    world.view(|view| view.paused = false);
    assert!(world.try_turn(None).is_err());
    world.kill();
    world.start().unwrap();
    world.turn();
}

#[test]
fn the_new_timestamp_is_not_past_an_expiry() {
    let mut world = world(Some(20 * HOUR));
    let old = timestamps(&world)[0];
    world.pass(26 * HOUR);
    world.try_turn(None).unwrap_err();
    world.kill();
    world.start().unwrap();
    let expiry = world.store().log.get(&0).unwrap().unwrap().transaction.authorization.expiry;
    assert!(expiry > old);
    assert_eq!(timestamps(&world)[0], expiry);
    // A later batch need not be as early.
    assert!(timestamps(&world)[1] > expiry);
    world.turn();
    assert_eq!(world.check(), Checked::Right(2));
}

#[test]
fn a_batch_that_has_expired_halts_the_sequencer() {
    let mut world = world(Some(HOUR));
    let old = timestamps(&world)[0];
    world.pass(26 * HOUR);
    world.try_turn(None).unwrap_err();
    world.kill();
    world.start().unwrap();
    let reason = world.process().ledger.halted().unwrap();
    assert!(reason.starts_with("batch 2 is too old for L1"), "{reason}");
    assert!(reason.contains("transaction 0 of the log"), "{reason}");
    assert_eq!(timestamps(&world)[0], old);
    // It says so and does not end again.
    world.turn();
    assert_eq!(world.process().pool.throttled(), Some(reason));
}

/// By the time at which its batch may be committed, it would be late.
#[test]
fn what_has_expired_by_l1s_clock_does_not_join_an_old_batch() {
    let mut world = world(None);
    let expiry = (world.now_ms / 1_000 + HOUR) as u32;
    world.pass(2 * HOUR);
    let pay = Transaction::Transfer { from: id(2), to: id(1), amount: 1, fee: 1 };
    world.submit(signed(2, 0, expiry, pay, key(1)), key(2));
    world.turn();
    let clock = world.store().l1_view.get(&()).unwrap().unwrap().timestamp as u32;
    assert!(expiry < clock);
    assert_eq!(world.process().pool.asked(), clock);
}
