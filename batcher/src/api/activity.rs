//! When a connection was last used.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// When a connection was last used.
#[derive(Debug)]
pub(super) struct Activity {
    running: AtomicUsize,
    last: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { running: AtomicUsize::new(0), last: Mutex::new(Instant::now()) }
    }
}

impl Activity {
    /// Notes that a request runs, until its guard is dropped.
    pub(super) fn begin(self: Arc<Self>) -> Busy {
        self.running.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when nothing was asked for this long.
    pub(super) async fn idle_for(&self, limit: Duration) {
        loop {
            let wake = if self.running.load(Ordering::Acquire) > 0 {
                Instant::now() + limit
            } else if self.last().elapsed() >= limit {
                return;
            } else {
                self.last() + limit
            };
            tokio::time::sleep_until(wake.into()).await;
        }
    }
}

/// A request that runs.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}
