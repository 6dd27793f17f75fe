//! Schnorr signatures: the three tables that accept exactly what
//! [`cairn_primitives::schnorr::verify`] does. An invalid signature cannot be proven.
//!
//! ```text
//!   signatures ──P, 2 P, 3 P──> steps ──digit of s2──> fixed base
//!            <──limbs of e and s2, R──
//! ```
//!
//! Both tables count the signatures, so a loop can only use the multiples of its own key. For each
//! number, the loop's 64 steps are all there: the table of steps has 64 times as many rows as that of
//! signatures, and what a step does is periodic.

mod curve;
mod fixed_base;
mod header;
mod lines;
mod quintic;
mod steps;
#[cfg(test)]
mod tests;
mod trace;

pub use fixed_base::{FIXED_BASE_ROWS, FixedBaseAir};
pub use header::{Signatures, SignaturesAir};
pub use steps::{Schedule, Steps, StepsAir};
pub use trace::{SignatureTraces, trace};
