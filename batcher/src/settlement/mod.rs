//! Settles batches on L1: the only sender of the operator's L1 transactions.
//!
//! ```text
//! publications, proofs --> plan --> draft --> sender --> L1
//!        l1_* (watcher) ----^  (owed: checks)   | ^        |
//!                                            outbox <-- confirm, nonces
//! ```
//!
//! Every transaction has a nonce of our own choice and is stored, signed, before it is sent: whenever we are killed, the next
//! start goes on with the same bytes. All forms of a transaction share a nonce, so that one of them is mined at most. That a
//! batch is committed or proven, the watcher says and nobody else; so a lying node, another committer or a second service with
//! the same key can hold us up, and make us pay more than is needed, up to the caps, or for transactions that the contract
//! refuses. They cannot have a batch settled twice or taken for settled.

mod alarms;
mod chain;
pub mod config;
mod confirm;
mod draft;
pub mod error;
pub mod fees;
mod nonces;
mod outbox;
mod owed;
mod plan;
mod sender;
mod signed;
#[cfg(test)]
mod tests;
mod vain;
mod verdict;

use std::time::Duration;

use alloy::{
    primitives::Address,
    providers::{DynProvider, Provider},
    signers::local::PrivateKeySigner,
};
use metrics::counter;
use tracing::{info, warn};

use self::{
    alarms::{Alarm, Alarms},
    chain::Chain,
    nonces::{Nonces, Word},
    outbox::Outbox,
    owed::Held,
    sender::Sender,
    signed::Signer,
    vain::Vain,
};
pub use self::{config::SettlementConfig, error::SettlementError};
use crate::{
    l1::{
        connection::{self, Patience},
        error::{L1Error, rpc},
    },
    signals::{Shutdown, Signals},
    store::{Store, StoreError, records::L1View},
};

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
    let mut patience = Patience::default();
    loop {
        let round = tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            round = room.round() => round,
        };
        // News of L1 do not make the same node's next answer another opinion.
        let is_doubtful = round.as_ref().is_err_and(SettlementError::is_doubt);
        match round {
            Ok(()) => {
                patience.is_renewed();
                pause = poll;
            }
            Err(e) if e.is_transient() => {
                counter!("rpc_error_count").increment(1);
                room.alarms.raise(e.alarm(), &e);
                if e.blames_node() {
                    connection::doubt(&room.sender.provider, &e);
                } else if matches!(e, SettlementError::L1(_)) {
                    patience.is_tried(&room.sender.provider, &e);
                }
                pause = (pause * 2).min(LONGEST_PAUSE.max(poll));
            }
            Err(e) => return Err(e),
        }
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
            () = l1.changed(), if !is_doubtful => {}
            () = proving.changed(), if !is_doubtful => {}
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
    /// What the contract would refuse at this head.
    held: Vec<Held>,
    /// L1's chain, until the node was asked whether it serves it.
    unchecked_chain: Option<u64>,
    nonces: Nonces,
    vain: Vain,
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
            nonces: Nonces::new(outbox.end()),
            outbox,
            alarms: Alarms::new(),
            held: Vec::new(),
            unchecked_chain: Some(chain_id),
            vain: Vain::default(),
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
        // On another branch than the node, or ahead of it, the watcher's word says nothing about our transactions.
        let is_watched = chain.contains(&provider, view.block, view.block_hash).await?;
        self.hear_nonce(&chain, is_watched)?;
        let last_final = if is_watched { self.last_final(&view)? } else { None };
        let (outbox, vain) = (&mut self.outbox, &mut self.vain);
        if confirm::confirm(&provider, &chain, outbox, vain, last_final).await? {
            self.signals.settlement.ring();
        }
        let outdated = self.outdated(chain.nonce)?;
        if is_watched {
            self.plan(&view, &chain, &outdated).await?;
        }
        let idle = plan::idle(&view, &self.outbox.planned(chain.nonce, &outdated));
        self.sender.deliver(&chain, &mut self.outbox, &mut self.alarms, &idle).await?;
        self.alarms.end_round();
        Ok(())
    }

    async fn check_chain(&mut self) -> Result<(), SettlementError> {
        let Some(expected) = self.unchecked_chain else { return Ok(()) };
        let got = self.sender.provider.get_chain_id().await;
        let got = got.map_err(|e| rpc("reading the chain id", e))?;
        if got != expected {
            return Err(L1Error::WrongChain { expected, got }.into());
        }
        self.unchecked_chain = None;
        Ok(())
    }

    /// Holds the account's nonce against the outbox.
    fn hear_nonce(&mut self, chain: &Chain, is_watched: bool) -> Result<(), SettlementError> {
        let (first_open, end) = (self.outbox.first_open(), self.outbox.end());
        match self.nonces.hear(chain.nonce, first_open, end, is_watched)? {
            Word::Explained => {}
            Word::More { first, last } => warn!(
                first,
                last, "the account has sent transactions that are none of the settlement's"
            ),
            Word::Fewer => {
                let line = format!(
                    "transactions that were final are not on L1, from nonce {} on: what is owed is sent again",
                    chain.nonce
                );
                self.alarms.raise(Alarm::Nonces, &line);
                self.outbox.reopen(chain.nonce)?;
            }
        }
        let most = self.config.max_in_flight as u64;
        if is_watched && let Some(nonce) = self.outbox.out_of_reach(chain.nonce, most) {
            let line = format!(
                "transactions from nonce {nonce} on cannot be mined, as {} is next: what is owed is signed again",
                chain.nonce
            );
            self.alarms.raise(Alarm::Nonces, &line);
            self.outbox.forget(nonce..)?;
        }
        Ok(())
    }

    /// The last block that nothing takes back, as the watcher has read the chain and by our own setting.
    fn last_final(&self, view: &L1View) -> Result<Option<u64>, StoreError> {
        // The watcher remembers the blocks from the last settled one on, which it cannot undo.
        let settled = self.store.l1_blocks.first()?.filter(|(_, block)| block.undo.is_empty());
        let deep = view.block.checked_sub(self.config.confirmations);
        Ok(settled.zip(deep).map(|((settled, _), deep)| settled.min(deep)))
    }
}
