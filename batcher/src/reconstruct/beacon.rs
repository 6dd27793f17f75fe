//! Blobs from a beacon node, or from an archive that answers as one.
//!
//! Three methods of Ethereum's beacon API: `/eth/v1/beacon/genesis` and `/eth/v1/config/spec` for the slot of a block, then
//! `/eth/v1/beacon/blobs/{slot}?versioned_hashes=`, which nodes have since Fusaka, or `/eth/v1/beacon/blob_sidecars/{slot}`, which is older
//! and goes. For blobs that it has pruned, a node says 404 or sends an empty list.

use std::time::Duration;

use alloy::{
    eips::eip4844::BYTES_PER_BLOB,
    primitives::{B256, Bytes},
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use super::{
    TIMEOUT,
    blobs::{BlobStore, FoundBlob, versioned_hash},
    source::DataError,
};
use crate::l1::http::{Http, Limits, host_of};

/// Bytes of the largest answer that is read: 128 blobs of a slot in hex, each with what goes with it. Blocks carry a fraction of that.
const MAX_ANSWER: usize = 128 * (2 * BYTES_PER_BLOB + 4_096);

/// Of mainnet and of the test networks, where the node does not say.
const SECONDS_PER_SLOT: u64 = 12;

/// A beacon node, or an archive that answers as one.
#[derive(Debug, Clone)]
pub struct Beacon {
    url: String,
    /// All that may be said of the URL.
    host: String,
    http: Http,
    timeout: Duration,
    clock: OnceCell<Clock>,
}

/// When slots are.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Start of slot 0, in seconds.
    genesis: u64,
    /// Of a slot.
    seconds: u64,
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
        Self::with_timeout(url, TIMEOUT)
    }

    /// As [`Self::new`], with another time for each request.
    #[must_use]
    pub fn with_timeout(url: &str, timeout: Duration) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        let (host, http) = (host_of(&url), Http::new(&url));
        Self { url, host, http, timeout, clock: OnceCell::new() }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, DataError> {
        let limits = Limits { time: self.timeout, bytes: MAX_ANSWER };
        let body = self.http.get(&format!("{}{path}", self.url), limits).await;
        let body = body.map_err(|fault| self.error(path, fault.to_string()))?;
        let Some(body) = body else { return Ok(None) };
        let answer = serde_json::from_slice::<Answer<T>>(&body);
        let answer = answer.map_err(|e| {
            self.error(path, format!("its answer is not a beacon node's ({e}): check the URL"))
        })?;
        Ok(Some(answer.data))
    }

    fn error(&self, path: &str, reason: String) -> DataError {
        DataError::Source { origin: format!("beacon node {}{path}", self.host), reason }
    }

    async fn clock(&self) -> Result<Clock, DataError> {
        let path = "/eth/v1/beacon/genesis";
        let genesis: Option<Genesis> = self.get(path).await?;
        let genesis = genesis.and_then(|genesis| genesis.genesis_time.parse().ok());
        let genesis = genesis.ok_or_else(|| self.error(path, "no genesis time".to_owned()))?;
        let spec: Option<Spec> = self.get("/eth/v1/config/spec").await.unwrap_or_default();
        let seconds = spec.and_then(|spec| spec.seconds_per_slot.parse().ok());
        let seconds = seconds.filter(|&seconds| seconds > 0).unwrap_or(SECONDS_PER_SLOT);
        Ok(Clock { genesis, seconds })
    }

    /// The slot of a block.
    async fn slot(&self, timestamp: u64) -> Result<u64, DataError> {
        let Clock { genesis, seconds } = *self.clock.get_or_try_init(|| self.clock()).await?;
        Ok(timestamp.saturating_sub(genesis) / seconds)
    }
}

impl BlobStore for Beacon {
    fn name(&self) -> String {
        format!("beacon node {}", self.host)
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
            let got = blobs.len();
            let found =
                blobs.into_iter().find(|blob| versioned_hash(blob).is_ok_and(|got| got == hash));
            // The block was in this slot and had the blob: a node that has others of the slot has wrong ones.
            if found.is_none() && got > 0 {
                let origin = format!("beacon node {}, slot {slot}", self.host);
                return Err(DataError::OtherBlobs { origin, hash, got });
            }
            Ok(found)
        })
    }
}
