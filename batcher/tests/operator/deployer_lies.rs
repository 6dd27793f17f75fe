//! Deployers that lie with manifest and chain: the manifest agrees with itself, the code is the source's, and
//! something is hidden in what was sent and done.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::{SolCall, SolValue},
};
use cairn_batcher::{
    l1::contracts::{IAccessControl, ICustody, IRollupL1},
    snapshot::Snapshot,
    verify::{Genesis, VerifyError},
};
use cairn_state::State;
use cairn_types::{Account, FIRST_USER_ID};
use serde_json::json;

use crate::{
    deployed::{Deployed, names, noted},
    world::{artifacts, key},
};

alloy::sol! {
    function schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay);
    function cancel(bytes32 id);
}

/// Who is not in the manifest.
const HIDDEN: Address = Address::repeat_byte(0x66);

fn role(name: &str) -> B256 {
    keccak256(name)
}

/// Where the rollup keeps whether an address has a role.
fn role_slot(role: B256, account: Address) -> B256 {
    let data = keccak256((role, U256::ZERO).abi_encode());
    keccak256((account, data).abi_encode())
}

/// A ledger with one account that owns all there can be.
fn ledger() -> State {
    let balance = (1 << 63) - 1;
    let owner = |token| Account { key: key(1), token, nonce: 0, balance };
    State::restore(FIRST_USER_ID + 1, 1, |_| Ok::<_, ()>(owner(0))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_genesis_differs_and_a_published_one_is_told() {
    let mut state = ledger();
    let commitment = B256::from(state.summary().commitment().to_bytes());
    let mut deployed = Deployed::starting_with(commitment).await;
    let findings = deployed.findings().await;
    assert_eq!(
        names(&findings),
        ["genesis state: manifest", "genesis state: batch 0 on L1", "genesis state: proven on L1"]
    );
    assert!(noted(&findings, &["does not start empty", "--genesis FILE"]));

    // Whoever has published the ledger vouches for it.
    let path = deployed.folder.path().join("ledger.snapshot");
    let rollup = deployed.address("Rollup");
    let mut snapshot = Snapshot { chain_id: 31_337, rollup, batch: 0, state };
    snapshot.write(&path).unwrap();
    deployed.source.genesis = Genesis::published(&path).unwrap();
    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:?}", findings.differences);
    assert!(noted(&findings, &["1 tokens and 2 leaves", "L1 holds nothing"]), "{findings:?}");

    // An empty rollup is not what that ledger says, and a later state is no genesis.
    let mut empty = Deployed::new().await;
    empty.source.genesis = Genesis::published(&path).unwrap();
    assert_eq!(names(&empty.findings().await).len(), 3);
    snapshot.batch = 1;
    snapshot.write(&path).unwrap();
    let later = Genesis::published(&path).unwrap_err();
    assert!(matches!(later, VerifyError::NotGenesis { got: 1 }), "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_council_member_is_found_before_the_block_that_the_manifest_names() {
    let mut deployed = Deployed::new().await;
    let (rollup, council) = (deployed.address("Rollup"), deployed.manifest.roles.council);
    let role = role("COUNCIL_ROLE");
    deployed.call(council, rollup, &IAccessControl::grantRoleCall { role, account: HIDDEN }).await;
    let later = deployed.node.get_block_number().await.unwrap() + 1;
    let account = council;
    deployed.call(council, rollup, &IAccessControl::revokeRoleCall { role, account }).await;
    deployed.call(HIDDEN, rollup, &IAccessControl::grantRoleCall { role, account }).await;

    // From that block on, the events know the published member only.
    deployed.manifest.first_block = later;
    let findings = deployed.findings().await;
    assert_eq!(names(&findings), ["first block", "role: council"]);
    let got = &findings.differences[1].got;
    assert!(got.contains(&HIDDEN.to_string()) && got.contains(&council.to_string()), "{got}");

    // Once the hidden one has done its work, it is gone; that it was there is told.
    deployed.manifest.first_block = 1;
    let account = HIDDEN;
    deployed.call(council, rollup, &IAccessControl::revokeRoleCall { role, account }).await;
    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:?}", findings.differences);
    assert!(noted(&findings, &["role: council", &HIDDEN.to_string(), "has had it"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_and_events_of_roles_must_agree() {
    let deployed = Deployed::new().await;
    let (rollup, deployer) = (deployed.address("Rollup"), deployed.manifest.deployer);
    // As if a node kept the event to itself that has made the deployer a member.
    let slot = role_slot(role("COUNCIL_ROLE"), deployer);
    deployed.set_storage(rollup, slot, B256::with_last_byte(1)).await;
    let findings = deployed.findings().await;
    let events = format!("role: council: {deployer}, events and storage");
    assert_eq!(names(&findings), [events.as_str(), "role: council"]);
    deployed.set_storage(rollup, slot, B256::ZERO).await;

    let prover = deployed.manifest.roles.prover;
    deployed.set_storage(rollup, role_slot(role("PROVER_ROLE"), prover), B256::ZERO).await;
    let findings = deployed.findings().await;
    let events = format!("role: prover: {prover}, events and storage");
    assert_eq!(names(&findings), [events.as_str(), "role: prover"]);
    assert_eq!(findings.differences[1].got, "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn further_holders_and_circuit_sets_are_differences() {
    let deployed = Deployed::new().await;
    let (rollup, timelock) = (deployed.address("Rollup"), deployed.address("TimelockController"));
    let other = B256::repeat_byte(0x42);
    for (contract, role) in [(rollup, role("COMMITTER_ROLE")), (rollup, other), (timelock, other)] {
        let grant = IAccessControl::grantRoleCall { role, account: HIDDEN };
        deployed.call(timelock, contract, &grant).await;
    }
    // An upgradable verifier, installed by the council: EIP-1967, for what it is worth.
    let verifier = Address::repeat_byte(0x67);
    deployed.set_code(verifier, &[0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0xf4]).await;
    let slot = U256::from_be_bytes(keccak256("eip1967.proxy.implementation").0) - U256::ONE;
    let behind = Address::repeat_byte(0x68);
    deployed.set_storage(verifier, slot.into(), behind.into_word()).await;
    let install = IRollupL1::installCircuitSetCall { root: B256::repeat_byte(1), verifier };
    deployed.call(deployed.manifest.roles.council, rollup, &install).await;

    let findings = deployed.findings().await;
    let (unknown, by_timelock) =
        (format!("role {other} of {rollup}"), format!("role {other} of {timelock}"));
    assert_eq!(
        names(&findings),
        ["number of circuit sets", "circuit set 1", &by_timelock, "role: committer", &unknown]
    );
    let committers = &findings.differences[3].got;
    assert!(committers.contains(&HIDDEN.to_string()), "{committers}");
    let parts =
        ["verifier of circuit set 1", "PROXY, implementation (EIP-1967)", &behind.to_string()];
    assert!(noted(&findings, &parts), "{:?}", findings.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_behind_a_holder_is_told() {
    let deployed = Deployed::new().await;
    let roles = deployed.manifest.roles;
    let other = Address::repeat_byte(0x69);
    // A key that has delegated itself; a Safe; a contract that is one; nothing.
    let delegation = [&[0xef, 0x01, 0x00][..], other.as_slice()].concat();
    deployed.set_code(roles.council, &delegation).await;
    deployed.set_code(other, &[0x00]).await;
    deployed.set_code(roles.governor, &[0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0xf4]).await;
    deployed.set_storage(roles.governor, B256::ZERO, other.into_word()).await;
    deployed.set_code(roles.guardian, &[0x60, 0xf4, 0x00]).await;

    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:?}", findings.differences);
    let other = other.to_string();
    for (holder, parts) in [
        (roles.council, ["role: council", "delegated itself", &other]),
        (
            roles.governor,
            ["timelock: proposer, timelock: ", "PROXY, address in the first slot", &other],
        ),
        (roles.guardian, ["role: guardian", "a contract of 3 bytes", ""]),
        (roles.committer, ["role: committer", "no code", ""]),
        (
            deployed.address("TimelockController"),
            ["role: governor", "the deployment's timelock", ""],
        ),
    ] {
        let line = findings.notes.iter().find(|note| note.starts_with(&holder.to_string()));
        let line = line.unwrap_or_else(|| panic!("{holder}: {:?}", findings.notes));
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        assert_eq!(line.contains("PROXY"), holder == roles.governor, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_timelock_is_told() {
    let deployed = Deployed::new().await;
    let (rollup, timelock) = (deployed.address("Rollup"), deployed.address("TimelockController"));
    let governor = deployed.manifest.roles.governor;
    let grant = IAccessControl::grantRoleCall { role: role("PROVER_ROLE"), account: HIDDEN };
    let data = Bytes::from(grant.abi_encode());
    let (value, predecessor, salt) = (U256::ZERO, B256::ZERO, B256::repeat_byte(1));
    let delay = U256::from(600);
    let target = rollup;
    let call = scheduleCall { target, value, data: data.clone(), predecessor, salt, delay };
    deployed.call(governor, timelock, &call).await;

    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:?}", findings.differences);
    let hidden = HIDDEN.to_string().to_lowercase();
    assert!(
        noted(&findings, &["timelock: operation", "waits", "grantRole", &hidden]),
        "{findings:?}"
    );
    deployed.rpc("evm_increaseTime", json!([601])).await;
    deployed.rpc("anvil_mine", json!([1])).await;
    assert!(noted(&deployed.findings().await, &["timelock: operation", "can be executed now"]));

    let id = keccak256((target, value, data, predecessor, salt).abi_encode_params());
    deployed.call(governor, timelock, &cancelCall { id }).await;
    assert!(!noted(&deployed.findings().await, &["timelock: operation"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_something_else_differ() {
    let mut deployed = Deployed::new().await;
    let good = deployed.manifest.clone();
    // Another contract's creation; a call; nothing that the node knows.
    let token = artifacts().await.read("DemoToken.sol", "DemoToken").unwrap();
    let sender = HIDDEN;
    deployed.rpc("anvil_impersonateAccount", json!([sender])).await;
    deployed.rpc("anvil_setBalance", json!([sender, U256::from(1) << 80])).await;
    let request = TransactionRequest::default().with_from(sender).with_deploy_code(token.creation);
    let creation =
        deployed.node.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    let request = TransactionRequest::default().with_from(sender).with_to(sender);
    let call = deployed.node.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    for (transaction, expected) in [
        (creation.transaction_hash, &["sender", "nonce", "makes", "hash of input"][..]),
        (call.transaction_hash, &["sender", "nonce", "goes to", "makes", "hash of input"]),
        (good.contracts[1].transaction, &["nonce", "makes", "hash of input"]),
    ] {
        deployed.manifest.contracts[2].transaction = transaction;
        let findings = deployed.findings().await;
        let expected: Vec<_> =
            expected.iter().map(|what| format!("transaction of Rollup: {what}")).collect();
        assert_eq!(names(&findings), expected);
    }
    // Without it nobody knows where events begin: all are read, and the hidden member is still found.
    let council = good.roles.council;
    let grant = IAccessControl::grantRoleCall { role: role("COUNCIL_ROLE"), account: HIDDEN };
    deployed.call(council, deployed.address("Rollup"), &grant).await;
    deployed.manifest.contracts[2].transaction = B256::repeat_byte(1);
    deployed.manifest.first_block = deployed.node.get_block_number().await.unwrap() + 1;
    let findings = deployed.findings().await;
    assert_eq!(names(&findings), ["transaction of Rollup", "role: council"]);
    assert!(findings.differences[0].got.contains("keeps all transactions"), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_the_rollup_stands_is_told() {
    let deployed = Deployed::new().await;
    let (rollup, timelock) = (deployed.address("Rollup"), deployed.address("TimelockController"));
    let findings = deployed.findings().await;
    let chain = [&rollup.to_string(), &deployed.manifest.custody.to_string(), "chain 31337"];
    assert!(noted(&findings, &chain), "{:?}", findings.notes);
    assert!(noted(&findings, &["INSECURE development keys"]));
    assert!(noted(&findings, &["proving is the prover's"]));
    assert!(noted(&findings, &["no forced transactions"]));
    assert!(noted(
        &findings,
        &["16 days) are left", "(30 days) until then", "(14 days) until anyone"]
    ));
    assert!(noted(&findings, &["WARNING: the governor's acts count 600 s (10 minutes) after"]));
    assert!(noted(&findings, &["data: calldata, blobs"]));
    assert!(!noted(&findings, &["PAUSED"]) && !noted(&findings, &["token 0"]));

    deployed.call(deployed.manifest.roles.guardian, rollup, &IRollupL1::pauseCall {}).await;
    deployed.call(timelock, rollup, &IRollupL1::setOpenProvingCall { open: true }).await;
    let members = vec![HIDDEN];
    let call = IRollupL1::setDataCommitteeCall { members, threshold: 1 };
    deployed.call(timelock, rollup, &call).await;
    let fee = deployed.manifest.terms.priority_fee;
    let register = ICustody::registerTokenCall {
        asset: HIDDEN,
        quantumExponent: 9,
        cap: 77,
        feeKey: key(0).elements(),
    };
    let request = TransactionRequest::default()
        .with_from(timelock)
        .with_to(deployed.manifest.custody)
        .with_value(fee)
        .with_input(register.abi_encode());
    let sent = deployed.node.send_transaction(request).await.unwrap();
    assert!(sent.get_receipt().await.unwrap().status());
    // Past the deadline, anyone freezes.
    let deadline = u64::from(deployed.manifest.terms.priority_deadline) + 1;
    deployed.rpc("evm_increaseTime", json!([deadline])).await;
    deployed.rpc("anvil_mine", json!([1])).await;
    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:?}", findings.differences);
    for parts in [
        &["PAUSED by the guardian"][..],
        &["OVERDUE"],
        &["proving is open to anyone"],
        &["data committee 1: 1 must sign of 1 members", &HIDDEN.to_string()],
        &["token 0", &HIDDEN.to_string(), "no code", "10^9", "deposits up to 77"],
        &["operations of the queue: 1 accepted, 0 proven"],
    ] {
        assert!(noted(&findings, parts), "{parts:?}: {:?}", findings.notes);
    }
    deployed.call(HIDDEN, rollup, &IRollupL1::freezeCall {}).await;
    assert!(noted(&deployed.findings().await, &["FROZEN at"]));
}
