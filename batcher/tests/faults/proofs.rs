//! Proofs that do not hold, come late, or twice; and circuits that are replaced.

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{B256, U256},
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    sol_types::{SolCall, SolEvent},
};
use cairn_batcher::{
    api::wire::Stage,
    l1::contracts::{Batch, IRollupL1},
    node::dev,
};
use cairn_types::{KIND_BATCHES, SealStatement};
use rustix::process::Signal;

use crate::{
    engine::{Directive, circuit_set_of},
    ground::Ground,
    proxy::Fault,
    runner::Counts,
};

pub(crate) async fn bad() -> Counts {
    // An engine that fails again and again ends the stage; here it is to go on.
    let mut ground = Ground::with(|setting| setting.config.proving.retries = 1_000).await;
    ground.pay(1).await;
    ground.settle().await;

    // A proof that does not hold. It is not posted, and made again.
    let (committed, proven) = ground.on_l1().await;
    ground.engine(Directive::Lie);
    ground.pay(1).await;
    let logged = "the proof does not hold";
    ground.until("it is noticed", async |g| g.setting.logged().contains(logged)).await;
    ground.until("it is committed", async |g| g.on_l1().await.0 > committed).await;
    assert_eq!(ground.on_l1().await.1, proven);
    ground.engine(Directive::Prove);
    ground.settle().await;

    // A proof that comes late: somebody else has proven the batch.
    ground.engine(Directive::Hold);
    let (proven, committed) = commit(&mut ground).await;
    prove(&ground, proven, committed).await;
    assert_eq!(ground.on_l1().await.1, committed);
    let l1_block = ground.l1.get_block_number().await.unwrap();
    ground.until("it is read", async |g| g.head().await.l1_block > l1_block).await;
    ground.engine(Directive::Prove);
    ground.pay(1).await;
    ground.settle().await;

    // A proof that comes twice: ours waits to be mined when another is.
    ground.engine(Directive::Hold);
    let (proven, committed) = commit(&mut ground).await;
    ground.proxy.set(Some(Fault::NoSending));
    ground.engine(Directive::Prove);
    ground.until("it is proven and sent", async |g| g.proxy.hits() > 0).await;
    prove(&ground, proven, committed).await;
    ground.proxy.set(None);
    ground.pay(1).await;
    ground.end().await
}

/// Has everybody pay and the operator commit it; then it sends nothing more, and its account may be used by others. The last
/// proven and the last committed batch.
async fn commit(ground: &mut Ground) -> (u32, u32) {
    ground.pay(1).await;
    ground.until("it is committed", async |g| g.users.are(Stage::Committed).await).await;
    let (committed, proven) = ground.on_l1().await;
    (proven, committed)
}

/// L1's record of a batch.
async fn record(ground: &Ground, number: u32) -> Batch {
    let filter = ground.rollup().BatchCommitted_filter().topic1(U256::from(number)).filter;
    let logs = ground.l1.get_logs(&filter.from_block(0)).await.unwrap();
    let last = logs.last().unwrap();
    IRollupL1::BatchCommitted::decode_log(&last.inner).unwrap().data.batch
}

/// Proves the batches after `from` up to `to`, as another prover with the same account.
async fn prove(ground: &Ground, from: u32, to: u32) {
    let (from, to) = (record(ground, from).await, record(ground, to).await);
    let seal = SealStatement {
        kind: KIND_BATCHES,
        circuit_set_root: circuit_set_of(0),
        from: from.chainHash.0,
        to: to.chainHash.0,
    };
    let mut proof = [U256::ZERO; 8];
    proof[0] = U256::from_be_bytes(seal.public_input());
    send(ground, &IRollupL1::proveCall { from, to, circuitSet: U256::ZERO, proof }).await;
}

/// Calls the rollup with the account that has every role.
async fn send(ground: &Ground, call: &impl SolCall) {
    let wallet = ProviderBuilder::new().wallet(EthereumWallet::from(dev::keys().operator));
    let wallet = wallet.connect_http(ground.chain.l1_url().parse().unwrap());
    let rollup = ground.chain.deployment.rollup;
    let request = TransactionRequest::default().with_to(rollup).with_input(call.abi_encode());
    let sent = wallet.send_transaction(request).await.unwrap();
    assert!(sent.get_receipt().await.unwrap().status(), "{} was reverted", call_name(call));
}

fn call_name<C: SolCall>(_: &C) -> &'static str {
    C::SIGNATURE
}

pub(crate) async fn upgrade() -> Counts {
    let mut ground = Ground::new().await;
    ground.pay(1).await;
    ground.settle().await;

    // Two batches are committed, a third is open; none is proven.
    ground.engine(Directive::Hold);
    let (before, proven) = ground.on_l1().await;
    commit(&mut ground).await;
    let (_, committed) = commit(&mut ground).await;
    assert!(committed >= before + 2);
    let verifier = ground.rollup().circuitSetAt(U256::ZERO).call().await.unwrap().verifier;
    let root = B256::from(circuit_set_of(1).to_bytes());
    send(&ground, &IRollupL1::installCircuitSetCall { root, verifier }).await;
    ground.pay(1).await;
    ground.operator.signal(Signal::TERM);
    assert_eq!(ground.operator.code(), Some(0));
    assert_eq!(ground.on_l1().await.1, proven);

    ground.setting.version = 1;
    ground.engine(Directive::Prove);
    ground.restart();
    ground.settle().await;
    // A proof of the old circuits is there already when the program is replaced, and the old circuits are retired.
    ground.proxy.set(Some(Fault::NoSending));
    ground.pay(1).await;
    ground.until("something is to be sent", async |g| g.proxy.hits() > 0).await;
    ground.kill();
    let root = B256::from(circuit_set_of(2).to_bytes());
    send(&ground, &IRollupL1::installCircuitSetCall { root, verifier }).await;
    for set in [0, 1] {
        let set = U256::from(set);
        send(&ground, &IRollupL1::retireCircuitSetCall { index: set }).await;
    }
    ground.proxy.set(None);
    ground.setting.version = 2;
    ground.restart();
    ground.pay(1).await;
    let mut counts = ground.end().await;
    counts.insert("upgrades", 2);
    counts
}
