//! Blobs from where they are kept: files, anvil, a beacon node or archive ([`super::beacon`]). None of them is trusted: a blob is what
//! its versioned hash says (EIP-4844).

use std::{future::Future, path::PathBuf, pin::Pin};

use alloy::{
    eips::eip4844::{BYTES_PER_BLOB, Blob, env_settings::EnvKzgSettings, kzg_to_versioned_hash},
    primitives::{B256, Bytes},
    providers::{DynProvider, Provider},
};

use crate::l1::blobs::decode;

use super::{
    commitment::{DataLocation, Publication},
    source::{DataError, DataSource, Found},
};

/// What a store finds.
pub type FoundBlob<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Bytes>, DataError>> + Send + 'a>>;

/// A place where blobs are kept.
pub trait BlobStore: Send + Sync {
    /// Its name in messages.
    fn name(&self) -> String;

    /// The blob with this versioned hash; `timestamp` is that of the block that carried it.
    fn blob(&self, hash: B256, timestamp: u64) -> FoundBlob<'_>;
}

/// Files named by versioned hash, `DIR/0x...`, the blob's 131,072 bytes in each.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl BlobStore for Folder {
    fn name(&self) -> String {
        self.0.display().to_string()
    }

    fn blob(&self, hash: B256, _timestamp: u64) -> FoundBlob<'_> {
        Box::pin(async move {
            match tokio::fs::read(self.0.join(hash.to_string())).await {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    Err(DataError::Source { origin: self.name(), reason: error.to_string() })
                }
            }
        })
    }
}

/// anvil's own method.
#[derive(Debug, Clone)]
pub struct LocalNode(pub DynProvider);

impl BlobStore for LocalNode {
    fn name(&self) -> String {
        "the node's anvil_getBlobByHash".to_owned()
    }

    fn blob(&self, hash: B256, _timestamp: u64) -> FoundBlob<'_> {
        Box::pin(async move {
            // Any other node refuses the method: it does not have the blob.
            let found =
                self.0.raw_request::<_, Option<Bytes>>("anvil_getBlobByHash".into(), [hash]);
            Ok(found.await.unwrap_or_default())
        })
    }
}

/// Stores in the order in which they are asked, as a source of data.
#[derive(Default)]
pub struct Blobs(Vec<Box<dyn BlobStore>>);

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|store| store.name())).finish()
    }
}

impl Blobs {
    /// One more store, asked after the others.
    pub fn push(&mut self, store: impl BlobStore + 'static) {
        self.0.push(Box::new(store));
    }

    /// The blob with this versioned hash, checked against it; `None` if no store has it.
    ///
    /// # Errors
    /// A store fails, or has something else under this name.
    pub async fn get(&self, hash: B256, timestamp: u64) -> Result<Option<Bytes>, DataError> {
        for store in &self.0 {
            if let Some(blob) = store.blob(hash, timestamp).await? {
                check(&store.name(), hash, &blob)?;
                return Ok(Some(blob));
            }
        }
        Ok(None)
    }

    /// All blobs of a commitment.
    async fn all(&self, hashes: &[B256], timestamp: u64) -> Result<Vec<Blob>, DataError> {
        let (mut blobs, mut missing) = (Vec::new(), Vec::new());
        for &hash in hashes {
            match self.get(hash, timestamp).await? {
                // Of the right length: it has been checked.
                Some(blob) => blobs.extend(Blob::try_from(blob.as_ref()).ok()),
                None => missing.push(hash),
            }
        }
        if missing.is_empty() { Ok(blobs) } else { Err(DataError::MissingBlobs(missing)) }
    }
}

impl DataSource for Blobs {
    fn words<'a>(
        &'a self,
        batch: &'a Publication,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let DataLocation::Blobs { versioned_hashes, words } = &batch.location else {
                return Ok(None);
            };
            let blobs = self.all(versioned_hashes, batch.timestamp).await?;
            Ok(Some(decode(&blobs, *words as usize)?))
        })
    }
}

/// Refuses a blob of another name.
fn check(origin: &str, hash: B256, blob: &[u8]) -> Result<(), DataError> {
    let origin = origin.to_owned();
    if blob.len() != BYTES_PER_BLOB {
        let (expected, got) = (BYTES_PER_BLOB, blob.len());
        return Err(DataError::BlobLength { origin, hash, expected, got });
    }
    match versioned_hash(blob) {
        Ok(got) if got == hash => Ok(()),
        Ok(got) => Err(DataError::BlobMismatch { origin, hash, got: got.to_string() }),
        Err(got) => Err(DataError::BlobMismatch { origin, hash, got }),
    }
}

/// The versioned hash of a blob: of its KZG commitment under the ceremony's set-up.
pub(super) fn versioned_hash(blob: &[u8]) -> Result<B256, String> {
    let blob = c_kzg::Blob::from_bytes(blob).map_err(|e| e.to_string())?;
    let settings = EnvKzgSettings::Default;
    let commitment = settings.get().blob_to_kzg_commitment(&blob).map_err(|e| e.to_string())?;
    Ok(kzg_to_versioned_hash(commitment.to_bytes().as_slice()))
}
