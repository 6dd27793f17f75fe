//! The sequencer: the only writer of the state.
//!
//! ```text
//! mempool, l1_queue -> producer: blocks, batches -> sealer: words checked, jobs -> proving
//!                         |                            |
//!                         v                            v
//!                      ledger: what readers may be told, states to prove leaves against
//!                         ^
//! l1_view, l1_batches -> checkpoint: accounts of the last final batch; forks: states that are kept
//! ```
//!
//! [`start()`] rebuilds the state from the store, [`run`] goes on from there. What is executed is durable
//! before the ledger, the mempool or anybody else hears of it, so that a kill costs nothing but time.
//!
//! Trust: in the mempool, that what it gives out is in the log; in the watcher, that what it calls confirmed
//! stays. None in the sequencer's own execution: every sealed batch is executed again from its words.

mod backlog;
mod block;
mod checkpoint;
mod commands;
pub mod config;
pub mod error;
pub mod fill;
mod follow;
mod forks;
pub mod ledger;
mod orders;
pub mod policy;
mod position;
pub mod price;
mod producer;
mod replay;
mod report;
mod sealer;
mod stamp;
mod start;
#[cfg(test)]
mod tests;
mod transactions;

use std::time::Duration;

use cairn_types::Word;
use tokio::time::{MissedTickBehavior, interval};

pub use self::{
    block::key_bytes,
    commands::{Command, CommandReceiver, Commands, commands},
    config::SequencerConfig,
    error::SequencerError,
    follow::Follow,
    ledger::{Head, LeafProof, Ledger, Standing, Status},
    start::{Started, start},
    transactions::Transactions,
};
use self::{commands::Request, orders::Orders, price::Prices, producer::Producer};
use crate::{
    clock::now_ms,
    signals::{Shutdown, Signals},
    store::Store,
};

/// What the sequencer works with.
#[derive(Debug)]
pub struct Input<T> {
    /// The state as the store has it.
    pub started: Started,
    /// The mempool.
    pub transactions: T,
    /// Settings, checked.
    pub config: SequencerConfig,
    /// The rollup's domain.
    pub domain: Word,
    /// The operator's commands.
    pub commands: CommandReceiver,
}

/// Makes blocks, seals and checks batches, and follows L1's finality, until shutdown.
///
/// # Errors
/// What waiting does not mend. The store holds all that anybody was told.
pub async fn run<T: Transactions>(
    input: Input<T>,
    store: Store,
    signals: Signals,
    shutdown: Shutdown,
) -> Result<(), SequencerError> {
    let Input { started, transactions, config, domain, commands } = input;
    let Started { ledger, position, backlog, order } = started;
    let sealer =
        sealer::run(store.clone(), ledger.clone(), domain, signals.clone(), shutdown.clone());
    let checkpoint =
        checkpoint::run(store.clone(), ledger.clone(), domain, signals.clone(), shutdown.clone());
    let producer = Producer {
        store,
        signals,
        ledger,
        transactions,
        config,
        domain,
        position,
        backlog,
        orders: Orders::new(order),
        prices: Prices::default(),
    };
    let production = produce(producer, commands, shutdown);
    tokio::try_join!(production, sealer, checkpoint).map(|_| ())
}

/// Takes a turn at every tick and for every command.
async fn produce<T: Transactions>(
    mut producer: Producer<T>,
    mut commands: CommandReceiver,
    mut shutdown: Shutdown,
) -> Result<(), SequencerError> {
    let mut ticks = interval(Duration::from_millis(producer.config.block_interval_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let request = tokio::select! {
            biased;
            () = shutdown.stopped() => return Ok(()),
            request = commands.next() => Some(request),
            _ = ticks.tick() => None,
        };
        let (command, reply) = match request {
            Some(Request { command, answer }) => (Some(command), Some(answer)),
            None => (None, None),
        };
        let (back, answer) = blocking("making a block", move || {
            let answer = producer.turn(command, now_ms());
            (producer, answer)
        })
        .await?;
        producer = back;
        let answer = answer?;
        if let Some(reply) = reply {
            // Who asked may be gone.
            let _ = reply.send(answer);
        }
    }
}

/// Runs work that takes a core or a disk for a while.
async fn blocking<R: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, SequencerError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|e| SequencerError::Panicked { what, reason: e.to_string() })
}
