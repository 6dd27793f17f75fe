//! A real Prometheus scrapes a service that runs, and alarms ring and end.

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use cairn_batcher::node::{
    Checked, Extras, Node,
    config::Config,
    dev::{self, DevChain},
    telemetry::{Telemetry, TelemetryConfig},
};
use serde_json::{Value, json};

use crate::{
    prometheus::Prometheus,
    rules::rules,
    stand_in::{StandIn, built, free_port, place, plan},
};

/// The rules as they are, but that what must last for longer than a second need only last for one.
fn impatient() -> Value {
    let mut rules = rules();
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            if rule["for"].as_str().is_some_and(|lasts| lasts != "0m") {
                rule["for"] = json!("1s");
            }
        }
    }
    rules
}

/// A server that reads the operator and the rules each second.
async fn prometheus(folder: &Path, config: &Config) -> Prometheus {
    let alerts = folder.join("alerts.json");
    std::fs::write(&alerts, impatient().to_string()).unwrap();
    let target = config.api.listen.to_string();
    let config = json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
        "rule_files": [alerts],
        "scrape_configs": [{ "job_name": "cairn", "static_configs": [{ "targets": [target] }] }],
    });
    Prometheus::start(folder, free_port(), &config).await
}

/// `cairn admin`, on a thread that may wait.
async fn admin(config: &Config, command: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cairn"));
    program.args(["admin", command, "--url", &format!("http://{}", config.api.listen)]);
    program.arg("--token-file").arg(config.admin_token_file());
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A service that is well tells that it is; paused it rings, resumed it does not; gone, it rings as gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_rings_and_a_resume_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let chain =
        DevChain::start(&place(&data, free_port()), &plan(built().await, 1, false)).await.unwrap();
    let config = chain.config(&data, ([127, 0, 0, 1], free_port()).into());
    let quiet = TelemetryConfig { log: "error".to_owned(), ..TelemetryConfig::default() };
    let telemetry = Telemetry::install(&quiet).unwrap();
    let checked = Checked::check(config.clone(), dev::keys()).await.unwrap();
    let extras = Extras { metrics: Some(telemetry.metrics().clone()), ..Extras::default() };
    let node = Node::start(checked, Arc::new(StandIn), extras).await.unwrap();
    let prometheus = prometheus(folder.path(), &config).await;

    for (metric, expected) in [
        ("up", 1.0),
        ("cairn_sequencer_stopped", 0.0),
        ("cairn_l1_state_diverges", 0.0),
        ("cairn_circuit_set_accepted", 1.0),
        ("cairn_circuit_set_replaced", 0.0),
        ("cairn_unclaimed_withdrawals", 0.0),
    ] {
        let started = Instant::now();
        while prometheus.value(metric).await != Some(expected) {
            assert!(started.elapsed() < Duration::from_secs(60), "{metric} is not {expected}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // Before its first look the server takes the operator for gone.
    prometheus.until("CairnOperatorDown", false).await;
    for quiet in ["CairnSequencerStopped", "CairnStatesDiverge", "CairnCircuitSetNotAccepted"] {
        assert_eq!(prometheus.firing(quiet).await, None);
    }

    admin(&config, "pause").await;
    let alarm = prometheus.until("CairnSequencerStopped", true).await.unwrap();
    assert_eq!(alarm["labels"]["severity"], "ticket");
    assert_eq!(alarm["annotations"]["runbook"], "docs/runbook.md#cairnsequencerstopped");
    admin(&config, "resume").await;
    prometheus.until("CairnSequencerStopped", false).await;
    // A busy machine may have answered one look too late.
    prometheus.until("CairnOperatorDown", false).await;

    node.stop().await.unwrap();
    let alarm = prometheus.until("CairnOperatorDown", true).await.unwrap();
    assert_eq!(alarm["labels"]["severity"], "page");
    drop(chain);
}
