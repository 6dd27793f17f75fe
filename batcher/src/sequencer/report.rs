//! What others hear of block production: the mempool, people, metrics.

use metrics::gauge;
use tracing::{info, warn};

use super::{
    ledger::Standing,
    producer::Producer,
    stamp::{self, ALARM_AGE_S},
    transactions::Transactions,
};
use crate::store::{
    StoreError,
    records::{L1View, Milliseconds, Order},
};

impl<T: Transactions> Producer<T> {
    /// Tells the mempool, operators and metrics how things stand.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn report(&mut self, view: &L1View, now_ms: Milliseconds) -> Result<(), StoreError> {
        self.watch_age(view)?;
        let open = self.position.open.as_ref();
        let operations = open.map_or(0, |open| open.fill.operations());
        self.backlog.slow_down(&self.config, operations);
        let halted = self.ledger.halted();
        let standing = match &halted {
            Some(reason) => Standing::Halted(reason.clone()),
            None => self.orders.order.into(),
        };
        let stands = !matches!(standing, Standing::Running | Standing::Halted(_));
        gauge!("cairn_sequencer_stopped").set(f64::from(u8::from(stands)));
        gauge!("cairn_sequencer_halted").set(f64::from(u8::from(halted.is_some())));
        let stopping = || match self.orders.order {
            Order::Run | Order::Pause => None,
            Order::Drain { .. } => Some("the operator is stopping".to_owned()),
            Order::Drained => Some("the operator has stopped taking transactions".to_owned()),
        };
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
        gauge!("cairn_last_sealed_batch").set(f64::from(self.position.sealed));
        gauge!("cairn_oldest_unfinal_batch_seconds").set(self.backlog.oldest_s(now_ms));
        gauge!("cairn_throttled").set(f64::from(u8::from(throttled.is_some())));
        self.ledger.set_status(|status| {
            status.standing = standing;
            status.open_batch = self.position.sealed + 1;
            status.operations = operations;
            status.data_words = open.map_or(0, |open| open.fill.data_words());
            status.opened_ms = open.map(|open| open.opened_ms);
            status.priority_end = self.position.priority_end;
            status.unproven_operations = self.backlog.unproven_operations();
            status.throttled = throttled;
        });
        Ok(())
    }

    /// Rings when a batch is on its way to be too old for L1.
    fn watch_age(&mut self, view: &L1View) -> Result<(), StoreError> {
        let sealed = self.store.batches.get(&view.committed.saturating_add(1))?;
        let oldest = match (sealed, &self.position.open) {
            (Some(batch), _) => Some((batch.number, batch.timestamp)),
            (None, Some(open)) => Some((open.number, open.environment.timestamp)),
            (None, None) => None,
        };
        let (batch, seconds) =
            oldest.map_or((0, 0), |(batch, timestamp)| (batch, stamp::age(timestamp, view)));
        gauge!("cairn_oldest_uncommitted_batch_seconds").set(seconds as f64);
        let is_old = seconds >= ALARM_AGE_S;
        if is_old && !self.orders.is_alarmed {
            warn!(batch, seconds, "L1 does not have this batch, and takes it only for a day");
        }
        self.orders.is_alarmed = is_old;
        Ok(())
    }
}
