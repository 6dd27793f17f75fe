//! The sequencer on a real store, with a stand-in for the mempool.

mod fill;
mod model;
mod rows;
mod stage;
mod world;
