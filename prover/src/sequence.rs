//! Batches that follow each other, as L1 wants them: one proof may be of several.

use cairn_types::{Digest, Header, KIND_BATCHES, SealStatement};
use thiserror::Error;

use crate::job::BatchJob;

/// Consecutive batches with their headers.
#[derive(Debug)]
pub(crate) struct Sequence<'a> {
    pub(crate) jobs: &'a [BatchJob],
    pub(crate) headers: Vec<Header>,
    from: [u8; 32],
    to: [u8; 32],
}

/// Batches that do not make one proof. Hashes are in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SequenceError {
    /// There are none.
    #[error("expected at least one batch to prove")]
    Empty,
    /// A batch is of another rollup than the one before.
    #[error("batch {batch} is of another rollup: expected domain {expected}, got {got}")]
    Domain {
        /// Number of the later batch.
        batch: u32,
        /// Of the batch before.
        expected: String,
        /// Its own.
        got: String,
    },
    /// Numbers have a gap, or are out of order.
    #[error("batches are not consecutive: expected number {expected}, got {got}")]
    Number {
        /// One more than that of the batch before.
        expected: u64,
        /// Its own.
        got: u32,
    },
    /// L1's timestamps never decrease.
    #[error(
        "batch {batch} is older than the one before: expected timestamp {expected} or later, got {got}"
    )]
    Timestamp {
        /// Number of the later batch.
        batch: u32,
        /// Of the batch before, in seconds.
        expected: u32,
        /// Its own, in seconds.
        got: u32,
    },
    /// A batch starts from another state than the one before ends with.
    #[error("batch {batch} starts from another state: expected {expected}, got {got}")]
    State {
        /// Number of the later batch.
        batch: u32,
        /// Commitment to the state after the batch before.
        expected: String,
        /// Commitment to the state that it starts from.
        got: String,
    },
    /// A batch names another chain hash than the one before has.
    #[error(
        "batch {batch} follows another chain: expected previous chain hash {expected}, got {got}"
    )]
    ChainHash {
        /// Number of the later batch.
        batch: u32,
        /// Chain hash of the batch before.
        expected: String,
        /// The one that it names.
        got: String,
    },
}

impl<'a> Sequence<'a> {
    /// Checks that each batch follows the one before. Costs one evaluation of the batches' words, and proves nothing.
    ///
    /// # Errors
    /// The first pair that does not.
    pub(crate) fn new(jobs: &'a [BatchJob]) -> Result<Self, SequenceError> {
        let from = jobs.first().ok_or(SequenceError::Empty)?.previous_chain_hash;
        let mut headers: Vec<Header> = Vec::with_capacity(jobs.len());
        let mut to = from;
        for job in jobs {
            let header = job.header();
            if let Some(previous) = headers.last() {
                follows(previous, &header)?;
            }
            differ(&to, &job.previous_chain_hash).map_err(|[expected, got]| {
                SequenceError::ChainHash { batch: header.number, expected, got }
            })?;
            to = header.chain_hash(&job.previous_chain_hash);
            headers.push(header);
        }
        Ok(Self { jobs, headers, from, to })
    }

    /// What a proof of all of them states (spec, section 6: kind 1).
    pub(crate) fn statement(&self, circuit_set_root: Digest) -> SealStatement {
        SealStatement { kind: KIND_BATCHES, circuit_set_root, from: self.from, to: self.to }
    }
}

/// Whether a header may come after another, but for the chain hash.
fn follows(previous: &Header, next: &Header) -> Result<(), SequenceError> {
    let batch = next.number;
    differ(&previous.domain.bytes(), &next.domain.bytes())
        .map_err(|[expected, got]| SequenceError::Domain { batch, expected, got })?;
    let expected = u64::from(previous.number) + 1;
    if u64::from(next.number) != expected {
        return Err(SequenceError::Number { expected, got: next.number });
    }
    let (expected, got) = (previous.timestamp, next.timestamp);
    if got < expected {
        return Err(SequenceError::Timestamp { batch, expected, got });
    }
    differ(&previous.state_after.to_bytes(), &next.state_before.to_bytes())
        .map_err(|[expected, got]| SequenceError::State { batch, expected, got })
}

/// Fails with both in hexadecimal if they differ.
fn differ(expected: &[u8], got: &[u8]) -> Result<(), [String; 2]> {
    if expected == got { Ok(()) } else { Err([hex::encode(expected), hex::encode(got)]) }
}

