//! What the targets share: files and nodes that are what the fuzzer says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

/// A file of this process in memory with these bytes: what is read by its name is read so here too.
pub fn file(bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(format!("/dev/shm/cairn-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("/dev/shm can be written");
    path
}

/// What a [`Node`] answers next.
type Answer = Arc<Mutex<Vec<u8>>>;

/// A server on this machine that answers every request with the same bytes.
pub struct Node {
    pub url: String,
    answer: Answer,
}

impl Node {
    /// Starts it; it ends with the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let answer = Answer::default();
        let shared = Arc::clone(&answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &answer));
            }
        });
        Self { url, answer }
    }

    /// Answers with these bytes from now on.
    pub fn says(&self, bytes: &[u8]) {
        *self.answer.lock().expect("nobody panics with it") = bytes.to_vec();
    }
}

/// Answers one connection's requests; `ID` in an answer is the request's id, without which no client reads on.
fn serve(stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request).ok()?;
        let call: serde_json::Value = serde_json::from_slice(&request).unwrap_or_default();
        let said = answer.lock().ok()?.clone();
        let body = match said.split_first() {
            // Whatever it is.
            Some((0..=15, body)) => body.to_vec(),
            // As the result of the call.
            Some((_, body)) => {
                let head = format!(r#"{{"jsonrpc":"2.0","id":{},"result":"#, call["id"]);
                [head.as_bytes(), body, b"}"].concat()
            }
            None => Vec::new(),
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&body).ok()?;
    }
}
