//! Decoding of a public key: the constraints.

use cairn_primitives::ecgfp5::{A_THIRD, DOUBLE_ODD_A, FOUR_B, NON_RESIDUE, generator};
use p3_field::PrimeField64;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::algebra::{
    POINT, Point, boolean, coefficients, constrain_double, constrain_sum, mul, quintic, scale,
    select, sub,
};
use super::witness::KeyGenerator;
use crate::gate::impl_gate;
use crate::ring::Ring;

/// Whether w encodes a point P other than the neutral element, and P, 2 P, 3 P; those of the
/// generator if it does not.
///
/// With `e = w^2 - a`, X - a/3 of P is the root of `x^2 - e x + b` that is a square. The
/// discriminant `D = e^2 - 4 b` is never zero (b is not a square), so exactly one of D and 7 D is a
/// square: the prover shows a root of one of them, and the valid bit says which. `x = (e + root) /
/// 2` must be a square: the product of the two candidates is b, so that exactly one of the two
/// signs of the root passes.
///
/// Wires: w, P, 2 P, 3 P, valid (routed); root, root of x, two slopes. Degree 5.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyGate;

impl KeyGate {
    /// The encoding, five wires.
    pub const WIRE_ENCODING: usize = 0;
    /// P, 2 P and 3 P: thirty wires.
    pub const WIRE_MULTIPLES: usize = 5;
    /// Whether the encoding is that of P: a bit.
    pub const WIRE_VALID: usize = Self::WIRE_MULTIPLES + 3 * POINT;
    pub(super) const WIRE_ROOT: usize = Self::WIRE_VALID + 1;
    pub(super) const WIRE_ROOT_OF_X: usize = Self::WIRE_ROOT + 5;
    pub(super) const WIRE_SLOPES: usize = Self::WIRE_ROOT_OF_X + 5;

    const ID: &str = "EcGfp5KeyGate";
    const WIRES: usize = Self::WIRE_SLOPES + 2 * 5;
    const CONSTRAINTS: usize = 1 + 5 + 5 + 10 + 15 + 15;
    const DEGREE: usize = 5;

    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: &impl Fn(usize) -> R::Value,
        emit: &mut impl FnMut(R::Value),
    ) {
        let w = quintic(wire, Self::WIRE_ENCODING);
        let [p, double, triple] =
            [0, 1, 2].map(|i| Point::read(wire, Self::WIRE_MULTIPLES + POINT * i));
        let valid = wire(Self::WIRE_VALID);
        let root = quintic(wire, Self::WIRE_ROOT);
        let root_of_x = quintic(wire, Self::WIRE_ROOT_OF_X);
        let slopes = [0, 5].map(|i| quintic(wire, Self::WIRE_SLOPES + i));

        emit(boolean(ring, valid));

        // root^2 = D if valid, 7 D if not.
        let mut e = mul(ring, &w, &w);
        e[0] = ring.add_constant(e[0], -coefficients(&DOUBLE_ODD_A)[0]);
        let mut discriminant = mul(ring, &e, &e);
        discriminant[1] = ring.add_constant(discriminant[1], -coefficients(&FOUR_B)[1]);
        let factor = {
            let seven = GoldilocksField::from_canonical_u64(NON_RESIDUE.as_canonical_u64());
            let seven_constant = ring.constant(seven);
            ring.scale_add(GoldilocksField::ONE - seven, valid, seven_constant)
        };
        let square = mul(ring, &root, &root);
        for i in 0..5 {
            let expected = ring.mul(factor, discriminant[i]);
            emit(ring.sub(square[i], expected));
        }

        // If valid, root_of_x^2 = x = (e + root) / 2.
        let half = GoldilocksField::TWO.inverse();
        let zero = ring.constant(GoldilocksField::ZERO);
        let x: [_; 5] = std::array::from_fn(|i| {
            let sum = ring.add(e[i], root[i]);
            ring.scale_add(half, sum, zero)
        });
        let square = mul(ring, &root_of_x, &root_of_x);
        for difference in sub(ring, &square, &x) {
            emit(ring.mul(valid, difference));
        }

        // P = (x + a/3, -w x) if valid, G if not.
        let base = generator();
        let [base_x, base_y] = [base.x, base.y].map(|c| coefficients(&c).map(|c| ring.constant(c)));
        let mut shifted = x;
        shifted[0] = ring.add_constant(shifted[0], coefficients(&A_THIRD)[0]);
        let wx = mul(ring, &w, &x);
        let y = wx.map(|c| scale(ring, -1, c));
        for (value, fallback, result) in [(shifted, base_x, p.x), (y, base_y, p.y)] {
            let expected = select(ring, valid, &value, &fallback);
            sub(ring, &expected, &result).into_iter().for_each(&mut *emit);
        }

        constrain_double(ring, &p, &slopes[0], &double, emit);

        // P and 2 P have different X: the order is a prime above 3.
        let run = sub(ring, &double.x, &p.x);
        let rise = sub(ring, &double.y, &p.y);
        let product = mul(ring, &slopes[1], &run);
        sub(ring, &product, &rise).into_iter().for_each(&mut *emit);
        constrain_sum(ring, &p, &double.x, &slopes[1], &triple, emit);
    }
}

impl_gate!(KeyGate, KeyGenerator);
