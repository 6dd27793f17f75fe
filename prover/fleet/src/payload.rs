//! Work that was granted: a small one in the answer to the claim, a larger one in parts that every
//! server takes, under the name of the one worker who may read it; always with its hash.

use async_nats::{Client, jetstream::Context};
use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    bus::PATIENCE,
    error::FleetError,
    message::{Grant, Lease, WorkerId},
    names::Names,
};

/// Bytes of the largest work that goes with the answer to a claim.
pub const SMALL: usize = 64 << 10;
/// Bytes of all the work that goes with one answer: below the least that servers take by default.
pub const SMALL_TOGETHER: usize = 512 << 10;

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
    /// The worker is told to stop.
    #[error("the worker is told to stop")]
    Stopped,
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

/// Says how work is granted.
#[must_use]
pub fn describe(id: AssignmentId, lease: Lease, work: &[u8]) -> Grant {
    let is_here = work.len() <= SMALL;
    Grant { id, lease, bytes: work.len() as u64, sha256: sha256(work), is_here }
}

/// Puts work there.
///
/// # Errors
/// The server's.
pub async fn put(
    jetstream: &Context,
    names: &Names,
    worker: &WorkerId,
    lease: &Lease,
    work: &Bytes,
) -> Result<(), FleetError> {
    let failed = |reason: String| FleetError::Stream { what: "storing work".to_owned(), reason };
    let mut stored = Vec::new();
    for (part, at) in (0..work.len()).step_by(PART).enumerate() {
        let bytes = work.slice(at..work.len().min(at + PART));
        let subject = names.payload(worker.as_str(), lease, part);
        let sent = jetstream.publish(subject, bytes).await;
        stored.push(sent.map_err(|error| failed(error.to_string()))?.into_future());
    }
    try_join_all(stored).await.map(drop).map_err(|error| failed(error.to_string()))
}

/// Removes what was put there for a lease. Nobody waits for the answer: what stays goes with its
/// age.
pub async fn remove(client: &Client, names: &Names, lease: &Lease) {
    let filter = names.payload("*", lease, "*");
    purge(client, &names.payloads(), &filter).await;
}

/// Removes what a stream has under a subject, and waits for no answer.
pub(crate) async fn purge(client: &Client, stream: &str, filter: &str) {
    let body = serde_json::json!({ "filter": filter }).to_string();
    let _ = client.publish(format!("$JS.API.STREAM.PURGE.{stream}"), body.into()).await;
}

/// Takes what came with an answer: the work of this grant, and what is behind it.
///
/// # Errors
/// It is not there, or not what was granted.
pub fn take(grant: &Grant, bytes: &Bytes) -> Result<(Bytes, Bytes), PayloadError> {
    let end = usize::try_from(grant.bytes).unwrap_or(usize::MAX).min(bytes.len());
    let work = bytes.slice(..end);
    check(grant, &work)?;
    Ok((work, bytes.slice(end..)))
}

fn check(grant: &Grant, work: &[u8]) -> Result<(), PayloadError> {
    let described = |bytes: u64, hash: &str| format!("{bytes} bytes of {hash}");
    let hash = sha256(work);
    if (work.len() as u64, &hash) == (grant.bytes, &grant.sha256) {
        return Ok(());
    }
    let expected = described(grant.bytes, &grant.sha256);
    Err(PayloadError::Changed { expected, got: described(work.len() as u64, &hash) })
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
) -> Result<Bytes, PayloadError> {
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
    check(grant, &work)?;
    Ok(work.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{self, Answer};

    fn granted(works: &[&[u8]]) -> (Vec<Grant>, Bytes) {
        let id = |n: usize| AssignmentId::new(&format!("a-{n}")).unwrap();
        let describe = |(n, work): (usize, &&[u8])| describe(id(n), Lease::random(), work);
        let grants: Vec<_> = works.iter().enumerate().map(describe).collect();
        let works: Vec<_> = works.iter().map(|work| Bytes::copy_from_slice(work)).collect();
        let bytes = message::encode_with(&Answer::Granted(grants.clone()), &works);
        (grants, bytes)
    }

    #[test]
    fn work_comes_with_its_answer_and_what_is_cut_or_changed_is_noticed() {
        let works: [&[u8]; 3] = [b"one\ntwo", b"", &[7; SMALL]];
        let (grants, bytes) = granted(&works);
        let (answer, mut rest) = message::decode_with::<Answer>(&bytes).unwrap();
        assert_eq!(answer, Answer::Granted(grants.clone()));
        for (grant, work) in grants.iter().zip(works) {
            let taken = take(grant, &rest).unwrap();
            assert_eq!(taken.0, work);
            rest = taken.1;
        }
        assert!(rest.is_empty());
        let cut = message::decode_with::<Answer>(&bytes.slice(..bytes.len() - 1)).unwrap().1;
        assert!(take(&grants[0], &cut).is_ok());
        assert!(take(&grants[2], &cut.slice(7..)).is_err());
        assert!(take(&grants[1], &cut).unwrap().0.is_empty());
        let huge = Grant { bytes: u64::MAX, ..grants[0].clone() };
        assert!(take(&huge, &cut).is_err());
    }

    #[test]
    fn what_is_small_comes_with_the_answer() {
        let (grants, _) = granted(&[&[0; SMALL], &[0; SMALL + 1]]);
        assert_eq!(grants.iter().map(|grant| grant.is_here).collect::<Vec<_>>(), [true, false]);
    }
}
