//! A worker's loop.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::{
    sync::{oneshot, watch},
    time::{Interval, MissedTickBehavior, interval, sleep, sleep_until},
};

use super::{
    Config, Event, Perform,
    link::{Link, Offered},
};
use crate::{
    bus::Bus,
    error::FleetError,
    ledger::Denial,
    message::{self, Answer, Ask, Beat, Grant, Held, Note, Order, Version},
    payload,
    queue::Queue,
};

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(2);
/// Between two looks at empty queues, without any news.
const LOOK: Duration = Duration::from_secs(1);
/// Until a queue is looked at again that had something for others.
const OTHERS: Duration = Duration::from_millis(400);
/// Between two tries to reach server or coordinator.
const AGAIN: Duration = Duration::from_secs(1);

/// A worker that was let in.
pub(super) struct Run {
    config: Config,
    perform: Arc<dyn Perform>,
    version: Version,
    stop: watch::Receiver<bool>,
    bus: Bus,
    link: Link,
    orders: Subscriber,
    beats: Interval,
    drains: bool,
}

/// What is being proven.
struct Job {
    held: Held,
    queue: Queue,
    started: Instant,
    result: oneshot::Receiver<Result<Vec<u8>, String>>,
    /// Nobody wants it any more.
    is_over: bool,
}

