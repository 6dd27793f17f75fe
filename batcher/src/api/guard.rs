//! What every call passes before it is answered: rate, nesting, and a count of it.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jsonrpsee::{
    core::{
        middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT},
        server::BatchResponseBuilder,
    },
    server::MethodResponse,
    types::{ErrorObjectOwned, Id, Request},
};
use tower::Layer;

use super::{
    calls::Calls,
    config::ApiConfig,
    debts::{Debt, Debts},
    error::ApiError,
    limits::{Bucket, RateLimiter, Share, Shares, is_deeper_than, is_local, rate_error},
    methods::{Access, History, Method, Settlements, table},
};

/// Bytes of an answer that cost as much as a request: what is cheap to ask for may be long.
const BYTES_A_TOKEN: f64 = 32_768.0;
/// Methods whose short answers are read out of many rows, or of long ones.
const FAR: [&str; 2] = [History::NAME, Settlements::NAME];
/// Requests that one of these counts as.
const FAR_TOKENS: f64 = 12.0;
/// Why a client is told to come back.
const UNREAD: ApiError = ApiError::Busy("many answers wait for clients that do not read them");

/// Who calls; stands in a request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) address: IpAddr,
    /// It has shown the operator's token.
    pub(super) is_operator: bool,
    pub(super) has_websocket: bool,
    /// Those of its connection.
    pub(super) calls: Arc<Calls>,
}

/// The limits of one server.
#[derive(Debug)]
pub(super) struct Limits {
    requests: RateLimiter,
    request_rate: u32,
    all: Mutex<Bucket>,
    all_rate: u32,
    transactions: RateLimiter,
    transaction_rate: u32,
    debts: Arc<Debts>,
    max_response: usize,
    in_intake: Arc<Shares>,
    /// Transactions that one address may have in intake.
    most_in_intake: usize,
    max_depth: usize,
    methods: HashSet<&'static str>,
    subscriptions: HashSet<&'static str>,
}

impl Limits {
    /// `room` is that of the mempool's intake.
    pub(super) fn new(config: &ApiConfig, room: usize) -> Self {
        let (request_rate, all_rate) =
            (config.requests_per_second, config.total_requests_per_second);
        let transaction_rate = config.transactions_per_second;
        let is_subscription = |access: &Access| matches!(access, Access::Subscription { .. });
        let table = table();
        let now = Instant::now();
        Self {
            requests: RateLimiter::new(request_rate, now),
            request_rate,
            all: Mutex::new(Bucket::new(all_rate.into(), now)),
            all_rate,
            transactions: RateLimiter::new(transaction_rate, now),
            transaction_rate,
            debts: Arc::new(Debts::new(config.max_unread_bytes as usize)),
            max_response: config.max_response_bytes as usize,
            in_intake: Arc::default(),
            most_in_intake: (room / 4).max(1),
            max_depth: config.max_depth as usize,
            methods: table.iter().map(|entry| entry.name).collect(),
            subscriptions: table
                .iter()
                .filter(|entry| is_subscription(&entry.access))
                .map(|entry| entry.name)
                .collect(),
        }
    }

    /// Takes one request of a client.
    pub(super) fn request(&self, client: IpAddr) -> Result<(), ApiError> {
        let now = Instant::now();
        let refuse = |limit, all| move |wait| rate_error("requests", limit, all, wait);
        self.requests.take(client, 1.0, now).map_err(refuse(self.request_rate, false))?;
        self.all().take(self.all_rate.into(), 1.0, now).map_err(refuse(self.all_rate, true))
    }

    /// Counts a long answer as several requests.
    pub(super) fn sent(&self, client: IpAddr, bytes: usize) {
        let tokens = (bytes as f64 / BYTES_A_TOKEN).floor();
        if tokens > 0.0 {
            self.charge(client, tokens);
        }
    }

    /// Counts what was asked for already as so many requests more.
    fn charge(&self, client: IpAddr, tokens: f64) {
        let now = Instant::now();
        self.requests.charge(client, tokens, now);
        self.all().charge(self.all_rate.into(), tokens, now);
    }

    /// Takes transactions of a client, which are in intake until the share is dropped. A wrong signature costs the
    /// operator as much as a good one, so that all count, whatever becomes of them. Clients on this machine have no
    /// share of their own: there, it is the operator who loads.
    pub(super) fn transactions(
        &self,
        client: IpAddr,
        count: usize,
    ) -> Result<Option<Share>, ApiError> {
        if is_local(client) {
            return Ok(None);
        }
        let taken = self.transactions.take(client, count as f64, Instant::now());
        let limit = self.transaction_rate;
        taken.map_err(|wait| rate_error("transactions", limit, false, wait))?;
        let share = self.in_intake.take(client, count, self.most_in_intake);
        share.map(Some).ok_or(ApiError::Busy("this address has many transactions being verified"))
    }

