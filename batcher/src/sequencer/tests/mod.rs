//! The sequencer on a real store, with a stand-in for the mempool; and all three together.

mod commands;
mod fill;
mod final_batches;
mod model;
mod plain;
mod rows;
mod stage;
mod stamp;
mod whole;
pub(super) mod world;
