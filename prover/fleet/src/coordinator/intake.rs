//! What workers say, until the coordinator's loop takes it: worker by worker in turn, and so much
//! of each. Who says more than is listened to loses words of its own only.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use tokio::sync::Notify;

use crate::{
    message::{MAX_BYTES, WorkerId},
    names::Names,
};

/// What came in on one subject of all workers.
#[derive(Debug, Clone)]
pub(super) struct Intake(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    turns: Mutex<Turns<Message>>,
    news: Notify,
    dropped: AtomicU64,
}

impl Intake {
    /// Takes from a subscription as fast as anything comes, and keeps so many messages a worker:
    /// the client would drop everyone's once it holds too many.
    pub(super) fn new(mut from: Subscriber, most: usize) -> Self {
        let shared = Shared {
            turns: Mutex::new(Turns::new(most)),
            news: Notify::new(),
            dropped: AtomicU64::new(0),
        };
        let intake = Self(Arc::new(shared));
        let shared = Arc::downgrade(&intake.0);
        tokio::spawn(async move {
            while let Some(message) = from.next().await {
                let Some(shared) = shared.upgrade() else { return };
                let worker = Names::worker(&message.subject);
                let worker = worker.filter(|_| message.payload.len() <= MAX_BYTES);
                let mut turns = shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
                if worker.is_none_or(|worker| turns.push(worker, message)) {
                    shared.dropped.fetch_add(1, Ordering::Relaxed);
                }
                drop(turns);
                shared.news.notify_one();
            }
        });
        intake
    }

    /// The next message, of the worker whose turn it is.
    pub(super) async fn next(&self) -> Message {
        loop {
            let next = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match next {
                Some(message) => return message,
                None => self.0.news.notified().await,
            }
        }
    }

    /// Messages that were too large, or more than are kept.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// Who has said what, and whose turn it is.
#[derive(Debug)]
struct Turns<M> {
    of: BTreeMap<WorkerId, VecDeque<M>>,
    order: VecDeque<WorkerId>,
    most: usize,
}

impl<M> Turns<M> {
    fn new(most: usize) -> Self {
        Self { of: BTreeMap::new(), order: VecDeque::new(), most }
    }

    /// Says whether an older one had to go: nobody waits for its answer any more.
    fn push(&mut self, worker: WorkerId, message: M) -> bool {
        let said = self.of.entry(worker.clone()).or_default();
        if said.is_empty() {
            self.order.push_back(worker);
        }
        said.push_back(message);
        let is_too_much = said.len() > self.most;
        if is_too_much {
            said.pop_front();
        }
        is_too_much
    }

    fn pop(&mut self) -> Option<M> {
        let worker = self.order.pop_front()?;
        let said = self.of.get_mut(&worker)?;
        let message = said.pop_front();
        match said.is_empty() {
            true => drop(self.of.remove(&worker)),
            false => self.order.push_back(worker),
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_floods_loses_its_own_words_only() {
        let (flood, quiet) = ("flood".parse::<WorkerId>().unwrap(), "quiet".parse().unwrap());
        let mut turns = Turns::new(3);
        let dropped = (0..100_000).filter(|n| turns.push(flood.clone(), *n)).count();
        assert!(!turns.push(quiet, -1));
        assert_eq!(dropped, 99_997);
        let taken: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(taken, [99_997, -1, 99_998, 99_999], "the quiet one waits for one message");
        assert!(turns.of.is_empty() && turns.order.is_empty());
    }
}
