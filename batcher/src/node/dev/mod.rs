//! A rollup for development: a local L1 with the contracts, accounts whose keys everyone knows, and a folder from which
//! the next start goes on.
//!
//! ```text
//! folder/ development.json   what is deployed; written last, so that a set-up that was cut short starts over
//!         manifest.json      for `cairn verify-deployment`
//!         genesis.snapshot   the state that it starts with, where that is not empty: `--genesis` of the tools
//!         l1/                anvil's state and log
//!         store/             the operator's
//!         development.lock   held by whoever runs it
//! ```

pub mod deployment;
mod fund;
pub mod genesis;
pub mod summary;

use std::{
    fs::{File, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::signers::local::PrivateKeySigner;
use thiserror::Error;

use self::deployment::{Deployment, Plan};
use super::{config::Config, keys::Keys};
use crate::{
    deploy::DeployError,
    l1::{
        anvil::{Anvil, AnvilError, CHAIN_ID},
        artifacts::BuildError,
        error::L1Error,
        tools::{self, MissingTool},
    },
    signals::Shutdown,
    snapshot::SnapshotError,
    store::StoreError,
    watcher::WatcherConfig,
};

/// First account of the mnemonic that anvil funds: the operator, and everything else. Never use it on a chain with value.
pub const OPERATOR_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Last account of the mnemonic that anvil funds: signs receipts.
pub const RECEIPT_KEY: &str = "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6";

/// Says that a set-up has begun and not ended.
const MARKER: &str = "development.unfinished";
/// Locked by whoever runs the rollup.
const LOCK: &str = "development.lock";
/// Folder of the local L1.
const L1: &str = "l1";

/// Why there is no development rollup.
#[derive(Debug, Error)]
pub enum DevError {
    /// Something else is in the folder.
    #[error(
        "{} holds no development rollup, and is not empty: choose another folder with --data-dir",
        .folder.display()
    )]
    OtherFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder's rollup is another than asked for.
    #[error(
        "the rollup in {} has started with {got} accounts in its state, --accounts asks for {expected}: leave it out, or choose another folder",
        .folder.display()
    )]
    OtherRollup {
        /// The folder.
        folder: PathBuf,
        /// Asked for.
        expected: u32,
        /// What is there.
        got: u32,
    },
    /// Somebody runs it.
    #[error("another process runs the rollup in {}: end it, or choose another folder with --data-dir", .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A file.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The tools are not installed.
    #[error(transparent)]
    Tool(#[from] MissingTool),
    /// The contracts do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The local L1.
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    /// The deployment.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// L1.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file with the state that the rollup starts with.
    #[error(transparent)]
    Ledger(#[from] SnapshotError),
    /// A bug.
    #[error("making the state that the rollup starts with: {0}")]
    Panicked(tokio::task::JoinError),
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> DevError + use<> {
    let path = path.to_owned();
    |source| DevError::File { path, source }
}

/// Where a development rollup is.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// The Foundry project with its tools installed.
    pub contracts: PathBuf,
    /// Port of the local L1.
    pub l1_port: u16,
    /// Seconds between two blocks of L1.
    pub block_time: u64,
}

/// That the local L1 of a folder can have its port, before long work.
///
/// # Errors
/// It cannot, and why.
pub fn check_l1_port(folder: &Path, port: u16) -> Result<(), AnvilError> {
    Anvil::check_port(port, &folder.join(L1))
}

/// A local L1 with a rollup on it.
#[derive(Debug)]
pub struct DevChain {
    /// What is deployed.
    pub deployment: Deployment,
    anvil: Anvil,
    block_time: u64,
    /// Lives as long, and longer than anvil: fields are dropped in their order.
    lock: File,
}

impl DevChain {
    /// Starts the L1 of the folder, and deploys what `plan` says if the folder is new. A rollup that is there goes on
    /// as it is.
    ///
    /// # Errors
    /// The folder is something else's or in use, a tool is missing, the port is in use, or L1 refuses.
    pub async fn start(place: &Place, plan: &Plan) -> Result<Self, DevError> {
        let folder = &place.folder;
        check_folder(folder)?;
        // From here on nobody else changes it.
        let lock = lock(folder)?;
        check_folder(folder)?;
        let present = Deployment::read(folder)?;
        match (&present, plan.prepared) {
            (Some(present), Some(expected)) => {
                let got = if present.prepared { present.accounts } else { 0 };
                if expected != got {
                    let folder = folder.clone();
                    return Err(DevError::OtherRollup { folder, expected, got });
                }
            }
            (Some(_), None) => {}
            (None, _) => begin(folder)?,
        }
        let program = tools::find(&place.contracts.join("node_modules"), "anvil")?;
        let l1 = folder.join(L1);
        std::fs::create_dir_all(&l1).map_err(file(&l1))?;
        let anvil = Anvil::resume(&program, place.l1_port, &l1).await?;
        let deployment = match present {
            Some(deployment) => deployment,
            None => {
                let deployment = Deployment::make(place, plan, &anvil.url()).await?;
                deployment.write(folder)?;
                let marker = folder.join(MARKER);
                std::fs::remove_file(&marker).map_err(file(&marker))?;
                deployment
            }
        };
        anvil.mine_every(place.block_time).await?;
        Ok(Self { deployment, anvil, block_time: place.block_time, lock })
    }

    /// Where L1 answers.
    #[must_use]
    pub fn l1_url(&self) -> String {
        self.anvil.url()
    }

    /// What the operator of this rollup is told, with its data in `folder`.
    #[must_use]
    pub fn config(&self, folder: &Path, api: SocketAddr) -> Config {
        let mut config = Config::template();
        config.data_dir = folder.to_owned();
        config.l1.urls = vec![self.l1_url()];
        config.l1.chain_id = CHAIN_ID;
        config.l1.rollup = self.deployment.rollup;
        config.l1.first_block = self.deployment.first_block;
        config.api.listen = api;
        // A local chain does not go back of itself, and its blocks are seconds apart.
        config.settlement.confirmations = 1;
        config.settlement.poll_ms = 500;
        config.settlement.resubmit_after_ms = 1_000 * (4 * self.block_time).max(10);
        config.watcher = WatcherConfig::development();
        config
    }

    /// As a stage: lives until shutdown, and writes L1's state then.
    ///
    /// # Errors
    /// The local L1 has ended.
    pub async fn run(mut self, mut shutdown: Shutdown) -> Result<(), String> {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                () = shutdown.stopped() => break,
                _ = tick.tick() => {}
            }
            if let Some(status) = self.anvil.ended() {
                return Err(format!("anvil has ended ({status}); its output is in l1/anvil.log"));
            }
        }
        // Waits until the state is written.
        let Self { anvil, lock, .. } = self;
        let _ = tokio::task::spawn_blocking(move || drop(anvil)).await;
        drop(lock);
        Ok(())
    }
}

