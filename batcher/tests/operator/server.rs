//! A small HTTP server that answers as it is told: wrongly, never, without an end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status and a body.
    Whole(u16, Vec<u8>),
    /// A status, one more line of its head, and a body.
    Headed(u16, String, Vec<u8>),
    /// The beginning of a body; then the connection is closed.
    Cut(&'static str),
    /// A byte now and then.
    Drips,
    /// Nothing; the connection is closed.
    Closed,
    /// A body that begins so and does not end.
    Endless(&'static str),
    /// Nothing; the connection stays open.
    Never,
}

impl Answer {
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::Whole(200, value.to_string().into_bytes())
    }

    pub(crate) fn not_found() -> Self {
        Self::json(&serde_json::json!({ "code": 404, "message": "not found" })).status(404)
    }

    pub(crate) fn status(self, status: u16) -> Self {
        match self {
            Self::Whole(_, body) => Self::Whole(status, body),
            other => other,
        }
    }
}

/// Ends when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    /// Paths that were asked for, with their queries.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// Whole requests, without their bodies.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    /// Bytes that were sent of endless bodies.
    pub(crate) sent: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, sent) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (asked_of, sent_by, answer) = (asked.clone(), sent.clone(), Arc::new(answer));
        let heads_of = heads.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, sent, answer) = (asked_of.clone(), sent_by.clone(), answer.clone());
                let heads = heads_of.clone();
                tokio::spawn(async move {
                    // A client that has read enough goes away.
                    let _ = serve(stream, &asked, &heads, &sent, &*answer).await;
                });
            }
        });
        Self { url, asked, heads, sent, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    heads: &Mutex<Vec<String>>,
    sent: &AtomicUsize,
    answer: &(impl Fn(&str) -> Answer + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    heads.lock().unwrap().push(request);
    let answer = match answer(&path) {
        Answer::Whole(status, body) => Answer::Headed(status, "x: y".to_owned(), body),
        other => other,
    };
    match answer {
        Answer::Whole(..) => unreachable!("it has become one with a line more"),
        Answer::Headed(status, line, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Status\r\n{line}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Answer::Cut(start) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{start}");
            stream.write_all(head.as_bytes()).await?;
        }
        Answer::Drips => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await?;
            loop {
                stream.write_all(b" ").await?;
                stream.flush().await?;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Answer::Closed => {}
        Answer::Endless(start) => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let start = format!("{head}{:x}\r\n{start}\r\n", start.len());
            stream.write_all(start.as_bytes()).await?;
            let piece = format!("10000\r\n{}\r\n", "0".repeat(0x10000));
            loop {
                stream.write_all(piece.as_bytes()).await?;
                sent.fetch_add(0x10000, Ordering::Relaxed);
            }
        }
        Answer::Never => std::future::pending().await,
    }
    stream.flush().await
}
