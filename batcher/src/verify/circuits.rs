//! Which circuits: the manifest's against this machine's, L1's against the manifest's.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};

use super::{
    Findings, VerifyError,
    structure::{ROLLUP, VERIFIER},
};
use crate::{
    deploy::manifest::{Circuits, Manifest, SetUp},
    l1::{
        contracts::{IGroth16Verifier, IRollupL1},
        http::quote,
        reader::Reader,
    },
};

/// Circuit sets that are read.
const MOST_SETS: usize = 100;

/// Compares the manifest's circuits with those that were built here.
pub(super) fn compare(findings: &mut Findings, manifest: &Circuits, built: &Circuits) {
    for (what, expected, got) in [
        ("root of the circuit set", built.circuit_set_root, manifest.circuit_set_root),
        ("hash of the verifying key", built.verifying_key_hash, manifest.verifying_key_hash),
    ] {
        findings.compare(&format!("circuits: {what}"), &expected, &got);
    }
    let set_up = |circuits: &Circuits| format!("{:?}", circuits.set_up);
    findings.compare("circuits: set-up", &set_up(built), &set_up(manifest));
    let names = built.digests.keys().chain(manifest.digests.keys());
    for name in names.collect::<BTreeSet<_>>() {
        let digest = |circuits: &Circuits| {
            circuits.digests.get(name).map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        let what = format!("circuits: digest of {}", quote(name));
        findings.compare(&what, &digest(built), &digest(manifest));
    }
    if built.set_up == SetUp::Development {
        findings.note("INSECURE development keys: anyone can forge proofs and take everything");
    }
}

/// The first circuit set is the manifest's; others that have been added since are differences, whatever their
/// verifiers are: nothing here says what they accept. Their verifiers, each with what it is.
pub(super) async fn compare_sets(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<Vec<(Address, String)>, VerifyError> {
    let what = "reading the circuit sets";
    let rollup = IRollupL1::new(manifest.contract(ROLLUP)?.address, reader.provider());
    let verifier = manifest.contract(VERIFIER)?.address;
    let contract = IGroth16Verifier::new(verifier, reader.provider());
    let development = reader.view(what, contract.DEVELOPMENT_KEYS()).await?;
    let expected = manifest.circuits.set_up == SetUp::Development;
    findings.compare("circuits: the verifier's development keys", &expected, &development);

    let count = reader.view(what, rollup.circuitSetCount()).await?;
    findings.compare("number of circuit sets", &U256::ONE, &count);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > MOST_SETS {
        return Err(VerifyError::TooMany { what: "circuit sets", most: MOST_SETS, got: count });
    }
    let root = manifest.circuits.circuit_set_root;
    let mut verifiers = Vec::new();
    for index in 0..count {
        let set = reader.view(what, rollup.circuitSetAt(U256::from(index))).await?;
        let state = |root: B256, verifier: Address, installed: bool, retired: bool| {
            let by = if installed { ", by the council" } else { "" };
            let end = if retired { ", retired" } else { "" };
            format!("root {root}, verifier {verifier}{by}{end}")
        };
        let got = state(set.root, set.verifier, set.installed, set.retired);
        let name = format!("circuit set {index}");
        if index == 0 {
            findings.compare(&name, &state(root, verifier, false, false), &got);
        } else {
            findings.differ(&name, "none".to_owned(), got);
            verifiers.push((set.verifier, format!("verifier of {name}")));
        }
    }
    Ok(verifiers)
}
