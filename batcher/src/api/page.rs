//! The page for browsers: three files that are part of this program, and the headers that keep them to themselves.
//!
//! The files are made of `batcher/page`, whose README says how; `dist` is committed, so that cargo alone builds.

use std::sync::LazyLock;

use hyper::{HeaderMap, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpResponse};
use sha2::{Digest as _, Sha256};

/// Nothing from elsewhere, nothing inline, in no frame; scripts speak to this service alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// A file of the page.
#[derive(Debug)]
pub(super) struct File {
    path: &'static str,
    kind: &'static str,
    pub(super) text: &'static str,
    /// Of its content: a browser that has this content gets it no second time.
    tag: LazyLock<String>,
}

macro_rules! file {
    ($path:literal, $kind:literal, $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            text: include_str!(concat!("../../page/dist/", $name)),
            tag: LazyLock::new(|| tag(include_str!(concat!("../../page/dist/", $name)).as_bytes())),
        }
    };
}

static FILES: [File; 3] = [
    file!("/", "text/html; charset=utf-8", "index.html"),
    file!("/page.js", "text/javascript; charset=utf-8", "page.js"),
    file!("/page.css", "text/css; charset=utf-8", "page.css"),
];

fn tag(content: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(content).into();
    let short = hash.first_chunk::<16>().map(hex::encode).unwrap_or_default();
    format!("\"{short}\"")
}

/// The file at a path.
pub(super) fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

/// The file, or word that the client has it.
pub(super) fn answer(file: &'static File, asked: &HeaderMap) -> HttpResponse {
    let tag = file.tag.as_str();
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| is_tag(one, tag)));
    let mut response = HttpResponse::new(HttpBody::from(if is_known { "" } else { file.text }));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let fixed = [
        (header::CONTENT_TYPE, file.kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Asked for each time, answered by the tag: a new version is there at once.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    if let Ok(tag) = header::HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Proxies that compress make a tag weak.
fn is_tag(one: &str, tag: &str) -> bool {
    let one = one.trim();
    one.strip_prefix("W/").unwrap_or(one) == tag
}
