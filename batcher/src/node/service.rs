//! The service: its parts checked, its stages started, and how they end.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use alloy::{primitives::B256, providers::DynProvider};
use cairn_fleet::coordinator::Coordinator;
use cairn_prover::{Engine, progress::Silent};
use cairn_state::State;
use cairn_types::{DataMode, Word, domain};
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::Url;
use thiserror::Error;
use tokio::sync::watch;

use super::{
    admin::Operator,
    checks::{self, CheckError, RollupOnL1},
    config::Config,
    keys::{self, KeyError, Keys},
    stages::Stages,
    standby::Led,
    supervisor::{StageFailure, Supervisor},
};
use crate::{
    api::{
        Server, ServerError,
        sources::{About, AdminAccess},
    },
    l1::{connection::connect, data_modes::DataModes},
    mempool::{self, Mempool, MempoolError},
    proving::{self, config::NO_COMMITTEE},
    replication::ReplicationError,
    sequencer::{self, SequencerError},
    signals::{Shutdown, Signals},
    store::{SCHEMA, Store, StoreError, records::Identity},
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
    /// The API's socket.
    #[error(transparent)]
    Api(#[from] ServerError),
    /// Nobody signs for data off L1.
    #[error("proving.data: {NO_COMMITTEE}")]
    NoCommittee,
    /// The operator's token.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The state cannot be rebuilt.
    #[error(transparent)]
    Sequencer(#[from] SequencerError),
    /// The mempool cannot be rebuilt.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// The store's commits are in a stream, and others may follow it.
    #[error(
        "the store in data_dir is followed by a standby, or was: start with --nats (fleet.url), as before; or with --alone, after which no standby can go on from it"
    )]
    Followed,
    /// The stream of commits.
    #[error(transparent)]
    Replication(#[from] ReplicationError),
    /// A bug.
    #[error("opening the store: {0}")]
    Panicked(tokio::task::JoinError),
}

/// A configuration and keys that fit L1, before anything was written or begun.
#[derive(Debug)]
pub struct Checked {
    pub(super) config: Config,
    pub(super) keys: Keys,
    pub(super) provider: DynProvider,
    pub(super) rollup: RollupOnL1,
    /// Where batches may have their data.
    pub(super) modes: DataModes,
    /// Whether a stream that the store's commits were in may be left.
    is_alone: bool,
}

impl Checked {
    /// Checks everything that needs no circuits. Trust: `config` was checked.
    ///
    /// # Errors
    /// The first thing that does not hold: one line that says where and what to do.
    pub async fn check(config: Config, keys: Keys) -> Result<Self, StartError> {
        checks::port_is_free("api.listen", config.api.listen)?;
        let urls = parsed(&config.l1.urls);
        let provider = connect(&urls, &config.l1.connection).map_err(CheckError::from)?;
        let rollup = RollupOnL1::read(&provider, &config.l1).await?;
        rollup.check_account(keys.operator.address()).await?;
        let modes = rollup.check_data(config.proving.data.modes()).await?;
        let empty = B256::from(State::genesis().summary().commitment().to_bytes());
        if rollup.genesis != empty && !config.store_dir().exists() {
            return Err(StartError::Genesis { genesis: rollup.genesis });
        }
        keys::check_token(&config.admin_token_file())?;
        checks::is_writable(&config.data_dir)?;
        Ok(Self { config, keys, provider, rollup, modes, is_alone: false })
    }
}

impl Checked {
    /// What was checked.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What signatures are bound to.
    pub(super) fn domain(&self) -> Word {
        domain(self.config.l1.chain_id, &self.config.l1.rollup.0.0)
    }

    /// The nodes of L1.
    pub(super) fn urls(&self) -> Vec<Url> {
        parsed(&self.config.l1.urls)
    }

    /// Which rollup it is, with the circuits of its prover.
    pub(super) fn about(&self, circuit_set_root: B256) -> About {
        About {
            chain_id: self.config.l1.chain_id,
            rollup: self.config.l1.rollup,
            custody: self.rollup.custody,
            circuit_set_root,
            data_modes: self.rollup.data_modes.iter().collect(),
        }
    }

    pub(super) async fn open_store(&self) -> Result<Store, StartError> {
        let identity = Identity {
            schema: SCHEMA,
            chain_id: self.config.l1.chain_id,
            rollup: self.config.l1.rollup,
            genesis: self.rollup.genesis,
        };
        let folder = self.config.store_dir();
        blocking(move || Ok(Store::open(&folder, &identity)?)).await
    }

    /// Opens a store whose commits are in no stream: who follows one would lack what is written now.
    async fn open_alone(&self) -> Result<Store, StartError> {
        let store = self.open_store().await?;
        match store.replica.get(&())? {
            Some(_) if !self.is_alone => return Err(StartError::Followed),
            Some(_) => store.leave_stream()?,
            None => {}
        }
        Ok(store)
    }

    /// From now on the store's commits are in no stream, even if they were.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }
}

/// Opens what takes a while.
async fn blocking<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, StartError> + Send + 'static,
) -> Result<T, StartError> {
    tokio::task::spawn_blocking(open).await.map_err(StartError::Panicked)?
}

