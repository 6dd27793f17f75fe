//! What a member signs: EIP-712, as `DataCommittee.sol` checks it (docs/spec.md, section 6).

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolStruct, eip712_domain},
};
use cairn_state::absorb;
use cairn_types::{Stream, Word, domain};

alloy::sol! {
    /// The typed data.
    struct BatchData {
        bytes32 domain;
        uint32 number;
        bytes32 digest;
        uint32 count;
    }
}

/// "I have the data words of this batch, and give them to whoever asks."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// The chain.
    pub chain_id: u64,
    /// The rollup's contract on it.
    pub rollup: Address,
    /// The batch.
    pub number: u32,
    /// Of the words' chain.
    pub digest: B256,
    /// How many words.
    pub count: u32,
}

impl Statement {
    /// The statement about these words.
    #[must_use]
    pub fn of(chain_id: u64, rollup: Address, number: u32, words: &[Word]) -> Self {
        let Stream { digest, count } = stream(words);
        Self { chain_id, rollup, number, digest: digest.to_bytes().into(), count }
    }

    /// What is signed. Domain of the rollup and domain of EIP-712 both follow from chain and contract.
    #[must_use]
    pub fn signing_hash(&self) -> B256 {
        let Self { chain_id, rollup, number, digest, count } = *self;
        let mut domain_word = B256::ZERO;
        domain_word[1..].copy_from_slice(&domain(chain_id, &rollup.into_array()).bytes());
        let separator = eip712_domain! {
            name: "Cairn",
            version: "1",
            chain_id: chain_id,
            verifying_contract: rollup,
        };
        BatchData { domain: domain_word, number, digest, count }.eip712_signing_hash(&separator)
    }
}

/// Digest and count of words (docs/spec.md, section 5).
pub(crate) fn stream(words: &[Word]) -> Stream {
    words.iter().fold(Stream::default(), |stream, word| absorb(&stream, word))
}
