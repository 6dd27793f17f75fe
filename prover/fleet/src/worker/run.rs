//! A worker's loop: takes a message, claims what it names, and has that done.

use std::{pin::pin, sync::Arc, time::Duration};

use async_nats::Subscriber;
use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use futures_util::StreamExt;
use tokio::{
    sync::watch,
    time::{Interval, sleep_until},
};

use super::{
    Config, Event, Perform,
    jobs::Job,
    link::{AGAIN, Link, Offered, Offers},
};
use crate::{
    bus::Bus,
    error::FleetError,
    ledger::Denial,
    message::{self, Answer, Ask, Beat, Grant, Held, Note, Order, Version},
    payload::{self, PayloadError},
    queue::Queue,
};

/// Between two signs of life.
pub(super) const BEAT: Duration = Duration::from_secs(2);
/// Between two looks at empty queues, without any news.
const LOOK: Duration = Duration::from_secs(1);
/// Until a queue is looked at again that had something for others.
const OTHERS: Duration = Duration::from_millis(400);

/// A worker that was let in.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) perform: Arc<dyn Perform>,
    pub(super) version: Version,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) bus: Bus,
    pub(super) link: Link,
    pub(super) offers: Offers,
    pub(super) orders: Subscriber,
    pub(super) beats: Interval,
    /// What it was told of, as nobody claims it.
    pub(super) told: Option<Offered>,
    /// What the operator proves with, if that is something else.
    pub(super) expected: Option<Version>,
    /// What it was granted, and has not ended with.
    pub(super) holds: Vec<Held>,
    /// Its last sign of life named something.
    pub(super) has_said: bool,
    pub(super) drains: bool,
}

impl Run {
    /// Works until it is told to stop.
    pub(super) async fn run(mut self, tell: &mut dyn FnMut(Event)) -> Result<(), FleetError> {
        loop {
            self.check_refusal()?;
            if let Some(expected) = self.expected.take() {
                return Err(FleetError::Version { expected, got: self.version.clone() });
            }
            if *self.stop.borrow() {
                self.drains = true;
            }
            if self.drains {
                tell(Event::Drains);
                self.beat().await;
                return Ok(());
            }
            match self.next().await {
                Some(offered) => self.take(offered, tell).await?,
                None => self.wait(LOOK).await,
            }
        }
    }

    /// The message of the first queue that has one.
    async fn next(&mut self) -> Option<Offered> {
        if let Some(offered) = self.told.take().or_else(|| self.offers.late()) {
            return Some(offered);
        }
        for queue in self.config.queues.clone() {
            if let Some(offered) = self.offers.pull(&self.link, queue).await {
                return Some(offered);
            }
        }
        None
    }

