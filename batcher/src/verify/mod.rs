//! Whether a deployment is what its manifest says and what the source makes.
//!
//! ```text
//! circuits, keys -> verifier's source -> forge build (from nothing) -> deployed again on a local chain -> code
//! ```
//!
//! Immutables stand in the code. They are not masked: the constructors are run again with the manifest's arguments,
//! on a local chain with the same id, by the same deployer with the same nonces, so that addresses and immutables
//! come out as on L1.
//!
//! The deployer is the enemy: it has written the manifest, sent the transactions, and done on the chain what it liked
//! since. So no value is held only against something of the same author: `docs/verify-deployment.md` says for each
//! what it is held against, and a test walks that table. The node is trusted to tell what the chain is.

mod arguments;
mod circuits;
mod code;
mod creations;
mod findings;
mod genesis;
mod holders;
mod rebuild;
mod roles;
mod source;
mod state;
mod structure;
mod terms;
mod time;
mod timelock;

use std::{fs, path::Path};

use alloy::providers::{DynProvider, Provider};
use thiserror::Error;

use self::structure::ROLLUP;
pub use self::{
    arguments::arguments,
    findings::{Difference, Findings},
    genesis::Genesis,
    rebuild::{Rebuilt, Source, rebuild},
};
use crate::{
    deploy::{
        manifest::{Manifest, ManifestError},
        project::ProjectError,
    },
    l1::{
        anvil::AnvilError,
        artifacts::BuildError,
        connection::connect_with,
        error::{L1Error, rpc},
        reader::Reader,
    },
    snapshot::SnapshotError,
};

/// Why nothing can be said of the deployment.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest lists other contracts than a deployment has.
    #[error(
        "the manifest's contracts: expected {expected}, got {got}; it is none of `cairn deploy`"
    )]
    Contracts {
        /// Names and files, in order.
        expected: String,
        /// As the manifest has them.
        got: String,
    },
    /// The contracts do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no local chain to deploy on again.
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    /// The node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The contracts were not copied, or do not build.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The published ledger.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The published ledger is of a later time.
    #[error("the ledger of --genesis is of batch {got}, expected batch 0")]
    NotGenesis {
        /// Of the file.
        got: u32,
    },
    /// More than can be asked for: somebody has made it so.
    #[error(
        "{what}: expected {most} at most, got {got}: a deployment with so many is not to be trusted"
    )]
    TooMany {
        /// Of what.
        what: &'static str,
        /// That are asked for.
        most: usize,
        /// That there are.
        got: usize,
    },
    /// A folder for the local chain.
    #[error("a folder for the local chain: {0}")]
    Folder(#[from] std::io::Error),
}

/// What can be said before the long work: that the node serves the manifest's chain, and what the manifest says of
/// itself.
///
/// # Errors
/// The node's, another chain, or a manifest of other contracts than a deployment has.
pub async fn check_manifest(url: &str, manifest: &Manifest) -> Result<Findings, VerifyError> {
    let got = connect_with(url)?.get_chain_id().await;
    let got = got.map_err(|e| rpc("reading the chain id", e))?;
    let expected = manifest.chain_id;
    if got != expected {
        return Err(L1Error::WrongChain { expected, got }.into());
    }
    let mut findings = Findings::default();
    findings.compare("chain id", &expected, &got);
    structure::compare(&mut findings, manifest)?;
    if !findings.agree() {
        findings.leave_out("source and chain: the manifest contradicts itself");
    }
    Ok(findings)
}

/// Compares a deployment with its manifest, with the source, and with the genesis. `folder` is for logs.
///
/// # Errors
/// The node's, the local chain's, or a manifest that is none.
pub async fn verify(
    url: &str,
    manifest: &Manifest,
    source: &Source,
    folder: &Path,
) -> Result<Findings, VerifyError> {
    let mut findings = check_manifest(url, manifest).await?;
    if !findings.agree() {
        return Ok(findings);
    }
    let folder = folder.join("again");
    fs::create_dir_all(&folder)?;
    let rebuilt = rebuild(source, manifest, &folder).await?;
    let rollup = manifest.contract(ROLLUP)?;
    let reader = Reader::connect(url, rollup.address).await?;
    reader.expect_chain(manifest.chain_id)?;

    source::compare(&mut findings, manifest, &rebuilt.compiler, &source.commit);
    circuits::compare(&mut findings, &manifest.circuits, &source.circuits);
    let creations = creations::compare(&mut findings, manifest, &reader, &source.artifacts).await?;
    genesis::compare(&mut findings, manifest, &source.genesis, creations.rollup.as_ref());
    if !code::compare(&mut findings, manifest, &reader, &rebuilt).await? {
        findings.leave_out("what the contracts answer: it is not the source's code that answers");
        return Ok(findings);
    }
    genesis::compare_proven(&mut findings, &reader, &source.genesis).await?;
    terms::compare(&mut findings, manifest, &reader).await?;
    let verifiers = circuits::compare_sets(&mut findings, manifest, &reader).await?;
    let mut holders =
        roles::compare(&mut findings, manifest, &reader, creations.first_block).await?;
    timelock::compare(&mut findings, manifest, &reader, creations.first_block).await?;
    holders.extend(verifiers);
    holders::describe_all(&mut findings, manifest, &reader, holders).await?;
    state::describe(&mut findings, manifest, &reader, creations.first_block).await?;
    reader.check_head().await?;
    Ok(findings)
}

/// A node that is only asked.
pub(crate) type Node = DynProvider;
