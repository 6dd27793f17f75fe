//! Spans reach a collector.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

use cairn_batcher::node::telemetry::{Telemetry, TelemetryConfig};

/// What the stages' spans are made of goes over HTTP to the endpoint of the configuration, at the latest when the service ends.
#[test]
fn a_collector_receives_the_spans() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let collector = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&socket);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_lowercase()),
            }
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        (&socket).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        (head[0].clone(), body)
    });
    let config = TelemetryConfig {
        otlp_endpoint: Some(format!("http://{address}/v1/traces")),
        ..TelemetryConfig::default()
    };
    let telemetry = Telemetry::install(&config).unwrap();
    tracing::info_span!("prove", batch = 70_007).in_scope(|| tracing::info!("proving"));
    telemetry.flush();
    let (request, body) = collector.join().unwrap();
    assert_eq!(request, "post /v1/traces http/1.1");
    let has = |text: &[u8]| body.windows(text.len()).any(|window| window == text);
    for text in ["cairn", "prove", "batch"] {
        assert!(has(text.as_bytes()), "no {text} in {}", String::from_utf8_lossy(&body));
    }
}
