//! Why a follower does not get on.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{
    api::ServerError, client::ClientError, l1::error::L1Error, reconstruct::ReconstructError,
    snapshot::SnapshotError, store::StoreError,
};

/// Why a follower does not get on. [`Self::may_pass`] says whether to try again.
#[derive(Debug, Error)]
pub enum FollowError {
    /// L1, its data, or what they come to.
    #[error(transparent)]
    Reconstruct(#[from] ReconstructError),
    /// L1's node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The rows that the API reads.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state's file.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The data folder.
    #[error("--data-dir {}: {source}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The operator does not answer.
    #[error(transparent)]
    Operator(#[from] ClientError),
    /// The operator takes too long.
    #[error("the operator has not answered all within {seconds} s")]
    SlowOperator {
        /// What it had.
        seconds: u64,
    },
    /// The operator is another rollup's.
    #[error(
        "it is of rollup {got} on chain {got_chain}, expected {expected} on chain {expected_chain}"
    )]
    OtherOperator {
        /// As followed.
        expected: String,
        /// Its chain.
        expected_chain: u64,
        /// As the operator says.
        got: String,
        /// Its chain.
        got_chain: u64,
    },
    /// What answers is no operator.
    #[error("a follower answers there, and says what L1 says: give the URL of the operator itself")]
    NoOperator,
    /// The API.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file with a receipt.
    #[error("--receipt {}: {reason}", .file.display())]
    Receipt {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what is expected.
        reason: String,
    },
}

impl FollowError {
    /// Whether it may pass by itself: L1's node or a place with data is away or wrong, or the operator. Whatever these
    /// say must not end a follower.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        use ReconstructError::{Data, History, L1, OtherRecord};
        match self {
            Self::Reconstruct(error) => {
                matches!(error, L1(_) | History(_) | OtherRecord { .. } | Data { .. })
            }
            Self::L1(_) | Self::SlowOperator { .. } => true,
            // No URL becomes one.
            Self::Operator(error) => !matches!(error, ClientError::Url { .. }),
            _ => false,
        }
    }
}
