use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TxLegacy},
    eips::Encodable2718,
    primitives::Signature,
    providers::{DynProvider, Provider},
};
use reqwest::Url;
use serde_json::{Value, json};

use super::node::{Answer, Node};
use super::*;
use crate::l1::{
    connection::connect,
    error::{L1Error, is_too_much, rpc},
};

/// Impatient enough for tests.
fn config() -> ConnectionConfig {
    ConnectionConfig {
        attempt_ms: 1_000,
        deadline_ms: 2_000,
        max_answer_bytes: 65_536,
        retries: 3,
        backoff_ms: 1,
        max_backoff_ms: 10,
        rest_ms: 60_000,
        stale_ms: 60_000,
    }
}

fn to(nodes: &[&Node], config: &ConnectionConfig) -> DynProvider {
    let urls: Vec<_> = nodes.iter().map(|node| node.url.clone()).collect();
    connect(&urls, config).unwrap()
}

async fn chain_id(nodes: &[&Node], config: &ConnectionConfig) -> Result<u64, L1Error> {
    to(nodes, config).get_chain_id().await.map_err(|e| rpc("asking", e))
}

#[tokio::test]
async fn a_node_that_hangs_is_given_up_in_time() {
    let node = Node::always(Answer::Never).await;
    let impatient = ConnectionConfig { attempt_ms: 50, deadline_ms: 200, ..config() };
    let started = Instant::now();
    let error = chain_id(&[&node], &ConnectionConfig { retries: 90, ..impatient }).await;
    let error = error.unwrap_err();
    // Ninety attempts would take 4.5 s.
    assert!(started.elapsed() < Duration::from_secs(4) && node.asked().len() > 1);
    assert!(error.is_transient());
    let line = error.to_string();
    let start = format!("L1, asking: eth_chainId at {}: no whole answer within 0.0", node.name());
    assert!(line.starts_with(&start), "{line}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_read_up_to_the_limit() {
    let node = Node::always(Answer::Endless).await;
    let error = to(&[&node], &config()).get_chain_id().await.unwrap_err();
    assert!(is_too_much(&error));
    let error = rpc("asking", error);
    let expected = "its answer has more than 65536 bytes";
    assert!(error.to_string().ends_with(expected) && !error.is_transient(), "{error}");
    // The same question has the same answer. What the sockets hold has been sent, too.
    assert_eq!(node.asked().len(), 1);
    assert!(node.sent() < 16 << 20, "{}", node.sent());
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for trouble in [
        Answer::Raw(200, "<html>"),
        Answer::Raw(200, "{\"id\":"),
        Answer::Raw(200, "null"),
        Answer::Raw(413, ""),
        Answer::Raw(429, "slow down"),
        Answer::Raw(502, ""),
        Answer::Raw(503, ""),
        Answer::Raw(504, ""),
        Answer::Closed,
        Answer::Error(-32005, "limit exceeded"),
        Answer::Error(-32000, "header not found"),
    ] {
        let first = trouble.clone();
        let node = Node::start(move |n, _, _| match n {
            0 => first.clone(),
            _ => Answer::Result(json!("0x7")),
        });
        let node = node.await;
        assert_eq!(chain_id(&[&node], &config()).await.unwrap(), 7, "{trouble:?}");
        assert_eq!(node.asked().len(), 2, "{trouble:?}");
    }
}

/// Answers to several requests, for one.
const ANSWERS: &str = " [{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0x7\"}]";

#[tokio::test]
async fn what_stays_ends_the_attempts() {
    let transient = true;
    for (trouble, asked, verdict, text) in [
        (Answer::Raw(503, ""), 4, transient, "503 Service Unavailable"),
        (Answer::Raw(401, "who?"), 1, !transient, "401 Unauthorized: who?"),
        (Answer::Error(-32000, "header not found"), 2, transient, "header not found ("),
        (Answer::Error(-32601, "no such method"), 1, !transient, "no such method ("),
        (Answer::Error(3, "execution reverted"), 1, !transient, "execution reverted ("),
        (Answer::Raw(501, ""), 1, !transient, "501 Not Implemented"),
        (Answer::Raw(200, ANSWERS), 4, transient, "a list of answers to one request"),
        (Answer::Result(Value::Null), 1, transient, "the node answers with "),
        (Answer::Result(json!("\u{7}<b>")), 1, transient, "something else: \"\\u0007\\u{3c}b"),
    ] {
        let node = Node::always(trouble.clone()).await;
        let error = chain_id(&[&node], &config()).await.unwrap_err();
        assert_eq!(error.is_transient(), verdict, "{trouble:?}: {error}");
        assert!(error.to_string().contains(text), "{trouble:?}: {error}");
        assert_eq!(node.asked().len(), asked, "{trouble:?}");
    }
}

#[tokio::test]
async fn an_error_is_one_printable_line_without_secrets() {
    let page = "<html>\r\n\u{1b}[2J<h1>Bad gateway</h1></html>";
    let node = Node::always(Answer::Raw(502, page)).await;
    let url: Url = node.url.as_str().replace("http://", "http://user:hidden@").parse().unwrap();
    let url = url.join("v3/hidden?key=hidden").unwrap();
    let once = ConnectionConfig { retries: 0, ..config() };
    let error = connect(&[url], &once).unwrap().get_block_number().await.unwrap_err();
    let line = error.to_string();
    let start = format!("eth_blockNumber at {}: 502 Bad Gateway: \\u{{3c}}html", node.name());
    assert!(line.starts_with(&start), "{line}");
    assert!(!line.contains("hidden") && !line.contains(['<', '\n', '\u{1b}']), "{line}");
}

#[tokio::test]
async fn another_node_takes_over_and_the_first_rests() {
    for trouble in [Answer::Never, Answer::Closed, Answer::Raw(429, ""), Answer::Raw(403, "")] {
        let first = Node::always(trouble.clone()).await;
        let second = Node::always(Answer::Result(json!("0x7"))).await;
        let impatient = ConnectionConfig { attempt_ms: 500, ..config() };
        let provider = to(&[&first, &second], &impatient);
        for _ in 0..3 {
            assert_eq!(provider.get_chain_id().await.unwrap(), 7, "{trouble:?}");
        }
        // Its chain first, to know that it is the right one.
        assert_eq!((first.asked().len(), second.asked().len()), (1, 4), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_node_that_is_well_again_is_preferred_again() {
    let first = Node::start(|n, method, _| match n {
        0 => Answer::Raw(503, ""),
        _ => Answer::Result(head_of("0x1", method)),
    });
    let (first, second) = (first.await, on_chain_7("0x2").await);
    let provider = to(&[&first, &second], &ConnectionConfig { rest_ms: 300, ..config() });
    assert_eq!(provider.get_block_number().await.unwrap(), 2);
    let deadline = Instant::now() + Duration::from_secs(20);
    while provider.get_block_number().await.unwrap() != 1 {
        assert!(Instant::now() < deadline, "the first node stays passed over");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn head_of(head: &str, method: &str) -> Value {
    if method == "eth_chainId" { json!("0x7") } else { json!(head) }
}

/// A node of chain 7 with this head.
async fn on_chain_7(head: &'static str) -> Node {
    Node::start(move |_, method, _| Answer::Result(head_of(head, method))).await
}

#[tokio::test]
async fn a_node_of_another_chain_is_passed_over() {
    let fork = Node::always(Answer::Result(json!("0x8"))).await;
    let first = Node::start(|n, method, _| match (n, method) {
        // Its second request fails, so that another is asked.
        (2, _) => Answer::Closed,
        _ => Answer::Result(head_of("0x5", method)),
    });
    let (first, third) = (first.await, on_chain_7("0x6").await);
    let provider = to(&[&first, &fork, &third], &config());
    assert_eq!(provider.get_block_number().await.unwrap(), 5);
    assert_eq!(provider.get_block_number().await.unwrap(), 6);
    assert_eq!(provider.get_block_number().await.unwrap(), 6);
    assert_eq!(fork.asked(), ["eth_chainId"], "nothing else of it counts");
    // Where there is no other, that is the reason.
    let provider = to(&[&fork, &first], &ConnectionConfig { retries: 0, ..config() });
    assert_eq!(provider.get_chain_id().await.unwrap(), 8);
    crate::l1::connection::doubt(&provider, "a test");
    let error = provider.get_block_number().await.unwrap_err().to_string();
    assert!(error.contains("it is on chain 7, expected 8"), "{error}");
}

#[tokio::test]
async fn a_node_that_has_stopped_syncing_is_passed_over() {
    let (first, second) = (on_chain_7("0x5").await, on_chain_7("0x9").await);
    let soon = ConnectionConfig { stale_ms: 20, ..config() };
    let provider = to(&[&first, &second], &soon);
    assert_eq!(provider.get_block_number().await.unwrap(), 5);
    tokio::time::sleep(Duration::from_millis(30)).await;
    for _ in 0..3 {
        assert_eq!(provider.get_block_number().await.unwrap(), 9);
    }
    let before = first.asked().len();
    // Where no other node has a higher head, the chain stands still.
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 9);
    assert_eq!(first.asked().len(), before);
    let (one, two) = (on_chain_7("0x9").await, on_chain_7("0x9").await);
    let provider = to(&[&one, &two], &soon);
    for _ in 0..3 {
        assert_eq!(provider.get_block_number().await.unwrap(), 9);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!((one.asked().len(), two.asked().len()), (4, 3));
}

#[tokio::test]
async fn a_node_that_is_doubted_rests_longer_each_time_though_it_answers() {
    let (first, second) = (on_chain_7("0x5").await, on_chain_7("0x9").await);
    let provider = to(&[&first, &second], &ConnectionConfig { rest_ms: 1_000, ..config() });
    let mut rests = Vec::new();
    for _ in 0..2 {
        assert_eq!(provider.get_block_number().await.unwrap(), 5);
        let started = Instant::now();
        crate::l1::connection::doubt(&provider, "a test");
        while provider.get_block_number().await.unwrap() == 9 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        rests.push(started.elapsed().as_millis());
    }
    assert!(rests[0] >= 1_000 && rests[1] >= 2_000, "{rests:?}");
    // One node alone is asked whatever is said of it.
    let provider = to(&[&first], &config());
    crate::l1::connection::doubt(&provider, "a test");
    assert_eq!(provider.get_block_number().await.unwrap(), 5);
}

#[tokio::test]
async fn an_answer_without_an_end_where_a_short_one_belongs_is_the_nodes_fault() {
    let endless = |method: &'static str| {
        Node::start(move |_, asked, _| match asked {
            asked if asked == method => Answer::Endless,
            asked => Answer::Result(head_of("0x5", asked)),
        })
    };
    let (first, second) = (endless("eth_blockNumber").await, on_chain_7("0x9").await);
    let provider = to(&[&first, &second], &config());
    assert_eq!(provider.get_block_number().await.unwrap(), 9);
    let (first, second) = (endless("eth_getLogs").await, on_chain_7("0x9").await);
    let provider = to(&[&first, &second], &config());
    let logs = provider.get_logs(&Default::default()).await;
    assert!(is_too_much(&logs.unwrap_err()) && second.asked().is_empty());
}

#[tokio::test]
async fn a_search_that_is_too_long_is_not_repeated() {
    let node = Node::always(Answer::Error(-32005, "query exceeds max block range 500")).await;
    to(&[&node], &config()).get_logs(&Default::default()).await.unwrap_err();
    assert_eq!(node.asked().len(), 1);
}

#[tokio::test]
async fn only_what_does_the_same_twice_is_sent_twice() {
    for (method, asked) in [
        ("eth_sendTransaction", 1),
        ("eth_getFilterChanges", 1),
        ("evm_mine", 1),
        ("eth_sendRawTransaction", 4),
    ] {
        let node = Node::always(Answer::Raw(503, "")).await;
        let sent = to(&[&node], &config()).raw_request::<_, Value>(method.into(), ()).await;
        assert!(sent.is_err());
        assert_eq!(node.asked(), vec![method; asked]);
    }
}

#[tokio::test]
async fn a_transaction_that_the_node_has_from_the_first_attempt_is_sent() {
    let transaction = TxLegacy { gas_limit: 21_000, ..TxLegacy::default() };
    let signed = transaction.into_signed(Signature::test_signature());
    let (hash, raw) = (*signed.hash(), TxEnvelope::from(signed).encoded_2718());
    let node = Node::start(|n, _, _| match n {
        0 => Answer::Never,
        _ => Answer::Error(-32_000, "already known"),
    });
    let node = node.await;
    let impatient = to(&[&node], &ConnectionConfig { attempt_ms: 50, ..config() });
    let sent = impatient.send_raw_transaction(&raw).await.unwrap();
    assert_eq!(*sent.tx_hash(), hash);
    // Whoever has sent nothing before is told.
    let node = Node::always(Answer::Error(-32_000, "already known")).await;
    let error = to(&[&node], &config()).send_raw_transaction(&raw).await.unwrap_err();
    assert!(error.to_string().contains("already known"), "{error}");
}

#[tokio::test]
async fn a_transaction_goes_to_all_nodes_of_the_chain_and_the_first_answers() {
    let hash = |byte: u8| json!(alloy::primitives::B256::repeat_byte(byte));
    let node = |chain: &'static str, answer: Answer| {
        Node::start(move |_, method, _| match method {
            SEND => answer.clone(),
            _ => Answer::Result(json!(chain)),
        })
    };
    let sent = |node: &Node| node.asked().iter().filter(|&method| method == SEND).count();
    // It takes transactions and may pass none on; or it refuses them.
    for (answer, is_taken) in
        [(Answer::Result(hash(1)), true), (Answer::Error(-32_000, "txpool is full"), false)]
    {
        let first = node("0x7", answer).await;
        let (second, fork) =
            (node("0x7", Answer::Never).await, node("0x8", Answer::Result(hash(8))).await);
        let provider = to(&[&first, &second, &fork], &config());
        assert_eq!(provider.get_chain_id().await.unwrap(), 7);
        let answer = provider.send_raw_transaction(&[2]).await.map(|sent| *sent.tx_hash());
        assert_eq!(answer.is_ok_and(|got| json!(got) == hash(1)), is_taken);
        let deadline = Instant::now() + Duration::from_secs(2);
        while sent(&second) == 0 || fork.asked().is_empty() {
            assert!(Instant::now() < deadline, "the others are not told");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!((sent(&first), sent(&second), sent(&fork)), (1, 1, 0));
        // Nobody minds that the second does not answer.
        assert_eq!(provider.get_chain_id().await.unwrap(), 7);
        assert_eq!(second.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_node_with_which_nobody_gets_on_is_left_after_several_rounds_in_a_row() {
    let (first, second) = (on_chain_7("0x5").await, on_chain_7("0x9").await);
    let provider = to(&[&first, &second], &config());
    let mut patience = crate::l1::connection::Patience::default();
    for round in [true, true, false, true, true] {
        match round {
            true => patience.is_tried(&provider, "a test"),
            false => patience.is_renewed(),
        }
        assert_eq!(provider.get_block_number().await.unwrap(), 5);
    }
    patience.is_tried(&provider, "a test");
    assert_eq!(provider.get_block_number().await.unwrap(), 9);
}
