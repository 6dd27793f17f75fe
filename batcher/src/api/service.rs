//! What the methods work with: the sources, the limits, and threads to read on.

use std::{sync::Arc, time::Duration};

use cairn_types::{Word, domain};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    config::ApiConfig, error::ApiError, gate::Gate, guard::Limits, headlines::Headlines,
    health::LastSeen, limits::Shares, openrpc, sources::Sources,
};

/// What the methods work with.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) sources: Sources,
    pub(super) config: ApiConfig,
    pub(super) openrpc: serde_json::Value,
    /// The same as it is served.
    pub(super) openrpc_text: String,
    pub(super) l1_seen: LastSeen,
    pub(super) limits: Arc<Limits>,
    pub(super) headlines: Headlines,
    /// Places of subscriptions.
    pub(super) subscriptions: Arc<Semaphore>,
    /// Those that each address has.
    pub(super) subscriptions_of: Arc<Shares>,
    readers: Gate,
    domain: Word,
}

impl Service {
    pub(super) fn new(sources: Sources, config: ApiConfig) -> Self {
        let openrpc = openrpc::document(sources.admin.is_some());
        let domain = domain(sources.about.chain_id, &sources.about.rollup.into_array());
        Self {
            openrpc_text: openrpc.to_string(),
            openrpc,
            l1_seen: LastSeen::new(),
            limits: Arc::new(Limits::new(&config, sources.intake.room())),
            headlines: Headlines::new(sources.accounts.head().block + 1),
            subscriptions: Arc::new(Semaphore::new(config.max_total_subscriptions as usize)),
            subscriptions_of: Arc::default(),
            readers: Gate::new(),
            domain,
            sources,
            config,
        }
    }

    /// Reads for a request, on a thread that may wait for the disk: if there is a place soon, and in time.
    pub(super) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        read: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = self.readers.enter().await?;
        let (limit, seconds) = (self.request_timeout(), self.config.request_timeout_s);
        let reading = tokio::time::timeout(limit, self.on_disk(place, read));
        reading.await.unwrap_or(Err(ApiError::Timeout(seconds)))
    }

    /// Reads for a subscription, of which there is a bounded number.
    pub(super) async fn read_patiently<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = self.readers.wait().await?;
        Arc::clone(self).on_disk(place, read).await
    }

    async fn on_disk<T: Send + 'static>(
        self: Arc<Self>,
        place: OwnedSemaphorePermit,
        read: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let read = tokio::task::spawn_blocking(move || {
            // Until it ends, not until nobody waits for it any more.
            let _place = place;
            read(&self)
        });
        read.await.unwrap_or(Err(ApiError::Internal("a reading task has ended early")))
    }

    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.config.request_timeout_s)
    }

    /// What transactions are signed for.
    pub(super) fn domain(&self) -> Word {
        self.domain
    }

    pub(super) fn max_l1_silence(&self) -> Duration {
        Duration::from_secs(self.config.max_l1_silence_s)
    }

    pub(super) fn max_items(&self) -> usize {
        self.config.max_items as usize
    }

    pub(super) fn check_items(&self, got: usize) -> Result<(), ApiError> {
        let limit = self.max_items();
        if got > limit { Err(ApiError::TooMany { limit, got }) } else { Ok(()) }
    }
}
