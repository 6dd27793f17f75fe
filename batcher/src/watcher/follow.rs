//! Walks the chain: forward block by block, each the child of the one before; back where L1 went back.

use super::{
    apply::Changes,
    chain::{Chain, Event, Header, Seen},
    config::WatcherConfig,
    contents,
    error::WatcherError,
    rewind::{Ancestor, ancestor, undo_to},
};
use crate::{
    clock::now_ms,
    store::{Store, records::L1View},
};

/// Rounds without news after which the last block's hash is looked at: L1 may have another block of the same number.
const IDLE_ROUNDS: u32 = 5;

/// What a step has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Blocks were read and written, with these events.
    Read { view: L1View, events: Vec<Event> },
    /// This many blocks were taken back.
    TookBack { blocks: u64 },
    /// There is no news.
    UpToDate,
    /// The node's head is below what was read, on the same chain.
    Lags { head: u64 },
}

/// The walk along one chain.
#[derive(Debug)]
pub(super) struct Follower<C> {
    chain: C,
    store: Store,
    config: WatcherConfig,
    first_block: u64,
    /// Blocks that the next range may have.
    width: u64,
    /// The head and what L1 calls finalized, as last asked for.
    head: Option<(u64, Option<u64>)>,
    /// The highest head whose header was there.
    shown: Option<u64>,
    /// The head when it was first asked for.
    first_head: Option<u64>,
    idle: u32,
}

impl<C: Chain> Follower<C> {
    pub(super) fn new(chain: C, store: Store, config: WatcherConfig, first_block: u64) -> Self {
        let width = config.max_range;
        // What was read before may have left the chain meanwhile.
        let (head, shown, first_head, idle) = (None, None, None, IDLE_ROUNDS);
        Self { chain, store, config, first_block, width, head, shown, first_head, idle }
    }

    pub(super) fn chain(&self) -> &C {
        &self.chain
    }

    /// One step: at most one write forward, or all that are needed to go back. Can be dropped at any point.
    ///
    /// # Errors
    /// The store's or the node's; [`WatcherError::TooDeep`] where L1 has left what cannot be taken back.
    pub(super) async fn step(&mut self) -> Result<Step, WatcherError> {
        let head = self.head().await?;
        self.first_head.get_or_insert(head);
        let Some(view) = self.store.l1_view.get(&())? else {
            if head < self.first_block {
                return Ok(Step::UpToDate);
            }
            let next = self.header(self.first_block).await?;
            return self.forward(next, head).await;
        };
        if view.halted.is_some() {
            return self.check_again(view, head).await;
        }
        if head > view.block {
            let next = self.header(view.block + 1).await?;
            if next.parent == view.block_hash {
                return self.forward(next, head).await;
            }
        } else if head == view.block && self.idle < IDLE_ROUNDS {
            self.idle += 1;
            return Ok(Step::UpToDate);
        }
        self.back(&view, head).await
    }

    /// Whether all is read up to this block that was there when this walk began.
    pub(super) fn has_caught_up(&self, block: u64) -> bool {
        self.first_head.is_some_and(|head| block >= head)
    }

    /// The last block, which the node must have. One that names a higher head than there is would have blocks counted as settled
    /// that are not deep enough.
    async fn head(&mut self) -> Result<u64, WatcherError> {
        let head = self.chain.head().await?;
        if self.shown.is_none_or(|shown| head > shown) {
            self.header(head).await?;
            self.shown = Some(head);
        }
        Ok(head)
    }

    async fn header(&self, block: u64) -> Result<Header, WatcherError> {
        let header = self.chain.header(block).await?;
        let header = header.ok_or(WatcherError::MissingBlock { block })?;
        let ahead = header.timestamp.saturating_sub(now_ms() / 1_000);
        let most = self.config.max_clock_ahead_s;
        if ahead <= most { Ok(header) } else { Err(WatcherError::Future { block, ahead, most }) }
    }

    async fn settled(&mut self, head: u64) -> Result<Option<u64>, WatcherError> {
        let finalized = match self.head {
            _ if !self.config.wait_for_finalized => None,
            Some((known, finalized)) if known == head => finalized,
            _ => self.chain.finalized().await?,
        };
        self.head = Some((head, finalized));
        Ok(self.config.settled(head, finalized))
    }

