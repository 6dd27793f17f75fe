//! A front of an L1 node that misbehaves when it is told to.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What is wrong with the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It closes the connection without an answer.
    Down,
    /// It never answers.
    Silent,
    /// It answers this much later.
    Slow(Duration),
    /// It is asked too often, and wants to be asked again in a second.
    TooMany,
    /// It answers with a page.
    Garbage,
    /// It breaks off in the middle of its answer.
    Torn,
    /// It answers null to everything.
    Null,
    /// It takes no transaction: the connection breaks when one is sent.
    NoSending,
    /// It takes a transaction, and its answer is lost.
    LostAnswer,
    /// It refuses to search more blocks than this for logs.
    LogRange(u64),
    /// It finds no logs.
    NoLogs,
    /// It has no index of transactions by their hashes any more.
    NoTransactionIndex,
    /// It says of each transaction that it failed, and of those that are not mined that they are.
    LyingReceipts,
    /// Its gas for blobs costs this many wei.
    BlobFee(u64),
}

#[derive(Debug)]
struct State {
    node: String,
    client: reqwest::Client,
    fault: Mutex<Option<Fault>>,
    /// Requests that a fault has touched.
    hits: AtomicUsize,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of the node at this URL, without a fault.
    pub(crate) async fn start(node: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (fault, hits) = (Mutex::default(), AtomicUsize::default());
        let state = Arc::new(State { node, client, fault, hits });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    // Who has gone away needs no answer.
                    let _ = state.serve(stream).await;
                });
            }
        });
        Self { url, state, task }
    }

    /// Begins or ends to misbehave; counts its hits from zero.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.state.fault.lock().unwrap() = fault;
        self.state.hits.store(0, Ordering::SeqCst);
    }

    /// Requests that the fault has touched since it was set.
    pub(crate) fn hits(&self) -> usize {
        self.state.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What goes back to the client.
struct Answer {
    status: &'static str,
    body: Vec<u8>,
    /// Bytes of the body that are sent; fewer than there are where the connection is to break.
    sent: usize,
}

impl Answer {
    fn ok(body: Vec<u8>) -> Self {
        Self { status: "200 OK", sent: body.len(), body }
    }
}

impl State {
    /// The requests of one connection, until it closes or a fault closes it.
    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await? {
            let Some(answer) = self.answer(request).await? else { break };
            let Answer { status, body, sent } = answer;
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body[..sent]).await?;
            stream.flush().await?;
            if sent < body.len() {
                break;
            }
        }
        Ok(())
    }

    /// None where the connection is to be closed.
    async fn answer(&self, request: Vec<u8>) -> io::Result<Option<Answer>> {
        let call: Value = serde_json::from_slice(&request)?;
        let fault = *self.fault.lock().unwrap();
        let Some(fault) = fault.filter(|fault| fault.touches(&call)) else {
            return Ok(Some(Answer::ok(self.ask(request).await?)));
        };
        self.hits.fetch_add(1, Ordering::SeqCst);
        let result = |result: Value| {
            let answer = json!({ "jsonrpc": "2.0", "id": call["id"], "result": result });
            Ok(Some(Answer::ok(answer.to_string().into_bytes())))
        };
        match fault {
            Fault::Down | Fault::NoSending => Ok(None),
            Fault::Silent => std::future::pending().await,
            Fault::Slow(delay) => {
                tokio::time::sleep(delay).await;
                Ok(Some(Answer::ok(self.ask(request).await?)))
            }
            Fault::TooMany => {
                Ok(Some(Answer { status: "429 Too Many Requests", ..Answer::ok(Vec::new()) }))
            }
            Fault::Garbage => Ok(Some(Answer::ok(b"<html><h1>Welcome</h1></html>".to_vec()))),
            Fault::Torn => {
                let answer = Answer::ok(self.ask(request).await?);
                Ok(Some(Answer { sent: answer.body.len() / 2, ..answer }))
            }
            Fault::LostAnswer => {
                self.ask(request).await?;
                Ok(None)
            }
            Fault::Null | Fault::NoTransactionIndex => result(Value::Null),
            Fault::NoLogs => result(json!([])),
            Fault::BlobFee(wei) if call["method"] == "eth_blobBaseFee" => {
                result(json!(format!("{wei:#x}")))
            }
            Fault::BlobFee(wei) => {
                let answer: Value = serde_json::from_slice(&self.ask(request).await?)?;
                let mut history = answer["result"].clone();
                if let Some(fees) = history["baseFeePerBlobGas"].as_array_mut() {
                    fees.fill(json!(format!("{wei:#x}")));
                }
                result(history)
            }
            Fault::LogRange(_) => {
                let error = json!({ "code": -32_005, "message": "query exceeds max block range" });
                let answer = json!({ "jsonrpc": "2.0", "id": call["id"], "error": error });
                Ok(Some(Answer::ok(answer.to_string().into_bytes())))
            }
            Fault::LyingReceipts => {
                let answer: Value = serde_json::from_slice(&self.ask(request).await?)?;
                result(lie(&answer["result"], &call["params"][0]))
            }
        }
    }

    async fn ask(&self, request: Vec<u8>) -> io::Result<Vec<u8>> {
        let request = self.client.post(&self.node).body(request);
        let sent = request.header("content-type", "application/json").send().await;
        let answer = sent.map_err(io::Error::other)?;
        Ok(answer.bytes().await.map_err(io::Error::other)?.to_vec())
    }
}

impl Fault {
    fn touches(self, call: &Value) -> bool {
        let method = call["method"].as_str().unwrap_or_default();
        match self {
            Self::NoSending | Self::LostAnswer => method == "eth_sendRawTransaction",
            Self::NoLogs => method == "eth_getLogs",
            Self::NoTransactionIndex => method == "eth_getTransactionByHash",
            Self::LyingReceipts => method == "eth_getTransactionReceipt",
            Self::BlobFee(_) => ["eth_blobBaseFee", "eth_feeHistory"].contains(&method),
            Self::LogRange(most) => {
                let block = |name: &str| {
                    let text = call["params"][0][name].as_str().unwrap_or_default();
                    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or_default()
                };
                method == "eth_getLogs"
                    && block("toBlock").saturating_sub(block("fromBlock")) >= most
            }
            _ => true,
        }
    }
}

/// A receipt that is wrong: of a mined transaction the opposite of how it ended, else one of a block that does not exist.
fn lie(receipt: &Value, hash: &Value) -> Value {
    let mut receipt = receipt.clone();
    if receipt.is_null() {
        let (zero, address) = (format!("0x{}", "00".repeat(32)), format!("0x{}", "00".repeat(20)));
        return json!({
            "transactionHash": hash, "transactionIndex": "0x0", "blockHash": zero,
            "blockNumber": "0x1", "from": address, "to": address, "cumulativeGasUsed": "0x5208",
            "gasUsed": "0x5208", "contractAddress": null, "logs": [], "status": "0x1",
            "logsBloom": format!("0x{}", "00".repeat(256)), "type": "0x2", "effectiveGasPrice": "0x1",
        });
    }
    let failed = receipt["status"] == "0x0";
    receipt["status"] = json!(if failed { "0x1" } else { "0x0" });
    receipt
}

/// The body of the next request; none once the connection is closed.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(body))
}
