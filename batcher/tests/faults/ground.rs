//! What every scenario stands on: a rollup on an anvil, a front of that node, an operator, users.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    primitives::U256,
    providers::{DynProvider, Provider},
};
use cairn_batcher::{
    api::{
        methods,
        wire::{self, Stage},
    },
    client::Client,
    l1::{connection::connect_with, contracts::IRollupL1},
    node::dev::DevChain,
    proving::config::DataChoice,
};
use serde_json::{Value, json};

use crate::{
    audit,
    engine::Directive,
    operator::{Operator, Setting},
    proxy::Proxy,
    runner::Counts,
    stand_in::{built, free_port, place, plan},
    users::Users,
};

/// Users with money.
pub(crate) const USERS: u32 = 6;
/// How long anything may take that must come.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Blocks of L1 until what it says is acted upon.
pub(crate) const CONFIRMATIONS: u64 = 2;

pub(crate) struct Ground {
    pub(crate) setting: Setting,
    pub(crate) operator: Operator,
    pub(crate) proxy: Proxy,
    pub(crate) users: Arc<Users>,
    /// Past the proxy.
    pub(crate) l1: DynProvider,
    pub(crate) chain: DevChain,
    /// The operator is killed before this goes.
    _folder: tempfile::TempDir,
}

impl Ground {
    /// With an operator that serves, and users whose deposits it has executed.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// As [`Self::new`], of another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Setting)) -> Self {
        Self::at(0, change).await
    }

    /// As [`Self::with`], on an L1 whose clock is this many seconds ahead.
    pub(crate) async fn at(clock: u64, change: impl FnOnce(&mut Setting)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder.path().join("l1"), free_port());
        let plan = plan(built().await, USERS, false);
        let chain = DevChain::start(&place, &plan).await.unwrap();
        let l1 = connect_with(&chain.l1_url()).unwrap();
        if clock != 0 {
            rpc(&l1, "evm_increaseTime", json!([clock])).await;
        }
        let proxy = Proxy::start(chain.l1_url()).await;

        let mut config =
            chain.config(&folder.path().join("data"), ([127, 0, 0, 1], free_port()).into());
        config.l1.urls = vec![proxy.url.clone()];
        config.l1.connection.attempt_ms = 1_000;
        config.l1.connection.deadline_ms = 8_000;
        config.l1.connection.max_backoff_ms = 500;
        config.api.requests_per_second = 100_000;
        config.api.total_requests_per_second = 100_000;
        config.sequencer.block_interval_ms = 100;
        config.sequencer.max_batch_age_s = 2;
        config.sequencer.priority_wait_s = 1;
        config.proving.data = DataChoice::Calldata;
        config.proving.retry_after_s = 1;
        config.settlement.poll_ms = 100;
        config.settlement.confirmations = CONFIRMATIONS;
        config.settlement.resubmit_after_ms = 3_000;
        config.watcher.poll_ms = 100;
        config.watcher.confirmations = CONFIRMATIONS;
        config.telemetry.log = "warn,cairn_batcher=info".to_owned();
        let mut setting =
            Setting { config, folder: folder.path().to_owned(), version: 0, door: None };
        change(&mut setting);

        let operator = Operator::start(&setting);
        let client = client(&setting).await;
        let leaves = (0..USERS).map(|user| chain.deployment.leaf(user, 0).unwrap());
        let users = Users::meet(client, leaves.collect()).await;
        // The last of all deposits: no batch comes of itself after it.
        users.wait_for(chain.deployment.leaf(USERS - 1, 1).unwrap()).await;
        Self { setting, operator, proxy, users: Arc::new(users), l1, chain, _folder: folder }
    }

    /// The operator as its users see it.
    pub(crate) fn client(&self) -> &Client {
        self.users.client()
    }

    /// The operator as its operator sees it.
    pub(crate) async fn admin(&self) -> Client {
        let token = std::fs::read_to_string(self.setting.config.admin_token_file()).unwrap();
        let url = format!("http://{}", self.setting.config.api.listen);
        Client::connect_as_operator(&url, token.trim()).await.unwrap()
    }

    /// What the engine does from now on.
    pub(crate) fn engine(&self, directive: Directive) {
        directive.write(&self.setting.engine());
    }

    pub(crate) fn kill(&mut self) {
        self.operator.kill();
    }

    /// Starts the operator again, which has ended.
    pub(crate) fn restart(&mut self) {
        self.operator = Operator::start(&self.setting);
    }

    /// A request to anvil itself.
    pub(crate) async fn rpc(&self, method: &'static str, parameters: Value) -> Value {
        rpc(&self.l1, method, parameters).await
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([U256::from(blocks)])).await;
    }

    /// Whether L1 makes a block a second, or none but those that are asked for.
    pub(crate) async fn blocks(&self, on: bool) {
        self.rpc("evm_setIntervalMining", json!([u64::from(on)])).await;
    }

    /// Polls until it is so; the operator must live.
    pub(crate) async fn until(&mut self, what: &str, mut is_so: impl AsyncFnMut(&Self) -> bool) {
        let started = Instant::now();
        while !is_so(self).await {
            let log = || self.setting.log_tail();
            assert!(started.elapsed() < PATIENCE, "not so after 90 s: {what}\n{}", log());
            self.assert_alive(what);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// As the operator says.
    pub(crate) async fn head(&self) -> wire::Head {
        self.client().head().await.unwrap()
    }

    /// The rollup's contract.
    pub(crate) fn rollup(&self) -> IRollupL1::IRollupL1Instance<DynProvider> {
        IRollupL1::new(self.chain.deployment.rollup, self.l1.clone())
    }

    /// Batches that L1 has, and those of them that it has proven.
    pub(crate) async fn on_l1(&self) -> (u32, u32) {
        let rollup = self.rollup();
        let committed = rollup.committedBatches().call().await.unwrap();
        (committed, rollup.provenBatches().call().await.unwrap())
    }

    /// A page of metrics has this line.
    pub(crate) async fn metric(&self, line: &str) -> bool {
        let url = format!("http://{}/metrics", self.setting.config.api.listen);
        let Ok(page) = reqwest::get(url).await else { return false };
        page.text().await.unwrap_or_default().lines().any(|found| found == line)
    }

    /// Users pay each other until each has paid so often more; the operator must live.
    pub(crate) async fn pay(&mut self, times: u32) {
        let users = self.users.clone();
        self.lives(users.pay(times)).await;
    }

    /// The outcome of something that needs an operator.
    pub(crate) async fn lives<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(PAUSE) => self.assert_alive("users are served"),
            }
        }
    }

    fn assert_alive(&mut self, what: &str) {
        let log = || self.setting.log_tail();
        assert!(!self.operator.has_ended(), "it has ended; waiting until {what}\n{}", log());
    }

    /// Waits until everything is final, and holds what L1 has against what users were promised.
    pub(crate) async fn end(mut self) -> Counts {
        self.settle().await;
        audit::audit(&self.chain.l1_url(), &self.chain.deployment, &self.users).await
    }

    /// Waits until what was acknowledged is final, and L1 has no batch without a proof. L1 makes blocks as fast as it
    /// is asked for them meanwhile.
    pub(crate) async fn settle(&mut self) {
        self.settle_to(Stage::Finalized).await;
    }

    /// Waits until what was acknowledged has come so far.
    pub(crate) async fn settle_to(&mut self, stage: Stage) {
        self.until("everything is settled", async |ground| {
            let admin = ground.admin().await;
            let _ = admin.call::<methods::AdminSeal>(&wire::Nothing {}).await;
            ground.mine(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            let (committed, proven) = ground.on_l1().await;
            ground.users.are(stage).await && (stage != Stage::Finalized || committed == proven)
        })
        .await;
    }
}

async fn client(setting: &Setting) -> Client {
    Client::connect(&setting.url()).await.unwrap()
}

async fn rpc(l1: &DynProvider, method: &'static str, parameters: Value) -> Value {
    l1.raw_request(method.into(), parameters).await.unwrap()
}
