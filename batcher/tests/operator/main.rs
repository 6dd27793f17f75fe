//! The operator's tools against a real anvil.

mod beacon;
mod blobs;
mod command;
mod committee;
mod deployment;
mod real_keys;
mod reconstruct;
mod server;
mod world;
