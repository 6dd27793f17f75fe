//! The proof benchmarking CLI `cairn-bench`; METHODOLOGY.md says what its figures mean.
//!
//! ```text
//! traffic -> world (state, batch) -> stages (cairn-prover) -> record -> cmp, scale, plan, cost, report
//! ```

pub mod cli;
pub mod cmp;
pub mod cost;
pub mod data;
pub mod error;
pub mod figures;
pub mod fleet;
pub mod list;
pub mod machine;
pub mod plan;
pub mod record;
pub mod report;
pub mod run;
pub mod sample;
pub mod scale;
pub mod schedule;
pub mod soundness;
pub mod stages;
pub mod tables;
pub mod times;
pub mod traffic;
pub mod world;
