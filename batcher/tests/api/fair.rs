//! What one address leaves to others, and all clients to the operator.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cairn_batcher::{
    api::{methods, wire::Nothing},
    client::Client,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    limits::{call, error_of, forwarded},
    raw::{frame, masked, upgrade},
    world::{TOKEN, World},
};

/// A server behind a proxy on this machine, so that its clients have addresses.
async fn proxied(change: impl FnOnce(&mut cairn_batcher::api::ApiConfig)) -> World {
    World::with(|config| {
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        change(config);
    })
    .await
}

/// A client asks for much and does not read: its address gets nothing more until its connection ends, others do.
#[tokio::test]
async fn answers_that_nobody_reads_are_bounded_for_an_address() {
    let world = proxied(|config| {
        config.max_response_bytes = 1 << 18;
        config.max_unread_bytes = 1 << 20;
    })
    .await;
    let mut socket = upgrade(&world, Some("10.0.0.1")).await;
    let lot = masked(call("rpc.discover", json!([])).as_bytes()).repeat(100);
    let mut asked = 0;
    while tokio::time::timeout(Duration::from_millis(500), socket.write_all(&lot)).await.is_ok() {
        asked += 100;
        assert!(asked < 1_000_000, "it is read however little it reads");
    }
    // What is short may still have room; one more that is as long has none.
    let long = call("rpc.discover", json!([]));
    let body = forwarded(&world, "10.0.0.1", long.clone()).await;
    assert_eq!(error_of(&body), (1013, "busy".into()), "{body}");
    let body = forwarded(&world, "10.0.0.1", format!("[{long},{long}]")).await;
    assert_eq!(body.matches("1013").count(), 2, "{body}");
    assert!(forwarded(&world, "10.0.0.2", long.clone()).await.contains("\"result\""));
    drop(socket);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !forwarded(&world, "10.0.0.1", long.clone()).await.contains("\"result\"") {
        assert!(Instant::now() < deadline, "what was owed to a connection goes with it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn one_address_has_a_quarter_of_the_subscriptions() {
    let world = proxied(|config| config.max_total_subscriptions = 8).await;
    let subscribe = masked(call("cairn_subscribeBlocks", json!([])).as_bytes());
    let mut held = Vec::new();
    for (client, outcome) in [
        ("10.0.0.1", "\"result\""),
        ("10.0.0.1", "\"result\""),
        ("10.0.0.1", "this address has too many subscriptions"),
        ("10.0.0.2", "\"result\""),
    ] {
        let mut socket = upgrade(&world, Some(client)).await;
        socket.write_all(&subscribe).await.unwrap();
        let answer = frame(&mut socket).await;
        assert!(answer.contains(outcome), "{client}: {answer}");
        held.push(socket);
    }
}

#[tokio::test]
async fn the_operator_is_served_however_much_others_ask() {
    let world = World::with(|config| {
        config.max_connections = 1;
        config.total_requests_per_second = 1;
    })
    .await;
    let url = format!("ws://{}", world.url);
    let stranger = world.websocket().await;
    while stranger.call::<methods::Head>(&Nothing {}).await.is_ok() {}
    // The one place is taken, and so is every request of this second.
    let operator = Client::connect_as_operator(&url, TOKEN).await.unwrap();
    for _ in 0..20 {
        operator.call::<methods::Head>(&Nothing {}).await.unwrap();
    }
    operator.call::<methods::AdminPause>(&Nothing {}).await.unwrap();
}

#[tokio::test]
async fn what_is_no_call_costs_as_much_as_one() {
    let world = World::with(|config| config.requests_per_second = 2).await;
    let notification = r#"{"jsonrpc":"2.0","method":"cairn_head"}"#;
    for body in ["{", "[{}]", "[[],[]]", notification, &format!("[{notification}]")] {
        let mut refused = false;
        for _ in 0..50 {
            refused |= world.post(body.to_owned()).await.0 == 429;
        }
        assert!(refused || body.contains("cairn_head"), "{body}");
        let head = world.post(call("cairn_head", json!([]))).await.1;
        assert_eq!(error_of(&head), (1005, "rate".into()), "after {body}");
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
}

#[tokio::test]
async fn a_websocket_that_sends_garbage_or_notifications_ends() {
    let world = World::with(|config| config.requests_per_second = 10).await;
    let notification = r#"{"jsonrpc":"2.0","method":"cairn_head"}"#;
    for message in ["x", "{}", notification] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut socket = upgrade(&world, None).await;
        let lot = masked(message.as_bytes()).repeat(100);
        let (mut reader, mut writer) = socket.split();
        let mut sent = 0;
        let send = async {
            while writer.write_all(&lot).await.is_ok() {
                sent += 100;
                assert!(sent < 1_000_000, "{message}");
            }
        };
        let mut answers = Vec::new();
        let ends = async { tokio::join!(send, reader.read_to_end(&mut answers)) };
        let ended = tokio::time::timeout(Duration::from_secs(10), ends).await;
        assert!(ended.is_ok(), "it goes on: {message}");
    }
}

/// What the log has, while a test runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_operators_token_is_in_no_log() {
    let world = World::start().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // Without a client library, which may log what it sends.
    let mut socket = tokio::net::TcpStream::connect(&world.url).await.unwrap();
    let body = call("cairn_admin_pause", json!([]));
    let request = format!(
        "POST / HTTP/1.1\r\nhost: a-host\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    drop(guard);
    assert!(answer.contains("\"result\""), "{answer}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a-host"), "requests are logged: {log}");
    assert!(!log.contains(TOKEN), "{log}");
}
