//! What one client may take, and what is said when it takes more.

use std::time::{Duration, Instant};

use cairn_batcher::{
    api::{
        ApiConfig, Server,
        hex::Hex,
        methods,
        wire::{self, Nothing},
    },
    client::Client,
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::world::World;

pub(crate) fn call(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

pub(crate) fn error_of(body: &str) -> (i64, String) {
    let body: Value = serde_json::from_str(body).unwrap();
    let error = &body["error"];
    (error["code"].as_i64().unwrap(), error["data"]["reason"].as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn requests_a_second() {
    let world = World::with(|config| config.requests_per_second = 5).await;
    let client = world.http().await;
    let mut refused = None;
    for _ in 0..1_000 {
        if let Err(error) = client.call::<methods::Head>(&Nothing {}).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.expect("ten at once, and a thousand were asked");
    assert_eq!((error.reason(), error.is_transient()), (Some("rate"), true));
    // With patience it goes on.
    client.head().await.unwrap();
}

/// Two at once are allowed, but not behind one of these.
#[tokio::test]
async fn what_is_read_out_of_many_rows_counts_as_many_requests() {
    for (method, params) in [
        ("cairn_history", json!({ "id": 77, "before": null })),
        ("cairn_settlements", json!({ "count": 1, "before": null })),
    ] {
        let world = World::with(|config| config.requests_per_second = 1).await;
        let (_, answer) = world.post(call(method, params)).await;
        assert!(!answer.contains("error"), "{answer}");
        let (_, next) = world.post(call("cairn_head", json!([]))).await;
        assert_eq!(error_of(&next), (1005, "rate".into()), "after {method}");
    }
}

#[tokio::test]
async fn calls_of_a_batch_count_each() {
    let world = World::with(|config| {
        config.total_requests_per_second = 2;
        config.max_batch_calls = 10;
    })
    .await;
    let one = call("cairn_head", json!([]));
    let batch = |calls: usize| format!("[{}]", vec![one.clone(); calls].join(","));
    let (_, body) = world.post(batch(10)).await;
    let answers: Vec<Value> = serde_json::from_str(&body).unwrap();
    let good = answers.iter().filter(|answer| answer.get("result").is_some()).count();
    assert!((4..10).contains(&good), "{good} of a bucket of four");
    // No call of it is taken, and it costs one request all the same.
    let (status, _) = world.post(batch(11)).await;
    assert_eq!(status, 429);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_, body) = world.post(batch(11)).await;
    assert_eq!(error_of(&body).0, -32010, "more calls than a batch may have");
}

/// A request as a proxy forwards it, with a client's address.
pub(crate) async fn forwarded(world: &World, client: &str, body: String) -> String {
    let request = reqwest::Client::new()
        .post(format!("http://{}", world.url))
        .header("content-type", "application/json")
        .header("x-forwarded-for", client)
        .body(body);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn transactions_of_an_address_count_each() {
    let proxy = || vec!["127.0.0.1".parse().unwrap()];
    let world = World::with(|config| {
        config.transactions_per_second = 2;
        config.trusted_proxies = proxy();
    })
    .await;
    let submit = |count: usize| {
        let bytes = Hex(super::world::transfer(50, 1).to_bytes());
        call("cairn_submitMany", json!([vec![bytes.to_string(); count]]))
    };
    let refused = |body: &str| body.contains("too many transactions");
    // Four at once, and it may be in debt once.
    assert!(!refused(&forwarded(&world, "10.0.0.1", submit(3)).await));
    assert!(!refused(&forwarded(&world, "10.0.0.1", submit(30)).await));
    let body = forwarded(&world, "10.0.0.1", submit(1)).await;
    assert_eq!(error_of(&body), (1005, "rate".into()));
    assert!(refused(&body), "{body}");
    // Another client, this machine, and whoever tries to be somebody else.
    assert!(!refused(&forwarded(&world, "10.0.0.2", submit(1)).await));
    assert!(!refused(&forwarded(&world, "nobody", submit(1)).await));
    assert!(refused(&forwarded(&world, "10.0.0.9, 10.0.0.1", submit(1)).await));
    for _ in 0..5 {
        assert!(!refused(&world.post(submit(40)).await.1));
    }
    let no_proxy = World::with(|config| config.transactions_per_second = 1).await;
    for _ in 0..5 {
        assert!(!refused(&forwarded(&no_proxy, "10.0.0.1", submit(2)).await));
    }
}

#[tokio::test]
async fn one_address_has_a_quarter_of_intake() {
    let world = World::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    let world = world.await;
    world.intake.hold();
    let submit = |count: usize| {
        let bytes = Hex(super::world::transfer(50, 1).to_bytes());
        call("cairn_submitMany", json!([vec![bytes.to_string(); count]]))
    };
    let first = forwarded(&world, "10.0.0.1", submit(8));
    tokio::pin!(first);
    tokio::select! {
        early = &mut first => panic!("{early}"),
        () = world.intake.came.notified() => {}
    }
    let body = forwarded(&world, "10.0.0.1", submit(3)).await;
    assert_eq!(error_of(&body), (1013, "busy".into()), "eight and three of a quarter of forty");
    world.intake.release();
    assert!(first.await.contains("accepted"));
    assert!(forwarded(&world, "10.0.0.1", submit(3)).await.contains("accepted"));
}

#[tokio::test]
async fn long_answers_count_as_several_requests() {
    let world = World::with(|config| {
        config.requests_per_second = 2;
        config.max_items = 100_000;
    })
    .await;
    let many = call("cairn_transactions", json!([vec![Hex([1; 32]).to_string(); 15_000]]));
    // Four tokens at once: the answer of 75 KB costs three, a head one.
    let refused = (0..10).map(|_| world.post(many.clone()));
    let mut answered = 0;
    for answer in refused {
        answered += usize::from(answer.await.1.contains("\"result\""));
    }
    assert!((2..9).contains(&answered), "{answered}");
}

#[tokio::test]
async fn other_paths_count_as_requests() {
    let world = World::with(|config| {
        config.requests_per_second = 1;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let client = reqwest::Client::new();
    let get = async |path: &str, from: &str| {
        let request = client.get(format!("http://{}{path}", world.url));
        request.header("x-forwarded-for", from).send().await.unwrap().status().as_u16()
    };
    let mut statuses = Vec::new();
    for path in ["/openrpc.json", "/ready", "/metrics", "/other"].into_iter().cycle().take(12) {
        statuses.push(get(path, "10.0.0.1").await);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(get("/health", "10.0.0.1").await, 200);
    // The operator's monitor.
    for _ in 0..12 {
        assert_eq!(get("/ready", "127.0.0.1").await, 200);
    }
}

#[tokio::test]
async fn bodies_arrays_and_depth() {
    let world = World::with(|config| {
        config.max_request_bytes = 8_192;
        config.max_items = 3;
        config.max_depth = 8;
    })
    .await;
    let (status, _) = world.post(call("cairn_head", json!(["x".repeat(10_000)]))).await;
    assert_eq!(status, 413);
    let hashes = |count: usize| json!([vec![Hex([1; 32]).to_string(); count]]);
    let (_, body) = world.post(call("cairn_transactions", hashes(4))).await;
    assert_eq!(error_of(&body), (1006, "too_many_items".into()));
    let (_, body) = world.post(call("cairn_transactions", hashes(3))).await;
    assert!(body.contains("[null,null,null]"), "{body}");
    let client = world.websocket().await;
    let range = wire::AccountRange { from: 0, count: 4 };
    let refused = client.call::<methods::Accounts>(&range).await.unwrap_err();
    assert_eq!(refused.reason(), Some("too_many_items"));

    let nested = |depth: usize| {
        let params = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"cairn_head","params":{params}}}"#)
    };
    let (_, body) = world.post(nested(9)).await;
    assert_eq!(error_of(&body), (1007, "too_deep".into()));
    let (_, body) = world.post(nested(8)).await;
    assert_eq!(error_of(&body), (-32602, "invalid_params".into()));
    let (_, body) = world.post(nested(4_000)).await;
    assert_eq!(error_of(&body), (1007, "too_deep".into()));
    let (_, body) = world.post(format!("[{}]", nested(9))).await;
    assert!(body.contains("too_deep"), "{body}");
}

#[tokio::test]
async fn parameters_are_read_strictly_by_position_or_by_name() {
    let world = World::start().await;
    for good in [json!([65536]), json!({ "id": 65536 })] {
        let (_, body) = world.post(call("cairn_account", good)).await;
        assert!(body.contains("\"nextNonce\":4"), "{body}");
    }
    let bad = [
        json!([]),
        json!({}),
        json!([1, 2]),
        json!({ "id": 1, "more": 1 }),
        json!(["1"]),
        json!([-1]),
        json!([1.5]),
        json!([4_294_967_296_u64]),
    ];
    for params in bad {
        let (_, body) = world.post(call("cairn_account", params.clone())).await;
        assert_eq!(error_of(&body), (-32602, "invalid_params".into()), "{params}");
    }
    let (_, body) = world.post(call("cairn_transaction", json!(["0x12"]))).await;
    assert_eq!(error_of(&body).0, -32602);
    let (_, body) = world.post(call("cairn_nothing", json!([]))).await;
    assert_eq!(error_of(&body).0, -32601);
    let (_, body) = world.post(call("cairn_subscribeBlocks", json!([]))).await;
    assert_eq!(error_of(&body), (1010, "needs_websocket".into()));
}

#[tokio::test]
async fn connections_and_subscriptions() {
    let world = World::with(|config| {
        config.max_connections = 2;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        config.max_subscriptions = 1;
    })
    .await;
    let first = world.websocket().await;
    let _second = world.websocket().await;
    let mut third = TcpStream::connect(&world.url).await.unwrap();
    let mut answer = String::new();
    third.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let held =
        first.subscribe::<methods::SubscribeBlocks>(methods::BLOCKS, &Nothing {}).await.unwrap();
    let over = first.subscribe::<methods::SubscribeBatches>(methods::BATCHES, &Nothing {}).await;
    assert!(over.unwrap_err().to_string().contains("-32006"));
    drop((held, first));
    // The place of a session that has ended is free again.
    let deadline = Instant::now() + Duration::from_secs(10);
    while Client::connect(&format!("ws://{}", world.url)).await.is_err() {
        assert!(Instant::now() < deadline, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn subscriptions_of_all_connections() {
    let world = World::with(|config| config.max_total_subscriptions = 1).await;
    let (first, second) = (world.websocket().await, world.websocket().await);
    let held =
        first.subscribe::<methods::SubscribeBlocks>(methods::BLOCKS, &Nothing {}).await.unwrap();
    let subscribe = || second.subscribe::<methods::SubscribeBlocks>(methods::BLOCKS, &Nothing {});
    assert_eq!(subscribe().await.unwrap_err().reason(), Some("busy"));
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    while subscribe().await.is_err() {
        assert!(Instant::now() < deadline, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let world = World::with(|config| config.idle_timeout_s = 1).await;
    let mut socket = TcpStream::connect(&world.url).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(10), socket.read_u8()).await;
    closed.expect("the server closes it").unwrap_err();
}

#[tokio::test]
async fn health_and_readiness() {
    let world = World::start().await;
    assert_eq!(world.get("/health").await, (200, "ok\n".into()));
    assert_eq!(world.get("/ready").await, (200, "ready\n".into()));
    assert_eq!(world.get("/metrics").await.0, 404);
    world.health.0.lock().unwrap().push("settlement has stopped: no funds".into());
    let (status, body) = world.get("/ready").await;
    assert_eq!((status, &*body), (503, "settlement has stopped: no funds\n"));
    world.health.0.lock().unwrap().clear();
    let reason = "batch 2: the replay ends in another state";
    *world.halted.lock().unwrap() = Some(reason.into());
    let (status, body) = world.get("/ready").await;
    assert_eq!((status, body), (503, format!("halted: {reason}\n")));
    assert_eq!(world.http().await.head().await.unwrap().halted.as_deref(), Some(reason));
    *world.halted.lock().unwrap() = None;
    let mut view = world.store.l1_view.get(&()).unwrap().unwrap();
    view.halted = Some("L1 was reorganized".into());
    let mut write = world.store.write();
    write.put(&world.store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
    let (status, body) = world.get("/ready").await;
    assert_eq!((status, &*body), (503, "halted: L1 was reorganized\n"));
    assert_eq!(world.get("/health").await.0, 200);
}

#[tokio::test]
async fn l1_that_falls_silent_is_noticed_and_forgiven() {
    let world = World::with(|config| config.max_l1_silence_s = 1).await;
    let until = |expected: u16| {
        let world = &world;
        async move {
            let deadline = Instant::now() + Duration::from_secs(10);
            while world.get("/ready").await.0 != expected {
                assert!(Instant::now() < deadline, "not {expected}");
                if expected == 200 {
                    world.signals.l1.ring();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    until(503).await;
    assert!(world.get("/ready").await.1.contains("no block of L1"));
    until(200).await;
}

#[tokio::test]
async fn a_port_in_use_and_a_bad_field_are_one_clear_line() {
    let world = World::start().await;
    let config = ApiConfig { listen: world.url.parse().unwrap(), ..ApiConfig::default() };
    let error = Server::bind(config).await.unwrap_err().to_string();
    assert!(error.contains(&world.url) && error.contains("api.listen"), "{error}");
    let config = ApiConfig { max_items: 0, ..ApiConfig::default() };
    let error = Server::bind(config).await.unwrap_err().to_string();
    assert_eq!(error, "api.max_items: expected at least 1, got 0");
}

#[tokio::test]
async fn the_server_stops_with_clients_connected() {
    let world = World::start().await;
    let client = world.websocket().await;
    let mut blocks =
        client.subscribe::<methods::SubscribeBlocks>(methods::BLOCKS, &Nothing {}).await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(10), world.stop()).await;
    stopped.expect("it stops");
    assert!(blocks.next().await.is_none());
}
