//! The sequencer: the only writer of the state.
//!
//! [`Ledger`] is what everybody else may read of it.

pub mod ledger;

pub use self::ledger::{Head, LeafProof, Ledger, Standing, Status};
