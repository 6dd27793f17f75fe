//! Where the words of a batch's data come from.

use std::{future::Future, pin::Pin};

use alloy::primitives::B256;
use cairn_types::Word;
use thiserror::Error;

use crate::l1::blobs::BlobError;

use super::{
    commitment::{BatchFault, DataLocation, Publication, words},
    places::Answers,
};

/// A batch's data cannot be had.
#[derive(Debug, Error)]
pub enum DataError {
    /// Blobs that no source has.
    #[error(
        "its data is in blobs, and no source has {}: {answers}; nodes keep blobs for 18 days only: give --blobs DIR with the files, --beacon URL of an archive (each several times if need be), or a later --from-snapshot",
        list(.missing)
    )]
    MissingBlobs {
        /// Their versioned hashes.
        missing: Vec<B256>,
        /// What became of asking.
        answers: Answers,
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
        answers: Answers,
    },
    /// The bytes are no words.
    #[error(transparent)]
    Words(#[from] BatchFault),
}

impl DataError {
    /// What two sources lack, as one that lacks it for the reasons of both.
    fn and(mut self, other: Self) -> Self {
        match (&mut self, other) {
            (Self::MissingBlobs { answers, .. }, Self::MissingBlobs { answers: others, .. })
            | (Self::Withheld { answers, .. }, Self::Withheld { answers: others, .. }) => {
                answers.extend(others);
            }
            // The first reason is as good as the second.
            _ => {}
        }
        self
    }
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
    /// No source has them: what each has said.
    pub async fn words(&self, batch: &Publication) -> Result<Vec<Word>, DataError> {
        // Nobody needs to have what there is none of; whoever replays it checks that.
        if let DataLocation::Blobs { words: 0, .. } | DataLocation::Committee { words: 0 } =
            batch.location
        {
            return Ok(Vec::new());
        }
        let mut missing: Option<DataError> = None;
        for source in &self.0 {
            match source.words(batch).await {
                Ok(Some(words)) => return Ok(words),
                Ok(None) => {}
                // Another source may be better.
                Err(error) => {
                    missing = Some(match missing {
                        Some(earlier) => earlier.and(error),
                        None => error,
                    });
                }
            }
        }
        Err(missing.unwrap_or_else(|| nobody_asked(batch)))
    }
}

/// There is no source for such a commitment.
fn nobody_asked(batch: &Publication) -> DataError {
    let answers = Answers::default();
    match &batch.location {
        DataLocation::Blobs { versioned_hashes, .. } => {
            DataError::MissingBlobs { missing: versioned_hashes.clone(), answers }
        }
        &DataLocation::Committee { words } => {
            DataError::Withheld { digest: batch.committed.data_digest, words, answers }
        }
        DataLocation::Calldata(_) => unreachable!("the call's own bytes are always there"),
    }
}
