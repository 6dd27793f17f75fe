//! The coordinator's loop.

use std::time::{Duration, Instant};

use async_nats::{
    Message as Received, Subscriber,
    jetstream::{self, Context, Message},
};
use bytes::Bytes;
use cairn_prover::{assignment::Class, claim::AssignmentId};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::{
    Command, Config, Fleet, Outcomes, Owed, messages::Messages, results::fetch_results,
    state::Waiting,
};
use crate::{
    bus::{Bus, PATIENCE},
    error::FleetError,
    layout,
    ledger::{Ledger, Time},
    message::{self, Lease, Order, WorkerId},
};

/// How often what is due and who is gone is looked at, without any news.
const TICK: Duration = Duration::from_millis(500);
/// How often the queues are compared with what should be in them.
const COMPARISON: Duration = Duration::from_secs(5);
/// After a start, leases of an earlier run are believed for so long: workers say what they hold every few seconds.
const INHERITANCE: Duration = Duration::from_secs(60);
/// Who was not looked for so long, as the server did not answer, may have been heard meanwhile.
const BUSY: Duration = Duration::from_secs(4);
/// How long a server may take until it makes streams.
const START: Duration = Duration::from_secs(20);
/// After a start nothing is offered for so long, as somebody may be at it.
const QUIET: Duration = Duration::from_secs(3);

/// The running coordinator.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) bus: Bus,
    pub(super) jetstream: Context,
    pub(super) started: Instant,
    pub(super) ledger: Ledger,
    pub(super) waiting: Waiting,
    pub(super) messages: Messages,
    pub(super) outcomes: Outcomes,
    /// What was in the queues less than it should at the last comparison.
    pub(super) missing: [bool; Class::ALL.len()],
    /// When the queues' streams were made: another time is that of a server that has lost its disk.
    pub(super) made: [Option<i128>; Class::ALL.len()],
    /// When it was last looked who is silent.
    ticked: Time,
    pub(super) inbox: Inbox,
}

/// Where things come from.
pub(super) struct Inbox {
    pub(super) sender: mpsc::WeakUnboundedSender<Command>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) asks: Subscriber,
    pub(super) beats: Subscriber,
    pub(super) results: mpsc::Receiver<Message>,
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum News {
    Command(Option<Command>),
    Ask(Received),
    Beat(Received),
    Result(Message),
    Connected,
    Tick,
    Comparison,
}

impl Run {
    pub(super) async fn connect(
        config: Config,
        sender: mpsc::WeakUnboundedSender<Command>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Result<Self, FleetError> {
        let bus = config.target.connect(None).await?;
        let client = bus.client.clone();
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(PATIENCE);
        let names = config.names.clone();
        // A cluster that is being started has no leader for a while.
        let started = Instant::now();
        while let Err(error) = layout::make(&jetstream, &names).await {
            if started.elapsed() > START {
                return Err(error);
            }
            warn!(%error, "the server is asked again");
            tokio::time::sleep(TICK).await;
        }
        // Of an earlier run: nobody knows any more what they are.
        for class in Class::ALL {
            purge(&jetstream, &names.tasks(class)).await?;
        }
        let subscribe = async |subject: String| {
            let what = format!("subscribing to {subject}");
            let made = client.subscribe(subject).await;
            made.map_err(|error| FleetError::Stream { what, reason: error.to_string() })
        };
        let asks = subscribe(names.ask("*")).await?;
        let beats = subscribe(names.beat("*")).await?;
        let (forward, results) = mpsc::channel(64);
        tokio::spawn(fetch_results(jetstream.clone(), names.results(), forward));
        Ok(Self {
            messages: Messages::new(client, names),
            ledger: Ledger::new(config.settings.clone()),
            config,
            bus,
            jetstream,
            started: Instant::now(),
            waiting: Waiting::default(),
            outcomes: Outcomes::default(),
            missing: [false; Class::ALL.len()],
            made: [None; Class::ALL.len()],
            ticked: Time::ZERO,
            inbox: Inbox { sender, commands, asks, beats, results },
        })
    }

    /// Runs until nobody has a handle any more.
    pub(super) async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        let mut comparison = tokio::time::interval(COMPARISON);
        let mut connections = self.bus.connections.clone();
        connections.mark_unchanged();
        loop {
            let inbox = &mut self.inbox;
            let news = tokio::select! {
                command = inbox.commands.recv() => News::Command(command),
                Some(ask) = inbox.asks.next() => News::Ask(ask),
                Some(beat) = inbox.beats.next() => News::Beat(beat),
                Some(result) = inbox.results.recv() => News::Result(result),
                Ok(()) = connections.changed() => News::Connected,
                _ = tick.tick() => News::Tick,
                _ = comparison.tick() => News::Comparison,
            };
            match news {
                News::Command(None) => break,
                News::Command(Some(command)) => self.carry_out(command).await,
                News::Ask(ask) => self.answer(ask).await,
                News::Beat(beat) => self.hear(&beat).await,
                News::Result(result) => self.receive(result).await,
                News::Connected => {
                    self.ledger.listen_anew(self.now());
                    self.compare().await;
                }
                News::Comparison => self.compare().await,
                News::Tick => self.tick().await,
            }
            self.offer().await;
        }
        // What was published last is on its way.
        let _ = tokio::time::timeout(PATIENCE, self.bus.client.flush()).await;
    }

