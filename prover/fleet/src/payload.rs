//! Work that was granted: in parts that every server takes, with its hash, under the name of the one worker who may read it.

use async_nats::{Client, jetstream::Context};
use bytes::Bytes;
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    bus::PATIENCE,
    error::FleetError,
    message::{Grant, Lease, WorkerId},
    names::Names,
};

/// Bytes of a part: below the least that servers take by default.
const PART: usize = 1_000_000;
/// Bytes of the largest work that is fetched.
const LARGEST: u64 = 1 << 28;

/// Work that did not come as it was granted. The worker gives its lease back: it is put there again for the next.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// The grant speaks of more than any assignment has.
    #[error("expected at most {LARGEST} bytes of work, got {got}")]
    Large {
        /// Bytes.
        got: u64,
    },
    /// A part is not there.
    #[error("part {part} of the work is not there: {reason}")]
    Missing {
        /// Which.
        part: usize,
        /// What the server says.
        reason: String,
    },
    /// The parts are not what was put there.
    #[error("the work has changed: expected {expected}, got {got}")]
    Changed {
        /// Its length and hash, as granted.
        expected: String,
        /// As found.
        got: String,
    },
}

/// In hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Puts work there and says how it is granted.
///
/// # Errors
/// The server's.
pub async fn put(
    jetstream: &Context,
    names: &Names,
    worker: &WorkerId,
    lease: Lease,
    work: Bytes,
) -> Result<Grant, FleetError> {
    let failed = |reason: String| FleetError::Stream { what: "storing work".to_owned(), reason };
    let mut stored = Vec::new();
    for (part, at) in (0..work.len()).step_by(PART).enumerate() {
        let bytes = work.slice(at..work.len().min(at + PART));
        let subject = names.payload(worker, &lease, part);
        let sent = jetstream.publish(subject, bytes).await;
        stored.push(sent.map_err(|error| failed(error.to_string()))?.into_future());
    }
    try_join_all(stored).await.map_err(|error| failed(error.to_string()))?;
    Ok(Grant { lease, bytes: work.len() as u64, sha256: sha256(&work) })
}

/// Removes it.
pub async fn remove(jetstream: &Context, names: &Names, worker: &WorkerId, lease: &Lease) {
    if let Ok(stream) = jetstream.get_stream(names.payloads()).await {
        // What stays goes with its age.
        let _ = stream.purge().filter(names.payload(worker, lease, "*")).await;
    }
}

/// Fetches what was granted. Memory is that of the work, whatever comes.
///
/// # Errors
/// It is not there, or not what was put there.
pub async fn get(
    client: &Client,
    names: &Names,
    worker: &WorkerId,
    grant: &Grant,
) -> Result<Vec<u8>, PayloadError> {
    if grant.bytes > LARGEST {
        return Err(PayloadError::Large { got: grant.bytes });
    }
    let mut work = Vec::new();
    for part in 0..grant.bytes.div_ceil(PART as u64) as usize {
        let subject = names.read(worker, &grant.lease, part);
        let asked = tokio::time::timeout(PATIENCE, client.request(subject, Bytes::new())).await;
        let missing = |reason: String| PayloadError::Missing { part, reason };
        let message = match asked {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return Err(missing(error.to_string())),
            Err(_) => return Err(missing("no answer".to_owned())),
        };
        if let Some(status) = message.status {
            return Err(missing(format!("{status}")));
        }
        work.extend_from_slice(&message.payload);
        if work.len() as u64 > grant.bytes {
            break;
        }
    }
    let described = |bytes: u64, hash: &str| format!("{bytes} bytes of {hash}");
    let hash = sha256(&work);
    if (work.len() as u64, &hash) == (grant.bytes, &grant.sha256) {
        return Ok(work);
    }
    let expected = described(grant.bytes, &grant.sha256);
    Err(PayloadError::Changed { expected, got: described(work.len() as u64, &hash) })
}
