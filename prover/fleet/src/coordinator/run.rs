//! The coordinator's loop.

use std::time::{Duration, Instant};

use async_nats::{
    Message as Received, Subscriber,
    jetstream::{self, Context, Message, consumer::PullConsumer},
};
use bytes::Bytes;
use cairn_prover::{assignment::Class, claim::AssignmentId};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::{debug, error, info, warn};

use super::{
    Arrived, Command, Config, Fleet, Outcomes, Owed,
    messages::{Messages, Place},
    state::Waiting,
};
use crate::{
    bus::{Bus, PATIENCE},
    error::FleetError,
    layout::{self, COORDINATOR},
    ledger::{Arrival, Denial, Ledger, Standing, Time},
    message::{self, ASSIGNMENT, Answer, Ask, Beat, Lease, Note, Order, WorkerId},
    names::Names,
    payload,
    queue::Queue,
};

/// How often what is due and who is gone is looked at, without any news.
const TICK: Duration = Duration::from_millis(500);
/// How often the queues are compared with what should be in them.
const COMPARISON: Duration = Duration::from_secs(5);
/// After a start, leases of an earlier run are believed for so long: workers say what they hold every few seconds.
const INHERITANCE: Duration = Duration::from_secs(60);
/// After a start nothing is offered for so long, as somebody may be at it.
const QUIET: Duration = Duration::from_secs(3);

/// The running coordinator.
pub(super) struct Run {
    config: Config,
    bus: Bus,
    jetstream: Context,
    started: Instant,
    ledger: Ledger,
    waiting: Waiting,
    messages: Messages,
    outcomes: Outcomes,
    /// What was in the queues less than it should at the last comparison.
    missing: [bool; Class::ALL.len()],
    inbox: Inbox,
}

