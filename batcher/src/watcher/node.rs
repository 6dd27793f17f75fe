//! [`Chain`] over a node's JSON-RPC.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    contract,
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256},
    providers::{DynProvider, Provider},
    rpc::types::{Block, Filter, Log},
    transports::TransportError,
};
use tokio::task::JoinSet;

use super::{
    apply::unreliable,
    chain::{Chain, Counts, Header, Seen},
    contents::QueueHash,
    error::WatcherError,
    events,
};
use crate::{
    l1::contracts::{IAccessControl, IRollupL1},
    store::records::BatchNumber,
};

/// Headers that are asked for at the same time while catching up.
const HEADERS_AT_ONCE: usize = 8;

/// The rollup on L1, as a node shows it.
#[derive(Debug, Clone)]
pub(super) struct NodeChain {
    provider: DynProvider,
    rollup: Address,
}

fn node(what: &'static str, reason: impl ToString) -> WatcherError {
    WatcherError::Node { what, reason: reason.to_string() }
}

/// What nodes say when they have thrown away what a call needs; there is no code for it.
fn has_lost_state(error: &contract::Error) -> bool {
    let contract::Error::TransportError(TransportError::ErrorResp(response)) = error else {
        return false;
    };
    let message = response.message.to_lowercase();
    [
        "missing trie node",
        "state not available",
        "state is not available",
        "no state available",
        "historical state",
        "pruned",
    ]
    .iter()
    .any(|part| message.contains(part))
}

impl NodeChain {
    pub(super) fn new(provider: DynProvider, rollup: Address) -> Self {
        Self { provider, rollup }
    }

    /// The custody that the rollup has made.
    pub(super) async fn custody(&self) -> Result<Address, WatcherError> {
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        rollup.CUSTODY().call().await.map_err(|e| node("reading the rollup's custody", e))
    }

    /// Seconds that an operation may wait until it is proven.
    pub(super) async fn priority_deadline(&self) -> Result<u64, WatcherError> {
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        let seconds = rollup.PRIORITY_DEADLINE().call().await;
        Ok(seconds.map_err(|e| node("reading the queue's deadline", e))?.saturating_to())
    }

    async fn seen(&self, logs: Vec<Log>, headers: &BTreeMap<u64, Header>) -> Answer {
        let what = "reading logs";
        let (mut seen, mut last) = (Vec::new(), None);
        for log in logs {
            let (Some(block), Some(block_hash), Some(index), Some(transaction)) =
                (log.block_number, log.block_hash, log.log_index, log.transaction_hash)
            else {
                return Err(node(what, "a log has no place on the chain"));
            };
            let header = headers.get(&block).filter(|header| header.hash == block_hash);
            let Some(header) = header.filter(|_| log.address() == self.rollup && !log.removed)
            else {
                return Err(node(what, format!("a log of block {block} was not asked for")));
            };
            if last.replace((block, index)) >= Some((block, index)) {
                return Err(node(what, format!("logs of block {block} are out of order")));
            }
            let event = events::decode(log.data()).map_err(|e| node(what, e))?;
            let timestamp = header.timestamp;
            seen.extend(event.map(|event| Seen {
                block,
                block_hash,
                timestamp,
                transaction,
                event,
            }));
        }
        Ok(seen)
    }

    async fn headers(&self, blocks: BTreeSet<u64>) -> Result<BTreeMap<u64, Header>, WatcherError> {
        let (mut blocks, mut tasks) = (blocks.into_iter(), JoinSet::new());
        let mut headers = BTreeMap::new();
        loop {
            while tasks.len() < HEADERS_AT_ONCE
                && let Some(block) = blocks.next()
            {
                let chain = self.clone();
                tasks.spawn(async move {
                    chain.header(block).await?.ok_or(WatcherError::MissingBlock { block })
                });
            }
            let Some(header) = tasks.join_next().await else { return Ok(headers) };
            let header = header.map_err(|e| node("reading a block", e))??;
            headers.insert(header.number, header);
        }
    }
}

type Answer = Result<Vec<Seen>, WatcherError>;

/// The header, if its hash is its own: all that is read of a block hangs on it.
fn header(block: &Block) -> Result<Header, WatcherError> {
    let header = &block.header;
    let expected = header.inner.hash_slow();
    if header.hash != expected {
        let what = "the hash of its header, of the fields that this program knows";
        return Err(unreliable(header.number, what, expected, header.hash));
    }
    Ok(Header {
        number: header.number,
        hash: header.hash,
        parent: header.parent_hash,
        timestamp: header.timestamp,
        base_fee: header.base_fee_per_gas.unwrap_or(0).into(),
    })
}

