//! A node for tests that answers as it is told: wrongly, never, without an end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use reqwest::Url;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// JSON-RPC's result.
    Result(Value),
    /// JSON-RPC's error: code and message.
    Error(i64, &'static str),
    /// A status and a body.
    Raw(u16, &'static str),
    /// A body without an end.
    Endless,
    /// Nothing; the connection stays open.
    Never,
    /// Nothing; the connection is closed.
    Closed,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) url: Url,
    asked: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Node {
    /// Answers request number n, from zero, of a method with parameters.
    pub(crate) async fn start(
        answer: impl Fn(usize, &str, &Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (asked, sent) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let (asked_of, sent_by, answer) = (asked.clone(), sent.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, sent, answer) = (asked_of.clone(), sent_by.clone(), answer.clone());
                tokio::spawn(async move {
                    // A client that has read enough goes away.
                    let _ = serve(stream, &asked, &sent, &*answer).await;
                });
            }
        });
        Self { url, asked, sent, task }
    }

    /// Always gives the same answer.
    pub(crate) async fn always(answer: Answer) -> Self {
        Self::start(move |_, _, _| answer.clone()).await
    }

    /// The methods that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Bytes that it has sent of endless bodies.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// As errors name it.
    pub(crate) fn name(&self) -> String {
        format!("127.0.0.1:{}", self.url.port().unwrap())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    sent: &AtomicUsize,
    answer: &(impl Fn(usize, &str, &Value) -> Answer + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
        if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let request: Value = serde_json::from_slice(&body).unwrap();
    let (id, method) = (&request["id"], request["method"].as_str().unwrap());
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push(method.to_owned());
        asked.len() - 1
    };
    let (status, body) = match answer(number, method, &request["params"]) {
        Answer::Result(result) => {
            (200, json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string())
        }
        Answer::Error(code, message) => {
            let error = json!({ "code": code, "message": message });
            (200, json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
        }
        Answer::Raw(status, body) => (status, body.to_owned()),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let piece = format!("1000\r\n{}\r\n", "0".repeat(0x1000));
            loop {
                stream.write_all(piece.as_bytes()).await?;
                sent.fetch_add(0x1000, Ordering::Relaxed);
            }
        }
        Answer::Never => std::future::pending().await,
        Answer::Closed => return Ok(()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\nconnection: close");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await?;
    stream.flush().await
}
