//! `ConstantGate`, `PublicInputGate`, `BaseSumGate<2>`, `ExponentiationGate`.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::super::extension::Ext;
use super::Vars;
use crate::r1cs::Builder;

pub(super) fn constant(vars: Vars<'_>, count: usize) -> Vec<Ext> {
    (0..count).map(|i| &vars.constants[i] - &vars.wires[i]).collect()
}

pub(super) fn public_input(vars: Vars<'_>) -> Vec<Ext> {
    vars.wires
        .iter()
        .zip(vars.public_inputs_hash)
        .map(|(wire, element)| wire - &element.clone().into())
        .collect()
}

/// Wire 0 is the sum of the bits on wires `1..=limbs`, least significant first.
pub(super) fn base_sum(b: &mut Builder, vars: Vars<'_>, limbs: usize) -> Vec<Ext> {
    let bits = &vars.wires[1..=limbs];
    let mut sum = Ext::zero();
    for (bit, power) in bits.iter().zip(GoldilocksField::TWO.powers()) {
        sum.add_multiple(bit, power);
    }
    let mut constraints = vec![&sum - &vars.wires[0]];
    for bit in bits {
        constraints.push(bit.mul(b, &(bit - &Ext::one())));
    }
    constraints
}

/// Wires: base, exponent bits (least significant first), output, intermediate values.
pub(super) fn exponentiation(b: &mut Builder, vars: Vars<'_>, bits: usize) -> Vec<Ext> {
    let (base, output) = (&vars.wires[0], &vars.wires[1 + bits]);
    let exponent = &vars.wires[1..=bits];
    let intermediate = &vars.wires[2 + bits..2 + 2 * bits];
    let mut constraints = Vec::with_capacity(bits + 1);
    let mut square = Ext::one();
    for (bit, value) in exponent.iter().rev().zip(intermediate) {
        // bit * base + (1 - bit)
        let mut factor = bit.mul(b, &(base - &Ext::one()));
        factor += &Ext::one();
        constraints.push(&square.mul(b, &factor) - value);
        square = value.mul(b, value);
    }
    constraints.push(output - &intermediate[bits - 1]);
    constraints
}
