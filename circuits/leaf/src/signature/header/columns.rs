//! The layout of a row.

use crate::range::Uint;
use crate::table::columns;

/// A signature. A field element of GF(p^5) is five columns.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Signatures<T> {
    /// The number of the row, from 0.
    pub number: T,
    /// Whether somebody asked for this signature; the others fill the table.
    pub is_real: T,
    /// Whether it is judged: then it may be invalid, and its challenge and response are those that were named.
    pub judged: T,
    /// The key, the encoding w of P.
    pub key: [T; 5],
    /// The digest of the message.
    pub message: [T; 4],
    /// X of P, minus a/3.
    pub x: [T; 5],
    /// A square root of it.
    pub x_root: [T; 5],
    /// Slope of the tangent at P.
    pub double_slope: [T; 5],
    /// X of 2 P.
    pub double_x: [T; 5],
    /// Slope of the line through P and 2 P.
    pub triple_slope: [T; 5],
    /// X of 3 P.
    pub triple_x: [T; 5],
    /// How often P, 2 P and 3 P were asked for.
    pub multiplicities: [T; 3],
    /// The challenge, limbs of 32 bits, lowest first.
    pub e: [T; 4],
    /// For both elements of the challenge: the inverse of the difference between the high limb and
    /// its maximum, if there is one.
    pub below_max: [T; 2],
    /// The limbs of s0 and s1, lowest first.
    pub s: [[T; 4]; 2],
    /// The lower limb of s2.
    pub s2_low: T,
    /// How far the upper limb of s2 is below the largest canonical one.
    pub s2_slack: Uint<T, 32, 2>,
    /// Whether operands of an addition met, so that there is no R.
    pub met: T,
    /// X of the commitment R.
    pub commitment_x: [T; 5],
    /// Slope of the tangent at R, which stands for Y.
    pub commitment_slope: [T; 5],
    /// The encoding of R.
    pub encoding: [T; 5],
    /// The sponge's capacity after the first block of the challenge's hash.
    pub capacity: [T; 4],
    /// The first half of the digest: the challenge, if the signature is valid.
    pub digest: [T; 2],
    /// The second half, which nobody uses.
    pub digest_rest: [T; 2],
    /// For a signature that is refused: pairs with the differences between digest and challenge to 1.
    pub difference_inverse: [T; 2],
}
columns!(Signatures);
