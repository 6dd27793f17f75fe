//! Blobs from where they are kept: files, a beacon node or archive, anvil. None of them is trusted: a blob is what its
//! versioned hash says (EIP-4844).

use std::{future::Future, path::PathBuf, pin::Pin};

use alloy::{
    eips::eip4844::{BYTES_PER_BLOB, Blob, env_settings::EnvKzgSettings, kzg_to_versioned_hash},
    primitives::{B256, Bytes},
    providers::{DynProvider, Provider},
};
use serde::Deserialize;

use crate::l1::blobs::decode;

use super::{
    commitment::{CommitmentCall, DataLocation},
    source::{DataError, DataSource, Found},
};

/// What a store finds.
type FoundBlob<'a> = Pin<Box<dyn Future<Output = Result<Option<Bytes>, DataError>> + Send + 'a>>;

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

/// A beacon node, or an archive that answers as one.
#[derive(Debug, Clone)]
pub struct Beacon {
    url: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Genesis {
    genesis_time: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Spec {
    seconds_per_slot: String,
}

#[derive(Deserialize)]
struct Sidecar {
    blob: Bytes,
}

impl Beacon {
    /// A source at this URL; nothing is sent yet.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), client: reqwest::Client::new() }
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, DataError> {
        let failed = |e: reqwest::Error| self.error(path, e.without_url().to_string());
        let response =
            self.client.get(format!("{}{path}", self.url)).send().await.map_err(failed)?;
        if [404, 410].contains(&response.status().as_u16()) {
            return Ok(None);
        }
        let response = response.error_for_status().map_err(failed)?;
        Ok(Some(response.json::<Answer<T>>().await.map_err(failed)?.data))
    }

    fn error(&self, path: &str, reason: String) -> DataError {
        DataError::Source { origin: format!("beacon node {}{path}", self.url), reason }
    }

    /// The slot of a block.
    async fn slot(&self, timestamp: u64) -> Result<u64, DataError> {
        /// Of mainnet and of the test networks, where the node does not say.
        const SECONDS_PER_SLOT: u64 = 12;
        let path = "/eth/v1/beacon/genesis";
        let genesis: Option<Genesis> = self.get(path).await?;
        let genesis = genesis.and_then(|g| g.genesis_time.parse::<u64>().ok());
        let genesis = genesis.ok_or_else(|| self.error(path, "no genesis time".to_owned()))?;
        let spec: Option<Spec> = self.get("/eth/v1/config/spec").await.unwrap_or_default();
        let seconds = spec.and_then(|s| s.seconds_per_slot.parse().ok());
        let seconds = seconds.filter(|&seconds| seconds > 0).unwrap_or(SECONDS_PER_SLOT);
        Ok(timestamp.saturating_sub(genesis) / seconds)
    }
}

impl BlobStore for Beacon {
    fn name(&self) -> String {
        format!("beacon node {}", self.url)
    }

    fn blob(&self, hash: B256, timestamp: u64) -> FoundBlob<'_> {
        Box::pin(async move {
            let slot = self.slot(timestamp).await?;
            // The newer method filters; a node that ignores that, or knows the older one only, sends all of the slot.
            let path = format!("/eth/v1/beacon/blobs/{slot}?versioned_hashes={hash}");
            let mut blobs: Vec<Bytes> = self.get(&path).await?.unwrap_or_default();
            if blobs.is_empty() {
                let path = format!("/eth/v1/beacon/blob_sidecars/{slot}");
                let sidecars: Option<Vec<Sidecar>> = self.get(&path).await?;
                blobs = sidecars.into_iter().flatten().map(|sidecar| sidecar.blob).collect();
            }
            Ok(blobs.into_iter().find(|blob| versioned_hash(blob).is_ok_and(|got| got == hash)))
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
        call: &'a CommitmentCall,
    ) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let DataLocation::Blobs { versioned_hashes, words } = &call.location else {
                return Ok(None);
            };
            let blobs = self.all(versioned_hashes, call.timestamp).await?;
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
fn versioned_hash(blob: &[u8]) -> Result<B256, String> {
    let blob = c_kzg::Blob::from_bytes(blob).map_err(|e| e.to_string())?;
    let settings = EnvKzgSettings::Default;
    let commitment = settings.get().blob_to_kzg_commitment(&blob).map_err(|e| e.to_string())?;
    Ok(kzg_to_versioned_hash(commitment.to_bytes().as_slice()))
}
