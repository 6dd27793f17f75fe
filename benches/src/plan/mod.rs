//! `cairn-bench plan`: how many workers a traffic needs so that its transfers are final on L1 in time, and what that
//! costs.
//!
//! ```text
//! arrivals -> batches (as the sequencer seals) -> proving (schedule, on N workers) -> settlement (L1) -> latency
//! search: the least N -> report: table, JSON; chart
//! ```
//!
//! METHODOLOGY.md says what the model leaves out.

pub mod arrivals;
pub mod batches;
pub mod chart;
pub mod command;
pub mod proving;
pub mod report;
pub mod search;
pub mod settlement;
