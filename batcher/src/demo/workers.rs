//! The demo's own fleet: a NATS server and workers on this machine.

use std::{path::Path, sync::Arc};

use cairn_prover::LocalProver;
use eyre::{Result, WrapErr};

use crate::{
    api::wire::FleetWorker,
    fleet::{
        Fleet,
        config::FleetConfig,
        local::{LocalFleet, Plan},
        view,
    },
};

/// A fleet that ends with this value.
#[derive(Debug)]
pub struct Workers {
    /// Proves.
    pub fleet: Fleet,
    // After the coordinator, which waits for none of it.
    _local: LocalFleet,
}

impl Workers {
    /// Starts server and workers, with a chunk for each worker where a batch is large enough.
    ///
    /// # Errors
    /// A program is not there, or does not start.
    pub async fn start(folder: &Path, plan: Plan, prover: &Arc<LocalProver>) -> Result<Self> {
        let (folder, prover) = (folder.join("fleet"), Arc::clone(prover));
        let start = move || -> Result<Self> {
            let local = LocalFleet::start(&folder.join("nats"), &plan)?;
            let config = FleetConfig { proofs: 1, ..local.config() };
            let fleet = Fleet::start(&config, prover, &folder).wrap_err("starting the fleet")?;
            Ok(Self { fleet, _local: local })
        };
        tokio::task::spawn_blocking(start).await?
    }

    /// What each worker has done.
    pub async fn report(&self) -> Vec<FleetWorker> {
        view::fleet(self.fleet.coordinator.look().await).workers
    }
}
