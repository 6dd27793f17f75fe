//! Native cryptographic primitives of Cairn: Poseidon2 over Goldilocks and Schnorr over ecGFp5.
//!
//! Everything here has a circuit twin in `cairn-gadgets`; `docs/spec.md` sections 1 and 2 define
//! both.

pub mod blob;
mod convert;
pub mod digest;
pub mod ecgfp5;
pub mod hash;
pub mod poseidon2;
pub mod schnorr;

pub use digest::{Digest, DigestError};
pub use hash::{Tag, compress, compress_many, hash};

/// The Goldilocks field, `p = 2^64 - 2^32 + 1`.
pub use p3_goldilocks::Goldilocks as F;
