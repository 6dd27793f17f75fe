//! Makes blocks and seals batches: one turn every half a second.

use cairn_types::{AccountId, Word};
use metrics::{counter, histogram};
use tracing::info;

use super::{
    backlog::Backlog,
    block::{BlockInMaking, Made},
    commands::{Answer, Command},
    config::SequencerConfig,
    error::SequencerError,
    fill::Limits,
    ledger::{Head, Ledger},
    orders::Orders,
    policy::{Situation, decide},
    position::Position,
    price::Prices,
    stamp::{self, SEAL_AGE_S},
    transactions::Transactions,
};
use crate::{
    signals::Signals,
    store::{
        Store, Write,
        records::{
            BatchNumber, Block, BlockOperation, L1View, Milliseconds, Order, Outcome, SealReason,
            SealedBatch, Sequence,
        },
    },
};

/// The only writer of the state.
#[derive(Debug)]
pub(super) struct Producer<T> {
    pub(super) store: Store,
    pub(super) signals: Signals,
    pub(super) ledger: Ledger,
    pub(super) transactions: T,
    pub(super) config: SequencerConfig,
    pub(super) domain: Word,
    pub(super) position: Position,
    pub(super) backlog: Backlog,
    pub(super) orders: Orders,
    pub(super) prices: Prices,
}

impl<T: Transactions> Producer<T> {
    /// Carries out a command if there is one, makes a block if there is anything, seals the batch if it is time.
    ///
    /// # Errors
    /// What ends the stage: the state may be ahead of the store then.
    pub(super) fn turn(
        &mut self,
        command: Option<Command>,
        now_ms: Milliseconds,
    ) -> Result<Answer, SequencerError> {
        let view = self.store.l1_view.get(&())?;
        // What was read before this process says nothing about the time now.
        let is_read = view.is_some() && self.signals.l1_is_read.is_set();
        let view = view.unwrap_or_default();
        self.prices.see(&view);
        self.backlog.update(&self.store, &view, now_ms)?;
        self.heed_clock(now_ms);
        self.ledger.heed_l1(stop_sign(&view));
        let obeyed = self.obey(command, &view)?;
        if self.ledger.halted().is_none() {
            self.heed_age(&view, is_read, now_ms)?;
            if matches!(self.orders.order, Order::Run | Order::Drain { .. }) {
                // L1 takes nothing while it is paused: what is begun then only grows old.
                let may_begin = self.position.open.is_some() || !view.paused;
                if is_read && may_begin && self.orders.full.is_none() {
                    self.make_block(&view, now_ms)?;
                }
                self.look_at_queue(&view, now_ms);
                if let Some(reason) = self.seal_reason(now_ms) {
                    self.seal(reason, now_ms)?;
                }
                self.end_drain(&view)?;
            }
        }
        self.report(&view, now_ms)?;
        Ok(obeyed.and_then(|()| self.answer(command)))
    }

    /// The operator's clock may have been set back: nothing waits until it is there again.
    fn heed_clock(&mut self, now_ms: Milliseconds) {
        if let Some(open) = &mut self.position.open {
            open.opened_ms = open.opened_ms.min(now_ms);
        }
        let since = &mut self.orders.priority_since;
        *since = since.map(|since| since.min(now_ms));
    }

    /// Seals an open batch that would grow too old for L1, even while the sequencer is paused.
    ///
    /// # Errors
    /// A sealed one is: only a start can stamp it anew.
    fn heed_age(
        &mut self,
        view: &L1View,
        is_read: bool,
        now_ms: Milliseconds,
    ) -> Result<(), SequencerError> {
        let open = self.position.open.as_ref().map(|open| open.environment.timestamp);
        if open.is_some_and(|timestamp| stamp::age(timestamp, view) >= SEAL_AGE_S) {
            self.seal(SealReason::Age, now_ms)?;
        }
        match stamp::too_old(&self.store, view)? {
            Some(batch) if is_read => Err(SequencerError::TooOld { batch }),
            _ => Ok(()),
        }
    }

