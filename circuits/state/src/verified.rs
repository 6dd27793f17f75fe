//! Signatures that are verified once, on the way in, and not again when the transaction is executed.

use cairn_primitives::schnorr::{verify, verify_many};
use cairn_types::{Digest, PublicKey, SignedTransaction};
use rayon::prelude::*;

use crate::transition::signed_effects;
use crate::{Effects, Environment, Refusal, State, message_digest};

/// Signatures that a thread verifies in one go: many times the lanes of a vector.
const TOGETHER: usize = 64;

/// A transaction whose signature holds under a key. Nothing else is known of it: neither that its payer's
/// leaf has this key, nor that the state takes it.
///
/// Only verification makes one; for [`Self::trusted`] it is the caller's own, of some time ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    signed: SignedTransaction,
    key: PublicKey,
    message: Digest,
}

impl Verified {
    /// Verifies a signature; `None` if it is not one of this message by this key.
    pub fn check(signed: SignedTransaction, key: PublicKey) -> Option<Self> {
        let verified = Self::trusted(signed, key);
        verified.verify(&key).then_some(verified)
    }

    /// [`Self::check`] of each, in their order, in less time and on rayon's threads.
    pub fn check_many(items: &[(SignedTransaction, PublicKey)]) -> Vec<Option<Self>> {
        let check = |items: &[(SignedTransaction, PublicKey)]| {
            let verified: Vec<_> =
                items.iter().map(|&(signed, key)| Self::trusted(signed, key)).collect();
            let questions: Vec<_> = verified
                .iter()
                .map(|v| (v.key.into(), v.message.into(), v.signed.signature.into()))
                .collect();
            let verdicts = verify_many(&questions);
            verified.into_iter().zip(verdicts).map(|(v, holds)| holds.then_some(v)).collect()
        };
        items.par_chunks(TOGETHER).flat_map_iter(|items: &[_]| -> Vec<_> { check(items) }).collect()
    }

    /// Without verification.
    ///
    /// # Trust
    /// The caller has verified this signature under this key before, and has kept both where nobody else
    /// writes: in a row of its own store. A signature that does not hold would be executed and
    /// soft-confirmed, and no proof could be made of its batch.
    pub fn trusted(signed: SignedTransaction, key: PublicKey) -> Self {
        let message = message_digest(&signed.transaction, &signed.authorization).into();
        Self { signed, key, message }
    }

    /// The transaction.
    pub const fn signed(&self) -> &SignedTransaction {
        &self.signed
    }

    /// The key under which its signature holds.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The digest of its message ([`message_digest`]), which is what the transaction is known by.
    pub const fn message(&self) -> &Digest {
        &self.message
    }

    /// Whether the signature holds under `key`; verifies again if it is another key.
    fn holds(&self, key: &PublicKey) -> bool {
        *key == self.key || self.verify(key)
    }

    fn verify(&self, key: &PublicKey) -> bool {
        verify(&(*key).into(), &self.message.into(), &self.signed.signature.into())
    }
}

/// [`crate::effects`] of a transaction whose signature was verified: every rule is applied but the signature's, if
/// the payer's leaf has the key under which it holds. Else the signature is verified under the leaf's.
///
/// # Errors
/// As [`crate::effects`].
pub fn effects_verified(
    state: &State,
    verified: &Verified,
    environment: &Environment,
) -> Result<Effects, Refusal> {
    signed_effects(state, &verified.signed, environment, |key| verified.holds(key))
}

/// [`crate::apply`] of a transaction whose signature was verified; see [`effects_verified`].
///
/// # Errors
/// As [`crate::apply`].
pub fn apply_verified(
    state: &mut State,
    verified: &Verified,
    environment: &Environment,
) -> Result<Effects, Refusal> {
    let effects = effects_verified(state, verified, environment)?;
    state.commit(&effects);
    Ok(effects)
}
