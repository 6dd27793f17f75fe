//! A node's front that leaves out logs when it is told to.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Debug, Default)]
struct State {
    drops_logs: AtomicBool,
    /// Answers without logs so far.
    dropped: AtomicUsize,
}

/// Ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(node: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (state, client) = (Arc::<State>::default(), reqwest::Client::new());
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, client, node) = (shared.clone(), client.clone(), node.clone());
                tokio::spawn(async move {
                    // Who has gone away needs no answer.
                    let _ = serve(stream, &state, &client, &node).await;
                });
            }
        });
        Self { url, state, task }
    }

    pub(crate) fn drop_logs(&self, drops: bool) {
        self.state.drops_logs.store(drops, Ordering::SeqCst);
    }

    /// Waits until logs were left out this often.
    pub(crate) async fn until_asked_for_logs(&self, times: usize) {
        let dropped = || self.state.dropped.load(Ordering::SeqCst) >= times;
        crate::watch::until("a question for logs", dropped).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request of a connection.
async fn serve(
    stream: TcpStream,
    state: &State,
    client: &reqwest::Client,
    node: &str,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let request: Value = serde_json::from_slice(&body)?;
    let answer = if request["method"] == "eth_getLogs" && state.drops_logs.load(Ordering::SeqCst) {
        state.dropped.fetch_add(1, Ordering::SeqCst);
        json!({ "jsonrpc": "2.0", "id": request["id"], "result": [] }).to_string().into_bytes()
    } else {
        let sent = client.post(node).header("content-type", "application/json").body(body).send();
        let answer = sent.await.map_err(io::Error::other)?;
        answer.bytes().await.map_err(io::Error::other)?.to_vec()
    };
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&answer).await?;
    stream.flush().await
}
