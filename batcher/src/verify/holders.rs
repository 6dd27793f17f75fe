//! What is at an address that has a role: a key, a key that has delegated itself, a contract, or one that executes
//! the code of another.
//!
//! A multisig is a proxy nearly always, and so are most tokens: for a holder of a role that is no fault, and who
//! controls the code behind it is nothing that a source can say. So it is told, and the user judges. A verifier is
//! another thing: it must be the source's, byte for byte, and every other one is a difference (`code`, `circuits`), a
//! proxy or not.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, b256},
    providers::Provider,
};

use super::{Findings, VerifyError, roles::Holder, structure::TIMELOCK};
use crate::{
    deploy::manifest::Manifest,
    l1::{
        error::{L1Error, rpc},
        reader::Reader,
    },
};

/// What the code of an account begins with that has delegated itself (EIP-7702); an address follows.
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// Around the address in a minimal proxy (EIP-1167).
const MINIMAL_PROXY: [&[u8]; 2] = [
    &[0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73],
    &[0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3],
];

/// Where proxies keep an address, by the standard that says so; a Safe keeps its code's in the first slot.
const SLOTS: [(&str, B256); 6] = [
    (
        "implementation (EIP-1967)",
        b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"),
    ),
    (
        "beacon (EIP-1967)",
        b256!("a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50"),
    ),
    (
        "administrator (EIP-1967)",
        b256!("b53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103"),
    ),
    (
        "implementation (EIP-1822)",
        b256!("c5f16f0fcc639fa48a6947836d9850f504798523bf8c9a3a87d5876cf622bcf7"),
    ),
    (
        "implementation (OpenZeppelin, before EIP-1967)",
        b256!("7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3"),
    ),
    ("address in the first slot (as a Safe's singleton)", B256::ZERO),
];

/// Holders that are told: an honest deployment has a few, and more are differences already.
const MOST_HOLDERS: usize = 100;

const CALLCODE: u8 = 0xf2;
const DELEGATECALL: u8 = 0xf4;
const PUSH1: u8 = 0x60;
const PUSH32: u8 = 0x7f;

/// Tells of each address what it is, and which roles it has.
pub(super) async fn describe_all(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    holders: Vec<Holder>,
) -> Result<(), VerifyError> {
    let mut roles = BTreeMap::<Address, Vec<String>>::new();
    for (address, role) in holders {
        roles.entry(address).or_default().push(role);
    }
    let timelock = manifest.contracts.iter().find(|contract| contract.name == TIMELOCK);
    if let Some(more) = roles.len().checked_sub(MOST_HOLDERS + 1) {
        findings.leave_out(format!("what is at the addresses of {} holders more", more + 1));
    }
    for (address, roles) in roles.into_iter().take(MOST_HOLDERS) {
        let mut what = if timelock.is_some_and(|timelock| timelock.address == address) {
            "the deployment's timelock".to_owned()
        } else {
            describe(reader, address).await?
        };
        if address == manifest.deployer {
            what.push_str("; the deployer");
        }
        findings.note(format!("{address} ({}): {what}", roles.join(", ")));
    }
    Ok(())
}

/// What is at the address, and whose code it executes.
pub(super) async fn describe(reader: &Reader, address: Address) -> Result<String, L1Error> {
    let code = reader.code(address).await?;
    if code.is_empty() {
        return Ok(
            "no code: an account with a key, or a contract that is yet to be made".to_owned()
        );
    }
    if let Some(other) = code.strip_prefix(&DELEGATION).and_then(address_of) {
        return Ok(format!(
            "an account with a key that has delegated itself to the code of {other} (EIP-7702)"
        ));
    }
    let mut what = format!("a contract of {} bytes", code.len());
    if let Some(other) = minimal_proxy(&code) {
        what.push_str(&format!(", a PROXY that executes the code of {other} (EIP-1167)"));
    }
    if !executes_others(&code) {
        return Ok(what);
    }
    what.push_str(", which executes the code of other contracts (DELEGATECALL)");
    for (name, slot) in SLOTS {
        if let Some(other) = stored(reader, address, slot).await? {
            what.push_str(&format!("; a PROXY, {name} {other}"));
        }
    }
    Ok(what)
}

/// An address in a slot, if there is one with something behind it that a proxy may mean.
async fn stored(reader: &Reader, address: Address, slot: B256) -> Result<Option<Address>, L1Error> {
    let value = reader
        .provider()
        .get_storage_at(address, U256::from_be_bytes(slot.0))
        .block_id(reader.block())
        .await
        .map_err(|e| rpc("reading a contract's storage", e))?;
    let bytes = value.to_be_bytes::<32>();
    let other = bytes.strip_prefix(&[0; 12]).and_then(address_of);
    let Some(other) = other.filter(|other| !other.is_zero()) else { return Ok(None) };
    // Anything may be in the first slot of a contract: a number is no address of code.
    if slot.is_zero() && reader.code(other).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(other))
}

fn minimal_proxy(code: &Bytes) -> Option<Address> {
    let [before, after] = MINIMAL_PROXY;
    code.strip_prefix(before)?.strip_suffix(after).and_then(address_of)
}

fn address_of(bytes: &[u8]) -> Option<Address> {
    Address::try_from(bytes).ok()
}

/// Whether any instruction executes another contract's code in this one's storage; data behind the code may look like
/// one.
fn executes_others(code: &[u8]) -> bool {
    let mut bytes = code.iter();
    while let Some(&instruction) = bytes.next() {
        match instruction {
            DELEGATECALL | CALLCODE => return true,
            // Its operand is no instruction.
            PUSH1..=PUSH32 => drop(bytes.nth(usize::from(instruction - PUSH1))),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;

    use super::*;

    #[test]
    fn slots_are_where_the_standards_put_them() {
        let one_before =
            |name: &str| B256::from(U256::from_be_bytes(keccak256(name).0) - U256::ONE);
        let expected = [
            one_before("eip1967.proxy.implementation"),
            one_before("eip1967.proxy.beacon"),
            one_before("eip1967.proxy.admin"),
            keccak256("PROXIABLE"),
            keccak256("org.zeppelinos.proxy.implementation"),
            B256::ZERO,
        ];
        assert_eq!(SLOTS.map(|(_, slot)| slot), expected);
    }

    #[test]
    fn instructions_are_told_from_operands() {
        assert!(executes_others(&[0x5f, DELEGATECALL]));
        assert!(executes_others(&[PUSH1, 0, CALLCODE]));
        assert!(!executes_others(&[PUSH1, DELEGATECALL, 0]));
        assert!(!executes_others(&[PUSH32, DELEGATECALL]));
        assert!(!executes_others(&[]));
        let proxy = [MINIMAL_PROXY[0], &[7; 20], MINIMAL_PROXY[1]].concat();
        assert!(executes_others(&proxy));
        assert_eq!(minimal_proxy(&proxy.into()), Some(Address::repeat_byte(7)));
        assert_eq!(minimal_proxy(&MINIMAL_PROXY.concat().into()), None);
    }
}
