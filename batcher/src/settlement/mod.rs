//! Settles batches on L1: the only sender of the operator's L1 transactions.
//!
//! ```text
//! publications, proofs --> plan --> draft --> sender --> L1
//!        l1_* (watcher) ----^        (checks)   | ^        |
//!                                            outbox <-- confirm
//! ```
//!
//! Every transaction has a nonce of our own choice and is stored, signed, before it is sent: whenever we are killed, the next
//! start goes on with the same bytes. All forms of a transaction share a nonce, so that one of them is mined at most. That a
//! batch is committed or proven, the watcher says and nobody else; so the worst that a lying node, another committer or a
//! second service with the same key can do is to make us pay for a transaction that the contract refuses.

mod alarms;
mod chain;
pub mod config;
mod confirm;
mod draft;
pub mod error;
pub mod fees;
mod outbox;
mod plan;
mod sender;
mod signed;
mod verdict;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::{
    primitives::Address,
    providers::{DynProvider, Provider},
    signers::local::PrivateKeySigner,
};
use metrics::counter;
use tracing::{Instrument, info, info_span, warn};

use self::{
    alarms::{Alarm, Alarms},
    chain::Chain,
    draft::Simulated,
    outbox::Outbox,
    plan::{Owed, Pool, Ready},
    sender::Sender,
    signed::{Call, Signer},
};
pub use self::{config::SettlementConfig, error::SettlementError};
use crate::{
    l1::error::{L1Error, rpc},
    signals::{Shutdown, Signals},
    store::{
        Store,
        records::{L1View, Milliseconds, Purpose},
    },
};

/// Commitments of published batches that are looked at in one round: more than can be on their way.
const LOOK_AHEAD: usize = 32;
/// Longest pause after the node did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the settlement needs beside the store.
pub struct Input {
    /// L1. Must not fill in nonces or sign: the settlement does.
    pub provider: DynProvider,
    /// Whose account commits, proves and pays.
    pub signer: PrivateKeySigner,
    /// The rollup's contract.
    pub rollup: Address,
    /// L1's chain: nothing is sent to another one.
    pub chain_id: u64,
    /// Checked already.
    pub config: SettlementConfig,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rollup, chain_id, config, .. } = self;
        let account = self.signer.address();
        f.debug_struct("Input")
            .field("account", &account)
            .field("rollup", rollup)
            .field("chain_id", chain_id)
            .field("config", config)
            .finish_non_exhaustive()
    }
}

/// Settles until it is told to stop. What it was doing then, the next start goes on with.
///
/// # Errors
/// What waiting does not mend, see [`SettlementError::is_transient`].
pub async fn run(
    input: Input,
    store: Store,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), SettlementError> {
    let (mut l1, mut proving) = (signals.l1.listen(), signals.proving.listen());
    let poll = input.config.poll();
    let mut room = Settlement::new(input, store, signals)?;
    let mut pause = poll;
    loop {
        let round = tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            round = room.round() => round,
        };
        match round {
            Ok(()) => pause = poll,
            Err(e) if e.is_transient() => {
                counter!("rpc_error_count").increment(1);
                room.alarms.raise(Alarm::L1, &e);
                pause = (pause * 2).min(LONGEST_PAUSE.max(poll));
            }
            Err(e) => return Err(e),
        }
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
            () = l1.changed() => {}
            () = proving.changed() => {}
        }
    }
}

struct Settlement {
    sender: Sender,
    rollup: Address,
    config: SettlementConfig,
    store: Store,
    signals: Signals,
    outbox: Outbox,
    alarms: Alarms,
    /// What the contract would refuse, and at which head it was asked.
    held: Option<Held>,
    /// Whether the node serves the right chain; not yet asked, or yes.
    chain_checked: Option<u64>,
    /// After the last nonce that is known to be used.
    known_nonces: u64,
}

struct Held {
    purpose: Purpose,
    head: u64,
    reason: String,
}

