//! Rows that do not fit together are noticed: at start, or before a batch is proven.

use alloy::primitives::B256;
use cairn_types::{Digest, Transaction};

use super::world::{World, id, key, signed, transfer};
use crate::{
    sequencer::{Command, SequencerConfig, SequencerError, Standing, sealer::Checked},
    store::{
        Key, Table, Write,
        records::{BatchRecord, Dropped, L1Batch, L1Block, L1Place, Outcome},
    },
};

/// A final batch, a sealed one, and an open one.
fn world() -> World {
    let mut world = World::new(SequencerConfig::default());
    world.turn();
    world.command(Some(Command::Seal)).unwrap();
    assert_eq!(world.check(), Checked::Right(1));
    assert_eq!(world.finalize(1), None);
    for nonce in 0..2 {
        world.submit(transfer(0, 1, nonce, 10), key(0));
        world.turn();
        if nonce == 0 {
            world.command(Some(Command::Seal)).unwrap();
        }
    }
    world
}

fn damage(world: &mut World, change: impl FnOnce(&World, &mut Write)) -> SequencerError {
    let mut write = world.store().write();
    change(world, &mut write);
    write.commit().unwrap();
    world.kill();
    world.start().unwrap_err()
}

fn edit<K: Key, V: serde::Serialize + serde::de::DeserializeOwned>(
    write: &mut Write,
    table: &Table<K, V>,
    key: &K,
    change: impl FnOnce(&mut V),
) {
    let mut row = table.get(key).unwrap().unwrap();
    change(&mut row);
    write.put(table, key, &row).unwrap();
}

#[test]
fn a_start_gives_what_a_kill_took() {
    let mut world = world();
    let before = (world.process().ledger.head(), world.process().ledger.account(id(0)));
    world.kill();
    world.start().unwrap();
    let ledger = &world.process().ledger;
    assert_eq!((ledger.head(), ledger.account(id(0))), before);
    let provable = |batch: &u32| ledger.prove_leaf(*batch, id(0)).is_some();
    assert_eq!((0..=3).filter(provable).collect::<Vec<_>>(), [1, 2]);
    // The open batch goes on where it was.
    world.submit(transfer(0, 1, 2, 10), key(0));
    world.turn();
    world.command(Some(Command::Seal)).unwrap();
    let batch = world.store().batches.get(&3).unwrap().unwrap();
    assert_eq!((batch.operations, batch.data_words), (2, 1));
    assert_eq!(world.check(), Checked::Right(2));
    assert_eq!(world.check(), Checked::Right(3));
}

#[test]
fn accounts_that_are_not_the_checkpoints() {
    let mut world = world();
    let error = damage(&mut world, |world, write| {
        let number = id(0) / 16;
        edit(write, &world.store().accounts, &number, |row| row[0].balance += 1);
    });
    assert!(matches!(error, SequencerError::Checkpoint { batch: 1, .. }), "{error}");
}

#[test]
fn accounts_that_are_missing() {
    let mut world = world();
    let error = damage(&mut world, |world, write| {
        write.remove(&world.store().accounts, &(id(0) / 16));
    });
    assert!(error.to_string().contains("table accounts has no row 4096"), "{error}");
}

#[test]
fn a_block_that_leads_elsewhere() {
    let mut world = world();
    let error = damage(&mut world, |world, write| {
        edit(write, &world.store().blocks, &2, |block| block.state = Digest::ZERO);
    });
    assert!(matches!(error, SequencerError::BlockState { block: 2, .. }), "{error}");
}

#[test]
fn a_transaction_that_is_not_in_the_log() {
    let mut world = world();
    let error = damage(&mut world, |world, write| write.remove(&world.store().log, &1));
    assert!(matches!(error, SequencerError::NoTransaction { block: 3, sequence: 1 }), "{error}");
}

#[test]
fn a_transaction_that_was_exchanged() {
    let mut world = world();
    let error = damage(&mut world, |world, write| {
        edit(write, &world.store().log, &0, |row| row.transaction = transfer(0, 1, 0, 11));
    });
    assert!(matches!(error, SequencerError::BlockState { block: 2, .. }), "{error}");
}

#[test]
fn a_block_that_is_missing() {
    let mut world = world();
    let error = damage(&mut world, |world, write| write.remove(&world.store().blocks, &2));
    assert!(error.to_string().contains("table blocks has no row 2"), "{error}");
}

