//! The witness of [`super::fri`]: p3's verifier run on a proof, and what it reads.

use std::fmt::Display;
use std::marker::PhantomData;

use cairn_gadgets::field::to_plonky2;
use p3_batch_stark::{PcsError, PcsProof};
use p3_commit::{CommitmentWithOpeningPoints, Mmcs};
use p3_field::BasedVectorSpace;
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_fri::verifier::{fold_query, open_inputs};
use p3_fri::{
    FriParameters, FriShape, PcsShape, PcsVerifierTranscript, TwoAdicFriFolding,
    TwoAdicFriFoldingForMmcs, VerifierTranscript,
};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::extension::{F, to_plonky2_cap, to_plonky2_digest, to_plonky2_extension};
use super::fri::{FriProofTarget, QueryTarget};
use super::layout::Layout;
use super::mmcs::{MatrixShape, OpeningTarget, tree_height};
use super::paths::{Digest, full_paths};
use crate::config::{Challenge, ChallengeMmcs, Challenger, Config, Val, ValMmcs};
use crate::native::{Error, count};

/// A commitment, its tables, and the claimed values at each point.
pub type Claim = CommitmentWithOpeningPoints<
    Challenge,
    <ValMmcs as Mmcs<Val>>::Commitment,
    TwoAdicMultiplicativeCoset<Val>,
>;

/// A proof that claims hold.
pub type FriProof = PcsProof<Config>;

/// What the proof's transcript gives.
struct Challenges {
    alpha: Challenge,
    betas: Vec<Challenge>,
    indices: Vec<usize>,
}

impl FriProofTarget {
    /// Sets all targets of this proof. Those of the commitments and claimed values are the caller's.
    ///
    /// `challenger` is the transcript before the claimed values.
    ///
    /// # Errors
    /// [`Error::Opening`] or [`Error::Count`] if the proof does not hold or has another shape than the layout.
    pub fn set_witness(
        &self,
        witness: &mut PartialWitness<F>,
        layout: &Layout,
        claims: &[Claim],
        proof: &FriProof,
        challenger: &mut Challenger,
    ) -> Result<(), Error> {
        let fri = layout.parameters().fri();
        let challenges = replay(&fri, layout, claims, proof, challenger).map_err(opening)?;
        let folds = fold(&fri, layout, claims, proof, &challenges).map_err(opening)?;

        let set = |witness: &mut PartialWitness<F>, target, value: Val| {
            witness.set_target(target, to_plonky2(value)).map_err(opening)
        };
        set(witness, self.batch_pow_witness, proof.batch_pow_witness)?;
        set(witness, self.query_pow_witness, proof.query_pow_witness)?;
        set_all(witness, &self.commit_pow_witnesses, &proof.commit_pow_witnesses)?;
        count("folds", self.caps.len(), proof.commit_phase_commits.len())?;
        for (target, cap) in self.caps.iter().zip(&proof.commit_phase_commits) {
            count("digests of a cap", target.0.len(), cap.num_roots())?;
            witness.set_cap_target(target, &to_plonky2_cap(cap)).map_err(opening)?;
        }
        count("final polynomial", self.final_poly.len(), proof.final_poly.len())?;
        for (&target, &value) in self.final_poly.iter().zip(&proof.final_poly) {
            let value = to_plonky2_extension(value);
            witness.set_extension_target(target, value).map_err(opening)?;
        }
        self.set_inputs(witness, layout, proof, &challenges.indices)?;
        self.set_folds(witness, layout, proof, &folds)
    }

    fn set_inputs(
        &self,
        witness: &mut PartialWitness<F>,
        layout: &Layout,
        proof: &FriProof,
        indices: &[usize],
    ) -> Result<(), Error> {
        count("commitments", layout.matrices().len(), proof.input_openings.len())?;
        for (c, (matrices, opening)) in
            layout.matrices().iter().zip(&proof.input_openings).enumerate()
        {
            let height = tree_height(matrices);
            let indices: Vec<usize> =
                indices.iter().map(|index| index >> (layout.log_max_height() - height)).collect();
            let pruned = &opening.opening_proof.sibling_hashes;
            let targets = |query: &QueryTarget| query.inputs[c].clone();
            self.set_openings(
                witness,
                layout,
                matrices,
                Opened { indices: &indices, rows: &opening.opened_values, pruned },
                targets,
            )?;
        }
        Ok(())
    }

    fn set_folds(
        &self,
        witness: &mut PartialWitness<F>,
        layout: &Layout,
        proof: &FriProof,
        folds: &[Fold],
    ) -> Result<(), Error> {
        let steps = layout.folded().zip(folds).zip(&proof.commit_phase_openings);
        for (f, ((matrix, fold), opening)) in steps.enumerate() {
            let pruned = &opening.opening_proof.sibling_hashes;
            let targets = |query: &QueryTarget| query.folds[f].clone();
            self.set_openings(
                witness,
                layout,
                &[matrix],
                Opened { indices: &fold.indices, rows: &fold.rows, pruned },
                targets,
            )?;
        }
        Ok(())
    }

