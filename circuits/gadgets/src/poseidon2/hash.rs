//! The protocol's two hash functions in circuit (docs/spec.md, section 1).

use cairn_primitives::Tag;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::config::AlgebraicHasher;

use super::config::{Poseidon2Hash, SPONGE_RATE, SpongeState};
use super::gate::CompressionGate;

/// A digest in circuit: four elements.
pub type DigestTarget = [Target; 4];

/// `hash(tag, input)`: tag and length in the capacity, rate 8. One row for every 8 elements, at
/// least one.
pub fn hash(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    tag: Tag,
    input: &[Target],
) -> DigestTarget {
    let zero = builder.zero();
    let mut state = SpongeState([zero; 12]);
    state.0[SPONGE_RATE] = builder.constant(GoldilocksField::from_canonical_u64(tag as u64));
    state.0[SPONGE_RATE + 1] = builder.constant(GoldilocksField::from_canonical_usize(input.len()));

    let no_swap = builder._false();
    for start in (0..input.len().max(1)).step_by(SPONGE_RATE) {
        for i in 0..SPONGE_RATE {
            state.0[i] = input.get(start + i).copied().unwrap_or(zero);
        }
        state = Poseidon2Hash::permute_swapped(state, no_swap, builder);
    }
    [state.0[0], state.0[1], state.0[2], state.0[3]]
}

/// `compress(left, right) = trunc4(P(x) + x)`, `x = left || right`. One row.
pub fn compress(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    left: DigestTarget,
    right: DigestTarget,
) -> DigestTarget {
    let no_swap = builder._false();
    compress_swapped(builder, left, right, no_swap)
}

/// The parent of `node` and `sibling`: `compress(node, sibling)`, or `compress(sibling, node)` if
/// `node_is_right`. One row, which also makes `node_is_right` a bit.
pub fn compress_swapped(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    node: DigestTarget,
    sibling: DigestTarget,
    node_is_right: BoolTarget,
) -> DigestTarget {
    let row = builder.add_gate(CompressionGate::default(), vec![]);
    builder.connect(node_is_right.target, Target::wire(row, CompressionGate::WIRE_SWAP));
    for (i, &input) in node.iter().chain(&sibling).enumerate() {
        builder.connect(input, Target::wire(row, CompressionGate::wire_input(i)));
    }
    std::array::from_fn(|i| Target::wire(row, CompressionGate::wire_output(i)))
}