/// The operator's keys of every development rollup.
///
/// # Panics
/// Never: the keys are constants.
#[must_use]
pub fn keys() -> Keys {
    let key = |text: &str| -> PrivateKeySigner { text.parse().expect("a constant that is a key") };
    Keys { operator: key(OPERATOR_KEY), receipts: key(RECEIPT_KEY) }
}

/// That the folder is empty, not there, or a development rollup's. Nothing of somebody else's is touched.
fn check_folder(folder: &Path) -> Result<(), DevError> {
    if deployment::is_there(folder) || folder.join(MARKER).exists() {
        return Ok(());
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file(folder)(error)),
    };
    // Who is a moment ahead has made the lock, and not yet the marker.
    if entries.flatten().any(|entry| entry.file_name() != LOCK) {
        return Err(DevError::OtherFolder { folder: folder.to_owned() });
    }
    Ok(())
}

/// Locks the folder, which is made if it is not there.
fn lock(folder: &Path) -> Result<File, DevError> {
    std::fs::create_dir_all(folder).map_err(file(folder))?;
    let path = folder.join(LOCK);
    let lock = File::options().create(true).append(true).open(&path).map_err(file(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DevError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(file(&path)(error)),
    }
}

/// Begins a set-up in a folder that is ours; what is left of one that was cut short is removed.
fn begin(folder: &Path) -> Result<(), DevError> {
    let marker = folder.join(MARKER);
    std::fs::write(&marker, "").map_err(file(&marker))?;
    for part in ["l1", "store"].map(|part| folder.join(part)) {
        match std::fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file(&part)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
