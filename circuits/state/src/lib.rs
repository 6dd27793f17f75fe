//! The native account tree and the reference transition function.
//!
//! [`apply`] defines what every operation does; circuits prove that, [`BatchBuilder`] records their
//! witness on the way, and [`State::replay`] does it again from what L1 has.

mod batch;
mod exit;
mod fault;
mod header;
mod opening;
mod pages;
mod refusal;
mod replay;
mod state;
mod stream;
mod transition;
mod tree;
mod verified;
mod witness;

pub use batch::BatchBuilder;
pub use exit::{exit_message_digest, sign_exit, verify_exit};
pub use fault::Fault;
pub use header::Outline;
pub use opening::{Node, OpeningError, PartialTree, TreeOpening};
pub use refusal::Refusal;
pub use replay::ReplayError;
pub use state::State;
pub use stream::{absorb, absorb_evaluated, evaluate};
pub use transition::{Effects, LeafChange, apply, effects, message_digest, sign};
pub use tree::{AccountTree, root_from_path};
pub use verified::{Verified, apply_verified, effects_verified};
pub use witness::{
    BatchWitness, DataForm, Environment, LeafAccess, Running, SlotWitness, StateSummary,
};
