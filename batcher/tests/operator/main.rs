//! The operator's tools against a real anvil.

mod blobs;
mod command;
mod deployment;
mod real_keys;
mod reconstruct;
mod world;
