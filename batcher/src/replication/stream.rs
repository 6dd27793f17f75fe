//! The stream of commits on the server.

use async_nats::{
    connection::State,
    jetstream::{
        Context,
        context::PublishErrorKind,
        message::PublishMessage,
        stream::{Config, DirectGetErrorKind, DiscardPolicy, StorageType, Stream},
    },
};
use futures_util::future::try_join_all;

use super::{
    Config as Settings,
    error::{ReplicationError, Trouble},
    message::{self, Message},
};

/// The stream. It has one subject, and its sequence is what is fenced.
#[derive(Debug, Clone)]
pub(super) struct CommitStream {
    jetstream: Context,
    name: String,
    subject: String,
    replicas: usize,
    max_bytes: i64,
}

/// How far the stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// The first message that it still has; one more than `last` if it has none.
    pub(super) first: u64,
    /// The last message; 0 before the first.
    pub(super) last: u64,
}

fn unreachable(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Trouble + use<'_> {
    move |error| Trouble::Unreachable(format!("{what}: {error}"))
}

impl CommitStream {
    pub(super) fn new(jetstream: Context, settings: &Settings) -> Self {
        let names = &settings.names;
        Self {
            jetstream,
            name: format!("{names}_COMMIT"),
            subject: format!("{names}.commit"),
            replicas: settings.replicas,
            max_bytes: settings.max_bytes,
        }
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    fn config(&self) -> Config {
        Config {
            name: self.name.clone(),
            subjects: vec![self.subject.clone()],
            storage: StorageType::File,
            // The oldest go where there are too many: who still needs them is told.
            discard: DiscardPolicy::Old,
            max_bytes: self.max_bytes,
            num_replicas: self.replicas,
            allow_direct: true,
            deny_delete: true,
            deny_purge: true,
            ..Config::default()
        }
    }

    /// The stream as whoever leads its servers has it; it is made if it is not there, as after a loss of the disk.
    async fn stream(&self) -> Result<Stream, Trouble> {
        let made = self.jetstream.get_or_create_stream(self.config()).await;
        made.map_err(|error| unreachable("the stream of commits")(&error))
    }

    /// Gives a stream that is there the size and the copies that are wanted now.
    pub(super) async fn adjust(&self) -> Result<(), Trouble> {
        // A server that is alone takes more copies, and loses the stream at its next start.
        if self.replicas > 1 && self.stream().await?.cached_info().cluster.is_none() {
            let reason = format!("{} copies need a cluster", self.replicas);
            return Err(Trouble::Unreachable(reason));
        }
        let made = self.jetstream.create_or_update_stream(self.config()).await;
        made.map(drop).map_err(|error| unreachable("the stream of commits")(&error))
    }

    pub(super) async fn extent(&self) -> Result<Extent, Trouble> {
        let state = self.stream().await?.cached_info().state.clone();
        let last = state.last_sequence;
        Ok(Extent { first: state.first_sequence.max(1), last })
    }

    /// The messages of this range, which the stream has.
    pub(super) async fn read(
        &self,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Vec<Message>, Trouble> {
        let stream = self.jetstream.get_stream_no_info(&self.name).await;
        let stream = stream.map_err(|error| unreachable("the stream of commits")(&error))?;
        let message = async |sequence| {
            let got = stream.direct_get(sequence).await.map_err(|error| match error.kind() {
                // A copy may be behind, or the message was dropped a moment ago.
                DirectGetErrorKind::NotFound => {
                    Trouble::Unreachable(format!("message {sequence} is not there yet"))
                }
                _ => unreachable("reading a commit")(&error),
            })?;
            let no_message = || ReplicationError::Message { stream: self.name.clone(), sequence };
            message::decode(&got.payload).ok_or_else(|| no_message().into())
        };
        try_join_all(range.map(message)).await
    }

    /// Adds messages behind `last`, all or the first ones; the sequence of the last one.
    ///
    /// # Errors
    /// [`Trouble::NotLast`]: another message is there. With any other, some of them may be there.
    pub(super) async fn append(&self, last: u64, messages: &[Vec<u8>]) -> Result<u64, Trouble> {
        // What is sent meanwhile waits in memory, once more with each try.
        if self.jetstream.client().connection_state() != State::Connected {
            return Err(Trouble::Unreachable("the connection to NATS is lost".to_owned()));
        }
        let trouble = |error: async_nats::jetstream::context::PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => Trouble::NotLast,
            PublishErrorKind::MaxPayloadExceeded => {
                let reason = format!("NATS: {error}: raise max_payload of the server to 1 MB");
                Trouble::Final(ReplicationError::Server(reason))
            }
            _ => unreachable("adding a commit")(&error),
        };
        let mut acks = Vec::with_capacity(messages.len());
        for (expected, message) in (last..).zip(messages) {
            let message = PublishMessage::build()
                .payload(message.clone().into())
                .expected_last_sequence(expected);
            acks.push(
                self.jetstream
                    .send_publish(self.subject.clone(), message)
                    .await
                    .map_err(trouble)?,
            );
        }
        let mut sequence = last;
        for ack in acks {
            sequence = ack.await.map_err(trouble)?.sequence;
        }
        Ok(sequence)
    }
}
