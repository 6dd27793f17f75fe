//! The service: its parts checked, its stages started, and how they end.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use alloy::{primitives::B256, providers::DynProvider};
use cairn_prover::{Engine, progress::Silent};
use cairn_state::State;
use cairn_types::{Word, domain};
use metrics_exporter_prometheus::PrometheusHandle;
use thiserror::Error;
use tokio::sync::watch;

use super::{
    admin::Operator,
    checks::{self, CheckError, RollupOnL1},
    config::Config,
    keys::{self, KeyError, Keys},
    market, process,
    supervisor::{StageFailure, Supervisor},
};
use crate::{
    api::{
        Server, ServerError, Sources,
        sources::{About, AdminAccess},
    },
    l1::connection::connect,
    mempool::{self, Mempool, MempoolError},
    proving,
    sequencer::{self, SequencerError},
    settlement,
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
    /// The API's socket.
    #[error(transparent)]
    Api(#[from] ServerError),
    /// The operator's token.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The state cannot be rebuilt.
    #[error(transparent)]
    Sequencer(#[from] SequencerError),
    /// The mempool cannot be rebuilt.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// A bug.
    #[error("opening the store: {0}")]
    Panicked(tokio::task::JoinError),
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
    address: SocketAddr,
    is_drained: watch::Receiver<bool>,
}

/// What is opened from the store, which takes seconds where there are millions of accounts.
struct Rooms {
    store: Store,
    started: sequencer::Started,
    mempool: Mempool,
    intake: mempool::Intake,
}

impl Rooms {
    fn open(
        config: &Config,
        identity: &Identity,
        domain: Word,
        signals: Signals,
    ) -> Result<Self, StartError> {
        let store = Store::open(&config.store_dir(), identity)?;
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
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, StartError> {
        let Checked { config, keys, provider, rollup } = checked;
        let circuit_set_root = B256::from(engine.circuit_set_root().to_bytes());
        rollup.check_circuits(circuit_set_root).await?;
        let server = Server::bind(config.api.clone()).await?;
        let address = server.address();
        let token = keys::token(&config.admin_token_file())?;
        let identity = Identity {
            schema: SCHEMA,
            chain_id: config.l1.chain_id,
            rollup: config.l1.rollup,
            genesis: rollup.genesis,
        };
        let domain = domain(identity.chain_id, &identity.rollup.0.0);
        let signals = Signals::default();
        let rooms = {
            let (config, signals) = (config.clone(), signals.clone());
            let open = move || Rooms::open(&config, &identity, domain, signals);
            tokio::task::spawn_blocking(open).await.map_err(StartError::Panicked)??
        };
        let Rooms { store, started, mempool, intake } = rooms;
        let ledger = started.ledger().clone();
        let (commands, receiver) = sequencer::commands();
        let (drained, is_drained) = watch::channel(false);

        let mut supervisor = Supervisor::default();
        let operator = Operator {
            commands,
            ledger: ledger.clone(),
            store: store.clone(),
            signals: signals.clone(),
            drained,
        };
        let sources = Sources {
            store: store.clone(),
            intake: Arc::new(mempool.clone()),
            accounts: Arc::new(ledger),
            health: Arc::new(supervisor.faults()),
            admin: Some(AdminAccess { admin: Arc::new(operator), token }),
            signals: signals.clone(),
            about: About {
                chain_id: config.l1.chain_id,
                rollup: config.l1.rollup,
                custody: rollup.custody,
                circuit_set_root,
                data_modes: rollup.data_modes.iter().collect(),
            },
            receipt_key: keys.receipts.clone(),
            metrics: metrics.clone(),
        };
        let fees = mempool.fees().clone();
        let sequencer = sequencer::Input {
            started,
            transactions: mempool,
            config: config.sequencer.clone(),
            domain,
            commands: receiver,
        };
        let proving = proving::Input {
            engine,
            progress: Arc::new(Silent),
            committee: None,
            genesis: rollup.genesis,
            config: config.proving.clone(),
        };
        let settlement = settlement::Input {
            provider: provider.clone(),
            signer: keys.operator.clone(),
            rollup: config.l1.rollup,
            chain_id: config.l1.chain_id,
            config: config.settlement.clone(),
        };
        let account = keys.operator.address();
        let mut watching = config.watcher.clone();
        watching.committer = watching.committer.or(Some(account));
        watching.prover = watching.prover.or(Some(account));
        let watcher = watcher::Input {
            provider,
            rollup: config.l1.rollup,
            custody: rollup.custody,
            first_block: config.l1.first_block,
            config: watching,
        };

        // In the order in which they stop.
        let shared = || (store.clone(), signals.clone());
        supervisor.start("api", |shutdown| server.run(sources, shutdown));
        supervisor.start("mempool", |shutdown| intake.run(shutdown));
        let (s, n) = shared();
        supervisor.start("sequencer", |shutdown| sequencer::run(sequencer, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("proving", |shutdown| proving::run(proving, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("settlement", |shutdown| settlement::run(settlement, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("watcher", |shutdown| watcher::run(watcher, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("fees", |shutdown| market::run(fees, s, n, shutdown));
        supervisor.start("process metrics", |shutdown| process::run(metrics, shutdown));
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
                // Only the API could say so, and it has ended.
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
