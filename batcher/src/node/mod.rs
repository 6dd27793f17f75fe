//! The operator as one process: configuration, keys, checks before work starts, the stages under a
//! supervisor, and how they stop.

pub mod checks;
pub mod config;
pub mod dev;
pub mod keys;
mod locate;
pub mod print;
mod process;
pub mod stop;
pub mod supervisor;
pub mod telemetry;
