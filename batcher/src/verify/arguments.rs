//! What the constructors are called with: it follows from the rest of the manifest.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolValue,
};

use super::{
    Findings,
    structure::{ROLLUP, TIMELOCK, VERIFIER},
    time::Seconds,
};
use crate::{
    deploy::manifest::{Manifest, ManifestError, SetUp},
    l1::contracts::{Configuration, Holders},
};

/// OpenZeppelin's: delay, proposers, executors, administrator.
type Timelock = (U256, Vec<Address>, Vec<Address>, Address);

/// A value with its name.
type Named = (&'static str, String);

/// Who governs the rollup: the timelock, if there is one.
pub(super) fn governor(manifest: &Manifest) -> Result<Address, ManifestError> {
    match manifest.roles.timelock_delay {
        0 => Ok(manifest.roles.governor),
        _ => Ok(manifest.contract(TIMELOCK)?.address),
    }
}

/// The arguments of a contract's constructor, ABI-encoded, by the manifest's other fields.
///
/// # Errors
/// The manifest lacks a contract that they name.
pub fn arguments(manifest: &Manifest, contract: &str) -> Result<Bytes, ManifestError> {
    let encoded = match contract {
        TIMELOCK => timelock(manifest).abi_encode_params(),
        ROLLUP => configuration(manifest)?.abi_encode(),
        _ => Vec::new(),
    };
    Ok(encoded.into())
}

/// Compares the manifest's arguments with those that follow from its other fields.
pub(super) fn compare(findings: &mut Findings, manifest: &Manifest) -> Result<(), ManifestError> {
    for contract in &manifest.contracts {
        let name = &contract.name;
        let expected = arguments(manifest, name)?;
        let what = format!("constructor of {name}");
        let count = findings.differences.len();
        if expected != contract.arguments {
            let (expected, got) = (&expected, &contract.arguments);
            match name.as_str() {
                TIMELOCK => compare_fields(findings, &what, &read_timelock, expected, got),
                ROLLUP => compare_fields(findings, &what, &read_configuration, expected, got),
                _ => {}
            }
            // The same values in other bytes, or bytes that are no arguments.
            if findings.differences.len() == count {
                let length = |bytes: &Bytes| format!("{} bytes", bytes.len());
                let what = format!("{what}: encoding of its arguments");
                findings.differ(&what, length(expected), length(got));
            }
        } else {
            findings.checked.push(format!("{what} ({} bytes)", expected.len()));
        }
    }
    Ok(())
}

fn compare_fields(
    findings: &mut Findings,
    what: &str,
    read: &dyn Fn(&[u8]) -> Option<Vec<Named>>,
    expected: &[u8],
    got: &[u8],
) {
    let (Some(expected), Some(got)) = (read(expected), read(got)) else { return };
    for ((name, expected), (_, got)) in expected.iter().zip(&got) {
        if expected != got {
            findings.differ(&format!("{what}: {name}"), expected.clone(), got.clone());
        }
    }
}

fn timelock(manifest: &Manifest) -> Timelock {
    let governors = vec![manifest.roles.governor];
    let delay = U256::from(manifest.roles.timelock_delay);
    // Without an administrator: it is changed through itself only.
    (delay, governors.clone(), governors, Address::ZERO)
}

fn read_timelock(bytes: &[u8]) -> Option<Vec<Named>> {
    let (delay, proposers, executors, administrator) =
        Timelock::abi_decode_params_validate(bytes).ok()?;
    let list = |addresses: &[Address]| {
        let some = addresses.iter().take(10).map(ToString::to_string);
        format!("{} of {}", some.collect::<Vec<_>>().join(", "), addresses.len())
    };
    Some(vec![
        ("delay", Seconds(delay).to_string()),
        ("proposers", list(&proposers)),
        ("executors", list(&executors)),
        ("administrator", administrator.to_string()),
    ])
}

fn configuration(manifest: &Manifest) -> Result<Configuration, ManifestError> {
    let Manifest { roles, terms, circuits, .. } = manifest;
    Ok(Configuration {
        holders: Holders {
            governor: governor(manifest)?,
            committer: roles.committer,
            prover: roles.prover,
            guardian: roles.guardian,
            council: roles.council,
        },
        verifier: manifest.contract(VERIFIER)?.address,
        circuitSetRoot: circuits.circuit_set_root,
        genesisState: manifest.genesis_state,
        developmentKeys: circuits.set_up == SetUp::Development,
        priorityFee: terms.priority_fee,
        priorityDeadline: terms.priority_deadline,
        upgradeDelay: terms.upgrade_delay,
        forcedTransactions: terms.forced_transactions,
        dataModes: terms.data_modes.bits(),
    })
}

fn read_configuration(bytes: &[u8]) -> Option<Vec<Named>> {
    let configuration = Configuration::abi_decode_validate(bytes).ok()?;
    let Holders { governor, committer, prover, guardian, council } = &configuration.holders;
    Some(vec![
        ("governor", governor.to_string()),
        ("committer", committer.to_string()),
        ("prover", prover.to_string()),
        ("guardian", guardian.to_string()),
        ("council", council.to_string()),
        ("verifier", configuration.verifier.to_string()),
        ("root of the circuit set", configuration.circuitSetRoot.to_string()),
        ("genesis state", configuration.genesisState.to_string()),
        ("development keys", configuration.developmentKeys.to_string()),
        ("priority fee", configuration.priorityFee.to_string()),
        ("priority deadline", Seconds::from(configuration.priorityDeadline).to_string()),
        ("upgrade delay", Seconds::from(configuration.upgradeDelay).to_string()),
        ("forced transactions", configuration.forcedTransactions.to_string()),
        ("data modes", configuration.dataModes.to_string()),
    ])
}
