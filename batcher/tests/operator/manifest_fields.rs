//! Walks the tables of `docs/verify-deployment.md`: every field of a manifest is held against something that its
//! author did not write, and no table forgets a field, a view or itself.

use std::collections::BTreeSet;

use alloy::{
    json_abi::JsonAbi,
    primitives::{Address, B256, Bytes, U256, hex},
};
use cairn_batcher::{
    deploy::manifest::{Manifest, SetUp},
    l1::data_modes::DataModes,
    verify::{VerifyError, arguments, check_manifest},
};
use serde_json::{Value, json};

use crate::deployed::{Deployed, names};

const PAGE: &str = include_str!("../../../docs/verify-deployment.md");

/// The rows below a heading, cell by cell, without the table's head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "{heading}");
    rows
}

/// JSON pointers of all values that have no values inside.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// A pointer as the table names it.
fn field(pointer: &str) -> String {
    let mut field = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            field.push_str("[]");
        } else {
            field.push_str(if field.is_empty() { "" } else { "." });
            field.push_str(part);
        }
    }
    field
}

fn is_of_row(field: &str, row: &str) -> bool {
    match row.strip_suffix('*') {
        Some(prefix) => field.starts_with(prefix),
        None => field == row,
    }
}

/// Other values of the same kind.
fn lies(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(value) => vec![json!(!value)],
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            vec![json!(number + 1), json!(number.saturating_sub(1))]
        }
        Value::Null => vec![json!(1)],
        Value::String(text) => text_lies(text),
        // Empty ones.
        Value::Array(_) => vec![json!([1])],
        Value::Object(_) => vec![json!({ "unknown": 1 })],
    }
}

fn text_lies(text: &str) -> Vec<Value> {
    if let Ok(address) = text.parse::<Address>() {
        let mut other = address;
        other.0[19] ^= 1;
        return vec![json!(other), json!(Address::ZERO)];
    }
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = hex::decode(digits).unwrap();
        let longer = Bytes::from([&bytes[..], &[0; 32]].concat());
        let mut other = bytes.clone();
        let Some(last) = other.last_mut() else { return vec![json!(longer)] };
        *last ^= 1;
        return vec![json!(Bytes::from(other)), json!(longer)];
    }
    match text {
        "development" => vec![json!("ceremony")],
        text => match text.parse::<u128>() {
            Ok(number) => vec![json!((number + 1).to_string())],
            Err(_) => vec![json!(format!("{text}x")), json!(""), json!(format!("../../{text}"))],
        },
    }
}

