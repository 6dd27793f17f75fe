//! The dashboard: what Grafana needs of it, and no metric that there is not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    MONITORING, array, json as file, metrics::Metrics, prometheus::promtool, rules::rules, word,
};

/// What people look for, in this order.
const ROWS: [&str; 8] = [
    "Head and throughput",
    "Time to finality",
    "Backlog by stage",
    "Prover and fleet",
    "L1",
    "Bridge",
    "Follower",
    "Alarms",
];
/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;

fn dashboard() -> Value {
    file(&format!("{MONITORING}/dashboard.json"))
}

fn expressions(dashboard: &Value) -> Vec<&str> {
    let panels = array(&dashboard["panels"]).iter();
    let targets = panels.flat_map(|panel| array(&panel["targets"]));
    targets.map(|target| word(&target["expr"])).collect()
}

/// Whoever imports it chooses the data source; nothing names one of ours.
#[test]
fn it_is_whole_and_of_no_installation() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    for named in ["uid", "id"] {
        assert!(dashboard[named].is_null(), "{named}");
    }
    let variable = &dashboard["templating"]["list"][0];
    let is = |field: &str, expected: &str| assert_eq!(variable[field], expected);
    [("name", "datasource"), ("type", "datasource"), ("query", "prometheus")]
        .into_iter()
        .for_each(|(field, expected)| is(field, expected));
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let (mut ids, mut cells, mut rows) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for panel in array(&dashboard["panels"]) {
        let title = word(&panel["title"]);
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is there twice");
        let [x, y, width, height] =
            ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(width > 0 && x + width <= COLUMNS, "{title}");
        for cell in (y..y + height).flat_map(|line| (x..x + width).map(move |row| (row, line))) {
            assert!(cells.insert(cell), "{title} lies on another panel");
        }
        if panel["type"] == "row" {
            rows.push(title);
            continue;
        }
        assert!(["timeseries", "state-timeline"].contains(&word(&panel["type"])), "{title}");
        assert!(!word(&panel["description"]).is_empty(), "{title}");
        assert_eq!(panel["datasource"], source, "{title}");
        let mut references = BTreeSet::new();
        for target in array(&panel["targets"]) {
            assert_eq!(target["datasource"], source, "{title}");
            assert!(references.insert(word(&target["refId"])), "{title}");
            assert!(!word(&target["legendFormat"]).is_empty(), "{title}");
        }
        assert!(!references.is_empty(), "{title} shows nothing");
    }
    assert_eq!(rows, ROWS);
}

#[test]
fn it_shows_metrics_that_there_are() {
    let (dashboard, rules, metrics) = (dashboard(), rules(), Metrics::read());
    let all = array(&rules["groups"]).iter().flat_map(|group| array(&group["rules"]));
    let recorded: Vec<_> = all.filter_map(|rule| rule["record"].as_str()).collect();
    for expression in expressions(&dashboard) {
        metrics.check(expression, &recorded);
    }
}

/// As rules that record them, which `promtool` parses.
#[test]
fn its_expressions_are_promql() {
    let dashboard = dashboard();
    let record = |(n, expression): (usize, &str)| json!({ "record": format!("shown:{n}"), "expr": expression });
    let rules: Vec<_> = expressions(&dashboard).into_iter().enumerate().map(record).collect();
    let folder = tempfile::tempdir().unwrap();
    let write = |rules: &[Value]| {
        let file = json!({ "groups": [{ "name": "shown", "rules": rules }] });
        std::fs::write(folder.path().join("shown.json"), file.to_string()).unwrap();
        promtool(folder.path(), &["check", "rules", "shown.json"])
    };
    write(&rules).unwrap_or_else(|said| panic!("{said}"));
    let broken = [&rules[..], &[json!({ "record": "shown:broken", "expr": "sum(" })]].concat();
    write(&broken).unwrap_err();
}
