//! Which source, and which compiler: the manifest's words against this machine's.

use std::collections::BTreeSet;

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
    let (expected, got) = (compiler, &manifest.compiler);
    compare_setting(findings, "version", Some(&expected.version), Some(&got.version));
    let names = expected.settings.keys().chain(got.settings.keys()).collect::<BTreeSet<_>>();
    for name in names {
        compare_setting(findings, name, expected.settings.get(name), got.settings.get(name));
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

/// Compares one setting as the value that it is. As text, or by the paths of what is in it, two values can look the same.
fn compare_setting<T: PartialEq + ToString>(
    findings: &mut Findings,
    name: &str,
    expected: Option<&T>,
    got: Option<&T>,
) {
    let what = format!("compiler: {}", quote(name));
    if expected == got {
        findings.compare(&what, &true, &true);
    } else {
        let shown = |value: Option<&T>| {
            value.map_or_else(|| "none".to_owned(), |value| quote(&value.to_string()))
        };
        findings.differ(&what, shown(expected), shown(got));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// By their paths, the first two have the same settings.
    #[test]
    fn settings_are_compared_as_the_values_that_they_are() {
        let differs = |a: &Value, b: &Value| {
            let mut findings = Findings::default();
            compare_setting(&mut findings, "optimizer", Some(a), Some(b));
            !findings.agree()
        };
        let good = json!({ "runs": 1_000, "more": [1] });
        assert!(!differs(&good, &good.clone()));
        for bad in [
            json!({ "runs": 1, "optimizer.runs": 1_000, "more": [1] }),
            json!({ "runs": 1_000, "more": { "0": 1 } }),
            json!({ "runs": "1000", "more": [1] }),
            json!({ "more": [1] }),
            json!(null),
        ] {
            assert!(differs(&good, &bad), "{bad}");
        }
        let mut findings = Findings::default();
        compare_setting(&mut findings, "viaIR", None, Some(&json!(true)));
        assert!(!findings.agree());
    }
}
