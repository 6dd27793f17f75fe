use super::testing::assert_bound;
use super::*;
use std::sync::LazyLock;

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::gates::gate::GateRef;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use plonky2::plonk::proof::ProofWithPublicInputsTarget;

type F = GoldilocksField;
pub(super) const ONE: Fr = <Fr as ark_ff::Field>::ONE;
pub(super) type WrapProof = ProofWithPublicInputs<F, WrapConfig, D>;

/// An inner circuit with four public inputs and the wrap circuit that verifies it: all gates of the real one,
/// with so many queries.
pub(super) struct Fixture {
    inner: CircuitData<F, CairnConfig, D>,
    inner_inputs: Vec<Target>,
    pub(super) wrap: CircuitData<F, WrapConfig, D>,
    inner_proof: ProofWithPublicInputsTarget<D>,
    pub(super) verifier: WrapVerifier,
}

pub(super) static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| Fixture::new(2));
/// Made on one thread: plonky2 then finds the smallest proof-of-work witness, which has a second representative
/// below 2^64; with more threads it may be any.
pub(super) static PROOF: LazyLock<WrapProof> = LazyLock::new(|| {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    one_thread.install(|| FIXTURE.prove([1, 1 << 62, 0, (1 << 63) - 1]))
});

fn config(queries: usize, final_poly_bits: usize) -> CircuitConfig {
    let mut config = CircuitConfig::standard_recursion_config();
    config.num_challenges = 3;
    config.security_bits = 1;
    config.fri_config.cap_height = 2;
    config.fri_config.num_query_rounds = queries;
    config.fri_config.proof_of_work_bits = 5;
    config.fri_config.reduction_strategy =
        FriReductionStrategy::ConstantArityBits(4, final_poly_bits);
    config
}

impl Fixture {
    fn new(queries: usize) -> Self {
        let mut builder = CircuitBuilder::<F, D>::new(config(1, 1));
        let inner_inputs = builder.add_virtual_targets(NUM_PUBLIC_INPUTS);
        builder.register_public_inputs(&inner_inputs);
        let power = builder.exp_u64(inner_inputs[0], 1 << 40 | 5);
        builder.range_check(power, 64);
        (0..32).for_each(|_| {
            builder.add_gate(plonky2::gates::noop::NoopGate, vec![]);
        });
        let inner = builder.build::<CairnConfig>();

        let mut builder = CircuitBuilder::<F, D>::new(config(queries, 3));
        let inner_proof = builder.add_virtual_proof_with_pis(&inner.common);
        let key = builder.constant_verifier_data(&inner.verifier_only);
        builder.verify_proof::<CairnConfig>(&inner_proof, &key, &inner.common);
        builder.register_public_inputs(&inner_proof.public_inputs);
        let wrap = builder.build::<WrapConfig>();
        let verifier = WrapVerifier::new(wrap.verifier_only.clone(), wrap.common.clone()).unwrap();
        Self { inner, inner_inputs, wrap, inner_proof, verifier }
    }

    fn prove(&self, inputs: [u64; NUM_PUBLIC_INPUTS]) -> WrapProof {
        let mut witness = PartialWitness::new();
        for (&target, input) in self.inner_inputs.iter().zip(inputs) {
            witness.set_target(target, F::from_canonical_u64(input)).unwrap();
        }
        let proof = self.inner.prove(witness).unwrap();
        let mut witness = PartialWitness::new();
        witness.set_proof_with_pis_target(&self.inner_proof, &proof).unwrap();
        let proof = self.wrap.prove(witness).unwrap();
        self.wrap.verify(proof.clone()).unwrap();
        proof
    }
}

/// A system of the real shape with its witness; 20 queries make about as many constraints as it has.
pub(crate) fn system(queries: usize) -> Builder {
    let fixture = Fixture::new(queries);
    fixture.verifier.synthesize(&fixture.prove([9, 8, 7, 6])).unwrap()
}

/// The values of the fixture's proof.
pub(super) fn values() -> Proof<u64, Fr> {
    Proof::from_plonky2(&PROOF, &FIXTURE.verifier.circuit).unwrap()
}

fn synthesize(proof: &Proof<u64, Fr>) -> Builder {
    let public_input = pack_public_inputs(&proof.public_inputs);
    FIXTURE.verifier.synthesize_values(proof, public_input).unwrap()
}

#[test]
fn accepts_valid_proofs_with_one_structure() {
    let first = FIXTURE.verifier.synthesize(&PROOF).unwrap();
    assert_eq!(first.first_unsatisfied(), None);

    let second = FIXTURE.verifier.synthesize(&FIXTURE.prove([9, 8, 7, 6])).unwrap();
    assert!(second.is_satisfied());
    assert_eq!(first.digest(), second.digest());
    let packed = (Fr::from(9u64) * Fr::from(1u128 << 126) + Fr::from(8u128 << 63))
        * Fr::from(1u64 << 63)
        + Fr::from(7u128 << 63)
        + Fr::from(6u64);
    assert_eq!(second.public_inputs(), [packed]);
}

