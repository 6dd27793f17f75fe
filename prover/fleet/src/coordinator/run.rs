//! The coordinator's loop.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

use async_nats::{
    Message as Received,
    jetstream::{Context, Message, context::ContextBuilder},
};
use bytes::Bytes;
use cairn_prover::{assignment::Class, claim::AssignmentId};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::warn;

use super::{
    Command, Config, Fleet, Outcomes, Owed, Waiter,
    intake::Intake,
    messages::{Messages, Stored},
    quarantine::Written,
    quota::Quota,
    results::{acknowledge, fetch_results},
    state::Waiting,
};
use crate::{
    bus::{Bus, PATIENCE},
    error::FleetError,
    layout,
    ledger::{Ledger, Time},
    message::{self, Lease, Order, WorkerId},
    names::Names,
    queue::Queue,
    recent::Recent,
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
/// What a worker asks that is not answered yet: it waits for each answer.
const ASKS: usize = 32;
/// Of how a worker is, the last word counts.
const BEATS: usize = 1;
/// Names of results that hold, on the server.
const KEPT: usize = 100_000;
/// Lines of the log a worker and kind, within a minute.
const LINES: u32 = 5;
/// Results that nobody waits for, a worker within ten seconds: who sends more floods.
const FLOOD: u32 = 64;

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
    /// Claims that came before the server's word on what they claim.
    pub(super) early: Vec<Received>,
    /// Leases with work on the server.
    pub(super) stored: HashSet<Lease>,
    /// What may be among the results that hold, on the server.
    pub(super) kept: Recent<AssignmentId>,
    /// Leases of an earlier run under which results wait.
    pub(super) inherited: HashMap<WorkerId, HashSet<Lease>>,
    /// In which of all tellings each worker was told something last.
    pub(super) told: HashMap<WorkerId, u64>,
    pub(super) tellings: u64,
    /// Messages of each queue for which nobody was woken yet.
    pub(super) wakes: BTreeMap<Queue, usize>,
    /// Nothing is offered before.
    pub(super) paused: Time,
    pub(super) logged: Quota,
    pub(super) floods: Quota,
    pub(super) purges: Quota,
    /// What was in the queues less than it should at the last comparison.
    pub(super) missing: [bool; Class::ALL.len()],
    /// When the queues' streams were made: another time is that of a server that has lost its disk.
    pub(super) made: [Option<i128>; Class::ALL.len()],
    pub(super) written: Written,
    /// When it was last looked who is silent.
    ticked: Time,
    pub(super) inbox: Inbox,
}

