//! From sealed batches to verified proofs.
//!
//! ```text
//! jobs -> publish: where the data goes, header -> publications -> prove (an engine) -> proofs
//! ```
//!
//! Publishing fixes a batch's header, so that it can be committed and proven at the same time. Batches
//! that wait when the engine is free share a proof. Writes `publications` and `proofs` only.

pub mod config;
pub mod error;
pub mod pace;
pub mod price;
mod publish;

pub use self::publish::{SignData, Signing};
