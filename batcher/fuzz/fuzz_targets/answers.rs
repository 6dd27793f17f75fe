//! Answers of L1's nodes and of beacon nodes: an error in one line, or what can be used.
#![no_main]

use std::{cell::RefCell, time::Duration};

use alloy_primitives::{Address, B256};
use cairn_batcher::{
    l1::{
        transactions::Place,
        connection::{ConnectionConfig, connect},
        error::L1Error,
        queue,
        reader::Reader,
    },
    reconstruct::{beacon::Beacon, blobs::Blobs, history::History},
};
use cairn_batcher_fuzz::Node;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

thread_local! {
    static NODE: Node = Node::start();
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
    );
}

fn told<T>(result: Result<T, L1Error>) -> Option<T> {
    result.inspect_err(|error| assert_eq!(error.to_string().lines().count(), 1, "{error}")).ok()
}

async fn ask(url: &str) {
    let config = ConnectionConfig { retries: 0, ..ConnectionConfig::default() };
    let urls = [url.parse().expect("a URL")];
    let Some(provider) = told(connect(&urls, &config)) else { return };
    let place = Place { transaction: B256::ZERO, block: B256::ZERO, index: 0 };
    if let Some(reader) = told(Reader::new(provider, Address::ZERO).await) {
        if let Some(logs) = told(reader.logs(Address::ZERO, &[B256::ZERO], 0, |_| ()).await) {
            let _ = History::from_logs(&logs);
            let _ = queue::decode(&logs);
        }
        told(reader.transaction(&place).await);
        told(reader.logs_of(&place, B256::ZERO, 0).await);
        told(reader.block_time(B256::ZERO).await);
    }
    let mut blobs = Blobs::default();
    blobs.push(Beacon::with_attempt(url, Duration::from_secs(5)).expect("a URL"));
    if let Err(answers) = blobs.get(B256::ZERO, 1_800_000_000).await {
        assert_eq!(answers.to_string().lines().count(), 1, "{answers}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    NODE.with(|node| {
        node.says(bytes);
        RUNTIME.with_borrow(|runtime| runtime.block_on(ask(&node.url)));
    });
});
