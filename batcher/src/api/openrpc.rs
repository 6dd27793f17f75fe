//! The OpenRPC document, made of the table of methods.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    error::{CODES, ErrorData},
    methods::{Access, Entry, table},
};

/// The description of the API, OpenRPC 1.3. Methods of the operator are left out where there is no token.
#[must_use]
pub fn document(with_admin: bool) -> Value {
    let settings =
        SchemaSettings::draft07().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut methods = Vec::new();
    for entry in table() {
        if entry.access == Access::Admin && !with_admin {
            continue;
        }
        methods.push(method(&entry, &mut generator));
        if let Access::Subscription { unsubscribe, .. } = entry.access {
            methods.push(end_of_subscription(&entry, unsubscribe));
        }
    }
    generator.subschema_for::<ErrorData>();
    let errors = CODES.map(|(code, reason)| json!({ "code": code, "reason": reason }));
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Cairn",
            "description": "The operator of a Cairn rollup: submission, accounts, blocks, batches, proofs.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "methods": methods,
        "components": { "schemas": generator.take_definitions(true) },
        "x-errors": errors,
    })
}

fn method(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let schema = (entry.parameters_schema)(generator).to_value();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let parameter = |name: &&'static str| {
        json!({
            "name": name,
            "required": required.iter().any(|required| required == name),
            "schema": schema.get("properties").and_then(|properties| properties.get(name)),
        })
    };
    let parameters: Vec<_> = (entry.parameters)().iter().map(parameter).collect();
    let result = (entry.result_schema)(generator);
    let mut method = json!({
        "name": entry.name,
        "summary": entry.summary,
        "paramStructure": "either",
        "params": parameters,
        "result": { "name": "result", "schema": result },
    });
    match entry.access {
        Access::Open => {}
        Access::Admin => method["x-access"] = json!("operator's token as a bearer header"),
        Access::Subscription { unsubscribe, message } => {
            method["result"] = json!({ "name": "subscription", "schema": subscription() });
            method["x-subscription"] =
                json!({ "message": message, "schema": result, "unsubscribe": unsubscribe });
        }
    }
    method
}

fn subscription() -> Value {
    json!({ "type": ["integer", "string"] })
}

fn end_of_subscription(entry: &Entry, name: &str) -> Value {
    let id = json!({ "name": "subscription", "required": true, "schema": subscription() });
    json!({
        "name": name,
        "summary": format!("Ends a subscription of {}.", entry.name),
        "paramStructure": "by-position",
        "params": [id],
        "result": { "name": "ended", "schema": { "type": "boolean" } },
    })
}
