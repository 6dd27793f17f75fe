//! What a client says where there is nobody to speak to.

use super::*;

/// A URL where nobody listens.
fn nobody(scheme: &str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("{scheme}://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn who_does_not_answer_is_named() {
    let url = nobody("http");
    let error = Client::connect(&url).await.unwrap().info().await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }) && error.is_transient(), "{error:?}");
    let error = error.to_string();
    assert!(error.starts_with(&format!("no answer from {url}: ")), "{error}");
    assert!(error.contains("refused") && error.ends_with("(--url)?"), "{error}");

    let url = nobody("ws");
    let error = Client::connect(&url).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("no answer from {url}: ")), "{error}");
}

#[tokio::test]
async fn only_a_url_that_is_none_is_blamed() {
    for bad in ["ws://", "ftp://127.0.0.1:1", "nonsense"] {
        let error = match Client::connect(bad).await {
            Ok(client) => client.info().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, ClientError::Url { .. }), "{bad}: {error:?}");
    }
}

#[test]
fn credentials_are_not_shown() {
    for (url, shown) in [
        ("http://user:secret@host:1/", "http://***@host:1"),
        ("http://host:1/secret", "http://host:1/***"),
        ("ws://host/?key=secret", "ws://host/***"),
        ("htt p://host/secret", "(not a URL)"),
        ("user:secret@host", "(not a URL)"),
    ] {
        let error = ClientError::no_answer(url, &std::fmt::Error).to_string();
        assert!(error.starts_with(&format!("no answer from {shown}: ")), "{error}");
    }
}

#[test]
fn a_service_has_two_urls() {
    for (http_url, ws_url) in [("http://host:1", "ws://host:1"), ("https://host", "wss://host")] {
        assert_eq!((websocket(http_url), http(ws_url)), (ws_url.into(), http_url.into()));
        assert_eq!((websocket(ws_url), http(http_url)), (ws_url.into(), http_url.into()));
    }
}
