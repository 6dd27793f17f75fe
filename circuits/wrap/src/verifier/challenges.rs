//! The Fiat-Shamir challenges, in the order of plonky2 1.1.0 (`plonk/get_challenges.rs`, `fri/challenges.rs`).

use ark_bn254::Fr;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::fri::FriParams;

use super::circuit::Circuit;
use super::extension::{D, Ext};
use super::fri::FriChallenges;
use super::goldilocks::{Base, LIMB_BITS};
use super::plonk::PlonkChallenges;
use super::proof::Proof;
use crate::poseidon2_bn254::transcript_gadget::{ChallengerGadget, MisalignedDigest};
use crate::r1cs::{Builder, Lc};

/// Replays the transcript of the proof.
///
/// # Errors
/// If the shape of the circuit puts a digest where the transcript cannot bind it.
pub(crate) fn challenges(
    b: &mut Builder,
    circuit: &Circuit,
    proof: &Proof<Base, Lc>,
) -> Result<(PlonkChallenges, FriChallenges), MisalignedDigest> {
    b.region("transcript");
    let mut transcript = Transcript { b, challenger: ChallengerGadget::new() };
    let params = &circuit.common.fri_params;
    let n = circuit.num_challenges();

    for constant in fri_parameters(params) {
        transcript.observe(&Base::constant(constant));
    }
    transcript.observe_cap(&[Lc::constant(circuit.verifier_only.circuit_digest.0)])?;
    // The hash of the public inputs is the four of them.
    proof.public_inputs.iter().for_each(|limb| transcript.observe(limb));

    transcript.observe_cap(&proof.wires_cap)?;
    let betas = transcript.elements(n);
    let gammas = transcript.elements(n);
    transcript.observe_cap(&proof.zs_cap)?;
    let alphas = transcript.elements(n);
    transcript.observe_cap(&proof.quotient_cap)?;
    let zeta = transcript.extension();
    let openings = &proof.openings;
    openings.at_zeta().chain(&openings.zs_next).for_each(|e| transcript.observe_extension(e));

    let alpha = transcript.extension();
    let mut fri_betas = Vec::with_capacity(proof.layer_caps.len());
    for cap in &proof.layer_caps {
        transcript.observe_cap(cap)?;
        fri_betas.push(transcript.extension());
    }
    proof.final_poly.iter().for_each(|c| transcript.observe_extension(c));
    transcript.observe(&proof.pow_witness);
    let pow_response = transcript.bits();
    let query_indices = (0..params.config.num_query_rounds)
        .map(|_| transcript.bits()[..params.lde_bits()].to_vec())
        .collect();

    Ok((
        PlonkChallenges { betas, gammas, alphas, zeta },
        FriChallenges { alpha, betas: fri_betas, pow_response, query_indices },
    ))
}

/// What `FriParams::observe` observes.
fn fri_parameters(params: &FriParams) -> Vec<GoldilocksField> {
    let config = &params.config;
    let mut elements = [config.rate_bits, config.cap_height, config.proof_of_work_bits as usize]
        .map(GoldilocksField::from_canonical_usize)
        .to_vec();
    elements.extend(config.reduction_strategy.serialize::<GoldilocksField>());
    let rest = [config.num_query_rounds, usize::from(params.hiding), params.degree_bits];
    let rest = rest.iter().chain(&params.reduction_arity_bits);
    elements.extend(rest.map(|&x| GoldilocksField::from_canonical_usize(x)));
    elements
}

/// The challenger in terms of this verifier's values.
struct Transcript<'a> {
    b: &'a mut Builder,
    challenger: ChallengerGadget,
}

impl Transcript<'_> {
    fn observe(&mut self, element: &Base) {
        // Centered constants are negative integers; the transcript takes canonical ones.
        let element = match element.lc().as_constant() {
            Some(_) => Lc::constant(Fr::from(element.value().to_canonical_u64())),
            None => element.lc().clone(),
        };
        self.challenger.observe(self.b, &element);
    }

    fn observe_extension(&mut self, element: &[Base; D]) {
        element.iter().for_each(|c| self.observe(c));
    }

    fn observe_cap(&mut self, cap: &[Lc]) -> Result<(), MisalignedDigest> {
        cap.iter().try_for_each(|digest| self.challenger.observe_digest(self.b, digest))
    }

    fn element(&mut self) -> Base {
        let element = self.challenger.challenge_element(self.b);
        // Shortens a combination of 64 bits that many products use.
        Base::from_lc(self.b.reduce(&element), LIMB_BITS)
    }

    fn elements(&mut self, n: usize) -> Vec<Base> {
        (0..n).map(|_| self.element()).collect()
    }

    fn extension(&mut self) -> Ext {
        let c0 = self.element();
        Ext([c0, self.element()])
    }

    /// The bits of a challenge. All but the highest are those of the canonical element, and the highest
    /// ones are zero together with the element's.
    fn bits(&mut self) -> Vec<Lc> {
        self.challenger.challenge(self.b).bits().to_vec()
    }
}
