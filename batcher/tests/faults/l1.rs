//! L1's node does not answer as it should.

use std::time::Duration;

use crate::{
    ground::Ground,
    proxy::{Fault, Proxy},
    runner::Counts,
};

/// How long each fault lasts at the least: longer than a request may take.
const LASTS: Duration = Duration::from_millis(1_500);
/// Transactions that must be acknowledged while L1 is not well.
const ACKNOWLEDGED: u64 = 20;

const FAULTS: [Fault; 10] = [
    Fault::Down,
    Fault::Silent,
    Fault::Slow(Duration::from_millis(700)),
    Fault::TooMany,
    Fault::Garbage,
    Fault::Torn,
    Fault::Null,
    Fault::NoLogs,
    Fault::NoSending,
    Fault::LostAnswer,
];

pub(crate) async fn answers() -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    for fault in FAULTS {
        let (promised, head) = (ground.users.promised(), ground.head().await);
        ground.proxy.set(Some(fault));
        tokio::time::sleep(LASTS).await;
        ground
            .until("users are served meanwhile", async |ground| {
                let block = ground.head().await.block;
                let acknowledged = ground.users.promised() - promised;
                ground.proxy.hits() > 0 && block > head.block && acknowledged >= ACKNOWLEDGED
            })
            .await;
        ground.proxy.set(None);
        let (_, proven) = ground.on_l1().await;
        let goes_on = async |ground: &Ground| ground.on_l1().await.1 > proven;
        ground.until(&format!("a batch is proven after {fault:?}"), goes_on).await;
    }
    load.end().await;
    ground.settle().await;

    // A node that searches few blocks at once; there are many new ones.
    ground.kill();
    ground.mine(30).await;
    ground.proxy.set(Some(Fault::LogRange(4)));
    ground.restart();
    ground.pay(1).await;
    ground.settle().await;
    assert!(ground.proxy.hits() > 0, "no range was too long");
    let mut counts = ground.end().await;
    counts.insert("faults", FAULTS.len() as u64 + 1);
    counts
}

pub(crate) async fn lies() -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    let mut lies = 0;
    for _ in 0..3 {
        ground.proxy.set(Some(Fault::LyingReceipts));
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        ground.until("somebody is lied to", async |ground| ground.proxy.hits() > 0).await;
        lies += ground.proxy.hits() as u64;
        ground.proxy.set(None);
        let (_, proven) = ground.on_l1().await;
        ground.until("a batch is proven", async |ground| ground.on_l1().await.1 > proven).await;
    }
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("lies", lies);
    counts
}

pub(crate) async fn failover() -> Counts {
    let mut ground = Ground::new().await;
    ground.kill();
    let other = Proxy::start(ground.chain.l1_url()).await;
    ground.setting.config.l1.urls.push(other.url.clone());
    ground.restart();
    let load = ground.users.load();
    for first_is_down in [true, false, true] {
        let fault = |is_down: bool| is_down.then_some(Fault::Down);
        ground.proxy.set(fault(first_is_down));
        other.set(fault(!first_is_down));
        let (_, proven) = ground.on_l1().await;
        ground.until("two batches are proven", async |g| g.on_l1().await.1 > proven + 1).await;
    }
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("failovers", 3);
    counts
}
