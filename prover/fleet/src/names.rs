//! Streams and subjects of one rollup's fleet. Several rollups share a server by their prefixes, each with accounts of its own.
//!
//! ```text
//! P_LEAF, P_RECURSION, P_WRAP   P.task.QUEUE                    work queues: ids; a consumer for each queue
//! P_PAYLOAD                     P.payload.WORKER.LEASE.PART     work that was granted, until it is done or too old
//! P_RESULT                      P.result.WORKER.LEASE, P.note.WORKER.LEASE
//! P_PROOF                       P.proof.ID                      results that hold, for a coordinator that is started again
//!                               P.ask.WORKER                    a worker asks, the coordinator answers
//!                               P.beat.WORKER, P.to.WORKER      how it is; what it is told
//! ```
//!
//! The name of the worker is a part of what it sends to, and its permissions fix that name: so a worker speaks for itself only, and reads
//! what it was granted only (`docs/fleet.md`).

use std::{fmt, str::FromStr};

use cairn_prover::{assignment::Class, claim::AssignmentId};
use thiserror::Error;

use crate::{
    message::{Lease, WorkerId},
    queue::Queue,
};

/// Letters of the longest prefix.
const LONGEST: usize = 32;

/// The prefix of one rollup's streams and subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(String);

/// A text that is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected 1 to {LONGEST} letters and digits as the fleet's prefix, got {got:?}")]
pub struct PrefixError {
    got: String,
}

impl Default for Names {
    fn default() -> Self {
        Self("cairn".to_owned())
    }
}

impl FromStr for Names {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let is_fit = |c: char| c.is_ascii_alphanumeric();
        match (1..=LONGEST).contains(&text.len()) && text.chars().all(is_fit) {
            true => Ok(Self(text.to_owned())),
            false => Err(PrefixError { got: text.chars().take(LONGEST).collect() }),
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Names {
    /// The work queues of a class.
    #[must_use]
    pub fn tasks(&self, class: Class) -> String {
        format!("{self}_{}", class.name().to_ascii_uppercase())
    }

    /// Granted work.
    #[must_use]
    pub fn payloads(&self) -> String {
        format!("{self}_PAYLOAD")
    }

    /// What workers send.
    #[must_use]
    pub fn results(&self) -> String {
        format!("{self}_RESULT")
    }

    /// Results that hold.
    #[must_use]
    pub fn proofs(&self) -> String {
        format!("{self}_PROOF")
    }

    /// Where a queue's messages go.
    #[must_use]
    pub fn task(&self, queue: Queue) -> String {
        format!("{self}.task.{queue}")
    }

    /// Where a worker asks for the next message of a queue.
    #[must_use]
    pub fn next(&self, queue: Queue) -> String {
        format!("$JS.API.CONSUMER.MSG.NEXT.{}.{queue}", self.tasks(queue.class()))
    }

    /// Where a message of a queue is acknowledged, by its place in the stream: only the coordinator may. The delivery counts
    /// where the message is given back, and may be any otherwise.
    #[must_use]
    pub fn ack(&self, queue: Queue, place: u64, delivery: u64) -> String {
        format!("$JS.ACK.{}.{queue}.1.{place}.{delivery}.0.0", self.tasks(queue.class()))
    }

    /// A part of granted work.
    #[must_use]
    pub fn payload(&self, worker: &str, lease: &Lease, part: impl fmt::Display) -> String {
        format!("{self}.payload.{worker}.{}.{part}", lease.as_str())
    }

    /// Where a worker reads a part of what it was granted.
    #[must_use]
    pub fn read(&self, worker: &WorkerId, lease: &Lease, part: usize) -> String {
        let subject = self.payload(worker.as_str(), lease, part);
        format!("$JS.API.DIRECT.GET.{}.{subject}", self.payloads())
    }

    /// Where a result goes.
    #[must_use]
    pub fn result(&self, worker: &WorkerId, lease: &Lease) -> String {
        format!("{self}.result.{worker}.{}", lease.as_str())
    }

    /// Where it is said that there will be no result.
    #[must_use]
    pub fn note(&self, worker: &WorkerId, lease: &Lease) -> String {
        format!("{self}.note.{worker}.{}", lease.as_str())
    }

    /// All that a worker has sent of results and notes.
    #[must_use]
    pub fn all_of(&self, worker: &WorkerId) -> [String; 2] {
        [format!("{self}.result.{worker}.*"), format!("{self}.note.{worker}.*")]
    }

    /// A result that holds.
    #[must_use]
    pub fn proof(&self, id: &AssignmentId) -> String {
        format!("{self}.proof.{id}")
    }

    /// Where a worker, or whoever is there for `*`, asks the coordinator.
    #[must_use]
    pub fn ask(&self, worker: &str) -> String {
        format!("{self}.ask.{worker}")
    }

    /// Where a worker, or whoever is there for `*`, says how it is.
    #[must_use]
    pub fn beat(&self, worker: &str) -> String {
        format!("{self}.beat.{worker}")
    }

    /// Where a worker is told something.
    #[must_use]
    pub fn to(&self, worker: &WorkerId) -> String {
        format!("{self}.to.{worker}")
    }

    /// The last two parts of a subject: a worker and its lease.
    #[must_use]
    pub fn holder(subject: &str) -> Option<(WorkerId, Lease)> {
        let mut parts = subject.rsplit('.');
        let lease = parts.next()?.parse().ok()?;
        Some((parts.next()?.parse().ok()?, lease))
    }

    /// The last part of a subject: a worker.
    #[must_use]
    pub fn worker(subject: &str) -> Option<WorkerId> {
        subject.rsplit('.').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_letters_and_digits() {
        assert_eq!("rollup1".parse::<Names>().unwrap().tasks(Class::Leaf), "rollup1_LEAF");
        for bad in ["", "a.b", "a*", "a>", "a_b", "a b", &"x".repeat(33)] {
            assert!(bad.parse::<Names>().is_err(), "{bad}");
        }
    }

    #[test]
    fn who_sent_something_is_read_from_where_it_was_sent() {
        let (names, lease) = (Names::default(), Lease::random());
        let worker: WorkerId = "spot-7".parse().unwrap();
        let subject = names.result(&worker, &lease);
        assert_eq!(Names::holder(&subject), Some((worker.clone(), lease)));
        assert_eq!(Names::worker(&names.beat("spot-7")), Some(worker));
        for bad in ["cairn.result.a.*", "cairn.result.a.b", "x", "", "cairn.result..00"] {
            assert_eq!(Names::holder(bad), None, "{bad}");
        }
    }
}
