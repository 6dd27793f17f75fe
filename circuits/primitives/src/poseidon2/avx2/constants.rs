//! The round constants, in the order in which they are added.

use p3_field::PrimeField64;

use super::digits::{Digits, LIFT};
use crate::F;
use crate::poseidon2::{
    EXTERNAL_FINAL_8, EXTERNAL_FINAL_12, EXTERNAL_INITIAL_8, EXTERNAL_INITIAL_12, INTERNAL_8,
    INTERNAL_12,
};

/// What is added after an external matrix, and LIFT.
pub(super) type Lifted<const N: usize> = [Digits<u64>; N];

/// The constants of width N.
pub(super) struct Rounds<const N: usize> {
    /// After each external matrix of the first half: the constants of the next round, of which an
    /// internal one has only that of element 0.
    pub(super) initial: [Lifted<N>; 5],
    /// Of the internal rounds but the first, and of element 0 in the first of the last rounds.
    pub(super) internal: [u64; 22],
    /// Of the first of the last rounds.
    pub(super) first_final: [u64; N],
    /// As `initial`, for the second half. After the last there are none.
    pub(super) last: [Lifted<N>; 4],
}

impl Rounds<8> {
    pub(super) fn width_8() -> Self {
        Self::new(EXTERNAL_INITIAL_8, INTERNAL_8, EXTERNAL_FINAL_8)
    }
}

impl Rounds<12> {
    pub(super) fn width_12() -> Self {
        Self::new(EXTERNAL_INITIAL_12, INTERNAL_12, EXTERNAL_FINAL_12)
    }
}

impl<const N: usize> Rounds<N> {
    fn new(initial: [[F; N]; 4], internal: [F; 22], last: [[F; N]; 4]) -> Self {
        let lifted = |elements: [F; N]| {
            elements.map(|element| {
                let Digits { a, b } = Digits::halves(element.as_canonical_u64());
                Digits { a: a + LIFT.a, b: b + LIFT.b }
            })
        };
        let mut first_internal = [F::default(); N];
        first_internal[0] = internal[0];
        let [i0, i1, i2, i3] = initial;
        let [f0, f1, f2, f3] = last;
        let mut later_internal = internal.map(|element| element.as_canonical_u64());
        later_internal.rotate_left(1);
        later_internal[21] = f0[0].as_canonical_u64();
        Self {
            initial: [i0, i1, i2, i3, first_internal].map(lifted),
            internal: later_internal,
            first_final: f0.map(|element| element.as_canonical_u64()),
            last: [f1, f2, f3, [F::default(); N]].map(lifted),
        }
    }
}
