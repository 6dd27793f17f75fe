//! ecGFp5 in circuit; the native twin is `cairn_primitives::ecgfp5`.
//!
//! Points are affine, on the Weierstrass curve. Two gates do all of the curve arithmetic:
//!
//! - [`KeyGate`]: whether five elements encode a point P, and P, 2 P, 3 P;
//! - [`StepGate`]: one row of the double-and-add loop of `cairn_primitives::schnorr::combine`.
//!
//! # Soundness
//!
//! Every slope is determined: a doubling divides by `2 y`, not zero in a group of odd order, and an
//! addition by `x2 - x1`, whose inverse is a witness; where it has none the addition is skipped and
//! the row says so. So each output is a function of the inputs, provided that the accumulator and P
//! are points of the group: the loop starts at one, and every row keeps that.

mod algebra;
mod key_gate;
mod step_gate;
mod table;
#[cfg(test)]
mod tests;
mod witness;

pub(crate) use algebra::elements as point_elements;
pub use key_gate::KeyGate;
pub use step_gate::StepGate;
pub use witness::{KeyGenerator, StepGenerator};
