//! Looks after the database while nobody writes.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Store, StoreError};
use crate::signals::Shutdown;

/// How often it is looked.
const PERIOD: Duration = Duration::from_secs(1);

/// Asks the database each second whether it still takes writes, until shutdown. Its threads in the background may fail
/// alone, and a stage that writes then may wait for them for ever instead of hearing of it.
///
/// # Errors
/// It takes no more writes: the store must be opened again.
pub async fn watch(store: Store, mut shutdown: Shutdown) -> Result<(), StoreError> {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let engine = store.engine.clone();
        // A large commit may hold its lock for a while. A thread that panics says nothing about the database.
        if let Ok(asked) = tokio::task::spawn_blocking(move || engine.ask()).await {
            asked?;
        }
    }
}
