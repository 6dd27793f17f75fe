//! ecGFp5, Thomas Pornin's curve over GF(p^5) (<https://eprint.iacr.org/2022/274>,
//! <https://github.com/pornin/ecgfp5>): a group of prime order n of 319 bits, no cofactor.
//!
//! Points are handled on the short Weierstrass curve `Y^2 = X^3 + A X + B` that the author uses in
//! circuits: the group is its subgroup of order n. A point is encoded as one field element `w`
//! (five Goldilocks elements); every point has one encoding, and the neutral element is `w = 0`.

mod field;
mod point;
mod scalar;

pub use field::{NON_RESIDUE, Quintic, is_square, quintic, sqrt};
pub use point::{A, A_THIRD, Affine, B, DOUBLE_ODD_A, FOUR_B, Point, generator};
pub use scalar::{ORDER, Scalar, ScalarError};
