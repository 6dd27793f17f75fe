//! What the opening argument shows: twin of `commitments_with_opening_points` of `p3-batch-stark`.

use plonky2::hash::hash_types::MerkleCapTarget;

use super::domain::OutOfDomainPoint;
use super::extension::{Builder, ChallengeTarget};
use super::fri::{CommitmentTarget, PointTarget, TableTarget};
use super::layout::{self, Layout};
use super::proof::{BatchTarget, TableOpenings};
use super::shape::TableShape;
use crate::native::Keys;

/// The commitments of a batch, each with the values that its tables are claimed to take, in the order
/// of the transcript: main, quotient, preprocessed, permutation.
pub(crate) fn claims(
    builder: &mut Builder,
    keys: &Keys,
    tables: &[TableShape],
    batch: &BatchTarget,
    preprocessed: Option<&MerkleCapTarget>,
    point: &OutOfDomainPoint,
) -> Vec<CommitmentTarget> {
    let nexts: Vec<_> = tables.iter().map(|table| point.next(builder, table.log_height)).collect();
    let at = |point, values: &[ChallengeTarget]| PointTarget { point, values: values.to_vec() };
    // A table opened at zeta and, for some, at the next row's point.
    let table = |i: usize, local: &[ChallengeTarget], next: Option<&Vec<ChallengeTarget>>| {
        let next = next.map(|next| at(nexts[i], next));
        let points = [at(point.zeta(), local)].into_iter().chain(next).collect();
        TableTarget { log_height: tables[i].log_height, points }
    };
    let openings = |i: usize| -> &TableOpenings { &batch.tables[i] };

    let mut claims = vec![
        CommitmentTarget {
            cap: batch.commitments.main.clone(),
            tables: (0..tables.len())
                .map(|i| table(i, &openings(i).main, openings(i).main_next.as_ref()))
                .collect(),
        },
        CommitmentTarget {
            cap: batch.commitments.quotient.clone(),
            tables: (0..tables.len())
                .flat_map(|i| openings(i).quotient_chunks.iter().map(move |chunk| (i, chunk)))
                .map(|(i, chunk)| table(i, chunk, None))
                .collect(),
        },
    ];
    if let (Some(common), Some(cap)) = (&keys.common().preprocessed, preprocessed) {
        claims.push(CommitmentTarget {
            cap: cap.clone(),
            tables: common
                .matrix_to_instance
                .iter()
                .map(|&i| {
                    let local = openings(i).preprocessed.as_deref().unwrap_or_default();
                    table(i, local, openings(i).preprocessed_next.as_ref())
                })
                .collect(),
        });
    }
    if let Some(cap) = &batch.commitments.permutation {
        claims.push(CommitmentTarget {
            cap: cap.clone(),
            tables: (0..tables.len())
                .filter(|&i| tables[i].lookups > 0)
                .map(|i| table(i, &openings(i).permutation, Some(&openings(i).permutation_next)))
                .collect(),
        });
    }
    claims
}

/// The shape of an opening argument for these claims.
pub(crate) fn layout(keys: &Keys, claims: &[CommitmentTarget]) -> Layout {
    let shape = |table: &TableTarget| layout::TableShape {
        log_height: table.log_height,
        width: table.points.first().map_or(0, |point| point.values.len()),
        points: table.points.len(),
    };
    let shapes: Vec<_> =
        claims.iter().map(|claim| claim.tables.iter().map(shape).collect()).collect();
    Layout::new(keys.parameters(), &shapes)
}
