//! The rules: whole, tested, with a section of the runbook each, about metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    MONITORING, array, json as file, metrics::Metrics, place, prometheus::promtool, text, word,
};

/// The file with the rules.
pub(crate) fn rules() -> Value {
    file(&format!("{MONITORING}/alerts.json"))
}

fn all(rules: &Value) -> impl Iterator<Item = &Value> {
    array(&rules["groups"]).iter().flat_map(|group| array(&group["rules"]))
}

fn owned<'a>(names: impl Iterator<Item = &'a &'a str>) -> BTreeSet<String> {
    names.map(|name| (*name).to_owned()).collect()
}

/// The rules that ring, by their names.
fn alarms(rules: &Value) -> BTreeMap<&str, &Value> {
    let mut alarms = BTreeMap::new();
    for rule in all(rules).filter(|rule| rule.get("record").is_none()) {
        let name = word(&rule["alert"]);
        assert!(alarms.insert(name, rule).is_none(), "{name} is there twice");
    }
    assert!(alarms.len() > 30, "{}", alarms.len());
    alarms
}

#[test]
fn every_alarm_says_how_bad_it_is_and_what_to_do() {
    let rules = rules();
    for (name, rule) in alarms(&rules) {
        let severity = word(&rule["labels"]["severity"]);
        assert!(["page", "ticket"].contains(&severity), "{name}: {severity}");
        for annotation in ["summary", "action"] {
            let text = word(&rule["annotations"][annotation]);
            assert!(text.ends_with('.') && text.len() > 20, "{name}: {annotation}: {text}");
        }
        let place = format!("docs/runbook.md#{}", name.to_lowercase());
        assert_eq!(word(&rule["annotations"]["runbook"]), place);
    }
}

#[test]
fn rules_are_about_metrics_that_there_are() {
    let (rules, metrics) = (rules(), Metrics::read());
    let recorded: Vec<_> = all(&rules).filter_map(|rule| rule.get("record")).map(word).collect();
    all(&rules).for_each(|rule| metrics.check(word(&rule["expr"]), &recorded));
}

/// The severity too: who reads a section must know whether somebody was woken.
#[test]
fn every_alarm_has_its_section_and_every_section_its_alarm() {
    let (rules, runbook) = (rules(), text("docs/runbook.md"));
    let alarms = alarms(&rules);
    let sections: BTreeMap<&str, &str> = runbook
        .split("\n### ")
        .skip(1)
        .filter_map(|section| section.split_once("\n\n"))
        .filter(|(heading, _)| heading.starts_with("Cairn"))
        .collect();
    assert_eq!(owned(sections.keys()), owned(alarms.keys()));
    for (name, rule) in alarms {
        let severity = word(&rule["labels"]["severity"]);
        let begins = sections[name].starts_with(&format!("*{severity}.* "));
        assert!(begins, "{name} is a {severity}: {}", sections[name]);
    }
}

/// At a time at which it fires, and at one at which it does not.
#[test]
fn every_alarm_is_tested_on_both_sides() {
    let (rules, tests) = (rules(), file(&format!("{MONITORING}/alerts.test.json")));
    let mut seen = BTreeMap::<String, BTreeSet<bool>>::new();
    for test in array(&tests["tests"]) {
        let name = word(&test["name"]);
        for case in array(&test["promql_expr_test"]) {
            let expected = format!("count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}})");
            assert_eq!(word(&case["expr"]), expected);
            let fires = !array(&case["exp_samples"]).is_empty();
            seen.entry(name.to_owned()).or_default().insert(fires);
        }
    }
    let both = BTreeSet::from([false, true]);
    let expected = alarms(&rules).into_keys().map(|name| (name.to_owned(), both.clone()));
    assert_eq!(seen, expected.collect());
}

#[test]
fn promtool_takes_rules_tests_and_configuration() {
    let folder = place(MONITORING);
    for arguments in [
        ["check", "rules", "alerts.json"],
        ["test", "rules", "alerts.test.json"],
        ["check", "config", "prometheus.json"],
    ] {
        promtool(&folder, &arguments).unwrap_or_else(|said| panic!("{arguments:?}: {said}"));
    }
}

/// The tests of the rules are no tests if rules that never ring, or always do, pass them.
#[test]
fn rules_that_never_or_always_ring_fail_their_tests() {
    let tests = file(&format!("{MONITORING}/alerts.test.json"));
    for expression in ["vector(0) > 1", "vector(1)"] {
        let mut rules = rules();
        for group in rules["groups"].as_array_mut().unwrap() {
            for rule in group["rules"].as_array_mut().unwrap() {
                rule["expr"] = json!(expression);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("alerts.json"), rules.to_string()).unwrap();
        std::fs::write(folder.path().join("alerts.test.json"), tests.to_string()).unwrap();
        promtool(folder.path(), &["check", "rules", "alerts.json"]).unwrap();
        let said = promtool(folder.path(), &["test", "rules", "alerts.test.json"]).unwrap_err();
        for name in alarms(&rules).into_keys() {
            assert!(said.contains(&format!("\\\"{name}\\\"")), "{name} passes: {said}");
        }
    }
}

/// Autoscaling asks for metrics as well.
#[test]
fn autoscaling_follows_a_metric_that_there_is() {
    let adapter = file("deploy/kubernetes/prometheus-adapter.json");
    let query = word(&adapter["externalRules"][0]["seriesQuery"]);
    assert!(query.starts_with("cairn_fleet_owed{"), "{query}");
    Metrics::read().check("sum by (queue) (cairn_fleet_owed)", &[]);
}
