//! Words from the members of a data committee: folders of theirs, or servers of such folders. None is trusted: words are
//! what L1's digest and count say.

use std::{fmt, pin::Pin};

use alloy::primitives::B256;
use cairn_types::Word;

use super::{
    commitment::{DataLocation, Publication},
    places::{Places, Refusal, in_thread},
    remote::{BadUrl, Remote},
    source::{DataError, DataSource, Found},
};
use crate::committee::{Store, check, file_name, length, read};

/// Batches whose words are asked for at a time: those of the largest one take 124 MiB, and as much again while they are checked.
const AT_A_TIME: usize = 2;

/// A place where a member gives out what it keeps.
#[derive(Debug)]
enum Place {
    /// A folder with a file a batch.
    Folder(Store),
    /// A server of one.
    Server(Remote),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(store) => store.folder().display().fmt(f),
            Self::Server(remote) => remote.fmt(f),
        }
    }
}

impl Place {
    /// The words of this digest.
    async fn words(&self, digest: B256, count: u32) -> Result<Vec<Word>, Refusal> {
        match self {
            Self::Folder(store) => {
                let store = store.clone();
                in_thread(move || {
                    let found = read(&store.path(digest), digest, count);
                    Ok(found.map_err(|e| Refusal::of_file(store.folder(), &e))??)
                })
                .await
            }
            Self::Server(remote) => {
                let path = format!("/{}", file_name(digest));
                let bytes = remote.get(&path, None, length(count)?).await?;
                in_thread(move || Ok(check(&bytes, digest, count)?)).await
            }
        }
    }
}

/// Members in the order in which they are asked.
#[derive(Debug)]
pub struct Members(Places<Place>);

impl Default for Members {
    fn default() -> Self {
        Self(Places::new(AT_A_TIME))
    }
}

impl Members {
    /// One more: the URL of a server, or a folder.
    ///
    /// # Errors
    /// A URL of something else than a server.
    pub fn push(&mut self, place: &str) -> Result<(), BadUrl> {
        self.0.push(match place.contains("://") {
            true => Place::Server(Remote::new(place)?),
            false => Place::Folder(Store::new(place)),
        });
        Ok(())
    }
}

impl DataSource for Members {
    fn words<'a>(
        &'a self,
        batch: &'a Publication,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let DataLocation::Committee { words } = batch.location else { return Ok(None) };
            let digest = batch.committed.data_digest;
            let found = self.0.first(|place| place.words(digest, words)).await;
            found.map(Some).map_err(|answers| DataError::Withheld { digest, words, answers })
        })
    }
}
