//! Batch headers, their hash chain, and the one public input of the SNARK.

use crate::{BlobScalar, Digest, EvaluatedStream, Extension, SealStatement, StreamState, Word};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes hashed for one link of the chain: the previous hash and the header.
pub const HEADER_BYTES: usize = 372;
/// [`SealStatement::kind`] of a range of batches.
pub const KIND_BATCHES: u32 = 1;

/// What L1 knows of a batch. The contract builds it from its own storage, the seal circuit from the
/// statements of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Header {
    /// The rollup, see [`crate::domain`].
    pub domain: Word,
    /// From 1, without gaps.
    pub number: u32,
    /// In seconds.
    pub timestamp: u32,
    /// State commitment before.
    pub state_before: Digest,
    /// State commitment after.
    pub state_after: Digest,
    /// The point of evaluation.
    pub x: Extension,
    /// Where the data's blobs are evaluated; zero if the data is not in blobs.
    pub z: BlobScalar,
    /// The streams of the batch and their evaluations at `x` and `z`.
    pub streams: StreamState,
}

impl Header {
    /// The previous chain hash and the header, in the order of `docs/spec.md`, section 6.
    pub fn chain_input(&self, previous: &[u8; 32]) -> [u8; HEADER_BYTES] {
        let streams = [self.streams.data, self.streams.priority, self.streams.withdrawal];
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(previous);
        bytes.push(0);
        bytes.extend(self.domain.bytes());
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.state_before.to_bytes());
        bytes.extend(self.state_after.to_bytes());
        for EvaluatedStream { stream, .. } in streams {
            bytes.extend(stream.digest.to_bytes());
            bytes.extend(stream.count.to_be_bytes());
        }
        bytes.extend(self.x.to_bytes());
        for EvaluatedStream { y, .. } in streams {
            bytes.extend(y.to_bytes());
        }
        bytes.extend(self.z.to_bytes());
        bytes.extend(self.streams.blob.to_bytes());
        bytes.try_into().expect("the fields above are 372 bytes")
    }

    /// `h_i = sha256(h_{i-1} || header_i)`; the first previous hash is zero.
    pub fn chain_hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        Sha256::digest(self.chain_input(previous)).into()
    }
}

impl SealStatement {
    /// `sha256(kind || circuit_set_root || from || to) mod 2^252`, big-endian: the SNARK's one public
    /// input, surely below the BN254 group order.
    pub fn public_input(&self) -> [u8; 32] {
        let mut bytes: [u8; 32] = Sha256::new()
            .chain_update(self.kind.to_be_bytes())
            .chain_update(self.circuit_set_root.to_bytes())
            .chain_update(self.from)
            .chain_update(self.to)
            .finalize()
            .into();
        bytes[0] &= 0x0f;
        bytes
    }

    /// [`Self::public_input`] as the last plonky2 layer has it: four parts of 63 bits, most
    /// significant first. (63 bits are canonical in Goldilocks whatever they are.)
    pub fn public_input_parts(&self) -> [u64; 4] {
        let bytes = self.public_input();
        let part = |top: usize| {
            // Bits `top .. top + 63` of the 256, counted from the most significant.
            (top..top + 63)
                .fold(0, |part, bit| part << 1 | u64::from(bytes[bit / 8] >> (7 - bit % 8) & 1))
        };
        [part(4), part(67), part(130), part(193)]
    }
}
