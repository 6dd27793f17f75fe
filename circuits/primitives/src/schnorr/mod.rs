//! Schnorr signatures over ecGFp5, key-prefixed, with a challenge of 128 bits; `docs/spec.md`
//! section 2.
//!
//! A signature is `(e, s)`; it holds if `R = s G + e P` and `e` is the first half of the digest of
//! `(R, P, message)`. [`verify`], its plonky2 twin `cairn_gadgets::schnorr` and the tables of
//! `cairn_leaf::signature` accept exactly the same set, whatever the key and the signature: see [`combine`].

mod batch;
mod combine;
mod keys;
mod signature;

pub use batch::verify_many;
pub use combine::{ROWS, combine, fixed_base_table, start};
pub use keys::{KeyError, PUBLIC_KEY_BYTES, PublicKey, SecretKey};
pub use signature::{RESPONSE_TOP_LIMIT, SIGNATURE_BYTES, Signature, SignatureError, verify};