impl Run {
    /// Connects and asks to be let in, for as long as it takes; nothing if it is told to stop meanwhile.
    pub(super) async fn join(
        config: Config,
        perform: Arc<dyn Perform>,
        mut stop: watch::Receiver<bool>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<Self>, FleetError> {
        let mut told = Vec::new();
        let mut waits = |reason: String, tell: &mut dyn FnMut(Event)| {
            if !told.contains(&reason) {
                told.push(reason.clone());
                tell(Event::Waits(reason));
            }
        };
        let (bus, link) = loop {
            let connected = async {
                let bus = config.target.connect(Some(&config.worker)).await?;
                let (client, names) = (bus.client.clone(), config.names.clone());
                Ok((bus, Link::new(client, names, config.worker.clone()).await?))
            };
            match connected.await {
                Ok(connected) => break connected,
                Err(error) if FleetError::is_transient(&error) => waits(error.to_string(), tell),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
        };
        let version = perform.version();
        loop {
            match link.ask(&Ask::Join { version: version.clone() }).await {
                Some(Answer::Welcome) => break,
                Some(Answer::Version(expected)) => {
                    return Err(FleetError::Version { expected, got: version });
                }
                Some(Answer::Denied(Denial::Quarantined)) => return Err(quarantined(&config)),
                _ if bus.refusal.borrow().is_some() => {
                    let reason = bus.refusal.borrow().clone().unwrap_or_default();
                    return Err(FleetError::Credentials { url: config.target.shown(), reason });
                }
                _ => waits(format!("no coordinator of the fleet {} answers", config.names), tell),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
        }
        let subject = config.names.to(&config.worker);
        let orders = bus.client.subscribe(subject).await.map_err(|error| FleetError::Stream {
            what: "subscribing".to_owned(),
            reason: error.to_string(),
        })?;
        tell(Event::Joined);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Some(Self { config, perform, version, stop, bus, link, orders, beats, drains: false }))
    }

    /// Works until it is told to stop.
    pub(super) async fn run(mut self, tell: &mut dyn FnMut(Event)) -> Result<(), FleetError> {
        loop {
            self.check_refusal()?;
            if *self.stop.borrow() {
                self.drains = true;
            }
            if self.drains {
                tell(Event::Drains);
                self.beat(None).await;
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
        if let Some(offered) = self.link.late() {
            return Some(offered);
        }
        for queue in self.config.queues.clone() {
            if let Some(offered) = self.link.pull(queue).await {
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
                _ = self.beats.tick() => self.beat(None).await,
                Some(order) = self.orders.next() => match message::decode(&order.payload) {
                    Ok(Order::Drain) => {
                        self.drains = true;
                        return;
                    }
                    Ok(Order::Wake) => return,
                    _ => {}
                },
            }
        }
    }

    /// Claims, proves and sends.
    async fn take(
        &mut self,
        offered: Offered,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), FleetError> {
        let Offered { queue, place, delivery, offer } = offered;
        let id = offer.id;
        let claim = Ask::Claim { queue, place, delivery, id: id.clone() };
        let grant = match self.link.ask(&claim).await {
            Some(Answer::Granted(grant)) => grant,
            Some(Answer::Denied(Denial::Quarantined)) => return Err(quarantined(&self.config)),
            Some(Answer::Denied(Denial::Over)) => return Ok(()),
            // For others, or nobody has answered: it is given out again.
            _ => {
                self.wait(OTHERS).await;
                return Ok(());
            }
        };
        let held = Held { id, lease: grant.lease.clone() };
        self.beat(Some(&held)).await;
        let work = match self.fetch(&grant).await {
            Ok(work) => work,
            Err(reason) => {
                self.link.note(&held, &Note::Returned).await;
                tell(Event::Returned(held.id, reason));
                return Ok(());
            }
        };
        tell(Event::Began(queue, held.id.clone()));
        let job = self.begin(queue, held, work)?;
        self.finish(job, tell).await;
        Ok(())
    }

    async fn fetch(&self, grant: &Grant) -> Result<Vec<u8>, String> {
        let (client, names) = (&self.link.client, &self.config.names);
        let fetched = payload::get(client, names, &self.config.worker, grant).await;
        fetched.map_err(|error| error.to_string())
    }

    /// Proves on a thread of its own.
    fn begin(&self, queue: Queue, held: Held, work: Vec<u8>) -> Result<Job, FleetError> {
        let (sender, result) = oneshot::channel();
        let perform = Arc::clone(&self.perform);
        let prove = move || {
            let proven = catch_unwind(AssertUnwindSafe(|| perform.perform(&work)));
            let _ = sender.send(proven.unwrap_or_else(|_| Err("the prover panicked".to_owned())));
        };
        let builder = thread::Builder::new().name("assignment".to_owned());
        builder.spawn(prove).map_err(FleetError::Thread)?;
        Ok(Job { held, queue, started: Instant::now(), result, is_over: false })
    }

    /// Waits for a job's end, with signs of life. Where it is told to stop, the job has the grace to end.
    async fn finish(&mut self, mut job: Job, tell: &mut dyn FnMut(Event)) {
        let mut until = None;
        let mut stop = self.stop.clone();
        let result = loop {
            let grace = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                result = &mut job.result => break result.unwrap_or_else(|_| Err("no result".into())),
                () = grace => {
                    self.link.note(&job.held, &Note::Returned).await;
                    let reason = "the worker is told to stop".to_owned();
                    return tell(Event::Returned(job.held.id, reason));
                }
                Ok(_) = stop.wait_for(|stop| *stop), if until.is_none() => {
                    self.drains = true;
                    until = Some(tokio::time::Instant::now() + self.config.grace);
                    self.beat(Some(&job.held)).await;
                }
                _ = self.beats.tick() => self.beat(Some(&job.held)).await,
                Some(order) = self.orders.next() => match message::decode(&order.payload) {
                    Ok(Order::Drain) => self.drains = true,
                    Ok(Order::Over(lease)) => job.is_over |= lease == job.held.lease,
                    _ => {}
                },
            }
        };
        let took = job.started.elapsed();
        self.end(job, result, took, tell).await;
    }

    async fn end(
        &mut self,
        job: Job,
        result: Result<Vec<u8>, String>,
        took: Duration,
        tell: &mut dyn FnMut(Event),
    ) {
        let Job { held, queue, is_over, .. } = job;
        match result {
            _ if is_over => tell(Event::Returned(held.id, "another has done it".to_owned())),
            Ok(result) => {
                self.deliver(&held, result.into(), tell).await;
                let seconds = took.as_secs_f64();
                metrics::histogram!("cairn_worker_seconds", "queue" => queue.name())
                    .record(seconds);
                metrics::counter!("cairn_worker_done_total", "queue" => queue.name()).increment(1);
                tell(Event::Done(queue, held.id, took));
            }
            Err(reason) => {
                metrics::counter!("cairn_worker_failures_total", "queue" => queue.name())
                    .increment(1);
                self.link.note(&held, &Note::Failed(shortened(&reason))).await;
                tell(Event::Failed(held.id, reason));
            }
        }
        self.beat(None).await;
    }

    /// Sends a result until it is stored, or nobody wants it any more: it was the work of minutes.
    async fn deliver(&mut self, held: &Held, result: Bytes, tell: &mut dyn FnMut(Event)) {
        let mut told = false;
        let mut stop = self.stop.clone();
        loop {
            match self.link.send(held, result.clone()).await {
                Ok(()) => return,
                Err(reason) if !told => {
                    told = true;
                    tell(Event::Waits(format!("the result of {} waits: {reason}", held.id)));
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = self.beats.tick() => self.beat(Some(held)).await,
                Ok(_) = stop.wait_for(|stop| *stop) => return,
                Some(order) = self.orders.next() => {
                    if let Ok(Order::Over(lease)) = message::decode(&order.payload)
                        && lease == held.lease
                    {
                        return;
                    }
                }
            }
        }
    }

    async fn beat(&self, holds: Option<&Held>) {
        let Config { worker, queues, threads, memory_mb, machine, .. } = &self.config;
        self.link
            .beat(&Beat {
                worker: worker.clone(),
                version: self.version.clone(),
                queues: queues.clone(),
                threads: *threads,
                memory_mb: *memory_mb,
                machine: machine.clone(),
                is_draining: self.drains,
                holds: holds.cloned(),
            })
            .await;
    }

    fn check_refusal(&self) -> Result<(), FleetError> {
        let refusal = self.bus.refusal.borrow().clone();
        let url = || self.config.target.shown();
        refusal.map_or(Ok(()), |reason| Err(FleetError::Credentials { url: url(), reason }))
    }
}

fn quarantined(config: &Config) -> FleetError {
    FleetError::Quarantined { worker: config.worker.to_string() }
}

/// Fit for a message.
fn shortened(reason: &str) -> String {
    reason.chars().take(1_000).collect()
}
