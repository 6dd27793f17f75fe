//! Schnorr signatures: the three tables that accept exactly what
//! [`cairn_primitives::schnorr::verify`] does. An invalid signature cannot be proven, unless somebody asks for a
//! *judgement*: then challenge and response are named in the question, and the verdict is proven whatever it is.
//! A key that encodes no point, and a response out of range, are for those who ask to refuse.
//!
//! ```text
//!   signatures ──P, 2 P, 3 P──> steps ──digits of s──> fixed base
//!            <──limbs of e and s, R──
//! ```
//!
//! Both tables count the signatures, so a loop can only use the multiples of its own key. For each
//! number, the loop's 64 steps are all there: the table of steps has 64 times as many rows as that of
//! signatures, and what a step does is periodic.

mod curve;
mod fixed_base;
mod header;
mod lines;
pub(crate) mod quintic;
mod steps;
#[cfg(test)]
mod tests;
mod trace;

pub use fixed_base::{FIXED_BASE_ROWS, FixedBaseAir};
pub use header::{Signatures, SignaturesAir};
pub use steps::{Schedule, Steps, StepsAir};
pub use trace::{SignatureTraces, trace};
