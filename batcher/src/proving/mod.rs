//! From sealed batches to verified proofs.
//!
//! ```text
//! jobs -> publish: where the data goes, header -> publications -> prove (an engine) -> proofs
//! ```
//!
//! Publishing fixes a batch's header, so that it can be committed and proven at the same time. Batches
//! that wait when the engine is free share a proof. Writes `publications` and `proofs` only.

pub mod config;
pub mod error;
pub mod pace;
pub mod price;
mod prove;
mod publish;
mod requeue;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::B256;
use cairn_prover::{Engine, progress::Progress};

use self::{config::ProvingConfig, error::ProvingError, prove::Proving, publish::Publisher};
pub use self::{
    publish::{SignData, Signing},
    requeue::requeue,
};
use crate::{
    l1::data_modes::DataModes,
    signals::{Shutdown, Signals},
    store::Store,
};

/// What hears of the engine's progress while the service runs.
pub trait Listener: Progress + std::fmt::Debug + Send + Sync {}

impl<T: Progress + std::fmt::Debug + Send + Sync> Listener for T {}

/// What the stage works with.
#[derive(Debug)]
pub struct Input {
    /// Proves.
    pub engine: Arc<dyn Engine>,
    /// Roots of the circuit sets that L1 has and has not retired: earlier proofs of these are kept.
    pub accepted: BTreeSet<B256>,
    /// Listens to the engine.
    pub progress: Arc<dyn Listener>,
    /// Where batches may have their data: what the configuration wants, and deployment and chain take.
    pub modes: DataModes,
    /// The data committee, if there is one.
    pub committee: Option<Arc<dyn SignData>>,
    /// State commitment that the rollup started with.
    pub genesis: B256,
    /// Settings.
    pub config: ProvingConfig,
}

/// Publishes and proves until it is told to stop.
///
/// # Errors
/// What no waiting mends: see [`ProvingError`].
pub async fn run(
    input: Input,
    store: Store,
    signals: Signals,
    shutdown: Shutdown,
) -> Result<(), ProvingError> {
    let Input { engine, accepted, progress, modes, committee, genesis, config } = input;
    let publisher =
        Publisher { modes, genesis, committee, store: store.clone(), signals: signals.clone() };
    let patience = prove::PATIENCE;
    let proving = Proving { engine, accepted, progress, patience, config, store, signals };
    tokio::try_join!(publisher.run(shutdown.clone()), proving.run(shutdown)).map(drop)
}
