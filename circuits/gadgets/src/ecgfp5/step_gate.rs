//! One row of `R = s G + e P`: the constraints.

use super::algebra::{
    POINT, Point, Quintic, add, boolean, constrain_double, displacement, mul, not, quintic,
    scale_add, sub,
};
use super::table::look_up;
use super::witness::StepGenerator;
use crate::gate::impl_gate;
use crate::ring::Ring;

/// `out = 4 acc + (digit of e) P + F[digits of s0, s1, s2]`, the row of
/// `cairn_primitives::schnorr::combine`.
///
/// The four digits have two bits each. They are read off limbs: `limb out = 4 limb in + digit`, in
/// the order e, s0, s1, s2. If the operands of an addition coincide up to sign, the addition is
/// skipped and `refused` set, which it then stays: `refused out` is 1 iff that happened here or
/// `refused in` is 1.
///
/// Trust: acc, P, 2 P and 3 P are points of the group, `refused in` is a bit. Degree 7: the table
/// is a polynomial of degree 6.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepGate;

impl StepGate {
    /// The accumulator, ten wires.
    pub const WIRE_ACCUMULATOR: usize = 0;
    /// P, 2 P and 3 P: thirty wires.
    pub const WIRE_MULTIPLES: usize = Self::WIRE_ACCUMULATOR + POINT;
    /// The limbs of e, s0, s1, s2 so far.
    pub const WIRE_LIMBS_IN: usize = Self::WIRE_MULTIPLES + 3 * POINT;
    /// The limbs with this row's digits.
    pub const WIRE_LIMBS_OUT: usize = Self::WIRE_LIMBS_IN + Self::SCALARS;
    /// Whether an addition before this row failed.
    pub const WIRE_REFUSED_IN: usize = Self::WIRE_LIMBS_OUT + Self::SCALARS;
    /// Whether an addition up to this row failed.
    pub const WIRE_REFUSED_OUT: usize = Self::WIRE_REFUSED_IN + 1;
    /// The accumulator after this row, ten wires; the last that are routed.
    pub const WIRE_OUTPUT: usize = Self::WIRE_REFUSED_OUT + 1;
    /// Two bits of each scalar, low bit first: filled by the gadget, not by this gate's generator.
    pub const WIRE_BITS: usize = Self::WIRE_OUTPUT + POINT;
    /// Two doublings: slope and point.
    pub(super) const WIRE_DOUBLINGS: usize = Self::WIRE_BITS + 2 * Self::SCALARS;
    /// Addition of the multiple of P: inverse, slope, skip, sum.
    pub(super) const WIRE_KEY_ADDITION: usize = Self::WIRE_DOUBLINGS + 2 * (5 + POINT);
    pub(super) const WIRE_KEY_SUM: usize = Self::WIRE_KEY_ADDITION + 11;
    /// Addition of the entry of the table: inverse, slope, skip.
    pub(super) const WIRE_TABLE_ADDITION: usize = Self::WIRE_KEY_SUM + POINT;

    /// Scalars that a row takes two bits of.
    pub const SCALARS: usize = 4;

