//! Points of FRI's evaluation domains, and interpolation on their cosets.
//!
//! The domain of size 2^N is `shift * <root>`; its points are stored in bit-reversed order, so the point at an
//! index with bits `b_0 ..` (least significant first) is `shift * product of root^(2^(N - 1 - i) b_i)`. All bases
//! are constants: a window of bits picks a constant from a table.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::extension::{Ext, Powers};
use super::goldilocks::Base;
use super::merkle::mux;
use crate::r1cs::{Builder, Lc};

/// Bits looked up at once: 2^4 - 2 constraints instead of three reductions.
const WINDOW: usize = 4;

/// The point at an index, reduced.
pub(crate) fn point(
    b: &mut Builder,
    shift: GoldilocksField,
    root: GoldilocksField,
    index: &[Lc],
) -> Base {
    coset_start(b, shift, root, index, 0)
}

/// The point at an index whose low `arity_bits` bits are set to zero, reduced: where the coset of the point
/// starts, of which the other points are the multiples with the 2^arity_bits-th roots of unity.
pub(crate) fn coset_start(
    b: &mut Builder,
    shift: GoldilocksField,
    root: GoldilocksField,
    index: &[Lc],
    arity_bits: usize,
) -> Base {
    let mut product = Base::constant(shift);
    for start in (arity_bits..index.len()).step_by(WINDOW) {
        let window = &index[start..index.len().min(start + WINDOW)];
        let bases = (start..).take(window.len()).map(|i| root.exp_power_of_2(index.len() - 1 - i));
        let mut table = vec![GoldilocksField::ONE];
        for base in bases {
            table.extend(table.clone().iter().map(|&entry| entry * base));
        }
        let table: Vec<Base> = table.into_iter().map(Base::constant).collect();
        let factor = mux(b, &table, window, Base::select);
        product = product.mul(b, &factor);
    }
    product.reduce(b)
}

/// The value at `point` of the polynomial of degree below n through `evaluations` on a coset of size n, in
/// bit-reversed order; not reduced. `start_inverse` is the inverse of the coset's first point.
pub(crate) fn interpolate(
    b: &mut Builder,
    evaluations: &[Ext],
    start_inverse: &Base,
    point: &Ext,
) -> Ext {
    let arity_bits = evaluations.len().trailing_zeros();
    let natural = |i: usize| &evaluations[bit_reverse(i, arity_bits)];
    // An inverse Fourier transform by constants costs no constraint; its coefficients are in X / start.
    let root = GoldilocksField::primitive_root_of_unity(arity_bits as usize).inverse();
    let scale = GoldilocksField::from_canonical_usize(evaluations.len()).inverse();
    let coefficients: Vec<Ext> = root
        .powers()
        .take(evaluations.len())
        .map(|step| {
            let mut sum = Ext::zero();
            for (i, weight) in step.powers().take(evaluations.len()).enumerate() {
                sum.add_multiple(natural(i), weight * scale);
            }
            sum
        })
        .collect();
    let x = point.mul(b, &start_inverse.clone().into());
    Powers::new(b, &x, coefficients.len()).combine(b, &coefficients)
}

/// The low `bits` bits of `i` in reverse order.
fn bit_reverse(i: usize, bits: u32) -> usize {
    (0..bits).fold(0, |reversed, k| reversed << 1 | i >> k & 1)
}

#[cfg(test)]
#[path = "domain_tests.rs"]
mod tests;
