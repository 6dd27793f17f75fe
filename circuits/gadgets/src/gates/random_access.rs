//! `RandomAccessGate`. Wires of a copy: index, claimed element, list; after all copies the constants, then
//! the index bits of every copy.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::gates::random_access::RandomAccessGate;

use super::Vars;
use super::algebra::D;
use crate::ring::Ring;

#[inline(always)]
pub(super) fn constraints<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    gate: &RandomAccessGate<GoldilocksField, D>,
    emit: &mut impl FnMut(R::Value),
) {
    let size = 1 << gate.bits;
    let (copies, start_bits) = vars.wires.split_at(gate.num_routed_wires());
    for copy in 0..gate.num_copies {
        let [index, claimed, list @ ..] = &copies[(2 + size) * copy..(2 + size) * (copy + 1)]
        else {
            unreachable!("a copy has an index, an element and a list");
        };
        let bits = &start_bits[copy * gate.bits..(copy + 1) * gate.bits];
        for &bit in bits {
            emit(ring.boolean(bit));
        }
        let sum = ring.pack(bits, 1);
        emit(ring.sub(sum, *index));
        let mut items = list.to_vec();
        for &bit in bits {
            for i in 0..items.len() / 2 {
                items[i] = ring.select(bit, items[2 * i + 1], items[2 * i]);
            }
            items.truncate(items.len() / 2);
        }
        emit(ring.sub(items[0], *claimed));
    }
    let constants = &copies[(2 + size) * gate.num_copies..];
    for (&constant, &wire) in vars.constants.iter().zip(constants) {
        emit(ring.sub(constant, wire));
    }
}