/// What a fault in the sequencer's own execution would look like.
#[test]
fn a_batch_whose_words_give_another_state_halts_sealing() {
    let mut world = world();
    let mut write = world.store().write();
    edit(&mut write, &world.store().batches, &2, |batch| batch.after.root = Digest::ZERO);
    write.commit().unwrap();
    let Checked::Wrong(reason) = world.check() else { panic!("it is wrong") };
    assert!(reason.starts_with("batch 2: the sequencer's state is 0x"), "{reason}");
    assert!(!world.store().jobs.contains(&2).unwrap());
    world.process().ledger.halt(reason.clone());
    let refused = world.command(Some(Command::Seal)).unwrap_err();
    assert_eq!(refused, reason);
    assert_eq!(world.process().ledger.status().standing, Standing::Halted(reason.clone()));
    assert_eq!(world.process().pool.throttled(), Some(reason));
    assert!(!world.store().batches.contains(&3).unwrap());
}

/// What is wrong with batch 1 of a world, or with batch 2 where the first is final.
fn wrong(mut world: World, change: impl FnOnce(&World, &mut Write)) -> String {
    let mut write = world.store().write();
    change(&world, &mut write);
    write.commit().unwrap();
    match world.check() {
        Checked::Wrong(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn operations_that_l1_does_not_have_in_its_queue() {
    let begun = || {
        let mut world = World::new(SequencerConfig::default());
        world.turn();
        world.command(Some(Command::Seal)).unwrap();
        world
    };
    let reason = wrong(begun(), |world, write| write.remove(&world.store().l1_queue, &2));
    assert_eq!(reason, "batch 1: L1 has no operation 2 in its queue now");
    let reason = wrong(begun(), |world, write| {
        edit(write, &world.store().l1_queue, &2, |row| row.operation.index = 3);
    });
    assert_eq!(reason, "batch 1: L1 has another operation 2 in its queue now");
    let reason = wrong(begun(), |world, write| {
        edit(write, &world.store().blocks, &1, |block| block.operations.swap(1, 2));
    });
    assert!(reason.contains("is 2 of L1's queue, expected 1"), "{reason}");
}

/// Of a batch without priority operations, too.
#[test]
fn a_batch_that_ends_elsewhere_in_the_queue() {
    let reason = wrong(world(), |world, write| {
        edit(write, &world.store().batches, &2, |batch| batch.priority_end += 1);
    });
    let expected = "end of priority operations: the sequencer has 6, its blocks give 5";
    assert_eq!(reason, format!("batch 2: {expected}"));
}

#[test]
fn a_batch_of_somebody_else_on_l1() {
    let mut world = world();
    let (block_hash, transaction) = (B256::ZERO, B256::ZERO);
    let place = L1Place { block: 1, block_hash, timestamp: 1, transaction };
    let record = BatchRecord {
        number: 2,
        timestamp: 1,
        priority_end: 5,
        state: Default::default(),
        chain_hash: B256::repeat_byte(9),
    };
    let foreign = L1Batch {
        record,
        committed: place,
        withdrawals_root: Default::default(),
        data_mode: cairn_types::DataMode::Calldata,
        proven: None,
    };
    let mut write = world.store().write();
    write.put(&world.store().l1_batches, &2, &foreign).unwrap();
    // Its block may still leave the chain.
    let (mut undo, view) = (Vec::new(), world.store().l1_view.get(&()).unwrap().unwrap());
    write.put_undoable(&world.store().l1_view, &(), &view, &mut undo).unwrap();
    let mut block = L1Block { hash: block_hash, timestamp: 1, undo };
    write.put(&world.store().l1_blocks, &1, &block).unwrap();
    write.commit().unwrap();
    assert_eq!(world.finalize(1), None);
    block.undo.clear();
    let mut write = world.store().write();
    write.put(&world.store().l1_blocks, &1, &block).unwrap();
    write.commit().unwrap();
    let reason = world.finalize(1).unwrap();
    assert!(reason.starts_with("L1 has batch 2 (chain hash 0x0909"), "{reason}");
}

#[test]
fn what_the_state_refuses_is_dropped_with_the_reason() {
    let mut world = world();
    let pay = Transaction::Transfer { from: id(1), to: id(0), amount: 1, fee: 1 };
    let late = world.submit(signed(1, 0, 5, pay, key(0)), key(1));
    let poor = world.submit(transfer(2, 0, 0, 1 << 61), key(2));
    world.turn();
    let reason = |sequence| match world.store().outcomes.get(&sequence).unwrap() {
        Some(Outcome::Dropped { reason, .. }) => reason,
        other => panic!("dropped, got {other:?}"),
    };
    let timestamp = world.store().blocks.get(&3).unwrap().unwrap().timestamp;
    assert_eq!(reason(late), Dropped::Expired { expiry: 5, timestamp });
    assert!(matches!(reason(poor), Dropped::Refused(text) if text.starts_with("balance")));
    // Neither makes a block.
    assert_eq!(world.process().ledger.head().block, 3);
    assert_eq!(world.process().pool.waiting(), Vec::<u64>::new());
}
