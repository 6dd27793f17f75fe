//! How stages wake each other. A bell carries no truth: who wakes reads the store.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

/// One bell for each kind of news.
#[derive(Debug, Clone)]
pub struct Signals {
    /// A transaction was accepted.
    pub accepted: Signal,
    /// A block was made.
    pub block: Signal,
    /// A batch was sealed.
    pub sealed: Signal,
    /// A batch was published, or a proof is there.
    pub proving: Signal,
    /// An L1 transaction changed its state.
    pub settlement: Signal,
    /// The watcher has read a block of L1.
    pub l1: Signal,
    /// The watcher has read all that its node has, since this process started: L1's clock is known.
    pub l1_is_read: Latch,
}

/// Something that becomes true once and stays so; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Latch(Arc<AtomicBool>);

impl Latch {
    /// Makes it true.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A bell that any number of stages can wait for.
#[derive(Debug, Clone)]
pub struct Signal(watch::Sender<u64>);

/// One listener of a [`Signal`].
#[derive(Debug)]
pub struct Listener(watch::Receiver<u64>);

impl Default for Signal {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Default for Signals {
    fn default() -> Self {
        let signal = Signal::default;
        Self {
            accepted: signal(),
            block: signal(),
            sealed: signal(),
            proving: signal(),
            settlement: signal(),
            l1: signal(),
            l1_is_read: Latch::default(),
        }
    }
}

impl Signal {
    /// Wakes all listeners.
    pub fn ring(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A listener that hears of everything from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// Waits for news since the last time. Never returns once the signal is gone: whoever waits also waits for shutdown.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Tells all stages to stop; see [`Shutdown::stopped`].
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The other end of [`Shutdown`].
#[derive(Debug)]
pub struct ShutdownSender(watch::Sender<bool>);

/// A switch that stops stages, and what they watch.
#[must_use]
pub fn shutdown() -> (ShutdownSender, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (ShutdownSender(sender), Shutdown(receiver))
}

impl ShutdownSender {
    /// Asks all stages to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Whether to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is time to stop, or the sender is gone.
    pub async fn stopped(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
