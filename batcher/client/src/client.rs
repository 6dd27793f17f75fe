//! A connection to a service: typed calls, repeated where that is safe.
//!
//! It retries what may be done twice, and only that: every method reads, but for submission, which is known by its
//! hash, so that the same bytes twice are one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jsonrpsee::{
    core::{
        client::{ClientT, Subscription, SubscriptionClientT},
        traits::ToRpcParams,
    },
    http_client::{HeaderMap, HeaderValue, HttpClient, HttpClientBuilder},
    ws_client::{WsClient, WsClientBuilder},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    api::methods::{Access, Method},
    error::ClientError,
    url::websocket,
};

/// How often a request that may be repeated is.
const ATTEMPTS: u32 = 5;
/// The longest wait between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// As the service's default, and more: blocks of many operations are long.
const RESPONSE_BYTES: u32 = 32 << 20;
/// What one request may take, with its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages of a subscription that wait to be read; one more ends it.
const UNREAD: usize = 256;

/// A connection to a service; clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    /// As given: for errors.
    pub(crate) url: Arc<str>,
}

#[derive(Debug, Clone)]
enum Transport {
    Http(Arc<HttpClient>),
    WebSocket(Arc<WsClient>),
}

impl Client {
    /// Speaks to the service at an `http://` or `ws://` URL; only the latter has subscriptions.
    ///
    /// # Errors
    /// The URL does not parse, or no WebSocket can be opened.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        Self::open(url, HeaderMap::new(), None).await
    }

    /// As [`Self::connect`], with the operator's token.
    ///
    /// # Errors
    /// As [`Self::connect`]; the token must be one that a header can hold.
    pub async fn connect_as_operator(url: &str, token: &str) -> Result<Self, ClientError> {
        Self::open(url, bearer(url, token)?, None).await
    }

    /// As [`Self::connect_as_operator`], for calls that take up to so long; over a WebSocket only, since the service ends long
    /// requests over HTTP.
    ///
    /// # Errors
    /// As [`Self::connect_as_operator`].
    pub async fn connect_for_long(
        url: &str,
        token: &str,
        patience: Duration,
    ) -> Result<Self, ClientError> {
        let url = websocket(url);
        Self::open(&url, bearer(&url, token)?, Some(patience)).await
    }

    async fn open(
        url: &str,
        headers: HeaderMap,
        patience: Option<Duration>,
    ) -> Result<Self, ClientError> {
        let with = |transport| Self { transport, url: url.into() };
        if url.starts_with("ws://") || url.starts_with("wss://") {
            let builder = WsClientBuilder::new()
                .max_response_size(RESPONSE_BYTES)
                .max_concurrent_requests(4_096)
                .max_buffer_capacity_per_subscription(UNREAD)
                .request_timeout(patience.unwrap_or(PATIENCE))
                .set_headers(headers);
            // Here, since below a bad URL is one failure of many.
            reqwest::Url::parse(url).map_err(|error| ClientError::url(url, error))?;
            let client = builder.build(url).await;
            let client = client.map_err(|error| ClientError::no_answer(url, &error))?;
            return Ok(with(Transport::WebSocket(Arc::new(client))));
        }
        let builder = HttpClientBuilder::new()
            .max_response_size(RESPONSE_BYTES)
            .request_timeout(PATIENCE)
            .set_headers(headers);
        let client = builder.build(url).map_err(|error| ClientError::url(url, error))?;
        Ok(with(Transport::Http(Arc::new(client))))
    }

    /// Calls a method once.
    ///
    /// # Errors
    /// The service refuses or does not answer.
    pub async fn call<M: Method>(&self, params: &M::Params) -> Result<M::Result, ClientError> {
        let params = Named::new(M::NAME, params)?;
        let answer = match &self.transport {
            Transport::Http(client) => client.request(M::NAME, params).await,
            Transport::WebSocket(client) => client.request(M::NAME, params).await,
        };
        answer.map_err(|error| ClientError::new(&self.url, M::NAME, error))
    }

    /// Calls a method that may be called twice, again where that may help.
    ///
    /// # Errors
    /// As [`Self::call`], the last time.
    pub async fn ask<M: Method>(&self, params: &M::Params) -> Result<M::Result, ClientError> {
        let (started, mut pause) = (Instant::now(), Duration::from_millis(50));
        for _ in 1..ATTEMPTS {
            match self.call::<M>(params).await {
                Err(error) if error.is_transient() && started.elapsed() < PATIENCE => {
                    let wait = error.pause().unwrap_or(pause).min(LONGEST_PAUSE);
                    tokio::time::sleep(wait).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        self.call::<M>(params).await
    }

    /// Opens a subscription.
    ///
    /// # Errors
    /// As [`Self::call`]; there is none over HTTP.
    pub async fn subscribe<M: Method>(
        &self,
        access: Access,
        params: &M::Params,
    ) -> Result<Subscription<M::Result>, ClientError> {
        let without =
            |reason: &str| ClientError::Transport { method: M::NAME, reason: reason.to_owned() };
        let Transport::WebSocket(client) = &self.transport else {
            return Err(without("subscriptions need a ws:// URL"));
        };
        let Access::Subscription { unsubscribe, .. } = access else {
            return Err(without("this method is no subscription"));
        };
        let opened = client.subscribe(M::NAME, Named::new(M::NAME, params)?, unsubscribe).await;
        opened.map_err(|error| ClientError::new(&self.url, M::NAME, error))
    }
}

/// The header with the operator's token.
fn bearer(url: &str, token: &str) -> Result<HeaderMap, ClientError> {
    let refuse = |_| ClientError::url(url, "the token cannot stand in a header");
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(refuse)?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value);
    Ok(headers)
}

/// Parameters by name.
struct Named(Box<RawValue>);

impl Named {
    fn new(method: &'static str, params: &impl Serialize) -> Result<Self, ClientError> {
        let encoded = to_raw_value(params).map(Self);
        encoded.map_err(|error| ClientError::Transport { method, reason: error.to_string() })
    }
}

impl ToRpcParams for Named {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        Ok(Some(self.0))
    }
}