impl Settlement {
    fn new(input: Input, store: Store, signals: Signals) -> Result<Self, SettlementError> {
        let Input { provider, signer, rollup, chain_id, config } = input;
        let sender = Sender {
            provider,
            signer: Signer::new(signer, chain_id),
            caps: config.caps(),
            resubmit_after: config.resubmit_after_ms,
        };
        let outbox = Outbox::open(store.clone())?;
        info!(account = %sender.signer.address(), %rollup, waiting = outbox.nonces().len(), "settling");
        Ok(Self {
            sender,
            rollup,
            config,
            store,
            signals,
            known_nonces: outbox.end(),
            outbox,
            alarms: Alarms::new(),
            held: None,
            chain_checked: Some(chain_id),
        })
    }

    /// Looks at L1, decides what is owed, and sends it. Any part of it may be done again.
    async fn round(&mut self) -> Result<(), SettlementError> {
        self.alarms.begin_round();
        self.check_chain().await?;
        // The watcher's word first, so that the node's is not older.
        let view = self.store.l1_view.get(&())?.unwrap_or_default();
        let provider = self.sender.provider.clone();
        let chain = Chain::read(&provider, self.sender.signer.address()).await?;
        self.alarms.see(&chain, self.config.low_balance());
        self.reconcile(&chain)?;
        let confirmations = self.config.confirmations;
        if confirm::confirm(&provider, &chain, &mut self.outbox, confirmations).await? {
            self.signals.settlement.ring();
        }
        // On another branch than the node, or ahead of it, the watcher's word says nothing about our transactions.
        if chain.contains(&provider, view.block, view.block_hash).await? {
            self.plan(&view, &chain).await?;
        }
        self.sender.deliver(&chain, &mut self.outbox, &mut self.alarms).await?;
        self.alarms.end_round();
        Ok(())
    }

    async fn check_chain(&mut self) -> Result<(), SettlementError> {
        let Some(expected) = self.chain_checked else { return Ok(()) };
        let got = self.sender.provider.get_chain_id().await;
        let got = got.map_err(|e| rpc("reading the chain id", e))?;
        if got != expected {
            return Err(L1Error::WrongChain { expected, got }.into());
        }
        self.chain_checked = None;
        Ok(())
    }

    /// Holds the account's nonce against the outbox.
    fn reconcile(&mut self, chain: &Chain) -> Result<(), SettlementError> {
        let (expected, got) = (self.outbox.first_open(), chain.nonce);
        if got < expected {
            return Err(SettlementError::NodeBehind { expected, got });
        }
        let known = self.known_nonces.max(self.outbox.end());
        if got > known {
            let (first, last) = (known, got - 1);
            warn!(
                first,
                last, "the account has sent transactions that are none of the settlement's"
            );
        }
        self.known_nonces = known.max(got);
        Ok(())
    }

    /// Cancels what must not be mined, fills gaps, and signs all that is owed and may be sent now.
    async fn plan(&mut self, view: &L1View, chain: &Chain) -> Result<(), SettlementError> {
        let ready = self.ready(view)?;
        loop {
            let rows = self.outbox.planned(chain.nonce);
            let plan = plan::plan(view, &rows, &ready, self.config.max_in_flight);
            for nonce in plan.obsolete {
                self.sender.cancel(nonce, chain, &mut self.outbox, &mut self.alarms)?;
            }
            for nonce in self.outbox.gaps(chain.nonce) {
                self.sender.fill(nonce, chain, &mut self.outbox, &mut self.alarms)?;
            }
            let Some(owed) = plan.owed else { return Ok(()) };
            let batch = match owed.purpose {
                Purpose::Commit { batch } => batch,
                Purpose::Prove { last, .. } => last,
                Purpose::Cancel => 0,
            };
            let span = info_span!("settle", batch);
            if !self.prepare(owed, view, chain).instrument(span).await? {
                return Ok(());
            }
        }
    }

