//! The document against the server: the same names, parameters that are really read, results that fit.

use std::collections::BTreeSet;

use cairn_batcher::api::{methods::table, openrpc::document};
use serde_json::{Value, json};

use super::world::{ALICE, OPEN, TOKEN, WITHDRAWAL, World, transfer};

/// Whether a value fits a schema, as far as schemars makes them. The first thing that does not is named.
fn fits(value: &Value, schema: &Value, all: &Value) -> Result<(), String> {
    let fail = |what: &str| Err(format!("{what}: {value} against {schema}"));
    let Some(schema) = schema.as_object() else {
        return if schema == &json!(true) { Ok(()) } else { fail("no schema") };
    };
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/components/schemas/").unwrap();
                let target = &all["components"]["schemas"][name];
                fits(value, target, all)?;
            }
            "type" => {
                let names = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                let is = |name: &Value| match name.as_str().unwrap() {
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "number" => value.is_number(),
                    "string" => value.is_string(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("type {other}"),
                };
                if !names.iter().any(is) {
                    return fail("type");
                }
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        fits(value, schema, all)?;
                    }
                }
                if let Some(object) = value.as_object()
                    && let Some(extra) = object.keys().find(|name| rule.get(name).is_none())
                {
                    return fail(&format!("property {extra} is not described"));
                }
            }
            "required" => {
                let mut names = rule.as_array().unwrap().iter();
                if value.is_object() && !names.all(|n| value.get(n.as_str().unwrap()).is_some()) {
                    return fail("required");
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(item, rule, all)?;
                }
            }
            "anyOf" | "oneOf" => {
                if !rule.as_array().unwrap().iter().any(|one| fits(value, one, all).is_ok()) {
                    return fail(keyword);
                }
            }
            "allOf" => {
                rule.as_array().unwrap().iter().try_for_each(|one| fits(value, one, all))?;
            }
            "enum" if !rule.as_array().unwrap().contains(value) => return fail("enum"),
            "const" if rule != value => return fail("const"),
            "enum"
            | "const"
            | "pattern"
            | "format"
            | "minimum"
            | "maximum"
            | "default"
            | "description"
            | "title"
            | "additionalProperties" => {}
            other => panic!("schema keyword {other}"),
        }
    }
    Ok(())
}

/// What each method is called with here: it must have every parameter that the document requires.
fn example(method: &str, world: &World) -> Value {
    let hash = |index: usize| json!({ "hash": world.hashes[index] });
    match method {
        "cairn_submit" => {
            json!({ "transaction": format!("0x{}", hex::encode(transfer(50, 1).to_bytes())) })
        }
        "cairn_submitMany" => {
            json!({ "transactions": [format!("0x{}", hex::encode(transfer(51, 1).to_bytes()))] })
        }
        "cairn_transaction" | "cairn_receipt" | "cairn_subscribeTransaction" => hash(OPEN),
        "cairn_transactions" => json!({ "hashes": [world.hashes[OPEN]] }),
        "cairn_withdrawal" => hash(WITHDRAWAL),
        "cairn_withdrawalAt" => json!({ "batch": 1, "index": 0 }),
        "cairn_account" | "cairn_nonce" | "cairn_proof" => json!({ "id": ALICE }),
        "cairn_accounts" => json!({ "from": 0, "count": 5 }),
        "cairn_accountsOf" => {
            let key = cairn_batcher::api::hex::Key::from(super::world::public("alice"));
            json!({ "key": key, "from": null })
        }
        "cairn_estimateFee" => json!({ "token": 0, "kind": "transfer" }),
        "cairn_block" => json!({ "number": 2 }),
        "cairn_queue" => json!({ "from": 0, "count": 5 }),
        "cairn_history" => json!({ "id": ALICE, "before": null }),
        "cairn_settlements" => json!({ "count": 5, "before": null }),
        "cairn_batch" | "cairn_admin_requeue" => json!({ "number": 1 }),
        "cairn_admin_backup" => json!({ "file": "/backups/1" }),
        "cairn_admin_fleetDrain" | "cairn_admin_fleetQuarantine" | "cairn_admin_fleetRetry" => {
            json!({ "name": "spot-7" })
        }
        _ => json!({}),
    }
}

#[tokio::test]
async fn the_document_is_that_of_the_handlers() {
    let world = World::start().await;
    let (status, text) = world.get("/openrpc.json").await;
    let served: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &served), (200, &document(true)));
    let methods = served["methods"].as_array().unwrap();
    let described: BTreeSet<_> =
        methods.iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert_eq!(described.len(), methods.len(), "no name twice");

    let http = reqwest::Client::new();
    let call = async |name: &str, params: Value| -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": name, "params": params });
        let request = http
            .post(format!("http://{}", world.url))
            .header("authorization", format!("Bearer {TOKEN}"))
            .json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    for method in methods {
        let name = method["name"].as_str().unwrap();
        if name.starts_with("cairn_unsubscribe") || method.get("x-subscription").is_some() {
            // Registered, but not for HTTP.
            let answer = call(name, json!([])).await;
            assert_ne!(answer["error"]["code"], -32601, "{name} is registered");
            continue;
        }
        let example = example(name, &world);
        let parameters = method["params"].as_array().unwrap();
        let names: BTreeSet<_> = parameters.iter().map(|p| p["name"].as_str().unwrap()).collect();
        let given: BTreeSet<_> = example.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, given, "{name}: the names of its parameters");
        for parameter in parameters {
            let value = &example[parameter["name"].as_str().unwrap()];
            fits(value, &parameter["schema"], &served).unwrap();
        }
        let answer = call(name, example.clone()).await;
        if name == "cairn_admin_seal" {
            assert_eq!(answer["error"]["code"], 1011);
            continue;
        }
        let result = answer.get("result").unwrap_or_else(|| panic!("{name}: {answer}"));
        if let Err(reason) = fits(result, &method["result"]["schema"], &served) {
            panic!("{name}: {reason}");
        }
        // By position, in the order of the document; and not one more.
        let mut by_position: Vec<_> =
            parameters.iter().map(|p| example[p["name"].as_str().unwrap()].clone()).collect();
        let answer = call(name, json!(by_position)).await;
        assert!(answer.get("result").is_some(), "{name} by position: {answer}");
        by_position.push(json!(0));
        let answer = call(name, json!(by_position)).await;
        assert_eq!(answer["error"]["code"], -32602, "{name} takes one more");
    }
    // And the other way: what the server knows and the document does not is not there.
    let known = table().len() + 3;
    assert_eq!(described.len(), known, "each subscription has a method that ends it");
}

#[test]
fn without_a_token_the_operators_tools_are_not_described() {
    let document = document(false);
    let mut names = document["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["name"].as_str().unwrap());
    assert!(!names.any(|name| name.starts_with("cairn_admin")));
}

/// The checker itself refuses what does not fit.
#[test]
fn a_result_that_does_not_fit_is_found() {
    let all = document(true);
    let schema = json!({ "$ref": "#/components/schemas/Submitted" });
    fits(&json!({ "hash": "0x", "sequence": 1 }), &schema, &all).unwrap();
    for bad in [json!({ "hash": "0x" }), json!({ "hash": 1, "sequence": 1 }), json!([])] {
        fits(&bad, &schema, &all).unwrap_err();
    }
}
