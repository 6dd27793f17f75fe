//! The timed part: every request leaves when its last transaction is due, and each counts from its own time.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use super::{Progress, plan::Plan};
use crate::{
    api::{
        hex::TransactionBytes,
        methods,
        wire::{SubmitMany, SubmitOutcome},
    },
    client::Client,
};

/// Requests under way: beyond it they wait, which counts as the service's latency.
const IN_FLIGHT: usize = 2_000;
/// How often what is refused for a while is offered again.
const ATTEMPTS: u32 = 4;
/// Requests a second at most: small ones are put together.
const REQUESTS: u32 = 200;

/// What became of the offers.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Of each transaction, milliseconds from when it was due to its acknowledgement; none if there was none.
    pub(super) acks: Vec<Option<f32>>,
    /// When each was due, milliseconds from the start.
    pub(super) due_ms: Vec<u32>,
    /// Refusals by their reason.
    pub(super) refusals: BTreeMap<String, u64>,
    /// From the start to the last answer.
    pub(super) elapsed: Duration,
}

struct Answered {
    first: usize,
    acks: Vec<Option<f32>>,
    refusals: Vec<String>,
}

/// Offers the plan at `rate` a second, in requests of at most `batch`, over all clients in turn.
pub(super) async fn send(
    clients: &[Client],
    plan: &Plan,
    rate: u32,
    batch: u32,
    progress: &dyn Progress,
) -> Sent {
    let count = plan.transactions.len();
    // Few enough requests, and none of them holds a transaction back for more than 10 ms at high rates.
    let size = rate.div_ceil(REQUESTS).clamp(1, batch) as usize;
    let due = |place: usize| Duration::from_secs_f64(place as f64 / f64::from(rate));
    let due_ms = |place| u32::try_from(due(place).as_millis()).unwrap_or(u32::MAX);
    let due_ms = (0..count).map(due_ms).collect();
    let mut sent = Sent { acks: vec![None; count], due_ms, ..Sent::default() };
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut running = JoinSet::new();
    let start = Instant::now();
    for (number, transactions) in plan.transactions.chunks(size).enumerate() {
        let first = number * size;
        let places_due = first..first + transactions.len();
        let due: Vec<Instant> = places_due.map(|place| start + due(place)).collect();
        // When the last of them is due: none is offered before its time.
        let leaves = due.last().copied().unwrap_or(start);
        sleep_until(leaves, &mut running, &mut sent, progress).await;
        let Some(client) = clients.get(number % clients.len().max(1)).cloned() else { break };
        let (transactions, places) = (transactions.to_vec(), Arc::clone(&places));
        running.spawn(async move {
            // Closed never: it is not ours to close.
            let _place = places.acquire_owned().await;
            offer(&client, first, transactions, &due).await
        });
    }
    while let Some(answered) = running.join_next().await {
        sent.take(answered.ok(), progress);
    }
    sent.elapsed = start.elapsed();
    sent
}

/// Waits, and takes answers meanwhile.
async fn sleep_until(
    due: Instant,
    running: &mut JoinSet<Answered>,
    sent: &mut Sent,
    progress: &dyn Progress,
) {
    let sleep = tokio::time::sleep_until(due.into());
    tokio::pin!(sleep);
    loop {
        tokio::select! {
            () = &mut sleep => return,
            Some(answered) = running.join_next() => sent.take(answered.ok(), progress),
        }
    }
}

impl Sent {
    fn take(&mut self, answered: Option<Answered>, progress: &dyn Progress) {
        let Some(Answered { first, acks, refusals }) = answered else { return };
        let last = first + acks.len();
        for (place, ack) in self.acks.iter_mut().skip(first).zip(acks) {
            *place = ack;
        }
        refusals.into_iter().for_each(|reason| *self.refusals.entry(reason).or_default() += 1);
        progress.step("offers", last as u64, self.acks.len() as u64);
    }

    /// Places of the accepted ones.
    pub(super) fn accepted(&self) -> impl Iterator<Item = usize> + '_ {
        self.acks.iter().enumerate().filter(|(_, ack)| ack.is_some()).map(|(place, _)| place)
    }
}

/// Offers the transactions of one request until each is accepted or refused for good.
async fn offer(
    client: &Client,
    first: usize,
    transactions: Vec<TransactionBytes>,
    due: &[Instant],
) -> Answered {
    let mut acks = vec![None; transactions.len()];
    let mut open: Vec<usize> = (0..transactions.len()).collect();
    let mut refusals = Vec::new();
    let mut pause = Duration::from_millis(100);
    for attempt in 1..=ATTEMPTS {
        let request = open.iter().filter_map(|&place| transactions.get(place).copied()).collect();
        let answer =
            client.call::<methods::SubmitMany>(&SubmitMany { transactions: request }).await;
        let answered = Instant::now();
        let is_last = attempt == ATTEMPTS;
        let mut again = Vec::new();
        match answer {
            Ok(outcomes) => {
                for (&place, outcome) in open.iter().zip(outcomes) {
                    match outcome {
                        SubmitOutcome::Accepted(_) => {
                            if let (Some(slot), Some(due)) = (acks.get_mut(place), due.get(place)) {
                                let ack = answered.saturating_duration_since(*due);
                                *slot = Some(ack.as_secs_f32() * 1_000.0);
                            }
                        }
                        SubmitOutcome::Refused(body) if body.data.retryable && !is_last => {
                            pause = Duration::from_millis(body.data.retry_after_ms.unwrap_or(100));
                            again.push(place);
                        }
                        SubmitOutcome::Refused(body) => refusals.push(body.data.reason),
                    }
                }
            }
            Err(error) if error.is_transient() && !is_last => again = std::mem::take(&mut open),
            Err(error) => {
                let reason = error.reason().unwrap_or("no_answer").to_owned();
                refusals.extend(open.iter().map(|_| reason.clone()));
            }
        }
        open = again;
        if open.is_empty() {
            break;
        }
        tokio::time::sleep(pause.min(Duration::from_secs(2))).await;
        pause *= 2;
    }
    Answered { first, acks, refusals }
}
