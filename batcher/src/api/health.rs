//! Whether the service is ready to serve.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::sources::Sources;
use crate::{
    sequencer::Standing,
    signals::{Shutdown, Signal},
};

/// When a block of L1 was last read, by a clock that nobody sets.
#[derive(Debug)]
pub(super) struct LastSeen(Mutex<Instant>);

impl LastSeen {
    /// The start counts as a sight: the watcher needs a moment.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// Notes every ring until shutdown.
    pub(super) async fn watch(&self, signal: &Signal, mut shutdown: Shutdown) {
        let mut news = signal.listen();
        loop {
            tokio::select! {
                () = news.changed() => {
                    *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                }
                () = shutdown.stopped() => return,
            }
        }
    }

    fn ago(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// What stands against serving; empty if nothing does.
pub(super) fn faults(sources: &Sources, l1: &LastSeen, max_silence: Duration) -> Vec<String> {
    let mut faults = sources.health.faults();
    match sources.store.l1_view.get(&()) {
        Ok(Some(view)) => {
            faults.extend(view.halted.map(|reason| format!("halted: {reason}")));
            faults.extend(view.paused.then(|| "the contracts on L1 are paused".to_owned()));
        }
        Ok(None) => faults.push("L1 was not read yet".into()),
        Err(error) => faults.push(error.to_string()),
    }
    faults.extend(sources.accounts.halted().map(|reason| format!("halted: {reason}")));
    match sources.accounts.standing() {
        Standing::Paused => faults.push("the sequencer is paused".into()),
        Standing::Draining => faults.push("the sequencer is draining: it takes nothing".into()),
        Standing::Drained => faults.push("the sequencer is drained: it takes nothing".into()),
        // The ledger has said why.
        Standing::Running | Standing::Halted(_) => {}
    }
    let silence = l1.ago();
    if silence > max_silence {
        faults.push(format!("no block of L1 was read for {} s", silence.as_secs()));
    }
    faults
}
