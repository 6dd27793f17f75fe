//! What is shown, as the service says it.

use std::collections::BTreeMap;

use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    clock::now_ms,
};
use eyre::Result;

use super::alarms::{Alarm, alarms};
use crate::status::Status;

/// Batches that are shown.
const BATCHES: u32 = 50;
/// Batches that are asked for at once: the first time there are more.
const MOST_ASKED: usize = 12;

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub(super) status: Status,
    /// The last batches, the newest first.
    pub(super) batches: Vec<wire::BatchView>,
    pub(super) alarms: Vec<Alarm>,
    /// When it was asked for, by this machine's clock.
    pub(super) asked_ms: u64,
}

/// Asks, and remembers what does not change any more.
#[derive(Debug)]
pub(super) struct Gatherer {
    client: Client,
    is_operator: bool,
    batches: BTreeMap<u32, wire::BatchView>,
    /// The batch that was asked for last.
    last: u32,
}

impl Gatherer {
    pub(super) fn new(client: Client, is_operator: bool) -> Self {
        Self { client, is_operator, batches: BTreeMap::new(), last: u32::MAX }
    }

    pub(super) async fn ask(&mut self) -> Result<Data> {
        let metrics = self.client.metrics().await;
        let status = Status::ask(&self.client, metrics.as_deref(), self.is_operator).await?;
        self.ask_batches(status.head.sealed).await?;
        let asked_ms = now_ms();
        let alarms = alarms(&status, metrics.as_deref(), asked_ms);
        let batches = self.batches.values().rev().cloned().collect();
        Ok(Data { status, batches, alarms, asked_ms })
    }

    async fn ask_batches(&mut self, sealed: u32) -> Result<()> {
        let first = sealed.saturating_sub(BATCHES - 1).max(1);
        // A service that was set back may have fewer than it had.
        self.batches.retain(|number, _| (first..=sealed).contains(number));
        let is_open = |number: &u32| self.batches.get(number).is_none_or(|batch| !batch.finalized);
        let open = (first..=sealed).rev().filter(is_open).collect();
        for number in turn(open, self.last) {
            let batch = self.client.ask::<methods::Batch>(&wire::ByBatch { number }).await?;
            self.batches.insert(number, batch);
            self.last = number;
        }
        Ok(())
    }
}

/// Those of these batches, the newest first, whose turn it is: behind the one that was asked for last, and from the
/// newest on again. However many are not final, none is left out.
fn turn(open: Vec<u32>, last: u32) -> Vec<u32> {
    let (older, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|number| *number < last);
    older.into_iter().chain(others).take(MOST_ASKED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_is_stuck_is_asked_for_again() {
        let open: Vec<u32> = (1..=30).rev().collect();
        let mut last = u32::MAX;
        for (first, end) in [(30, 19), (18, 7), (6, 25), (24, 13)] {
            let asked = turn(open.clone(), last);
            assert_eq!((asked.len(), asked.first(), asked.last()), (12, Some(&first), Some(&end)));
            last = end;
        }
        assert_eq!(turn(vec![9, 8, 4], 8), [4, 9, 8]);
        assert!(turn(Vec::new(), 8).is_empty());
    }
}