/// Everything that is said against a manifest, as it stands in a file.
async fn said(deployed: &Deployed, manifest: &Value) -> Vec<String> {
    let path = deployed.folder.path().join("lie.json");
    std::fs::write(&path, manifest.to_string()).unwrap();
    let manifest = match Manifest::read(&path) {
        Ok(manifest) => manifest,
        Err(error) => return vec![error.to_string()],
    };
    match deployed.verify(&manifest).await {
        Ok(findings) => names(&findings).into_iter().map(ToOwned::to_owned).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_manifest_is_held_against_something() {
    let deployed = Deployed::new().await;
    let good = serde_json::to_value(&deployed.manifest).unwrap();
    assert_eq!(said(&deployed, &good).await, Vec::<String>::new());

    let rows = table("Every field of the manifest");
    let mut seen = BTreeSet::new();
    let mut pointers = Vec::new();
    leaves(&good, "", &mut pointers);
    let (mut tried, mut passed) = (0, Vec::new());
    for pointer in pointers {
        let name = field(&pointer);
        let row = rows.iter().find(|row| is_of_row(&name, &row[0]));
        let row = row.unwrap_or_else(|| panic!("{name} has no row in docs/verify-deployment.md"));
        let words = &row[2];
        seen.insert(&row[0]);
        for lie in lies(good.pointer(&pointer).unwrap()) {
            // `0 - 1` is the truth.
            if Some(&lie) == good.pointer(&pointer) {
                continue;
            }
            let mut other = good.clone();
            *other.pointer_mut(&pointer).unwrap() = lie.clone();
            let said = said(&deployed, &other).await;
            tried += 1;
            // Text that is no value of the field is refused where the file is read, with its line or its value.
            let unreadable = said.len() == 1 && said[0].contains("this is no manifest");
            if !unreadable && !said.iter().any(|said| said.contains(words)) {
                passed.push(format!("{pointer} = {lie}: expected {words:?}, got {said:?}"));
            }
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
    assert!(tried > 60, "{tried}");
    let stale: Vec<_> = rows.iter().filter(|row| !seen.contains(&row[0])).collect();
    assert!(stale.is_empty(), "rows of no field: {stale:?}");
}

/// A change of a manifest.
type Lie = fn(&mut Manifest);

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_that_is_consistent_meets_the_chain() {
    let deployed = Deployed::new().await;
    let lies: [(Lie, &str); 13] = [
        (|m| m.genesis_state.0[31] ^= 1, "genesis state: manifest"),
        (|m| m.roles.governor = Address::repeat_byte(0x99), "timelock: proposer"),
        (|m| m.roles.timelock_delay -= 1, "timelock: delay"),
        (|m| m.roles.committer = Address::repeat_byte(0x99), "role: committer"),
        (|m| m.roles.prover = Address::repeat_byte(0x99), "role: prover"),
        (|m| m.roles.guardian = Address::repeat_byte(0x99), "role: guardian"),
        (|m| m.roles.council = Address::repeat_byte(0x99), "role: council"),
        (|m| m.terms.priority_fee += U256::ONE, "code of Rollup"),
        (|m| m.terms.priority_deadline -= 1, "code of Rollup"),
        (|m| m.terms.upgrade_delay += 1, "code of Rollup"),
        (|m| m.terms.forced_transactions = true, "code of Custody"),
        (|m| m.terms.data_modes = DataModes::from(7), "code of Rollup"),
        (|m| m.circuits.circuit_set_root.0[31] ^= 1, "circuits: root of the circuit set"),
    ];
    for (lie, words) in lies {
        let mut other = deployed.manifest.clone();
        lie(&mut other);
        consistent(&mut other);
        let findings = deployed.verify(&other).await.unwrap();
        let names = names(&findings);
        assert!(names.iter().any(|name| name.starts_with(words)), "{words}: {names:?}");
        // The transactions have sent other arguments.
        let sent = |name: &&&str| name.ends_with(": hash of input");
        assert_eq!(names.iter().filter(sent).count(), 1, "{words}: {names:?}");
    }
    let mut other = deployed.manifest.clone();
    other.circuits.set_up = SetUp::Ceremony;
    consistent(&mut other);
    let findings = deployed.verify(&other).await.unwrap();
    let words = ["circuits: set-up", "circuits: the verifier's development keys"];
    assert!(words.iter().all(|words| names(&findings).contains(words)), "{findings:?}");
}

/// Makes the arguments follow from the other fields again.
fn consistent(manifest: &mut Manifest) {
    let known = manifest.clone();
    for contract in &mut manifest.contracts {
        contract.arguments = arguments(&known, &contract.name).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_contracts_of_a_deployment_are_read() {
    let deployed = Deployed::new().await;
    let refused = async |lie: &dyn Fn(&mut Manifest)| {
        let mut other = deployed.manifest.clone();
        lie(&mut other);
        let error = check_manifest(&deployed.url, &other).await.unwrap_err();
        assert!(matches!(error, VerifyError::Contracts { .. }), "{error}");
        let line = error.to_string();
        assert!(
            line.contains("expected TimelockController of") && line.lines().count() == 1,
            "{line}"
        );
        line
    };
    // Artifacts of the enemy's, beside the built ones.
    let line = refused(&|m| m.contracts[2].file = "../../x/Rollup.sol".to_owned()).await;
    assert!(line.contains("Rollup of ../../x/Rollup.sol"), "{line}");
    refused(&|m| m.contracts[1].name = "VerifierDouble".to_owned()).await;
    refused(&|m| m.contracts[1].name = "\u{1b}[2J\n".repeat(1_000)).await;
    refused(&|m| m.contracts.swap(0, 1)).await;
    refused(&|m| drop(m.contracts.remove(0))).await;
    refused(&|m| m.contracts.clear()).await;
    // The first of two would be compared, the second shown to users.
    refused(&|m| m.contracts.push(m.contracts[2].clone())).await;
    refused(&|m| m.contracts.insert(2, m.contracts[1].clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_deploy_refuses_another_tool_has_not_deployed_unseen() {
    let deployed = Deployed::new().await;
    let lies: [Lie; 5] = [
        |m| m.terms.upgrade_delay = m.terms.priority_deadline,
        |m| m.terms.priority_deadline = 0,
        |m| m.terms.data_modes = DataModes::from(8),
        |m| m.roles.council = Address::ZERO,
        |m| m.roles.prover = Address::ZERO,
    ];
    for lie in lies {
        let mut other = deployed.manifest.clone();
        lie(&mut other);
        consistent(&mut other);
        let findings = check_manifest(&deployed.url, &other).await.unwrap();
        assert_eq!(names(&findings), ["configuration"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_compared_or_said_not_to_be() {
    let mut deployed = Deployed::new().await;
    let hash = |byte: u8| hex::encode(B256::repeat_byte(byte));
    deployed.manifest.commit = hash(1);
    deployed.source.commit = hash(1);
    let findings = deployed.findings().await;
    assert!(findings.agree() && findings.not_checked.is_empty(), "{findings:?}");
    // Changes are not named by a commit: the same words may mean other things.
    (deployed.manifest.commit, deployed.source.commit) = (hash(1) + "+", hash(1) + "+");
    let findings = deployed.findings().await;
    assert!(findings.agree() && findings.not_checked.len() == 1, "{findings:?}");
    let is_checked = findings.checked.iter().any(|checked| checked.starts_with("commit"));
    assert!(!is_checked, "two verdicts on one thing: {findings:?}");
    deployed.source.commit = String::new();
    let findings = deployed.findings().await;
    assert!(findings.agree(), "{findings:?}");
    assert!(findings.not_checked[0].contains("no repository here"), "{findings:?}");
    deployed.source.commit = hash(2);
    for commit in [String::new(), hash(1), "\u{1b}[1A\nok".to_owned()] {
        deployed.manifest.commit = commit;
        let findings = deployed.findings().await;
        assert_eq!(names(&findings), ["commit"]);
        assert_eq!(findings.differences[0].to_string().lines().count(), 1);
        assert!(!findings.differences[0].got.contains('\u{1b}'));
    }
}

#[test]
fn every_field_of_a_configuration_is_one_of_the_manifest() {
    let config = crate::deployed::config();
    let value =
        json!({ "chain_id": config.chain_id, "roles": config.roles, "terms": config.terms });
    let mut pointers = Vec::new();
    leaves(&value, "", &mut pointers);
    let fields: BTreeSet<_> = pointers.iter().map(|pointer| field(pointer)).collect();
    let rows = table("Every field of a deployment's configuration");
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<BTreeSet<_>>(), fields);
    let manifest = table("Every field of the manifest");
    for row in rows {
        assert!(manifest.iter().any(|other| other[0] == row[1]), "{row:?}");
    }
}

#[test]
fn every_view_of_the_contracts_has_a_row() {
    let mut views = BTreeSet::new();
    for (contract, abi) in [
        ("Rollup", include_str!("../../../verifier-contracts/snapshots/abi/Rollup.json")),
        ("Custody", include_str!("../../../verifier-contracts/snapshots/abi/Custody.json")),
        (
            "Groth16Verifier",
            include_str!("../../../verifier-contracts/snapshots/abi/Groth16Verifier.json"),
        ),
    ] {
        use alloy::json_abi::StateMutability::{Pure, View};
        let abi: JsonAbi = serde_json::from_str(abi).unwrap();
        let reads = abi.functions().filter(|f| [Pure, View].contains(&f.state_mutability));
        views.extend(reads.map(|function| format!("{contract}.{}", function.name)));
    }
    let rows = table("Everything on the chain");
    let named = rows.iter().flat_map(|row| row[0].split(", "));
    let named: BTreeSet<_> = named.map(|name| name.trim_matches('`').to_owned()).collect();
    let missing: Vec<_> = views.difference(&named).collect();
    assert!(missing.is_empty(), "views without a row: {missing:?}");
    let stale = named.iter().filter(|name| name.contains('.') && !views.contains(*name));
    assert_eq!(stale.count(), 0, "rows without a view: {named:?}");
}
