//! The transcript of a batch up to the out-of-domain point: twin of `BatchVerifierTranscript` of
//! `p3-batch-stark`.
//!
//! Everything a challenge depends on is observed before it: the traces and public values before the
//! lookup challenges, those and the permutation trace and terminals before alpha, those and the quotient
//! before zeta. The opened values follow in the opening argument.

use p3_batch_stark::verifier::commitments_with_opening_points;
use p3_batch_stark::{
    BatchShape, BatchVerificationError, BatchVerifierTranscript, PcsError, StarkGenericConfig,
};
use p3_lookup::LogUpGadget;
use p3_symmetric::MerkleCap;
use plonky2::hash::hash_types::MerkleCapTarget;

use super::challenger::ChallengerTarget;
use super::extension::{Builder, ChallengeTarget};
use super::fri_witness::Claim;
use super::lookups;
use super::proof::BatchTarget;
use super::shape::{TableShape, transcript_shape};
use crate::config::{Challenge, Challenger, Config, DIGEST, Val};
use crate::native::{Keys, Proof, Table};

/// The challenges up to the opening argument.
#[derive(Debug)]
pub(crate) struct Challenges {
    /// For each table those of its lookups; see [`lookups::challenges`].
    pub(crate) lookups: Vec<Vec<ChallengeTarget>>,
    /// Folds constraints.
    pub(crate) alpha: ChallengeTarget,
    /// The out-of-domain point.
    pub(crate) zeta: ChallengeTarget,
}

type NativeTranscript<'a> =
    BatchVerifierTranscript<'a, Challenger, Val, Challenge, MerkleCap<Val, [Val; DIGEST]>>;

/// The transcript after the seed and the tables' heights, which are constants of the circuit.
fn start(builder: &mut Builder, keys: &Keys, shape: &BatchShape) -> ChallengerTarget {
    let mut challenger = keys.config().initialise_challenger();
    let mut transcript = NativeTranscript::new(&mut challenger, shape.clone());
    transcript.instance_bindings(keys.log_heights());
    transcript.abort();
    ChallengerTarget::from_native(builder, &challenger)
}

/// Replays the transcript of a proof under this commitment to preprocessed columns.
///
/// Returns it as the opening argument finds it.
pub(crate) fn replay(
    builder: &mut Builder,
    keys: &Keys,
    shape: &BatchShape,
    batch: &BatchTarget,
    preprocessed: Option<&MerkleCapTarget>,
) -> (ChallengerTarget, Challenges) {
    let mut challenger = start(builder, keys, shape);
    challenger.observe_cap(builder, &batch.commitments.main);
    for public_values in &batch.public_values {
        challenger.observe_all(builder, public_values);
    }
    if let Some(preprocessed) = preprocessed {
        challenger.observe_cap(builder, preprocessed);
    }
    let mut challenges = keys.common().lookups.iter().map(|_| vec![]).collect();
    if let Some(permutation) = &batch.commitments.permutation {
        if let Some(work) = batch.lookup_work {
            challenger.check_witness(builder, shape.lookup_pow_bits, work);
        }
        let alpha = challenger.sample_extension(builder);
        let beta = challenger.sample_extension(builder);
        challenges = lookups::challenges(builder, &keys.common().lookups, alpha, beta);
        challenger.observe_cap(builder, permutation);
    }
    challenger.observe_extensions(builder, &batch.terminals());
    let alpha = challenger.sample_extension(builder);
    challenger.observe_cap(builder, &batch.commitments.quotient);
    if let Some(work) = batch.point_work {
        challenger.check_witness(builder, shape.ood_pow_bits, work);
    }
    let zeta = challenger.sample_extension(builder);
    (challenger, Challenges { lookups: challenges, alpha, zeta })
}

