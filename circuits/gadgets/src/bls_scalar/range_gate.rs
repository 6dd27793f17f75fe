//! Range checks with digits of three bits.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::gates::gate::Gate;
use plonky2::iop::target::Target;
use plonky2::plonk::circuit_builder::CircuitBuilder;

use super::digits;
use super::witness::RangeGenerator;
use super::{CARRY_BITS, LIMB_BITS};
use crate::gate::impl_gate;
use crate::ring::Ring;

/// Asserts that each value of a row is below `2^BITS`: 13 values of 27 bits, 9 of 37 bits.
///
/// Wires: the values (routed), then the digits of each. Degree 8. Every value must be connected.
#[derive(Clone, Copy, Debug, Default)]
pub struct RangeGate<const BITS: usize>;

impl<const BITS: usize> RangeGate<BITS> {
    /// Values a row: what 135 wires hold.
    pub const VALUES: usize = 135 / (1 + digits::count(BITS));

    const ID: &'static str =
        if BITS == LIMB_BITS { "BlsLimbRangeGate" } else { "BlsCarryRangeGate" };
    const WIRES: usize = Self::wire_digit(Self::VALUES, 0);
    const CONSTRAINTS: usize = Self::VALUES * (1 + digits::count(BITS));
    const DEGREE: usize = 1 << digits::DIGIT_BITS;

    /// The wire of digit `i` of a value.
    pub(super) const fn wire_digit(value: usize, i: usize) -> usize {
        Self::VALUES + digits::count(BITS) * value + i
    }

    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: &impl Fn(usize) -> R::Value,
        emit: &mut impl FnMut(R::Value),
    ) {
        for value in 0..Self::VALUES {
            let digit = |i| wire(Self::wire_digit(value, i));
            let integer = digits::compose(ring, BITS, digit, emit);
            emit(ring.sub(integer, wire(value)));
        }
    }
}

impl_gate!(RangeGate<LIMB_BITS>, RangeGenerator<LIMB_BITS>);
impl_gate!(RangeGate<CARRY_BITS>, RangeGenerator<CARRY_BITS>);

/// Asserts that values are below `2^BITS`, in rows of their own.
pub(super) fn assert_range<const BITS: usize>(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    values: &[Target],
) where
    RangeGate<BITS>: Gate<GoldilocksField, 2>,
{
    let zero = builder.zero();
    for values in values.chunks(RangeGate::<BITS>::VALUES) {
        let row = builder.add_gate(RangeGate::<BITS>, vec![]);
        for i in 0..RangeGate::<BITS>::VALUES {
            builder.connect(values.get(i).copied().unwrap_or(zero), Target::wire(row, i));
        }
    }
}
