//! What every call passes before it is answered: rate, nesting, and a count of it.

use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Instant};

use jsonrpsee::{
    core::middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT},
    server::MethodResponse,
    types::{ErrorObjectOwned, Request},
};
use tower::Layer;

use super::{
    config::ApiConfig,
    error::ApiError,
    limits::{RateLimiter, is_deeper_than},
    methods::{Access, table},
};

/// Who calls; stands in a request's extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) address: IpAddr,
    /// It has shown the operator's token.
    pub(super) is_operator: bool,
    pub(super) has_websocket: bool,
}

/// The limits of one server.
#[derive(Debug)]
pub(super) struct Limits {
    rate: RateLimiter,
    max_depth: usize,
    methods: HashSet<&'static str>,
    subscriptions: HashSet<&'static str>,
}

impl Limits {
    pub(super) fn new(config: &ApiConfig) -> Self {
        let (client, total) = (config.requests_per_second, config.total_requests_per_second);
        let is_subscription = |access: &Access| matches!(access, Access::Subscription { .. });
        let table = table();
        Self {
            rate: RateLimiter::new(client, total, Instant::now()),
            max_depth: config.max_depth as usize,
            methods: table.iter().map(|entry| entry.name).collect(),
            subscriptions: table
                .iter()
                .filter(|entry| is_subscription(&entry.access))
                .map(|entry| entry.name)
                .collect(),
        }
    }

    fn judge(&self, request: &Request<'_>) -> Result<(), ApiError> {
        let caller = request.extensions().get::<Caller>();
        let caller = caller.ok_or(ApiError::Internal("a request without a caller"))?;
        self.rate.take(caller.address, Instant::now())?;
        let params = request.params.as_ref().map_or("", |params| params.get());
        if is_deeper_than(params, self.max_depth) {
            return Err(ApiError::TooDeep { limit: self.max_depth });
        }
        if !caller.has_websocket && self.subscriptions.contains(request.method_name()) {
            return Err(ApiError::NeedsWebSocket);
        }
        Ok(())
    }

    /// The method's name where it is one of ours: labels must not be made by clients.
    fn label(&self, name: &str) -> &'static str {
        self.methods.get(name).copied().unwrap_or("unknown")
    }
}

/// Puts a [`Guard`] before the methods.
#[derive(Debug, Clone)]
pub(super) struct GuardLayer(pub(super) Arc<Limits>);

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;
    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, limits: Arc::clone(&self.0) }
    }
}

/// Judges every call.
#[derive(Debug, Clone)]
pub(super) struct Guard<S> {
    inner: S,
    limits: Arc<Limits>,
}

impl<S> RpcServiceT for Guard<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let method = self.limits.label(request.method_name());
        let judgement = self.limits.judge(&request);
        let inner = self.inner.clone();
        async move {
            let started = Instant::now();
            let response = match judgement {
                Ok(()) => inner.call(request).await,
                Err(error) => MethodResponse::error(request.id, ErrorObjectOwned::from(error)),
            };
            let outcome = if response.is_success() { "ok" } else { "error" };
            metrics::counter!("cairn_api_requests_total", "method" => method, "outcome" => outcome)
                .increment(1);
            metrics::histogram!("cairn_api_request_seconds", "method" => method)
                .record(started.elapsed().as_secs_f64());
            response
        }
    }

    fn batch<'a>(&self, mut batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        for entry in batch.iter_mut() {
            let Ok(BatchEntry::Call(request)) = entry else { continue };
            let method = self.limits.label(request.method_name());
            let judgement = self.limits.judge(request);
            let outcome = if judgement.is_ok() { "batch" } else { "error" };
            metrics::counter!("cairn_api_requests_total", "method" => method, "outcome" => outcome)
                .increment(1);
            if let Err(error) = judgement {
                let id = request.id.clone();
                *entry = Err(BatchEntryErr::new(id, ErrorObjectOwned::from(error)));
            }
        }
        let inner = self.inner.clone();
        async move { inner.batch(batch).await }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let inner = self.inner.clone();
        async move { inner.notification(notification).await }
    }
}
