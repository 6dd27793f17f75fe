//! Deploys the contracts with the project's own forge script.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, U256};
use serde::Deserialize;
use thiserror::Error;
use tokio::process::Command;

/// What the contracts are deployed with.
#[derive(Debug, Clone, Copy)]
pub struct Deployment {
    /// Registers tokens and circuit sets, and gives the roles below but the council's.
    pub governor: Address,
    /// Seconds of the timelock that stands between the governor and the contracts; none where zero.
    pub timelock_delay: u64,
    /// Commits batches, and takes back those that are not proven.
    pub committer: Address,
    /// Proves batches.
    pub prover: Address,
    /// Pauses settlement.
    pub guardian: Address,
    /// Retires circuit sets at once, and installs them.
    pub council: Address,
    /// Terms of the priority queue and of upgrades; fixed for good.
    pub terms: Terms,
    /// Which circuits proofs may be made of.
    pub circuit_set_root: B256,
    /// State commitment of the empty tree.
    pub genesis_state: B256,
    /// How many ERC-20 contracts for the demo.
    pub demo_tokens: usize,
}

/// What the contracts promise their users.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Wei that each priority operation pays to whoever proves it.
    pub priority_fee: U256,
    /// Seconds that a priority operation may wait until it is proven.
    pub priority_deadline: u32,
    /// Seconds from the registration of a circuit set until it counts.
    pub upgrade_delay: u32,
    /// The circuits execute forced transactions.
    pub forced_transactions: bool,
    /// Where batches may have their data: 1 for calldata, 2 for blobs, 4 for the committee, or their sum.
    pub data_modes: u8,
}

impl Default for Terms {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self {
            priority_fee: U256::from(10).pow(U256::from(14)),
            priority_deadline: 14 * DAY,
            upgrade_delay: 30 * DAY,
            forced_transactions: false,
            data_modes: 1 | 2,
        }
    }
}

/// Where the contracts are; the part of the script's manifest that the batcher needs.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// The rollup.
    pub rollup: Address,
    /// Its custody.
    pub custody: Address,
    /// The demo's ERC-20 contracts.
    pub tokens: Vec<Address>,
    /// What signatures and proofs are bound to.
    pub domain: B256,
}

/// Why the contracts are not deployed.
#[derive(Debug, Error)]
pub enum DeployError {
    /// forge ended with an error.
    #[error("forge script failed ({status}): {last_line}; its output is in {log}")]
    Script {
        /// Its exit status.
        status: String,
        /// The last line it printed.
        last_line: String,
        /// Where all of it is.
        log: PathBuf,
    },
    /// forge could not be run, or the manifest could not be read.
    #[error("deployment: {what}: {reason}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        reason: String,
    },
}

/// Runs `script/Deploy.s.sol` in `contracts` against the node at `url`, signed with `key`.
///
/// # Errors
/// forge's own, with its last line; or a manifest that does not parse.
pub async fn deploy(
    forge: &Path,
    contracts: &Path,
    url: &str,
    key: &B256,
    folder: &Path,
    deployment: &Deployment,
) -> Result<Manifest, DeployError> {
    let io = |what: &str, reason: String| DeployError::Io { what: what.to_owned(), reason };
    // The script may write below this folder only (foundry.toml).
    let name = format!("deployments/demo-{}.json", std::process::id());
    let output = Command::new(forge)
        .current_dir(contracts)
        .args(["script", "script/Deploy.s.sol", "--broadcast", "--rpc-url", url, "--private-key"])
        .arg(key.to_string())
        .env("CAIRN_GOVERNOR", deployment.governor.to_string())
        .env("CAIRN_TIMELOCK_DELAY", deployment.timelock_delay.to_string())
        .env("CAIRN_COMMITTER", deployment.committer.to_string())
        .env("CAIRN_PROVER", deployment.prover.to_string())
        .env("CAIRN_GUARDIAN", deployment.guardian.to_string())
        .env("CAIRN_COUNCIL", deployment.council.to_string())
        .env("CAIRN_PRIORITY_FEE", deployment.terms.priority_fee.to_string())
        .env("CAIRN_PRIORITY_DEADLINE", deployment.terms.priority_deadline.to_string())
        .env("CAIRN_UPGRADE_DELAY", deployment.terms.upgrade_delay.to_string())
        .env("CAIRN_FORCED_TRANSACTIONS", deployment.terms.forced_transactions.to_string())
        .env("CAIRN_DATA_MODES", deployment.terms.data_modes.to_string())
        .env("CAIRN_CIRCUIT_SET_ROOT", deployment.circuit_set_root.to_string())
        .env("CAIRN_GENESIS_STATE", deployment.genesis_state.to_string())
        .env("CAIRN_DEVELOPMENT_KEYS", "true")
        .env("CAIRN_DEMO_TOKENS", deployment.demo_tokens.to_string())
        .env("CAIRN_MANIFEST", &name)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| io("running forge", e.to_string()))?;
    if !output.status.success() {
        let log = folder.join("deploy.log");
        let text = [output.stdout, output.stderr].concat();
        let _ = std::fs::write(&log, &text);
        let text = String::from_utf8_lossy(&text);
        let last_line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no output");
        return Err(DeployError::Script {
            status: output.status.to_string(),
            last_line: last_line.trim().to_owned(),
            log,
        });
    }
    let path = contracts.join(&name);
    let text =
        std::fs::read_to_string(&path).map_err(|e| io("reading the manifest", e.to_string()))?;
    let manifest =
        serde_json::from_str(&text).map_err(|e| io("parsing the manifest", e.to_string()))?;
    std::fs::remove_file(&path).map_err(|e| io("removing the manifest", e.to_string()))?;
    Ok(manifest)
}
