//! How batches are proven: a deterministic plan, one graph of tasks for all who run them, a local engine that verifies each proof before
//! it is used, circuits and keys cached on disk.

pub mod allocator;
pub mod assignment;
pub mod cache;
mod circuits;
pub mod claim;
mod engine;
pub mod error;
mod exit;
pub mod files;
pub mod graph;
pub mod job;
mod local;
pub mod measure;
pub mod memory;
mod on_demand;
pub mod plan;
pub mod progress;
mod run;
mod schedule;
mod sequence;
pub mod side_by_side;
mod snark;
mod tasks;
mod units;
pub mod work;

pub use cache::default_folder as default_cache_folder;
pub use cairn_circuits::soundness::{LayerSecurity, Regime};
pub use engine::{BatchesProof, Engine};
pub use error::ProverError;
pub use exit::{EXIT_CAPACITY, ExitJob, ExitProof, ExitRequest};
pub use job::BatchJob;
pub use local::{ChunkShape, LocalProver, WrappedBatches};
pub use progress::Cancel;
pub use sequence::SequenceError;
pub use side_by_side::cores;
pub use snark::SnarkKeys;
pub use tasks::{ProofTasks, TaskOutput};
