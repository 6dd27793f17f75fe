//! Clients who send what they should not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cairn_batcher::{
    api::{
        hex::Hex,
        methods::SubmitMany,
        wire::{self, SubmitOutcome},
    },
    client::Client,
};
use cairn_types::SignedTransaction;
use serde_json::json;

use crate::{
    ground::{Ground, USERS},
    runner::Counts,
};

/// What honest users send meanwhile, each.
const PAYMENTS: u32 = 20;
/// What they must be done in.
const PATIENCE: Duration = Duration::from_secs(120);
/// Transactions of one request.
const BURST: u32 = 200;

/// What the one who floods sends, in turn: none of it may ever be executed.
fn burst(ground: &Ground, round: u32) -> Vec<SignedTransaction> {
    let attacker = USERS as usize - 1;
    let make = |i: u32| {
        let users = &ground.users;
        match round % 4 {
            // Not signed by the owner.
            0 => SignedTransaction {
                signature: users.transfer(0, 1_000_000 + i, 1).signature,
                ..users.transfer(attacker, i, 1_000_000)
            },
            // Not paid.
            1 => users.transfer(attacker, i, 0),
            // Its turn never comes: the nonce before it is missing.
            2 => users.transfer(attacker, 2 + i, 1_000_000),
            // The same again for more, over and over.
            _ => users.transfer(attacker, 2, 1_000_000 + u64::from(i) * 1_000),
        }
    };
    (0..BURST).map(make).collect()
}

pub(crate) async fn flood() -> Counts {
    let mut ground = Ground::with(|setting| {
        // Small, so that a flood fills it.
        setting.config.mempool.max_transactions = 256;
        setting.config.mempool.max_in_intake = 512;
    })
    .await;
    let attacks: Vec<_> = (0..4).map(|round| burst(&ground, round)).collect();
    let (stop, offered, taken) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicU64::new(0)),
    );
    let flooding: Vec<_> = attacks
        .into_iter()
        .map(|attack| {
            let (client, stop) = (ground.client().clone(), stop.clone());
            let (offered, taken) = (offered.clone(), taken.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let accepted = send(&client, &attack).await;
                    offered.fetch_add(attack.len() as u64, Ordering::Relaxed);
                    taken.fetch_add(accepted, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let started = Instant::now();
    let users = ground.users.clone();
    ground.lives(users.pay_of(0..USERS as usize - 1, PAYMENTS)).await;
    let took = started.elapsed();
    ground.until("they are confirmed", async |g| g.users.are(wire::Stage::InBlock).await).await;
    stop.store(true, Ordering::Relaxed);
    for attack in flooding {
        attack.await.unwrap();
    }
    assert!(took < PATIENCE, "honest users waited {} s", took.as_secs());
    let (offered, taken) = (offered.load(Ordering::Relaxed), taken.load(Ordering::Relaxed));
    assert!(offered > 10 * u64::from(BURST), "only {offered} transactions were a flood");
    let mut counts = ground.end().await;
    counts.extend([("offered", offered), ("taken", taken), ("ms", took.as_millis() as u64)]);
    counts
}

/// Gives how many were accepted; a refusal of all is what a flood may get, too.
async fn send(client: &Client, transactions: &[SignedTransaction]) -> u64 {
    let transactions = transactions.iter().map(|signed| Hex(signed.to_bytes())).collect();
    let outcomes = client.call::<SubmitMany>(&wire::SubmitMany { transactions }).await;
    let accepted = |outcome: &&SubmitOutcome| matches!(outcome, SubmitOutcome::Accepted(_));
    outcomes.map_or(0, |outcomes| outcomes.iter().filter(accepted).count() as u64)
}

pub(crate) async fn garbage() -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    let url = format!("http://{}", ground.setting.config.api.listen);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let submit = |parameters: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"cairn_submit","params":{parameters}}}"#)
    };
    let bodies = [
        String::new(),
        "{".to_owned(),
        "\u{0}\u{1}\u{2}".to_owned(),
        deep.clone(),
        submit(&deep),
        submit("[\"0x\"]"),
        submit(&format!("[\"0x{}\"]", "00".repeat(131))),
        submit(&format!("[\"0x{}\"]", "ff".repeat(131))),
        submit(&format!("[\"0x{}\"]", "ff".repeat(3 << 20))),
        submit("{\"transaction\":null,\"more\":1}"),
        format!("[{}]", vec![submit("[]"); 10_000].join(",")),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "cairn_submitMany", "params": [vec!["0x"; 100_000]] })
            .to_string(),
    ];
    let client = reqwest::Client::new();
    let mut refused = 0;
    for _ in 0..5 {
        for body in &bodies {
            let request = client.post(&url).header("content-type", "application/json");
            // The connection may be closed in the middle of what is too long.
            let Ok(answer) = request.body(body.clone()).send().await else { continue };
            let is_well = answer.status().is_success();
            let text = answer.text().await.unwrap_or_default();
            assert!(!is_well || text.contains("\"error\""), "taken: {text}");
            refused += 1;
        }
    }
    assert!(refused > bodies.len() as u64, "only {refused} were answered");
    let promised = ground.users.promised();
    ground.until("users are served", async |g| g.users.promised() > promised + 20).await;
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("refused", refused);
    counts
}