    fn make_block(&mut self, view: &L1View, now_ms: Milliseconds) -> Result<(), SequencerError> {
        let start = std::time::Instant::now();
        let limits = self.config.limits();
        let most = self.config.max_block_operations as usize;
        let number = self.position.head.block + 1;
        let mut open = match self.position.open.take() {
            Some(open) => open,
            None => self.position.new_batch(self.domain, view, now_ms),
        };
        let timestamp = open.environment.timestamp;

        let queue = self.position.priority_end..self.queue_end(view);
        let mut block = BlockInMaking::new(&mut self.position.state, &mut open, number, now_ms);
        execute_queue(&self.store, &mut block, queue, most, &limits)?;
        let room = most.saturating_sub(block.made.operations.len());
        // Nor what expires before L1's clock now: the batch may need a later timestamp one day.
        let clock = u32::try_from(view.timestamp).unwrap_or(u32::MAX);
        block.transactions(self.transactions.take(room, timestamp.max(clock)), &limits);
        let made = block.made;
        let batch = open.number;
        self.orders.full = made.full;
        // What was acknowledged before intake stopped may have come after the mempool was asked.
        let is_closed = self.orders.throttled.is_some();
        self.orders.is_dry = is_closed && made.operations.is_empty() && made.full.is_none();
        // A batch begins with its first operation.
        self.position.open = (open.fill.operations() > 0).then_some(open);
        if !made.operations.is_empty() {
            histogram!("cairn_block_operations").record(made.operations.len() as f64);
        }
        self.write_block(batch, timestamp, made, now_ms)?;
        histogram!("cairn_block_seconds").record(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// One durable write; then everybody may know.
    fn write_block(
        &mut self,
        batch: BatchNumber,
        timestamp: u32,
        made: Made,
        now_ms: Milliseconds,
    ) -> Result<(), SequencerError> {
        let Made { operations, outcomes, given_back, touched, keys, .. } = made;
        let mut write = self.store.write();
        let mut head = self.position.head;
        let priority =
            |operation: &&BlockOperation| matches!(operation, BlockOperation::Priority(_));
        let from_queue = operations.iter().filter(priority).count() as u64;
        if !operations.is_empty() {
            let number = head.block + 1;
            let state = self.position.state.summary().commitment();
            head = Head { block: number, batch, state, made_ms: now_ms };
            let block = Block { number, batch, timestamp, operations, state, made_ms: now_ms };
            write.put(&self.store.blocks, &number, &block)?;
        }
        let mut done = self.write_outcomes(&mut write, outcomes, now_ms)?;
        for key in keys {
            write.put(&self.store.keys, &key, &())?;
        }
        if !write.is_empty() {
            write.commit()?;
            self.position.head = head;
            self.position.priority_end += from_queue;
            let state = &self.position.state;
            let changed = touched.into_iter().map(|id| (id, state.account(id)));
            self.ledger.advance(head, state.next_id(), state.next_token(), changed);
            done.sort_unstable();
            self.transactions.done(&done);
            self.signals.block.ring();
        }
        if !given_back.is_empty() {
            self.transactions.give_back(&given_back);
        }
        Ok(())
    }

    /// The outcomes of a block, and of what the mempool has dropped. Gives their places in the log.
    fn write_outcomes(
        &self,
        write: &mut Write,
        outcomes: Vec<(Sequence, Outcome)>,
        at_ms: Milliseconds,
    ) -> Result<Vec<Sequence>, SequencerError> {
        let dropped = self.transactions.dropped().into_iter();
        let dropped = dropped.map(|(sequence, reason)| {
            let outcome = Outcome::Dropped { reason, at_ms };
            (sequence, outcome)
        });
        let mut done = Vec::with_capacity(outcomes.len());
        let mut executed = 0;
        for (sequence, outcome) in outcomes.into_iter().chain(dropped) {
            executed += u64::from(matches!(outcome, Outcome::InBlock { .. }));
            write.put(&self.store.outcomes, &sequence, &outcome)?;
            done.push(sequence);
        }
        counter!("cairn_transactions_total", "outcome" => "in_block").increment(executed);
        let dropped = done.len() as u64 - executed;
        counter!("cairn_transactions_total", "outcome" => "dropped").increment(dropped);
        Ok(done)
    }

    fn look_at_queue(&mut self, view: &L1View, now_ms: Milliseconds) {
        let waits = self.queue_end(view) > self.position.priority_end;
        let since = self.orders.priority_since.unwrap_or(now_ms);
        self.orders.priority_since = (waits && self.position.open.is_some()).then_some(since);
    }

    fn seal_reason(&self, now_ms: Milliseconds) -> Option<SealReason> {
        let open = self.position.open.as_ref()?;
        let SequencerConfig { cheap_l1, dear_l1, .. } = self.config;
        let situation = Situation {
            age_ms: now_ms.saturating_sub(open.opened_ms),
            full: self.orders.full,
            asked: self.orders.asked || (self.orders.is_draining() && self.orders.is_dry),
            priority_ms: self.orders.priority_since.map(|since| now_ms.saturating_sub(since)),
            unproven_batches: self.backlog.unproven_batches(),
            proving_s: self.backlog.pace.seconds(open.fill.operations()),
            backlog_s: self.backlog.seconds(now_ms),
            price: self.prices.level(cheap_l1, dear_l1),
        };
        decide(&self.config, &situation)
    }

    /// Seals the open batch: its row and the leaves that it has changed are durable before anybody hears of it.
    fn seal(&mut self, reason: SealReason, now_ms: Milliseconds) -> Result<(), SequencerError> {
        let position = &mut self.position;
        let Some(open) = position.open.take() else { return Ok(()) };
        let number = open.number;
        let batch = SealedBatch {
            number,
            timestamp: open.environment.timestamp,
            first_block: open.first_block,
            last_block: position.head.block,
            before: open.before,
            after: position.state.summary(),
            priority_end: position.priority_end,
            operations: open.fill.operations(),
            transfers: open.fill.transfers(),
            data_words: open.fill.data_words(),
            reason,
            opened_ms: open.opened_ms,
            sealed_ms: now_ms,
        };
        let leaf = |id: AccountId| (id, position.state.account(id));
        // A deposit may name a leaf that is not there, and reads it.
        let leaves = open.touched.into_iter().map(leaf);
        let changes: Vec<_> = leaves.filter(|(_, account)| !account.is_empty()).collect();
        let mut write = self.store.write();
        write.put(&self.store.batches, &number, &batch)?;
        write.put(&self.store.changes, &number, &changes)?;
        write.commit()?;

        (position.sealed, position.timestamp) = (number, batch.timestamp);
        self.ledger.keep(number, position.state.clone());
        self.backlog.add(&batch);
        (self.orders.full, self.orders.priority_since) = (None, None);
        self.signals.sealed.ring();
        let SealedBatch { operations, data_words, .. } = batch;
        info!(batch = number, ?reason, operations, data_words, "sealed");
        counter!("cairn_batches_sealed_total", "reason" => reason.name()).increment(1);
        Ok(())
    }
}

/// Executes operations of L1's queue, in their order, as far as the batch takes them.
fn execute_queue(
    store: &Store,
    block: &mut BlockInMaking<'_>,
    range: std::ops::Range<u64>,
    most: usize,
    limits: &Limits,
) -> Result<(), SequencerError> {
    if range.is_empty() {
        return Ok(());
    }
    for (index, row) in range.clone().zip(store.l1_queue.range(range)).take(most) {
        let (key, queued) = row?;
        // The watcher may be writing; what is missing now is there in the next block.
        if key != index || !block.priority(queued.operation, limits)? {
            break;
        }
    }
    Ok(())
}

/// What on L1 forbids to go on.
fn stop_sign(view: &L1View) -> Option<String> {
    if view.frozen {
        return Some("the rollup is frozen on L1: users leave through the escape hatch".to_owned());
    }
    view.halted.clone()
}
