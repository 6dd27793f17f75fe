//! What a manifest says of itself, before anything is built or asked: which contracts, where, and what follows from
//! what.

use alloy::primitives::{Address, B256};

use super::{Findings, VerifyError, arguments};
use crate::{
    deploy::{
        config::Config,
        manifest::{Manifest, SetUp},
    },
    l1::{anvil::CHAIN_ID as DEVELOPMENT_CHAIN, http::quote},
};

pub(super) const TIMELOCK: &str = "TimelockController";
pub(super) const VERIFIER: &str = "Groth16Verifier";
pub(super) const ROLLUP: &str = "Rollup";

/// The rollup makes custody, its first contract: a contract's nonce begins with 1.
const CUSTODY_NONCE: u64 = 1;

/// Compares everything of a manifest that follows from something else in it. Needs neither source nor chain.
///
/// # Errors
/// The list of contracts is not that of a deployment: nothing can be said of it.
pub(super) fn compare(findings: &mut Findings, manifest: &Manifest) -> Result<(), VerifyError> {
    check_contracts(manifest)?;
    for pair in manifest.contracts.windows(2) {
        if let [first, second] = pair
            && first.nonce >= second.nonce
        {
            let what = format!("contracts: nonce of {}", second.name);
            findings.differ(&what, format!("more than {}", first.nonce), second.nonce.to_string());
        }
    }
    for contract in &manifest.contracts {
        let what = format!("contracts: address of {}, by deployer and nonce", contract.name);
        // The nonces of accounts end before the largest number (EIP-2681).
        let address = match contract.nonce {
            u64::MAX => Address::ZERO,
            nonce => manifest.deployer.create(nonce),
        };
        findings.compare(&what, &address, &contract.address);
    }
    let rollup = manifest.contract(ROLLUP)?.address;
    findings.compare(
        "custody, by the rollup's address",
        &rollup.create(CUSTODY_NONCE),
        &manifest.custody,
    );
    let domain = cairn_types::domain(manifest.chain_id, &rollup.into_array());
    let domain = B256::left_padding_from(&domain.bytes());
    findings.compare("domain, by chain id and the rollup's address", &domain, &manifest.domain);
    arguments::compare(findings, manifest)?;
    compare_configuration(findings, manifest);
    Ok(())
}

/// Exactly the contracts of a deployment, in their order: no other file is ever read.
fn check_contracts(manifest: &Manifest) -> Result<(), VerifyError> {
    let timelock = (manifest.roles.timelock_delay != 0).then_some(TIMELOCK);
    let expected = timelock.into_iter().chain([VERIFIER, ROLLUP]);
    let expected: Vec<_> = expected.map(|name| (name.to_owned(), format!("{name}.sol"))).collect();
    let got = manifest.contracts.iter().map(|contract| (&contract.name, &contract.file));
    if got.eq(expected.iter().map(|(name, file)| (name, file))) {
        return Ok(());
    }
    let list = |contracts: &[(String, String)]| {
        let names = contracts.iter().map(|(name, file)| format!("{name} of {file}"));
        quote(&names.collect::<Vec<_>>().join(", "))
    };
    let got = manifest.contracts.iter().take(10);
    let got: Vec<_> = got.map(|c| (c.name.clone(), c.file.clone())).collect();
    Err(VerifyError::Contracts { expected: list(&expected), got: list(&got) })
}

/// What `cairn deploy` refuses, another tool may have deployed: roles that nobody has, times that leave nobody time.
fn compare_configuration(findings: &mut Findings, manifest: &Manifest) {
    let Manifest { chain_id, roles, terms, .. } = *manifest;
    match (Config { chain_id, roles, terms }).check() {
        Ok(()) => findings.checked.push("configuration: one that can be deployed".to_owned()),
        Err(error) => findings.differ(
            "configuration",
            "one that `cairn deploy` takes".to_owned(),
            error.to_string(),
        ),
    }
    if manifest.circuits.set_up == SetUp::Development && chain_id != DEVELOPMENT_CHAIN {
        let what = "development keys: chain";
        findings.differ(what, DEVELOPMENT_CHAIN.to_string(), chain_id.to_string());
    }
}
