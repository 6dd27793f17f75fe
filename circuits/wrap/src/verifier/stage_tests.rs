//! The stages after the transcript, one by one: with plonky2's challenges given, a change of the proof must be
//! caught by the very constraints that are there for it, not only by challenges that change with it.

use std::collections::BTreeSet;

use ark_bn254::Fr;
use plonky2::field::extension::FieldExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::plonk::proof::ProofChallenges;

use super::extension::{D, Ext, ExtensionField};
use super::fri::{self, FriChallenges};
use super::goldilocks::Base;
use super::plonk::{self, PlonkChallenges};
use super::proof::Proof;
use super::testing::broken_regions;
use super::tests::{FIXTURE, ONE, PROOF, values};
use crate::r1cs::{Builder, Lc};

type F = GoldilocksField;

fn native_challenges() -> ProofChallenges<F, D> {
    let hash = PROOF.get_public_inputs_hash();
    let digest = &FIXTURE.wrap.verifier_only.circuit_digest;
    PROOF.get_challenges(hash, digest, &FIXTURE.wrap.common).unwrap()
}

fn elements(b: &mut Builder, values: &[F]) -> Vec<Base> {
    values.iter().map(|x| Base::limb(b, x.to_canonical_u64())).collect()
}

fn extension(b: &mut Builder, value: ExtensionField) -> Ext {
    let limbs: [F; D] = value.to_basefield_array();
    Ext(limbs.map(|x| Base::limb(b, x.to_canonical_u64())))
}

fn bits(b: &mut Builder, value: u64, n: usize) -> Vec<Lc> {
    (0..n).map(|i| b.bit(value >> i & 1 == 1)).collect()
}

/// Regions of the PLONK identity that break.
fn identity(proof: &Proof<u64, Fr>, challenges: &ProofChallenges<F, D>) -> BTreeSet<&'static str> {
    let mut builder = Builder::new(&[]);
    let b = &mut builder;
    b.region("given");
    let proof = proof.map(b, |b, &limb| Base::limb(b, limb), |b, &digest| b.witness(digest));
    let openings = proof.openings.map(|e| Ext(e.clone()));
    let public_inputs = std::array::from_fn(|i| proof.public_inputs[i].clone());
    let given = PlonkChallenges {
        betas: elements(b, &challenges.plonk_betas),
        gammas: elements(b, &challenges.plonk_gammas),
        alphas: elements(b, &challenges.plonk_alphas),
        zeta: extension(b, challenges.plonk_zeta),
    };
    plonk::assert_identity(b, &FIXTURE.verifier.circuit, &openings, &given, &public_inputs);
    broken_regions(b)
}

/// Regions of FRI that break.
fn low_degree(
    proof: &Proof<u64, Fr>,
    challenges: &ProofChallenges<F, D>,
) -> BTreeSet<&'static str> {
    let mut builder = Builder::new(&[]);
    let b = &mut builder;
    b.region("given");
    let proof = proof.map(b, |b, &limb| Base::limb(b, limb), |b, &digest| b.witness(digest));
    let openings = proof.openings.map(|e| Ext(e.clone()));
    let zeta = extension(b, challenges.plonk_zeta);
    let fri = &challenges.fri_challenges;
    let height = FIXTURE.wrap.common.fri_params.lde_bits();
    let given = FriChallenges {
        alpha: extension(b, fri.fri_alpha),
        betas: fri.fri_betas.iter().map(|&beta| extension(b, beta)).collect(),
        pow_response: bits(b, fri.fri_pow_response.to_canonical_u64(), 64),
        query_indices: fri.fri_query_indices.iter().map(|&i| bits(b, i as u64, height)).collect(),
    };
    fri::assert_low_degree(b, &FIXTURE.verifier.circuit, &proof, &openings, &zeta, &given);
    broken_regions(b)
}

#[test]
fn the_stages_accept_with_plonky2s_challenges() {
    let challenges = native_challenges();
    assert_eq!(identity(&values(), &challenges), [].into());
    assert_eq!(low_degree(&values(), &challenges), [].into());
}