/// The native transcript of a proof as the opening argument finds it, and what that is to show.
///
/// # Errors
/// If the proof is not valid.
pub(crate) fn native_claims<A: Table>(
    keys: &Keys,
    airs: &[A],
    tables: &[TableShape],
    proof: &Proof,
    public_values: &[Vec<Val>],
) -> Result<(Challenger, Vec<Claim>), BatchVerificationError<PcsError<Config>>> {
    let (commitments, common) = (&proof.commitments, keys.common());
    let mut challenger = keys.config().initialise_challenger();
    let mut transcript = NativeTranscript::new(&mut challenger, transcript_shape(keys, tables));
    transcript.instance_bindings(&proof.degree_bits);
    transcript.main_phase(commitments.main.clone(), public_values);
    transcript.preprocessed_phase(common.preprocessed.as_ref().map(|p| p.commitment.clone()));
    transcript.lookup_phase(&common.lookups, &LogUpGadget::new(), proof.lookup_pow_witness)?;
    let terminals: Vec<_> =
        proof.lookup_terminals.iter().flatten().map(|terminal| terminal.0).collect();
    let _alpha = transcript.permutation_phase(commitments.permutation.clone(), &terminals);
    transcript.quotient_phase(commitments.quotient_chunks.clone(), None);
    let zeta = transcript.ood_phase(proof.ood_pow_witness)?;
    transcript.abort();

    let preprocessed_widths: Vec<_> = tables.iter().map(|table| table.preprocessed_width).collect();
    let log_quotient_chunks: Vec<_> =
        tables.iter().map(|table| table.quotient_chunks.ilog2() as usize).collect();
    let (claims, ..) = commitments_with_opening_points(
        keys.config(),
        airs,
        zeta,
        commitments,
        &proof.opened_values,
        common,
        &proof.degree_bits,
        &preprocessed_widths,
        &log_quotient_chunks,
    )?;
    Ok((challenger, claims))
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::poseidon2::CairnConfig;
    use p3_batch_stark::BatchProverTranscript;
    use p3_field::PrimeCharacteristicRing;
    use plonky2::iop::witness::{PartialWitness, Witness};
    use plonky2::plonk::circuit_data::CircuitConfig;

    use super::*;
    use crate::config::challenger;
    use crate::recursive::extension::{to_plonky2_cap, to_plonky2_extension};
    use crate::recursive::satisfaction::satisfying_witness;
    use crate::recursive::shape::table_shapes;
    use crate::recursive::toy::Batch;

    /// The challenges of the batch's proof, and its proofs of work, by Plonky3's prover.
    fn native(batch: &Batch, shape: &BatchShape) -> (Vec<Challenge>, [Val; 2]) {
        let (commitments, common) = (&batch.proof.commitments, batch.keys.common());
        let mut challenger = challenger();
        let mut transcript =
            BatchProverTranscript::<_, Val, Challenge, MerkleCap<Val, [Val; DIGEST]>>::new(
                &mut challenger,
                shape.clone(),
            );
        transcript.instance_bindings(batch.keys.log_heights());
        transcript.main_phase(commitments.main.clone(), &batch.public_values);
        transcript.preprocessed_phase(common.preprocessed.as_ref().map(|p| p.commitment.clone()));
        let (lookups, lookup_work) = transcript.lookup_phase(&common.lookups, &LogUpGadget::new());
        let terminals: Vec<_> =
            batch.proof.lookup_terminals.iter().flatten().map(|terminal| terminal.0).collect();
        let alpha = transcript.permutation_phase(commitments.permutation.clone(), &terminals);
        transcript.quotient_phase(commitments.quotient_chunks.clone(), None);
        let (zeta, point_work) = transcript.ood_phase();
        transcript.abort();
        let challenges = lookups.into_iter().flatten().chain([alpha, zeta]).collect();
        (challenges, [lookup_work.unwrap(), point_work])
    }

    /// The challenges in the circuit, if it is satisfied.
    fn in_circuit(batch: &Batch, shape: &BatchShape, work: [Val; 2]) -> Option<Vec<[u64; 2]>> {
        let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
        let tables = table_shapes(&batch.keys, &batch.tables).unwrap();
        let target = BatchTarget::new(&mut builder, batch.keys.parameters(), &tables, shape);
        let preprocessed = batch.keys.common().preprocessed.as_ref().unwrap();
        let cap = builder.constant_merkle_cap(&to_plonky2_cap(&preprocessed.commitment));
        let (_, challenges) = replay(&mut builder, &batch.keys, shape, &target, Some(&cap));
        let circuit = builder.build_prover::<CairnConfig>();

        let mut proof = batch.copy_proof();
        proof.lookup_pow_witness = Some(work[0]);
        proof.ood_pow_witness = work[1];
        let mut witness = PartialWitness::new();
        target.set_witness(&mut witness, &proof, &batch.public_values).unwrap();
        let witness = satisfying_witness(witness, &circuit.prover_only, &circuit.common)?;
        let challenges = challenges
            .lookups
            .into_iter()
            .flatten()
            .chain([challenges.alpha, challenges.zeta])
            .map(|challenge| challenge.0.map(|target| witness.get_target(target).0))
            .collect();
        Some(challenges)
    }

    #[test]
    fn challenges_are_those_of_plonky3() {
        let batch = Batch::new();
        let tables = table_shapes(&batch.keys, &batch.tables).unwrap();
        for (lookup_pow_bits, ood_pow_bits) in [(0, 0), (3, 0), (0, 3), (3, 2)] {
            let shape = BatchShape {
                lookup_pow_bits,
                ood_pow_bits,
                ..transcript_shape(&batch.keys, &tables)
            };
            let (challenges, work) = native(&batch, &shape);
            let words = |x: Challenge| to_plonky2_extension(x).0.map(|coefficient| coefficient.0);
            let expected = Some(challenges.into_iter().map(words).collect());
            assert_eq!(in_circuit(&batch, &shape, work), expected, "{shape:?}");
        }
    }

    #[test]
    fn both_proofs_of_work_are_checked() {
        let batch = Batch::new();
        let tables = table_shapes(&batch.keys, &batch.tables).unwrap();
        let shape = BatchShape {
            lookup_pow_bits: 20,
            ood_pow_bits: 20,
            ..transcript_shape(&batch.keys, &tables)
        };
        let (_, work) = native(&batch, &shape);
        assert!(in_circuit(&batch, &shape, work).is_some());
        assert!(in_circuit(&batch, &shape, [work[0] + Val::ONE, work[1]]).is_none());
        assert!(in_circuit(&batch, &shape, [work[0], work[1] + Val::ONE]).is_none());
    }
}
