//! `deploy/monitoring/` and the pages for people on call: rules that ring and end, a dashboard, and commands that exist.

mod dashboard;
mod documents;
mod live;
mod metrics;
mod prometheus;
mod promql;
mod rules;
#[path = "../service/stand_in.rs"]
#[allow(dead_code, reason = "the service's tests use another part of it")]
mod stand_in;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The folder of the rules, from the repository's root.
const MONITORING: &str = "deploy/monitoring";

/// A file of the repository.
fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn text(name: &str) -> String {
    let path = place(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}"))
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text of all Rust files below these folders.
fn code(folders: &[&str]) -> String {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| sources(&place(folder), &mut found));
    found.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}
