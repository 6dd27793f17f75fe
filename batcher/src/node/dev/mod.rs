//! A rollup for development: a local L1 with the contracts, accounts whose keys everyone knows, and a folder from which the
//! next start goes on.
//!
//! ```text
//! folder/ development.json   what is deployed; written last, so that a set-up that was cut short starts over
//!         manifest.json      for `cairn verify-deployment`
//!         l1/                anvil's state and log
//!         store/             the operator's
//! ```

pub mod deployment;
mod fund;
pub mod genesis;
pub mod summary;

use std::{
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
    store::StoreError,
    watcher::WatcherConfig,
};

/// First account of the mnemonic that anvil funds: the operator, and everything else. Never use it on a chain with value.
pub const OPERATOR_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Last account of the mnemonic that anvil funds: signs receipts.
pub const RECEIPT_KEY: &str = "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6";

/// Says that a set-up has begun and not ended.
const MARKER: &str = "development.unfinished";

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
    #[error("the rollup in {} has {got} {what}, {expected} were asked for: choose another folder", .folder.display())]
    OtherRollup {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        what: &'static str,
        /// Asked for.
        expected: u32,
        /// What is there.
        got: u32,
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

/// A local L1 with a rollup on it.
#[derive(Debug)]
pub struct DevChain {
    /// What is deployed.
    pub deployment: Deployment,
    anvil: Anvil,
    block_time: u64,
}

impl DevChain {
    /// Starts the L1 of the folder, and deploys what `plan` says if the folder is new.
    ///
    /// # Errors
    /// The folder is something else's, a tool is missing, the port is in use, or L1 refuses.
    pub async fn start(place: &Place, plan: &Plan) -> Result<Self, DevError> {
        let folder = &place.folder;
        let present = Deployment::read(folder)?;
        if let Some(present) = &present {
            let (expected, got) = (plan.accounts, present.accounts);
            if plan.prepared != present.prepared || (plan.prepared && expected != got) {
                let (what, folder) = ("accounts", folder.clone());
                return Err(DevError::OtherRollup { folder, what, expected, got });
            }
        } else {
            begin(folder)?;
        }
        let program = tools::find(&place.contracts.join("node_modules"), "anvil")?;
        let l1 = folder.join("l1");
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
        Ok(Self { deployment, anvil, block_time: place.block_time })
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
        let _ = tokio::task::spawn_blocking(move || drop(self.anvil)).await;
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

/// Takes an empty folder, or one in which a set-up was cut short.
fn begin(folder: &Path) -> Result<(), DevError> {
    std::fs::create_dir_all(folder).map_err(file(folder))?;
    let marker = folder.join(MARKER);
    if marker.exists() {
        for part in ["l1", "store"].map(|part| folder.join(part)) {
            match std::fs::remove_dir_all(&part) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(file(&part)(error));
                }
                _ => {}
            }
        }
        return Ok(());
    }
    let mut entries = std::fs::read_dir(folder).map_err(file(folder))?;
    if entries.next().is_some() {
        return Err(DevError::OtherFolder { folder: folder.to_owned() });
    }
    std::fs::write(&marker, "").map_err(file(&marker))
}
