//! The program as people run it: `cairn run --dev`, with circuits, proofs and an anvil of its own.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cairn_batcher::{
    api::{
        methods::AdminSeal,
        wire::{Nothing, Stage},
    },
    client::Client,
    node::dev::deployment::Deployment,
};
use rand::Rng;

use crate::{
    audit,
    runner::Counts,
    stand_in::{contracts, free_port},
    users::Users,
};

const KILLS: u64 = 4;
/// Accounts with money.
const ACCOUNTS: u32 = 4;
/// How long a start may take: circuits may have to be made.
const START: Duration = Duration::from_secs(900);
/// How long a proof may take, with those before it.
const PROOF: Duration = Duration::from_secs(600);

struct Program {
    child: Child,
}

impl Program {
    fn start(folder: &Path, port: u16, l1_port: u16) -> Self {
        let log = folder.with_extension("log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["run", "--dev", "--data", "calldata", "--block-time", "1"])
            .args(["--port", &port.to_string(), "--l1-port", &l1_port.to_string()])
            .arg("--data-dir")
            .arg(folder)
            .arg("--contracts")
            .arg(contracts())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }

    async fn serves(&mut self, url: &str) -> Client {
        let started = Instant::now();
        let client = Client::connect(url).await.unwrap();
        while client.info().await.is_err() {
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended");
            assert!(started.elapsed() < START, "it does not serve");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        client
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn killed() -> Counts {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("rollup");
    let (port, l1_port) = (free_port(), free_port());
    let url = format!("http://127.0.0.1:{port}");
    let mut program = Program::start(&folder, port, l1_port);
    let client = program.serves(&url).await;
    let deployment = Deployment::read(&folder).unwrap().unwrap();
    let leaves = (0..ACCOUNTS).map(|account| deployment.leaf(account, 0).unwrap());
    let users = Arc::new(Users::meet(client, leaves.collect()).await);
    for _ in 0..KILLS {
        users.pay(3).await;
        seal(&folder, &url).await;
        let life = rand::rng().random_range(500..20_000);
        tokio::time::sleep(Duration::from_millis(life)).await;
        program.kill();
        program = Program::start(&folder, port, l1_port);
        program.serves(&url).await;
    }
    let started = Instant::now();
    while !users.are(Stage::Finalized).await {
        assert!(program.child.try_wait().unwrap().is_none(), "it has ended");
        assert!(started.elapsed() < PROOF, "it is not proven");
        seal(&folder, &url).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let l1 = format!("http://127.0.0.1:{l1_port}");
    let mut counts = audit::audit(&l1, &deployment, &users).await;
    counts.insert("kills", KILLS);
    counts
}

/// Has the open batch sealed, if there is one.
async fn seal(folder: &Path, url: &str) {
    let token = std::fs::read_to_string(folder.join("admin-token")).unwrap();
    let admin = Client::connect_as_operator(url, token.trim()).await.unwrap();
    let _ = admin.call::<AdminSeal>(&Nothing {}).await;
}
