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

use std::sync::Arc;

use alloy::primitives::B256;
use cairn_prover::{Engine, progress::Progress};

use self::{config::ProvingConfig, error::ProvingError, prove::Proving, publish::Publisher};
pub use self::{
    publish::{SignData, Signing},
    requeue::requeue,
};
use crate::{
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
    /// Listens to the engine.
    pub progress: Arc<dyn Listener>,
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
    let Input { engine, progress, committee, genesis, config } = input;
    let data = config.data;
    let publisher =
        Publisher { data, genesis, committee, store: store.clone(), signals: signals.clone() };
    let proving = Proving { engine, progress, config, store, signals };
    tokio::try_join!(publisher.run(shutdown.clone()), proving.run(shutdown)).map(drop)
}
