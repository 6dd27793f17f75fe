//! Until this operator leads: its store follows the stream of commits, and a standby serves what may be read.

use std::{convert::Infallible, sync::Arc, time::Duration};

use alloy::primitives::B256;
use cairn_fleet::names::Names;
use cairn_types::{AccountId, SignedTransaction, TokenId, Word};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    service::{Checked, StartError},
    supervisor::Faults,
};
use crate::{
    api::{
        Server, Sources, estimate,
        sources::{Answer, Health, Intake, Pressure, Refused, Submitted},
        wire::{FeeEstimate, FeeKind},
    },
    host,
    mempool::fees::FeePolicy,
    replication::{self, Mode, Replication, ReplicationError, Role},
    sequencer::{Follow, Ledger},
    signals::{Shutdown, Signals, shutdown},
    store::{Store, records::BlockNumber},
};

/// When a client of a standby should try again.
const RETRY_MS: u64 = 1_000;
/// How long it is waited for the API's address, which may be in use for a moment.
const PAUSE: Duration = Duration::from_millis(100);

/// A store whose commits are in the stream, of an operator that leads.
#[derive(Debug, Clone)]
pub struct Led {
    pub(super) store: Store,
    pub(super) replication: Replication,
}

impl Checked {
    /// Opens the store, follows the stream of commits, and waits until this operator leads. A standby serves reads
    /// meanwhile. `circuit_set_root` is that of its prover.
    ///
    /// # Errors
    /// It never will lead, or the store cannot be opened.
    pub async fn lead(
        &self,
        mode: Mode,
        circuit_set_root: B256,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Led, StartError> {
        let store = self.open_store().await?;
        let (publish, ledgers) = watch::channel(None);
        let signals = Signals::default();
        let mut readers = Readers {
            store: store.clone(),
            domain: self.domain(),
            signals: signals.clone(),
            follow: None,
            publish,
            l1_block: 0,
        };
        let observer: Box<dyn FnMut() + Send> = match mode {
            Mode::Standby => Box::new(move || readers.replayed()),
            // Nobody reads before it leads.
            Mode::Lead | Mode::Promote => Box::new(|| ()),
        };
        let replication = Replication::start(self.replication(mode), store.clone(), observer)?;
        let sources = |ledger| {
            let metrics = metrics.clone();
            self.reading(&store, &signals, &replication, ledger, circuit_set_root, metrics)
        };
        tokio::select! {
            led = replication.leads() => led?,
            failed = serve(self, ledgers, sources) => match failed? {},
        }
        store.replicate(Arc::new(replication.clone()))?;
        Ok(Led { store, replication })
    }

    fn replication(&self, mode: Mode) -> replication::Config {
        let fleet = &self.config.fleet;
        let host = || format!("{}:{}", host::name(), self.config.api.listen.port());
        let named = Some(fleet.operator.clone()).filter(|name| !name.is_empty());
        let lease = Duration::from_secs(fleet.lease_s);
        replication::Config {
            target: fleet.target(),
            names: fleet.prefix.parse().unwrap_or_else(|_| Names::default()),
            replicas: fleet.replicas,
            max_bytes: i64::from(fleet.stream_gib) << 30,
            lease,
            patience: lease,
            operator: named.unwrap_or_else(host),
            mode,
        }
    }

    /// What the API of a standby reads.
    fn reading(
        &self,
        store: &Store,
        signals: &Signals,
        replication: &Replication,
        ledger: Ledger,
        circuit_set_root: B256,
        metrics: Option<PrometheusHandle>,
    ) -> Sources {
        let role = replication.role();
        let fees = FeePolicy::new(self.config.mempool.fees.clone());
        let standby = Standby { role, ledger: ledger.clone(), fees };
        Sources {
            store: store.clone(),
            intake: Arc::new(standby.clone()),
            accounts: Arc::new(ledger),
            health: Arc::new(standby),
            admin: None,
            signals: signals.clone(),
            about: self.about(circuit_set_root),
            receipt_key: self.keys.receipts.clone(),
            metrics,
        }
    }
}

/// Serves each ledger until there is another, or nobody waits for this any more.
async fn serve(
    checked: &Checked,
    mut ledgers: watch::Receiver<Option<Ledger>>,
    sources: impl Fn(Ledger) -> Sources,
) -> Result<Infallible, StartError> {
    loop {
        let ledger = match ledgers.wait_for(Option::is_some).await.map(|ledger| ledger.clone()) {
            Ok(Some(ledger)) => ledger,
            // Whoever follows has ended, and says why.
            _ => std::future::pending().await,
        };
        ledgers.mark_unchanged();
        let server = match Server::bind(checked.config.api.clone()).await {
            Ok(server) => server,
            Err(error) => {
                warn!(%error, "a standby cannot serve reads yet");
                tokio::time::sleep(PAUSE).await;
                ledgers.mark_changed();
                continue;
            }
        };
        info!(address = %server.address(), "a standby serves reads");
        let (stop, stopped) = shutdown();
        tokio::select! {
            served = server.run(sources(ledger), stopped) => served?,
            _ = ledgers.changed() => {}
        }
        stop.stop();
    }
}

/// The ledger that follows the store.
#[derive(Debug)]
struct Readers {
    store: Store,
    domain: Word,
    signals: Signals,
    follow: Option<Follow>,
    publish: watch::Sender<Option<Ledger>>,
    /// The last block of L1 that the store knew.
    l1_block: BlockNumber,
}

impl Readers {
    /// More commits were made.
    fn replayed(&mut self) {
        let advanced = match &mut self.follow {
            Some(follow) => follow.advance(),
            None => match Follow::start(&self.store, self.domain) {
                Ok(Some(follow)) => {
                    self.publish.send_replace(Some(follow.ledger().clone()));
                    self.follow = Some(follow);
                    Ok(())
                }
                Ok(None) => return,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = advanced {
            // As after batches were stamped anew. The store is as it is; the state is rebuilt from it.
            warn!(%error, "a standby rebuilds its state");
            // Nobody is told of what is not so any more.
            self.publish.send_replace(None);
            self.follow = None;
            return;
        }
        let view = self.store.l1_view.get(&()).ok().flatten().unwrap_or_default();
        if std::mem::replace(&mut self.l1_block, view.block) != view.block {
            self.signals.l1.ring();
        }
        let Signals { block, sealed, proving, settlement, .. } = &self.signals;
        [block, sealed, proving, settlement].into_iter().for_each(|signal| signal.ring());
    }
}

/// What a standby answers.
#[derive(Debug, Clone)]
struct Standby {
    role: watch::Receiver<Role>,
    ledger: Ledger,
    fees: FeePolicy,
}

impl Standby {
    fn why(&self) -> String {
        match &*self.role.borrow() {
            Role::Following { leader, .. } => format!("this operator stands by: {leader} leads"),
            Role::Waiting(reason) => format!("this operator stands by: {reason}"),
            Role::Leading { .. } => "this operator is about to lead".to_owned(),
            Role::Over(error) => error.to_string(),
        }
    }
}

impl Health for Standby {
    fn faults(&self) -> Vec<String> {
        vec![self.why()]
    }
}

impl Intake for Standby {
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>> {
        let refused = || {
            let (reason, message, retry_after_ms) = ("busy", self.why(), Some(RETRY_MS));
            Err(Refused { reason, message, retryable: true, retry_after_ms })
        };
        let answers = transactions.iter().map(|_| refused()).collect();
        Box::pin(std::future::ready(answers))
    }

    fn next_nonce(&self, id: AccountId) -> u32 {
        self.ledger.account(id).nonce
    }

    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> FeeEstimate {
        estimate(&self.fees, token, kind)
    }

    fn pressure(&self) -> Pressure {
        Pressure { waiting: 0, throttled: Some(self.why()) }
    }

    fn room(&self) -> usize {
        usize::MAX
    }
}

/// What is wrong with an operator whose commits are in the stream.
pub(super) struct LeaderHealth {
    pub(super) faults: Faults,
    pub(super) role: watch::Receiver<Role>,
}

impl Health for LeaderHealth {
    fn faults(&self) -> Vec<String> {
        let mut faults = Health::faults(&self.faults);
        match &*self.role.borrow() {
            Role::Leading { waits: Some(reason) } => {
                faults.push(format!("commits wait for NATS: {reason}"));
            }
            Role::Over(error) => faults.push(error.to_string()),
            _ => {}
        }
        faults
    }
}

/// As the first stage to stop: ends the service when another leads; from its end on no commit waits for a server that
/// does not answer.
pub(super) async fn watch_over(
    replication: Replication,
    mut shutdown: Shutdown,
) -> Result<(), ReplicationError> {
    tokio::select! {
        () = shutdown.stopped() => {
            replication.close();
            Ok(())
        }
        lost = replication.lost() => Err(lost),
    }
}

/// As the last one: gives the lease back, so that a standby need not wait for its end.
pub(super) async fn give_back(
    replication: Replication,
    mut shutdown: Shutdown,
) -> Result<(), ReplicationError> {
    shutdown.stopped().await;
    replication.end().await;
    Ok(())
}
