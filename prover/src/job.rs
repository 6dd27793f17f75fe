//! A batch to prove, as a value and as a file.

use std::{io, path::Path};

use cairn_state::BatchWitness;
use cairn_types::{DataLocation, Header};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::files::write_atomically;

/// Bytes of the largest job that is read: some 100,000 operations.
const MAX_BYTES: usize = 1 << 30;

/// A batch to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchJob {
    /// What happened in it.
    pub witness: BatchWitness,
    /// Where its data is on L1: the points of evaluation, and which circuits prove it, follow.
    pub data: DataLocation,
    /// Its number on L1.
    pub number: u32,
    /// Chain hash of the batch before.
    pub previous_chain_hash: [u8; 32],
}

/// Bytes are not a job.
#[derive(Debug, Error)]
pub enum JobError {
    /// They do not decode: torn, foreign, of another version, or too large.
    #[error("not a batch of this version: {0}")]
    Decode(#[from] bincode::error::DecodeError),
    /// There is more than one job.
    #[error("a batch ends after {expected} bytes, got {got}")]
    Trailing {
        /// Bytes of the job.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
}

impl BatchJob {
    /// The header as L1 builds it.
    #[must_use]
    pub fn header(&self) -> Header {
        self.witness.header(self.number, &self.data)
    }

    /// The job in bincode's standard encoding.
    ///
    /// # Panics
    /// Never: the encoding holds every job.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bincode::serde::encode_to_vec(self, bincode::config::standard())
            .expect("plain data has an encoding")
    }

    /// Inverse of [`Self::to_bytes`]. Trust: none; a job that decodes may still not be provable.
    ///
    /// # Errors
    /// [`JobError`]; memory stays below a small multiple of the input.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JobError> {
        let config = bincode::config::standard().with_limit::<MAX_BYTES>();
        let (job, expected) = bincode::serde::decode_from_slice(bytes, config)?;
        if expected == bytes.len() {
            Ok(job)
        } else {
            Err(JobError::Trailing { expected, got: bytes.len() })
        }
    }

    /// Writes the job to a file: all of it or nothing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_atomically(path, |file| io::Write::write_all(file, &self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use cairn_state::{BatchBuilder, Environment, State};
    use cairn_types::{Operation, PriorityOperation, PublicKey, Word};

    use super::*;

    fn job() -> BatchJob {
        let environment = Environment { domain: Word::default(), timestamp: 7 };
        let mut batch = BatchBuilder::new(State::genesis(), environment);
        let key = PublicKey::new([1, 2, 3, 4, 5]).unwrap();
        for operation in [
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 9, key },
            PriorityOperation::Deposit { leaf: 0, token: 0, amount: 5, key },
        ] {
            batch.push(Operation::Priority(operation)).unwrap();
        }
        let data = DataLocation::Blobs(vec![[1; 32], [2; 32]]);
        BatchJob { witness: batch.finish().1, data, number: 1, previous_chain_hash: [7; 32] }
    }

    #[test]
    fn jobs_come_back_and_damaged_ones_do_not() {
        let job = job();
        let bytes = job.to_bytes();
        assert_eq!(BatchJob::from_bytes(&bytes).unwrap(), job);
        for length in 0..bytes.len() {
            assert!(BatchJob::from_bytes(&bytes[..length]).is_err(), "cut after {length} bytes");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(BatchJob::from_bytes(&longer), Err(JobError::Trailing { .. })));
        // A length of 2^60 slots must not allocate them.
        assert!(BatchJob::from_bytes(&[0xfd; 200]).is_err());
    }
}
