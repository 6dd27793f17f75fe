//! `ConstantGate`, `PublicInputGate`, `BaseSumGate<2>`, `ExponentiationGate`.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::Vars;
use crate::ring::Ring;

#[inline(always)]
pub(super) fn constant<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    count: usize,
    emit: &mut impl FnMut(R::Value),
) {
    for i in 0..count {
        emit(ring.sub(vars.constants[i], vars.wires[i]));
    }
}

#[inline(always)]
pub(super) fn public_input<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    emit: &mut impl FnMut(R::Value),
) {
    for (i, &element) in vars.public_inputs.iter().enumerate() {
        emit(ring.sub(vars.wires[i], element));
    }
}

/// Wire 0 is the sum of the bits on wires `1..=limbs`, least significant first.
#[inline(always)]
pub(super) fn base_sum<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    limbs: usize,
    emit: &mut impl FnMut(R::Value),
) {
    let bits = &vars.wires[1..=limbs];
    let sum = ring.pack(bits, 1);
    emit(ring.sub(sum, vars.wires[0]));
    for &bit in bits {
        emit(ring.boolean(bit));
    }
}

/// Wires: base, exponent bits (least significant first), output, intermediate values.
#[inline(always)]
pub(super) fn exponentiation<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    bits: usize,
    emit: &mut impl FnMut(R::Value),
) {
    let (base, output) = (vars.wires[0], vars.wires[1 + bits]);
    let exponent = &vars.wires[1..=bits];
    let intermediate = &vars.wires[2 + bits..2 + 2 * bits];
    let base_minus_one = ring.add_constant(base, -GoldilocksField::ONE);
    let mut square = ring.constant(GoldilocksField::ONE);
    for (&bit, &value) in exponent.iter().rev().zip(intermediate) {
        // bit * base + (1 - bit)
        let factor = ring.mul(bit, base_minus_one);
        let factor = ring.add_constant(factor, GoldilocksField::ONE);
        let computed = ring.mul(square, factor);
        emit(ring.sub(computed, value));
        square = ring.mul(value, value);
    }
    emit(ring.sub(output, intermediate[bits - 1]));
}