/// Where things come from.
struct Inbox {
    sender: mpsc::WeakUnboundedSender<Command>,
    commands: mpsc::UnboundedReceiver<Command>,
    asks: Subscriber,
    beats: Subscriber,
    results: mpsc::Receiver<Message>,
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
        layout::make(&jetstream, &names).await?;
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
                News::Connected | News::Comparison => self.compare().await,
                News::Tick => self.tick().await,
            }
            self.offer().await;
        }
        // What was published last is on its way.
        let _ = tokio::time::timeout(PATIENCE, self.bus.client.flush()).await;
    }

    fn now(&self) -> Time {
        self.started.elapsed()
    }

    /// Whether leases of an earlier run may still be about.
    fn inherits(&self) -> bool {
        self.now() < INHERITANCE
    }

    async fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Owe(owed) => self.owe(owed).await,
            Command::Forget(ids) => {
                for id in ids {
                    self.end(&id, None).await;
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
                    is_connected: self.bus.client.connection_state()
                        == async_nats::connection::State::Connected,
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
        let subject = self.config.names.proof(id);
        let subject = format!("$JS.API.DIRECT.GET.{}.{subject}", self.config.names.proofs());
        let asked = self.bus.client.request(subject, Bytes::new());
        let message = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        message.status.is_none().then_some(message.payload)
    }

    /// Publishes what is due.
    async fn offer(&mut self) {
        if self.now() < QUIET {
            return;
        }
        for offer in self.ledger.due(self.now()) {
            debug!(assignment = %offer.id, "an offer");
            if let Err(error) = self.messages.publish(&self.jetstream, &offer).await {
                warn!(%error, "the queues are looked at");
                self.ledger.lost(offer.queue);
                self.compare().await;
                return;
            }
            let idle = self.ledger.idle(offer.queue).next().cloned();
            if let Some(idle) = idle {
                self.order(&idle, &Order::Wake).await;
            }
        }
    }

    async fn order(&self, worker: &WorkerId, order: &Order) {
        let subject = self.config.names.to(worker);
        let _ = self.bus.client.publish(subject, message::encode(order)).await;
    }

    async fn answer(&mut self, ask: Received) {
        let (Some(worker), Some(reply)) = (Names::worker(&ask.subject), ask.reply) else { return };
        let answer = match message::decode(&ask.payload) {
            Ok(Ask::Join { version }) if version == self.config.version => {
                info!(%worker, "joins");
                Answer::Welcome
            }
            Ok(Ask::Join { .. }) => Answer::Version(self.config.version.clone()),
            Ok(Ask::Claim { queue, place, delivery, id }) => {
                match self.claim(&worker, Place { queue, place }, delivery, id).await {
                    Ok((lease, work)) => return self.grant(worker, lease, work, reply),
                    Err(denial) => Answer::Denied(denial),
                }
            }
            Err(reason) => return warn!(%worker, reason, "it asks what nobody understands"),
        };
        let _ = self.bus.client.publish(reply, message::encode(&answer)).await;
    }

    async fn claim(
        &mut self,
        worker: &WorkerId,
        place: Place,
        delivery: u64,
        id: AssignmentId,
    ) -> Result<(Lease, Bytes), Denial> {
        match self.messages.at(place) {
            Some(there) if *there == id => {}
            // It has not got that message: what is there stays there.
            Some(_) => return Err(Denial::Others),
            None => {
                self.messages.remove(place).await;
                return Err(Denial::Over);
            }
        }
        let lease = Lease::random();
        let claimed = self.ledger.claim(&id, worker, lease.clone(), self.now());
        debug!(%worker, ?place, assignment = %id, ?claimed, "a claim");
        let work = self.waiting.work(&id);
        match (claimed, work) {
            (Ok(()), Some(work)) => {
                self.messages.claimed(place, lease.clone());
                Ok((lease, work))
            }
            (Err(Denial::Over), _) | (_, None) => {
                self.messages.remove(place).await;
                Err(Denial::Over)
            }
            (Err(denial), _) => {
                self.messages.pass_on(place, delivery).await;
                Err(denial)
            }
        }
    }

    /// Puts the work there and answers. It takes a moment: not in the loop.
    fn grant(&self, worker: WorkerId, lease: Lease, work: Bytes, reply: async_nats::Subject) {
        let (jetstream, names) = (self.jetstream.clone(), self.config.names.clone());
        let (client, sender) = (self.bus.client.clone(), self.inbox.sender.clone());
        tokio::spawn(async move {
            let put = payload::put(&jetstream, &names, &worker, lease.clone(), work).await;
            let is_there = put.is_ok();
            match put {
                Ok(grant) => {
                    let _ = client.publish(reply, message::encode(&Answer::Granted(grant))).await;
                }
                Err(error) => warn!(%worker, %error, "work could not be granted"),
            }
            if let Some(sender) = sender.upgrade() {
                let _ = sender.send(Command::Put { lease, is_there });
            }
        });
    }

    async fn hear(&mut self, received: &Received) {
        let Some(worker) = Names::worker(&received.subject) else { return };
        let beat: Beat = match message::decode(&received.payload) {
            Ok(beat) => beat,
            Err(reason) => return debug!(%worker, reason, "a beat that nobody understands"),
        };
        let now = self.now();
        // It speaks for itself only.
        if beat.worker != worker || beat.version != self.config.version {
            return;
        }
        if let Some(held) = &beat.holds {
            if self.inherits() {
                self.ledger.adopt(&held.id, &worker, held.lease.clone(), now);
            }
            if matches!(self.ledger.arrival(&held.lease, &worker), Arrival::Owed(_)) {
                self.messages.renew(&held.lease).await;
            }
        }
        self.ledger.beat(beat, now);
    }

    async fn receive(&mut self, received: Message) {
        let Some((worker, lease)) = Names::holder(&received.subject) else {
            return acknowledge(&received).await;
        };
        let id = match self.arrival(&received, &worker, &lease) {
            Arrival::Owed(id) => id,
            Arrival::Late => return self.drop_result(&received, |o| &mut o.late).await,
            Arrival::Quarantined => {
                return self.drop_result(&received, |o| &mut o.quarantined).await;
            }
            Arrival::Unknown if self.inherits() => {
                // Whoever waits for it may not have said so yet.
                let wait = jetstream::AckKind::Nak(Some(Duration::from_secs(2)));
                let _ = received.ack_with(wait).await;
                return;
            }
            Arrival::Unknown => {
                warn!(%worker, "a result of what it does not hold");
                return self.drop_result(&received, |o| &mut o.unheld).await;
            }
        };
        if received.subject.starts_with(&format!("{}.note.", self.config.names)) {
            self.note(&id, &worker, &lease, &received.payload).await;
            return acknowledge(&received).await;
        }
        if self.waiting.is_looked_at(&lease) {
            return self.drop_result(&received, |o| &mut o.duplicate).await;
        }
        self.waiting.deliver(&id, lease, received);
    }

    fn arrival(&mut self, received: &Message, worker: &WorkerId, lease: &Lease) -> Arrival {
        let arrival = self.ledger.arrival(lease, worker);
        if arrival != Arrival::Unknown || !self.inherits() {
            return arrival;
        }
        let named = received.headers.as_ref().and_then(|headers| headers.get(ASSIGNMENT));
        let id = named.and_then(|name| AssignmentId::new(name.as_str()));
        if let Some(id) = id {
            self.ledger.adopt(&id, worker, lease.clone(), self.now());
        }
        self.ledger.arrival(lease, worker)
    }

    async fn drop_result(
        &mut self,
        received: &Message,
        outcome: impl Fn(&mut Outcomes) -> &mut u64,
    ) {
        *outcome(&mut self.outcomes) += 1;
        acknowledge(received).await;
    }

    async fn note(&mut self, id: &AssignmentId, worker: &WorkerId, lease: &Lease, bytes: &[u8]) {
        match message::decode(bytes) {
            Ok(Note::Returned) => {
                self.outcomes.returned += 1;
                self.ledger.returned(lease);
            }
            Ok(Note::Failed(reason)) => {
                self.outcomes.failed += 1;
                warn!(%worker, assignment = %id, reason, "it cannot do it");
                self.ledger.failed(lease, &reason, self.now());
            }
            Err(reason) => warn!(%worker, reason, "a note that nobody understands"),
        }
        self.messages.end(lease).await;
        self.release(worker, lease);
    }

    /// What was put there for a lease goes.
    fn release(&self, worker: &WorkerId, lease: &Lease) {
        let (jetstream, names) = (self.jetstream.clone(), self.config.names.clone());
        let (worker, lease) = (worker.clone(), lease.clone());
        tokio::spawn(async move { payload::remove(&jetstream, &names, &worker, &lease).await });
    }

    /// A result was verified.
    async fn judge(&mut self, arrived: Arrived, verdict: Result<(), String>) {
        let Arrived { id, lease, bytes } = arrived;
        let Some(lease) = lease else {
            match verdict {
                Ok(()) => self.outcomes.kept += 1,
                // Of other circuits, or damaged: made again.
                Err(reason) => {
                    warn!(assignment = %id, reason, "a result that was kept does not hold");
                    if let Some((queue, priority)) = self.waiting.place(&id) {
                        self.ledger.add(id, queue, priority);
                    }
                    return;
                }
            }
            return self.end(&id, None).await;
        };
        let Some(message) = self.waiting.looked_at(&lease) else { return };
        let worker = Names::holder(&message.subject).map(|(worker, _)| worker);
        let now = self.now();
        match verdict {
            Ok(()) => {
                self.outcomes.accepted += 1;
                let others = self.ledger.others(&lease);
                self.ledger.accepted(&lease, now);
                let subject = self.config.names.proof(&id);
                let _ = self.bus.client.publish(subject, bytes).await;
                self.end(&id, Some(others)).await;
            }
            Err(reason) => {
                self.outcomes.refused += 1;
                error!(assignment = %id, worker = ?worker, reason, "a result does not hold");
                let lost = self.ledger.refused(&lease, &reason, now);
                self.messages.end(&lease).await;
                self.end_leases(lost).await;
            }
        }
        acknowledge(&message).await;
        if let Some(worker) = worker {
            self.release(&worker, &lease);
        }
    }

    /// Nobody waits for an assignment any more; those who are at it are told.
    async fn end(&mut self, id: &AssignmentId, others: Option<Vec<(WorkerId, Lease)>>) {
        let others = others.unwrap_or_else(|| self.ledger.holders(id));
        self.ledger.remove(id);
        self.waiting.remove(id);
        self.messages.end_all(id).await;
        for (worker, lease) in others {
            self.order(&worker, &Order::Over(lease)).await;
        }
    }

    async fn end_leases(&mut self, leases: Vec<Lease>) {
        for lease in leases {
            self.messages.end(&lease).await;
        }
    }

    async fn tick(&mut self) {
        let lost = self.ledger.tick(self.now());
        self.end_leases(lost).await;
        if let Some(folder) = &self.config.kept {
            for view in self.ledger.views().filter(|view| view.is_quarantined) {
                self.waiting.keep(folder, &view.id);
            }
        }
        self.measure();
    }

    /// Compares the queues with what should be in them. Twice: a message may be on its way.
    async fn compare(&mut self) {
        if let Err(error) = layout::make(&self.jetstream, &self.config.names).await {
            return warn!(%error, "the server does not answer");
        }
        for (class, is_missing) in Class::ALL.into_iter().zip(self.missing) {
            let name = self.config.names.tasks(class);
            let Ok(mut stream) = self.jetstream.get_stream(name).await else { return };
            let Ok(found) = stream.info().await.map(|info| info.state.messages) else { return };
            let should = self.messages.of_class(class);
            let lacks = (found as usize) < should;
            if lacks && is_missing {
                warn!(%class, found, should, "the server has lost messages: they are offered again");
                self.messages.lost(class);
                for queue in Queue::ALL.into_iter().filter(|queue| queue.class() == class) {
                    self.ledger.lost(queue);
                }
            }
            if let Some(missing) = self.missing.get_mut(class as usize) {
                *missing = lacks && !is_missing;
            }
        }
    }

    fn measure(&self) {
        use metrics::{counter, gauge};
        let Outcomes { accepted, late, duplicate, unheld, refused, quarantined, .. } =
            self.outcomes;
        let Outcomes { returned, failed, kept, .. } = self.outcomes;
        for (outcome, count) in [
            ("accepted", accepted),
            ("late", late),
            ("duplicate", duplicate),
            ("unheld", unheld),
            ("refused", refused),
            ("quarantined", quarantined),
            ("returned", returned),
            ("failed", failed),
            ("kept", kept),
        ] {
            counter!("cairn_fleet_results_total", "outcome" => outcome).absolute(count);
        }
        let workers = |standing| {
            let those = self.ledger.workers().filter(|(_, w)| w.is_there && w.standing == standing);
            those.count() as f64
        };
        gauge!("cairn_fleet_workers").set(workers(Standing::Good));
        gauge!("cairn_fleet_workers_quarantined").set(workers(Standing::Quarantined));
        for queue in Queue::ALL {
            let of = || self.ledger.views().filter(move |view| view.queue == queue);
            gauge!("cairn_fleet_owed", "queue" => queue.name()).set(of().count() as f64);
            let held: usize = of().map(|view| view.holders.len()).sum();
            gauge!("cairn_fleet_held", "queue" => queue.name()).set(held as f64);
            let stuck = of().filter(|view| view.is_quarantined).count();
            gauge!("cairn_fleet_quarantined", "queue" => queue.name()).set(stuck as f64);
        }
    }
}

