//! The watcher against the real contracts on anvil. The verifier is the contract tests' double: a batch is proven without a
//! proof.

#[path = "../proxy/mod.rs"]
#[allow(dead_code, reason = "the fault harness uses all of it")]
mod proxy;
mod watch;
#[path = "../operator/world/mod.rs"]
#[allow(dead_code, reason = "the operator's tools' tests use all of it")]
mod world;

use alloy::{
    primitives::{Address, keccak256},
    providers::Provider,
    sol_types::SolCall,
};
use cairn_batcher::{
    l1::contracts::{IAccessControl, IRollupL1},
    watcher::{WatcherConfig, WatcherError},
};
use serde_json::{Value, json};

use proxy::{Fault, Proxy};
use watch::{CONFIRMATIONS, Watch, config, tables};
use world::World;

/// Replaces the last blocks by as many others; the first of them has these transactions.
async fn reorganize(world: &World, depth: u64, transactions: &[Value]) {
    let placed: Vec<_> = transactions.iter().map(|transaction| json!([transaction, 0])).collect();
    world.rpc("anvil_reorg", json!([depth, placed])).await;
}

fn transaction(world: &World, to: Address, value: u64, call: &impl SolCall) -> Value {
    let input = format!("0x{}", hex::encode(call.abi_encode()));
    let (from, gas) = (world.sender(), "0x989680");
    json!({ "from": from, "to": to, "value": format!("{value:#x}"), "gas": gas, "input": input })
}

fn deposit_transaction(world: &World, n: u8, quanta: u64) -> Value {
    let (value, call) = world::deposit(n, quanta);
    transaction(world, world.custody(), value, &call)
}

