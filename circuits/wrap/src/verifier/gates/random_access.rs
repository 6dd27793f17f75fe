//! `RandomAccessGate`. Wires of a copy: index, claimed element, list; after all copies the constants, then
//! the index bits of every copy.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::gates::random_access::RandomAccessGate;

use super::super::extension::{D, Ext};
use super::Vars;
use crate::r1cs::Builder;

pub(super) fn evaluate(
    b: &mut Builder,
    vars: Vars<'_>,
    gate: &RandomAccessGate<GoldilocksField, D>,
) -> Vec<Ext> {
    let size = 1 << gate.bits;
    let (copies, start_bits) = vars.wires.split_at(gate.num_routed_wires());
    let mut constraints = Vec::new();
    for copy in 0..gate.num_copies {
        let [index, claimed, list @ ..] = &copies[(2 + size) * copy..(2 + size) * (copy + 1)]
        else {
            unreachable!("a copy has an index, an element and a list");
        };
        let bits = &start_bits[copy * gate.bits..(copy + 1) * gate.bits];
        for bit in bits {
            constraints.push(bit.mul(b, &(bit - &Ext::one())));
        }
        let mut sum = Ext::zero();
        for (bit, power) in bits.iter().zip(GoldilocksField::TWO.powers()) {
            sum.add_multiple(bit, power);
        }
        constraints.push(&sum - index);
        let mut items = list.to_vec();
        for bit in bits {
            items = items.chunks(2).map(|pair| fold(b, bit, &pair[0], &pair[1])).collect();
        }
        constraints.push(&items[0] - claimed);
    }
    let constants = &copies[(2 + size) * gate.num_copies..];
    constraints.extend(vars.constants.iter().zip(constants).map(|(c, wire)| c - wire));
    constraints
}

/// `x + bit * (y - x)`.
fn fold(b: &mut Builder, bit: &Ext, x: &Ext, y: &Ext) -> Ext {
    &bit.mul(b, &(y - x)) + x
}
