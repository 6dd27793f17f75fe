//! What a development rollup is made of.

use std::path::Path;

use alloy::primitives::{Address, B256};
use cairn_prover::files::write_atomically;
use cairn_state::State;
use cairn_types::{AccountId, FIRST_USER_ID};
use serde::{Deserialize, Serialize};

use super::{DevError, Place, file, fund, genesis, keys};
use crate::{
    deploy::{
        DeployError,
        development::{self, Built, deploy_built},
        manifest::Circuits,
        source_commit,
    },
    l1::{anvil::CHAIN_ID, artifacts::Artifacts, data_modes::DataModes},
    snapshot::Snapshot,
    store::{SCHEMA, Store, records::Identity},
};

const FILE: &str = "development.json";
/// The state that the rollup starts with, where that is not empty.
const LEDGER: &str = "genesis.snapshot";

/// Whether a folder has a deployment.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// What is to be deployed in a new folder.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The contracts, built.
    pub artifacts: Artifacts,
    /// What the verifier follows from.
    pub circuits: Circuits,
    /// So many accounts with money are there from the beginning, in the state that the rollup starts with.
    pub prepared: Option<u32>,
    /// Otherwise L1 deposits for so many.
    pub deposited: u32,
}

/// A token of a development rollup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// For people.
    pub name: String,
    /// Its contract; zero is ether.
    pub asset: Address,
    /// A quantum is ten to this power of base units.
    pub quantum_exponent: u8,
}

/// What is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The rollup's contract.
    pub rollup: Address,
    /// Holds the funds.
    pub custody: Address,
    /// The block of the first transaction.
    pub first_block: u64,
    /// What signatures are bound to.
    pub domain: B256,
    /// State commitment that the rollup started with.
    pub genesis: B256,
    /// By their numbers.
    pub tokens: Vec<Token>,
    /// Accounts with money.
    pub accounts: u32,
    /// They were in the state that the rollup started with.
    pub prepared: bool,
}

/// The state that the rollup starts with, and its commitment. It takes a minute for millions of accounts, and who waits for it
/// may be told to stop.
async fn first_state(prepared: Option<u32>) -> Result<(State, B256), DevError> {
    let make = move || {
        let mut state = prepared.map_or_else(State::genesis, genesis::funded);
        let start = B256::from(state.summary().commitment().to_bytes());
        (state, start)
    };
    tokio::task::spawn_blocking(make).await.map_err(DevError::Panicked)
}

impl Deployment {
    /// What is in the folder; none where there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, DevError> {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file(&path)(error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| file(&path)(e.into()))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), DevError> {
        let path = folder.join(FILE);
        write_atomically(&path, |file| Ok(serde_json::to_writer_pretty(file, self)?))
            .map_err(file(&path))
    }

    /// Deploys, registers tokens, and gives the accounts their money. The store has the state that the rollup starts with
    /// where that is not empty.
    pub(super) async fn make(place: &Place, plan: &Plan, url: &str) -> Result<Self, DevError> {
        let signer = keys().operator;
        let (mut state, start) = first_state(plan.prepared).await?;

        let built = Built {
            artifacts: &plan.artifacts,
            circuits: plan.circuits.clone(),
            commit: source_commit(&place.contracts).await,
        };
        let accounts = development::Accounts { deployer: &signer, operator: signer.address() };
        let deployed = deploy_built(built, url, accounts, start, DataModes::ON_L1, 1).await?;
        let development::Deployed { manifest, l1, tokens } = deployed;
        manifest.write(&place.folder.join("manifest.json")).map_err(DeployError::from)?;
        let token = tokens.first().copied().unwrap_or_default();
        let deposits = if plan.prepared.is_some() { 0 } else { plan.deposited };
        let tokens = fund::fund(url, signer, l1, token, deposits).await?;

        let deployment = Self {
            rollup: l1.rollup,
            custody: l1.custody,
            first_block: manifest.first_block,
            domain: manifest.domain,
            genesis: start,
            tokens,
            accounts: plan.prepared.unwrap_or(plan.deposited),
            prepared: plan.prepared.is_some(),
        };
        if deployment.prepared {
            let (store, identity) = (place.folder.join("store"), deployment.identity());
            let ledger = place.folder.join(LEDGER);
            let write = move || {
                genesis::write(&Store::open(&store, &identity)?, &mut state)?;
                let (chain_id, rollup) = (identity.chain_id, identity.rollup);
                Snapshot { chain_id, rollup, batch: 0, state }.write(&ledger)?;
                Ok::<_, DevError>(())
            };
            tokio::task::spawn_blocking(write).await.map_err(DevError::Panicked)??;
        }
        Ok(deployment)
    }

    /// Whose store the folder has.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let (rollup, genesis) = (self.rollup, self.genesis);
        Identity { schema: SCHEMA, chain_id: CHAIN_ID, rollup, genesis }
    }

    /// The leaf that account `i` has of a token, once the deposits are executed; none where it has none.
    #[must_use]
    pub fn leaf(&self, i: u32, token: u16) -> Option<AccountId> {
        let tokens = if self.prepared { 1 } else { self.tokens.len() as u64 };
        if i >= self.accounts || u64::from(token) >= tokens {
            return None;
        }
        AccountId::try_from(FIRST_USER_ID + u64::from(i) * tokens + u64::from(token)).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Who makes many accounts hears a signal meanwhile.
    #[tokio::test]
    async fn the_first_state_is_not_made_on_the_thread_that_waits() {
        let made = tokio::time::timeout(Duration::ZERO, first_state(Some(20_000))).await;
        assert!(made.is_err(), "nothing else ran before it was there");
    }
}
