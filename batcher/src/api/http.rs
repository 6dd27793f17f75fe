//! What is not JSON-RPC on the same port: `/health`, `/ready`, `/metrics`, `/openrpc.json`.

use hyper::{Method, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};

use super::{handlers::Service, health::faults};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// The answer to a GET of one of these paths; none if the request is not for this file.
pub(super) fn answer<B>(service: &Service, request: &HttpRequest<B>) -> Option<HttpResponse> {
    if request.method() != Method::GET {
        return None;
    }
    let response = match request.uri().path() {
        "/health" => response(StatusCode::OK, TEXT, "ok\n".into()),
        "/ready" => ready(service),
        "/metrics" => match &service.sources.metrics {
            Some(metrics) => response(StatusCode::OK, TEXT, metrics.render()),
            None => response(StatusCode::NOT_FOUND, TEXT, "metrics are not collected\n".into()),
        },
        "/openrpc.json" => response(StatusCode::OK, JSON, service.openrpc.to_string()),
        _ => return None,
    };
    Some(response)
}

fn ready(service: &Service) -> HttpResponse {
    let faults = faults(&service.sources, &service.l1_seen, service.max_l1_silence());
    if faults.is_empty() {
        return response(StatusCode::OK, TEXT, "ready\n".into());
    }
    response(StatusCode::SERVICE_UNAVAILABLE, TEXT, faults.join("\n") + "\n")
}

/// A response of this text.
pub(super) fn response(status: StatusCode, kind: &'static str, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// The request has taken too long.
pub(super) fn too_slow() -> HttpResponse {
    response(StatusCode::REQUEST_TIMEOUT, TEXT, "the request took too long\n".into())
}
