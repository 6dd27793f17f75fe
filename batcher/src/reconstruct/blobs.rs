//! Blobs from where they are kept: files, anvil, a beacon node or archive ([`super::beacon`]). None of them is trusted: a blob is what
//! its versioned hash says (EIP-4844).

use std::{fmt, future::Future, io::Read, path::PathBuf, pin::Pin};

use alloy::{
    eips::eip4844::{BYTES_PER_BLOB, Blob, env_settings::EnvKzgSettings, kzg_to_versioned_hash},
    primitives::{B256, Bytes},
    providers::{DynProvider, Provider},
};

use crate::{
    l1::{
        blobs::{WORDS, decode},
        error::Reason,
    },
    regular_file,
};

use super::{
    commitment::{DataLocation, Publication},
    places::{Answers, Places, Refusal, in_thread},
    source::{DataError, DataSource, Found},
};

/// What a store has: blobs of which one may be the one that was asked for.
pub type Candidates<'a> = Pin<Box<dyn Future<Output = Result<Vec<Bytes>, Refusal>> + Send + 'a>>;

/// A place where blobs are kept; it is displayed as messages name it.
pub trait BlobStore: fmt::Display + Send + Sync {
    /// Whatever it has under this versioned hash, unchecked; `timestamp` is that of the block that carried the blob.
    fn candidates(&self, hash: B256, timestamp: u64) -> Candidates<'_>;
}

/// Files named by versioned hash, `DIR/0x...`, the blob's 131,072 bytes in each.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl BlobStore for Folder {
    fn candidates(&self, hash: B256, _timestamp: u64) -> Candidates<'_> {
        let (folder, path) = (self.0.clone(), self.0.join(hash.to_string()));
        let read = move || {
            let of_file = |error| Refusal::of_file(&folder, &error);
            let (file, metadata) = regular_file::open(&path).map_err(of_file)?;
            let (expected, got) = (BYTES_PER_BLOB, metadata.len());
            if got != expected as u64 {
                return Err(Refusal::Length { expected, got });
            }
            let mut blob = Vec::with_capacity(expected);
            file.take(got).read_to_end(&mut blob).map_err(of_file)?;
            Ok(vec![blob.into()])
        };
        Box::pin(async move { in_thread(read).await })
    }
}

/// anvil's own method.
#[derive(Debug, Clone)]
pub struct LocalNode(pub DynProvider);

impl fmt::Display for LocalNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("L1's node (anvil_getBlobByHash)")
    }
}

impl BlobStore for LocalNode {
    fn candidates(&self, hash: B256, _timestamp: u64) -> Candidates<'_> {
        Box::pin(async move {
            let found =
                self.0.raw_request::<_, Option<Bytes>>("anvil_getBlobByHash".into(), [hash]);
            match found.await {
                Ok(found) => Ok(found.into_iter().collect()),
                // Any other node refuses the method: it does not have the blob.
                Err(error) if error.is_error_resp() => Ok(Vec::new()),
                Err(error) => Err(Refusal::Node(error.text())),
            }
        })
    }
}

/// Blobs that are asked for at a time. A node may send 128 for one, 33 MiB of text.
const AT_A_TIME: usize = 4;

/// Stores in the order in which they are asked, as a source of data.
pub struct Blobs(Places<Box<dyn BlobStore>>);

impl Default for Blobs {
    fn default() -> Self {
        Self(Places::new(AT_A_TIME))
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(ToString::to_string)).finish()
    }
}

impl Blobs {
    /// One more store, asked after the others.
    pub fn push(&mut self, store: impl BlobStore + 'static) {
        self.0.push(Box::new(store));
    }

    /// The blob with this versioned hash, checked against it.
    ///
    /// # Errors
    /// No store has it: what each has said.
    pub async fn get(&self, hash: B256, timestamp: u64) -> Result<Bytes, Answers> {
        let found = self.0.first(|store| async move {
            let candidates = store.candidates(hash, timestamp).await?;
            in_thread(move || pick(hash, candidates)).await
        });
        found.await
    }

    /// All blobs of a commitment, or as many of those that are missing as can be named without waiting for the same
    /// servers again.
    async fn all(&self, hashes: &[B256], timestamp: u64) -> Result<Vec<Blob>, DataError> {
        let (mut blobs, mut missing, mut answers) = (Vec::new(), Vec::new(), Answers::default());
        for &hash in hashes {
            match self.get(hash, timestamp).await {
                // Of the right length: it has been checked.
                Ok(blob) => blobs.extend(Blob::try_from(blob.as_ref()).ok()),
                Err(others) => {
                    missing.push(hash);
                    let last = others.are_slow();
                    answers.extend(others);
                    if last {
                        break;
                    }
                }
            }
        }
        if missing.is_empty() {
            Ok(blobs)
        } else {
            Err(DataError::MissingBlobs { missing, answers })
        }
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
            // L1 has taken so many for the batch's: the transaction may carry others behind them.
            let words = *words as usize;
            let needed = versioned_hashes.iter().copied().take(words.div_ceil(WORDS));
            let blobs = self.all(&needed.collect::<Vec<_>>(), batch.timestamp).await?;
            Ok(Some(decode(&blobs, words)?))
        })
    }
}

/// The blob with this name.
fn pick(hash: B256, candidates: Vec<Bytes>) -> Result<Bytes, Refusal> {
    let got = candidates.len();
    let mut refusal = Refusal::Absent;
    for blob in candidates {
        match check(hash, &blob) {
            Ok(()) => return Ok(blob),
            Err(other) => refusal = other,
        }
    }
    Err(if got > 1 { Refusal::OtherBlobs { got } } else { refusal })
}

/// Refuses a blob of another name.
fn check(hash: B256, blob: &[u8]) -> Result<(), Refusal> {
    if blob.len() != BYTES_PER_BLOB {
        return Err(Refusal::Length { expected: BYTES_PER_BLOB, got: blob.len() as u64 });
    }
    match versioned_hash(blob) {
        Ok(got) if got == hash => Ok(()),
        Ok(got) => Err(Refusal::OtherBlob { got }),
        Err(reason) => Err(Refusal::NoBlob(reason)),
    }
}

/// The versioned hash of a blob: of its KZG commitment under the ceremony's set-up.
fn versioned_hash(blob: &[u8]) -> Result<B256, String> {
    let blob = c_kzg::Blob::from_bytes(blob).map_err(|e| e.to_string())?;
    let settings = EnvKzgSettings::Default;
    let commitment = settings.get().blob_to_kzg_commitment(&blob).map_err(|e| e.to_string())?;
    Ok(kzg_to_versioned_hash(commitment.to_bytes().as_slice()))
}