#[test]
fn the_identity_binds_every_opening() {
    type Mutation = (&'static str, fn(&mut Proof<u64, Fr>));
    let mutations: &[Mutation] = &[
        ("selector", |p| p.openings.constants[0][0] ^= 1),
        ("constant", |p| p.openings.constants[4][1] ^= 1),
        ("first sigma", |p| p.openings.sigmas[0][0] ^= 1),
        ("last sigma", |p| p.openings.sigmas[79][1] ^= 1),
        ("routed wire", |p| p.openings.wires[0][0] ^= 1),
        ("advice wire", |p| p.openings.wires[134][1] ^= 1),
        ("Z", |p| p.openings.zs[2][1] ^= 1),
        ("next Z", |p| p.openings.zs_next[1][0] ^= 1),
        ("first partial product", |p| p.openings.partial_products[0][0] ^= 1),
        ("last partial product", |p| p.openings.partial_products[26][1] ^= 1),
        ("first quotient", |p| p.openings.quotient[0][0] ^= 1),
        ("last quotient", |p| p.openings.quotient[23][1] ^= 1),
        ("public input", |p| p.public_inputs[2] ^= 1),
    ];
    let challenges = native_challenges();
    for (part, mutate) in mutations {
        let mut proof = values();
        mutate(&mut proof);
        assert_eq!(identity(&proof, &challenges), ["vanishing polynomial"].into(), "{part}");
    }
}

#[test]
fn the_identity_depends_on_every_challenge() {
    type Mutation = (&'static str, fn(&mut ProofChallenges<F, D>));
    let mutations: &[Mutation] = &[
        ("beta", |c| c.plonk_betas[2] += F::ONE),
        ("gamma", |c| c.plonk_gammas[0] += F::ONE),
        ("alpha", |c| c.plonk_alphas[1] += F::ONE),
        ("zeta", |c| c.plonk_zeta += ExtensionField::ONE),
    ];
    for (name, mutate) in mutations {
        let mut challenges = native_challenges();
        mutate(&mut challenges);
        assert_eq!(identity(&values(), &challenges), ["vanishing polynomial"].into(), "{name}");
    }
}

#[test]
fn zeta_in_the_base_field_is_rejected() {
    let mut challenges = native_challenges();
    challenges.plonk_zeta = F::TWO.into();
    assert!(identity(&values(), &challenges).contains("zeta"));
}

#[test]
fn fri_binds_every_part() {
    const TREES: &str = "query: initial trees";
    const LAYERS: &str = "query: layer trees";
    const FOLDING: &str = "query: folding";
    const LAST: &str = "query: final polynomial";
    type Mutation = (&'static str, fn(&mut Proof<u64, Fr>), &'static [&'static str]);
    let mutations: &[Mutation] = &[
        ("constants leaf", |p| p.queries[0].initial[0].leaf[0] ^= 1, &[TREES, FOLDING]),
        ("wires leaf", |p| p.queries[0].initial[1].leaf[134] ^= 1, &[TREES, FOLDING]),
        ("Z leaf", |p| p.queries[1].initial[2].leaf[0] ^= 1, &[TREES, FOLDING]),
        ("quotient leaf", |p| p.queries[1].initial[3].leaf[23] ^= 1, &[TREES, FOLDING]),
        ("path", |p| p.queries[1].initial[3].siblings[0] += ONE, &[TREES]),
        ("opening", |p| p.openings.sigmas[0][0] ^= 1, &[FOLDING]),
        ("next opening", |p| p.openings.zs_next[2][1] ^= 1, &[FOLDING]),
        ("layer path", |p| p.queries[0].layers[0].siblings[0] += ONE, &[LAYERS]),
        ("last layer path", |p| p.queries[1].layers[1].siblings[0] += ONE, &[LAYERS]),
        ("layer leaf", |p| p.queries[0].layers[0].leaf[1] ^= 1, &[LAYERS, FOLDING]),
        ("last layer leaf", |p| p.queries[0].layers[1].leaf[31] ^= 1, &[LAYERS, LAST]),
        ("final polynomial", |p| p.final_poly[3][1] ^= 1, &[LAST]),
    ];
    let challenges = native_challenges();
    for (part, mutate, expected) in mutations {
        let mut proof = values();
        mutate(&mut proof);
        let broken = low_degree(&proof, &challenges);
        let missed: Vec<_> = expected.iter().filter(|region| !broken.contains(*region)).collect();
        assert!(missed.is_empty(), "{part} is not caught by {missed:?}, only by {broken:?}");
    }
}

#[test]
fn fri_depends_on_every_challenge() {
    type Mutation = (&'static str, fn(&mut ProofChallenges<F, D>), &'static str);
    let mutations: &[Mutation] = &[
        ("alpha", |c| c.fri_challenges.fri_alpha += ExtensionField::ONE, "query: folding"),
        ("first beta", |c| c.fri_challenges.fri_betas[0] += ExtensionField::ONE, "query: folding"),
        (
            "last beta",
            |c| c.fri_challenges.fri_betas[1] += ExtensionField::ONE,
            "query: final polynomial",
        ),
        ("low index bit", |c| c.fri_challenges.fri_query_indices[0] ^= 1, "query: initial trees"),
        (
            "high index bit",
            |c| c.fri_challenges.fri_query_indices[1] ^= 1 << 12,
            "query: layer trees",
        ),
        // Five bits of work: the response is below 2^59.
        ("work", |c| c.fri_challenges.fri_pow_response = GoldilocksField(1 << 59), "proof of work"),
        (
            "more work",
            |c| c.fri_challenges.fri_pow_response = GoldilocksField(1 << 63),
            "proof of work",
        ),
    ];
    for (name, mutate, expected) in mutations {
        let mut challenges = native_challenges();
        mutate(&mut challenges);
        assert!(low_degree(&values(), &challenges).contains(expected), "{name}");
    }
    let mut challenges = native_challenges();
    challenges.fri_challenges.fri_pow_response = GoldilocksField((1 << 59) - 1);
    assert_eq!(low_degree(&values(), &challenges), [].into());
}
