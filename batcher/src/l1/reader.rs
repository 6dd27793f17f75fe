//! L1 as someone sees it who only reads: everything as of one block.

use alloy::{
    contract::{CallBuilder, CallDecoder},
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, Bytes},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
};

use super::{
    connection::connect_with,
    error::{L1Error, is_silence, is_too_much, rpc},
};

/// Bytes that a log takes in memory, but for its data.
const LOG_BYTES: usize = 400;
/// Bytes of all logs that are read of a contract: a million priority operations take half of it.
const MAX_LOG_BYTES: usize = 1 << 30;
/// Times that a range is halved because no answer comes: each costs the time of a request with all its attempts.
const MAX_SILENCES: usize = 3;

/// The block that everything is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Seconds.
    pub timestamp: u64,
    /// Whether L1 has finalized it.
    pub finalized: bool,
}

/// A contract on L1, read at one block.
#[derive(Debug, Clone)]
pub struct Reader {
    provider: DynProvider,
    address: Address,
    chain_id: u64,
    head: Head,
}

impl Reader {
    /// Connects to a node and fixes its latest block.
    ///
    /// # Errors
    /// The node's, or there is no contract at the address.
    pub async fn connect(url: &str, address: Address) -> Result<Self, L1Error> {
        Self::new(connect_with(url)?, address).await
    }