    /// Sets one tree's openings in all queries.
    fn set_openings(
        &self,
        witness: &mut PartialWitness<F>,
        layout: &Layout,
        matrices: &[MatrixShape],
        opened: Opened<'_>,
        targets: impl Fn(&QueryTarget) -> OpeningTarget,
    ) -> Result<(), Error> {
        let cap_height = layout.parameters().cap_height;
        let Opened { indices, rows, pruned } = opened;
        let paths = full_paths(matrices, cap_height, indices, rows, pruned)
            .ok_or_else(|| Error::Opening("a Merkle proof has another length".to_owned()))?;
        for ((query, rows), path) in self.queries.iter().zip(rows).zip(paths) {
            let target = targets(query);
            count("opened rows", target.rows.len(), rows.len())?;
            for (targets, row) in target.rows.iter().zip(rows) {
                set_all(witness, targets, row)?;
            }
            count("siblings", target.siblings.len(), path.len())?;
            for (&target, digest) in target.siblings.iter().zip(path) {
                witness.set_hash_target(target, to_plonky2_digest(digest)).map_err(opening)?;
            }
        }
        Ok(())
    }
}

/// What all queries open of one tree.
struct Opened<'a> {
    indices: &'a [usize],
    /// By query and matrix.
    rows: &'a [Vec<Vec<Val>>],
    pruned: &'a [Digest],
}

fn opening(error: impl Display) -> Error {
    Error::Opening(error.to_string())
}

fn set_all(
    witness: &mut PartialWitness<F>,
    targets: &[Target],
    values: &[Val],
) -> Result<(), Error> {
    count("values", targets.len(), values.len())?;
    for (&target, &value) in targets.iter().zip(values) {
        witness.set_target(target, to_plonky2(value)).map_err(opening)?;
    }
    Ok(())
}

/// Runs the transcript of the opening argument and, inside it, that of FRI.
fn replay(
    fri: &FriParameters<ChallengeMmcs>,
    layout: &Layout,
    claims: &[Claim],
    proof: &FriProof,
    challenger: &mut Challenger,
) -> Result<Challenges, PcsError<Config>> {
    let mut transcript = PcsVerifierTranscript::<Challenger, Val, Challenge>::new(
        challenger,
        PcsShape::from_claims(fri, claims),
    );
    transcript.claimed_openings(claims)?;
    let alpha = transcript.batch_phase(Some(proof.batch_pow_witness))?;
    let result = transcript.delegate(|challenger| {
        let shape =
            FriShape::with_schedule(fri, layout.log_arities().to_vec(), layout.log_max_height());
        let mut transcript =
            VerifierTranscript::<Challenger, Val, Challenge>::new(challenger, shape);
        let betas =
            transcript.commit_rounds(&proof.commit_phase_commits, &proof.commit_pow_witnesses)?;
        let indices = transcript.query_phase(&proof.final_poly, Some(proof.query_pow_witness))?;
        transcript.finish();
        Ok(Challenges { alpha, betas, indices })
    });
    transcript.finish();
    result
}

/// The rows that all queries open of one folded word.
#[derive(Clone, Default)]
struct Fold {
    indices: Vec<usize>,
    /// By query: one matrix, values as coefficients.
    rows: Vec<Vec<Vec<Val>>>,
}

/// Folds every query. The proof has the rows without the query's own value, which this finds.
fn fold(
    fri: &FriParameters<ChallengeMmcs>,
    layout: &Layout,
    claims: &[Claim],
    proof: &FriProof,
    challenges: &Challenges,
) -> Result<Vec<Fold>, PcsError<Config>> {
    let parameters = layout.parameters();
    let log_arities = layout.log_arities();
    let log_final_height = parameters.log_blowup + parameters.log_final_poly_len;
    let reduced = open_inputs(
        fri,
        layout.log_max_height(),
        &challenges.indices,
        &proof.input_openings,
        challenges.alpha,
        &parameters.mmcs(),
        claims,
    )?;
    let folding: TwoAdicFriFoldingForMmcs<Val, ValMmcs> = TwoAdicFriFolding(PhantomData);
    let mut indices = vec![vec![]; log_arities.len()];
    let mut rows = vec![vec![]; log_arities.len()];
    for ((query, &index), reduced) in challenges.indices.iter().enumerate().zip(reduced) {
        // What is left is compared with the final polynomial in the circuit.
        let _folded = fold_query::<_, Val, _, _>(
            &folding,
            query,
            &mut index.clone(),
            &challenges.betas,
            log_arities,
            &proof.commit_phase_openings,
            reduced,
            layout.log_max_height(),
            log_final_height,
            &mut indices,
            &mut rows,
        )?;
    }
    let flatten = |row: Vec<Challenge>| -> Vec<Val> {
        row.iter().flat_map(|value| value.as_basis_coefficients_slice().to_vec()).collect()
    };
    let folds = indices.into_iter().zip(rows).map(|(indices, rows)| Fold {
        indices,
        rows: rows
            .into_iter()
            .map(|matrices: Vec<Vec<Challenge>>| matrices.into_iter().map(flatten).collect())
            .collect(),
    });
    Ok(folds.collect())
}
