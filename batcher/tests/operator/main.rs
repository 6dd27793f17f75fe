//! The operator's tools against a real anvil.

mod beacon;
mod blobs;
mod command;
mod committee;
mod deployed;
mod deployer_lies;
mod deploying;
mod deployment;
mod environment;
mod follow;
mod governance;
mod hostile;
mod manifest_fields;
#[path = "../manual/mod.rs"]
#[allow(dead_code, reason = "commands within sentences are of the service")]
mod manual;
mod outputs;
#[path = "../proxy/mod.rs"]
#[allow(dead_code, reason = "faults that the operator's own tests use")]
mod proxy;
mod real_keys;
mod reconstruct;
mod runbook;
mod server;
mod servers;
mod shadow;
mod sources;
mod world;
