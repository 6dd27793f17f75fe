//! The verifier of a batch proof: twin of `verify_batch` of `p3-batch-stark`.

use p3_lookup::Lookups;
use plonky2::hash::hash_types::MerkleCapTarget;
use plonky2::iop::target::Target;

use super::constraints::{Constraints, Row};
use super::domain::{OutOfDomainPoint, recompose};
use super::extension::{Builder, ChallengeTarget, to_plonky2_cap};
use super::fri::FriProofTarget;
use super::lookups;
use super::openings;
use super::proof::{BatchTarget, StarkProofTarget, TableOpenings};
use super::shape::{ShapeError, TableShape, table_shapes, transcript_shape};
use super::transcript;
use crate::config::Val;
use crate::native::{Keys, Table};

/// Adds a proof for the tables `airs` and the constraints that verify it: the circuit is satisfied
/// by exactly the proofs that [`crate::native::verify`] accepts for these keys, up to the field's
/// error in a random linear combination.
///
/// Heights, parameters, the preprocessed commitment and the layout of lookups are constants of the
/// circuit. The public values are constrained by the tables alone: the caller connects them.
///
/// # Errors
/// [`ShapeError`] if no proof of these tables is valid.
///
/// # Panics
/// If `keys` were not made for `airs`.
pub fn verify_stark<A: Table>(
    builder: &mut Builder,
    keys: &Keys,
    airs: &[A],
) -> Result<StarkProofTarget, ShapeError> {
    let preprocessed =
        keys.common().preprocessed.as_ref().map(|preprocessed| {
            builder.constant_merkle_cap(&to_plonky2_cap(&preprocessed.commitment))
        });
    add_verifier(builder, keys, airs, preprocessed.as_ref())
}

/// As [`verify_stark`], under the preprocessed commitment `preprocessed` instead of that of the keys: for
/// tables that share all but their preprocessed columns. A witness is set with the keys and tables that
/// the proof was made for.
///
/// Trust: the caller binds the commitment, which says what is proven as much as the public values do.
///
/// # Errors
/// [`ShapeError`] if no proof of these tables is valid.
///
/// # Panics
/// If `keys` were not made for `airs`, have no preprocessed columns, or commit to them with another number of digests.
pub fn verify_stark_under<A: Table>(
    builder: &mut Builder,
    keys: &Keys,
    airs: &[A],
    preprocessed: &MerkleCapTarget,
) -> Result<StarkProofTarget, ShapeError> {
    let common = keys.common().preprocessed.as_ref().expect("tables with preprocessed columns");
    let (expected, got) = (common.commitment.roots().len(), preprocessed.0.len());
    assert_eq!(expected, got, "digests of a commitment");
    add_verifier(builder, keys, airs, Some(preprocessed))
}

fn add_verifier<A: Table>(
    builder: &mut Builder,
    keys: &Keys,
    airs: &[A],
    preprocessed: Option<&MerkleCapTarget>,
) -> Result<StarkProofTarget, ShapeError> {
    let tables = table_shapes(keys, airs)?;
    let shape = transcript_shape(keys, &tables);
    let batch = BatchTarget::new(builder, keys.parameters(), &tables, &shape);
    let (mut challenger, challenges) =
        transcript::replay(builder, keys, &shape, &batch, preprocessed);
    let mut point = OutOfDomainPoint::new(challenges.zeta);

    let claims = openings::claims(builder, keys, &tables, &batch, preprocessed, &point);
    let layout = openings::layout(keys, &claims);
    let opening = FriProofTarget::new(builder, &layout);
    opening.verify(builder, &mut challenger, &layout, &claims);

    for (i, (air, shape)) in airs.iter().zip(&tables).enumerate() {
        let claim = Claim {
            shape,
            lookups: &keys.common().lookups[i],
            openings: &batch.tables[i],
            lookup_challenges: &challenges.lookups[i],
            terminal: batch.terminals[i],
            public_values: &batch.public_values[i],
        };
        check_table(builder, &mut point, challenges.alpha, air, &claim);
    }
    lookups::assert_balanced(builder, &batch.terminals());
    Ok(StarkProofTarget { batch, opening, layout, tables })
}

/// One table's part in a batch: what is checked at the out-of-domain point and against what.
struct Claim<'a> {
    shape: &'a TableShape,
    lookups: &'a Lookups<Val>,
    openings: &'a TableOpenings,
    lookup_challenges: &'a [ChallengeTarget],
    terminal: Option<ChallengeTarget>,
    public_values: &'a [Target],
}

/// Asserts that the table's folded constraints are the quotient times the vanishing polynomial.
fn check_table<A: Table>(
    builder: &mut Builder,
    point: &mut OutOfDomainPoint,
    alpha: ChallengeTarget,
    air: &A,
    claim: &Claim<'_>,
) {
    let TableShape { log_height, width, preprocessed_width, .. } = *claim.shape;
    let openings = claim.openings;
    // What is not opened is zero, and no constraint of a sound AIR reads it.
    let zero = builder.zero_extension();
    let row = |row: &Option<Vec<_>>, width| row.clone().unwrap_or_else(|| vec![zero; width]);
    let main_next = row(&openings.main_next, width);
    let preprocessed = row(&openings.preprocessed, preprocessed_width);
    let preprocessed_next = row(&openings.preprocessed_next, preprocessed_width);
    let mut extension_columns = |flat: &[ChallengeTarget]| -> Vec<_> {
        flat.chunks_exact(2).map(|pair| recompose(builder, [pair[0], pair[1]])).collect()
    };
    let permutation = extension_columns(&openings.permutation);
    let permutation_next = extension_columns(&openings.permutation_next);
    let chunks = extension_columns(&openings.quotient_chunks.concat());
    let periodic: Vec<_> = air
        .periodic_columns()
        .iter()
        .map(|period| point.periodic_column(builder, log_height, period))
        .collect();
    let public_values: Vec<_> =
        claim.public_values.iter().map(|&value| builder.convert_to_ext(value)).collect();
    let selectors = point.selectors(builder, log_height);

    let row = Row {
        main: [&openings.main, &main_next],
        preprocessed: [&preprocessed, &preprocessed_next],
        permutation: [&permutation, &permutation_next],
        lookup_challenges: claim.lookup_challenges,
        terminal: claim.terminal,
        periodic: &periodic,
        public_values: &public_values,
        selectors: &selectors,
    };
    let constraints = Constraints::new(air, preprocessed_width, claim.lookups);
    let folded = constraints.fold(builder, alpha, &row);
    let quotient = builder.mul_extension(folded, selectors.inverse_vanishing);
    let expected = point.quotient(builder, log_height, &chunks);
    builder.connect_extension(quotient, expected);
}

#[cfg(test)]
mod tests;
