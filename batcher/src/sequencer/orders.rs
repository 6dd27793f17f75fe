//! What the operator tells the sequencer, carried out and kept over restarts.

use super::{
    commands::{Answer, Command},
    producer::Producer,
    transactions::Transactions,
};
use crate::store::{
    StoreError,
    records::{L1View, Milliseconds, Order, SealReason},
};

/// What the next turn must heed.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// What the operator has last said, as it is stored.
    pub(super) order: Order,
    /// Something did not fit into the open batch: no block before it is sealed.
    pub(super) full: Option<SealReason>,
    pub(super) asked: bool,
    /// The last block found nothing to execute.
    pub(super) is_dry: bool,
    /// When a confirmed priority operation was first seen that cannot join the open batch.
    pub(super) priority_since: Option<Milliseconds>,
    /// As the mempool was told last.
    pub(super) throttled: Option<String>,
    /// A batch is older than it should be, and that was said.
    pub(super) is_alarmed: bool,
}

impl Orders {
    pub(super) fn new(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    pub(super) fn is_draining(&self) -> bool {
        matches!(self.order, Order::Drain { .. })
    }
}

impl<T: Transactions> Producer<T> {
    /// Does what is not done in the turn itself, and stores what holds beyond this process.
    pub(super) fn obey(
        &mut self,
        command: Option<Command>,
        view: &L1View,
    ) -> Result<Answer, StoreError> {
        let order = match command {
            None => return Ok(Ok(())),
            Some(Command::Seal) => {
                self.orders.asked = true;
                return Ok(Ok(()));
            }
            Some(Command::Pause) => Order::Pause,
            Some(Command::Resume) => Order::Run,
            Some(Command::Drain) => match (self.stopped(), self.orders.order) {
                (Some(reason), _) => return Ok(Err(reason)),
                (None, order @ (Order::Drain { .. } | Order::Drained)) => order,
                (None, _) => Order::Drain { until: view.confirmed_queue },
            },
        };
        self.order(order)?;
        Ok(Ok(()))
    }

    fn order(&mut self, order: Order) -> Result<(), StoreError> {
        if order != self.orders.order {
            let mut write = self.store.write();
            write.put(&self.store.order, &(), &order)?;
            write.commit()?;
            (self.orders.order, self.orders.is_dry) = (order, false);
        }
        Ok(())
    }

    /// A drain is over once nothing waits, and L1 has finalized all that was sealed.
    pub(super) fn end_drain(&mut self, view: &L1View) -> Result<(), StoreError> {
        let is_settled = self.position.open.is_none() && view.finalized >= self.position.sealed;
        let is_over = self.orders.is_dry && is_settled;
        match self.orders.order {
            Order::Drain { .. } if is_over => self.order(Order::Drained),
            _ => Ok(()),
        }
    }

    /// The operations of L1's queue before this one are to be executed.
    pub(super) fn queue_end(&self, view: &L1View) -> u64 {
        match self.orders.order {
            Order::Drain { until } => until.min(view.confirmed_queue),
            _ => view.confirmed_queue,
        }
    }

    /// Why nothing is sealed, if the operator or L1 forbids it.
    fn stopped(&self) -> Option<String> {
        let paused = self.orders.order == Order::Pause;
        self.ledger.halted().or_else(|| paused.then(|| "the sequencer is paused".to_owned()))
    }

    pub(super) fn answer(&mut self, command: Option<Command>) -> Answer {
        let Some(Command::Seal) = command else { return Ok(()) };
        // An order to seal is carried out at once or not at all.
        self.orders.asked = false;
        if self.position.open.is_none() {
            return Ok(());
        }
        Err(self.stopped().unwrap_or_else(|| {
            format!(
                "{} batches wait for their proofs, at most {} may",
                self.backlog.unproven_batches(),
                self.config.max_unproven_batches
            )
        }))
    }
}