#[test]
fn challenges_are_plonky2s() {
    let expected = PROOF
        .get_challenges(
            PROOF.get_public_inputs_hash(),
            &FIXTURE.wrap.verifier_only.circuit_digest,
            &FIXTURE.wrap.common,
        )
        .unwrap();
    let mut b = Builder::new(&[]);
    let proof =
        values().map(&mut b, |b, &limb| Base::limb(b, limb), |b, &digest| b.witness(digest));
    let (plonk, fri) = challenges::challenges(&mut b, &FIXTURE.verifier.circuit, &proof).unwrap();
    let base = |elements: &[Base]| elements.iter().map(Base::value).collect::<Vec<_>>();
    let number = |bits: &[Lc]| Lc::recompose(bits, 1).value();

    assert_eq!(base(&plonk.betas), expected.plonk_betas);
    assert_eq!(base(&plonk.gammas), expected.plonk_gammas);
    assert_eq!(base(&plonk.alphas), expected.plonk_alphas);
    assert_eq!(plonk.zeta.value(), expected.plonk_zeta);
    let expected = expected.fri_challenges;
    assert_eq!(fri.alpha.value(), expected.fri_alpha);
    let betas: Vec<_> = fri.betas.iter().map(Ext::value).collect();
    assert_eq!(betas, expected.fri_betas);
    let response = expected.fri_pow_response.to_canonical_u64();
    assert_eq!(number(&fri.pow_response), Fr::from(response));
    let indices: Vec<Fr> = fri.query_indices.iter().map(|bits| number(bits)).collect();
    let expected: Vec<Fr> =
        expected.fri_query_indices.iter().map(|&index| Fr::from(index as u64)).collect();
    assert_eq!(indices, expected);
}

