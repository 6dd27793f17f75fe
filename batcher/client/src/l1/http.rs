//! Answers of servers that nobody trusts, L1's nodes and sources of blobs alike: of bounded size, within bounded time,
//! and in errors never more than a printable line of them.

use std::{net::IpAddr, time::Duration};

use alloy::primitives::bytes::Bytes;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header, redirect};
use serde::Deserialize;
use thiserror::Error;

use super::secrets::Secrets;

/// Bytes that are read of a refusal, for its reason.
const MAX_REFUSAL: usize = 65_536;

/// Characters that an error quotes of an answer.
const MAX_QUOTE: usize = 200;

/// Times that a request is sent on to another URL.
const MAX_REDIRECTS: usize = 5;

/// What one request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From its start to the last byte of the answer.
    pub time: Duration,
    /// Of the answer: never more than that is in memory.
    pub bytes: usize,
}

/// Why there is no answer, or none of use. Its text is one line without the URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing, or not everything, in time.
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// More than is read.
    #[error("its answer has more than {0} bytes")]
    TooLarge(usize),
    /// No connection, or it broke.
    #[error("{0}")]
    Connection(String),
    /// It sends on to where nobody follows.
    #[error("{0}")]
    Redirect(String),
    /// An answer that would have to be unpacked first, to whatever length.
    #[error("its answer is compressed ({0}), which was not asked for")]
    Compressed(String),
    /// The server refuses.
    #[error("{status}{}{said}", if .said.is_empty() { "" } else { ": " })]
    Status {
        /// Its status.
        status: StatusCode,
        /// What it says, as [`quote`] has it.
        said: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Something else than was asked for.
    #[error("its answer is not JSON-RPC: {0}")]
    Malformed(String),
    /// It is a node of another chain than the others.
    #[error("it is on chain {got}, expected {expected}")]
    OtherChain {
        /// The chain of the others.
        expected: u64,
        /// Its own.
        got: u64,
    },
}

impl Fault {
    /// Whether the same request may have an answer later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Connection(_) | Self::Malformed(_) => true,
            // One of the others may answer.
            Self::OtherChain { .. } => true,
            Self::TooLarge(_) | Self::Redirect(_) | Self::Compressed(_) => false,
            Self::Status { status, .. } => {
                is_busy(*status) || (status.is_server_error() && !is_for_good(*status))
            }
        }
    }

    /// Whether the server says that what was asked for is not there.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        let absent = [StatusCode::NOT_FOUND, StatusCode::GONE];
        matches!(self, Self::Status { status, .. } if absent.contains(status))
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What servers say who will never know the method.
fn is_for_good(status: StatusCode) -> bool {
    [StatusCode::NOT_IMPLEMENTED, StatusCode::HTTP_VERSION_NOT_SUPPORTED].contains(&status)
}

/// What overloaded servers, and those who limit the rate, say. 413 is among it: proxies in front of nodes say it of
/// bursts.
fn is_busy(status: StatusCode) -> bool {
    [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&status)
}

/// A client for one server, which neither waits nor reads for ever.
#[derive(Debug, Clone)]
pub struct Http {
    /// Or why there is none: the system's certificates cannot be read.
    client: Result<Client, String>,
    /// Of its URL.
    secrets: Secrets,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// See [`Fault::Status`].
    pub retry_after: Option<Duration>,
    /// Its body, or the beginning of a refusal's.
    pub body: Vec<u8>,
}

/// What a server that refuses says, if it says it as beacon nodes do.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Http {
    /// A client for the server of this URL. What is on this machine is not asked through a proxy.
    pub fn new(url: &Url) -> Self {
        // A referer would tell the key in a URL's path to whoever is redirected to.
        let builder = Client::builder().redirect(redirects()).referer(false);
        let builder = if is_loopback(url) { builder.no_proxy() } else { builder };
        Self { client: builder.build().map_err(chain), secrets: Secrets::of(url) }
    }

    /// The bytes at `url`.
    ///
    /// # Errors
    /// There is no whole answer in time and size, or the server refuses.
    pub async fn get(&self, url: Url, limits: Limits) -> Result<Vec<u8>, Fault> {
        let answer = send(self.client()?.get(url), limits).await?;
        let Answer { status, retry_after, body } = answer;
        if status.is_success() {
            return Ok(body);
        }
        let said = serde_json::from_slice(&body).map(|Refusal { message }| self.quote(&message));
        Err(Fault::Status { status, said: said.unwrap_or_default(), retry_after })
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// There is no whole answer in time and size.
    pub async fn post(&self, url: Url, body: Bytes, limits: Limits) -> Result<Answer, Fault> {
        let request = self.client()?.post(url).header(header::CONTENT_TYPE, "application/json");
        send(request.body(body), limits).await
    }

    /// [`quote`], without what the server knows of its URL.
    pub fn quote(&self, said: &str) -> String {
        quote(&self.secrets.cut(said))
    }

    fn client(&self) -> Result<&Client, Fault> {
        self.client.as_ref().map_err(|reason| Fault::Connection(reason.clone()))
    }
}

