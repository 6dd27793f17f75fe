//! The order of the scalar field, as limbs.

use super::{LIMB_BITS, LIMBS};

/// r, lowest part first (EIP-4844: `BLS_MODULUS`).
pub(super) const MODULUS: [u64; 4] =
    [0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48];

/// Bits that an element may have.
pub(super) const BITS: usize = 255;

/// The limbs of r.
pub(super) const MODULUS_LIMBS: [u64; LIMBS] = {
    let mut limbs = [0; LIMBS];
    let mut bit = 0;
    while bit < BITS {
        limbs[bit / LIMB_BITS] |= (MODULUS[bit / 64] >> (bit % 64) & 1) << (bit % LIMB_BITS);
        bit += 1;
    }
    limbs
};

/// Whether bit i of `r - 1` is set (r is odd).
pub(super) const fn bit_of_largest(i: usize) -> bool {
    i > 0 && MODULUS[i / 64] >> (i % 64) & 1 == 1
}
