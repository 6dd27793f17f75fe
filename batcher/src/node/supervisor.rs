//! Runs stages: one that fails stops the service, and all stop in their order.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use thiserror::Error;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
    time::Instant,
};

use crate::{
    console::panic_message,
    signals::{Shutdown, ShutdownSender, shutdown},
};

/// Why the service cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StageFailure {
    /// It says why.
    #[error("{stage}: {reason}")]
    Failed {
        /// The stage.
        stage: &'static str,
        /// Its error.
        reason: String,
    },
    /// A bug.
    #[error("{stage}: panicked: {reason}")]
    Panicked {
        /// The stage.
        stage: &'static str,
        /// What the panic says.
        reason: String,
    },
    /// It ended without being asked to.
    #[error("{stage}: ended, though nobody asked it to")]
    Ended {
        /// The stage.
        stage: &'static str,
    },
    /// It was still at work at the end of the time that all stages have together.
    #[error("{stage}: had not stopped after {} s, and was ended", .limit.as_secs())]
    Late {
        /// The stage.
        stage: &'static str,
        /// The time.
        limit: Duration,
    },
}

#[derive(Debug)]
struct Stage {
    name: &'static str,
    stop: ShutdownSender,
    work: AbortHandle,
    /// Ends after the work, and has reported then how it ended.
    watch: JoinHandle<()>,
}

/// The running stages. Dropping it ends them all at once, between two of their awaits.
#[derive(Debug)]
pub struct Supervisor {
    stages: Vec<Stage>,
    failures: mpsc::UnboundedReceiver<StageFailure>,
    report: mpsc::UnboundedSender<StageFailure>,
    faults: Faults,
}

/// The failures of stages so far; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<StageFailure>>>);

impl Faults {
    /// One line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().iter().map(ToString::to_string).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<StageFailure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Supervisor {
    fn default() -> Self {
        let (report, failures) = mpsc::unbounded_channel();
        Self { stages: Vec::new(), failures, report, faults: Faults::default() }
    }
}

impl Supervisor {
    /// Starts a stage. Stages stop in the order in which they were started, each after the one before has ended.
    pub fn start<F, E>(&mut self, name: &'static str, stage: impl FnOnce(Shutdown) -> F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (stop, switch) = shutdown();
        let task = tokio::spawn(stage(switch.clone()));
        let work = task.abort_handle();
        let (report, faults) = (self.report.clone(), self.faults.clone());
        let watch = tokio::spawn(async move {
            let failure = match task.await {
                Ok(Ok(())) if switch.is_stopped() => return,
                Ok(Ok(())) => StageFailure::Ended { stage: name },
                Ok(Err(error)) => StageFailure::Failed { stage: name, reason: error.to_string() },
                Err(end) => match end.try_into_panic() {
                    Ok(panic) => {
                        StageFailure::Panicked { stage: name, reason: panic_message(&*panic) }
                    }
                    // Nothing but this module ends it so.
                    Err(_) => return,
                },
            };
            faults.lock().push(failure.clone());
            // Nobody listens once the supervisor is gone.
            let _ = report.send(failure);
        });
        self.stages.push(Stage { name, stop, work, watch });
    }

    /// What has failed so far, for readiness.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Waits for the first stage that fails. Nothing is lost when this future is dropped.
    pub async fn failure(&mut self) -> StageFailure {
        // The channel is open: this value holds a sender.
        match self.failures.recv().await {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Stops all stages, in their order. What has not stopped after `limit` is ended.
    ///
    /// # Errors
    /// The first stage that failed on the way, or took too long; all have ended nevertheless.
    pub async fn stop(mut self, limit: Duration) -> Result<(), StageFailure> {
        let deadline = Instant::now() + limit;
        let mut late = None;
        for Stage { name, stop, work, watch } in &mut self.stages {
            stop.stop();
            if tokio::time::timeout_at(deadline, &mut *watch).await.is_err() {
                work.abort();
                late = late.or(Some(StageFailure::Late { stage: name, limit }));
            }
        }
        match self.failures.try_recv().ok().or(late) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stages.iter().for_each(|stage| stage.work.abort());
    }
}