    pub(super) fn is_connected(&self) -> bool {
        self.bus.client.connection_state() == async_nats::connection::State::Connected
    }

    pub(super) fn now(&self) -> Time {
        self.started.elapsed()
    }

    /// Whether leases of an earlier run may still be about.
    pub(super) fn inherits(&self) -> bool {
        self.now() < INHERITANCE
    }

    async fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Owe(owed) => self.owe(owed).await,
            Command::Forget(ids) => {
                // Nobody is told: an operator that is started again wants it still.
                for id in ids {
                    self.end(&id, Some(Vec::new())).await;
                }
            }
            Command::Verdict { arrived, verdict } => self.judge(arrived, verdict).await,
            Command::Put { is_there: true, .. } => {}
            Command::Put { lease, is_there: false } => {
                self.ledger.returned(&lease);
                self.messages.end(&lease).await;
            }
            Command::Look(answer) => {
                let _ = answer.send(Fleet {
                    is_connected: self.is_connected(),
                    workers: self.ledger.workers().map(|(id, w)| (id.clone(), w.clone())).collect(),
                    assignments: self.ledger.views().collect(),
                    now_s: now.as_secs_f64(),
                    outcomes: self.outcomes,
                });
            }
            Command::Retry(name, answer) => {
                let _ = answer.send(self.ledger.retry(&name));
            }
            Command::Quarantine(worker, answer) => {
                let is_there = self.ledger.workers().any(|(id, _)| *id == worker);
                let lost = self.ledger.quarantine(&worker, now);
                self.end_leases(lost).await;
                let _ = answer.send(is_there);
            }
            Command::Drain(worker, answer) => {
                let is_there = self.ledger.workers().any(|(id, w)| *id == worker && w.is_there);
                self.order(&worker, &Order::Drain).await;
                let _ = answer.send(is_there);
            }
        }
    }

    async fn owe(&mut self, owed: Owed) {
        let (id, queue, priority) = (owed.id.clone(), owed.queue, owed.priority);
        let is_new = !self.waiting.is_owed(&id);
        self.waiting.add(owed);
        // A result that held once does again.
        let kept = if is_new { self.kept_result(&id).await } else { None };
        match kept {
            Some(bytes) => self.waiting.deliver_kept(&id, &bytes),
            None => self.ledger.add(id, queue, priority),
        }
    }

    /// A result of an earlier run of the coordinator.
    async fn kept_result(&self, id: &AssignmentId) -> Option<Bytes> {
        if !self.is_connected() {
            return None;
        }
        let subject = self.config.names.proof(id);
        let subject = format!("$JS.API.DIRECT.GET.{}.{subject}", self.config.names.proofs());
        let asked = self.bus.client.request(subject, Bytes::new());
        let message = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        message.status.is_none().then_some(message.payload)
    }

    /// Publishes what is due.
    async fn offer(&mut self) {
        if self.now() < QUIET || !self.is_connected() {
            return;
        }
        for offer in self.ledger.due(self.now()) {
            debug!(assignment = %offer.id, "an offer");
            if let Err(error) = self.messages.publish(&self.jetstream, &offer).await {
                warn!(%error, "the queues are looked at");
                // What of these was not published is due again.
                self.ledger.recount(&self.messages.unclaimed());
                return self.compare().await;
            }
            let idle = self.ledger.idle(offer.queue).next().cloned();
            if let Some(idle) = idle {
                self.order(&idle, &Order::Wake).await;
            }
        }
    }

    pub(super) async fn order(&self, worker: &WorkerId, order: &Order) {
        let subject = self.config.names.to(worker);
        let _ = self.bus.client.publish(subject, message::encode(order)).await;
    }

    /// Nobody waits for an assignment any more; those who are at it are told.
    pub(super) async fn end(&mut self, id: &AssignmentId, others: Option<Vec<(WorkerId, Lease)>>) {
        let others = others.unwrap_or_else(|| self.ledger.holders(id));
        self.ledger.remove(id);
        self.waiting.remove(id);
        self.messages.end_all(id).await;
        for (worker, lease) in others {
            self.order(&worker, &Order::Over(lease)).await;
        }
    }

    pub(super) async fn end_leases(&mut self, leases: Vec<Lease>) {
        for lease in leases {
            self.messages.end(&lease).await;
        }
    }

    async fn tick(&mut self) {
        // Nobody is silent who could not be heard.
        let now = self.now();
        if now.saturating_sub(self.ticked) > BUSY {
            self.ledger.listen_anew(now);
        }
        self.ticked = now;
        if self.is_connected() {
            let lost = self.ledger.tick(self.now());
            self.end_leases(lost).await;
        }
        if let Some(folder) = &self.config.kept {
            for view in self.ledger.views().filter(|view| view.is_quarantined) {
                self.waiting.keep(folder, &view.id);
            }
        }
        self.measure();
    }
}

async fn purge(jetstream: &Context, name: &str) -> Result<(), FleetError> {
    let failed = |reason: String| FleetError::Stream { what: format!("emptying {name}"), reason };
    let stream = jetstream.get_stream(name).await.map_err(|error| failed(error.to_string()))?;
    stream.purge().await.map(drop).map_err(|error| failed(error.to_string()))
}
