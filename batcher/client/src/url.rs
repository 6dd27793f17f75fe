//! The URLs of a service.

use reqwest::Url;

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
    let has_host = url.parse::<Url>().is_ok_and(|url| url.has_host());
    if has_host { masked_url(url) } else { "(not a URL)".to_owned() }
}

/// A URL without user, password, path and query, which may be or hold an API key; other texts as they are.
#[must_use]
pub fn masked_url(text: &str) -> String {
    let Ok(url) = text.parse::<Url>() else { return text.to_owned() };
    let Some(host) = url.host_str() else { return text.to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let user = if has_user { "***@" } else { "" };
    let rest = if is_bare { "" } else { "/***" };
    format!("{}://{user}{host}{port}{rest}", url.scheme())
}
