//! Who has which role: everyone, not only those whom the manifest names.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolEvent,
};

use super::{Findings, VerifyError};
use crate::{
    deploy::manifest::Manifest,
    l1::{
        contracts::IAccessControl,
        error::{L1Error, rpc},
        reader::Reader,
    },
};

/// OpenZeppelin's role of those who give roles.
const ADMINISTRATOR: B256 = B256::ZERO;

type Holders = BTreeMap<B256, BTreeSet<Address>>;

/// Compares the holders of every role, of the rollup and of the timelock.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<(), VerifyError> {
    let role = |name: &str| keccak256(name);
    let roles = &manifest.roles;
    let mut governor = roles.governor;
    if roles.timelock_delay != 0 {
        let timelock = manifest.contract("TimelockController")?.address;
        let expected = [
            ("timelock: administrator", ADMINISTRATOR, timelock),
            ("timelock: proposer", role("PROPOSER_ROLE"), governor),
            ("timelock: executor", role("EXECUTOR_ROLE"), governor),
            ("timelock: canceller", role("CANCELLER_ROLE"), governor),
        ];
        let holders = holders(reader, timelock, manifest.first_block).await?;
        compare_holders(findings, &expected, &holders);
        let what = "reading the timelock's delay";
        let contract = IAccessControl::new(timelock, reader.provider());
        let delay = contract.getMinDelay().block(reader.block()).call().await;
        let delay = delay.map_err(|e| rpc(what, e))?;
        findings.compare("timelock: delay", &U256::from(roles.timelock_delay), &delay);
        governor = timelock;
    }
    let expected = [
        ("role: governor", ADMINISTRATOR, governor),
        ("role: committer", role("COMMITTER_ROLE"), roles.committer),
        ("role: prover", role("PROVER_ROLE"), roles.prover),
        ("role: guardian", role("GUARDIAN_ROLE"), roles.guardian),
        ("role: council", role("COUNCIL_ROLE"), roles.council),
    ];
    let holders = holders(reader, reader.address(), manifest.first_block).await?;
    compare_holders(findings, &expected, &holders);
    Ok(())
}

fn compare_holders(findings: &mut Findings, expected: &[(&str, B256, Address)], holders: &Holders) {
    let list = |holders: &BTreeSet<Address>| {
        let names: Vec<_> = holders.iter().map(ToString::to_string).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    for (what, role, holder) in expected {
        let got = holders.get(role).map_or_else(|| "nobody".to_owned(), list);
        findings.compare(what, &holder.to_string(), &got);
    }
    let known: BTreeSet<_> = expected.iter().map(|(_, role, _)| *role).collect();
    for (role, others) in
        holders.iter().filter(|(role, others)| !known.contains(*role) && !others.is_empty())
    {
        findings.differ(&format!("role {role}"), "nobody".to_owned(), list(others));
    }
}

/// Everyone who has been given a role and has it still.
async fn holders(reader: &Reader, contract: Address, first_block: u64) -> Result<Holders, L1Error> {
    let what = "reading who has which role";
    let topics =
        [IAccessControl::RoleGranted::SIGNATURE_HASH, IAccessControl::RoleRevoked::SIGNATURE_HASH];
    let mut holders = Holders::new();
    for log in reader.logs(contract, &topics, first_block, |_| ()).await? {
        if let Ok(event) = IAccessControl::RoleGranted::decode_log(&log.inner) {
            holders.entry(event.role).or_default().insert(event.account);
        } else {
            let event = IAccessControl::RoleRevoked::decode_log(&log.inner);
            let event = event.map_err(|e| rpc(what, e))?;
            holders.entry(event.role).or_default().remove(&event.account);
        }
    }
    // The storage has the last word: a node may leave out logs.
    let access = IAccessControl::new(contract, reader.provider());
    for (&role, accounts) in &holders {
        for &account in accounts {
            let has = access.hasRole(role, account).block(reader.block()).call().await;
            if !has.map_err(|e| rpc(what, e))? {
                let reason =
                    format!("{account} was given role {role} by the logs, not by the storage");
                return Err(rpc(what, reason));
            }
        }
    }
    Ok(holders)
}
