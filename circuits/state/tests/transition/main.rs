//! The reference transition function and what is built on it, tested from outside.

mod batch;
mod conservation;
mod forced;
mod opening;
mod operations;
mod refusals;
mod tree;
mod verified;
mod world;
