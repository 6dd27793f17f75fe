//! The batcher: takes signed operations, forms blocks and batches, has them proven and settles them on L1.
//!
//! ```text
//! intake -> batch -> prove (cairn-prover) -> settle -> claim
//!    ^                                          |
//!    +---- watch (priority operations) <-- L1 --+
//! ```

pub mod api;
pub mod clock;
pub mod committee;
pub mod console;
pub mod demo;
pub mod deploy;
pub mod development;
pub mod exit;
pub mod fleet;
pub mod follow;
pub mod host;
pub mod l1;
pub mod load;
pub mod mempool;
pub mod node;
pub mod parse;
pub mod progress;
pub mod proving;
pub mod publication;
pub mod reconstruct;
pub mod regular_file;
pub mod replication;
pub mod secret_file;
pub mod sequencer;
pub mod settlement;
pub mod shadow;
pub mod signals;
pub mod snapshot;
pub mod store;
pub mod temporary;
pub mod transfers;
pub mod verify;
pub mod watcher;

pub use cairn_client as client;
