//! The operator's tools against a real anvil.

mod beacon;
mod blobs;
mod command;
mod committee;
mod deployment;
mod reconstruct;
mod server;
mod world;
