//! The commands of `docs/governance.md`, as they stand there, against a deployment with a timelock; what they have done is
//! read from the contracts.

use std::collections::BTreeMap;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256, keccak256},
    providers::Provider,
};
use cairn_batcher::l1::contracts::{IAccessControl, ICustody, IRollupL1};
use serde_json::json;

use crate::{
    deployed::{Deployed, config},
    manual::{Shell, sections},
    world::{SIGNER, World, contracts},
};

const PAGE: &str = "governance.md";
/// The section whose second block defines how the timelock is used, and whose third asks what waits.
const HOW: &str = "How to run the commands";
/// It needs batches: a test of its own.
const TAKE_BACK: &str = "Take batches back";
/// It is for good, and comes last.
const FREEZE: &str = "Freeze";
/// Who takes over.
const NEW: [Address; 3] =
    [Address::repeat_byte(0x21), Address::repeat_byte(0x22), Address::repeat_byte(0x23)];
/// Between the blocks of a section the timelock's delay passes.
const LATER: &str = "cast rpc evm_increaseTime 601 > later && cast rpc anvil_mine 1 > later\n";

/// What the page leaves to its reader: addresses, accounts, values.
fn settings(deployed: &Deployed) -> String {
    let roles = config().roles;
    let mut lines = String::new();
    let mut set = |name: &str, value: String| lines += &format!("{name}=\"{value}\"\n");
    set("ROLLUP", deployed.address("Rollup").to_string());
    set("CUSTODY", deployed.manifest.custody.to_string());
    set("TIMELOCK", deployed.address("TimelockController").to_string());
    set("VERIFIER", deployed.address("Groth16Verifier").to_string());
    set("DELAY", roles.timelock_delay.to_string());
    for (name, account) in [
        ("GUARDIAN", roles.guardian),
        ("GOVERNOR", roles.governor),
        ("COUNCIL", roles.council),
        ("OPERATOR", roles.committer),
        ("ANYONE", NEW[0]),
    ] {
        set(name, format!("--unlocked --from {account}"));
    }
    set("OLD_OPERATOR", roles.committer.to_string());
    set("OLD_COUNCIL", roles.council.to_string());
    for (name, account) in ["NEW_OPERATOR", "NEW_GUARDIAN", "NEW_COUNCIL"].into_iter().zip(NEW) {
        set(name, account.to_string());
    }
    set("ROOT", B256::repeat_byte(0x0a).to_string());
    set("TOKEN", Address::ZERO.to_string());
    for (name, value) in
        [("INDEX", "0"), ("QUANTUM_EXPONENT", "9"), ("CAP", "1000"), ("FEE_KEY", "[1,2,3,4,5]")]
    {
        set(name, value.to_owned());
    }
    lines
}

/// Everyone has ether, and anvil signs for them.
async fn may_send(deployed: &Deployed) {
    let roles = config().roles;
    for account in [roles.governor, roles.guardian, roles.council].into_iter().chain(NEW) {
        deployed.rpc("anvil_impersonateAccount", json!([account])).await;
        deployed.rpc("anvil_setBalance", json!([account, U256::from(1) << 80])).await;
    }
}

/// That the commands of this section have done what it says.
async fn assert_done(deployed: &Deployed, section: &str) {
    let (node, roles) = (&deployed.node, config().roles);
    let rollup = IRollupL1::new(deployed.address("Rollup"), node);
    let custody = ICustody::new(deployed.manifest.custody, node);
    let access = IAccessControl::new(deployed.address("Rollup"), node);
    let has = async |role: &str, account: Address| {
        access.hasRole(keccak256(role), account).call().await.unwrap()
    };
    let now =
        node.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap().header.timestamp;
    let set = async |index: u64| rollup.circuitSetAt(U256::from(index)).call().await.unwrap();
    match section {
        "Pause the contracts" => assert!(rollup.paused().call().await.unwrap()),
        "Unpause the contracts" => assert!(!rollup.paused().call().await.unwrap()),
        "Retire a circuit set" => assert!(set(0).await.retired),
        "Install a circuit set at once" => {
            let set = set(1).await;
            assert!(set.installed && set.activeAt <= now && !set.retired);
        }
        "Pass the council's role on" => {
            assert!(has("COUNCIL_ROLE", NEW[2]).await && !has("COUNCIL_ROLE", roles.council).await);
        }
        "Register a circuit set" => {
            let (set, delay) = (set(2).await, u64::from(config().terms.upgrade_delay));
            assert!(
                !set.installed && set.activeAt <= now + delay && set.activeAt > now + delay / 2
            );
        }
        "Replace the operator's account" => {
            let (new, old) = (NEW[0], roles.committer);
            assert!(has("COMMITTER_ROLE", new).await && !has("COMMITTER_ROLE", old).await);
        }
        "Replace the guardian" => assert!(has("GUARDIAN_ROLE", NEW[1]).await),
        "Open proving" => assert!(rollup.openProving().call().await.unwrap()),
        "Register a token" => {
            assert_eq!(custody.tokenCount().call().await.unwrap().to_string(), "1");
        }
        "Change a deposit cap" => {
            assert_eq!(custody.depositCap(0).call().await.unwrap().to_string(), "1000");
        }
        FREEZE => assert!(rollup.frozen().call().await.unwrap()),
        _ => panic!("nothing says what {section} does"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_does_what_the_page_says() {
    let deployed = Deployed::new().await;
    may_send(&deployed).await;
    let sections = sections(PAGE);
    let by_name: BTreeMap<_, _> = sections.iter().cloned().collect();
    let how = &by_name[HOW];
    let begin = settings(&deployed) + &how[1];
    let shell = Shell::new(deployed.folder.path(), &contracts());
    let shell = shell.with("ETH_RPC_URL", &deployed.url);
    let run = async |lines: &str| shell.told(&format!("{begin}\n{lines}")).await;
    assert_eq!(run(&how[2]).await.trim(), "false", "something waits in a new timelock");

    let mut done = 0;
    let is_now = |name: &str| ![HOW, TAKE_BACK, FREEZE].contains(&name);
    for (name, blocks) in sections.iter().filter(|(name, _)| is_now(name)) {
        run(&blocks.join(LATER)).await;
        assert_done(&deployed, name).await;
        done += 1;
    }
    assert!(done > 9, "sections were not found: {done}");

    // The token's registration is queued, and nobody proves it.
    let late = config().terms.priority_deadline + 1;
    run(&format!("cast rpc evm_increaseTime {late} && cast rpc anvil_mine 1")).await;
    run(&by_name[FREEZE].join("")).await;
    assert_done(&deployed, FREEZE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_not_proven_are_taken_back() {
    let mut world = World::new().await;
    for n in [1, 2, 3] {
        world.deposit(n, 1_000).await;
        world.commit(&[]).await;
    }
    let last = &world.records[1];
    let record = format!(
        "({},{},{},{},{})",
        last.number, last.timestamp, last.priorityEnd, last.state, last.chainHash
    );
    let by_name: BTreeMap<_, _> = sections(PAGE).into_iter().collect();
    let lines = format!(
        "ROLLUP={} OPERATOR=\"--private-key {SIGNER}\" LAST=\"{record}\"\n{}",
        world.rollup,
        by_name[TAKE_BACK].join("")
    );
    let shell = Shell::new(&world.path(""), &contracts()).with("ETH_RPC_URL", &world.url);
    shell.told(&lines).await;
    let rollup = IRollupL1::new(world.rollup, &world.provider);
    assert_eq!(rollup.committedBatches().call().await.unwrap(), 1);
}