    /// Waits for news or for so long, with nothing to do.
    async fn wait(&mut self, limit: Duration) {
        let until = tokio::time::Instant::now() + limit;
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                _ = self.stop.changed() => return,
                _ = self.beats.tick() => self.beat().await,
                Some(order) = self.orders.next() => match message::decode(&order.payload) {
                    Ok(Order::Drain) => {
                        self.drains = true;
                        return;
                    }
                    Ok(Order::Wake) => return,
                    Ok(Order::Version(expected)) => {
                        self.expected = Some(expected);
                        return;
                    }
                    Ok(Order::Offer { queue, place, id }) => {
                        self.hear_of(queue, place, id);
                        return;
                    }
                    _ => {}
                },
            }
        }
    }

    /// It is told what to claim next.
    pub(super) fn hear_of(&mut self, queue: Queue, place: u64, id: AssignmentId) {
        // It has got no delivery: what names none gives back nothing.
        let offer = message::Offer { id };
        self.told = Some(Offered { queue, place, delivery: 0, offer });
    }

    /// Claims, proves and sends.
    async fn take(
        &mut self,
        offered: Offered,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), FleetError> {
        let Offered { queue, place, delivery, offer } = offered;
        let version = self.version.clone();
        let claim = Ask::Claim { version, queue, place, delivery, id: offer.id };
        let link = self.link.clone();
        let (grants, here) = match self.alive(link.ask(&claim)).await {
            Some((Answer::Granted(grants), here)) => (grants, here),
            Some((Answer::Version(expected), _)) => {
                return Err(FleetError::Version { expected, got: self.version.clone() });
            }
            Some((Answer::Denied(Denial::Quarantined), _)) => {
                return Err(quarantined(&self.config));
            }
            // Of what is kept for another it is told where that one does not come.
            Some((Answer::Denied(Denial::Over | Denial::Later), _)) => return Ok(()),
            // For others, or nobody has answered: it is given out again.
            _ => {
                self.wait(OTHERS).await;
                return Ok(());
            }
        };
        let held = |grant: &Grant| Held { id: grant.id.clone(), lease: grant.lease.clone() };
        self.holds = grants.iter().map(held).collect();
        let jobs = self.fetch(&grants, here, tell).await;
        if !jobs.is_empty() {
            self.work(queue, jobs, tell).await;
        }
        if self.has_said {
            self.beat().await;
        }
        Ok(())
    }

    /// The work of what it was granted; gives back what it cannot get.
    async fn fetch(
        &mut self,
        grants: &[Grant],
        mut here: Bytes,
        tell: &mut dyn FnMut(Event),
    ) -> Vec<Job> {
        let mut jobs = Vec::new();
        for grant in grants {
            let held = Held { id: grant.id.clone(), lease: grant.lease.clone() };
            let work = match grant.is_here {
                true => payload::take(grant, &here).map(|(work, rest)| {
                    here = rest;
                    work
                }),
                false => self.fetch_parts(grant).await,
            };
            match work {
                Ok(work) => jobs.push(Job::new(held, work)),
                Err(error) => {
                    self.give_back(&held, error.to_string(), tell).await;
                    // It would be given the same again at once.
                    self.wait(AGAIN).await;
                }
            }
        }
        jobs
    }

    /// Work that is on the server; not where it is told to stop meanwhile.
    async fn fetch_parts(&mut self, grant: &Grant) -> Result<Bytes, PayloadError> {
        let Link { client, names, worker } = self.link.clone();
        let mut stop = self.stop.clone();
        let fetched = async {
            tokio::select! {
                work = payload::get(&client, &names, &worker, grant) => work,
                Ok(_) = stop.wait_for(|stop| *stop) => Err(PayloadError::Stopped),
            }
        };
        self.alive(fetched).await
    }

    /// Gives one back unfinished.
    pub(super) async fn give_back(
        &mut self,
        held: &Held,
        reason: String,
        tell: &mut dyn FnMut(Event),
    ) {
        let link = self.link.clone();
        self.alive(link.note(held, &Note::Returned)).await;
        self.holds.retain(|other| other.lease != held.lease);
        tell(Event::Returned(held.id.clone(), reason));
    }

    /// Waits for something, with signs of life.
    pub(super) async fn alive<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = pin!(something);
        loop {
            tokio::select! {
                done = &mut something => return done,
                _ = self.beats.tick() => self.beat().await,
            }
        }
    }

    pub(super) async fn beat(&mut self) {
        let Config { worker, queues, threads, memory_mb, machine, .. } = &self.config;
        let beat = Beat {
            worker: worker.clone(),
            version: self.version.clone(),
            queues: queues.clone(),
            threads: *threads,
            memory_mb: *memory_mb,
            machine: machine.clone(),
            is_draining: self.drains,
            holds: self.holds.clone(),
        };
        self.has_said = !self.holds.is_empty();
        self.link.beat(&beat).await;
    }

    fn check_refusal(&self) -> Result<(), FleetError> {
        let refusal = self.bus.refusal.borrow().clone();
        let url = || self.config.target.shown();
        refusal.map_or(Ok(()), |reason| Err(FleetError::Credentials { url: url(), reason }))
    }
}

pub(super) fn quarantined(config: &Config) -> FleetError {
    FleetError::Quarantined { worker: config.worker.to_string() }
}
