//! Why coordinator or worker cannot go on.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::message::Version;

/// Why there is no fleet; [`Self::is_transient`] says whether waiting helps.
#[derive(Debug, Error)]
pub enum FleetError {
    /// The address is none.
    #[error("--nats: expected nats://HOST:PORT or tls://HOST:PORT, got {got}")]
    Url {
        /// The address, without secrets.
        got: String,
    },
    /// A file with credentials or certificates.
    #[error("{what}, {}: {source}", .path.display())]
    File {
        /// What it is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file with a seed that is none.
    #[error("{}: expected the seed of an nkey, which begins with SU", .path.display())]
    Seed {
        /// The file.
        path: PathBuf,
    },
    /// Nobody answers there.
    #[error("NATS at {url}: {reason}; is nats-server running there?")]
    Unreachable {
        /// The address.
        url: String,
        /// What came of it.
        reason: String,
    },
    /// The server does not know who this is.
    #[error("NATS at {url} refuses the credentials: {reason}")]
    Credentials {
        /// The address.
        url: String,
        /// What it says.
        reason: String,
    },
    /// The server has no JetStream, or not the rights for it.
    #[error("{what}: {reason}")]
    Stream {
        /// What was tried.
        what: String,
        /// What the server says.
        reason: String,
    },
    /// The coordinator proves with something else.
    #[error(
        "the coordinator proves with circuits {} and keys {}, this worker with {} and {}: run the version of cairn-prover that it has",
        .expected.circuits, .expected.keys, .got.circuits, .got.keys
    )]
    Version {
        /// The coordinator's.
        expected: Version,
        /// This worker's.
        got: Version,
    },
    /// A class that no queue's work fits.
    #[error("--memory: class {class} takes at least {expected} MiB, got {got}")]
    Memory {
        /// The class.
        class: &'static str,
        /// The least.
        expected: u64,
        /// What there is.
        got: u64,
    },
    /// A proof of it did not hold.
    #[error(
        "the coordinator does not believe this worker any more, as a proof of it did not hold: check the machine's memory, then `cairn fleet retry {worker}`"
    )]
    Quarantined {
        /// Its name.
        worker: String,
    },
    /// The thread of coordinator or worker could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl FleetError {
    /// Whether waiting may help: what the server or this machine cannot do now it may do later. A
    /// file that is not there, or nobody may read, is one that was named wrongly.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        match self {
            Self::Unreachable { .. } | Self::Stream { .. } | Self::Thread(_) => true,
            Self::File { source, .. } => !matches!(
                source.kind(),
                NotFound | PermissionDenied | IsADirectory | NotADirectory | InvalidData
            ),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_cannot_do_now_is_no_wrong_configuration() {
        let file = |kind: io::ErrorKind| FleetError::File {
            what: "nkey",
            path: PathBuf::from("w0.nk"),
            source: kind.into(),
        };
        assert!(FleetError::Thread(io::ErrorKind::WouldBlock.into()).is_transient());
        assert!(file(io::ErrorKind::Interrupted).is_transient());
        assert!(!file(io::ErrorKind::NotFound).is_transient());
        assert!(!file(io::ErrorKind::PermissionDenied).is_transient());
    }
}