async fn acknowledge(message: &Message) {
    // Where the connection is lost, it comes again, and is late then.
    let _ = message.ack().await;
}

async fn purge(jetstream: &Context, name: &str) -> Result<(), FleetError> {
    let failed = |reason: String| FleetError::Stream { what: format!("emptying {name}"), reason };
    let stream = jetstream.get_stream(name).await.map_err(|error| failed(error.to_string()))?;
    stream.purge().await.map(drop).map_err(|error| failed(error.to_string()))
}

/// Fetches what workers send, for as long as somebody takes it. A stream that was lost is found again once it is made.
async fn fetch_results(jetstream: Context, stream: String, forward: mpsc::Sender<Message>) {
    const WAIT: Duration = Duration::from_secs(1);
    loop {
        let found: Result<PullConsumer, _> =
            jetstream.get_consumer_from_stream(COORDINATOR, &stream).await;
        let Ok(consumer) = found else {
            tokio::time::sleep(WAIT).await;
            continue;
        };
        let Ok(mut batch) = consumer.fetch().max_messages(64).expires(WAIT).messages().await else {
            tokio::time::sleep(WAIT).await;
            continue;
        };
        while let Some(message) = batch.next().await {
            let Ok(message) = message else { break };
            if forward.send(message).await.is_err() {
                return;
            }
        }
    }
}
