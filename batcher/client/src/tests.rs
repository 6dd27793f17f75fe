//! What a client does where there is nobody to speak to, or an enemy.

use cairn_primitives::schnorr::SecretKey;
use cairn_types::{Authorization, PublicKey, SignedTransaction, Transaction, Word};
use serde_json::json;

use super::*;
use crate::{
    api::{methods, wire},
    l1::node::{Answer, Node},
};

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
    assert!(error.contains("refused") && error.ends_with("run there?"), "{error}");

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

#[tokio::test]
async fn an_answer_without_an_end_is_read_up_to_the_limit() {
    let node = Node::always(Answer::Endless).await;
    let client = Client::connect(node.url.as_str()).await.unwrap();
    let error = client.call::<methods::Info>(&wire::Nothing {}).await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error:?}");
    // The limit, and what the connection holds.
    assert!(node.sent() < 48 << 20, "{} bytes were sent", node.sent());
}

#[tokio::test]
async fn an_answer_of_another_form_is_not_asked_for_again() {
    let node = Node::always(Answer::Result(json!({ "version": 7 }))).await;
    let error = Client::connect(node.url.as_str()).await.unwrap().info().await.unwrap_err();
    assert!(matches!(error, ClientError::Transport { .. }), "{error:?}");
    assert_eq!(node.asked().len(), 1);
}

fn signed() -> SignedTransaction {
    let authorization = Authorization {
        domain: Word::new([0; 31]),
        token: 0,
        nonce: 0,
        expiry: 0,
        recipient: PublicKey::ZERO,
    };
    let withdraw = Transaction::Withdraw { from: 65_536, recipient: [7; 20], amount: 5, fee: 1 };
    cairn_state::sign(&SecretKey::from_seed(&[1; 32]), withdraw, authorization)
}

#[tokio::test]
async fn accounts_of_a_key_are_asked_for_until_there_are_no_more() {
    let key = PublicKey::from(SecretKey::from_seed(&[1; 32]).public());
    let account = json!({
        "id": 65_536, "key": api::hex::Key::from(key), "token": 0, "nonce": 0, "balance": "5",
        "nextNonce": 0,
    });
    let node = Node::start(move |number, _, params| match number {
        0 => Answer::Result(json!({ "accounts": [], "more": 65_536 })),
        _ => {
            assert_eq!(params["from"], 65_536);
            Answer::Result(json!({ "accounts": [account], "more": null }))
        }
    })
    .await;
    let client = Client::connect(node.url.as_str()).await.unwrap();
    let ids: Vec<_> = client.accounts_of(key).await.unwrap().iter().map(|own| own.id).collect();
    assert_eq!((ids, node.asked().len()), (vec![65_536], 2));

    let node = Node::always(Answer::Result(json!({ "accounts": [], "more": 7 }))).await;
    let client = Client::connect(node.url.as_str()).await.unwrap();
    let owned = client.owned_accounts(key).await.unwrap();
    assert_eq!((owned.more, node.asked().len()), (Some(7), MOST_ANSWERS));
}

/// Of the first request.
const BUSY: &str = r#"{"jsonrpc":"2.0","id":0,"error":{"code":1013,"message":"too busy","data":
    {"reason":"busy","retryable":true,"retryAfterMs":1}}}"#;
const REFUSED: &str = r#"{"jsonrpc":"2.0","id":0,"error":{"code":1002,"message":"nonce 1","data":
    {"reason":"nonce","retryable":false}}}"#;

#[tokio::test]
async fn a_submission_is_repeated_where_the_service_says_that_it_may_be() {
    let signed = signed();
    let hash = transaction_hash(&signed);
    let node = Node::start(move |number, _, params| match number {
        0 => Answer::Raw(200, BUSY),
        _ => {
            assert_eq!(params["transaction"].as_str().map(str::len), Some(2 + 2 * 131));
            Answer::Result(json!({ "hash": hash, "sequence": 3 }))
        }
    })
    .await;
    let client = Client::connect(node.url.as_str()).await.unwrap();
    assert_eq!(client.submit(&signed).await.unwrap().hash, hash);
    assert_eq!(node.asked(), ["cairn_submit", "cairn_submit"]);

    let node = Node::always(Answer::Raw(200, REFUSED)).await;
    let error = Client::connect(node.url.as_str()).await.unwrap().submit(&signed).await;
    let error = error.unwrap_err();
    assert_eq!((error.reason(), error.is_transient()), (Some("nonce"), false));
    assert_eq!(node.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_for_another_transaction_is_not_believed() {
    let other = json!({ "hash": format!("0x{}", "07".repeat(32)), "sequence": 3 });
    let node = Node::always(Answer::Result(other)).await;
    let client = Client::connect(node.url.as_str()).await.unwrap();
    let error = client.submit(&signed()).await.unwrap_err();
    assert!(matches!(error, ClientError::OtherTransaction { .. }), "{error:?}");
    assert_eq!(node.asked().len(), 1);
}
