//! Whether a deployment is what its manifest says and what the source makes.
//!
//! ```text
//! circuits, keys -> verifier's source -> forge build (from nothing) -> deployment again on a local chain -> code, byte for byte
//! ```
//!
//! Immutables stand in the code. They are not masked: the constructors are run again with the manifest's arguments, on a local
//! chain with the same id, by the same deployer with the same nonces, so that addresses and immutables come out as on L1.
//! Besides: who has which role, which circuit sets count, and the terms.

mod rebuild;
mod roles;

use std::fmt;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::DynProvider,
    sol_types::SolValue,
};
use serde::Serialize;
use thiserror::Error;

pub use self::rebuild::{Rebuilt, rebuild};
use crate::{
    deploy::{
        manifest::{Circuits, Manifest, ManifestError},
        project::ProjectError,
    },
    l1::{
        anvil::AnvilError,
        artifacts::BuildError,
        contracts::{Configuration, ICustody, IRollupL1},
        data_modes::DataModes,
        error::L1Error,
        reader::Reader,
    },
};

/// Why nothing can be said of the deployment.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
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
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What.
    pub what: String,
    /// By source and manifest.
    pub expected: String,
    /// Found.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.what, self.expected, self.got)
    }
}

/// What was compared, and what differs.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// What was found as it should be.
    pub checked: Vec<String>,
    /// The rest.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// Compares one thing.
    pub fn compare<T: PartialEq + ToString>(&mut self, what: &str, expected: &T, got: &T) {
        if expected == got {
            self.checked.push(what.to_owned());
        } else {
            self.differ(what, expected.to_string(), got.to_string());
        }
    }

    /// Compares code; names the first bytes that differ, and whether a constructor argument stands there.
    pub fn compare_code(
        &mut self,
        what: &str,
        expected: &Bytes,
        got: &Bytes,
        immutables: &[(usize, usize)],
    ) {
        if expected == got {
            self.checked.push(format!("{what} ({} bytes)", got.len()));
            return;
        }
        if expected.len() != got.len() {
            let length = |code: &Bytes| format!("{} bytes", code.len());
            return self.differ(what, length(expected), length(got));
        }
        let first = expected.iter().zip(got).position(|(a, b)| a != b).unwrap_or_default();
        let differing = expected.iter().zip(got).filter(|(a, b)| a != b).count();
        let inside = |&&(start, length): &&(usize, usize)| (start..start + length).contains(&first);
        let (start, length, place) = match immutables.iter().find(inside) {
            Some(&(start, length)) => {
                (start, length, "an immutable, by the constructor's arguments")
            }
            None => (first, 32, "the program itself"),
        };
        let window = |code: &Bytes| {
            let end = (start + length).min(code.len());
            Bytes::copy_from_slice(code.get(start..end).unwrap_or_default()).to_string()
        };
        let what = format!("{what}: {differing} bytes differ, the first at {first} ({place})");
        self.differ(&what, window(expected), window(got));
    }

    /// Notes a difference.
    pub fn differ(&mut self, what: &str, expected: String, got: String) {
        self.differences.push(Difference { what: what.to_owned(), expected, got });
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Compares a deployment with what was rebuilt and with its manifest.
///
/// # Errors
/// The node's, or a manifest that lacks something.
pub async fn verify(
    url: &str,
    manifest: &Manifest,
    circuits: &Circuits,
    rebuilt: &Rebuilt,
) -> Result<Findings, VerifyError> {
    let mut findings = Findings::default();
    let rollup = manifest.contract("Rollup")?;
    let reader = Reader::connect(url, rollup.address).await?;
    reader.expect_chain(manifest.chain_id)?;

    compare_circuits(&mut findings, &manifest.circuits, circuits);
    findings.compare("compiler", &rebuilt.compiler, &manifest.compiler);
    for contract in &rebuilt.contracts {
        let code = reader.code(contract.address).await?;
        let what = format!("code of {} at {}", contract.name, contract.address);
        findings.compare_code(&what, &contract.code, &code, &contract.immutables);
        let noted = noted_hash(manifest, &contract.name);
        let what = format!("manifest: code hash of {}", contract.name);
        findings.compare(&what, &keccak256(&code), &noted.unwrap_or_default());
    }
    compare_constructor(&mut findings, manifest)?;
    compare_terms(&mut findings, manifest, &reader).await?;
    compare_circuit_sets(&mut findings, manifest, &reader).await?;
    roles::compare(&mut findings, manifest, &reader).await?;
    reader.check_head().await?;
    Ok(findings)
}

fn noted_hash(manifest: &Manifest, name: &str) -> Option<B256> {
    if name == "Custody" {
        return Some(manifest.custody_code_hash);
    }
    let contract = manifest.contracts.iter().find(|contract| contract.name == name);
    contract.map(|contract| contract.code_hash)
}

fn compare_circuits(findings: &mut Findings, manifest: &Circuits, built: &Circuits) {
    for (what, expected, got) in [
        ("root of the circuit set", built.circuit_set_root, manifest.circuit_set_root),
        ("hash of the verifying key", built.verifying_key_hash, manifest.verifying_key_hash),
    ] {
        findings.compare(&format!("circuits: {what}"), &expected, &got);
    }
    let set_up = |circuits: &Circuits| format!("{:?}", circuits.set_up);
    findings.compare("circuits: set-up", &set_up(built), &set_up(manifest));
    let names = built.digests.keys().chain(manifest.digests.keys());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        let digest = |circuits: &Circuits| {
            circuits.digests.get(name).map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        let what = format!("circuits: digest of {name}");
        findings.compare(&what, &digest(built), &digest(manifest));
    }
}

/// The constructor's arguments are what the rest of the manifest says.
fn compare_constructor(findings: &mut Findings, manifest: &Manifest) -> Result<(), VerifyError> {
    let rollup = manifest.contract("Rollup")?;
    let Ok(configuration) = Configuration::abi_decode(&rollup.arguments) else {
        findings.differ("manifest: arguments of Rollup", "a configuration".into(), "none".into());
        return Ok(());
    };
    let governor = match manifest.roles.timelock_delay {
        0 => manifest.roles.governor,
        _ => manifest.contract("TimelockController")?.address,
    };
    let verifier = manifest.contract("Groth16Verifier")?.address;
    let (holders, roles) = (&configuration.holders, &manifest.roles);
    for (what, expected, got) in [
        ("governor", governor, holders.governor),
        ("committer", roles.committer, holders.committer),
        ("prover", roles.prover, holders.prover),
        ("guardian", roles.guardian, holders.guardian),
        ("council", roles.council, holders.council),
        ("verifier", verifier, configuration.verifier),
    ] {
        findings.compare(&format!("constructor: {what}"), &expected, &got);
    }
    let what = "constructor: genesis state";
    findings.compare(what, &manifest.genesis_state, &configuration.genesisState);
    let what = "constructor: root of the circuit set";
    findings.compare(what, &manifest.circuits.circuit_set_root, &configuration.circuitSetRoot);
    Ok(())
}

async fn compare_terms(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<(), VerifyError> {
    let what = "reading the rollup's terms";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let terms = &manifest.terms;
    let fee = reader.view(what, rollup.PRIORITY_FEE()).await?;
    let deadline = reader.view(what, rollup.PRIORITY_DEADLINE()).await?;
    let delay = reader.view(what, rollup.UPGRADE_DELAY()).await?;
    let modes = reader.view(what, rollup.DATA_MODES()).await?;
    let domain = reader.view(what, rollup.DOMAIN()).await?;
    let custody = reader.view(what, rollup.CUSTODY()).await?;
    let contract = ICustody::new(custody, reader.provider());
    let forced = reader.view(what, contract.FORCED_TRANSACTIONS()).await?;
    for (name, expected, got) in [
        ("priority fee", terms.priority_fee, fee),
        ("priority deadline", U256::from(terms.priority_deadline), deadline),
        ("upgrade delay", U256::from(terms.upgrade_delay), delay),
    ] {
        findings.compare(&format!("terms: {name}"), &expected, &got);
    }
    let (expected, got) = (terms.data_modes, DataModes::from(modes));
    findings.compare(&format!("terms: data modes ({got})"), &expected, &got);
    findings.compare("domain", &manifest.domain, &domain);
    findings.compare("custody", &manifest.custody, &custody);
    findings.compare("terms: forced transactions", &terms.forced_transactions, &forced);
    Ok(())
}

/// The first circuit set is the manifest's; others that have been added since are named.
async fn compare_circuit_sets(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<(), VerifyError> {
    let what = "reading the circuit sets";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let count = reader.view(what, rollup.circuitSetCount()).await?;
    findings.compare("number of circuit sets", &U256::ONE, &count);
    let count = u64::try_from(count).unwrap_or(u64::MAX).min(1_000);
    let (root, verifier) =
        (manifest.circuits.circuit_set_root, manifest.contract("Groth16Verifier")?.address);
    for index in 0..count {
        let set = reader.view(what, rollup.circuitSetAt(U256::from(index))).await?;
        let state = |root: B256, verifier: Address, retired: bool| {
            format!("root {root}, verifier {verifier}{}", if retired { ", retired" } else { "" })
        };
        let got = state(set.root, set.verifier, set.retired);
        let name = format!("circuit set {index}");
        if index == 0 {
            findings.compare(&name, &state(root, verifier, false), &got);
        } else {
            findings.differ(&name, "none".to_owned(), got);
        }
    }
    Ok(())
}

/// A node that is only asked.
pub(crate) type Node = DynProvider;
