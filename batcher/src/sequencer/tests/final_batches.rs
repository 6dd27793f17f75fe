//! What becomes of rows and states when a batch is final.

use alloy::primitives::B256;

use super::world::{Process, World, domain, id, key, transfer};
use crate::{
    sequencer::{
        Command, SequencerConfig, checkpoint,
        forks::{self, Needed},
        sealer::{self, Checked},
    },
    store::records::{BatchNumber, BatchRecord, L1Batch, L1Place},
};

/// So many batches, all sealed and checked; the first is final.
fn world(batches: BatchNumber) -> World {
    let mut world = World::new(SequencerConfig::default());
    for nonce in 0..batches {
        if nonce > 0 {
            world.submit(transfer(0, 1, nonce - 1, 10), key(0));
        }
        world.turn();
        world.command(Some(Command::Seal)).unwrap();
        assert_eq!(world.check(), Checked::Right(nonce + 1));
    }
    assert_eq!(world.finalize(1), None);
    world
}

/// Killed after the first part of a checkpoint, in every way in which its rows may be old or new.
#[test]
fn a_checkpoint_that_was_cut_off_is_finished() {
    for cut in 0..2 {
        let mut world = world(2);
        let head = world.process().ledger.head();
        let store = world.store().clone();
        let before: Vec<_> = store.accounts.iter().map(Result::unwrap).collect();
        let kept = (store.checkpoint.get(&()).unwrap(), store.changes.get(&2).unwrap());
        assert!(checkpoint::advance(&store, 2, 1).unwrap());
        assert_eq!(store.advancing.get(&()).unwrap(), None);
        let after: Vec<_> = store.accounts.iter().map(Result::unwrap).collect();
        let changed: Vec<_> = before.into_iter().filter(|row| !after.contains(row)).collect();
        assert_eq!(changed.len(), 2, "of fees and of users");

        let mut write = store.write();
        write.put(&store.checkpoint, &(), &kept.0.unwrap()).unwrap();
        write.put(&store.changes, &2, &kept.1.unwrap()).unwrap();
        write.put(&store.advancing, &(), &2).unwrap();
        let (number, old) = &changed[cut];
        write.put(&store.accounts, number, old).unwrap();
        write.commit().unwrap();
        assert_eq!(store.check().faults, Vec::<String>::new());
        drop(store);

        world.kill();
        world.start().unwrap();
        let store = world.store().clone();
        assert_eq!(store.checkpoint.get(&()).unwrap().unwrap().batch, 2);
        assert_eq!(store.accounts.iter().map(Result::unwrap).collect::<Vec<_>>(), after);
        assert_eq!(world.process().ledger.head().state, head.state);
    }
}

/// As earlier versions left them, where a deposit had named a leaf that is not there.
#[test]
fn rows_of_empty_leaves_do_not_matter() {
    let mut world = world(2);
    let store = world.store().clone();
    let mut write = store.write();
    for number in [500 / 16, 4_000, (id(0) + 500) / 16] {
        write.put(&store.accounts, &number, &vec![Default::default(); 16]).unwrap();
    }
    write.commit().unwrap();
    drop(store);
    world.kill();
    world.start().unwrap();
}

#[test]
fn a_final_batch_gets_no_job_again() {
    let mut world = world(2);
    let job = world.store().jobs.get(&2).unwrap().unwrap();
    assert_eq!(world.finalize(2), None);
    let Process { store, ledger, .. } = world.process();
    assert!(!sealer::keep(store, ledger, 2, &job).unwrap());
    assert!(!store.jobs.contains(&2).unwrap());
}

/// However far behind the last state is that was kept.
#[test]
fn a_state_that_l1_has_a_proof_of_is_made_again() {
    let mut world = world(5);
    let needed = Needed { checkpoint: 1, proven: 100, checked: 5, ends: vec![] };
    world.process().ledger.retain(&needed);
    assert_eq!(world.process().ledger.prove_leaf(3, id(0)), None);
    world.view(|view| (view.committed, view.proven) = (4, 3));
    assert_eq!(world.follow(), None);
    let proof = world.process().ledger.prove_leaf(3, id(0)).unwrap();
    assert_eq!(proof.summary, world.store().batches.get(&3).unwrap().unwrap().after);
    assert_eq!(proof.account.nonce, 2);
}

/// L1 has batches 2 and 3 in one proof, and 4 and 5 in the next: it takes that back when the first is final.
#[test]
fn the_state_of_the_checkpoint_is_there_when_a_proof_is_taken_back() {
    let mut world = world(6);
    let needed = Needed { checkpoint: 1, proven: 100, checked: 6, ends: vec![] };
    world.process().ledger.retain(&needed);
    prove(&world, &[Some(1), Some(1), Some(2), Some(2)]);
    let tidy = |world: &mut World, proven, finalized| {
        world.view(|view| {
            (view.committed, view.proven, view.finalized) = (5, proven, finalized);
        });
        let Process { store, ledger, .. } = world.process();
        for batch in 2..=finalized {
            checkpoint::advance(store, batch, 10).unwrap();
        }
        let view = store.l1_view.get(&()).unwrap().unwrap();
        forks::tidy(store, ledger, &domain(), &view).unwrap();
    };
    tidy(&mut world, 5, 1);
    let has = |world: &mut World, batch| world.process().ledger.prove_leaf(batch, id(0)).is_some();
    assert_eq!([2, 3, 4, 5].map(|batch| has(&mut world, batch)), [false, true, false, true]);
    tidy(&mut world, 5, 3);
    prove(&world, &[Some(1), Some(1), None, None]);
    tidy(&mut world, 3, 0);
    let proof = world.process().ledger.prove_leaf(3, id(0)).unwrap();
    assert_eq!(proof.summary, world.store().batches.get(&3).unwrap().unwrap().after);
}

/// What L1 says of the batches from 2 on: in which transaction each was proven.
fn prove(world: &World, proofs: &[Option<u8>]) {
    let place = |transaction| L1Place {
        block: 1,
        block_hash: B256::ZERO,
        timestamp: 1,
        transaction: B256::repeat_byte(transaction),
    };
    let mut write = world.store().write();
    for (number, proof) in (2..).zip(proofs) {
        let record = BatchRecord {
            number,
            timestamp: 1,
            priority_end: 0,
            state: B256::ZERO,
            chain_hash: B256::ZERO,
        };
        let row = L1Batch {
            record,
            committed: place(0),
            withdrawals_root: B256::ZERO,
            data_mode: Default::default(),
            proven: proof.map(place),
        };
        write.put(&world.store().l1_batches, &number, &row).unwrap();
    }
    write.commit().unwrap();
}
