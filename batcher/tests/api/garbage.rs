//! Whatever bytes come, the server answers or closes, and goes on serving.

use std::{sync::LazyLock, time::Duration};

use proptest::prelude::*;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};

use super::world::World;

/// One server for all cases: it must survive them all.
static SERVED: LazyLock<(Runtime, World)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::with(|config| config.max_request_bytes = 1 << 16));
    (runtime, world)
});

/// Sends bytes on a connection of their own and reads until the server closes it or has nothing more to say.
async fn raw(world: &World, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(&world.url).await.unwrap();
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("it hangs");
    answer
}

async fn still_serves(world: &World) {
    assert_eq!(world.get("/health").await.0, 200);
    world.http().await.head().await.unwrap();
}

/// A request with one byte changed, removed or doubled, or cut off.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let requests = prop::sample::select(vec![
        json!({ "jsonrpc": "2.0", "id": 1, "method": "cairn_account", "params": [65536] }),
        json!({ "jsonrpc": "2.0", "id": "a", "method": "cairn_submit", "params": [format!("0x{}", "11".repeat(131))] }),
        json!({ "jsonrpc": "2.0", "id": null, "method": "cairn_transactions", "params": [[format!("0x{}", "00".repeat(32))]] }),
        json!([{ "jsonrpc": "2.0", "id": 1, "method": "cairn_head" }, { "jsonrpc": "2.0", "method": "rpc.discover" }]),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "cairn_estimateFee", "params": { "token": 0, "kind": "transfer" } }),
    ]);
    (requests, any::<prop::sample::Index>(), any::<u8>(), 0..4_u8).prop_map(
        |(request, at, byte, how)| {
            let mut bytes = request.to_string().into_bytes();
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bodies(body in prop_oneof![mutated(), prop::collection::vec(any::<u8>(), 0..300)]) {
        let (runtime, world) = &*SERVED;
        runtime.block_on(async {
            let (status, answer) = world.post(body).await;
            assert!(status == 200 || (400..500).contains(&status), "{status} {answer}");
        });
    }

    #[test]
    fn connections(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (runtime, world) = &*SERVED;
        runtime.block_on(raw(world, &bytes));
    }

    #[test]
    fn nests(depth in 1..20_000_usize, open in prop::sample::select(vec!["[", "{\"a\":", "[{\"id\":"]), place in 0..4_u8) {
        let nest = open.repeat(depth);
        let nest = nest.get(..nest.len().min(60_000)).unwrap_or_default();
        let body = match place {
            0 => nest.to_owned(),
            1 => format!(r#"{{"jsonrpc":"2.0","id":{nest}"#),
            2 => format!(r#"{{"jsonrpc":"2.0","id":1,"method":"cairn_head","params":{nest}"#),
            _ => format!(r#"{{"jsonrpc":"2.0","id":1,"method":"cairn_head","other":{nest}"#),
        };
        let (runtime, world) = &*SERVED;
        runtime.block_on(async {
            let (status, answer) = world.post(body).await;
            assert!(status == 200 || (400..500).contains(&status), "{status} {answer}");
        });
    }
}

#[test]
fn after_it_all_the_server_serves() {
    let (runtime, world) = &*SERVED;
    runtime.block_on(async {
        raw(world, &[0; 100_000]).await;
        raw(world, b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n").await;
        raw(world, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{").await;
        raw(world, &[b"GET / HTTP/1.1\r\n", &b"a: b\r\n".repeat(10_000)[..]].concat()).await;
        still_serves(world).await;
    });
}
