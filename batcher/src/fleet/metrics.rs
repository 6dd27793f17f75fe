//! Metrics of a worker, which has no API.

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, timeout},
};

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a question.
const LONGEST: usize = 4 << 10;

/// Answers whatever is asked with the metrics, one after the other.
pub async fn serve(listener: TcpListener, metrics: PrometheusHandle) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(timeout(PATIENCE, answer(stream, &metrics)).await),
            // As when there are no descriptors left.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &PrometheusHandle) -> std::io::Result<()> {
    let (mut asked, mut buffer) = (Vec::new(), [0; 1024]);
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") && asked.len() < LONGEST {
        match stream.read(&mut buffer).await? {
            0 => break,
            count => asked.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
    metrics.run_upkeep();
    let body = metrics.render();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
