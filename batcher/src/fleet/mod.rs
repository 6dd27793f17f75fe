//! Proving on other machines: the fleet as the operator has it.

pub mod config;
pub mod local;
pub mod metrics;
pub mod totals;
pub mod view;

use std::{path::Path, sync::Arc};

use cairn_fleet::{
    coordinator::{Config, Coordinator},
    engine::{FleetEngine, version},
    error::FleetError,
    ledger::Settings,
    names::Names,
};
use cairn_prover::LocalProver;

use self::config::FleetConfig;

/// The folder in `data_dir` with the work of assignments that nobody could do.
const KEPT: &str = "quarantine";

/// A coordinator, and the engine that proves by it.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Proves.
    pub engine: Arc<FleetEngine>,
    /// What is asked how the fleet is.
    pub coordinator: Coordinator,
}

impl Fleet {
    /// Connects to the server and makes what the fleet needs there. Blocks until then. Trust: `config` was checked.
    ///
    /// # Errors
    /// The server's.
    pub fn start(
        config: &FleetConfig,
        prover: Arc<LocalProver>,
        data_dir: &Path,
    ) -> Result<Self, FleetError> {
        let coordinator = Coordinator::start(Config {
            target: config.target(),
            names: config.prefix.parse().unwrap_or_else(|_| Names::default()),
            version: version(&prover),
            settings: Settings::default(),
            kept: Some(data_dir.join(KEPT)),
            replicas: config.replicas,
        })?;
        let (proofs, operations) = (config.proofs, config.max_operations_a_chunk);
        let engine = FleetEngine::new(prover, coordinator.clone(), proofs, operations);
        Ok(Self { engine: Arc::new(engine), coordinator })
    }
}
