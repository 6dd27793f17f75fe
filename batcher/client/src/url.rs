//! The URLs of a service.

use crate::node::print::masked_url;

/// The same service by WebSocket: one connection carries many requests at once.
#[must_use]
pub fn websocket(url: &str) -> String {
    match url.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => url.to_owned(),
    }
}

/// The same service by HTTP: after an outage it is reached again without a new connection by hand.
#[must_use]
pub fn http(url: &str) -> String {
    match url.strip_prefix("ws") {
        Some(rest) => format!("http{rest}"),
        None => url.to_owned(),
    }
}

/// A URL as it may be shown: nothing of what is none.
pub(super) fn shown(url: &str) -> String {
    // Of `user:password@host` the user is the scheme.
    let has_host = url.parse::<reqwest::Url>().is_ok_and(|url| url.has_host());
    if has_host { masked_url(url) } else { "(not a URL)".to_owned() }
}