    async fn back(&mut self, view: &L1View, head: u64) -> Result<Step, WatcherError> {
        let ancestor = match ancestor(&self.chain, &self.store, head).await? {
            Ancestor::Block(block) => Some(block),
            Ancestor::None => None,
            Ancestor::Unknown => return Ok(Step::Lags { head }),
        };
        self.idle = 0;
        if ancestor == Some(view.block) {
            return Ok(Step::UpToDate);
        }
        if ancestor == Some(head) {
            return Ok(Step::Lags { head });
        }
        let blocks = undo_to(&self.store, ancestor)?;
        Ok(Step::TookBack { blocks })
    }

    /// The watcher has halted: goes on if the chain has what was read after all.
    async fn check_again(&self, mut view: L1View, head: u64) -> Result<Step, WatcherError> {
        if ancestor(&self.chain, &self.store, head).await? == Ancestor::Unknown {
            return Ok(Step::Lags { head });
        }
        tracing::info!("L1 has what was read before: reading goes on");
        view.halted = None;
        let mut write = self.store.write();
        write.put(&self.store.l1_view, &(), &view)?;
        write.commit()?;
        Ok(Step::Read { view, events: Vec::new() })
    }

    async fn forward(&mut self, next: Header, head: u64) -> Result<Step, WatcherError> {
        self.idle = 0;
        let settled = self.settled(head).await?;
        match settled {
            Some(settled) if settled > next.number => self.catch_up(next, head, settled).await,
            _ => self.read_block(next, head, settled).await,
        }
    }

    async fn read_block(
        &mut self,
        block: Header,
        head: u64,
        settled: Option<u64>,
    ) -> Result<Step, WatcherError> {
        let seen = self.chain.events(&block).await?;
        let counts = self.chain.counts(&block).await?;
        let counts = counts.ok_or(WatcherError::NoState { block: block.number })?;
        let mut changes = Changes::new(&self.store)?;
        changes.apply_all(&seen)?;
        changes.check(block.number, &counts)?;
        contents::check(&self.chain, &changes, &block).await?;
        let fee = self.blob_base_fee(&block, head).await?;
        finish(changes, &block, fee, settled, seen)
    }

    /// Reads blocks that nothing takes back, many at once. They are written as soon as the contract's own counts confirm
    /// them; a node that has lost old state confirms them all together at the end.
    async fn catch_up(
        &mut self,
        next: Header,
        head: u64,
        settled: u64,
    ) -> Result<Step, WatcherError> {
        let mut changes = Changes::new(&self.store)?;
        let (mut first, mut all) = (next.number, Vec::new());
        loop {
            let last = first.saturating_add(self.width - 1).min(settled);
            let Some(seen) = self.chain.events_in(first, last).await? else {
                if first == last {
                    let reason = format!("the node refuses those of block {first} alone");
                    return Err(WatcherError::Node { what: "reading logs", reason });
                }
                self.width = (last - first).div_ceil(2);
                continue;
            };
            self.width = self.width.saturating_mul(2).min(self.config.max_range);
            changes.apply_all(&seen)?;
            all.extend(seen);
            let block = self.header(last).await?;
            match self.chain.counts(&block).await? {
                Some(counts) => {
                    changes.check(last, &counts)?;
                    contents::check(&self.chain, &changes, &block).await?;
                    let fee = self.blob_base_fee(&block, head).await?;
                    return finish(changes, &block, fee, Some(settled), all);
                }
                None if last == settled => return Err(WatcherError::NoState { block: last }),
                None => first = last + 1,
            }
        }
    }

    /// What a blob costs matters at the head only.
    async fn blob_base_fee(&self, block: &Header, head: u64) -> Result<Option<u128>, WatcherError> {
        if block.number < head { Ok(None) } else { self.chain.blob_base_fee(block).await }
    }
}

fn finish(
    changes: Changes<'_>,
    block: &Header,
    blob_base_fee: Option<u128>,
    settled: Option<u64>,
    seen: Vec<Seen>,
) -> Result<Step, WatcherError> {
    let view = changes.write(block, blob_base_fee, settled)?;
    Ok(Step::Read { view, events: seen.into_iter().map(|seen| seen.event).collect() })
}
