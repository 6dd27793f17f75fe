//! The operator as one process: configuration, keys, checks before work starts, the stages under a
//! supervisor, and how they stop.

mod admin;
mod asked;
pub mod checks;
mod circuits;
pub mod config;
pub mod dev;
pub mod keys;
mod locate;
mod market;
pub mod print;
mod process;
mod rooms;
pub mod service;
mod stages;
pub mod standby;
pub mod stop;
pub mod supervisor;
pub mod telemetry;
mod unclaimed;

pub use self::service::{Checked, Extras, Node, StartError};
