//! The table of steps: the loop of `cairn_primitives::schnorr::combine`, 64 rows a signature.
//!
//! A row holds X of every point on its way and the slopes of the lines between them; Y follows, as
//! an expression of degree 2. It starts at four times the accumulator, in `start`:
//!
//! ```text
//! start + multiple of the key = middle, unless the digit of e is 0
//! middle + entry = acc
//! 2 acc, 4 acc = start of the next row
//! ```
//!
//! | witness | bound by |
//! |---|---|
//! | start_x, start_y | the row before, or 4 T in the first row of a signature |
//! | skip | a bit; 1 only if the digit of e is 0, and MULTIPLE has no digit 0 |
//! | multiple_x, multiple_slope | MULTIPLE: the line meets the multiple at this X |
//! | ... if skipped | free but for `middle_x = start_x`, and distinct |
//! | middle_x, acc_x, double_x | sums of the points on the lines |
//! | entry_x, entry_slope | FIXED_BASE: the line meets the entry at this X |
//! | double_slope, quadruple_slope | tangents |
//! | distinct | the operands of both additions have different X, unless they meet |
//! | meets_multiple, meets_entry | bits; 0 unless the operands have the same X, as which of both Y says |
//! | met | a bit, the sum of those of the rows before, so that one row of a loop meets at the most |
//! | e, s | digits by MULTIPLE and FIXED_BASE, limbs by COMBINATION |
//! | signature | a counter that goes on after the last row of a loop |
//! | sends, part, is_last | the periodic columns of the same names |
//!
//! If the operands of an addition coincide up to sign, `cairn_primitives::schnorr::combine` refuses. The loop says so
//! where it ends, and goes on meanwhile with any slope, from where it leads: that point counts for nothing. The product of the two differences of X
//! lies in GF(p^5); `distinct` pairs with its coefficients, so that it exists exactly if one of these is not zero. That
//! is all of them: whoever may choose a key for a product of which some vanish makes one, a root of a quartic, and a
//! forced transaction that could be neither executed nor refused (test `a_key_made_for_a_sparse_product`).

mod air;
mod columns;
pub(super) mod trace;

use cairn_primitives::F;

pub use air::StepsAir;
pub use columns::{Schedule, Steps};

/// Rows that read a limb: 32 bits, two a row.
pub(super) const ROWS_OF_LIMB: usize = 16;

/// The part of COMBINATION that says where the loop ended.
pub(super) const RESULT: F = F::new(4);
