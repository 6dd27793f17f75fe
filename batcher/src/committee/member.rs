//! A member: recomputes, keeps, signs, in this order.

use alloy::{
    primitives::{Address, B256, Signature},
    signers::{SignerSync, local::PrivateKeySigner},
};
use cairn_types::{Stream, Word};

use super::{CommitteeError, OtherWords, Statement, Store, statement::stream};

/// One member of a data committee.
#[derive(Debug, Clone)]
pub struct Member {
    signer: PrivateKeySigner,
    store: Store,
}

impl Member {
    /// A member with its key and the folder of its words.
    #[must_use]
    pub fn new(signer: PrivateKeySigner, store: Store) -> Self {
        Self { signer, store }
    }

    /// What L1 knows it by.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Its words.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Signs that it has the words of a batch. Trust: none in who asks. Digest and count are computed from the words, and the words
    /// are in the member's own folder, before there is a signature.
    ///
    /// # Errors
    /// The words are not those of the statement, or cannot be kept.
    pub fn sign(&self, statement: &Statement, words: &[Word]) -> Result<Signature, CommitteeError> {
        let Statement { number, digest, count, .. } = *statement;
        let Stream { digest: got, count: got_count } = stream(words);
        let got = B256::from(got.to_bytes());
        if (got, got_count) != (digest, count) {
            let (expected, expected_count) = (digest, count);
            let fault = OtherWords::Digest { expected, expected_count, got, got_count };
            return Err(CommitteeError::Words { batch: number, fault });
        }
        let path = self.store.path(digest);
        self.store.keep(digest, words).map_err(|source| CommitteeError::File { path, source })?;
        let signature = self.signer.sign_hash_sync(&statement.signing_hash());
        signature.map_err(|e| CommitteeError::Signer(e.to_string()))
    }
}
