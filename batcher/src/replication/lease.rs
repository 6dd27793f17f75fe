//! Who leads now: a key that its holder renews, and that is gone if it does not.
//!
//! It says when to try to take over, no more. The key is one of a bucket as clients of NATS know it (`nats kv get`), in
//! the few messages that are needed of that: buckets as `async-nats` makes them are refused by servers before 2.10.

use std::{cell::Cell, fmt::Display, rc::Rc, time::Duration};

use async_nats::jetstream::{
    Context,
    context::PublishErrorKind,
    message::PublishMessage,
    stream::{Config, DiscardPolicy, LastRawMessageErrorKind, StorageType, Stream},
};

use tokio::time::{Instant, sleep, timeout};

use super::{Config as Settings, error::Trouble};

const KEY: &str = "operator";
/// The header that tells processes apart, which may have one name.
const PROCESS: &str = "Cairn-Process";

/// The key, and what we know of it.
#[derive(Debug)]
pub(super) struct Lease {
    jetstream: Context,
    bucket: String,
    replicas: usize,
    age: Duration,
    operator: String,
    /// Ours alone.
    process: String,
    /// Of our last sign, while we hold it.
    revision: Option<u64>,
}

/// Since when we know that nobody else leads: the server has taken something of ours that we sent then.
#[derive(Debug, Clone)]
pub(super) struct Heard(Rc<Cell<Instant>>);

impl Heard {
    pub(super) fn now() -> Self {
        Self(Rc::new(Cell::new(Instant::now())))
    }

    pub(super) fn since(&self, begun: Instant) {
        self.0.set(self.0.get().max(begun));
    }

    pub(super) fn ago(&self) -> Duration {
        self.0.get().elapsed()
    }
}

/// Who holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) operator: String,
    /// Whether it is this process.
    is_own: bool,
    /// Another one after each sign.
    pub(super) revision: u64,
}

impl Lease {
    pub(super) fn new(jetstream: Context, settings: &Settings) -> Self {
        Self {
            jetstream,
            bucket: format!("{}_LEASE", settings.names),
            replicas: settings.replicas,
            age: settings.lease,
            operator: settings.operator.clone(),
            process: format!("{:032x}", rand::random::<u128>()),
            revision: None,
        }
    }

    /// Between two signs: two may be lost, as none is waited for longer than this.
    pub(super) fn period(&self) -> Duration {
        self.age / 4
    }

    fn config(&self) -> Config {
        Config {
            name: format!("KV_{}", self.bucket),
            subjects: vec![format!("$KV.{}.>", self.bucket)],
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            max_messages_per_subject: 1,
            max_age: self.age,
            // Not above the age.
            duplicate_window: self.age,
            num_replicas: self.replicas,
            allow_rollup: true,
            deny_delete: true,
            ..Config::default()
        }
    }

    async fn stream(&self) -> Result<Stream, Trouble> {
        let made = self.jetstream.get_or_create_stream(self.config()).await;
        made.map_err(|error| trouble(&error))
    }

    /// Gives a bucket that is there the age and the copies that are wanted now.
    pub(super) async fn adjust(&self) -> Result<(), Trouble> {
        let made = self.jetstream.create_or_update_stream(self.config()).await;
        made.map(drop).map_err(|error| trouble(&error))
    }

    fn subject(&self) -> String {
        format!("$KV.{}.{KEY}", self.bucket)
    }

    /// The last message of the key: who gave the sign, nobody if the lease was given back.
    async fn last(&self) -> Result<Option<Holder>, Trouble> {
        match self.stream().await?.get_last_raw_message_by_subject(&self.subject()).await {
            Ok(message) => {
                let name = String::from_utf8_lossy(&message.payload);
                let operator = name.chars().filter(|c| !c.is_control()).collect();
                let process = message.headers.get(PROCESS).map(|value| value.as_str());
                let is_own = process == Some(self.process.as_str());
                Ok(Some(Holder { operator, is_own, revision: message.sequence }))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// Sets the key, if this is still its last message; none if it is not.
    async fn put(&self, operator: &str, revision: u64) -> Result<Option<u64>, Trouble> {
        let mut message = PublishMessage::build()
            .payload(operator.to_owned().into())
            .header(PROCESS, self.process.as_str())
            .expected_last_subject_sequence(revision);
        if operator.is_empty() {
            message = message.header("KV-Operation", "DEL");
        }
        let sent = self.jetstream.send_publish(self.subject(), message).await;
        let acknowledged = match sent {
            Ok(ack) => ack.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(ack) => Ok(Some(ack.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// Who holds it.
    pub(super) async fn holder(&self) -> Result<Option<Holder>, Trouble> {
        Ok(self.last().await?.filter(|holder| !holder.operator.is_empty()))
    }

    /// Takes it if nobody has it, or we do: the answer to a sign may have been lost.
    pub(super) async fn take(&mut self) -> Result<bool, Trouble> {
        let revision = match self.last().await? {
            Some(holder) if !holder.operator.is_empty() && !holder.is_own => return Ok(false),
            Some(last) => last.revision,
            None => 0,
        };
        self.revision = self.put(&self.operator, revision).await?;
        Ok(self.revision.is_some())
    }

    /// Gives a sign; false if another has it now.
    pub(super) async fn renew(&mut self) -> Result<bool, Trouble> {
        if let Some(revision) = self.revision {
            self.revision = self.put(&self.operator, revision).await?;
        }
        // It may have expired, and nobody have it.
        Ok(self.revision.is_some() || self.take().await?)
    }

    /// Gives signs for as long as it is ours; who holds it then.
    pub(super) async fn keep(&mut self, heard: &Heard) -> String {
        let period = self.period();
        loop {
            let begun = Instant::now();
            // No answer says nothing about others: a commit will tell.
            match timeout(period, self.renew()).await {
                Ok(Ok(true)) => heard.since(begun),
                Ok(Ok(false)) => {
                    let holder = timeout(period, self.holder()).await.ok().and_then(Result::ok);
                    return holder.flatten().map_or_else(|| "unknown".into(), |h| h.operator);
                }
                Ok(Err(_)) | Err(_) => {}
            }
            sleep(period).await;
        }
    }

    /// As if the answer to the last sign had never come.
    #[cfg(test)]
    pub(super) fn forget(&mut self) {
        self.revision = Some(u64::MAX);
    }

    /// Gives it back, so that nobody waits for its end.
    pub(super) async fn release(&mut self) {
        if let Some(revision) = self.revision.take() {
            // It expires otherwise.
            let _ = self.put("", revision).await;
        }
    }
}

fn trouble(error: &dyn Display) -> Trouble {
    Trouble::Unreachable(format!("the lease: {error}"))
}
