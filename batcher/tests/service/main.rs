//! The service as an operator has it: its keys, its stages, its start and its stop.

mod checks;
mod demo;
mod development;
mod fleet;
mod keys;
#[path = "../manual/mod.rs"]
mod manual;
mod runbook;
mod stand_in;
mod supervisor;
mod telemetry;
mod tools;
mod wallet;
mod workers;
