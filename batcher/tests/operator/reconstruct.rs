//! The state from L1 alone, on a chain that is reorganized, frozen, upgraded, or incomplete.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use cairn_batcher::{
    l1::error::L1Error,
    reconstruct::{
        Finality, ReconstructError, Reconstruction, Rollup, commitment::BatchFault, source::Sources,
    },
    snapshot::{Snapshot, SnapshotError},
};
use cairn_state::{Refusal, ReplayError, State, absorb};
use cairn_types::{Account, Stream, Transaction, Word};
use serde_json::json;

use crate::world::{FIRST, World, key};

async fn read(world: &World) -> Rollup {
    Rollup::read(&world.url, world.rollup, 0, None, &()).await.unwrap()
}

async fn rebuild(rollup: &Rollup, to: u32) -> Result<Reconstruction, ReconstructError> {
    rollup.reconstruct(to, None, &Arc::new(Sources::default()), &()).await
}

/// The state after the last committed batch is the operator's.
async fn assert_rebuilt(world: &mut World) -> Reconstruction {
    let rollup = read(world).await;
    let mut rebuilt = rebuild(&rollup, rollup.history().committed()).await.unwrap();
    let got = B256::from(rebuilt.state.summary().commitment().to_bytes());
    assert_eq!(got, world.commitment());
    assert!(rebuilt.state.accounts().eq(world.state.accounts()));
    rebuilt
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_operation_is_rebuilt_to_the_last_leaf() {
    let mut world = World::with_users().await;
    let (from, fee) = (FIRST, 3);
    world
        .commit(&[
            (1, Transaction::Transfer { from, to: FIRST + 1, amount: 10, fee }),
            // No short form: the fee has too many digits.
            (1, Transaction::Transfer { from, to: FIRST + 1, amount: 10, fee: 2_049 }),
            (1, Transaction::TransferToNew { from, key: key(7), amount: 20, fee }),
            (1, Transaction::Withdraw { from, recipient: [9; 20], amount: 30, fee }),
            (2, Transaction::ChangeKey { from: FIRST + 1, key: key(8), fee }),
        ])
        .await;
    world.deposit(4, 40).await;
    world
        .commit(&[(8, Transaction::Transfer { from: FIRST + 1, to: FIRST, amount: 1, fee })])
        .await;
    let rebuilt = assert_rebuilt(&mut world).await;
    assert_eq!((rebuilt.finality, rebuilt.replayed), (Finality::Committed, 3));
    assert_eq!(rebuilt.record, world.records[3]);
    assert_eq!(rebuilt.state.account(FIRST + 3).balance, 40);

    let rollup = read(&world).await;
    let first = rebuild(&rollup, 1).await.unwrap();
    assert_eq!((first.finality, first.replayed), (Finality::Proven, 1));
    assert_eq!(first.record, world.records[1]);
    let genesis = rebuild(&rollup, 0).await.unwrap();
    assert_eq!((genesis.finality, genesis.replayed), (Finality::Proven, 0));
    let beyond = rebuild(&rollup, 4).await.unwrap_err();
    assert!(matches!(beyond, ReconstructError::NotCommitted { batch: 4, committed: 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_were_taken_back_are_left_out() {
    let mut world = World::with_users().await;
    let before = world.state.clone();
    world.commit_transfer().await;
    world.commit_transfer().await;
    world.revert(1).await;
    world.state = before;
    world.deposit(3, 7).await;
    world.commit_transfer().await;
    let rebuilt = assert_rebuilt(&mut world).await;
    assert_eq!(rebuilt.record.number, 2);
    assert_eq!(rebuilt.state.account(FIRST).balance, 9_999);
    assert_eq!(rebuilt.state.account(FIRST + 2).balance, 7);
}

/// Which circuits a batch was proven with is of no matter to its state.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_changes_nothing() {
    let mut world = World::with_users().await;
    world.commit_transfer().await;
    world.install_circuit_set(1).await;
    world.commit_transfer().await;
    world.prove(1, 2, 0).await;
    world.prove(2, 3, 1).await;
    world.commit_transfer().await;
    let rebuilt = assert_rebuilt(&mut world).await;
    assert_eq!(rebuilt.record.number, 4);
    assert_eq!(read(&world).await.finality(3), Finality::Proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_rollup_ends_with_its_last_proven_batch() {
    let mut world = World::with_users().await;
    let proven = world.commitment();
    world.deposit(3, 7).await;
    world.commit_transfer().await;
    world.rpc("evm_increaseTime", json!([2_000])).await;
    world.mine(1).await;
    world.freeze().await;
    let rollup = read(&world).await;
    assert!(rollup.history().frozen());
    assert_eq!((rollup.history().committed(), rollup.queue().len()), (1, 4));
    let mut rebuilt = rebuild(&rollup, 1).await.unwrap();
    assert_eq!(B256::from(rebuilt.state.summary().commitment().to_bytes()), proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_a_multisig_committed_is_rebuilt() {
    let mut world = World::with_users().await;
    let forwarder = world.forwarder().await;
    let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
    let call = world.batch(&[(1, transfer)]).await;
    world.commit_call(forwarder, &call).await;
    assert_eq!(assert_rebuilt(&mut world).await.record.number, 2);
}

/// The removed blocks hold a deposit, a commitment and a proof; what follows them is another history.
#[tokio::test(flavor = "multi_thread")]
async fn reorganizations_of_1_2_and_20_blocks_are_followed() {
    for depth in [1, 2, 20] {
        let mut world = World::with_users().await;
        let (state, records) = (world.state.clone(), world.records.clone());
        let snapshot = world.rpc("evm_snapshot", json!([])).await;
        // One block removes the deposit, two also the commitment, more the proof as well.
        let old = match depth {
            1 => {
                world.deposit(3, 77).await;
                read(&world).await
            }
            2 => {
                world.deposit(3, 77).await;
                world.commit_transfer().await;
                read(&world).await
            }
            _ => {
                world.deposit(3, 77).await;
                world.commit_transfer().await;
                world.prove(1, 2, 0).await;
                world.mine(depth - 3).await;
                read(&world).await
            }
        };
        let committed = old.history().committed();
        let mut before = rebuild(&old, committed).await.unwrap();
        world.rpc("evm_revert", json!([snapshot])).await;
        let error = rebuild(&old, committed).await.unwrap_err();
        assert!(
            matches!(error, ReconstructError::L1(L1Error::Reorganized { .. })),
            "{depth}: {error}"
        );

        (world.state, world.records) = (state, records);
        world.deposit(4, 55).await;
        world.commit_transfer().await;
        world.mine(depth).await;
        let error = rebuild(&old, committed).await.unwrap_err();
        assert!(matches!(error, ReconstructError::L1(L1Error::Reorganized { .. })));
        let mut after = assert_rebuilt(&mut world).await;
        assert_eq!(after.finality, Finality::Committed);
        assert_eq!(after.state.account(FIRST + 2).balance, 55);
        assert_ne!(after.state.summary(), before.state.summary());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_proven_is_named() {
    let mut world = World::with_users().await;
    let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
    let good = world.batch(&[(1, transfer)]).await;
    let fault = |error| match error {
        ReconstructError::Batch { batch: 2, finality: Finality::Committed, fault } => fault,
        other => panic!("{other}"),
    };

    let mut call = good.clone();
    call.next.state = B256::repeat_byte(1);
    world.commit_call(world.rollup, &call).await;
    let error = rebuild(&read(&world).await, 2).await.unwrap_err();
    assert!(error.to_string().contains("use --to 1"), "{error}");
    assert!(matches!(fault(error), BatchFault::State { .. }));

    world.revert(1).await;
    let mut call = good.clone();
    call.next.dataDigest = B256::repeat_byte(1);
    world.commit_call(world.rollup, &call).await;
    let error = fault(rebuild(&read(&world).await, 2).await.unwrap_err());
    assert!(matches!(error, BatchFault::Digest { .. }), "{error}");

    world.revert(1).await;
    let mut call = good;
    // To a leaf that nobody has.
    let word =
        Word::new([&[2][..], &FIRST.to_be_bytes(), &[9; 4], &[0; 22]].concat().try_into().unwrap());
    call.streams.data = word.bytes().into();
    call.next.dataDigest = absorb(&Stream::default(), &word).digest.to_bytes().into();
    world.commit_call(world.rollup, &call).await;
    let error = fault(rebuild(&read(&world).await, 2).await.unwrap_err());
    let refused =
        ReplayError::Refused { position: 0, refusal: Refusal::UnknownAccount { id: 0x0909_0909 } };
    assert!(matches!(error, BatchFault::Replay(got) if got == refused), "{error}");
    // What is before it is there.
    assert_eq!(rebuild(&read(&world).await, 1).await.unwrap().record, world.records[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_saves_the_batches_before_it() {
    let mut world = World::with_users().await;
    let path = world.path("state.snapshot");
    let rollup = read(&world).await;
    let rebuilt = rebuild(&rollup, 1).await.unwrap();
    let (chain_id, address) = (31_337, world.rollup);
    let snapshot = |state| Snapshot { chain_id, rollup: address, batch: 1, state };
    snapshot(rebuilt.state).write(&path).unwrap();
    rollup.check_final_snapshot(&mut Snapshot::read(&path).unwrap()).unwrap();

    world.commit_transfer().await;
    let rollup = read(&world).await;
    let from = |snapshot, to| {
        let rollup = &rollup;
        async move { rollup.reconstruct(to, Some(snapshot), &Arc::new(Sources::default()), &()).await }
    };
    let read = || Snapshot::read(&path).unwrap();
    let mut rebuilt = from(read(), 2).await.unwrap();
    assert_eq!(rebuilt.replayed, 1);
    assert_eq!(B256::from(rebuilt.state.summary().commitment().to_bytes()), world.commitment());
    assert_eq!(from(read(), 1).await.unwrap().replayed, 0);
    let earlier = from(read(), 0).await.unwrap_err();
    assert!(matches!(earlier, ReconstructError::BeforeSnapshot { batch: 0, snapshot: 1 }));

    // One of another rollup, of another batch, of a batch that is to be, of one that is not proven.
    let other = Snapshot { rollup: Address::ZERO, ..read() };
    let error = from(other, 2).await.unwrap_err();
    assert!(matches!(error, ReconstructError::Snapshot(SnapshotError::OtherRollup { .. })));
    let other = Snapshot { batch: 2, ..read() };
    let error = from(other, 2).await.unwrap_err();
    assert!(matches!(error, ReconstructError::OtherState { batch: 2, .. }));
    let other = Snapshot { batch: 9, ..read() };
    let error = from(other, 2).await.unwrap_err();
    assert!(matches!(error, ReconstructError::NotCommitted { batch: 9, committed: 2 }));
    let mut unproven = Snapshot { batch: 2, state: rebuilt.state, ..read() };
    let error = rollup.check_final_snapshot(&mut unproven).unwrap_err();
    assert!(matches!(error, ReconstructError::NotProven { batch: 2, proven: 1 }));
}

/// A deployer who starts the rollup with an account that has money: everything that follows from it can be proven honestly.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_nobody_deposited_is_refused_unless_its_ledger_was_published() {
    let rich = Account { key: key(9), token: 0, nonce: 0, balance: (1 << 62) - 1 };
    let genesis = State::restore(u64::from(FIRST) + 1, 0, |_| Ok::<_, ()>(rich)).unwrap();
    let mut world = World::starting_from(genesis.clone(), 3).await;
    world.deposit(1, 10).await;
    world.commit(&[]).await;
    world.prove(0, 1, 0).await;
    let (chain_id, rollup) = (31_337, world.rollup);
    let read = |ledger| Rollup::read(&world.url, world.rollup, 0, ledger, &());
    let refused = read(None).await.unwrap_err();
    assert!(matches!(refused, ReconstructError::Genesis { .. }), "{refused}");
    assert!(refused.to_string().contains("--genesis FILE"), "{refused}");

    let ledger = |batch, state| Some(Snapshot { chain_id, rollup, batch, state });
    let published = read(ledger(0, genesis.clone())).await.unwrap();
    let rebuilt = rebuild(&published, 1).await.unwrap();
    assert!(rebuilt.state.accounts().eq(world.state.accounts()));
    assert_eq!(rebuilt.state.account(FIRST).balance, rich.balance);
    // Another ledger, a later state, one of another rollup.
    let other = read(ledger(0, State::genesis())).await.unwrap_err();
    assert!(matches!(other, ReconstructError::Genesis { .. }), "{other}");
    let later = read(ledger(1, rebuilt.state.clone())).await.unwrap_err();
    assert!(matches!(later, ReconstructError::NoGenesis { batch: 1 }), "{later}");
    let mut foreign = ledger(0, genesis).unwrap();
    foreign.rollup = Address::ZERO;
    let foreign = read(Some(foreign)).await.unwrap_err();
    assert!(matches!(foreign, ReconstructError::Snapshot(SnapshotError::OtherRollup { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_or_node_is_one_clear_line() {
    let world = World::new().await;
    let nobody = Rollup::read(&world.url, Address::repeat_byte(9), 0, None, &()).await.unwrap_err();
    assert!(matches!(nobody, ReconstructError::L1(L1Error::NoContract { .. })), "{nobody}");
    let other = Rollup::read(&world.url, world.custody(), 0, None, &()).await.unwrap_err();
    assert!(other.to_string().contains("it is not a rollup"), "{other}");
    let late = Rollup::read(&world.url, world.rollup, 4, None, &()).await.unwrap_err();
    assert!(late.to_string().contains("--first-block"), "{late}");
    let rollup = read(&world).await;
    let wrong = rollup.reader().expect_chain(1).unwrap_err();
    assert!(wrong.to_string().contains("serves chain 31337, expected 1"), "{wrong}");
    let absent = Rollup::read("http://127.0.0.1:1", world.rollup, 0, None, &()).await.unwrap_err();
    assert!(absent.to_string().starts_with("L1, reading the chain id: "), "{absent}");
    let url = Rollup::read("nowhere", world.rollup, 0, None, &()).await.unwrap_err();
    assert!(url.to_string().contains("the URL of the L1 node"), "{url}");
}
