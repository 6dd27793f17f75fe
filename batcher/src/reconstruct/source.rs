//! Where the words of a batch's data come from.

use std::{future::Future, pin::Pin};

use alloy::primitives::B256;
use cairn_types::Word;
use thiserror::Error;

use crate::l1::blobs::BlobError;

use super::commitment::{BatchFault, DataLocation, Publication, words};

/// A batch's data cannot be had.
#[derive(Debug, Error)]
pub enum DataError {
    /// Blobs that no source has.
    #[error(
        "its data is in blobs, and no source has {}: nodes keep blobs for 18 days only; give --blobs DIR with the files, --beacon URL of an archive, or a later --from-snapshot",
        list(.0)
    )]
    MissingBlobs(Vec<B256>),
    /// Bytes of another length than a blob's.
    #[error("{origin}: blob {hash} has {got} bytes, expected {expected}")]
    BlobLength {
        /// Where it is from.
        origin: String,
        /// Its name.
        hash: B256,
        /// Of a blob.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// Bytes that are not the blob of this name.
    #[error(
        "{origin}: the blob named {hash} is another one ({got}); remove it or choose another source"
    )]
    BlobMismatch {
        /// Where it is from.
        origin: String,
        /// Its name.
        hash: B256,
        /// What its name should be, or why it is no blob.
        got: String,
    },
    /// A slot of which a node has blobs, but not the one that was there.
    #[error(
        "{origin}: none of its {got} blobs is {hash}, which L1 has seen there; choose another source"
    )]
    OtherBlobs {
        /// Where they are from.
        origin: String,
        /// The blob's name.
        hash: B256,
        /// How many there are.
        got: usize,
    },
    /// A source does not answer as it should.
    #[error("{origin}: {reason}")]
    Source {
        /// The source.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// The blobs are those of the batch, but there are no words in them.
    #[error(transparent)]
    BlobWords(#[from] BlobError),
    /// Nobody has to publish it.
    #[error(
        "VALIDIUM: its {words} words (digest {digest}) are with the data committee, and L1 has signatures only; {answers}: while the members withhold them, the escape hatch is unavailable for this batch and all after it; ask the members and give --committee DIR|URL, or use a later --from-snapshot"
    )]
    Withheld {
        /// Of the words.
        digest: B256,
        /// How many.
        words: u32,
        /// What became of asking.
        answers: String,
    },
    /// The bytes are no words.
    #[error(transparent)]
    Words(#[from] BatchFault),
}

fn list(hashes: &[B256]) -> String {
    hashes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What a source finds: nothing where it has not what the commitment is about.
pub type Found = Result<Option<Vec<Word>>, DataError>;

/// Finds the words of a batch's data.
///
/// Trust: none. Whoever uses the words holds them against the commitment's digest.
pub trait DataSource: Send + Sync {
    /// The data words behind a commitment.
    fn words<'a>(
        &'a self,
        batch: &'a Publication,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;
}

/// The call's own bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calldata;

impl DataSource for Calldata {
    fn words<'a>(
        &'a self,
        batch: &'a Publication,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            match &batch.location {
                DataLocation::Calldata(bytes) => Ok(Some(words(bytes)?)),
                _ => Ok(None),
            }
        })
    }
}

/// Sources in the order in which they are asked.
pub struct Sources(Vec<Box<dyn DataSource>>);

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sources").field(&self.0.len()).finish()
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self(vec![Box::new(Calldata)])
    }
}

impl Sources {
    /// One more, asked after the others.
    pub fn push(&mut self, source: impl DataSource + 'static) {
        self.0.push(Box::new(source));
    }

    /// The data words behind a commitment.
    ///
    /// # Errors
    /// No source has them, or one has something else under their name.
    pub async fn words(&self, batch: &Publication) -> Result<Vec<Word>, DataError> {
        for source in &self.0 {
            if let Some(words) = source.words(batch).await? {
                return Ok(words);
            }
        }
        match &batch.location {
            DataLocation::Blobs { versioned_hashes, .. } => {
                Err(DataError::MissingBlobs(versioned_hashes.clone()))
            }
            // Nobody needs to have what there is none of; whoever replays it checks that.
            DataLocation::Committee { words: 0 } => Ok(Vec::new()),
            &DataLocation::Committee { words } => Err(DataError::Withheld {
                digest: batch.committed.data_digest,
                words,
                answers: "no member was asked".to_owned(),
            }),
            DataLocation::Calldata(_) => unreachable!("the call's own bytes are always there"),
        }
    }
}
