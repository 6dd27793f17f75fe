//! Whether several nodes tell the same of L1.

use std::{fmt, time::Duration};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::B256,
    providers::{DynProvider, Provider},
};
use metrics::gauge;
use reqwest::Url;

use super::{
    connection::{ConnectionConfig, connect},
    error::{L1Error, rpc},
    http::host,
};
use crate::signals::Shutdown;

/// How often the nodes are compared.
const INTERVAL: Duration = Duration::from_secs(60);

/// What one node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its host.
    pub endpoint: String,
    /// Its chain.
    pub chain_id: u64,
    /// Its latest block.
    pub head: u64,
    /// Hash of the block that all of them were asked for; `None` if it does not have it.
    pub hash: Option<B256>,
}

/// Nodes that tell different things: at least one of them is wrong, on another chain or on another fork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The block that they were asked for.
    pub block: u64,
    /// What each says.
    pub seen: Vec<Seen>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the L1 nodes disagree at block {}:", self.block)?;
        for (n, seen) in self.seen.iter().enumerate() {
            let Seen { endpoint, chain_id, head, hash } = seen;
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma} {endpoint} on chain {chain_id}, head {head}, has ")?;
            match hash {
                Some(hash) => write!(f, "{hash}")?,
                None => f.write_str("no such block")?,
            }
        }
        Ok(())
    }
}

/// Compares the nodes every minute until shutdown, `depth` blocks below the lowest head: as many as L1 may take back without
/// anything being wrong. An alarm rings while they disagree: the gauge `cairn_l1_nodes_disagree`, and a line when it begins and
/// when it ends.
///
/// # Errors
/// As [`connect`].
pub async fn run(
    urls: Vec<Url>,
    config: ConnectionConfig,
    depth: u64,
    shutdown: Shutdown,
) -> Result<(), L1Error> {
    compare(&urls, &config, depth, INTERVAL, shutdown).await
}

async fn compare(
    urls: &[Url],
    config: &ConnectionConfig,
    depth: u64,
    interval: Duration,
    mut shutdown: Shutdown,
) -> Result<(), L1Error> {
    let alarm = gauge!("cairn_l1_nodes_disagree");
    let mut rings = false;
    alarm.set(0);
    loop {
        // One node agrees with itself.
        if urls.len() > 1 {
            let found = tokio::select! {
                () = shutdown.stopped() => return Ok(()),
                found = disagreement(urls, config, depth) => found?,
            };
            match &found {
                Some(found) if !rings => tracing::error!("{found}"),
                None if rings => tracing::info!("the L1 nodes agree again"),
                _ => {}
            }
            rings = found.is_some();
            alarm.set(u8::from(rings));
        }
        tokio::select! {
            () = shutdown.stopped() => return Ok(()),
            () = tokio::time::sleep(interval) => {}
        }
    }
}

/// Asks every node for its chain, its latest block, and the hash of the block `depth` below the lowest of these; says what they
/// say if that is not the same. Nodes that do not answer are left out: they are no disagreement.
///
/// # Errors
/// As [`connect`].
pub async fn disagreement(
    urls: &[Url],
    config: &ConnectionConfig,
    depth: u64,
) -> Result<Option<Disagreement>, L1Error> {
    let mut nodes = Vec::new();
    for url in urls {
        nodes.push((host(url), connect(std::slice::from_ref(url), config)?));
    }
    let heads = nodes.into_iter().map(|(endpoint, node)| async move {
        let (chain_id, head) = head(&node).await.ok()?;
        Some((endpoint, node, chain_id, head))
    });
    let heads = answers(heads).await;
    let Some(lowest) = heads.iter().map(|(_, _, _, head)| *head).min() else { return Ok(None) };
    let block = lowest.saturating_sub(depth);
    let seen = heads.into_iter().map(|(endpoint, node, chain_id, head)| async move {
        let hash = hash(&node, block).await.ok()?;
        Some(Seen { endpoint, chain_id, head, hash })
    });
    let seen = answers(seen).await;
    let differ = seen.windows(2).any(|pair| match pair {
        [a, b] => (a.chain_id, a.hash) != (b.chain_id, b.hash),
        _ => false,
    });
    Ok(differ.then_some(Disagreement { block, seen }))
}

async fn head(node: &DynProvider) -> Result<(u64, u64), L1Error> {
    let chain_id = node.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
    let head = node.get_block_number().await;
    Ok((chain_id, head.map_err(|e| rpc("reading the latest block", e))?))
}

