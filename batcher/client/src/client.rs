//! A thin typed client of the API: what the demo, the load generator and tests speak to a service with.
//!
//! It retries what may be done twice, and only that: every method reads, but for submission, which is known by its
//! hash, so that the same bytes twice are one transaction.

mod check;
mod metrics;
#[cfg(test)]
mod tests;
mod url;
mod wait;

use std::{error::Error as StdError, sync::Arc, time::Duration};

use alloy::primitives::Address;
use cairn_types::{PublicKey, SignedTransaction};
use jsonrpsee::{
    core::{
        client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
        traits::ToRpcParams,
    },
    http_client::{HeaderMap, HeaderValue, HttpClient, HttpClientBuilder},
    types::ErrorObjectOwned,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use self::url::shown;
pub use self::{
    check::{ProofError, check_proof},
    url::{http, websocket},
    wait::WaitError,
};
use crate::api::{
    error::{ErrorBody, ErrorData},
    hex::{Hash, Hex},
    methods::{self, Access, Method},
    receipt::{ReceiptDomain, ReceiptError},
    wire,
};

/// How often a request that may be repeated is.
const ATTEMPTS: u32 = 5;
/// The longest wait between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// As the service's default, and more: blocks of many operations are long.
const RESPONSE_BYTES: u32 = 32 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is neither http nor ws, or does not parse.
    #[error("{url}: expected a URL as http://127.0.0.1:8650 or ws://127.0.0.1:8650: {reason}")]
    Url {
        /// As it may be shown.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The service refuses.
    #[error("{method}: {message} ({code}, {})", .data.as_ref().map_or("no reason", |data| data.reason.as_str()))]
    Refused {
        /// The method.
        method: &'static str,
        /// As `api::error` lists them.
        code: i32,
        /// For people.
        message: String,
        /// For programs; none from JSON-RPC itself.
        data: Option<ErrorData>,
    },
    /// Nobody answers there.
    #[error("no answer from {url}: {reason}; does the operator run there (--url)?")]
    NoAnswer {
        /// As it may be shown.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The service did not answer as it should.
    #[error("{method}: {reason}")]
    Transport {
        /// The method.
        method: &'static str,
        /// What happened.
        reason: String,
    },
    /// A receipt does not hold.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { data, .. } => data.as_ref().is_some_and(|data| data.retryable),
            Self::NoAnswer { .. } => true,
            Self::Url { .. } | Self::Transport { .. } | Self::Receipt(_) => false,
        }
    }

    /// The stable word of a refusal.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused { data: Some(data), .. } => Some(&data.reason),
            _ => None,
        }
    }

    fn pause(&self) -> Option<Duration> {
        match self {
            Self::Refused { data: Some(data), .. } => {
                data.retry_after_ms.map(Duration::from_millis)
            }
            _ => None,
        }
    }

    fn new(url: &str, method: &'static str, error: RpcError) -> Self {
        match error {
            RpcError::Call(error) => Self::refused(method, &error),
            RpcError::Transport(error) => Self::no_answer(url, &*error),
            RpcError::RequestTimeout | RpcError::RestartNeeded(_) => Self::no_answer(url, &error),
            other => Self::Transport { method, reason: other.to_string() },
        }
    }

    /// The last cause says what happened, those before it only where in the client.
    fn no_answer(url: &str, error: &(dyn StdError + 'static)) -> Self {
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self::NoAnswer { url: shown(url), reason: cause.to_string() }
    }

    fn refused(method: &'static str, error: &ErrorObjectOwned) -> Self {
        let data = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
        Self::Refused { method, code: error.code(), message: error.message().to_owned(), data }
    }
}

impl From<ErrorBody> for ClientError {
    fn from(error: ErrorBody) -> Self {
        let ErrorBody { code, message, data } = error;
        Self::Refused { method: methods::SubmitMany::NAME, code, message, data: Some(data) }
    }
}

