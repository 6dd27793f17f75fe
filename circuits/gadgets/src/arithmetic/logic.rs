//! Comparisons and selections that plonky2's builder lacks.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;

/// Whether `x = 0`.
pub fn is_zero(builder: &mut CircuitBuilder<GoldilocksField, 2>, x: Target) -> BoolTarget {
    let zero = builder.zero();
    builder.is_equal(x, zero)
}

/// Whether `a` and `b` agree in every element.
///
/// # Panics
/// If the lengths differ.
pub fn are_equal(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    a: &[Target],
    b: &[Target],
) -> BoolTarget {
    assert_eq!(a.len(), b.len(), "compared values have one length");
    let equal: Vec<_> = a.iter().zip(b).map(|(&a, &b)| builder.is_equal(a, b)).collect();
    all(builder, &equal)
}

/// The conjunction of `bits`; 1 if there are none.
///
/// Trust: the caller has constrained each to be a bit.
pub fn all(builder: &mut CircuitBuilder<GoldilocksField, 2>, bits: &[BoolTarget]) -> BoolTarget {
    let mut result = builder._true();
    for &bit in bits {
        result = builder.and(result, bit);
    }
    result
}

/// `if condition { a } else { b }`, element by element.
///
/// Trust: the caller has constrained `condition` to be a bit.
pub fn select_array<const N: usize>(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    condition: BoolTarget,
    a: [Target; N],
    b: [Target; N],
) -> [Target; N] {
    std::array::from_fn(|i| builder.select(condition, a[i], b[i]))
}

#[cfg(test)]
mod tests {
    use plonky2::field::types::Field;

    use super::*;
    use crate::testing::evaluate;

    #[test]
    fn comparison_and_selection() {
        let values = [0, 5, 5, 7].map(GoldilocksField::from_canonical_u64);
        let output = evaluate(&values, |builder, v| {
            let equal = are_equal(builder, &[v[0], v[1]], &[v[0], v[2]]);
            let differ = are_equal(builder, &[v[0], v[1]], &[v[0], v[3]]);
            let empty = all(builder, &[]);
            let mut output = vec![equal.target, differ.target, empty.target];
            output.extend([v[0], v[1]].map(|x| is_zero(builder, x).target));
            output.extend(select_array(builder, equal, [v[0], v[1]], [v[2], v[3]]));
            output.extend(select_array(builder, differ, [v[0], v[1]], [v[2], v[3]]));
            output
        });
        assert_eq!(output, [1, 0, 1, 1, 0, 0, 5, 5, 7].map(GoldilocksField::from_canonical_u64));
    }
}
