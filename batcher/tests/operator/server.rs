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
pub(crate) enum Answer {
    /// A status and a body.
    Whole(u16, Vec<u8>),
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
    /// Bytes that were sent of endless bodies.
    pub(crate) sent: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
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
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<String>>,
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
    match answer(&path) {
        Answer::Whole(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
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
