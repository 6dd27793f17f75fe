//! Words as elements of BLS12-381's scalar field, evaluated by Horner's rule; the native twin is
//! `cairn_primitives::blob`.
//!
//! `r`, the field's order, has 255 bits. An element is an integer below `2^255`, not always reduced,
//! in ten limbs of 27 bits, the lowest first. [`evaluate`] takes up to 16 words at once,
//!
//! ```text
//! value := value z^n + w_0 z^(n-1) + .. + w_(n-1)   mod r
//! ```
//!
//! so that all words share one reduction: [`WordGate`], a row a word, cuts the word into limbs and adds
//! the products with those of a power of z to 18 sums; [`ReductionGate`] adds the product
//! `value z^n` and takes out a multiple of r.
//!
//! # Soundness
//!
//! The prime field of the circuit has `p = 2^64 - 2^32 + 1`, and every equation here is meant over the
//! integers. It is one, because no side comes near to p:
//!
//! - a *word* is four limbs of 62 bits. Digits of 3 bits and less, each range-checked, add up to each
//!   of them; the sum is below `2^62 < p`, so the digits are those of the limb, and a limb of
//!   `2^62` or more has none. Regrouped they are the word's nine limbs: eight of 27 bits and
//!   the top one, with the 32 bits that remain;
//! - a *sum* grows by at most eight products below `2^54` and one below `2^59` a word: 16 words
//!   stay below `16 (2^57 + 2^59) = 1.25 * 2^63 < p`;
//! - the *reduction* says for each limb position k, with carries c and quotient q,
//!   `sum_k + (a b)_k + c_(k-1) - (q r)_k - y_k = 2^27 c_k`. Limbs of a, b, q, r and y are below `2^27`, ten products
//!   below `10 * 2^54 < 2^57.4`, and carries are between `-2^31` and `2^37 - 2^31`. The left is between
//!   `-2^57.4 - 2^31 - 2^27` and `1.25 * 2^63 + 2^57.4 + 2^37`, the right between `-2^58` and `2^64 - 2^58`: they differ by
//!   less than `2^64 - 2^56 < p`. The last position has no carry out. So `sum + a b = q r + y`.
//!
//! For honest provers there always is a solution: `a, b < 2^255` and 16 words give `q < 2^256` (that is what q
//! is checked for), and dividing the left side by `2^27` gives carries within their bounds.

mod digits;
mod modulus;
mod range_gate;
mod reduction_gate;
mod scalar;
#[cfg(test)]
mod tests;
mod witness;
mod word_gate;

pub use range_gate::RangeGate;
pub use reduction_gate::ReductionGate;
pub use scalar::{ScalarTarget, evaluate, powers};
pub use witness::{RangeGenerator, ReductionGenerator, WordGenerator};
pub use word_gate::WordGate;

/// Bits of a limb.
pub(crate) const LIMB_BITS: usize = 27;

/// Limbs of an element.
const LIMBS: usize = 10;

/// Limbs of a word; the top one has the 32 bits that remain.
const WORD_LIMBS: usize = 9;

/// Positions of a product of a word and an element.
const SUMS: usize = WORD_LIMBS + LIMBS - 1;

/// Words that share a reduction, at most.
pub const GROUP: usize = 16;

/// Bits of a carry, shifted by [`CARRY_OFFSET`].
pub(crate) const CARRY_BITS: usize = 37;

/// Carries may be negative, down to this.
const CARRY_OFFSET: u64 = 1 << 31;
