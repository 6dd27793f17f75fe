//! Which source, and which compiler: the manifest's words against this machine's.

use std::collections::BTreeSet;

use super::Findings;
use crate::{
    deploy::manifest::Manifest,
    l1::{artifacts::Compiler, http::quote},
};

/// Compares the compiler with the one that has built the contracts here, and the commit with the one that they were
/// built from.
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
    compare_commit(findings, commit, &manifest.commit);
}

/// Compares the commit of the source here, which is empty outside of a repository and ends with `+` where it has
/// changes, with the manifest's. Of changes on the same commit nothing is known: the same words may mean other ones.
fn compare_commit(findings: &mut Findings, here: &str, noted: &str) {
    let shown = quote(noted);
    match here.strip_suffix('+') {
        None if here.is_empty() => findings.leave_out(format!(
            "commit: there is no repository here to compare the manifest's {shown:?} with"
        )),
        Some(clean) if noted.strip_suffix('+').unwrap_or(noted) == clean => {
            findings.leave_out(format!(
                "commit: the source here has changes, which a commit does not name; the manifest's \
                 is {shown:?}"
            ));
        }
        _ => findings.compare("commit", &quote(here), &shown),
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

    /// Each time one verdict: it was told as compared, or different, and as NOT CHECKED at once.
    #[test]
    fn a_commit_has_one_verdict() {
        for (here, noted, checked, differs, left_out) in [
            ("ab", "ab", 1, 0, 0),
            ("ab", "ab+", 0, 1, 0),
            ("ab", "cd", 0, 1, 0),
            ("ab", "", 0, 1, 0),
            ("ab+", "ab+", 0, 0, 1),
            ("ab+", "ab", 0, 0, 1),
            ("ab+", "cd+", 0, 1, 0),
            ("ab+", "+", 0, 1, 0),
            ("", "ab", 0, 0, 1),
            ("", "", 0, 0, 1),
        ] {
            let mut findings = Findings::default();
            compare_commit(&mut findings, here, noted);
            let Findings { checked: ok, differences, not_checked, .. } = findings;
            let got = (ok.len(), differences.len(), not_checked.len());
            assert_eq!(got, (checked, differs, left_out), "{here:?} and {noted:?}");
        }
    }

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
