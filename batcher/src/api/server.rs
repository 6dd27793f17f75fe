//! The listening socket, its connections, and the way from bytes to methods.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{StatusCode, body::Incoming, header::AUTHORIZATION, server::conn::http1};
use hyper_util::rt::TokioIo;
use jsonrpsee::{
    core::middleware::RpcServiceBuilder,
    server::{
        BatchRequestConfig, HttpRequest, HttpResponse, Methods, PingConfig, ServerBuilder,
        ServerConfig, StopHandle, TowerServiceBuilder, stop_channel, ws::is_upgrade_request,
    },
};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tower::{
    Service as _,
    layer::util::{Identity, Stack},
};

use super::{
    activity::Activity,
    calls::Calls,
    config::{ApiConfig, ApiConfigError},
    guard::{Caller, GuardLayer},
    handlers::module,
    headlines, http,
    link::Link,
    places::{KEPT, Place, Places},
    service::Service,
    sources::Sources,
};
use crate::signals::Shutdown;

/// How long a connection may take to end when it should.
const DRAIN: Duration = Duration::from_secs(5);
/// How much longer a request over HTTP may take than its method: for its bytes.
const TRANSFER: Duration = Duration::from_secs(2);

/// What a client gets that comes when all places are taken.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

/// Why the API does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A field of the configuration is out of range.
    #[error(transparent)]
    Config(#[from] ApiConfigError),
    /// The address cannot be used.
    #[error("cannot listen on {address}: {source}; stop what listens there, or set api.listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two methods have one name.
    #[error("the table of methods: {0}")]
    Methods(#[from] jsonrpsee::server::RegisterMethodError),
}

/// The API on its socket: listening, not serving yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: ApiConfig,
}

type Rpc = TowerServiceBuilder<Stack<GuardLayer, Identity>, Identity>;

impl Server {
    /// Takes the address: whatever is wrong with it shows before anything else starts.
    ///
    /// # Errors
    /// The configuration is out of range, or the address cannot be used.
    pub async fn bind(config: ApiConfig) -> Result<Self, ServerError> {
        config.check()?;
        let address = config.listen;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address, config })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until shutdown; then answers what was asked, for at most five seconds.
    ///
    /// # Errors
    /// The table of methods is wrong.
    pub async fn run(self, sources: Sources, mut shutdown: Shutdown) -> Result<(), ServerError> {
        let Self { listener, config, .. } = self;
        let token = sources.admin.as_ref().map(|access| token_hash(access.token.as_bytes()));
        let service = Arc::new(Service::new(sources, config.clone()));
        let watching = Arc::clone(&service);
        let until = shutdown.clone();
        tokio::spawn(async move {
            watching.l1_seen.watch(&watching.sources.signals.l1, until).await;
        });
        tokio::spawn(headlines::follow(Arc::clone(&service), shutdown.clone()));
        let (stop, handle) = stop_channel();
        let places = Places::new(&config);
        let limits = GuardLayer(Arc::clone(&service.limits));
        let door = Door {
            rpc: ServerBuilder::with_config(server_config(&config))
                .set_rpc_middleware(RpcServiceBuilder::new().layer(limits))
                .to_service_builder(),
            methods: module(Arc::clone(&service))?.into(),
            service,
            stop,
            token,
        };
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.stopped() => break,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: they come back when connections end.
                    tracing::warn!(%error, "api: accepting a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let peer = peer.ip().to_canonical();
            match places.take(peer) {
                Some(place) => drop(tokio::spawn(door.clone().connection(socket, peer, place))),
                None => {
                    metrics::counter!("cairn_api_connections_refused_total").increment(1);
                    let _ = socket.try_write(FULL);
                }
            }
        }
        drop(door);
        let _ = handle.stop();
        let _ = tokio::time::timeout(DRAIN, places.all_free()).await;
        Ok(())
    }
}

fn server_config(config: &ApiConfig) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(config.max_request_bytes)
        .max_response_body_size(config.max_response_bytes)
        // It is the places that bound them.
        .max_connections(config.max_connections.saturating_add(KEPT))
        .max_subscriptions_per_connection(config.max_subscriptions)
        .set_message_buffer_capacity(config.subscription_buffer)
        .set_batch_request_config(BatchRequestConfig::Limit(config.max_batch_calls))
        .enable_ws_ping(PingConfig::new())
        .build()
}

/// What every connection needs.
#[derive(Clone)]
struct Door {
    rpc: Rpc,
    methods: Methods,
    service: Arc<Service>,
    stop: StopHandle,
    token: Option<[u8; 32]>,
}

