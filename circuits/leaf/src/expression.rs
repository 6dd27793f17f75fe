//! Formulas over columns that constraints (on symbols or packed values) and filled rows (on values)
//! share: generic over the column type `V` and the expression type `E` that it becomes.

use cairn_primitives::F;
use p3_field::{Algebra, PrimeCharacteristicRing};

/// Expressions over columns of type `V`.
pub(crate) trait Expression<V>: Algebra<F> + From<V> {}

impl<V, E: Algebra<F> + From<V>> Expression<V> for E {}

/// `sum of coefficient * term`.
pub(crate) fn linear<E: Algebra<F>>(terms: impl IntoIterator<Item = (u64, E)>) -> E {
    let scaled = terms.into_iter().map(|(coefficient, term)| term * F::from_u64(coefficient));
    E::sum(scaled)
}

/// Columns as expressions.
pub(crate) fn lift<const N: usize, V: Copy, E: Expression<V>>(columns: &[V; N]) -> [E; N] {
    columns.map(E::from)
}