    const ID: &str = "EcGfp5StepGate";
    const WIRES: usize = Self::WIRE_TABLE_ADDITION + 11;
    const CONSTRAINTS: usize = 8 + Self::SCALARS + 2 * 15 + (21 + 5 + 1) + (21 + 5) + 1;
    const DEGREE: usize = 7;

    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: &impl Fn(usize) -> R::Value,
        emit: &mut impl FnMut(R::Value),
    ) {
        let bits: [R::Value; 8] = std::array::from_fn(|i| wire(Self::WIRE_BITS + i));
        for bit in bits {
            emit(boolean(ring, bit));
        }
        for (i, [low, high]) in bits.as_chunks().0.iter().enumerate() {
            let digit = scale_add(ring, 2, *high, *low);
            let limb = scale_add(ring, 4, wire(Self::WIRE_LIMBS_IN + i), digit);
            emit(ring.sub(limb, wire(Self::WIRE_LIMBS_OUT + i)));
        }

        let mut acc = Point::read(wire, Self::WIRE_ACCUMULATOR);
        for start in [Self::WIRE_DOUBLINGS, Self::WIRE_DOUBLINGS + 5 + POINT] {
            let double = Point::read(wire, start + 5);
            constrain_double(ring, &acc, &quintic(wire, start), &double, emit);
            acc = double;
        }

        // The multiple of P: skipped if the digit is 0 and, with a refusal, if the operands
        // coincide.
        let [e_low, e_high, s @ ..] = bits;
        let both = ring.mul(e_low, e_high);
        let weights = [ring.sub(e_low, both), ring.sub(e_high, both), both];
        let multiples = [0, 1, 2].map(|i| Point::read(wire, Self::WIRE_MULTIPLES + POINT * i));
        let multiple = weighted_sum(ring, &weights, &multiples);
        let addition = Addition::read(wire, Self::WIRE_KEY_ADDITION);
        let sum = Point::read(wire, Self::WIRE_KEY_SUM);
        let run = addition.constrain(ring, &acc, &multiple, &sum, emit);
        let is_used = {
            let either = ring.add(e_low, e_high);
            ring.sub(either, both)
        };
        let (is_zero, is_taken) = (not(ring, is_used), not(ring, addition.skip));
        emit(ring.mul(is_zero, is_taken));
        let key_refused = ring.mul(is_used, addition.skip);
        for difference in run {
            emit(ring.mul(key_refused, difference));
        }
        acc = sum;

        // The entry of the table: skipped, with a refusal, iff the operands coincide.
        let entry = look_up(ring, &s);
        let addition = Addition::read(wire, Self::WIRE_TABLE_ADDITION);
        let output = Point::read(wire, Self::WIRE_OUTPUT);
        let run = addition.constrain(ring, &acc, &entry, &output, emit);
        for difference in run {
            emit(ring.mul(addition.skip, difference));
        }

        // 1 - out = (1 - in) (1 - key) (1 - table)
        let factors = [wire(Self::WIRE_REFUSED_IN), key_refused, addition.skip];
        let [before, key, table] = factors.map(|bit| not(ring, bit));
        let accepted = ring.mul(before, key);
        let accepted = ring.mul(accepted, table);
        let expected = not(ring, wire(Self::WIRE_REFUSED_OUT));
        emit(ring.sub(accepted, expected));
    }
}

/// The witnesses of an addition that may be skipped.
struct Addition<V> {
    inverse: Quintic<V>,
    slope: Quintic<V>,
    skip: V,
}

impl<V: Copy> Addition<V> {
    fn read(wire: &impl Fn(usize) -> V, start: usize) -> Self {
        Self {
            inverse: quintic(wire, start),
            slope: quintic(wire, start + 5),
            skip: wire(start + 10),
        }
    }

    /// `sum = p` if skip is 1, else `p + q`, whose X then differ: 21 constraints. Returns `q.x -
    /// p.x`.
    ///
    /// It is for the caller to constrain when skip may be 1.
    fn constrain<R: Ring<Value = V>>(
        &self,
        ring: &mut R,
        p: &Point<V>,
        q: &Point<V>,
        sum: &Point<V>,
        emit: &mut impl FnMut(V),
    ) -> Quintic<V> {
        emit(boolean(ring, self.skip));
        let take = not(ring, self.skip);

        // run * inverse = 1 unless skipped, so that the slope is rise / run.
        let run = sub(ring, &q.x, &p.x);
        let mut product = mul(ring, &run, &self.inverse);
        product[0] = ring.sub(product[0], take);
        product.into_iter().for_each(&mut *emit);
        let rise = sub(ring, &q.y, &p.y);
        let slope = mul(ring, &rise, &self.inverse);
        sub(ring, &slope, &self.slope).into_iter().for_each(&mut *emit);

        let step = displacement(ring, p, &q.x, &self.slope, &sum.x);
        for (start, step, end) in [(p.x, step.x, sum.x), (p.y, step.y, sum.y)] {
            let step = step.map(|c| ring.mul(take, c));
            let moved = add(ring, &start, &step);
            sub(ring, &moved, &end).into_iter().for_each(&mut *emit);
        }
        run
    }
}

/// `sum of weights[i] * points[i]`, coordinate by coordinate: a choice, if one weight is 1 and the
/// others are 0.
fn weighted_sum<R: Ring>(
    ring: &mut R,
    weights: &[R::Value; 3],
    points: &[Point<R::Value>; 3],
) -> Point<R::Value> {
    let mut sum = |coordinates: [Quintic<R::Value>; 3]| {
        std::array::from_fn(|i| {
            let first = ring.mul(weights[0], coordinates[0][i]);
            let second = ring.mul_add(weights[1], coordinates[1][i], first);
            ring.mul_add(weights[2], coordinates[2][i], second)
        })
    };
    Point { x: sum(points.map(|point| point.x)), y: sum(points.map(|point| point.y)) }
}

impl_gate!(StepGate, StepGenerator);
