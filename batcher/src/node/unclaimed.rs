//! Withdrawals that L1 would pay and that nobody has claimed.
//!
//! For people only: a node that leaves out claims makes the number too large, and nothing else.

use std::{collections::BTreeMap, time::Duration};

use alloy::{
    primitives::Address,
    providers::{DynProvider, Provider},
    rpc::types::Filter,
    sol_types::SolEvent,
};
use metrics::gauge;

use super::asked::Asked;
use crate::{
    l1::{
        contracts::ICustody::Claimed,
        error::{L1Error, rpc},
    },
    signals::Shutdown,
    store::{
        Store, StoreError,
        records::{BatchNumber, L1View},
    },
};

/// How often L1 is asked for new claims.
const INTERVAL: Duration = Duration::from_secs(60);
/// How often the store is looked at until L1 was read once.
const SOON: Duration = Duration::from_secs(1);
/// How long L1 has rest between two ranges: a node that all else needs too is not asked as fast as it answers.
const REST: Duration = Duration::from_millis(100);
const WHAT: &str = "reading the claims of withdrawals";

/// Where claims are read.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) provider: DynProvider,
    /// The contract that pays them.
    pub(super) custody: Address,
    /// The block of the deployment, or one before it.
    pub(super) first_block: u64,
    /// Blocks on top of one until its claims count.
    pub(super) confirmations: u64,
    /// Blocks that are searched at once, at the most.
    pub(super) max_range: u64,
}

/// Counts them until shutdown, from the first block on: nothing of it is stored. A node that does not answer is asked
/// again.
///
/// # Errors
/// The store's.
pub(super) async fn run(input: Input, store: Store, shutdown: Shutdown) -> Result<(), StoreError> {
    count(input, store, INTERVAL, shutdown).await
}

