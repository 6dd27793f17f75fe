//! L1: the connection with its limits, the contracts' interfaces, and a rollup as a user reads it.
//!
//! ```text
//! rollup -> connection (alloy) -> transport: whom to ask, whether again -> endpoint: one node -> http: limits
//! contracts, error, revert      what contracts take, and what they refuse with
//! ```

pub mod connection;
pub mod contracts;
mod endpoint;
pub mod error;
pub mod http;
pub mod resent;
pub mod revert;
mod rollup;
mod secrets;
mod transport;

#[cfg(test)]
pub(crate) use self::transport::node;
pub use self::{
    http::Fault,
    rollup::{Proven, Rollup, RollupError},
    transport::RequestError,
};