async fn hash(node: &DynProvider, block: u64) -> Result<Option<B256>, L1Error> {
    let block = node.get_block_by_number(BlockNumberOrTag::Number(block)).await;
    Ok(block.map_err(|e| rpc("reading a block", e))?.map(|block| block.header.hash))
}

/// Runs all of them at once; what they find, in their order.
async fn answers<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = Option<T>> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut found = Vec::new();
    for task in tasks {
        found.extend(task.await.ok().flatten());
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use metrics_exporter_prometheus::PrometheusBuilder;
    use serde_json::{Value, json};

    use super::*;
    use crate::l1::node::{Answer, Node};

    /// What a node says on a chain with a head, whose blocks have hashes that end in `fork`.
    fn say(chain: u64, head: u64, fork: u8, method: &str, parameters: &Value) -> Value {
        let block = |number: &Value| {
            let number = u64::from_str_radix(&number.as_str()?[2..], 16).ok()?;
            let mut block = alloy::rpc::types::Block::<B256>::default();
            block.header.inner.number = number;
            block.header.hash = B256::with_last_byte(fork);
            (number <= head).then(|| serde_json::to_value(block).unwrap())
        };
        match method {
            "eth_chainId" => json!(format!("{chain:#x}")),
            "eth_blockNumber" => json!(format!("{head:#x}")),
            _ => block(&parameters[0]).unwrap_or_default(),
        }
    }

    async fn node(chain: u64, head: u64, fork: u8) -> Node {
        let say =
            move |method: &str, parameters: &Value| say(chain, head, fork, method, parameters);
        Node::start(move |_, method, parameters| Answer::Result(say(method, parameters))).await
    }

    async fn of(nodes: &[&Node], depth: u64) -> Option<Disagreement> {
        let urls: Vec<_> = nodes.iter().map(|node| node.url.clone()).collect();
        let config = ConnectionConfig { retries: 0, ..ConnectionConfig::default() };
        disagreement(&urls, &config, depth).await.unwrap()
    }

    #[tokio::test]
    async fn nodes_on_one_chain_agree_whatever_their_heads() {
        let (one, two) = (node(1, 100, 7).await, node(1, 90, 7).await);
        let silent = Node::always(Answer::Closed).await;
        assert_eq!(of(&[&one, &two, &silent], 5).await, None);
        assert_eq!(of(&[&silent], 5).await, None);
    }

    #[tokio::test]
    async fn the_alarm_rings_while_they_disagree() {
        let forks = Arc::new(AtomicBool::new(true));
        let told = forks.clone();
        let (one, other) = (node(1, 100, 7).await, {
            Node::start(move |_, method, parameters| {
                let fork = if told.load(Ordering::SeqCst) { 8 } else { 7 };
                Answer::Result(say(1, 100, fork, method, parameters))
            })
            .await
        });
        let recorder = PrometheusBuilder::new().build_recorder();
        let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
        let rings = |on: u8| metrics.render().contains(&format!("cairn_l1_nodes_disagree {on}\n"));
        let urls = [one.url.clone(), other.url.clone()];
        let (stop, stopped) = crate::signals::shutdown();
        let (config, often) = (ConnectionConfig::default(), Duration::from_millis(5));
        let compare = compare(&urls, &config, 5, often, stopped);
        let listen = async {
            let until = async |on| {
                while !rings(on) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            until(1).await;
            forks.store(false, Ordering::SeqCst);
            until(0).await;
            stop.stop();
        };
        let patience = Duration::from_secs(10);
        let both = tokio::time::timeout(patience, async { tokio::join!(compare, listen) });
        both.await.unwrap().0.unwrap();
    }

    #[tokio::test]
    async fn another_fork_or_chain_is_named() {
        let (one, fork) = (node(1, 100, 7).await, node(1, 90, 8).await);
        let found = of(&[&one, &fork], 5).await.unwrap();
        assert_eq!((found.block, found.seen.len()), (85, 2));
        let line = found.to_string();
        for part in [one.name(), fork.name(), "head 90".into(), B256::with_last_byte(8).to_string()]
        {
            assert!(line.contains(&part), "{line}");
        }
        let chain = node(2, 100, 7).await;
        assert!(of(&[&one, &chain], 5).await.unwrap().to_string().contains("on chain 2"));
    }
}