    /// As [`Self::connect`], of a node that somebody is connected to.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn new(provider: DynProvider, address: Address) -> Result<Self, L1Error> {
        let what = "reading the chain id";
        let chain_id = provider.get_chain_id().await.map_err(|e| rpc(what, e))?;
        let what = "reading the latest block";
        let block = provider
            .get_block_by_number(BlockNumberOrTag::Latest)
            .await
            .map_err(|e| rpc(what, e))?
            .ok_or_else(|| rpc(what, "there is none"))?;
        // A chain without finality (or a young one) does not know the tag.
        let finalized = provider.get_block_by_number(BlockNumberOrTag::Finalized).await;
        let finalized = finalized.ok().flatten().map(|block| block.header.number);
        let head = Head {
            number: block.header.number,
            hash: block.header.hash,
            timestamp: block.header.timestamp,
            finalized: finalized.is_some_and(|number| block.header.number <= number),
        };
        let reader = Self { provider, address, chain_id, head };
        if reader.code(address).await?.is_empty() {
            return Err(L1Error::NoContract { address, chain_id });
        }
        Ok(reader)
    }

    /// Refuses another chain than this one.
    ///
    /// # Errors
    /// [`L1Error::WrongChain`].
    pub fn expect_chain(&self, expected: u64) -> Result<(), L1Error> {
        let got = self.chain_id;
        if got == expected { Ok(()) } else { Err(L1Error::WrongChain { expected, got }) }
    }

    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// What makes signatures and proofs hold for this rollup only.
    #[must_use]
    pub fn domain(&self) -> cairn_types::Word {
        cairn_types::domain(self.chain_id, &self.address.into_array())
    }

    /// The contract.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// The block that everything is read from.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The node.
    #[must_use]
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// [`Self::head`], for calls of views.
    #[must_use]
    pub fn block(&self) -> BlockId {
        BlockId::hash(self.head.hash)
    }

    /// What a view says as of [`Self::head`]; `what` is for the error.
    ///
    /// # Errors
    /// The node's.
    pub async fn view<P: Provider, D: CallDecoder + Unpin>(
        &self,
        what: &'static str,
        call: CallBuilder<P, D>,
    ) -> Result<D::CallOutput, L1Error> {
        call.block(self.block()).call().await.map_err(|e| rpc(what, e))
    }

    /// Code at an address.
    ///
    /// # Errors
    /// The node's.
    pub async fn code(&self, address: Address) -> Result<Bytes, L1Error> {
        self.provider
            .get_code_at(address)
            .block_id(self.block())
            .await
            .map_err(|e| rpc("reading a contract's code", e))
    }

    /// Fails if [`Self::head`] has left the chain. Logs are read by block number, so that is to be asked after them.
    ///
    /// # Errors
    /// The node's, or [`L1Error::Reorganized`].
    pub async fn check_head(&self) -> Result<(), L1Error> {
        let number = self.head.number;
        let block = self
            .provider
            .get_block_by_number(number.into())
            .await
            .map_err(|e| rpc("reading a block again", e))?;
        match block {
            Some(block) if block.header.hash == self.head.hash => Ok(()),
            _ => Err(L1Error::Reorganized { block: number }),
        }
    }

    /// The hash of the block with a number.
    ///
    /// # Errors
    /// The node's; it does not have the block.
    pub async fn block_hash(&self, number: u64) -> Result<B256, L1Error> {
        let what = "reading a block's hash";
        let block = self.provider.get_block_by_number(number.into()).await;
        let block = block.map_err(|e| rpc(what, e))?;
        let block = block.ok_or_else(|| rpc(what, format!("the node does not have {number}")))?;
        Ok(block.header.hash)
    }

    /// When a block was made, seconds.
    ///
    /// # Errors
    /// The node's; it does not have the block.
    pub async fn block_time(&self, hash: B256) -> Result<u64, L1Error> {
        self.numbered_block(hash).await.map(|(_, time)| time)
    }

    /// The number of a block, and when it was made, seconds.
    ///
    /// # Errors
    /// The node's; it does not have the block.
    pub async fn numbered_block(&self, hash: B256) -> Result<(u64, u64), L1Error> {
        let what = "reading the block of a transaction";
        let block = self.provider.get_block_by_hash(hash).await.map_err(|e| rpc(what, e))?;
        let block = block.ok_or_else(|| rpc(what, format!("the node does not have {hash}")))?;
        Ok((block.header.number, block.header.timestamp))
    }

    /// All logs of `address` with one of these topics from a block on, in order. Nodes bound the blocks or the logs of
    /// one request, each in its own way: a range that is refused is halved. `seen` hears of each block number that has
    /// been read.
    ///
    /// # Errors
    /// The node refuses a single block, does not answer, or gives what was not asked for, or more than [`MAX_LOG_BYTES`].
    pub async fn logs(
        &self,
        address: Address,
        topics: &[B256],
        first_block: u64,
        seen: impl Fn(u64),
    ) -> Result<Vec<Log>, L1Error> {
        let mut logs = Vec::new();
        let (mut first, mut width) = (first_block, u64::MAX);
        let (mut bytes, mut silences) = (0, 0);
        while first <= self.head.number {
            let last = first.saturating_add(width - 1).min(self.head.number);
            let filter = Filter::new()
                .address(address)
                .event_signature(topics.to_vec())
                .from_block(first)
                .to_block(last);
            match self.provider.get_logs(&filter).await {
                Ok(found) => {
                    let is_asked_for = |log: &Log| {
                        let block = log.block_number.unwrap_or_default();
                        log.address() == address && (first..=last).contains(&block)
                    };
                    if !found.iter().all(is_asked_for) {
                        return Err(rpc(
                            "reading logs",
                            "the node gives logs of other contracts or blocks",
                        ));
                    }
                    bytes +=
                        found.iter().map(|log| LOG_BYTES + log.data().data.len()).sum::<usize>();
                    if bytes > MAX_LOG_BYTES {
                        let reason = format!(
                            "more than {MAX_LOG_BYTES} bytes of logs: check the address, or give a later --first-block"
                        );
                        return Err(rpc("reading logs", reason));
                    }
                    logs.extend(found);
                    seen(last);
                    first = last + 1;
                }
                Err(e) if is_too_much(&e) && last > first && silences < MAX_SILENCES => {
                    // A range that takes too long, or a node that never answers: that is not tried down to one block.
                    silences += usize::from(is_silence(&e));
                    width = (last - first).div_ceil(2);
                }
                Err(e) => return Err(rpc("reading logs", e)),
            }
        }
        Ok(logs)
    }
}
