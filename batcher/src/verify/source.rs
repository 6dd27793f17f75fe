//! Which source, and which compiler: the manifest's words against this machine's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Findings;
use crate::{
    deploy::manifest::Manifest,
    l1::{artifacts::Compiler, http::quote},
};

/// Compares the compiler with the one that has built the contracts here, and the commit with the one that they were
/// built from; `commit` is empty outside of a repository, and ends with `+` where it has changes.
pub(super) fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    compiler: &Compiler,
    commit: &str,
) {
    let (expected, got) = (settings(compiler), settings(&manifest.compiler));
    for name in expected.keys().chain(got.keys()).collect::<BTreeSet<_>>() {
        let value = |settings: &BTreeMap<String, String>| {
            settings.get(name).map_or_else(|| "none".to_owned(), |value| quote(value))
        };
        findings.compare(&format!("compiler: {}", quote(name)), &value(&expected), &value(&got));
    }
    let noted = quote(&manifest.commit);
    if commit.is_empty() {
        let what = "commit: there is no repository here to compare";
        return findings.leave_out(format!("{what} the manifest's {noted:?} with"));
    }
    findings.compare("commit", &quote(commit), &noted);
    if commit.ends_with('+') {
        findings.leave_out("commit: the source here has changes, which a commit does not name");
    }
}

/// Every setting by its path: one that the manifest gains is compared as well.
fn settings(compiler: &Compiler) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let value = serde_json::to_value(compiler).unwrap_or_default();
    collect(&mut found, String::new(), &value);
    found
}

fn collect(found: &mut BTreeMap<String, String>, path: String, value: &Value) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                collect(found, below(name), value);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(found, below(&index.to_string()), value);
            }
        }
        value => drop(found.insert(path, value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_apart_by_their_paths() {
        let mut found = BTreeMap::new();
        let value = serde_json::json!({ "a": { "b": [1, "x"], "c": {} }, "d": null });
        collect(&mut found, String::new(), &value);
        let found: Vec<_> = found.iter().map(|(path, value)| format!("{path}={value}")).collect();
        assert_eq!(found, ["a.b.0=1", "a.b.1=\"x\"", "a.c={}", "d=null"]);
    }
}
