//! What becomes of accepted transactions: time to the proof on L1, and whether any was lost.

use std::time::{Duration, Instant};

use super::{LoadError, Progress, plan::Plan, report::Finality, send::Sent};
use crate::{
    api::{
        hex::Hash,
        methods,
        wire::{Info, Life, Stage, TransactionHashes},
    },
    client::Client,
};

/// Transactions that are followed to L1.
const SAMPLE: usize = 1_000;
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Follows a sample until all are proven or `wait` is over.
pub(super) async fn finality(
    client: &Client,
    info: &Info,
    plan: &Plan,
    sent: &Sent,
    started_ms: u64,
    wait: Duration,
    progress: &dyn Progress,
) -> Result<Finality, LoadError> {
    let accepted: Vec<usize> = sent.accepted().collect();
    let step = accepted.len().div_ceil(SAMPLE).max(1);
    let mut open: Vec<usize> = accepted.into_iter().step_by(step).collect();
    let of = open.len();
    let mut seconds = Vec::with_capacity(of);
    let deadline = Instant::now() + wait;
    loop {
        let mut still_open = Vec::new();
        for places in open.chunks(info.max_items.max(1) as usize) {
            let hashes = places.iter().filter_map(|&place| plan.hashes.get(place).copied());
            let lives = lives(client, hashes.collect()).await?;
            for (&place, life) in places.iter().zip(lives) {
                match life.and_then(|life| life.proven) {
                    Some(proven) => {
                        let due = sent.due_ms.get(place).copied().unwrap_or_default();
                        let due_ms = started_ms + u64::from(due);
                        seconds.push(proven.at_ms.saturating_sub(due_ms) as f64 / 1_000.0);
                    }
                    None => still_open.push(place),
                }
            }
        }
        open = still_open;
        progress.step("proven", (of - open.len()) as u64, of as u64);
        if open.is_empty() || Instant::now() >= deadline {
            return Ok(Finality::new(seconds, open.len()));
        }
        tokio::time::sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
    }
}

/// How many were acknowledged and are unknown or dropped now.
pub(super) async fn lost(
    client: &Client,
    info: &Info,
    plan: &Plan,
    sent: &Sent,
    progress: &dyn Progress,
) -> Result<u64, LoadError> {
    let hashes: Vec<Hash> =
        sent.accepted().filter_map(|place| plan.hashes.get(place).copied()).collect();
    let (mut lost, mut checked) = (0, 0);
    for page in hashes.chunks(info.max_items.max(1) as usize) {
        let lives = lives(client, page.to_vec()).await?;
        let is_lost =
            |life: &&Option<Life>| life.as_ref().is_none_or(|life| life.stage == Stage::Dropped);
        lost += lives.iter().filter(is_lost).count() as u64;
        checked += page.len() as u64;
        progress.step("checked", checked, hashes.len() as u64);
    }
    Ok(lost)
}

async fn lives(client: &Client, hashes: Vec<Hash>) -> Result<Vec<Option<Life>>, LoadError> {
    Ok(client.ask::<methods::Transactions>(&TransactionHashes { hashes }).await?)
}