async fn count(
    input: Input,
    store: Store,
    interval: Duration,
    mut shutdown: Shutdown,
) -> Result<(), StoreError> {
    let mut unclaimed = Unclaimed::default();
    let mut asked = Asked::new("claims");
    let (mut next, mut width) = (input.first_block, input.max_range);
    loop {
        let view = store.l1_view.get(&())?.unwrap_or_default();
        unclaimed.add_withdrawals(&store, view.finalized).await?;
        let end = view.block.saturating_sub(input.confirmations);
        let last = end.min(next.saturating_add(width - 1));
        let mut pause = if view.block == 0 { SOON } else { interval };
        if next <= end {
            let claims = tokio::select! {
                () = shutdown.stopped() => return Ok(()),
                claims = read(&input, next, last) => claims,
            };
            match claims {
                Ok(Some(claims)) => {
                    claims.into_iter().for_each(|batch| unclaimed.add(batch, -1));
                    (next, width) = (last + 1, width.saturating_mul(2).min(input.max_range));
                    asked.answered();
                    pause = REST.min(interval);
                }
                // Nodes differ in how many blocks they search at once.
                Ok(None) if width > 1 => {
                    width = (last - next).div_ceil(2).max(1);
                    pause = REST.min(interval);
                }
                Ok(None) => asked.failed(&format!("it refuses the claims of block {next}")),
                Err(error) => asked.failed(&format!("blocks {next} to {last}: {error}")),
            }
        } else if view.block > 0 {
            // All that is to be asked was.
            asked.answered();
            unclaimed.show(&store, &view)?;
        }
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The batches of the withdrawals that were claimed in these blocks, each as often as one was; none if the node refuses
/// to search so many.
async fn read(input: &Input, first: u64, last: u64) -> Result<Option<Vec<BatchNumber>>, L1Error> {
    let filter = Filter::new()
        .address(input.custody)
        .event_signature(Claimed::SIGNATURE_HASH)
        .from_block(first)
        .to_block(last);
    let logs = match input.provider.get_logs(&filter).await {
        Ok(logs) => logs,
        Err(error) if error.is_error_resp() => return Ok(None),
        Err(error) => return Err(rpc(WHAT, error)),
    };
    let batch = |log| Claimed::decode_log(log).map(|claimed| claimed.batch);
    let batches = logs.iter().map(|log| batch(&log.inner).map_err(|e| rpc(WHAT, e)));
    batches.collect::<Result<_, _>>().map(Some)
}

/// Withdrawals less claims of each batch where they are not equal. A claim may be read before the batch that it is of is
/// final.
#[derive(Debug, Default)]
struct Unclaimed {
    batches: BTreeMap<BatchNumber, i64>,
    /// The last batch whose withdrawals are counted.
    counted: BatchNumber,
}

impl Unclaimed {
    fn add(&mut self, batch: BatchNumber, count: i64) {
        let sum = self.batches.entry(batch).or_default();
        *sum += count;
        if *sum == 0 {
            self.batches.remove(&batch);
        }
    }

    /// Adds the withdrawals of final batches.
    async fn add_withdrawals(
        &mut self,
        store: &Store,
        finalized: BatchNumber,
    ) -> Result<(), StoreError> {
        let (first, store) = (self.counted.saturating_add(1), store.clone());
        if first > finalized {
            return Ok(());
        }
        // All rows at a start: not read on the threads that serve.
        let read = move || {
            let rows = store.withdrawals.range(first..=finalized);
            let count = |row: Result<(BatchNumber, Vec<_>), _>| {
                row.map(|(batch, words)| (batch, i64::try_from(words.len()).unwrap_or(i64::MAX)))
            };
            rows.map(count).collect::<Result<Vec<_>, StoreError>>()
        };
        // A thread that panics says nothing about the store: the next round tries again.
        if let Ok(rows) = tokio::task::spawn_blocking(read).await {
            rows?.into_iter().for_each(|(batch, count)| self.add(batch, count));
            self.counted = finalized;
        }
        Ok(())
    }

    /// How many there are, and the batch of the oldest.
    fn count(&self) -> (i64, Option<BatchNumber>) {
        let open = || self.batches.iter().filter(|(_, count)| **count > 0);
        (open().map(|(_, count)| *count).sum(), open().next().map(|(batch, _)| *batch))
    }

    fn show(&self, store: &Store, view: &L1View) -> Result<(), StoreError> {
        let (count, oldest) = self.count();
        let oldest = oldest.map(|batch| store.l1_batches.get(&batch)).transpose()?.flatten();
        let since = oldest.and_then(|batch| batch.proven).map(|place| place.timestamp);
        let seconds = since.map_or(0, |since| view.timestamp.saturating_sub(since));
        gauge!("cairn_unclaimed_withdrawals").set(count as f64);
        gauge!("cairn_oldest_unclaimed_withdrawal_seconds").set(seconds as f64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex, atomic::Ordering::Relaxed},
        time::Instant,
    };

    use alloy::{primitives::B256, rpc::types::Log};
    use cairn_types::Word;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        l1::{
            connection::connect_with,
            node::{Answer, Node},
        },
        node::asked::tests::warnings,
        store::{SCHEMA, records::Identity},
    };

    const OFTEN: Duration = Duration::from_millis(5);

    /// A log of a claim, as a node shows it.
    fn claim(batch: BatchNumber, custody: Address, block: u64) -> Value {
        let claimed = Claimed {
            batch,
            index: Default::default(),
            recipient: Address::ZERO,
            token: 0,
            amount: Default::default(),
        };
        let mut log = Log::<alloy::primitives::LogData>::default();
        log.inner.address = custody;
        log.inner.data = claimed.encode_log_data();
        log.block_number = Some(block);
        serde_json::to_value(log).unwrap()
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        let (rollup, genesis) = (Address::ZERO, B256::ZERO);
        let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
        let store = Store::open(folder.path(), &identity).unwrap();
        let view = L1View { block: 30, proven: 3, finalized: 2, ..L1View::default() };
        let mut write = store.write();
        write.put(&store.l1_view, &(), &view).unwrap();
        for (batch, count) in [(1, 2), (2, 3), (3, 5)] {
            write.put(&store.withdrawals, &batch, &vec![Word::new([1; 31]); count]).unwrap();
        }
        write.commit().unwrap();
        store
    }

    /// Up to block 28, of which so many are searched at once.
    fn input(node: &Node, custody: Address, max_range: u64) -> Input {
        let provider = connect_with(node.url.as_str()).unwrap();
        Input { provider, custody, first_block: 1, confirmations: 2, max_range }
    }

    /// Counts until something is so.
    async fn count_until(input: Input, store: Store, interval: Duration, is_so: impl Fn() -> bool) {
        let (stop, stopped) = crate::signals::shutdown();
        let told = async {
            while !is_so() {
                tokio::time::sleep(OFTEN).await;
            }
            stop.stop();
        };
        let counted = async { tokio::join!(count(input, store, interval, stopped), told).0 };
        tokio::time::timeout(Duration::from_secs(10), counted).await.unwrap().unwrap();
    }

    /// Two of batch 1 and one of batch 2 are claimed; one of batch 3 already, which does not count yet. The node takes
    /// ten blocks at once and no more.
    #[tokio::test]
    async fn what_is_final_and_not_claimed_is_counted() {
        let (folder, custody) = (tempfile::tempdir().unwrap(), Address::repeat_byte(5));
        let store = store(&folder);
        let node = Node::start(move |_, _, parameters| {
            let block = |name: &str| {
                let text = parameters[0][name].as_str().unwrap();
                u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
            };
            let (first, last) = (block("fromBlock"), block("toBlock"));
            if last - first >= 10 {
                return Answer::Error(-32_005, "too many blocks");
            }
            let all = [(1, 5), (1, 17), (2, 17), (3, 25), (2, 29)];
            let there = all.iter().filter(|(_, block)| (first..=last).contains(block));
            let logs = there.map(|(batch, block)| claim(*batch, custody, *block));
            Answer::Result(json!(logs.collect::<Vec<_>>()))
        });
        let node = node.await;
        let recorder = PrometheusBuilder::new().build_recorder();
        let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
        let is_told = || metrics.render().contains("cairn_unclaimed_withdrawals 2\n");
        count_until(input(&node, custody, 16), store, OFTEN, is_told).await;
    }

    /// Ranges follow each other soon, and not as fast as the node answers.
    #[tokio::test]
    async fn a_node_has_rest_between_two_ranges() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Arc::<Mutex<Vec<Instant>>>::default();
        let times = Arc::clone(&asked);
        let node = Node::start(move |_, _, _| {
            times.lock().unwrap().push(Instant::now());
            Answer::Result(json!([]))
        });
        let node = node.await;
        let is_over = || asked.lock().unwrap().len() == 3;
        let input = input(&node, Address::ZERO, 10);
        count_until(input, store(&folder), Duration::from_secs(3_600), is_over).await;
        let asked = asked.lock().unwrap();
        assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= REST), "{asked:?}");
    }

    /// Else nobody knows that the number is old.
    #[tokio::test]
    async fn a_node_that_refuses_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let (warnings, _log) = warnings();
        let node = Node::always(Answer::Error(-32_601, "there is no eth_getLogs")).await;
        let input = input(&node, Address::ZERO, 1);
        count_until(input, store(&folder), OFTEN, || node.asked().len() > 4).await;
        assert_eq!(warnings.load(Relaxed), 1);
    }

    #[test]
    fn a_claim_may_be_read_before_its_batch_counts() {
        let mut unclaimed = Unclaimed::default();
        unclaimed.add(4, -1);
        assert_eq!(unclaimed.count(), (0, None));
        unclaimed.add(7, 2);
        unclaimed.add(4, 3);
        assert_eq!(unclaimed.count(), (4, Some(4)));
        unclaimed.add(4, -2);
        assert_eq!(unclaimed.count(), (2, Some(7)));
        assert_eq!(unclaimed.batches.len(), 1, "what is done takes no memory");
    }
}
