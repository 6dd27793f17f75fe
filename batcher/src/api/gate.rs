//! How many of the API's readers read the store at once.
//!
//! They share tokio's threads for blocking work, and the cores, with what makes blocks: however many ask, a few read.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;

/// Requests that wait for a place at most: what is asked and not answered is in memory.
const WAITING: usize = 256;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(1);

/// Places of readers, two for each core.
#[derive(Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Gate {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(2 * cores)
    }

    fn with(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waiting: Semaphore::new(WAITING) }
    }

    /// A place for a request, if there is one soon.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = || ApiError::Busy("many others are reading");
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        match tokio::time::timeout(PATIENCE, self.wait()).await {
            Ok(place) => place,
            Err(_) => Err(busy()),
        }
    }

    /// A place for a subscription, of which there is a bounded number.
    pub(super) async fn wait(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.map_err(|_| ApiError::Internal("the gate is closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_told_to_come_back() {
        let gate = Gate::with(1);
        let place = gate.enter().await.unwrap();
        let refused = gate.enter().await.unwrap_err();
        assert_eq!((refused.reason(), refused.is_transient()), ("busy", true));
        let (next, ()) = tokio::join!(gate.enter(), async { drop(place) });
        assert!(next.is_ok(), "the place is free again");
    }

    #[tokio::test]
    async fn a_bounded_number_waits() {
        let gate = Arc::new(Gate::with(1));
        let _place = gate.wait().await.unwrap();
        let enter = || {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.enter().await.map(drop) })
        };
        let waiting: Vec<_> = (0..WAITING).map(|_| enter()).collect();
        while gate.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = tokio::time::timeout(PATIENCE / 2, gate.enter()).await.expect("at once");
        assert!(refused.is_err());
        waiting.into_iter().for_each(|waiting| waiting.abort());
    }
}
