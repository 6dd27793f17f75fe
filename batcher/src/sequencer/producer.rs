//! Makes blocks and seals batches: one turn every half a second.

use cairn_state::{Environment, State};
use cairn_types::{AccountId, Word};
use metrics::{counter, gauge, histogram};
use tracing::{info, warn};

use super::{
    backlog::Backlog,
    block::{BlockInMaking, Made, OpenBatch},
    commands::{Answer, Command},
    config::SequencerConfig,
    error::SequencerError,
    fill::{Fill, Limits},
    ledger::{Head, Ledger, Standing},
    policy::{Situation, decide},
    price::Prices,
    transactions::Transactions,
};
use crate::{
    signals::Signals,
    store::{
        Store, Write,
        records::{
            BatchNumber, Block, BlockOperation, L1View, Milliseconds, Outcome, SealReason,
            SealedBatch, Sequence,
        },
    },
};

/// Where block production stands.
#[derive(Debug)]
pub(super) struct Position {
    /// After all operations that were executed.
    pub(super) state: State,
    /// The last block.
    pub(super) head: Head,
    /// The last sealed batch.
    pub(super) sealed: BatchNumber,
    /// Its timestamp, seconds.
    pub(super) timestamp: u32,
    /// Operations of L1's queue that were executed.
    pub(super) priority_end: u64,
    /// None before the first block of a batch.
    pub(super) open: Option<OpenBatch>,
}

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

/// What the next turn must heed.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Something did not fit into the open batch: no block before it is sealed.
    full: Option<SealReason>,
    asked: bool,
    paused: bool,
    draining: bool,
    /// When a confirmed priority operation was first seen that cannot join the open batch.
    priority_since: Option<Milliseconds>,
    /// As the mempool was told last.
    throttled: Option<String>,
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
        let view = self.store.l1_view.get(&())?.unwrap_or_default();
        self.prices.see(&view);
        self.backlog.update(&self.store, &view)?;
        if let Some(reason) = stop_sign(&view) {
            self.ledger.halt(reason);
        }
        self.obey(command);
        if !self.orders.paused && self.ledger.halted().is_none() {
            if !self.orders.draining && self.orders.full.is_none() {
                self.make_block(&view, now_ms)?;
            }
            self.look_at_queue(&view, now_ms);
            if let Some(reason) = self.seal_reason(now_ms) {
                self.seal(reason, now_ms)?;
            }
        }
        self.report();
        Ok(self.answer(command))
    }

    fn obey(&mut self, command: Option<Command>) {
        let orders = &mut self.orders;
        match command {
            Some(Command::Pause) => orders.paused = true,
            Some(Command::Resume) => (orders.paused, orders.draining) = (false, false),
            Some(Command::Drain) => orders.draining = true,
            Some(Command::Seal) => orders.asked = true,
            None => {}
        }
    }

    fn answer(&mut self, command: Option<Command>) -> Answer {
        let Some(Command::Seal | Command::Drain) = command else { return Ok(()) };
        // An order to seal is carried out at once or not at all.
        self.orders.asked = false;
        if self.position.open.is_none() {
            return Ok(());
        }
        Err(match self.ledger.halted() {
            Some(reason) => reason,
            None if self.orders.paused => "the sequencer is paused".to_owned(),
            None => format!(
                "{} batches wait for their proofs, at most {} may",
                self.backlog.unproven_batches(),
                self.config.max_unproven_batches
            ),
        })
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

        let from = self.position.priority_end;
        let mut block = BlockInMaking::new(&mut self.position.state, &mut open, number, now_ms);
        execute_queue(&self.store, &mut block, from..view.confirmed_queue, most, &limits)?;
        let room = most.saturating_sub(block.made.operations.len());
        block.transactions(self.transactions.take(room, timestamp), &limits);
        let made = block.made;
        let batch = open.number;
        self.orders.full = made.full;
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
        let waits = view.confirmed_queue > self.position.priority_end;
        let since = self.orders.priority_since.unwrap_or(now_ms);
        self.orders.priority_since = (waits && self.position.open.is_some()).then_some(since);
    }

    fn seal_reason(&self, now_ms: Milliseconds) -> Option<SealReason> {
        let open = self.position.open.as_ref()?;
        let SequencerConfig { cheap_l1, dear_l1, .. } = self.config;
        let situation = Situation {
            age_ms: now_ms.saturating_sub(open.opened_ms),
            full: self.orders.full,
            asked: self.orders.asked || self.orders.draining,
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
        let changes: Vec<_> = open.touched.into_iter().map(leaf).collect();
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

    /// Tells the mempool, operators and metrics how things stand.
    fn report(&mut self) {
        let open = self.position.open.as_ref();
        let operations = open.map_or(0, |open| open.fill.operations());
        self.backlog.slow_down(&self.config, operations);
        let halted = self.ledger.halted();
        let drained = || match open {
            Some(_) => Standing::Draining,
            None => Standing::Drained,
        };
        let standing = match &halted {
            Some(reason) => Standing::Halted(reason.clone()),
            None if self.orders.paused => Standing::Paused,
            None if self.orders.draining => drained(),
            None => Standing::Running,
        };
        let stopping = || self.orders.draining.then(|| "the operator is stopping".to_owned());
        let throttled = halted.or_else(stopping).or_else(|| self.backlog.reason.clone());
        if throttled != self.orders.throttled {
            match &throttled {
                Some(reason) => warn!(reason, "intake is slowed down"),
                None => info!("intake is free again"),
            }
            self.transactions.throttle(throttled.clone());
            self.orders.throttled.clone_from(&throttled);
        }
        let blocks = open.map_or(0, |open| self.position.head.block + 1 - open.first_block);
        gauge!("pending_blocks_count").set(blocks as f64);
        gauge!("cairn_open_batch_operations").set(f64::from(operations));
        gauge!("cairn_unproven_batches").set(f64::from(self.backlog.unproven_batches()));
        gauge!("cairn_unproven_operations").set(self.backlog.unproven_operations() as f64);
        gauge!("cairn_throttled").set(f64::from(u8::from(throttled.is_some())));
        self.ledger.set_status(|status| {
            status.standing = standing;
            status.open_batch = self.position.sealed + 1;
            status.operations = operations;
            status.data_words = open.map_or(0, |open| open.fill.data_words());
            status.opened_ms = open.map(|open| open.opened_ms);
            status.unproven_operations = self.backlog.unproven_operations();
            status.throttled = throttled;
        });
    }
}

impl Position {
    /// The next batch. L1's clock gives its timestamp, and no batch is before the one that precedes it.
    fn new_batch(&mut self, domain: Word, view: &L1View, now_ms: Milliseconds) -> OpenBatch {
        let clock = u32::try_from(view.timestamp).unwrap_or(u32::MAX);
        OpenBatch {
            number: self.sealed + 1,
            environment: Environment { domain, timestamp: self.timestamp.max(clock) },
            first_block: self.head.block + 1,
            opened_ms: now_ms,
            before: self.state.summary(),
            fill: Fill::default(),
            touched: Default::default(),
        }
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
