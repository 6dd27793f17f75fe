//! What becomes of accepted transactions: time to the proof on L1, and whether any was lost.

use std::time::{Duration, Instant};

use super::{LoadError, Progress, report::Finality, send::Sent};
use crate::{
    api::{
        hex::Hash,
        methods,
        wire::{Life, Stage, TransactionHashes},
    },
    client::{Client, ClientError, http},
};

/// Transactions that are followed to L1.
const SAMPLE: usize = 1_000;
/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Acknowledged transactions at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fates {
    /// Unknown or dropped.
    pub(super) lost: u64,
    /// Of these the service does not answer.
    pub(super) unchecked: u64,
}

/// Asks a service what has become of transactions, until it has been waited for long enough. What was measured before
/// must not be lost because it is away for a while.
pub(super) struct Follower {
    client: Client,
    max_items: usize,
    deadline: Instant,
}

impl Follower {
    /// Of the service at this URL, from now on.
    pub(super) async fn new(
        url: &str,
        max_items: u32,
        wait: Duration,
    ) -> Result<Self, ClientError> {
        // By HTTP: a WebSocket does not outlive an outage.
        let client = Client::connect(&http(url)).await?;
        let max_items = max_items.max(1) as usize;
        Ok(Self { client, max_items, deadline: Instant::now() + wait })
    }

    /// Follows a sample until all are proven or the time is over.
    pub(super) async fn finality(
        &self,
        hashes: &[Hash],
        sent: &Sent,
        started_ms: u64,
        progress: &dyn Progress,
    ) -> Result<Finality, LoadError> {
        let accepted: Vec<usize> = sent.accepted().collect();
        let step = accepted.len().div_ceil(SAMPLE).max(1);
        let mut open: Vec<usize> = accepted.into_iter().step_by(step).collect();
        let of = open.len();
        let mut seconds = Vec::with_capacity(of);
        loop {
            let mut still_open = Vec::new();
            for places in open.chunks(self.max_items) {
                let asked = places.iter().filter_map(|&place| hashes.get(place).copied());
                let Some(lives) = self.lives(asked.collect()).await? else {
                    still_open.extend(places);
                    continue;
                };
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
            if open.is_empty() || self.left().is_zero() {
                return Ok(Finality::new(seconds, open.len()));
            }
            tokio::time::sleep(PAUSE.min(self.left())).await;
        }
    }

    /// How many were acknowledged and are unknown or dropped now.
    pub(super) async fn fates(
        &self,
        hashes: &[Hash],
        sent: &Sent,
        progress: &dyn Progress,
    ) -> Result<Fates, LoadError> {
        let hashes: Vec<Hash> =
            sent.accepted().filter_map(|place| hashes.get(place).copied()).collect();
        let mut fates = Fates::default();
        let mut checked = 0;
        for page in hashes.chunks(self.max_items) {
            let Some(lives) = self.lives(page.to_vec()).await? else {
                // Nor is it asked about the rest: each question takes its tries.
                fates.unchecked = hashes.len() as u64 - checked;
                break;
            };
            let is_lost = |life: &&Option<Life>| {
                life.as_ref().is_none_or(|life| life.stage == Stage::Dropped)
            };
            fates.lost += lives.iter().filter(is_lost).count() as u64;
            checked += page.len() as u64;
            progress.step("checked", checked, hashes.len() as u64);
        }
        Ok(fates)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// None if the service does not answer until the time is over.
    async fn lives(&self, hashes: Vec<Hash>) -> Result<Option<Vec<Option<Life>>>, ClientError> {
        let params = TransactionHashes { hashes };
        loop {
            match self.client.ask::<methods::Transactions>(&params).await {
                Ok(lives) => return Ok(Some(lives)),
                Err(error) if !error.is_transient() => return Err(error),
                Err(_) if self.left().is_zero() => return Ok(None),
                Err(_) => tokio::time::sleep(PAUSE.min(self.left())).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonrpsee::{RpcModule, server::Server};

    use super::*;
    use crate::api::hex::Hex;

    struct Silent;

    impl Progress for Silent {
        fn step(&self, _: &'static str, _: u64, _: u64) {}
    }

    fn sent() -> (Vec<Hash>, Sent) {
        let hashes = (0..5).map(|byte| Hex([byte; 32])).collect();
        (hashes, Sent { acks: vec![Some(1.0); 5], due_ms: vec![0; 5], ..Sent::default() })
    }

    /// A free port of this machine, where nobody listens.
    fn port() -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    }

    /// The service is away while its transactions are followed, longer than one question is repeated.
    #[tokio::test]
    async fn an_outage_is_waited_out() {
        let (port, (hashes, sent)) = (port(), sent());
        let service = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let mut module = RpcModule::new(());
            let answer = |_: jsonrpsee::types::Params<'_>, _: &(), _: &_| {
                let life =
                    serde_json::json!({ "stage": "accepted", "acceptedMs": 1, "finalized": false });
                vec![life; 2]
            };
            module.register_method("cairn_transactions", answer).unwrap();
            let server = Server::builder().build(("127.0.0.1", port)).await.unwrap();
            server.start(module).stopped().await;
        });
        let url = format!("ws://127.0.0.1:{port}");
        let follower = Follower::new(&url, 2, Duration::from_secs(20)).await.unwrap();
        let fates = follower.fates(&hashes, &sent, &Silent).await.unwrap();
        assert_eq!(fates, Fates::default());
        service.abort();
    }

    /// What was measured is reported, though the service never comes back.
    #[tokio::test]
    async fn an_end_of_the_service_is_a_figure() {
        let (url, (hashes, sent)) = (format!("http://127.0.0.1:{}", port()), sent());
        let follower = Follower::new(&url, 2, Duration::ZERO).await.unwrap();
        let finality = follower.finality(&hashes, &sent, 0, &Silent).await.unwrap();
        assert_eq!((finality.proven, finality.unproven), (0, 5));
        let fates = follower.fates(&hashes, &sent, &Silent).await.unwrap();
        assert_eq!(fates, Fates { lost: 0, unchecked: 5 });
    }
}
