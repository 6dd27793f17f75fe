//! `cairn fleet` and the fleet in `cairn status`, of a service that answers as it is told.

use std::{
    io::{BufRead, BufReader, Read, Result, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::world::{World, cairn};

/// What a worker may be called where the operator does not look: colours, another line.
const HOSTILE: &str = "\u{1b}[2J\nx\u{202e}\u{7}";
const SHOWN: &str = "\\u{1b}[2J\\nx\\u{202e}\\u{7}";
const TOKEN: &str = "0123456789abcdef";

/// What was asked: the path or the method, its parameters, and who asks.
type Asked = Arc<Mutex<Vec<(String, Value, String)>>>;

/// A service with this fleet.
struct Service {
    url: String,
    asked: Asked,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let shared = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that has gone gets none.
                let _ = respond(stream, &shared);
            }
        });
        Self { url, asked }
    }

    /// What a command prints, the service and the token being named.
    #[track_caller]
    fn told(&self, arguments: &[&str]) -> String {
        let world = World::new();
        let token = world.write("token", TOKEN);
        let named = ["--url", &self.url, "--token-file", &token];
        let output = cairn(&[arguments, &named].concat()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn last(&self) -> (String, Value, String) {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

fn respond(mut stream: TcpStream, asked: &Asked) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut who) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => who = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = if first.starts_with("GET ") {
        let path = first.split(' ').nth(1).unwrap_or_default();
        asked.lock().unwrap().push((path.to_owned(), Value::Null, who));
        "cairn_fleet_workers 1\ncairn_fleet_owed{queue=\"wrap\"} 3\n".to_owned()
    } else {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let method = request["method"].as_str().unwrap().to_owned();
        let result = result(&method);
        asked.lock().unwrap().push((method, request["params"].clone(), who));
        json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string()
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let length = answer.len();
    stream.write_all(format!("{head}content-length: {length}\r\n\r\n{answer}").as_bytes())
}

fn result(method: &str) -> Value {
    let hash = format!("0x{}", "11".repeat(32));
    let address = format!("0x{}", "22".repeat(20));
    match method {
        "cairn_admin_fleet" => fleet(),
        "cairn_info" => json!({
            "version": "0", "chainId": 1, "rollup": address, "custody": address,
            "domain": format!("0x{}", "33".repeat(31)), "circuitSetRoot": hash,
            "receiptSigner": address, "dataModes": [], "maxRequestBytes": 1, "maxItems": 1,
            "maxBatchCalls": 1, "maxDepth": 1, "requestsPerSecond": 1,
        }),
        "cairn_head" => json!({
            "block": 1, "batch": 1, "state": hash, "madeMs": 1, "nextId": 1, "nextToken": 1,
            "sealed": 1, "committed": 1, "proven": 1, "finalized": 1, "l1Block": 1,
            "l1Timestamp": 1, "l1Paused": false, "standing": "running", "halted": null,
        }),
        "cairn_lag" => json!({ "stages": [], "throttled": null }),
        _ => Value::Null,
    }
}

fn fleet() -> Value {
    json!({
        "connected": true,
        "workers": [{
            "name": HOSTILE, "standing": "working", "machine": HOSTILE, "threads": 1,
            "memoryMb": 5000, "queues": ["wrap"], "holds": [HOSTILE], "done": 1, "failures": 0,
            "busyS": 2.5, "took": [{ "queue": "wrap", "seconds": 2.5 }], "heardS": 0.5,
        }],
        "assignments": [{
            "name": HOSTILE, "queue": "wrap", "offers": 1,
            "holders": [{ "worker": HOSTILE, "seconds": 1.5 }],
            "failures": [{ "worker": HOSTILE, "reason": HOSTILE }], "quarantined": false,
        }],
        "results": {
            "accepted": 1, "late": 0, "duplicate": 0, "unheld": 0, "refused": 0,
            "quarantined": 0, "returned": 0, "failed": 0, "kept": 0,
        },
    })
}

/// Fails where a terminal would do more than print.
#[track_caller]
fn plain(text: &str) {
    assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
}

#[test]
fn orders_reach_the_service_with_the_name_and_the_token() {
    let service = Service::start();
    for (order, method) in [
        ("drain", "cairn_admin_fleetDrain"),
        ("quarantine", "cairn_admin_fleetQuarantine"),
        ("retry", "cairn_admin_fleetRetry"),
    ] {
        assert_eq!(service.told(&["fleet", order, HOSTILE]), "done\n");
        let asked = (method.to_owned(), json!({ "name": HOSTILE }), format!("Bearer {TOKEN}"));
        assert_eq!(service.last(), asked);
    }
}

#[test]
fn tables_and_json_of_the_fleet() {
    let service = Service::start();
    for (what, rows) in [("ls", 6), ("tasks", 3)] {
        let table = service.told(&["fleet", what]);
        plain(&table);
        assert!(table.contains(SHOWN), "{table}");
        assert_eq!(table.lines().count(), rows, "{table}");
        let json = service.told(&["fleet", what, "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), fleet());
        assert_eq!(service.last().0, "cairn_admin_fleet");
    }
}

#[test]
fn status_shows_the_fleet_and_its_workers_to_the_operator() {
    let service = Service::start();
    let table = service.told(&["status"]);
    plain(&table);
    assert!(table.contains("fleet       1 workers, 0 QUARANTINED"), "{table}");
    assert!(table.lines().last().is_some_and(|line| line.starts_with(SHOWN)), "{table}");
    let json: Value = serde_json::from_str(&service.told(&["status", "--json"])).unwrap();
    assert_eq!(json["fleet"]["workers"], fleet()["workers"]);
    assert_eq!(
        json["fleet"]["queues"][4],
        json!({
            "queue": "wrap", "owed": 3, "held": 0, "quarantined": 0,
        })
    );

    let mut status = cairn(&["status", "--url", &service.url, "--json"]);
    let output = status.env_remove("CAIRN_ADMIN_TOKEN_FILE").output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["fleet"]["workers"].is_null() && json["fleet"]["believed"] == 1, "{json}");
    let asked = service.asked.lock().unwrap();
    let fleets = asked.iter().filter(|(method, ..)| method == "cairn_admin_fleet");
    assert_eq!(fleets.count(), 2, "without a token the workers are not asked for: {asked:?}");
}
