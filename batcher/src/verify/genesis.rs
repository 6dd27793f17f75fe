//! Which state a rollup starts with. A leaf that is in it by the deployer's word alone is paid from what others
//! deposit, by honest proofs: so it starts empty, or with a ledger that was published.

use std::path::Path;

use alloy::{primitives::B256, rpc::types::TransactionReceipt, sol_types::SolEvent};
use cairn_state::State;

use super::{Findings, VerifyError};
use crate::{
    deploy::manifest::Manifest,
    l1::{contracts::IRollupL1, reader::Reader},
    snapshot::Snapshot,
};

/// The state that a rollup must start with.
#[derive(Debug, Clone)]
pub struct Genesis {
    commitment: B256,
    /// What a published one has in it.
    published: Option<String>,
}

impl Genesis {
    /// No accounts, no tokens.
    #[must_use]
    pub fn empty() -> Self {
        let commitment = State::genesis().summary().commitment();
        Self { commitment: commitment.to_bytes().into(), published: None }
    }

    /// A published ledger: a snapshot of batch 0. Its commitment is computed from its leaves.
    ///
    /// # Errors
    /// The file is no snapshot, or one of a later batch.
    pub fn published(path: &Path) -> Result<Self, VerifyError> {
        let mut snapshot = Snapshot::read(path)?;
        if snapshot.batch != 0 {
            return Err(VerifyError::NotGenesis { got: snapshot.batch });
        }
        let leaves = snapshot.state.accounts().count();
        let content = format!("{} tokens and {leaves} leaves", snapshot.state.next_token());
        Ok(Self {
            commitment: snapshot.commitment().to_bytes().into(),
            published: Some(format!("{content}, by {}", path.display())),
        })
    }
}

/// Compares the manifest, and what the rollup's first event says, with the genesis.
pub(super) fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    genesis: &Genesis,
    creation: Option<&TransactionReceipt>,
) {
    let expected = &genesis.commitment;
    if let Some(content) = &genesis.published {
        findings.note(format!(
            "the rollup starts with {content}: L1 holds nothing for what is in them"
        ));
    }
    if *expected != manifest.genesis_state && genesis.published.is_none() {
        findings.note(
            "the rollup does not start empty: hidden leaves would be paid from others' deposits; \
             if a ledger was published, give it with --genesis FILE",
        );
    }
    findings.compare("genesis state: manifest", expected, &manifest.genesis_state);
    // Without the transaction, its own difference is there.
    let Some(creation) = creation else { return };
    let rollup = creation.contract_address;
    let logs = creation.logs().iter().filter(|log| Some(log.address()) == rollup);
    let mut batches = logs.filter_map(|log| IRollupL1::BatchCommitted::decode_log(&log.inner).ok());
    let first = batches.find(|event| event.number == 0);
    let got = first.map_or_else(|| "none".to_owned(), |event| event.batch.state.to_string());
    findings.compare("genesis state: batch 0 on L1", &expected.to_string(), &got);
}

/// Until a batch is proven, the proven state is the genesis.
pub(super) async fn compare_proven(
    findings: &mut Findings,
    reader: &Reader,
    genesis: &Genesis,
) -> Result<(), VerifyError> {
    let what = "reading the proven state";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let proven = reader.view(what, rollup.provenBatches()).await?;
    let state = reader.view(what, rollup.provenState()).await?;
    if proven == 0 {
        findings.compare("genesis state: proven on L1", &genesis.commitment, &state);
    }
    Ok(())
}