/// Where things come from.
pub(super) struct Inbox {
    pub(super) sender: mpsc::WeakUnboundedSender<Command>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) asks: Intake,
    pub(super) beats: Intake,
    pub(super) results: mpsc::Receiver<Message>,
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum News {
    Command(Option<Command>),
    Ask(Received),
    Beat(Received),
    Result(Message),
    Stored(Stored),
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
        let jetstream = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE);
        let jetstream = jetstream.build(client.clone());
        let names = config.names.clone();
        // A cluster that is being started has no leader for a while.
        let started = Instant::now();
        while let Err(error) = layout::make(&jetstream, &names, config.replicas).await {
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
        // Who has not fetched its work yet gives it back.
        purge(&jetstream, &names.payloads()).await?;
        let mut kept = Recent::new(KEPT);
        for id in kept_ids(&jetstream, &names).await? {
            kept.insert(id);
        }
        let subscribe = async |subject: String| {
            let what = format!("subscribing to {subject}");
            let made = client.subscribe(subject).await;
            made.map_err(|error| FleetError::Stream { what, reason: error.to_string() })
        };
        let asks = Intake::new(subscribe(names.ask("*")).await?, ASKS);
        let beats = Intake::new(subscribe(names.beat("*")).await?, BEATS);
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
            early: Vec::new(),
            stored: HashSet::new(),
            kept,
            inherited: HashMap::new(),
            told: HashMap::new(),
            tellings: 0,
            wakes: BTreeMap::new(),
            paused: Time::ZERO,
            logged: Quota::new(LINES, Duration::from_secs(60)),
            floods: Quota::new(FLOOD, Duration::from_secs(10)),
            purges: Quota::new(1, Duration::from_secs(1)),
            missing: [false; Class::ALL.len()],
            made: [None; Class::ALL.len()],
            written: Written::default(),
            ticked: Time::ZERO,
            inbox: Inbox { sender, commands, asks, beats, results },
        })
    }

    /// Runs until nobody has a handle any more.
    pub(super) async fn run(mut self) {
        self.restore_quarantine();
        let mut tick = tokio::time::interval(TICK);
        let mut comparison = tokio::time::interval(COMPARISON);
        let mut connections = self.bus.connections.clone();
        connections.mark_unchanged();
        loop {
            let inbox = &mut self.inbox;
            let news = tokio::select! {
                command = inbox.commands.recv() => News::Command(command),
                ask = inbox.asks.next() => News::Ask(ask),
                beat = inbox.beats.next() => News::Beat(beat),
                Some(stored) = self.messages.stored() => News::Stored(stored),
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
                News::Stored(stored) => self.is_stored(stored).await,
                News::Connected => {
                    self.ledger.listen_anew(self.now());
                    self.compare().await;
                }
                News::Comparison => self.compare().await,
                News::Tick => self.tick().await,
            }
            self.keep_quarantine();
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
            Command::Forget(waiter, ids) => self.forget(waiter, ids).await,
            Command::Kept(id, bytes) => self.found(id, bytes),
            Command::Verdict { arrived, verdict } => self.judge(arrived, verdict).await,
            Command::Put { lease, is_there } => self.put(&lease, is_there).await,
            Command::Look(answer) => {
                let _ = answer.send(Fleet {
                    is_connected: self.is_connected(),
                    workers: self.ledger.workers().map(|(id, w)| (id.clone(), w.clone())).collect(),
                    assignments: self.ledger.views().collect(),
                    now_s: now.as_secs_f64(),
                    outcomes: self.outcomes(),
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

    pub(super) fn outcomes(&self) -> Outcomes {
        let dropped = self.inbox.asks.dropped() + self.inbox.beats.dropped();
        Outcomes { dropped, ..self.outcomes }
    }

    /// A result that held once does again: what may be kept is looked for, which takes a moment.
    async fn owe(&mut self, owed: Owed) {
        let (id, queue, priority) = (owed.id.clone(), owed.queue, owed.priority);
        self.waiting.add(owed);
        if self.ledger.is_owed(&id) || !self.kept.contains(&id) || !self.is_connected() {
            return self.ledger.add(id, queue, priority);
        }
        let subject = self.config.names.proof(&id);
        let subject = format!("$JS.API.DIRECT.GET.{}.{subject}", self.config.names.proofs());
        let (client, sender) = (self.bus.client.clone(), self.inbox.sender.clone());
        tokio::spawn(async move {
            let asked = client.request(subject, Bytes::new());
            let message = tokio::time::timeout(PATIENCE, asked).await.ok().and_then(Result::ok);
            let bytes = message.filter(|message| message.status.is_none());
            if let Some(sender) = sender.upgrade() {
                let _ = sender.send(Command::Kept(id, bytes.map(|message| message.payload)));
            }
        });
    }

    /// What was kept of an assignment was looked for.
    fn found(&mut self, id: AssignmentId, bytes: Option<Bytes>) {
        match (bytes, self.waiting.place(&id)) {
            (_, None) => {}
            (Some(bytes), _) => self.waiting.deliver_kept(&id, &bytes),
            (None, Some((queue, priority))) => self.ledger.add(id, queue, priority),
        }
    }

    /// One waits for these no more. No worker is told: an operator that is started again wants it
    /// still.
    async fn forget(&mut self, waiter: Waiter, ids: Vec<AssignmentId>) {
        for id in ids {
            if self.waiting.leave(&id, waiter) {
                self.end(&id, Some(Vec::new())).await;
            }
        }
    }

    pub(super) async fn order(&self, worker: &WorkerId, order: &Order) {
        let subject = self.config.names.to(worker);
        let _ = self.bus.client.publish(subject, message::encode(order)).await;
    }

    /// Nobody waits for an assignment any more; those who are at it are told.
    pub(super) async fn end(&mut self, id: &AssignmentId, others: Option<Vec<(WorkerId, Lease)>>) {
        let holders = self.ledger.holders(id);
        let told = others.unwrap_or_else(|| holders.clone());
        self.ledger.remove(id);
        for message in self.waiting.remove(id) {
            self.outcomes.late += 1;
            acknowledge(&message).await;
        }
        self.messages.end_all(id).await;
        for (worker, lease) in told {
            self.release(&lease).await;
            self.order(&worker, &Order::Over(lease)).await;
        }
        for (_, lease) in holders {
            self.release(&lease).await;
        }
    }

    /// Leases are not counted on any more: their messages and work go.
    pub(super) async fn end_leases(&mut self, leases: Vec<Lease>) {
        for lease in leases {
            self.messages.end(&lease).await;
            self.release(&lease).await;
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
            self.tell_unclaimed().await;
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

/// Of which assignments the server has results that hold.
async fn kept_ids(jetstream: &Context, names: &Names) -> Result<Vec<AssignmentId>, FleetError> {
    let name = names.proofs();
    let failed = |reason: String| FleetError::Stream { what: format!("reading {name}"), reason };
    let stream = jetstream.get_stream(&name).await.map_err(|error| failed(error.to_string()))?;
    let listed = stream.info_with_subjects(">").await;
    let mut subjects = listed.map_err(|error| failed(error.to_string()))?;
    let mut ids = Vec::new();
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.map_err(|error| failed(error.to_string()))?;
        ids.extend(subject.rsplit('.').next().and_then(AssignmentId::new));
    }
    Ok(ids)
}
