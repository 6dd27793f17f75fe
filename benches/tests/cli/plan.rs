//! `cairn-bench plan`.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{bench, record, refused, stdout, write};

/// A record whose tasks take a second, and options before it.
fn arguments<'a>(options: &[&'a str], record: &'a str) -> Vec<&'a str> {
    [&["plan"], options, &[record]].concat()
}

fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("writable");
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_plan_is_the_same_again_and_its_figures_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = write(&folder, "a.json", &record(1.0));
    let chart = folder.path().join("chart.svg");
    let options = [
        "--arrivals",
        "poisson:20",
        "--slo",
        "1250",
        "--seconds",
        "1200",
        "--chart",
        chart.to_str().expect("text"),
        "--json",
        "-",
    ];
    let text = stdout(&arguments(&options, &record));
    assert_eq!(text, stdout(&arguments(&options, &record)));
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    let number = |field: &str| plan[field].as_f64().expect("a number");
    let latency = |field: &str| plan["latency_s"][field].as_f64().expect("a number");
    // 24,000 with a deviation of 155.
    assert!((number("transfers") - 24_000.0).abs() < 1_000.0);
    assert!(number("workers") >= 1.0 && number("proofs") <= number("batches"));
    assert!(latency("p50") <= latency("p95") && latency("p95") <= latency("p99"));
    assert!(latency("p99") <= latency("max") && latency("asked") <= 1_250.0);
    assert_eq!(latency("asked"), latency("p95"));
    // Nothing is final sooner than L1 has it, and a proof takes six tasks one after the other.
    assert!(latency("p50") > 24.0 + 960.0 + 6.0 && number("l1_s") == 984.0);
    assert!((number("head_room") - 5_000.0 / number("peak_per_s")).abs() < 1e-9);
    let usd = |field: &str| plan["usd_a_day"][field].as_f64().expect("a number");
    assert!((usd("workers") - number("workers") * 2.0 * 0.04 * 24.0).abs() < 1e-9);
    assert!((usd("total") - usd("workers") - usd("execution") - usd("data")).abs() < 1e-6);
    let chart = std::fs::read_to_string(&chart).expect("the chart");
    assert!(chart.starts_with("<svg xmlns=") && chart.ends_with("</svg>\n"), "{chart}");
    assert_eq!(chart.matches("<polyline").count(), 4);
}

/// One transfer: in a block after half a second, sealed with the next one as no time is left, six tasks, and L1.
#[test]
fn one_transfer_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = write(&folder, "a.json", &record(1.0));
    let transfers = "timestamp,token,from,to,amount\n1595302464,ETH,a,b,5\n";
    let arrivals = format!("csv:{}", file(&folder, "real.csv", transfers));
    let options = [
        "--arrivals",
        &arrivals,
        "--slo",
        "200",
        "--time-to-finality",
        "30",
        "--l1-inclusion-s",
        "10",
        "--l1-finality-s",
        "100",
        "--worker-usd-hour",
        "3",
        "--gas-gwei",
        "0",
        "--blob-gas-gwei",
        "0",
        "--json",
        "-",
    ];
    let plan: Value = serde_json::from_str(&stdout(&arguments(&options, &record))).expect("JSON");
    // Committed at 10.5, which is after the proof at 6.5; then 10 and 100.
    assert_eq!(plan["latency_s"]["max"], json!(120.5));
    assert_eq!((&plan["workers"], &plan["batches"]), (&json!(1), &json!(1)));
    assert_eq!(plan["usd_a_day"]["total"], json!(72.0));
    assert_eq!((&plan["seconds"], &plan["peak_per_s"]), (&json!(1.0), &json!(1)));
}

#[test]
fn what_no_fleet_reaches_is_told_with_the_least_latency() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = write(&folder, "a.json", &record(1.0));
    let chart = folder.path().join("chart.svg");
    let options = [
        "--arrivals",
        "poisson:1",
        "--slo",
        "900",
        "--seconds",
        "600",
        "--chart",
        chart.to_str().expect("text"),
    ];
    let output = bench(&arguments(&options, &record));
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    for needle in ["no number of workers", "p95", "at most 900 s", "984 s L1", "--finality"] {
        assert!(stderr.contains(needle), "no {needle}: {stderr}");
    }
    assert!(output.stdout.is_empty() && !chart.exists());
    // Where L1 need only include the proof, it is reached.
    let sooner = [&options[..6], &["--finality", "included"]].concat();
    let table = stdout(&arguments(&sooner, &record));
    assert!(table.starts_with("poisson:1 for 600 s, in chunks of 100"), "{table}");
    assert!(table.contains("USD a day"), "{table}");
}

#[test]
fn bad_plans_are_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = write(&folder, "a.json", &record(1.0));
    let plan = |options: &[&str], needles: &[&str]| refused(&arguments(options, &record), needles);
    plan(&["--slo", "9"], &["--arrivals"]);
    plan(&["--arrivals", "poisson:1"], &["--slo"]);
    plan(&["--arrivals", "flood:1", "--slo", "9"], &["unknown arrivals", "poisson:R"]);
    plan(&["--arrivals", "poisson:0", "--slo", "9"], &["above 0"]);
    plan(&["--arrivals", "poisson:9000", "--slo", "9"], &["at most 10000000 transfers"]);
    let good = ["--arrivals", "poisson:1", "--slo", "2000"];
    for (option, number) in [
        ("--slo", "0"),
        ("--percentile", "101"),
        ("--percentile", "0"),
        ("--seconds", "0"),
        ("--speed", "0"),
        ("--seed", "-1"),
        ("--max-workers", "0"),
        ("--sequencer-rate", "1e3"),
        ("--max-batch", "49153"),
        ("--l1-finality-s", "86401"),
        ("--worker-usd-hour", "+1"),
    ] {
        let bad = format!("{option}={number}");
        let good = if option == "--slo" { &good[..2] } else { &good[..] };
        plan(&[good, &[bad.as_str()]].concat(), &[option, "expected "]);
    }
    plan(&[&good[..], &["--speed", "2"]].concat(), &["--speed is for files"]);
    plan(&[&good[..], &["--finality", "soon"]].concat(), &["--finality", "finalized"]);
    let burst = format!("burst:{}", file(&folder, "burst.csv", "seconds,rate\n10,5\n10,x\n"));
    plan(&["--arrivals", &burst, "--slo", "2000"], &["line 3", "rate"]);
    let long = format!("burst:{}", file(&folder, "long.csv", "seconds,rate\n9999999,5\n"));
    plan(&["--arrivals", &long, "--slo", "2000"], &["at most 2592000 s"]);
}
