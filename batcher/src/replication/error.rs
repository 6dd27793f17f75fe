//! Why an operator does not follow, or leads no more.

use cairn_fleet::error::FleetError;
use thiserror::Error;

/// Why replication has ended. Nothing of it is mended by waiting.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplicationError {
    /// Another operator leads, and this one was not asked to wait.
    #[error("{leader} leads this rollup: stop it first, or start this one with --standby")]
    Led {
        /// Who leads.
        leader: String,
    },
    /// Another operator has taken over.
    #[error(
        "another operator has taken over ({by}): what it has not seen was not acknowledged; start again with --standby"
    )]
    Fenced {
        /// Who.
        by: String,
    },
    /// The store has a past that the stream does not know.
    #[error(
        "the store and the stream {stream} have no past in common: restore a backup of the operator that leads (cairn db backup, cairn db restore); if this is the store to go on with, start it with --promote"
    )]
    OtherPast {
        /// The stream.
        stream: String,
    },
    /// Two rollups share a prefix.
    #[error("the stream {stream} is of another rollup: give each rollup its own fleet.prefix")]
    OtherRollup {
        /// The stream.
        stream: String,
    },
    /// The stream has dropped what the store lacks.
    #[error(
        "the stream {stream} begins at message {first}, the store needs {needed}: restore a newer backup of the operator that leads (cairn db backup, cairn db restore), or raise fleet.stream_gib"
    )]
    TooFarBehind {
        /// The stream.
        stream: String,
        /// Its first message.
        first: u64,
        /// The first that the store does not have.
        needed: u64,
    },
    /// The stream that the store followed is gone, and the store has only followed.
    #[error(
        "the stream {stream} is gone, and this store has only followed it, or is a backup: start the operator that led last, without --standby, which begins it again; if there is none any more, start this one with --promote: what it lacks is lost"
    )]
    Followed {
        /// The stream.
        stream: String,
    },
    /// The stream is gone, and another may have led it in between.
    #[error(
        "the stream {stream} was lost, and its server not heard before for longer than a lease: if no other operator has led since, start this one without --standby"
    )]
    LostAfterSilence {
        /// The stream.
        stream: String,
    },
    /// A message of the stream is none of ours.
    #[error(
        "message {sequence} of the stream {stream} cannot be read: run one version of Cairn on all operators"
    )]
    Message {
        /// The stream.
        stream: String,
        /// The message.
        sequence: u64,
    },
    /// The store.
    #[error("{0}")]
    Store(String),
    /// The server, in a way that waiting does not mend.
    #[error("{0}")]
    Server(String),
    /// The server did not answer while this operator was stopping.
    #[error("NATS did not answer, and this operator is stopping")]
    Stopping,
    /// The thread has ended.
    #[error("replication has ended")]
    Ended,
}

impl ReplicationError {
    pub(super) fn thread(error: std::io::Error) -> Self {
        Self::Server(format!("starting a thread for replication: {error}"))
    }

    pub(super) fn store(error: impl ToString) -> Self {
        Self::Store(error.to_string())
    }
}

/// A request to the server that may be made again, or why not.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// The server does not answer, or not as it should; it may later.
    #[error("{0}")]
    Unreachable(String),
    /// Another message is the last.
    #[error("another message is the last")]
    NotLast,
    /// Nothing that waiting mends.
    #[error(transparent)]
    Final(#[from] ReplicationError),
}

impl From<FleetError> for Trouble {
    fn from(error: FleetError) -> Self {
        match error.is_transient() {
            true => Self::Unreachable(error.to_string()),
            false => Self::Final(ReplicationError::Server(error.to_string())),
        }
    }
}
