//! Blobs from a beacon node, or from an archive that answers as one.
//!
//! Three methods of Ethereum's beacon API: `/eth/v1/beacon/genesis` and `/eth/v1/config/spec` for the slot of a block, then
//! `/eth/v1/beacon/blobs/{slot}?versioned_hashes=`, which nodes have since Fusaka, or `/eth/v1/beacon/blob_sidecars/{slot}`, which is older
//! and goes. For blobs that it has pruned, a node says 404 or sends an empty list.
//!
//! Only this one slot is asked for: the chain's rules make a block's time the start of its slot, and a slot that was missed has no
//! block with blobs. A node whose clock says otherwise is of another chain, or lies.

use std::{fmt, time::Duration};

use alloy::{
    eips::eip4844::BYTES_PER_BLOB,
    primitives::{B256, Bytes},
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use super::{
    blobs::{BlobStore, Candidates},
    places::Refusal,
    remote::{BadUrl, Remote},
    slots::Slots,
};
use crate::l1::{Fault, http::quote};

/// Blobs that a slot may have. Blocks carry a fraction of that.
const MAX_BLOBS: usize = 128;

/// Bytes of the largest answer that is read: the blobs of a slot in hex, each with what goes with it.
const MAX_ANSWER: usize = MAX_BLOBS * (2 * BYTES_PER_BLOB + 4_096);

/// Bytes of the largest answer about the chain that is read. Nodes send 10,000.
const MAX_SPEC: usize = 1 << 20;

/// A beacon node, or an archive that answers as one.
#[derive(Debug, Clone)]
pub struct Beacon {
    remote: Remote,
    slots: OnceCell<Slots>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Genesis {
    genesis_time: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "UPPERCASE")]
struct Spec {
    slot_duration_ms: Option<String>,
    /// The older name.
    seconds_per_slot: Option<String>,
}

#[derive(Deserialize)]
struct Sidecar {
    blob: Bytes,
}

/// A list of no more than [`MAX_BLOBS`]: one of millions of empty blobs would take many times the memory of its text.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of {MAX_BLOBS} blobs at most")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MAX_BLOBS {
                        return Err(serde::de::Error::invalid_length(MAX_BLOBS + 1, &self));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(Visitor(std::marker::PhantomData))
    }
}

impl Beacon {
    /// A source at this URL; nothing is sent yet.
    ///
    /// # Errors
    /// It is not a server's.
    pub fn new(url: &str) -> Result<Self, BadUrl> {
        Remote::new(url).map(Self::at)
    }

    /// As [`Self::new`], with another time for each attempt.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_attempt(url: &str, attempt: Duration) -> Result<Self, BadUrl> {
        Remote::with_attempt(url, attempt).map(Self::at)
    }

    fn at(remote: Remote) -> Self {
        Self { remote, slots: OnceCell::new() }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: Option<(&str, &str)>,
        bytes: usize,
    ) -> Result<T, Refusal> {
        let body = self.remote.get(path, query, bytes).await?;
        let answer = serde_json::from_slice::<Answer<T>>(&body);
        let answer = answer.map_err(|e| {
            let (path, reason) = (path.to_owned(), quote(&e.to_string()));
            Refusal::NoBeacon { path, reason }
        })?;
        Ok(answer.data)
    }

    /// What the node says of its clock.
    async fn slots(&self) -> Result<Slots, Refusal> {
        let path = "/eth/v1/beacon/genesis";
        let genesis: Genesis = self.get(path, None, MAX_SPEC).await?;
        let spec = self.get("/eth/v1/config/spec", None, MAX_SPEC).await;
        let Spec { slot_duration_ms, seconds_per_slot } = match spec {
            Err(refusal) if is_unknown(&refusal) => Spec::default(),
            spec => spec?,
        };
        let (milliseconds, seconds) = (slot_duration_ms.as_deref(), seconds_per_slot.as_deref());
        Slots::new(&genesis.genesis_time, milliseconds, seconds)
    }
}

/// Whether a server refuses a method, other than for now: an archive need not have all of them.
fn is_unknown(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Absent => true,
        Refusal::Server { fault: fault @ Fault::Status { .. }, .. } => !fault.is_transient(),
        _ => false,
    }
}

/// Whether a server does not answer at all, so that its other methods need not be tried.
fn is_silent(refusal: &Refusal) -> bool {
    let Refusal::Server { fault, .. } = refusal else { return false };
    matches!(fault, Fault::Timeout(_) | Fault::Connection(_))
}

impl fmt::Display for Beacon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "beacon node {}", self.remote)
    }
}

impl BlobStore for Beacon {
    fn candidates(&self, hash: B256, timestamp: u64) -> Candidates<'_> {
        Box::pin(async move {
            let slot = self.slots.get_or_try_init(|| self.slots()).await?.at(timestamp)?;
            // The newer method filters; a node that ignores that, or knows the older one only, sends all of the slot.
            let (path, hash) = (format!("/eth/v1/beacon/blobs/{slot}"), hash.to_string());
            let query = Some(("versioned_hashes", hash.as_str()));
            let refusal = match self.get::<List<Bytes>>(&path, query, MAX_ANSWER).await {
                Ok(List(blobs)) if !blobs.is_empty() => return Ok(blobs),
                Ok(_) | Err(Refusal::Absent) => Refusal::NoBlobs { slot },
                Err(refusal) if is_silent(&refusal) => return Err(refusal),
                Err(refusal) => refusal,
            };
            let path = format!("/eth/v1/beacon/blob_sidecars/{slot}");
            match self.get::<List<Sidecar>>(&path, None, MAX_ANSWER).await {
                Ok(List(sidecars)) if !sidecars.is_empty() => {
                    Ok(sidecars.into_iter().map(|sidecar| sidecar.blob).collect())
                }
                // What is wrong with the method that goes counts only where nothing is with the newer one.
                Err(older) if refusal == Refusal::NoBlobs { slot } && !is_unknown(&older) => {
                    Err(older)
                }
                _ => Err(refusal),
            }
        })
    }
}