impl Door {
    /// Serves one connection until either side ends it, it is idle for too long, its client does not read, or the
    /// server stops. HTTP/1.1 alone: its answers wait for the socket one by one, and what is in memory is one of them.
    async fn connection(self, socket: TcpStream, peer: IpAddr, place: Place) {
        let _ = socket.set_nodelay(true);
        let config = &self.service.config;
        // Beyond the patience with a subscription, so that its end can be told to a client that reads again.
        let patience = Duration::from_secs(config.subscriber_patience_s.saturating_mul(2));
        let idle_timeout = Duration::from_secs(config.idle_timeout_s);
        let place = Arc::new(place);
        let activity = Arc::new(Activity::default());
        let calls = Arc::new(Calls::default());
        let link = TokioIo::new(Link::new(socket, patience, Arc::clone(&calls)));
        let stop = self.stop.clone();
        let (door, busy, held) = (self, Arc::clone(&activity), Arc::clone(&place));
        let service = hyper::service::service_fn(move |request: HttpRequest<Incoming>| {
            let visit = Visit {
                peer,
                activity: Arc::clone(&busy),
                place: Arc::clone(&held),
                calls: Arc::clone(&calls),
            };
            door.clone().request(request, visit)
        });
        let connection = http1::Builder::new().serve_connection(link, service).with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => Some(ended),
            () = stop.shutdown() => None,
            () = activity.idle_for(idle_timeout) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(DRAIN, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "api: a connection ended");
        }
        drop(place);
    }

    async fn request(
        self,
        mut request: HttpRequest<Incoming>,
        visit: Visit,
    ) -> Result<HttpResponse, Infallible> {
        let Visit { peer, activity, place, calls } = visit;
        let _busy = activity.begin();
        let config = &self.service.config;
        let address = client(&request, peer, &config.trusted_proxies);
        let is_operator = self.token.is_some_and(|token| has_token(&request, &token));
        // What is below logs requests as they are: the token is not for logs.
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(response) = http::answer(&self.service, &request, address, is_operator) {
            return Ok(response);
        }
        let has_websocket = is_upgrade_request(&request);
        let limits = Arc::clone(&self.service.limits);
        let asked = calls.asked();
        request.extensions_mut().insert(Caller {
            address,
            is_operator,
            has_websocket,
            calls: Arc::clone(&calls),
        });
        let mut rpc = self.rpc.build(self.methods, self.stop);
        let failed = |error: jsonrpsee::core::BoxError| {
            tracing::debug!(%error, "api: a request failed");
            http::response(StatusCode::BAD_REQUEST, http::TEXT, "the request failed\n".into())
        };
        if has_websocket {
            if !is_operator && let Err(error) = limits.request(address) {
                return Ok(http::refused(&error));
            }
            calls.speaks_websocket();
            // The connection keeps its place until its session ends.
            let closed = rpc.on_session_closed();
            let response = rpc.call(request).await.unwrap_or_else(failed);
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                tokio::spawn(async move {
                    closed.await;
                    drop(place);
                });
            }
            return Ok(response);
        }
        if is_operator {
            return Ok(rpc.call(request).await.unwrap_or_else(failed));
        }
        let seconds = config.request_timeout_s;
        let limit = Duration::from_secs(seconds) + TRANSFER;
        let answer = tokio::time::timeout(limit, rpc.call(request)).await;
        // Calls have paid when they were read. What has none, as a body that is no JSON, pays here.
        if calls.asked() == asked
            && let Err(error) = limits.request(address)
        {
            return Ok(http::refused(&error));
        }
        Ok(match answer {
            Ok(answer) => answer.unwrap_or_else(failed),
            Err(_) => http::too_slow(seconds),
        })
    }
}

/// What a request shares with others of its connection.
struct Visit {
    peer: IpAddr,
    activity: Arc<Activity>,
    place: Arc<Place>,
    calls: Arc<Calls>,
}

/// Who asks. A proxy is believed about whom it asks for; nobody else is.
fn client<B>(request: &HttpRequest<B>, peer: IpAddr, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let headers = request.headers().get_all("x-forwarded-for");
    let values = headers.iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    for address in addresses.iter().rev() {
        match address.trim().parse::<IpAddr>() {
            Ok(address) if proxies.contains(&address.to_canonical()) => {}
            Ok(address) => return address.to_canonical(),
            Err(_) => break,
        }
    }
    peer
}

/// Tokens are compared by their hashes, so that the time of it says nothing about them.
fn token_hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn has_token<B>(request: &HttpRequest<B>, expected: &[u8; 32]) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    let token = header.and_then(|header| header.as_bytes().strip_prefix(b"Bearer "));
    token.is_some_and(|token| token_hash(token) == *expected)
}
