//! What is not JSON-RPC on the same port: `/health`, `/ready`, `/metrics`, `/openrpc.json`, and the page.

use std::net::IpAddr;

use hyper::{Method, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse, ws::is_upgrade_request};
use serde_json::json;

use super::{
    error::ApiError,
    health::faults,
    limits::is_local,
    page::{self, File},
    service::Service,
};

pub(super) const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// The answer to a GET of one of these paths; none if the request is not for this file. `/health` costs nothing, nor do
/// `/ready` and `/metrics` for this machine, whose monitor must see most when much is asked; others count as requests.
pub(super) fn answer<B>(
    service: &Service,
    request: &HttpRequest<B>,
    client: IpAddr,
    is_operator: bool,
) -> Option<HttpResponse> {
    if request.method() != Method::GET {
        return None;
    }
    let path = request.uri().path();
    if path == "/health" {
        return Some(response(StatusCode::OK, TEXT, "ok\n".into()));
    }
    if service.config.page
        && !is_upgrade_request(request)
        && let Some(file) = page::file(path)
    {
        return Some(of_page(service, file, request, client, is_operator));
    }
    if !["/ready", "/metrics", "/openrpc.json"].contains(&path) {
        return None;
    }
    let is_free = is_operator || (is_local(client) && path != "/openrpc.json");
    if !is_free && let Err(error) = service.limits.request(client) {
        return Some(refused(&error));
    }
    Some(match path {
        "/ready" => ready(service),
        "/metrics" => match &service.sources.metrics {
            Some(metrics) => response(StatusCode::OK, TEXT, metrics.render()),
            None => response(StatusCode::NOT_FOUND, TEXT, "metrics are not collected\n".into()),
        },
        _ => response(StatusCode::OK, JSON, service.openrpc_text.clone()),
    })
}

/// A file of the page costs what an answer of its length costs; one that the client has already, a request.
fn of_page<B>(
    service: &Service,
    file: &'static File,
    request: &HttpRequest<B>,
    client: IpAddr,
    is_operator: bool,
) -> HttpResponse {
    if !is_operator && let Err(error) = service.limits.request(client) {
        return refused(&error);
    }
    let answer = page::answer(file, request.headers());
    if !is_operator && answer.status() == StatusCode::OK {
        service.limits.sent(client, file.text.len());
    }
    answer
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

/// The client has asked for too much: its connection ends, so that it must come again to ask again.
pub(super) fn refused(error: &ApiError) -> HttpResponse {
    let mut response = response(StatusCode::TOO_MANY_REQUESTS, TEXT, format!("{error}\n"));
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

/// The request has taken too long: an error as any other, but of an id that was not read.
pub(super) fn too_slow(seconds: u64) -> HttpResponse {
    let error = ApiError::Timeout(seconds).body();
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": error });
    response(StatusCode::REQUEST_TIMEOUT, JSON, body.to_string())
}
