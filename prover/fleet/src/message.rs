//! What coordinator and workers say to each other. Witnesses and proofs travel apart: these name them.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, Error as _},
};
use thiserror::Error;

use crate::{ledger::Denial, queue::Queue};

/// Bytes of the longest message that is read.
pub const MAX_BYTES: usize = 16 << 10;

/// The header that names what a result is of.
pub const ASSIGNMENT: &str = "Cairn-Assignment";

/// A message as it travels.
///
/// # Panics
/// Never: plain data has an encoding.
#[must_use]
pub fn encode(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).expect("plain data has an encoding").into()
}

/// Inverse of [`encode`], of bytes from anyone.
///
/// # Errors
/// They are no such message, or too many.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("expected at most {MAX_BYTES} bytes, got {}", bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// A message with bytes after it. JSON has no line break of its own.
#[must_use]
pub fn encode_with(message: &impl Serialize, tail: &[Bytes]) -> Bytes {
    let head = encode(message);
    let mut all = Vec::with_capacity(head.len() + 1 + tail.iter().map(Bytes::len).sum::<usize>());
    all.extend_from_slice(&head);
    all.push(b'\n');
    tail.iter().for_each(|bytes| all.extend_from_slice(bytes));
    all.into()
}

/// Inverse of [`encode_with`]; of a message without bytes after it, too.
///
/// # Errors
/// There is no such message, or it is too long.
pub fn decode_with<T: DeserializeOwned>(bytes: &Bytes) -> Result<(T, Bytes), String> {
    match bytes.iter().take(MAX_BYTES + 1).position(|&byte| byte == b'\n') {
        Some(end) => Ok((decode(&bytes.slice(..end))?, bytes.slice(end + 1..))),
        None => Ok((decode(bytes)?, Bytes::new())),
    }
}

/// Letters of the longest name of a worker.
const NAME: usize = 64;

/// Who proves: unique in its fleet. Letters, digits and hyphens, as it is a part of subjects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WorkerId(String);

/// A text that names no worker.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected 1 to {NAME} letters, digits and hyphens, got {got:?}")]
pub struct NameError {
    got: String,
}

impl WorkerId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkerId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-';
        match (1..=NAME).contains(&text.len()) && text.chars().all(is_fit) {
            true => Ok(Self(text.to_owned())),
            false => Err(NameError { got: text.chars().take(NAME).collect() }),
        }
    }
}

impl<'de> Deserialize<'de> for WorkerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Bytes of a lease.
const LEASE: usize = 16;

/// What a worker was given an assignment under: where its work is, and its result goes. Nobody guesses one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Lease(String);

impl Lease {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(hex::encode(rand::random::<[u8; LEASE]>()))
    }

    /// In hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Lease {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_fit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        match text.len() == 2 * LEASE && text.chars().all(is_fit) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("expected {LEASE} bytes in lower hex")),
        }
    }
}

impl<'de> Deserialize<'de> for Lease {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Circuits and keys that proofs are made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Root of the circuit set, in hex.
    pub circuits: String,
    /// SHA-256 of the SNARK's verifying key, in hex.
    pub keys: String,
}

/// A message of a queue: an assignment to be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The assignment.
    pub id: AssignmentId,
}

/// What a worker asks the coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Whether it may work here, which it says before anything else.
    Join {
        /// What it proves with.
        version: Version,
    },
    /// For what it has got a message of.
    Claim {
        /// What it proves with: the operator may have been upgraded since it was let in.
        version: Version,
        /// The queue.
        queue: Queue,
        /// The message's place in the stream.
        place: u64,
        /// The number of its delivery: what is given back is named by both.
        delivery: u64,
        /// The assignment in it.
        id: AssignmentId,
    },
}

/// The coordinator's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It may work here.
    Welcome,
    /// The proofs of this fleet are made with other circuits or keys: with these.
    Version(Version),
    /// The worker has what it has claimed, which is the first, and perhaps more of that queue.
    Granted(Vec<Grant>),
    /// It may not have it.
    Denied(Denial),
}

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// There is something in a queue that it takes.
    Wake,
    /// It may claim this: whoever has got the message of it does not.
    Offer {
        /// The queue.
        queue: Queue,
        /// The message's place in the stream.
        place: u64,
        /// The assignment in it.
        id: AssignmentId,
    },
    /// What it holds under this lease is done by another, or wanted no more.
    Over(Lease),
    /// It is to end with what it holds, and take nothing more.
    Drain,
    /// The operator has gone to other circuits or keys: these.
    Version(Version),
}

/// A lease, and the work under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The assignment.
    pub id: AssignmentId,
    /// The lease.
    pub lease: Lease,
    /// Bytes of the work.
    pub bytes: u64,
    /// SHA-256 of the work, in hex.
    pub sha256: String,
    /// The work comes after the answer, behind that of the grants before; otherwise it is fetched.
    pub is_here: bool,
}

/// What a worker says of a lease instead of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// It gives it back unfinished, as it is told to stop.
    Returned,
    /// It cannot do it: why.
    Failed(String),
}

/// What a worker is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The assignment.
    pub id: AssignmentId,
    /// What it was given under.
    pub lease: Lease,
}

/// From a worker, every few seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Who it is.
    pub worker: WorkerId,
    /// What it proves with.
    pub version: Version,
    /// The queues that it takes from.
    pub queues: Vec<Queue>,
    /// Threads that prove.
    pub threads: usize,
    /// MiB that it may take.
    pub memory_mb: u64,
    /// Its processor, and what the prover uses of it.
    pub machine: String,
    /// It takes nothing more, and ends with what it holds.
    pub is_draining: bool,
    /// What it is at, or has ahead.
    pub holds: Vec<Held>,
}
