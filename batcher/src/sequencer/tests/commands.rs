//! What the operator orders holds, and what L1 says holds as long as it says so.

use super::world::{World, id, key, transfer};
use crate::{
    sequencer::{Command, SequencerConfig, Standing},
    store::records::{L1View, SealReason},
};

fn standing(world: &mut World) -> Standing {
    world.process().ledger.status().standing
}

/// Blocks of five, of a user who has sent this many.
fn busy(transactions: u32) -> World {
    let config = SequencerConfig { max_block_operations: 5, ..Default::default() };
    let mut world = World::new(config);
    world.turn();
    (0..transactions).for_each(|nonce| {
        world.submit(transfer(0, 1, nonce, 1), key(0));
    });
    world
}

#[test]
fn a_drain_executes_all_that_was_accepted_and_seals_it() {
    let mut world = busy(12);
    world.command(Some(Command::Drain)).unwrap();
    assert_eq!(standing(&mut world), Standing::Draining);
    let throttled = world.process().pool.throttled();
    assert_eq!(throttled.as_deref(), Some("the operator is stopping"));
    for _ in 0..3 {
        world.turn();
    }
    assert_eq!(world.process().pool.waiting(), Vec::<u64>::new());
    assert_eq!(world.process().ledger.account(id(0)).nonce, 12);
    let batch = world.store().batches.get(&1).unwrap().unwrap();
    assert_eq!((batch.operations, batch.reason), (17, SealReason::Asked));
    // What was acknowledged on the way is executed, too.
    world.submit(transfer(0, 1, 12, 1), key(0));
    (0..3).for_each(|_| world.turn());
    assert_eq!(world.process().ledger.account(id(0)).nonce, 13);
    // It is over once L1 has finalized all of it, and not before.
    assert_eq!(standing(&mut world), Standing::Draining);
    finalize(&mut world, 1);
    assert_eq!(standing(&mut world), Standing::Draining);
    finalize(&mut world, 2);
    assert_eq!(standing(&mut world), Standing::Drained);
    assert!(world.process().pool.throttled().is_some());
    world.command(Some(Command::Resume)).unwrap();
    assert_eq!(world.process().pool.throttled(), None);
}

fn finalize(world: &mut World, batch: u32) {
    world.view(|view| (view.committed, view.proven, view.finalized) = (batch, batch, batch));
    world.turn();
}

/// A transaction may be acknowledged while a drain begins: after the mempool was asked, before intake is closed.
#[test]
fn what_comes_while_intake_is_closed_keeps_a_drain_from_its_end() {
    let mut world = busy(0);
    world.command(Some(Command::Seal)).unwrap();
    finalize(&mut world, 1);
    world.command(Some(Command::Drain)).unwrap();
    assert_eq!(standing(&mut world), Standing::Draining);
    world.submit(transfer(0, 1, 0, 1), key(0));
    world.turn();
    assert_eq!(world.process().ledger.account(id(0)).nonce, 1);
    assert_eq!(standing(&mut world), Standing::Draining);
}

/// Else a deposit now and then would keep it going for ever.
#[test]
fn a_drain_takes_no_operations_of_l1_that_were_confirmed_later() {
    let mut world = busy(1);
    world.command(Some(Command::Drain)).unwrap();
    (0..2).for_each(|_| world.turn());
    let end = world.process().ledger.status().priority_end;
    world.deposit(0, id(0), 5);
    world.confirm();
    (0..2).for_each(|_| world.turn());
    finalize(&mut world, 1);
    assert_eq!(standing(&mut world), Standing::Drained);
    world.turn();
    assert_eq!(world.process().ledger.status().priority_end, end);
    world.command(Some(Command::Resume)).unwrap();
    assert_eq!(world.process().ledger.status().priority_end, end + 1);
}

#[test]
fn a_drain_outlives_what_l1_forbids_and_the_process() {
    let mut world = busy(1);
    world.command(Some(Command::Drain)).unwrap();
    (0..2).for_each(|_| world.turn());
    world.view(|view| view.halted = Some("L1 went back".to_owned()));
    world.turn();
    assert_eq!(standing(&mut world), Standing::Halted("L1 went back".to_owned()));
    world.kill();
    world.start().unwrap();
    assert_eq!(standing(&mut world), Standing::Draining);
    world.view(|view| view.halted = None);
    (0..2).for_each(|_| world.turn());
    assert_eq!(standing(&mut world), Standing::Draining);
    finalize(&mut world, 1);
    assert_eq!(standing(&mut world), Standing::Drained);
    // One that was over is not begun again.
    world.kill();
    world.start().unwrap();
    assert_eq!(standing(&mut world), Standing::Drained);
}

#[test]
fn a_drain_that_is_refused_changes_nothing() {
    let mut world = busy(3);
    world.command(Some(Command::Pause)).unwrap();
    let refused = world.command(Some(Command::Drain)).unwrap_err();
    assert_eq!(refused, "the sequencer is paused");
    assert_eq!(world.process().pool.throttled(), None);
    world.command(Some(Command::Resume)).unwrap();
    assert_eq!(standing(&mut world), Standing::Running);
    world.turn();
    assert_eq!(world.process().ledger.account(id(0)).nonce, 3);
}

#[test]
fn orders_outlive_the_process() {
    let mut world = busy(3);
    world.command(Some(Command::Pause)).unwrap();
    let block = world.process().ledger.head().block;
    world.kill();
    world.start().unwrap();
    world.turn();
    assert_eq!(standing(&mut world), Standing::Paused);
    assert_eq!(world.process().ledger.head().block, block);
    world.command(Some(Command::Resume)).unwrap();
    world.command(Some(Command::Drain)).unwrap();
    world.kill();
    world.start().unwrap();
    world.turn();
    assert_eq!(standing(&mut world), Standing::Draining);
    assert!(world.process().pool.throttled().is_some());
    world.command(Some(Command::Resume)).unwrap();
    world.kill();
    world.start().unwrap();
    world.turn();
    assert_eq!(standing(&mut world), Standing::Running);
}

#[test]
fn what_l1_forbids_is_forbidden_as_long_as_it_says_so() {
    let mut world = busy(3);
    world.view(|view| view.halted = Some("L1 went back".to_owned()));
    let refused = world.command(Some(Command::Seal)).unwrap_err();
    assert_eq!(refused, "L1 went back");
    assert_eq!(standing(&mut world), Standing::Halted("L1 went back".to_owned()));
    world.view(|view: &mut L1View| view.halted = None);
    world.turn();
    assert_eq!(standing(&mut world), Standing::Running);
    assert_eq!(world.process().ledger.account(id(0)).nonce, 3);
    world.command(Some(Command::Seal)).unwrap();
}

/// An hour back: nothing waits for it to come again.
#[test]
fn a_clock_that_is_set_back_delays_no_batch() {
    let config = SequencerConfig { max_batch_age_s: 10, ..Default::default() };
    let mut world = World::new(config);
    world.turn();
    world.now_ms -= 900_000;
    for _ in 0..21 {
        world.turn();
    }
    let batch = world.store().batches.get(&1).unwrap().unwrap();
    assert_eq!(batch.reason, SealReason::Age);
}
