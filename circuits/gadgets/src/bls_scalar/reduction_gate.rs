//! A sum of products modulo r.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::modulus::MODULUS_LIMBS;
use super::witness::ReductionGenerator;
use super::{CARRY_OFFSET, LIMB_BITS, LIMBS, SUMS};
use crate::gate::impl_gate;
use crate::ring::Ring;

/// `sum + a b = q r + y` over the integers, given that limbs and carries are in range.
///
/// Wires: the 18 sums, the limbs of a, b, q and y, the carries out of all positions but the last, each with
/// `2^31` added (all routed). Degree 2. The gate checks no range: [`ScalarTarget`](super::ScalarTarget)'s functions do.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReductionGate;

impl ReductionGate {
    /// Positions of a product of two elements.
    pub(super) const POSITIONS: usize = 2 * LIMBS - 1;
    pub(super) const CARRIES: usize = Self::POSITIONS - 1;

    pub(super) const WIRE_SUMS: usize = 0;
    pub(super) const WIRE_A: usize = SUMS;
    pub(super) const WIRE_B: usize = Self::WIRE_A + LIMBS;
    pub(super) const WIRE_QUOTIENT: usize = Self::WIRE_B + LIMBS;
    pub(super) const WIRE_RESULT: usize = Self::WIRE_QUOTIENT + LIMBS;
    pub(super) const WIRE_CARRIES: usize = Self::WIRE_RESULT + LIMBS;

    const ID: &'static str = "BlsReductionGate";
    const WIRES: usize = Self::WIRE_CARRIES + Self::CARRIES;
    const CONSTRAINTS: usize = Self::POSITIONS;
    const DEGREE: usize = 2;

    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: &impl Fn(usize) -> R::Value,
        emit: &mut impl FnMut(R::Value),
    ) {
        let offset = GoldilocksField::from_canonical_u64(CARRY_OFFSET);
        let radix = GoldilocksField::from_canonical_u64(1 << LIMB_BITS);
        for k in 0..Self::POSITIONS {
            let mut value = match k {
                0 => ring.constant(GoldilocksField::ZERO),
                _ => ring.add_constant(wire(Self::WIRE_CARRIES + k - 1), -offset),
            };
            if k < SUMS {
                value = ring.add(value, wire(Self::WIRE_SUMS + k));
            }
            for i in (0..LIMBS).filter(|&i| (i..i + LIMBS).contains(&k)) {
                value = ring.mul_add(wire(Self::WIRE_A + i), wire(Self::WIRE_B + k - i), value);
                let factor = -GoldilocksField::from_canonical_u64(MODULUS_LIMBS[k - i]);
                value = ring.scale_add(factor, wire(Self::WIRE_QUOTIENT + i), value);
            }
            if k < LIMBS {
                value = ring.sub(value, wire(Self::WIRE_RESULT + k));
            }
            if k < Self::CARRIES {
                value = ring.scale_add(-radix, wire(Self::WIRE_CARRIES + k), value);
                value = ring.add_constant(value, radix * offset);
            }
            emit(value);
        }
    }
}

impl_gate!(ReductionGate, ReductionGenerator);
