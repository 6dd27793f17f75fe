//! Who has which role: everyone, not only those whom the manifest names.
//!
//! The contracts do not list their holders. Events name everyone who has ever been given a role, from the block of
//! the contract's creation on, which its transaction says and not the manifest; the storage says who has it now. Both
//! are asked for every pair of role and address, and must agree.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::SolEvent,
};

use super::{Findings, VerifyError, arguments::governor, structure::TIMELOCK};
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

/// Pairs of role and address that the storage is asked for.
const MOST_PAIRS: usize = 4_096;

/// An address, and what it has been found to be.
pub(super) type Holder = (Address, String);

/// A role as it should be.
struct Role {
    /// For the report.
    name: &'static str,
    id: B256,
    /// Its only holder.
    holder: Address,
    /// The role that gives it.
    administrator: B256,
}

impl Role {
    fn new(name: &'static str, id: &str, holder: Address) -> Self {
        Self { name, id: keccak256(id), holder, administrator: ADMINISTRATOR }
    }

    fn administrator(name: &'static str, holder: Address) -> Self {
        Self { name, id: ADMINISTRATOR, holder, administrator: ADMINISTRATOR }
    }

    /// One that is its own to pass on.
    fn own(self) -> Self {
        Self { administrator: self.id, ..self }
    }
}

/// What events say of roles.
#[derive(Debug, Default)]
struct History {
    /// Whether the last event of a role and an address gives the role.
    given: BTreeMap<(B256, Address), bool>,
    /// Every role that any event names.
    roles: BTreeSet<B256>,
}

/// Compares the holders of every role, of the rollup and of the timelock; gives those that there are.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    first_block: u64,
) -> Result<Vec<Holder>, VerifyError> {
    let roles = &manifest.roles;
    let mut found = Vec::new();
    if roles.timelock_delay != 0 {
        let timelock = manifest.contract(TIMELOCK)?.address;
        let expected = [
            Role::administrator("timelock: administrator", timelock),
            Role::new("timelock: proposer", "PROPOSER_ROLE", roles.governor),
            Role::new("timelock: executor", "EXECUTOR_ROLE", roles.governor),
            Role::new("timelock: canceller", "CANCELLER_ROLE", roles.governor),
        ];
        found.extend(contract(findings, manifest, reader, timelock, first_block, &expected).await?);
    }
    let expected = [
        Role::administrator("role: governor", governor(manifest)?),
        Role::new("role: committer", "COMMITTER_ROLE", roles.committer),
        Role::new("role: prover", "PROVER_ROLE", roles.prover),
        Role::new("role: guardian", "GUARDIAN_ROLE", roles.guardian),
        Role::new("role: council", "COUNCIL_ROLE", roles.council).own(),
    ];
    let rollup = reader.address();
    found.extend(contract(findings, manifest, reader, rollup, first_block, &expected).await?);
    Ok(found)
}

async fn contract(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    address: Address,
    first_block: u64,
    expected: &[Role],
) -> Result<Vec<Holder>, VerifyError> {
    let History { given, mut roles } = history(reader, address, first_block).await?;
    roles.extend(expected.iter().map(|role| role.id));
    let accounts: BTreeSet<_> =
        given.keys().map(|(_, account)| *account).chain(named(manifest)).collect();
    let pairs = roles.len().saturating_mul(accounts.len());
    if pairs > MOST_PAIRS {
        let what = "pairs of a role and an address, of those that events name";
        return Err(VerifyError::TooMany { what, most: MOST_PAIRS, got: pairs });
    }
    let name = |role: B256| match expected.iter().find(|known| known.id == role) {
        Some(known) => known.name.to_owned(),
        None => format!("role {role} of {address}"),
    };
    let what = "reading who has which role";
    let access = IAccessControl::new(address, reader.provider());
    let mut holders = BTreeMap::<B256, BTreeSet<Address>>::new();
    let mut former = Vec::new();
    for &role in &roles {
        for &account in &accounts {
            let by_events = given.get(&(role, account)).copied();
            let has = reader.view(what, access.hasRole(role, account)).await?;
            if has != by_events.unwrap_or(false) {
                let say = |has: bool| if has { "has it" } else { "has it not" }.to_owned();
                let what = format!("{}: {account}, events and storage", name(role));
                findings.differ(&what, say(!has), say(has));
            }
            if has {
                holders.entry(role).or_default().insert(account);
            } else if by_events.is_some() {
                former.push(format!("{}: {account} has had it, and has it no more", name(role)));
            }
        }
        let administrator = reader.view(what, access.getRoleAdmin(role)).await?;
        let known = expected.iter().find(|known| known.id == role);
        let due = known.map_or(ADMINISTRATOR, |known| known.administrator);
        findings.compare(&format!("{}, given by role", name(role)), &due, &administrator);
    }
    findings.note_all("former holders of roles", former);
    for role in expected {
        let got = list(holders.get(&role.id));
        findings.compare(role.name, &role.holder.to_string(), &got);
    }
    let known: BTreeSet<_> = expected.iter().map(|role| role.id).collect();
    for (role, others) in holders.iter().filter(|(role, _)| !known.contains(*role)) {
        findings.differ(&name(*role), "nobody".to_owned(), list(Some(others)));
    }
    let found = holders.into_iter().flat_map(|(role, holders)| {
        let name = name(role);
        holders.into_iter().map(move |holder| (holder, name.clone()))
    });
    Ok(found.collect())
}

fn list(holders: Option<&BTreeSet<Address>>) -> String {
    let names: Vec<_> = holders.into_iter().flatten().map(ToString::to_string).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// Every address that the manifest has: a role of one of them must not be missed, whatever events a node leaves out.
fn named(manifest: &Manifest) -> impl Iterator<Item = Address> {
    let roles = &manifest.roles;
    let contracts = manifest.contracts.iter().map(|contract| contract.address);
    let holders = [roles.governor, roles.committer, roles.prover, roles.guardian, roles.council];
    // A role of the zero address is a role of everyone, to some contracts.
    let others = [manifest.deployer, manifest.custody, Address::ZERO];
    contracts.chain(holders).chain(others)
}

async fn history(reader: &Reader, contract: Address, first_block: u64) -> Result<History, L1Error> {
    let topics = [
        IAccessControl::RoleGranted::SIGNATURE_HASH,
        IAccessControl::RoleRevoked::SIGNATURE_HASH,
        IAccessControl::RoleAdminChanged::SIGNATURE_HASH,
    ];
    let mut history = History::default();
    for log in reader.logs(contract, &topics, first_block, |_| ()).await? {
        if let Ok(event) = IAccessControl::RoleGranted::decode_log(&log.inner) {
            history.roles.insert(event.role);
            history.given.insert((event.role, event.account), true);
        } else if let Ok(event) = IAccessControl::RoleRevoked::decode_log(&log.inner) {
            history.roles.insert(event.role);
            history.given.insert((event.role, event.account), false);
        } else {
            let event = IAccessControl::RoleAdminChanged::decode_log(&log.inner);
            let event = event.map_err(|e| rpc("reading who has been given which role", e))?;
            history.roles.extend([event.role, event.previousAdminRole, event.newAdminRole]);
        }
    }
    Ok(history)
}
