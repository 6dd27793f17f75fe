//! Words from the members of a data committee: folders of theirs, or servers of such folders. None is trusted: words are
//! what L1's digest and count say.

use std::{fmt, io, pin::Pin};

use alloy::primitives::B256;
use cairn_types::Word;

use super::{
    TIMEOUT,
    commitment::{DataLocation, Publication},
    source::{DataError, DataSource, Found},
};
use crate::{
    committee::{Store, check, file_name, length, read},
    l1::http::{Http, Limits, host_of},
};

/// A place where a member gives out what it keeps.
#[derive(Debug, Clone)]
enum Place {
    /// A folder with a file a batch.
    Folder(Store),
    /// A server of one.
    Server { url: String, http: Http },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(store) => store.folder().display().fmt(f),
            Self::Server { url, .. } => f.write_str(&host_of(url)),
        }
    }
}

impl Place {
    /// The words of this digest; `None` where they are not. An error is a reason.
    async fn words(&self, digest: B256, count: u32) -> Result<Option<Vec<Word>>, String> {
        match self {
            Self::Folder(store) => {
                let path = store.path(digest);
                let read = tokio::task::spawn_blocking(move || read(&path, digest, count));
                match read.await.map_err(|e| e.to_string())? {
                    Ok(found) => found.map(Some).map_err(|e| e.to_string()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error.to_string()),
                }
            }
            Self::Server { url, http } => {
                let bytes = length(count).map_err(|e| e.to_string())?;
                let limits = Limits { time: TIMEOUT, bytes };
                let found = http.get(&format!("{url}/{}", file_name(digest)), limits).await;
                let Some(bytes) = found.map_err(|e| e.to_string())? else { return Ok(None) };
                check(&bytes, digest, count).map(Some).map_err(|e| e.to_string())
            }
        }
    }
}

/// Members in the order in which they are asked.
#[derive(Debug, Clone, Default)]
pub struct Members(Vec<Place>);

impl Members {
    /// One more: the URL of a server, or a folder.
    pub fn push(&mut self, place: &str) {
        let is_url = ["http://", "https://"].iter().any(|scheme| place.starts_with(scheme));
        self.0.push(if is_url {
            let url = place.trim_end_matches('/').to_owned();
            Place::Server { http: Http::new(&url), url }
        } else {
            Place::Folder(Store::new(place))
        });
    }
}

impl DataSource for Members {
    fn words<'a>(
        &'a self,
        batch: &'a Publication,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let DataLocation::Committee { words } = batch.location else { return Ok(None) };
            if self.0.is_empty() {
                return Ok(None);
            }
            let digest = batch.committed.data_digest;
            let mut answers = Vec::new();
            for place in &self.0 {
                match place.words(digest, words).await {
                    Ok(Some(found)) => return Ok(Some(found)),
                    Ok(None) => answers.push(format!("{place} does not have them")),
                    // Another member may be better.
                    Err(reason) => answers.push(format!("{place}: {reason}")),
                }
            }
            Err(DataError::Withheld { digest, words, answers: answers.join(", ") })
        })
    }
}