/// Trust: they were checked, so that none is left out.
fn parsed(urls: &[String]) -> Vec<Url> {
    urls.iter().filter_map(|url| url.parse().ok()).collect()
}

/// What a service may have besides.
#[derive(Debug, Clone)]
pub struct Extras {
    /// Where metrics are collected.
    pub metrics: Option<PrometheusHandle>,
    /// Hears of the engine's progress.
    pub progress: Arc<dyn proving::Listener>,
    /// The data committee.
    pub committee: Option<Arc<dyn proving::SignData>>,
    /// The fleet, where the engine is one.
    pub fleet: Option<Coordinator>,
    /// The store, where its commits are in a stream for a standby.
    pub led: Option<Led>,
}

impl Default for Extras {
    fn default() -> Self {
        Self { metrics: None, progress: Arc::new(Silent), committee: None, fleet: None, led: None }
    }
}

/// A running service. Dropping it ends its stages at once, which costs nothing but time at the next start.
pub struct Node {
    supervisor: Supervisor,
    store: Store,
    address: SocketAddr,
    is_drained: watch::Receiver<bool>,
}

/// What is opened from the store, which takes seconds where there are millions of accounts.
pub(super) struct Rooms {
    pub(super) store: Store,
    pub(super) started: sequencer::Started,
    pub(super) mempool: Mempool,
    pub(super) intake: mempool::Intake,
}

impl Rooms {
    fn open(
        config: &Config,
        store: Store,
        domain: Word,
        signals: Signals,
    ) -> Result<Self, StartError> {
        let started = sequencer::start(&store, domain)?;
        let accounts = Arc::new(started.ledger().clone());
        let settings = config.mempool.clone();
        let (mempool, intake) = Mempool::open(settings, domain, accounts, store.clone(), signals)?;
        Ok(Self { store, started, mempool, intake })
    }
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
        extras: Extras,
    ) -> Result<Self, StartError> {
        let root = B256::from(engine.circuit_set_root().to_bytes());
        let accepted = checked.rollup.check_circuits(root).await?;
        if checked.modes == DataModes::only(DataMode::Committee) && extras.committee.is_none() {
            return Err(StartError::NoCommittee);
        }
        let server = Server::bind(checked.config.api.clone()).await?;
        let address = server.address();
        let token = keys::token(&checked.config.admin_token_file())?;
        let signals = Signals::default();
        let store = match &extras.led {
            Some(led) => led.store.clone(),
            None => checked.open_alone().await?,
        };
        let (config, domain) = (checked.config.clone(), checked.domain());
        let (opened, news) = (store.clone(), signals.clone());
        let rooms = blocking(move || Rooms::open(&config, opened, domain, news)).await?;

        let (commands, receiver) = sequencer::commands();
        let (drained, is_drained) = watch::channel(false);
        let operator = Operator {
            commands,
            ledger: rooms.started.ledger().clone(),
            store: store.clone(),
            signals: signals.clone(),
            maintenance: Arc::default(),
            drained,
            fleet: extras.fleet.clone(),
        };
        if rooms.started.is_draining() {
            operator.end_when_drained();
        }
        let access = AdminAccess { admin: Arc::new(operator), token };
        let stages =
            Stages { checked, engine, accepted, extras, rooms, signals, commands: receiver };
        let mut supervisor = Supervisor::default();
        stages.start(&mut supervisor, server, access);
        Ok(Self { supervisor, store, address, is_drained })
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
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

    /// Waits until the service should end of itself. Nothing is lost when this future is dropped.
    ///
    /// # Errors
    /// A stage has failed. Otherwise the operator has drained it.
    pub async fn ended(&mut self) -> Result<(), StageFailure> {
        let drained = async {
            if self.is_drained.wait_for(|is| *is).await.is_err() {
                // Nobody is left who could say so.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            failure = self.supervisor.failure() => Err(failure),
            () = drained => Ok(()),
        }
    }

    /// Stops all stages, intake first; what has not stopped after [`STOP_LIMIT`] is ended.
    ///
    /// # Errors
    /// The first stage that failed on the way, or took too long.
    pub async fn stop(self) -> Result<(), StageFailure> {
        self.supervisor.stop(STOP_LIMIT).await
    }
}
