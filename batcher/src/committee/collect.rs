//! Who the members are, and their signatures as the contract takes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use alloy::{
    primitives::{Address, Bytes, Signature},
    sol_types::SolEvent,
};

use super::{CommitteeError, Statement};
use crate::l1::{contracts::IRollupL1, error::rpc, reader::Reader};

/// The members, and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committee {
    members: BTreeSet<Address>,
    threshold: usize,
}

impl Committee {
    /// A committee.
    ///
    /// # Errors
    /// Nobody must sign, or more than there are.
    pub fn new(
        members: impl IntoIterator<Item = Address>,
        threshold: usize,
    ) -> Result<Self, CommitteeError> {
        let members: BTreeSet<Address> = members.into_iter().collect();
        if threshold == 0 || threshold > members.len() {
            return Err(CommitteeError::Threshold { members: members.len(), threshold });
        }
        Ok(Self { members, threshold })
    }

    /// The committee that a rollup has now, from its events since a block before the deployment.
    ///
    /// # Errors
    /// The node's, there is none, or the last event is not of the committee that the storage names.
    pub async fn read(reader: &Reader, first_block: u64) -> Result<Self, CommitteeError> {
        let what = "reading the data committee";
        let rollup = IRollupL1::new(reader.address(), reader.provider());
        let number = reader.view(what, rollup.committee()).await?;
        if number == 0 {
            return Err(CommitteeError::NoCommittee);
        }
        let topic = IRollupL1::DataCommitteeSet::SIGNATURE_HASH;
        let logs = reader.logs(reader.address(), &[topic], first_block, |_| ()).await?;
        let events =
            logs.iter().rev().map(|log| IRollupL1::DataCommitteeSet::decode_log(&log.inner));
        for event in events {
            let event = event.map_err(|e| rpc(what, e))?;
            if event.committee == number {
                let threshold = usize::try_from(event.threshold).unwrap_or(usize::MAX);
                return Self::new(event.members.iter().copied(), threshold);
            }
        }
        Err(rpc(what, format!("the node has no event of committee {number}")).into())
    }

    /// In ascending order, as the contract takes them.
    pub fn members(&self) -> impl ExactSizeIterator<Item = Address> + '_ {
        self.members.iter().copied()
    }

    /// How many must sign.
    #[must_use]
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// As many members' signatures as it takes, 65 bytes each, in ascending order of the signers. Trust: none in the signatures;
    /// those of others, of other statements and second ones of the same member are left out.
    ///
    /// # Errors
    /// [`CommitteeError::TooFew`].
    pub fn collect(
        &self,
        statement: &Statement,
        signatures: impl IntoIterator<Item = Signature>,
    ) -> Result<Bytes, CommitteeError> {
        let hash = statement.signing_hash();
        let (mut signed, mut strangers) = (BTreeMap::new(), Vec::new());
        for signature in signatures {
            // Of the two forms of a signature the contract takes the lower.
            let signature = signature.normalized_s();
            match signature.recover_address_from_prehash(&hash) {
                Ok(signer) if self.members.contains(&signer) => {
                    signed.insert(signer, signature);
                }
                Ok(signer) => strangers.push(signer),
                // Of nobody.
                Err(_) => {}
            }
        }
        let (expected, got) = (self.threshold, signed.len());
        if got < expected {
            return Err(CommitteeError::TooFew { expected, got, strangers });
        }
        Ok(signed.into_values().take(expected).flat_map(|signature| signature.as_bytes()).collect())
    }
}

impl fmt::Display for Committee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.members.iter().map(ToString::to_string).collect();
        write!(f, "{} of {}: {}", self.threshold, members.len(), members.join(", "))
    }
}
