//! Proving on many machines, over NATS JetStream.
//!
//! ```text
//! batcher: FleetEngine -> ledger -> queue -> worker: proves -> result -> verified -> ledger
//! ```
//!
//! The engine of the operator plans a proof and says which assignments are due; NATS queues them, gives each to one worker for as long as
//! that says it is alive, and keeps witnesses and results. A result counts after it was verified against what the batches say.

pub mod bus;
pub mod coordinator;
pub mod engine;
pub mod error;
pub mod layout;
pub mod ledger;
pub mod lifeline;
pub mod message;
pub mod names;
pub mod payload;
pub mod plan;
pub mod queue;
mod recent;
pub mod server;
pub mod worker;