impl Chain for NodeChain {
    async fn head(&self) -> Result<u64, WatcherError> {
        self.provider.get_block_number().await.map_err(|e| node("reading the head", e))
    }

    async fn finalized(&self) -> Result<Option<u64>, WatcherError> {
        match self.provider.get_block_by_number(BlockNumberOrTag::Finalized).await {
            Ok(block) => Ok(block.map(|block| block.header.number)),
            // A chain without finality, or a young one, does not know the tag.
            Err(e) if e.is_error_resp() => Ok(None),
            Err(e) => Err(node("reading the finalized head", e)),
        }
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, WatcherError> {
        let what = "reading a block";
        let block = self.provider.get_block_by_number(number.into()).await;
        let block = block.map_err(|e| node(what, e))?.as_ref().map(header);
        match block.transpose()? {
            Some(block) if block.number != number => {
                Err(node(what, format!("expected block {number}, got {}", block.number)))
            }
            block => Ok(block),
        }
    }

    async fn events(&self, block: &Header) -> Answer {
        let filter = Filter::new().address(self.rollup).at_block_hash(block.hash);
        let logs = self.provider.get_logs(&filter).await;
        let logs = logs.map_err(|e| node("reading a block's logs", e))?;
        self.seen(logs, &BTreeMap::from([(block.number, *block)])).await
    }

    async fn events_in(&self, first: u64, last: u64) -> Result<Option<Vec<Seen>>, WatcherError> {
        let what = "reading logs";
        let filter = Filter::new().address(self.rollup).from_block(first).to_block(last);
        let logs = match self.provider.get_logs(&filter).await {
            Ok(logs) => logs,
            Err(e) if e.is_error_resp() => {
                tracing::debug!(first, last, reason = %e, "the node refuses a range of logs");
                return Ok(None);
            }
            Err(e) => return Err(node(what, e)),
        };
        let blocks: BTreeSet<_> = logs.iter().filter_map(|log| log.block_number).collect();
        if blocks.iter().any(|block| !(first..=last).contains(block)) {
            return Err(node(what, format!("a log is not of blocks {first} to {last}")));
        }
        let headers = self.headers(blocks).await?;
        self.seen(logs, &headers).await.map(Some)
    }

    async fn counts(&self, block: &Header) -> Result<Option<Counts>, WatcherError> {
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        let at = BlockId::hash(block.hash);
        let read = async {
            Ok(Counts {
                deployed: true,
                queue_length: rollup.queueLength().block(at).call().await?,
                committed: rollup.committedBatches().block(at).call().await?,
                proven: rollup.provenBatches().block(at).call().await?,
                paused: rollup.paused().block(at).call().await?,
                frozen: rollup.frozen().block(at).call().await?,
            })
        };
        match read.await {
            Ok(counts) => Ok(Some(counts)),
            // There is no code at the address yet.
            Err(contract::Error::ZeroData(..)) => Ok(Some(Counts::default())),
            Err(e) if has_lost_state(&e) => Ok(None),
            Err(e) => Err(node("reading the contract's counts", e)),
        }
    }

    async fn queue_hash(&self, block: &Header, length: u64) -> Result<QueueHash, WatcherError> {
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        let prefix = rollup.queuePrefix(length).block(BlockId::hash(block.hash)).call().await;
        Ok(prefix.map_err(|e| node("reading the hash of the queue", e))?.hash)
    }

    async fn batch_hash(&self, block: &Header, number: BatchNumber) -> Result<B256, WatcherError> {
        let rollup = IRollupL1::new(self.rollup, &self.provider);
        let hash = rollup.batchHash(number).block(BlockId::hash(block.hash)).call().await;
        hash.map_err(|e| node("reading the hash of a batch", e))
    }

    async fn blob_base_fee(&self, block: &Header) -> Result<Option<u128>, WatcherError> {
        match self.provider.get_fee_history(1, block.number.into(), &[]).await {
            Ok(fees) => Ok(fees.base_fee_per_blob_gas.first().copied()),
            Err(e) if e.is_error_resp() => Ok(None),
            Err(e) => Err(node("reading L1's fees", e)),
        }
    }

    async fn has_role(&self, role: B256, account: Address) -> Result<bool, WatcherError> {
        let rollup = IAccessControl::new(self.rollup, &self.provider);
        let has = rollup.hasRole(role, account).call().await;
        has.map_err(|e| node("reading who has a role", e))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alloy::primitives::U64;
    use serde_json::{Value, json};

    use super::{
        super::{Input, WatcherConfig, follow::Follower, watch},
        *,
    };
    use crate::{
        l1::{
            connection::{ConnectionConfig, connect, connect_with},
            node::{Answer, Node},
        },
        signals::Signals,
        store::{SCHEMA, Store, records::Identity},
    };

    #[tokio::test]
    async fn a_header_with_another_hash_than_its_own_is_refused() {
        let mut block: Block = Block::default();
        (block.header.inner.number, block.header.inner.timestamp) = (7, 1_000);
        block.header.hash = block.header.inner.hash_slow();
        let ask = async |block: &Block| {
            let answer = serde_json::to_value(block).unwrap();
            let node = Node::always(Answer::Result(answer)).await;
            let provider = connect_with(node.url.as_str()).unwrap();
            NodeChain::new(provider, Address::ZERO).header(7).await
        };
        let header = ask(&block).await.unwrap().unwrap();
        assert_eq!((header.number, header.timestamp, header.hash), (7, 1_000, block.header.hash));
        block.header.inner.timestamp = 9_000;
        let error = ask(&block).await.unwrap_err();
        assert!(matches!(error, WatcherError::Unreliable { block: 7, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_node_that_has_thrown_state_away_says_so_in_its_own_words() {
        let block =
            Header { number: 7, hash: B256::ZERO, parent: B256::ZERO, timestamp: 0, base_fee: 0 };
        for (words, is_lost) in [
            ("missing trie node 01 (path ) state 0x02 is not available", true),
            ("No state available for block 7 (0x01)", true),
            ("no such method", false),
        ] {
            let node = Node::always(Answer::Error(-32_000, words)).await;
            let provider = connect_with(node.url.as_str()).unwrap();
            let counts = NodeChain::new(provider, Address::ZERO).counts(&block).await;
            assert_eq!(counts.is_ok_and(|counts| counts.is_none()), is_lost, "{words}");
        }
    }

    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (rollup, genesis) = (Address::ZERO, B256::ZERO);
        let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
        (Store::open(folder.path(), &identity).unwrap(), folder)
    }

    #[tokio::test]
    async fn a_head_that_the_node_does_not_have_is_not_believed() {
        let node = Node::start(|_, method, parameters| match method {
            "eth_blockNumber" => Answer::Result(json!("0x19")),
            "eth_getBlockByNumber" => {
                let number: U64 = serde_json::from_value(parameters[0].clone()).unwrap();
                let mut block: Block = Block::default();
                block.header.inner.number = number.to();
                block.header.hash = block.header.inner.hash_slow();
                let is_there = block.header.inner.number <= 13;
                Answer::Result(if is_there { json!(block) } else { Value::Null })
            }
            "eth_getLogs" => Answer::Result(json!([])),
            _ => Answer::Result(json!("0x")),
        });
        let node = node.await;
        let chain = NodeChain::new(connect_with(node.url.as_str()).unwrap(), Address::ZERO);
        let (store, _folder) = store();
        let mut follower = Follower::new(chain, store.clone(), WatcherConfig::default(), 0);
        for _ in 0..2 {
            let error = follower.step().await.unwrap_err();
            assert!(matches!(error, WatcherError::MissingBlock { block: 25 }), "{error}");
        }
        assert_eq!(store.l1_view.get(&()).unwrap(), None);
        assert!(!node.asked().contains(&"eth_getLogs".to_owned()));
    }

    #[tokio::test]
    async fn a_node_that_refuses_one_question_again_and_again_is_left() {
        let answers = |refuses: bool| {
            move |_: usize, method: &str, _: &Value| match method {
                "eth_chainId" => Answer::Result(json!("0x7")),
                _ if refuses => Answer::Error(-32_601, "no such method"),
                _ => Answer::Never,
            }
        };
        let (first, second) = (Node::start(answers(true)).await, Node::start(answers(false)).await);
        let urls = [first.url.clone(), second.url.clone()];
        let input = Input {
            provider: connect(&urls, &ConnectionConfig::default()).unwrap(),
            rollup: Address::ZERO,
            custody: Address::ZERO,
            first_block: 0,
            config: WatcherConfig { poll_ms: 10, ..WatcherConfig::default() },
        };
        let (store, _folder) = store();
        let watched = watch(input, store, Signals::default());
        let second_is_asked = async {
            while !second.asked().contains(&"eth_call".to_owned()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            ended = watched => panic!("{ended:?}"),
            waited = tokio::time::timeout(Duration::from_secs(10), second_is_asked) => {
                waited.unwrap();
            }
        }
        let asked = first.asked().into_iter().filter(|method| method == "eth_call");
        assert_eq!(asked.count(), 3);
    }
}
