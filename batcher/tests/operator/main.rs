//! The operator's tools against a real anvil.

mod beacon;
mod blobs;
mod command;
mod deployment;
mod reconstruct;
mod server;
mod world;
