//! The permutation, written once for every kind of value (see [`crate::ring`]).

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::parameters::{HALF_FULL_ROUNDS, PARTIAL_ROUNDS, SupportedWidth, Width};
use crate::ring::Ring;

/// Applies Poseidon2 of width `W`.
///
/// `sbox_input` is called with the input of every S-box after the first full round, in order; what
/// it returns enters the S-box. A gate commits these values, which keeps its degree at 7: constraints
/// compare them with the committed wire and continue with the wire, a generator writes the wire.
pub(super) fn permute<R: Ring, const W: usize>(
    ring: &mut R,
    mut state: [R::Value; W],
    mut sbox_input: impl FnMut(&mut R, R::Value) -> R::Value,
) -> [R::Value; W]
where
    Width<W>: SupportedWidth<W>,
{
    let parameters = Width::<W>::parameters();

    external_layer(ring, &mut state);
    for (round, constants) in parameters.initial.iter().enumerate() {
        for (element, &k) in state.iter_mut().zip(constants) {
            let mut input = ring.add_constant(*element, k);
            if round > 0 {
                input = sbox_input(ring, input);
            }
            *element = ring.pow7(input);
        }
        external_layer(ring, &mut state);
    }
    for &k in &parameters.partial {
        let input = ring.add_constant(state[0], k);
        let input = sbox_input(ring, input);
        state[0] = ring.pow7(input);
        internal_layer(ring, &mut state, &parameters.diagonal);
    }
    for constants in &parameters.terminal {
        for (element, &k) in state.iter_mut().zip(constants) {
            let input = ring.add_constant(*element, k);
            let input = sbox_input(ring, input);
            *element = ring.pow7(input);
        }
        external_layer(ring, &mut state);
    }
    state
}

/// Number of calls of `sbox_input` in a permutation of width `w`.
pub(super) const fn committed_sboxes(w: usize) -> usize {
    (2 * HALF_FULL_ROUNDS - 1) * w + PARTIAL_ROUNDS
}

/// The external matrix `circ(2 M, M, .., M)` with the 4x4 matrix `M = circ(2, 3, 1, 1)`.
#[inline(always)]
fn external_layer<R: Ring, const W: usize>(ring: &mut R, state: &mut [R::Value; W]) {
    let two = GoldilocksField::TWO;
    for x in state.as_chunks_mut::<4>().0 {
        let t01 = ring.add(x[0], x[1]);
        let t23 = ring.add(x[2], x[3]);
        let t0123 = ring.add(t01, t23);
        let t01123 = ring.add(t0123, x[1]);
        let t01233 = ring.add(t0123, x[3]);
        *x = [
            ring.add(t01123, t01),
            ring.scale_add(two, x[2], t01123),
            ring.add(t01233, t23),
            ring.scale_add(two, x[0], t01233),
        ];
    }
    for column in 0..4 {
        let mut sum = state[column];
        for i in (column + 4..W).step_by(4) {
            sum = ring.add(sum, state[i]);
        }
        for i in (column..W).step_by(4) {
            state[i] = ring.add(state[i], sum);
        }
    }
}

/// The internal matrix `1 + diag(d)`.
#[inline(always)]
fn internal_layer<R: Ring, const W: usize>(
    ring: &mut R,
    state: &mut [R::Value; W],
    diagonal: &[GoldilocksField; W],
) {
    let mut sum = state[0];
    for &element in &state[1..] {
        sum = ring.add(sum, element);
    }
    for (element, &d) in state.iter_mut().zip(diagonal) {
        *element = ring.scale_add(d, *element, sum);
    }
}
