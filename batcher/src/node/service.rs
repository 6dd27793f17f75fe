//! The service: its parts checked, its stages started, and how they end.

use std::{fmt, sync::Arc, time::Duration};

use alloy::{primitives::B256, providers::DynProvider};
use cairn_prover::{Engine, progress::Silent};
use cairn_state::State;
use metrics_exporter_prometheus::PrometheusHandle;
use thiserror::Error;

use super::{
    checks::{self, CheckError, RollupOnL1},
    config::Config,
    keys::Keys,
    process,
    supervisor::{StageFailure, Supervisor},
};
use crate::{
    l1::connection::connect,
    proving,
    signals::{Shutdown, Signals},
    store::{SCHEMA, Store, StoreError, records::Identity},
    watcher,
};

/// How long all stages have together to stop.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Why the service does not start. Nothing was begun.
#[derive(Debug, Error)]
pub enum StartError {
    /// Something that must hold does not.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A state that only its store knows, and there is no such store.
    #[error(
        "l1.rollup: the rollup started with state {genesis}, and the store in data_dir does not have it: use the data_dir of the deployment, or restore a backup"
    )]
    Genesis {
        /// The state commitment.
        genesis: B256,
    },
}

/// A configuration and keys that fit L1, before anything was written or begun.
#[derive(Debug)]
pub struct Checked {
    config: Config,
    keys: Keys,
    provider: DynProvider,
    rollup: RollupOnL1,
}

impl Checked {
    /// Checks everything that needs no circuits. Trust: `config` was checked.
    ///
    /// # Errors
    /// The first thing that does not hold: one line that says where and what to do.
    pub async fn check(config: Config, keys: Keys) -> Result<Self, StartError> {
        checks::port_is_free("api.listen", config.api.listen)?;
        let urls: Vec<_> = config.l1.urls.iter().filter_map(|url| url.parse().ok()).collect();
        let provider = connect(&urls, &config.l1.connection).map_err(CheckError::from)?;
        let rollup = RollupOnL1::read(&provider, &config.l1).await?;
        rollup.check_account(keys.operator.address()).await?;
        rollup.check_data(config.proving.data.modes()).await?;
        let empty = B256::from(State::genesis().summary().commitment().to_bytes());
        if rollup.genesis != empty && !config.store_dir().exists() {
            return Err(StartError::Genesis { genesis: rollup.genesis });
        }
        checks::is_writable(&config.data_dir)?;
        Ok(Self { config, keys, provider, rollup })
    }
}

/// A running service. Dropping it ends its stages at once, which costs nothing but time at the next start.
pub struct Node {
    supervisor: Supervisor,
    store: Store,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("supervisor", &self.supervisor).finish_non_exhaustive()
    }
}

impl Node {
    /// Starts all stages with this engine.
    ///
    /// # Errors
    /// Proofs of the engine do not count on L1, or the store cannot be opened.
    pub async fn start(
        checked: Checked,
        engine: Arc<dyn Engine>,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, StartError> {
        let Checked { config, keys, provider, rollup } = checked;
        rollup.check_circuits(B256::from(engine.circuit_set_root().to_bytes())).await?;
        let identity = Identity {
            schema: SCHEMA,
            chain_id: config.l1.chain_id,
            rollup: config.l1.rollup,
            genesis: rollup.genesis,
        };
        let store = Store::open(&config.store_dir(), &identity)?;
        let signals = Signals::default();

        let mut supervisor = Supervisor::default();
        let input = proving::Input {
            engine,
            progress: Arc::new(Silent),
            committee: None,
            genesis: rollup.genesis,
            config: config.proving.clone(),
        };
        supervisor.start("proving", {
            let (store, signals) = (store.clone(), signals.clone());
            |shutdown| proving::run(input, store, signals, shutdown)
        });
        let operator = keys.operator.address();
        let mut watcher = config.watcher.clone();
        watcher.committer = watcher.committer.or(Some(operator));
        watcher.prover = watcher.prover.or(Some(operator));
        let input = watcher::Input {
            provider,
            rollup: config.l1.rollup,
            custody: rollup.custody,
            first_block: config.l1.first_block,
            config: watcher,
        };
        supervisor.start("watcher", {
            let (store, signals) = (store.clone(), signals.clone());
            |shutdown| watcher::run(input, store, signals, shutdown)
        });
        supervisor.start("process metrics", |shutdown| process::run(metrics, shutdown));
        Ok(Self { supervisor, store })
    }

    /// Adds a stage that stops after all that are there.
    pub fn supervise<F, E>(&mut self, name: &'static str, stage: impl FnOnce(Shutdown) -> F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        self.supervisor.start(name, stage);
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits for the first stage that fails. Nothing is lost when this future is dropped.
    pub async fn failure(&mut self) -> StageFailure {
        self.supervisor.failure().await
    }

    /// Stops all stages, intake first; what has not stopped after [`STOP_LIMIT`] is ended.
    ///
    /// # Errors
    /// The first stage that failed on the way, or took too long.
    pub async fn stop(self) -> Result<(), StageFailure> {
        self.supervisor.stop(STOP_LIMIT).await
    }
}