/// A connection to a service; clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    /// As given: for errors.
    url: Arc<str>,
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
            let mut builder = WsClientBuilder::new()
                .max_response_size(RESPONSE_BYTES)
                .max_concurrent_requests(4_096)
                .set_headers(headers);
            if let Some(patience) = patience {
                builder = builder.request_timeout(patience);
            }
            // Here, since below a bad URL is one failure of many.
            reqwest::Url::parse(url).map_err(|error| url_error(url, error))?;
            let client = builder.build(url).await;
            let client = client.map_err(|error| ClientError::no_answer(url, &error))?;
            return Ok(with(Transport::WebSocket(Arc::new(client))));
        }
        let builder =
            HttpClientBuilder::new().max_response_size(RESPONSE_BYTES).set_headers(headers);
        let client = builder.build(url).map_err(|error| url_error(url, error))?;
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
        let mut pause = Duration::from_millis(50);
        for _ in 1..ATTEMPTS {
            match self.call::<M>(params).await {
                Err(error) if error.is_transient() => {
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

    /// Submits a transaction; returns when it is durable.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn submit(&self, signed: &SignedTransaction) -> Result<wire::Submitted, ClientError> {
        self.ask::<methods::Submit>(&wire::SubmitOne { transaction: Hex(signed.to_bytes()) }).await
    }

    /// Submits transactions; an outcome for each. Those that are refused for a while are not tried again.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn submit_many(
        &self,
        signed: &[SignedTransaction],
    ) -> Result<Vec<wire::SubmitOutcome>, ClientError> {
        let transactions = signed.iter().map(|signed| Hex(signed.to_bytes())).collect();
        self.ask::<methods::SubmitMany>(&wire::SubmitMany { transactions }).await
    }

    /// An account, if it exists.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn account(&self, id: u32) -> Result<Option<wire::AccountView>, ClientError> {
        self.ask::<methods::Account>(&wire::ById { id }).await
    }

    /// Accounts of a key: the first that fit an answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn accounts_of(&self, key: PublicKey) -> Result<Vec<wire::AccountView>, ClientError> {
        let params = wire::ByKey { key: key.into(), from: None };
        Ok(self.ask::<methods::AccountsOf>(&params).await?.accounts)
    }

    /// A transaction's life, if the operator has accepted it.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn transaction(
        &self,
        hash: Hash,
    ) -> Result<Option<wire::TransactionView>, ClientError> {
        self.ask::<methods::Transaction>(&wire::ByHash { hash }).await
    }

    /// Who the operator is.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn info(&self) -> Result<wire::Info, ClientError> {
        self.ask::<methods::Info>(&wire::Nothing {}).await
    }

    /// The last block and batches.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn head(&self) -> Result<wire::Head, ClientError> {
        self.ask::<methods::Head>(&wire::Nothing {}).await
    }

    /// The operator's receipt of a transaction, checked against who it must be signed by.
    ///
    /// # Errors
    /// As [`Self::ask`]; or it is of another transaction, or not signed by `signer` for this rollup.
    pub async fn receipt(
        &self,
        hash: Hash,
        domain: &ReceiptDomain,
        signer: Address,
    ) -> Result<wire::SignedReceipt, ClientError> {
        let receipt = self.ask::<methods::Receipt>(&wire::ByHash { hash }).await?;
        if receipt.transaction != hash {
            return Err(ReceiptError::OtherTransaction.into());
        }
        receipt.verify(domain, signer)?;
        Ok(receipt)
    }
}

/// The header with the operator's token.
fn bearer(url: &str, token: &str) -> Result<HeaderMap, ClientError> {
    let refuse = |_| url_error(url, "the token cannot stand in a header");
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(refuse)?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value);
    Ok(headers)
}

fn url_error(url: &str, reason: impl ToString) -> ClientError {
    ClientError::Url { url: shown(url), reason: reason.to_string() }
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
