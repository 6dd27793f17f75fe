//! The operator's tools against a real anvil.

mod blobs;
mod command;
mod deployment;
mod reconstruct;
mod world;
