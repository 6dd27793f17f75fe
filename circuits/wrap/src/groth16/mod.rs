//! Groth16 over BN254: keys, proofs, verification and their canonical encoding.
//!
//! `ark-groth16` makes keys and verifies; this module adds what it leaves to its callers. Its verifier ignores a
//! wrong number of public inputs, its set-up is single-party, and its keys are not checked for the degenerate
//! values that emptied contracts in 2026. Its prover makes a proof of anything, and slowly: [`prove()`] makes the
//! same proofs, of what holds.

mod encoding;
#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))]
mod fma;
mod keys;
mod map;
mod msm;
mod ntt;
mod prove;
mod proving_key;
mod setup;
mod store;
mod verify;

pub use encoding::{DecodeError, EncodedProof, Point, decode_scalar, encode_scalar};
pub use keys::{KeyFault, KeyPoint, Keys, check_verifying_key};
pub use prove::{ProveError, prove};
pub use proving_key::ProvingKey;
pub use setup::{INSECURE_NOTICE, InsecureDevSetup, SetupError};
pub use store::{KeyStore, StoreError};
pub use verify::{VerifyError, verify, verify_encoded};

/// A Groth16 proof over BN254.
pub type Proof = ark_groth16::Proof<ark_bn254::Bn254>;

/// A Groth16 verification key over BN254.
pub type VerifyingKey = ark_groth16::VerifyingKey<ark_bn254::Bn254>;

#[cfg(test)]
pub(crate) mod testing {
    //! A small circuit with keys, for this crate's tests.

    use ark_bn254::Fr;
    use std::sync::LazyLock;

    use super::{InsecureDevSetup, Keys};
    use crate::r1cs::Builder;

    /// `x^3 = y` with public y.
    pub(crate) fn cube(x: u64) -> Builder {
        let x = Fr::from(x);
        let mut b = Builder::new(&[x * x * x]);
        let x = b.witness(x);
        let x2 = b.mul(&x, &x);
        let y = b.public(0);
        b.enforce(&x2, &x, &y);
        b
    }

    pub(crate) static KEYS: LazyLock<Keys> =
        LazyLock::new(|| InsecureDevSetup::new(7).run(&cube(2)).unwrap());
}
