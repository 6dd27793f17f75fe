//! The demo's data committee: three members with development keys, two of whom sign; the third is away.

use std::path::{Path, PathBuf};

use alloy::{
    primitives::{Address, B256, Bytes},
    signers::local::PrivateKeySigner,
};
use cairn_state::BatchWitness;
use eyre::{Result, WrapErr};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::rebuild::rebuilt;
use crate::{
    committee::{Committee, Member, Statement, Store},
    l1::{anvil::CHAIN_ID, client::L1Client, data_modes::VALIDIUM},
    proving::{SignData, Signing},
    store::records::BatchNumber,
};

const MEMBERS: u8 = 3;
const THRESHOLD: usize = 2;
/// Neither signs nor keeps anything: the threshold is for that.
const AWAY: usize = 1;

/// What the demo says of its committee.
#[derive(Debug, Clone, Serialize)]
pub struct Validium {
    /// What this is.
    pub warning: &'static str,
    /// How many there are.
    pub members: usize,
    /// How many must sign.
    pub threshold: usize,
    /// Whether the state was rebuilt from what each of the signers keeps, and is the batch's.
    pub rebuilt_from_members: bool,
}

/// The members and what they keep.
#[derive(Debug)]
pub struct DemoCommittee {
    rollup: Address,
    members: Vec<Member>,
    committee: Committee,
}

impl DemoCommittee {
    /// Names the committee on L1; each member keeps its words in a folder of its own below `folder`.
    ///
    /// # Errors
    /// L1's.
    pub async fn set_up(l1: &L1Client, rollup: Address, folder: &Path) -> Result<Self> {
        let member = |n| -> Result<Member> {
            // Anyone can compute these keys: this chain is for development.
            let key = Sha256::digest(format!("cairn demo: member {n} of the data committee"));
            let signer = PrivateKeySigner::from_slice(&key)?;
            Ok(Member::new(signer, Store::new(folder.join(format!("committee/member-{n}")))))
        };
        let members = (1..=MEMBERS).map(member).collect::<Result<Vec<_>>>()?;
        let committee = Committee::new(members.iter().map(Member::address), THRESHOLD)?;
        l1.set_data_committee(committee.members().collect(), THRESHOLD as u64).await?;
        Ok(Self { rollup, members, committee })
    }

    /// The members' signatures for a batch of this number, as the contract takes them.
    ///
    /// # Errors
    /// A member refuses.
    pub fn signatures(&self, number: u32, batch: &BatchWitness) -> Result<Bytes> {
        let stream = batch.after.streams.data;
        let statement = Statement {
            chain_id: CHAIN_ID,
            rollup: self.rollup,
            number,
            digest: stream.digest.to_bytes().into(),
            count: stream.count,
        };
        let signatures = self.present().map(|member| member.sign(&statement, &batch.data));
        let signatures = signatures.collect::<Result<Vec<_>, _>>()?;
        Ok(self.committee.collect(&statement, signatures)?)
    }

    /// Rebuilds the last proven state from L1 and from each signer's folder alone, and compares it with the operator's.
    ///
    /// # Errors
    /// What is missing, or another state.
    pub async fn check(&self, url: &str, expected: B256) -> Result<Validium> {
        for folder in self.folders() {
            let from = || format!("rebuilding from {}", folder.display());
            let folder = std::slice::from_ref(&folder);
            rebuilt(url, self.rollup, folder, expected).await.wrap_err_with(from)?;
        }
        Ok(Validium {
            warning: VALIDIUM,
            members: self.members.len(),
            threshold: self.committee.threshold(),
            rebuilt_from_members: true,
        })
    }

    /// Where the signers keep the words.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        self.present().map(|member| member.store().folder().to_owned()).collect()
    }

    /// The members that are not away.
    fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().enumerate().filter(|(n, _)| *n != AWAY).map(|(_, member)| member)
    }
}

impl SignData for DemoCommittee {
    fn sign<'a>(&'a self, number: BatchNumber, batch: &'a BatchWitness) -> Signing<'a> {
        Box::pin(async move { self.signatures(number, batch).map_err(|e| format!("{e:#}")) })
    }
}
