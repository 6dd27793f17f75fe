//! The operator's tools, as commands against a service that runs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::providers::Provider;
use cairn_batcher::{
    l1::connection::connect_with,
    node::{
        Checked, Node,
        config::Config,
        dev::{self, DevChain},
    },
    settlement::SettlementConfig,
    store::{Store, records::StoredProof},
};

use crate::stand_in::{StandIn, built, free_port, place, plan};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: Config,
    /// Ends with this value.
    pub(crate) chain: DevChain,
}

impl World {
    /// A rollup with deposits for an account, which are sealed at once.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let place = place(&data, free_port());
        let chain = DevChain::start(&place, &plan(built().await, 1, false)).await.unwrap();
        // The last deposit is confirmed before a service begins: all are in one batch, and no other comes.
        let l1 = connect_with(&chain.l1_url()).unwrap();
        l1.raw_request::<_, serde_json::Value>("anvil_mine".into(), [1]).await.unwrap();
        let mut config = chain.config(&data, ([127, 0, 0, 1], free_port()).into());
        config.sequencer.block_interval_ms = 100;
        config.sequencer.max_batch_age_s = 1;
        config.settlement.poll_ms = 100;
        Self { folder, config, chain }
    }

    /// Nothing is sent to L1, and what it costs when something is.
    pub(crate) fn send_nothing(&mut self) -> SettlementConfig {
        let settlement = &mut self.config.settlement;
        let fees = settlement.clone();
        (settlement.max_fee_gwei, settlement.max_priority_fee_gwei) = (0.0, 0.0);
        settlement.min_priority_fee_gwei = 0.0;
        fees
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn node(&self) -> Node {
        let checked = Checked::check(self.config.clone(), dev::keys()).await.unwrap();
        Node::start(checked, Arc::new(StandIn), Default::default()).await.unwrap()
    }

    /// The command with the service's URL and token, on a thread that may wait.
    async fn cairn(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
        command.args(arguments).arg("--url").arg(format!("http://{}", self.config.api.listen));
        command.arg("--token-file").arg(self.config.admin_token_file());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) async fn proof(store: &Store, is_it: impl Fn(&StoredProof) -> bool) -> StoredProof {
    let started = Instant::now();
    loop {
        if let Some((_, proof)) = store.proofs.last().unwrap().filter(|(_, proof)| is_it(proof)) {
            return proof;
        }
        assert!(started.elapsed() < DEADLINE, "there is no such proof");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A proof is thrown away and made again while L1 is too dear; then all is settled, and the service ends of itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_proven_again_and_a_drain_settles_everything() {
    let mut world = World::start().await;
    let fees = world.send_nothing();
    let node = world.node().await;
    let first = proof(node.store(), |_| true).await;
    assert_eq!(said(&world.cairn(&["admin", "requeue", "1"]).await), "done\n");
    let second = proof(node.store(), |proof| proof.started_ms > first.started_ms).await;
    assert_eq!((second.first, second.proof), (first.first, first.proof));
    let error = refusal(&world.cairn(&["admin", "requeue", "99"]).await);
    assert!(error.contains("batch 99 has no proof yet"), "{error}");
    node.stop().await.unwrap();

    world.config.settlement = fees;
    let mut node = world.node().await;
    assert_eq!(said(&world.cairn(&["admin", "drain"]).await), "done\n");
    let ended = tokio::time::timeout(DEADLINE, node.ended()).await;
    ended.expect("it does not end").unwrap();
    let store = node.store();
    let (sealed, _) = store.batches.last().unwrap().unwrap();
    let view = store.l1_view.get(&()).unwrap().unwrap();
    assert!(sealed > 0 && view.finalized == sealed, "{sealed} sealed, {view:?}");
    node.stop().await.unwrap();
}

/// The store of a service that runs is checked, made smaller and copied by it; the copy is a store.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_looks_after_its_store() {
    let world = World::start().await;
    let node = world.node().await;
    proof(node.store(), |_| true).await;

    let store = world.config.store_dir();
    let locked =
        Command::new(env!("CARGO_BIN_EXE_cairn")).args(["db", "check"]).arg(&store).output();
    let locked = locked.unwrap();
    assert_eq!(locked.status.code(), Some(2));
    let error = String::from_utf8(locked.stderr).unwrap();
    assert!(error.contains("open in another process") && error.contains("--url"), "{error}");

    let checked = said(&world.cairn(&["db", "check"]).await);
    assert!(checked.lines().any(|line| line.starts_with("proofs ")), "{checked}");
    let sizes = said(&world.cairn(&["db", "compact"]).await);
    assert!(sizes.contains(" bytes before, "), "{sizes}");

    let (backup, restored) = (world.path("backup"), world.path("restored"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let copied = said(&world.cairn(&["db", "backup", &text(&backup)]).await);
    assert!(copied.ends_with(&format!(" rows are in {}\n", backup.display())), "{copied}");
    let twice = refusal(&world.cairn(&["db", "backup", &text(&backup)]).await);
    assert!(twice.contains("is there already: a backup replaces nothing"), "{twice}");
    node.stop().await.unwrap();

    let cairn = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cairn")).args(arguments).output().unwrap()
    };
    said(&cairn(&["db", "restore", &text(&backup), &text(&restored)]));
    said(&cairn(&["db", "check", &text(&restored)]));
    // A stopped one's is looked after where it is.
    let second = world.path("second");
    said(&cairn(&["db", "backup", &text(&restored), &text(&second)]));
    assert!(second.exists());
}
