//! The stage that reads L1: the only writer of the `l1_*` tables.
//!
//! ```text
//! node (a Chain) -> follow (walks by hash) -> apply (events to rows, with undo) -> store
//!                      \-> rewind (takes blocks back)         deadline, divergence, alarms, trouble: what people hear
//! ```
//!
//! Every block is the child of the one read before it. Where L1 goes back, what its blocks did is taken back, the last first,
//! and reading goes on from the last common block. Blocks that are settled (deep enough, see [`WatcherConfig`]) lose their
//! undo; if L1 leaves one of those, the watcher halts, says so in [`L1View::halted`](crate::store::records::L1View), and looks
//! from time to time whether L1 has it again.
//!
//! Trust: none in the node beyond what it cannot fake without contradicting itself. Headers are held against their hashes, logs
//! against the contract's own counts and hashes as of the same block, so that a node that leaves some out or alters them is
//! noticed and nothing is written. Another node is asked then, where there is one.

mod alarms;
mod apply;
mod chain;
mod config;
mod contents;
mod deadline;
mod divergence;
mod error;
mod events;
mod follow;
mod node;
mod rewind;
#[cfg(test)]
mod tests;
mod trouble;

use std::time::Duration;

use alloy::{primitives::Address, providers::DynProvider};

use self::{
    alarms::Alarms,
    chain::Chain,
    follow::{Follower, Step},
    node::NodeChain,
    trouble::Trouble,
};
pub use self::{
    config::{WatcherConfig, WatcherConfigError},
    error::WatcherError,
};
use crate::{
    l1::connection::{self, Patience},
    signals::{Shutdown, Signals},
    store::{Store, StoreError},
};

/// How often a watcher that has halted looks whether L1 is as it was.
const CHECK_AGAIN: Duration = Duration::from_secs(30);
/// Rounds in a row in which a node may be behind until another one is asked.
const MOST_LAGS: u32 = 5;

/// What the watcher is told at the start.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where L1 is read from.
    pub provider: DynProvider,
    /// The rollup's contract.
    pub rollup: Address,
    /// Its custody.
    pub custody: Address,
    /// The block of the rollup's deployment, or one before it.
    pub first_block: u64,
    /// How to watch.
    pub config: WatcherConfig,
}

/// Reads L1 into the store until it is told to stop. Can be ended at any point; goes on from what is stored.
///
/// # Errors
/// The store fails, or the addresses are not of one rollup. A node that fails is waited for.
pub async fn run(
    input: Input,
    store: Store,
    signals: Signals,
    mut shutdown: Shutdown,
) -> Result<(), WatcherError> {
    let watch = watch(input, store, signals);
    tokio::select! {
        biased;
        () = shutdown.stopped() => Ok(()),
        ended = watch => ended,
    }
}

async fn watch(input: Input, store: Store, signals: Signals) -> Result<(), WatcherError> {
    let poll = input.config.poll();
    let chain = NodeChain::new(input.provider.clone(), input.rollup);
    let (mut trouble, mut patience) = (Trouble::default(), Patience::default());
    let deadline = loop {
        match prepare(&chain, &input).await {
            Ok(deadline) => break deadline,
            Err(e) if e.is_transient() => {
                patience.is_tried(&input.provider, &e);
                tokio::time::sleep(trouble.failed(&e, poll)).await;
            }
            Err(e) => return Err(e),
        }
    };
    let mut alarms = Alarms::new(&input.config, deadline);
    if let Some(view) = store.l1_view.get(&())? {
        alarms.show(&store, &view)?;
    }
    let mut follower = Follower::new(chain, store.clone(), input.config, input.first_block);
    let mut lags = 0;
    loop {
        let round = round(&mut follower, &store, &mut alarms).await;
        lags = if matches!(round, Ok(Round::Lags)) { lags + 1 } else { 0 };
        if lags >= MOST_LAGS {
            connection::doubt(&input.provider, "it is behind what was read before");
            lags = 0;
        }
        match &round {
            Ok(_) => patience.is_renewed(),
            Err(e) if e.blames_node() => connection::doubt(&input.provider, e),
            Err(e) => patience.is_tried(&input.provider, e),
        }
        let wait = match round {
            Ok(Round::News { has_caught_up }) => {
                trouble.over();
                // A chain whose blocks come faster than they are read is never quiet.
                if has_caught_up {
                    signals.l1_is_read.set();
                }
                signals.l1.ring();
                continue;
            }
            Ok(Round::Quiet) => {
                trouble.over();
                signals.l1_is_read.set();
                poll
            }
            Ok(Round::Lags) => {
                trouble.over();
                poll
            }
            Err(e) if e.is_transient() => trouble.failed(&e, poll),
            Err(e @ WatcherError::TooDeep { .. }) => {
                let wait = trouble.failed(&e, poll);
                if trouble.is_believed() {
                    if halt(&store, &e)? {
                        signals.l1.ring();
                    }
                    CHECK_AGAIN
                } else {
                    wait
                }
            }
            Err(e) => return Err(e),
        };
        tokio::time::sleep(wait).await;
    }
}

/// Checks the addresses; gives the queue's deadline, in seconds.
async fn prepare(chain: &NodeChain, input: &Input) -> Result<u64, WatcherError> {
    let got = chain.custody().await?;
    if got != input.custody {
        let (rollup, expected) = (input.rollup, input.custody);
        return Err(WatcherError::OtherCustody { rollup, expected, got });
    }
    chain.priority_deadline().await
}

#[derive(Debug, PartialEq, Eq)]
enum Round {
    News {
        /// All is read that was there at the start.
        has_caught_up: bool,
    },
    Quiet,
    /// The node is behind what was read.
    Lags,
}

/// A step, and what people hear of it.
async fn round<C: Chain>(
    follower: &mut Follower<C>,
    store: &Store,
    alarms: &mut Alarms,
) -> Result<Round, WatcherError> {
    let round = match follower.step().await? {
        Step::Read { view, events } => {
            alarms.tell(&events);
            alarms.show(store, &view)?;
            Round::News { has_caught_up: follower.has_caught_up(view.block) }
        }
        Step::TookBack { blocks } => {
            alarms.reorganized(blocks);
            Round::News { has_caught_up: false }
        }
        Step::UpToDate => {
            alarms.check_roles(follower.chain()).await?;
            Round::Quiet
        }
        Step::Lags { head } => {
            tracing::debug!(head, "the node is behind what was read; waiting for it");
            Round::Lags
        }
    };
    Ok(round)
}

/// Stops reading: says why, where every stage sees it. Whether it was not said before.
fn halt(store: &Store, error: &WatcherError) -> Result<bool, StoreError> {
    metrics::gauge!("cairn_watcher_halted").set(1);
    let Some(mut view) = store.l1_view.get(&())? else { return Ok(false) };
    let reason = error.to_string();
    if view.halted.as_ref() == Some(&reason) {
        return Ok(false);
    }
    tracing::error!("{reason}");
    view.halted = Some(reason);
    let mut write = store.write();
    write.put(&store.l1_view, &(), &view)?;
    write.commit()?;
    Ok(true)
}