/// A server may send on to another one: a few times, never to a scheme that is not as good, and not from elsewhere to
/// what is on this machine or back, since a client is made for one of the two.
fn redirects() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let (previous, next) = (attempt.previous(), attempt.url());
        let (Some(first), Some(last)) = (previous.first(), previous.last()) else {
            return attempt.follow();
        };
        let is_as_good = next.scheme() == "https" || [next.scheme(), last.scheme()] == ["http"; 2];
        if previous.len() > MAX_REDIRECTS {
            attempt.error(format!("more than {MAX_REDIRECTS} in a row"))
        } else if !is_as_good {
            let reason = format!("from {} to {}", last.scheme(), quote(next.scheme()));
            attempt.error(reason)
        } else if is_loopback(first) != is_loopback(next) {
            attempt.error("to or from this machine")
        } else {
            attempt.follow()
        }
    })
}

async fn send(request: RequestBuilder, limits: Limits) -> Result<Answer, Fault> {
    let fault = |e: reqwest::Error| {
        if e.is_timeout() {
            Fault::Timeout(limits.time)
        } else if e.is_redirect() {
            Fault::Redirect(chain(e))
        } else {
            Fault::Connection(chain(e))
        }
    };
    let mut response = request.timeout(limits.time).send().await.map_err(fault)?;
    let status = response.status();
    let limit = if status.is_success() { limits.bytes } else { limits.bytes.min(MAX_REFUSAL) };
    let retry_after = retry_after(&response);
    if status.is_success()
        && let Some(encoding) = response.headers().get(header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(Fault::Compressed(quote(&String::from_utf8_lossy(encoding.as_bytes()))));
    }
    // Piece by piece, and no further than the limit: what the server announces counts for nothing.
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(piece)) if body.len() + piece.len() <= limit => {
                make_room(&mut body, piece.len(), limit);
                body.extend_from_slice(&piece);
            }
            // Of a refusal, the status is enough.
            Ok(Some(_)) | Err(_) if !status.is_success() => break,
            Ok(Some(_)) => return Err(Fault::TooLarge(limit)),
            Err(e) => return Err(fault(e)),
        }
    }
    Ok(Answer { status, retry_after, body })
}

/// Room for one more piece: twice as much as there is, as a vector makes it, but never beyond the limit.
fn make_room(body: &mut Vec<u8>, piece: usize, limit: usize) {
    let needed = body.len() + piece;
    if needed > body.capacity() {
        let room = body.capacity().saturating_mul(2).clamp(needed, limit);
        body.reserve_exact(room - body.len());
    }
}

/// Of the header's two forms, the one in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The error with its causes, which are not part of its own text.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    quote(&reason)
}

/// A server's text as an error may show it: its first 200 characters, without control characters or markup.
pub fn quote(text: &str) -> String {
    let mut quoted = String::new();
    let mut characters = text.chars();
    for c in characters.by_ref().take(MAX_QUOTE) {
        match c {
            '<' | '>' => quoted.extend(c.escape_unicode()),
            ' '..='~' => quoted.push(c),
            _ => quoted.extend(c.escape_default()),
        }
    }
    if characters.next().is_some() {
        quoted.push_str("..");
    }
    quoted
}

/// Whether a URL leads to this machine. Names below `localhost` do (RFC 6761), and so does the address of no machine.
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let name = host.strip_suffix('.').unwrap_or(host);
    let local = |address: IpAddr| {
        let address = address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse().is_ok_and(local)
}

/// Host and port of a URL: what an error may name of it. Path, query and user may be a secret.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_answer_can_move_the_cursor_or_be_markup() {
        let quoted = quote("\u{1b}[2J<b>\u{202e}\r\nfine\"");
        assert_eq!(quoted, "\\u{1b}[2J\\u{3c}b\\u{3e}\\u{202e}\\r\\nfine\"");
        assert_eq!(quote(&"x".repeat(1_000)), format!("{}..", "x".repeat(200)));
    }

    #[test]
    fn a_url_is_named_by_its_host_alone() {
        let host = |url: &str| host(&url.parse().unwrap());
        assert_eq!(host("https://user:secret@node.example/v3/key?k=1"), "node.example");
        assert_eq!(host("http://[::1]:8545/key"), "[::1]:8545");
        let local = |url: &str| is_loopback(&url.parse().unwrap());
        for here in ["LOCALHOST.:1", "l1.localhost", "127.8.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(local(&format!("http://{here}")), "{here}");
        }
        assert!(local("http://localhost:1") && local("http://0.0.0.0:1") && local("http://127.1"));
        for elsewhere in ["localhost.example", "10.0.0.1", "notlocalhost", "[::2]"] {
            assert!(!local(&format!("http://{elsewhere}")), "{elsewhere}");
        }
    }

    #[test]
    fn room_is_doubled_up_to_the_limit() {
        let mut body = vec![0; 600];
        make_room(&mut body, 10, 1_000);
        assert_eq!(body.capacity(), 1_000);
        make_room(&mut body, 400, 1_000);
        assert_eq!(body.capacity(), 1_000);
    }
}