    /// Adds an answer to what its client is owed, or says instead that there is too much of that already. Long answers
    /// count as several requests.
    fn answered(
        &self,
        caller: &Caller,
        debt: &mut Debt,
        id: Id<'_>,
        answer: MethodResponse,
    ) -> MethodResponse {
        let bytes = answer.as_json().get().len();
        if !caller.is_operator {
            self.sent(caller.address, bytes);
        }
        // That of a subscription is on its way.
        if caller.is_operator || answer.is_subscription() {
            debt.grow_anyway(bytes);
        } else if !debt.grow(bytes) {
            metrics::counter!("cairn_api_unread_refused_total").increment(1);
            let refusal = MethodResponse::error(id, ErrorObjectOwned::from(UNREAD));
            debt.grow_anyway(refusal.as_json().get().len());
            return refusal;
        }
        answer
    }

    /// Answers the calls of a batch one after the other. They are owed as they come: together they may be long.
    async fn answer_batch<S>(
        &self,
        inner: &S,
        batch: Batch<'_>,
        caller: &Caller,
        debt: &mut Debt,
    ) -> MethodResponse
    where
        S: RpcServiceT<MethodResponse = MethodResponse>,
    {
        let mut answers = BatchResponseBuilder::new_with_limit(self.max_response);
        let mut has_notification = false;
        for entry in batch {
            let (id, answer) = match entry {
                Ok(BatchEntry::Call(request)) => {
                    let id = request.id.clone().into_owned();
                    (id, inner.call(request).await)
                }
                // Nobody hears of it here.
                Ok(BatchEntry::Notification(_)) => {
                    has_notification = true;
                    continue;
                }
                Err(error) => {
                    let (error, id) = error.into_parts();
                    let id = id.into_owned();
                    (id.clone(), MethodResponse::error(id, error))
                }
            };
            if let Err(too_long) = answers.append(self.answered(caller, debt, id, answer)) {
                *debt = self.debts.to(caller.address);
                debt.grow_anyway(too_long.as_json().get().len());
                return too_long;
            }
        }
        if answers.is_empty() && has_notification {
            return MethodResponse::notification();
        }
        MethodResponse::from_batch(answers.finish())
    }

    fn all(&self) -> MutexGuard<'_, Bucket> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has no answer costs as much as what has one.
    fn notified(&self, caller: &Caller) {
        if !caller.is_operator && self.request(caller.address).is_err() {
            caller.calls.waste();
        }
    }

    fn judge(&self, request: &Request<'_>) -> Result<(), ApiError> {
        let caller = request.extensions().get::<Caller>();
        let caller = caller.ok_or(ApiError::Internal("a request without a caller"))?;
        // However busy others keep the service, the operator is heard.
        if !caller.is_operator {
            self.request(caller.address)?;
            if !self.debts.has_room(caller.address) {
                return Err(UNREAD);
            }
            if FAR.contains(&request.method_name()) {
                self.charge(caller.address, FAR_TOKENS - 1.0);
            }
        }
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
        let limits = Arc::clone(&self.limits);
        let caller = request.extensions().get::<Caller>().cloned();
        async move {
            let _running = caller.as_ref().map(|caller| caller.calls.begin(1));
            let id = request.id.clone().into_owned();
            // The answer of a subscription goes out before it comes by here.
            let is_subscription = limits.subscriptions.contains(request.method_name());
            caller.iter().filter(|_| is_subscription).for_each(|caller| caller.calls.expect());
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
            let Some(caller) = caller else { return response };
            let mut debt = limits.debts.to(caller.address);
            let response = limits.answered(&caller, &mut debt, id, response);
            caller.calls.owe(debt);
            if !is_subscription {
                caller.calls.expect();
            }
            response
        }
    }

    fn batch<'a>(&self, mut batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let mut caller: Option<Caller> = None;
        for entry in batch.iter_mut() {
            let request = match entry {
                Ok(BatchEntry::Call(request)) => request,
                Ok(BatchEntry::Notification(notification)) => {
                    caller = notification.extensions.get().cloned().or(caller);
                    caller.iter().for_each(|caller| self.limits.notified(caller));
                    continue;
                }
                // Refused at the end, as one message.
                Err(_) => continue,
            };
            caller = request.extensions().get().cloned();
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
        let limits = Arc::clone(&self.limits);
        async move {
            // Nothing in it is a call, or something would have its caller.
            let Some(caller) = caller else { return inner.batch(batch).await };
            let _running = caller.calls.begin(batch.len());
            let mut debt = limits.debts.to(caller.address);
            let response = limits.answer_batch(&inner, batch, &caller, &mut debt).await;
            if !response.is_notification() {
                caller.calls.expect();
            }
            caller.calls.owe(debt);
            response
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let inner = self.inner.clone();
        let caller = notification.extensions.get::<Caller>();
        let running = caller.map(|caller| caller.calls.begin(1));
        caller.iter().for_each(|caller| self.limits.notified(caller));
        async move {
            let _running = running;
            inner.notification(notification).await
        }
    }
}