#[cfg(test)]
mod tests {
    use cairn_state::{BatchBuilder, Environment, State};
    use cairn_types::{DataLocation, Operation, PriorityOperation, PublicKey, Word};

    use super::*;

    const ROOT: [u64; 4] = [1, 2, 3, 4];

    /// Batches of a token each, a second apart.
    fn batches(count: u16) -> Vec<BatchJob> {
        let (mut state, mut jobs, mut hash) = (State::genesis(), Vec::new(), [9; 32]);
        for token in 0..count {
            let environment =
                Environment { domain: Word::default(), timestamp: 7 + u32::from(token) };
            let mut batch = BatchBuilder::new(state, environment);
            let key = PublicKey::new([1, 2, 3, 4, 5]).unwrap();
            let operation = PriorityOperation::RegisterToken { token, quantum_exponent: 9, key };
            batch.push(Operation::Priority(operation)).unwrap();
            let (after, witness) = batch.finish();
            state = after;
            let number = 5 + u32::from(token);
            let data = DataLocation::Calldata;
            let job = BatchJob { witness, data, number, previous_chain_hash: hash };
            hash = job.header().chain_hash(&hash);
            jobs.push(job);
        }
        jobs
    }

    fn refused(jobs: &[BatchJob]) -> SequenceError {
        Sequence::new(jobs).map(|_| ()).expect_err("the batches do not follow each other")
    }

    #[test]
    fn three_batches_state_the_range_from_before_the_first_to_after_the_last() {
        let jobs = batches(3);
        let root = Digest::new(ROOT).unwrap();
        let statement = Sequence::new(&jobs).unwrap().statement(root);
        assert_eq!((statement.kind, statement.circuit_set_root), (KIND_BATCHES, root));
        assert_eq!(statement.from, [9; 32]);
        let last = &jobs[2];
        assert_eq!(statement.to, last.header().chain_hash(&last.previous_chain_hash));
        let alone = Sequence::new(&jobs[1..2]).unwrap().statement(root);
        assert_eq!((alone.from, alone.to), (jobs[1].previous_chain_hash, last.previous_chain_hash));
        assert_eq!(refused(&[]), SequenceError::Empty);
    }

    #[test]
    fn swapped_missing_and_repeated_batches_are_refused_by_number() {
        let jobs = batches(3);
        let pick = |places: &[usize]| {
            let picked: Vec<_> = places.iter().map(|&place| jobs[place].clone()).collect();
            refused(&picked)
        };
        assert_eq!(pick(&[1, 0]), SequenceError::Number { expected: 7, got: 5 });
        assert_eq!(pick(&[0, 2]), SequenceError::Number { expected: 6, got: 7 });
        assert_eq!(pick(&[0, 1, 1]), SequenceError::Number { expected: 7, got: 6 });
        let mut last = batches(2);
        last[0].number = u32::MAX;
        last[1].number = 0;
        let expected = u64::from(u32::MAX) + 1;
        assert_eq!(refused(&last), SequenceError::Number { expected, got: 0 });
    }

    #[test]
    fn what_else_does_not_follow_is_named() {
        let change = |change: fn(&mut BatchJob)| {
            let mut jobs = batches(2);
            change(&mut jobs[1]);
            refused(&jobs)
        };
        let domain = change(|job| job.witness.environment.domain = Word::new([1; 31]));
        assert!(matches!(domain, SequenceError::Domain { batch: 6, .. }), "{domain}");
        let older = change(|job| job.witness.environment.timestamp = 6);
        assert_eq!(older, SequenceError::Timestamp { batch: 6, expected: 7, got: 6 });
        let state = change(|job| job.witness.before.state.next_id += 1);
        assert!(matches!(state, SequenceError::State { batch: 6, .. }), "{state}");
        let chain = change(|job| job.previous_chain_hash[31] ^= 1);
        assert!(matches!(chain, SequenceError::ChainHash { batch: 6, .. }), "{chain}");
        // What the batch before was published with changes its chain hash.
        let mut jobs = batches(2);
        jobs[0].data = DataLocation::Committee;
        assert!(matches!(refused(&jobs), SequenceError::ChainHash { batch: 6, .. }));
        // L1 takes equal timestamps.
        let mut jobs = batches(2);
        jobs[1].witness.environment.timestamp = 7;
        Sequence::new(&jobs).unwrap();
    }
}