    fn ready(&self, view: &L1View) -> Result<Ready, SettlementError> {
        let mut ready = Ready::default();
        let commits = self.store.publications.range(view.committed.saturating_add(1)..);
        for row in commits.take(LOOK_AHEAD) {
            let (batch, publication) = row?;
            let pool = match publication.location {
                cairn_types::DataLocation::Blobs(hashes) if !hashes.is_empty() => Pool::Blobs,
                _ => Pool::Plain,
            };
            ready.commits.insert(batch, pool);
        }
        for row in self.store.proofs.range(view.proven.saturating_add(1)..) {
            let (last, proof) = row?;
            ready.proofs.push((proof.first, last));
        }
        Ok(ready)
    }

    /// Signs and stores what is owed; false if it has to wait.
    async fn prepare(
        &mut self,
        owed: Owed,
        view: &L1View,
        chain: &Chain,
    ) -> Result<bool, SettlementError> {
        let purpose = owed.purpose;
        if let Some(held) = self.held.as_ref().filter(|held| held.purpose == purpose)
            && held.head == chain.head
        {
            self.alarms.raise(Alarm::Contract, &held.reason);
            return Ok(false);
        }
        if let Some(until) = self.outbox.tried_in_vain(purpose, self.config.resubmit_after_ms)
            && now_ms() < until
        {
            self.alarms.raise(Alarm::Contract, &format!("the {purpose} was mined and reverted"));
            return Ok(false);
        }
        let fees = match self.sender.caps.first(&chain.market, owed.pool == Pool::Blobs) {
            Ok(fees) => fees,
            Err(above) => {
                self.alarms.raise(Alarm::Fees, &above);
                return Ok(false);
            }
        };
        let mut call = match self.draft(purpose, view).await? {
            Ok(call) => call,
            Err(reason) => return Ok(self.hold(purpose, chain, reason)),
        };
        // What builds on a transaction that is on its way cannot be simulated: it goes with a bound on its gas.
        if !owed.behind {
            let account = self.sender.signer.address();
            match draft::simulate(&self.sender.provider, account, &call).await? {
                Simulated::Gas(gas) => call.gas = gas,
                Simulated::Refused(reason) => return Ok(self.hold(purpose, chain, reason)),
            }
        }
        let nonce = self.outbox.next(chain.nonce);
        self.sender.store(&mut self.outbox, nonce, purpose, call, &fees)?;
        self.signals.settlement.ring();
        Ok(true)
    }

    /// The call, or why there is none now.
    async fn draft(
        &self,
        purpose: Purpose,
        view: &L1View,
    ) -> Result<Result<Call, String>, SettlementError> {
        let (store, rollup) = (self.store.clone(), self.rollup);
        match purpose {
            Purpose::Cancel => Ok(Err("a cancellation is never owed".to_owned())),
            Purpose::Commit { batch } => {
                // Blobs take a CPU for a while.
                let draft =
                    tokio::task::spawn_blocking(move || draft::commit(&store, rollup, batch));
                match draft.await {
                    Ok(call) => call.map(Ok),
                    Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
                }
            }
            Purpose::Prove { last, .. } => {
                let Some(proof) = store.proofs.get(&last)? else {
                    return Ok(Err(format!("the proof up to batch {last} is gone")));
                };
                let root = proof.circuit_set_root;
                let provider = &self.sender.provider;
                match draft::circuit_set(provider, rollup, root, view.timestamp).await? {
                    Ok(set) => draft::prove(&store, rollup, &proof, last, set).map(Ok),
                    Err(reason) => Ok(Err(reason)),
                }
            }
        }
    }

    /// Waits with a transaction until L1's next block; always false.
    fn hold(&mut self, purpose: Purpose, chain: &Chain, reason: String) -> bool {
        let reason = format!("the contract would refuse the {purpose}: {reason}");
        self.alarms.raise(Alarm::Contract, &reason);
        self.held = Some(Held { purpose, head: chain.head, reason });
        false
    }
}

/// Milliseconds since 1970.
fn now_ms() -> Milliseconds {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