/// The tables are those of a watcher that sees L1 for the first time now.
async fn assert_as_fresh(world: &World, watch: &Watch) {
    let fresh = Watch::start(world).await;
    fresh.reach_head(world).await;
    assert_eq!(tables(&watch.store), tables(&fresh.store));
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_count_once_they_are_confirmed() {
    let world = World::new().await;
    let watch = Watch::start(&world).await;
    world.deposit(1, 10_000).await;
    let view = watch.reach_head(&world).await;
    // The token's registration was the first operation.
    assert_eq!(view.queue_length, 2);
    assert_eq!(view.confirmed_queue, 0);
    world.mine(CONFIRMATIONS).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.queue_length, view.confirmed_queue), (2, 2));
    let queued = watch.store.l1_queue.get(&1).unwrap().unwrap();
    assert_eq!(queued.operation.origin, world.sender());
    let block = world.provider.get_block_by_number(queued.place.block.into()).await.unwrap();
    let header = block.unwrap().header;
    assert_eq!((queued.place.block_hash, queued.place.timestamp), (header.hash, header.timestamp));
    assert!(view.base_fee > 0 && view.blob_base_fee > 0);
    assert_as_fresh(&world, &watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_followed_from_commitment_to_finality_and_back() {
    let mut world = World::new().await;
    let watch = Watch::start(&world).await;
    world.deposit(1, 10_000).await;
    world.deposit(2, 500).await;
    world.commit(&[]).await;
    world.commit_transfer().await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, view.proven, view.finalized), (2, 0, 0));
    world.prove(0, 1, 0).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, view.proven, view.finalized), (2, 1, 0));
    world.mine(CONFIRMATIONS).await;
    assert_eq!(watch.reach_head(&world).await.finalized, 1);
    let row = watch.store.l1_batches.get(&1).unwrap().unwrap();
    let record = &world.records[1];
    assert_eq!((row.record.state, row.record.chain_hash), (record.state, record.chainHash));
    assert_eq!(row.record.priority_end, 3);
    assert!(row.proven.is_some());

    world.revert(1).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, watch.store.l1_batches.get(&2).unwrap()), (1, None));
    world.send(world.rollup, 0, &IRollupL1::pauseCall {}).await;
    assert!(watch.reach_head(&world).await.paused);
    world.send(world.rollup, 0, &IRollupL1::unpauseCall {}).await;
    assert!(!watch.reach_head(&world).await.paused);
    world.install_circuit_set(1).await;
    world.deposit(3, 1).await;
    world.rpc("evm_increaseTime", json!([2_000])).await;
    world.mine(1).await;
    world.freeze().await;
    assert!(watch.reach_head(&world).await.frozen);
    assert_as_fresh(&world, &watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_is_taken_back_leaves_and_another_takes_its_place() {
    for depth in 1..=CONFIRMATIONS {
        let world = World::new().await;
        let watch = Watch::start(&world).await;
        world.mine(CONFIRMATIONS).await;
        world.deposit(1, 10_000).await;
        world.mine(depth - 1).await;
        watch.reach_head(&world).await;
        let before = watch.store.l1_queue.get(&1).unwrap().unwrap();
        reorganize(&world, depth, &[]).await;
        assert_eq!(watch.reach_head(&world).await.queue_length, 1);
        assert_eq!(watch.store.l1_queue.get(&1).unwrap(), None);
        reorganize(&world, depth, &[deposit_transaction(&world, 2, 7)]).await;
        assert_eq!(watch.reach_head(&world).await.queue_length, 2);
        let after = watch.store.l1_queue.get(&1).unwrap().unwrap();
        assert_ne!(before.operation.words, after.operation.words);
        assert_as_fresh(&world, &watch).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commitments_and_proofs_that_are_taken_back_leave_again() {
    let mut world = World::new().await;
    let watch = Watch::start(&world).await;
    world.deposit(1, 10_000).await;
    world.mine(CONFIRMATIONS).await;
    let call = world.batch(&[]).await;
    world.commit_call(world.rollup, &call).await;
    world.prove(0, 1, 0).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, view.proven), (1, 1));

    // The proof alone.
    reorganize(&world, 1, &[]).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, view.proven), (1, 0));
    assert_eq!(watch.store.l1_batches.get(&1).unwrap().unwrap().proven, None);
    // The commitment with it; a deposit comes instead, and then the same batch again.
    reorganize(&world, 2, &[deposit_transaction(&world, 2, 7)]).await;
    let view = watch.reach_head(&world).await;
    assert_eq!((view.committed, view.queue_length), (0, 3));
    assert_eq!(watch.store.l1_batches.get(&1).unwrap(), None);
    reorganize(&world, 1, &[transaction(&world, world.rollup, 0, &call)]).await;
    assert_eq!(watch.reach_head(&world).await.committed, 1);
    world.prove(0, 1, 0).await;
    assert_eq!(watch.reach_head(&world).await.proven, 1);
    assert_as_fresh(&world, &watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganization_beyond_the_window_halts_the_watcher_until_it_is_started_again() {
    let world = World::new().await;
    let mut watch = Watch::start(&world).await;
    world.mine(2 * CONFIRMATIONS).await;
    let view = watch.reach_head(&world).await;
    reorganize(&world, CONFIRMATIONS + 1, &[]).await;
    let halted = watch.until(|view| view.halted.is_some()).await.halted.unwrap();
    let settled = view.block - CONFIRMATIONS;
    assert!(halted.contains(&format!("block {settled} was")), "{halted}");
    // Nothing more is read, and a restart on the same chain changes nothing.
    world.deposit(1, 1).await;
    watch.stop().await.unwrap();
    watch.restart(&world);
    assert!(watch.until(|view| view.halted.is_some()).await.block <= view.block);
    watch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_drops_logs_is_noticed_and_waited_for() {
    let world = World::new().await;
    let proxy = Proxy::start(world.url.clone()).await;
    let watch = Watch::start_at(&world, &proxy.url, config()).await;
    let before = watch.reach_head(&world).await;
    proxy.set(Some(Fault::NoLogs));
    world.deposit(1, 10_000).await;
    // The gauge is one for all tests of this program: others set it back.
    let unreliable = || watch::metrics().contains("cairn_watcher_unreliable_node 1");
    watch::until("the alarm", unreliable).await;
    watch::until("a question for logs", || proxy.hits() >= 4).await;
    assert_eq!(watch.view(), Some(before));
    proxy.set(None);
    assert_eq!(watch.reach_head(&world).await.queue_length, 2);
    watch::until("the end of the alarm", || !unreliable()).await;
    assert_as_fresh(&world, &watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_is_killed_anywhere_ends_with_the_same_tables() {
    let mut world = World::new().await;
    let mut watch = Watch::start(&world).await;
    for round in 0..12u64 {
        world.deposit(1, 10 + round).await;
        if round % 3 == 0 {
            world.commit(&[]).await;
        }
        if round % 3 == 1 {
            // The deposit is gone, another is there; the operator has executed neither.
            reorganize(&world, 1, &[deposit_transaction(&world, 2, round)]).await;
            world.mine(1).await;
        }
        watch.kill().await;
        watch.restart(&world);
    }
    watch.reach_head(&world).await;
    assert_as_fresh(&world, &watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_operator_loses_rings() {
    let world = World::new().await;
    let with_role = WatcherConfig { committer: Some(world.sender()), ..config() };
    let watch = Watch::start_at(&world, &world.url, with_role).await;
    let shows = |value: u8| {
        let line = format!("cairn_role_lost{{role=\"COMMITTER_ROLE\"}} {value}\n");
        watch::metrics().contains(&line)
    };
    watch::until("the role", || shows(0)).await;
    let role = keccak256("COMMITTER_ROLE");
    let account = world.sender();
    world.send(world.rollup, 0, &IAccessControl::revokeRoleCall { role, account }).await;
    watch::until("the loss", || shows(1)).await;
    world.send(world.rollup, 0, &IAccessControl::grantRoleCall { role, account }).await;
    watch::until("the role again", || shows(0)).await;
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_custody_is_refused_and_a_first_block_before_the_rollup_is_not() {
    let mut world = World::new().await;
    world.mine(CONFIRMATIONS).await;
    world.deployed = 0;
    let mut watch = Watch::start(&world).await;
    assert_eq!(watch.reach_head(&world).await.queue_length, 1);
    watch.stop().await.unwrap();
    let mut input = watch::input(&world, &world.url, config());
    input.custody = world.rollup;
    let error = watch.run(input).await.unwrap_err();
    assert!(matches!(error, WatcherError::OtherCustody { .. }), "{error}");
}