/// Every part of the proof is bound: changing it leaves a constraint broken.
#[test]
fn every_mutation_is_rejected() {
    fn add_one(x: &mut u64) {
        *x = if *x == u64::MAX { 0 } else { *x + 1 };
    }
    type Mutation = (&'static str, fn(&mut Proof<u64, Fr>));
    let mutations: &[Mutation] = &[
        ("public input", |p| add_one(&mut p.public_inputs[3])),
        ("wires cap", |p| p.wires_cap[0] += ONE),
        ("zs cap", |p| p.zs_cap[1] += ONE),
        ("quotient cap", |p| p.quotient_cap[2] += ONE),
        ("first layer cap", |p| p.layer_caps[0][3] += ONE),
        ("last layer cap", |p| p.layer_caps[1][0] += ONE),
        ("constants", |p| add_one(&mut p.openings.constants[0][0])),
        ("sigmas", |p| add_one(&mut p.openings.sigmas[3][1])),
        ("wires", |p| add_one(&mut p.openings.wires[134][0])),
        ("Z", |p| add_one(&mut p.openings.zs[2][0])),
        ("next Z", |p| add_one(&mut p.openings.zs_next[0][1])),
        ("partial products", |p| add_one(&mut p.openings.partial_products[5][0])),
        ("quotient", |p| add_one(&mut p.openings.quotient[23][1])),
        ("final polynomial", |p| add_one(&mut p.final_poly[1][1])),
        ("proof of work", |p| add_one(&mut p.pow_witness)),
        ("constants leaf", |p| add_one(&mut p.queries[0].initial[0].leaf[0])),
        ("wires leaf", |p| add_one(&mut p.queries[0].initial[1].leaf[134])),
        ("zs leaf", |p| add_one(&mut p.queries[1].initial[2].leaf[0])),
        ("quotient leaf", |p| add_one(&mut p.queries[1].initial[3].leaf[7])),
        ("constants path", |p| p.queries[0].initial[0].siblings[0] += ONE),
        ("wires path", |p| p.queries[1].initial[1].siblings[3] += ONE),
        ("zs path", |p| p.queries[0].initial[2].siblings[1] += ONE),
        ("quotient path", |p| p.queries[0].initial[3].siblings[2] += ONE),
        ("first layer leaf", |p| add_one(&mut p.queries[0].layers[0].leaf[31])),
        ("last layer leaf", |p| add_one(&mut p.queries[1].layers[1].leaf[0])),
        ("first layer path", |p| p.queries[0].layers[0].siblings[0] += ONE),
        ("last layer path", |p| p.queries[1].layers[1].siblings[0] += ONE),
        ("queries exchanged", |p| p.queries.swap(0, 1)),
        ("caps exchanged", |p| p.layer_caps.swap(0, 1)),
    ];
    for (part, mutate) in mutations {
        let mut proof = values();
        mutate(&mut proof);
        assert!(!synthesize(&proof).is_satisfied(), "{part} is not bound");
    }
}

/// x + p stands for the same element, but the transcript sees the integer.
#[test]
fn non_canonical_limbs_are_rejected() {
    let mut proof = values();
    proof.pow_witness = proof.pow_witness.checked_add(F::ORDER).expect("the first witness found");
    assert!(!synthesize(&proof).is_satisfied(), "proof of work");

    let mut proof = values();
    let packed = pack_public_inputs(&proof.public_inputs);
    assert_eq!(proof.public_inputs[2], 0);
    proof.public_inputs[2] = F::ORDER;
    let system = FIXTURE.verifier.synthesize_values(&proof, packed).unwrap();
    assert!(!system.is_satisfied(), "public input");
}

#[test]
fn public_inputs_are_packed_and_bounded() {
    let proof = values();
    let public_input = pack_public_inputs(&proof.public_inputs) + Fr::from(1u64);
    let system = FIXTURE.verifier.synthesize_values(&proof, public_input).unwrap();
    assert!(!system.is_satisfied());
    let mut b = Builder::new(&[pack_public_inputs(&[0, 0, 1, 0])]);
    let limbs = [0, 0, 0, 1 << 63].map(|limb| Base::limb(&mut b, limb));
    assert_public_inputs(&mut b, &limbs);
    assert!(!b.is_satisfied(), "2^63 in the last place is 1 in the one before");
}

/// No hint, bit or intermediate result can change alone.
#[test]
fn every_wire_is_bound() {
    let b = synthesize(&values());
    assert_bound(&b, 1);
}

#[test]
fn proofs_of_another_shape_are_refused() {
    type Mutation = (&'static str, fn(&mut WrapProof));
    let mutations: &[Mutation] = &[
        ("queries", |p| drop(p.proof.opening_proof.query_round_proofs.pop())),
        ("wires", |p| p.proof.openings.wires.push(Default::default())),
        ("final polynomial", |p| p.proof.opening_proof.final_poly.coeffs.clear()),
        ("Merkle cap", |p| p.proof.wires_cap.0.truncate(3)),
        ("lookup openings", |p| p.proof.openings.lookup_zs.push(Default::default())),
        ("public inputs", |p| p.public_inputs.push(F::ONE)),
        ("oracle leaf", |p| {
            let trees = &mut p.proof.opening_proof.query_round_proofs[0].initial_trees_proof;
            trees.evals_proofs[0].0.push(F::ONE);
        }),
        ("layer path", |p| {
            let round = &mut p.proof.opening_proof.query_round_proofs[1];
            round.steps[0].merkle_proof.siblings.clear();
        }),
    ];
    for (part, mutate) in mutations {
        let mut proof = PROOF.clone();
        mutate(&mut proof);
        match FIXTURE.verifier.synthesize(&proof).unwrap_err() {
            WrapError::Shape(error) => assert_eq!(error.part, *part),
            error => panic!("{part}: {error}"),
        }
    }
}

#[test]
fn unsupported_circuits_are_refused() {
    type Common = CommonCircuitData<F, D>;
    let refuse = |change: fn(&mut Common)| {
        let mut common = FIXTURE.wrap.common.clone();
        change(&mut common);
        WrapVerifier::new(FIXTURE.wrap.verifier_only.clone(), common).unwrap_err()
    };
    let error = refuse(|c| c.gates.push(GateRef::new(PoseidonGate::new())));
    assert!(matches!(error, UnsupportedCircuit::Shape { what: "selector indices", .. }));
    let error = refuse(|c| c.gates[0] = GateRef::new(PoseidonGate::new()));
    assert!(matches!(error, UnsupportedCircuit::Gate(id) if id.starts_with("PoseidonGate")));
    let error = refuse(|c| c.num_public_inputs = 5);
    assert!(matches!(error, UnsupportedCircuit::PublicInputs(5)));
    let error = refuse(|c| c.num_lookup_polys = 2);
    assert!(matches!(error, UnsupportedCircuit::Lookups(2)));
    let error = refuse(|c| c.fri_params.hiding = true);
    assert!(matches!(error, UnsupportedCircuit::Hiding));
    let error = refuse(|c| c.config.num_challenges = 2);
    assert!(matches!(error, UnsupportedCircuit::Shape { what: "challenges", got: 2, .. }));
    let error = refuse(|c| c.fri_params.config.cap_height = 9);
    assert!(matches!(error, UnsupportedCircuit::Shape { what: "cap height", got: 9, .. }));
}

/// Two parameters instead of three would put the first cap in the middle of a word.
#[test]
fn misaligned_transcripts_are_refused() {
    let mut common = FIXTURE.wrap.common.clone();
    common.fri_params.config.reduction_strategy = FriReductionStrategy::MinSize(None);
    let verifier = WrapVerifier::new(FIXTURE.wrap.verifier_only.clone(), common).unwrap();
    let error = verifier.synthesize(&PROOF).unwrap_err();
    assert!(matches!(error, WrapError::Transcript(_)));
}
