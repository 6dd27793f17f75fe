//! The one public input of the SNARK in circuit; twin of
//! [`cairn_types::SealStatement::public_input_parts`].

use cairn_gadgets::sha256::{sha256, u64_to_words};
use plonky2::iop::target::{BoolTarget, Target};

use crate::config::Builder;
use crate::statement::SealStatementTarget;

/// Bits of a part: the most that are canonical in Goldilocks whatever they are.
const PART_BITS: usize = 63;

/// `sha256(kind || circuit_set_root || from || to) mod 2^252` in four parts of 63 bits, most
/// significant first.
///
/// Each part is a sum of constrained bits of a constrained digest: it has one value only, below
/// `2^63`.
pub(super) fn parts(builder: &mut Builder, statement: &SealStatementTarget) -> [Target; 4] {
    let mut message = vec![statement.kind];
    for element in statement.circuit_set_root {
        message.extend(u64_to_words(builder, element));
    }
    message.extend(statement.from);
    message.extend(statement.to);
    let digest = sha256(builder, &message);

    // Least significant first.
    let bits: Vec<BoolTarget> =
        digest.into_iter().rev().flat_map(|word| builder.split_le(word, 32)).collect();
    let part = |i: usize| bits[PART_BITS * (3 - i)..][..PART_BITS].iter();
    std::array::from_fn(|i| builder.le_sum(part(i)))
}
