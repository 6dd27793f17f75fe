//! Forgeries, each against the plain verifier, by the relation that it lives on; and that the check refuses the key.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};

use super::*;
use crate::groth16::testing::KEYS;
use crate::groth16::{EncodedProof, Proof, encode_scalar, verify_encoded};

/// What is not the cube of the witness 2 that the keys' circuit was made with.
const FALSE_INPUT: u64 = 12_345;

/// The good key after a change.
fn changed(change: impl FnOnce(&mut VerifyingKey)) -> VerifyingKey {
    let mut vk = KEYS.verifying().clone();
    change(&mut vk);
    vk
}

/// The same as it is and negated, with the sign as a scalar.
fn signs<P: AffineRepr>(point: P) -> [(Fr, P); 2] {
    [(Fr::from(1), point), (-Fr::from(1), (-point.into_group()).into_affine())]
}

/// L of the equation.
fn inputs_point(vk: &VerifyingKey, x: Fr) -> G1Affine {
    (vk.gamma_abc_g1[0] + vk.gamma_abc_g1[1] * x).into_affine()
}

/// A proof whose C is not the identity, which [`EncodedProof`] may refuse: A goes into C once with delta.
fn proof(
    vk: &VerifyingKey,
    a: impl CurveGroup<Affine = G1Affine>,
    b: impl CurveGroup<Affine = G2Affine>,
    c: impl CurveGroup<Affine = G1Affine>,
) -> Proof {
    let (a, b, c) = (a.into_affine(), b.into_affine(), c.into_affine());
    Proof { a, b: (b + vk.delta_g2).into_affine(), c: (c + a).into_affine() }
}

/// Fails unless the verifier takes the forgery, and the check refuses the key for this fault.
fn forged(vk: &VerifyingKey, x: Fr, proof: &Proof, fault: KeyFault) {
    let encoded = EncodedProof::encode(proof);
    let verified = verify_encoded(vk, &[encode_scalar(x)], &encoded);
    assert_eq!(verified, Ok(()), "the forgery by which {fault}");
    assert_eq!(check_verifying_key(vk, 1), Err(fault));
}

fn equal(first: KeyPoint, second: KeyPoint) -> KeyFault {
    KeyFault::Equal { first, second }
}

#[test]
fn a_good_key_takes_no_forgery_and_passes() {
    let vk = KEYS.verifying();
    assert_eq!(check_verifying_key(vk, 1), Ok(()));
    // The forger's way with beta = gamma, where they differ.
    let x = Fr::from(FALSE_INPUT);
    let forgery = proof(vk, vk.alpha_g1 + inputs_point(vk, x), vk.gamma_g2.into_group(), zero());
    let encoded = EncodedProof::encode(&forgery);
    assert!(verify_encoded(vk, &[encode_scalar(x)], &encoded).is_err());
}

fn zero() -> ark_bn254::G1Projective {
    G1Affine::zero().into_group()
}

#[test]
fn two_equal_points_of_g2_forge_any_input() {
    let x = Fr::from(FALSE_INPUT);
    let good = KEYS.verifying();
    for (sign, gamma) in signs(good.gamma_g2) {
        let vk = changed(|vk| vk.beta_g2 = gamma);
        let a = vk.alpha_g1 * sign + inputs_point(&vk, x);
        let forgery = proof(&vk, a, vk.gamma_g2.into_group(), zero());
        forged(&vk, x, &forgery, equal(KeyPoint::Beta, KeyPoint::Gamma));
    }
    for (sign, delta) in signs(good.delta_g2) {
        let vk = changed(|vk| vk.beta_g2 = delta);
        let a = inputs_point(&vk, x).into_group();
        let forgery = proof(&vk, a, vk.gamma_g2.into_group(), vk.alpha_g1 * -sign);
        forged(&vk, x, &forgery, equal(KeyPoint::Beta, KeyPoint::Delta));
        let vk = changed(|vk| vk.gamma_g2 = delta);
        let c = inputs_point(&vk, x) * -sign;
        let forgery = proof(&vk, vk.alpha_g1.into_group(), vk.beta_g2.into_group(), c);
        forged(&vk, x, &forgery, equal(KeyPoint::Gamma, KeyPoint::Delta));
    }
}

#[test]
fn two_equal_points_of_g1_forge_some_input() {
    let good = KEYS.verifying();
    for (sign, constant) in signs(good.gamma_abc_g1[0]) {
        let vk = changed(|vk| vk.alpha_g1 = constant);
        let b = vk.beta_g2 + vk.gamma_g2 * sign;
        let forgery = proof(&vk, vk.alpha_g1.into_group(), b, zero());
        forged(&vk, Fr::from(0), &forgery, equal(KeyPoint::Alpha, KeyPoint::Input(0)));

        let vk = changed(|vk| vk.gamma_abc_g1[1] = constant);
        let forgery = proof(&vk, vk.alpha_g1.into_group(), vk.beta_g2.into_group(), zero());
        forged(&vk, -sign, &forgery, equal(KeyPoint::Input(0), KeyPoint::Input(1)));

        let vk = changed(|vk| vk.alpha_g1 = (vk.gamma_abc_g1[1] * sign).into_affine());
        assert_eq!(check_verifying_key(&vk, 1), Err(equal(KeyPoint::Alpha, KeyPoint::Input(1))));
    }
}

/// In the form of snarkjs, where gamma is the generator. The proving key has beta in G1.
#[test]
fn a_first_phase_without_contribution_forges_any_input() {
    let (x, beta) = (Fr::from(FALSE_INPUT), Fr::from(77));
    for (sign, alpha) in signs(G1Affine::generator()) {
        let vk = changed(|vk| {
            vk.alpha_g1 = alpha;
            vk.beta_g2 = (G2Affine::generator() * beta).into_affine();
            vk.gamma_g2 = G2Affine::generator();
        });
        let beta_g1 = G1Affine::generator() * beta;
        let a = beta_g1 * sign + inputs_point(&vk, x);
        let forgery = proof(&vk, a, vk.gamma_g2.into_group(), zero());
        forged(&vk, x, &forgery, KeyFault::Generator { point: KeyPoint::Alpha });
    }
}

#[test]
fn generators_stand_nowhere_but_in_gamma() {
    for (_, g) in signs(G2Affine::generator()) {
        let fault = |point| Err(KeyFault::Generator { point });
        let vk = changed(|vk| vk.beta_g2 = g);
        assert_eq!(check_verifying_key(&vk, 1), fault(KeyPoint::Beta));
        let vk = changed(|vk| vk.delta_g2 = g);
        assert_eq!(check_verifying_key(&vk, 1), fault(KeyPoint::Delta));
        // As before phase 2.
        let vk = changed(|vk| (vk.gamma_g2, vk.delta_g2) = (g, g));
        assert_eq!(check_verifying_key(&vk, 1), fault(KeyPoint::Delta));
        // As of every ceremony with snarkjs.
        assert_eq!(check_verifying_key(&changed(|vk| vk.gamma_g2 = g), 1), Ok(()));
    }
    for (_, g) in signs(G1Affine::generator()) {
        for i in [0, 1] {
            let vk = changed(|vk| vk.gamma_abc_g1[i] = g);
            let fault = KeyFault::Generator { point: KeyPoint::Input(i) };
            assert_eq!(check_verifying_key(&vk, 1), Err(fault));
        }
    }
}

#[test]
fn an_identity_takes_a_term_out() {
    let x = Fr::from(FALSE_INPUT);
    let fault = |point| KeyFault::Identity { point };
    for point in [KeyPoint::Alpha, KeyPoint::Beta] {
        let vk = changed(|vk| match point {
            KeyPoint::Alpha => vk.alpha_g1 = G1Affine::zero(),
            _ => vk.beta_g2 = G2Affine::zero(),
        });
        let a = inputs_point(&vk, x).into_group();
        forged(&vk, x, &proof(&vk, a, vk.gamma_g2.into_group(), zero()), fault(point));
    }
    let of_beta =
        |vk: &VerifyingKey| proof(vk, vk.alpha_g1.into_group(), vk.beta_g2.into_group(), zero());
    let vk = changed(|vk| vk.gamma_g2 = G2Affine::zero());
    forged(&vk, x, &of_beta(&vk), fault(KeyPoint::Gamma));
    let vk = changed(|vk| vk.gamma_abc_g1[0] = G1Affine::zero());
    forged(&vk, Fr::from(0), &of_beta(&vk), fault(KeyPoint::Input(0)));
    let vk = changed(|vk| vk.gamma_abc_g1[1] = G1Affine::zero());
    assert_eq!(check_verifying_key(&vk, 1), Err(fault(KeyPoint::Input(1))));
    let vk = changed(|vk| vk.delta_g2 = G2Affine::zero());
    assert_eq!(check_verifying_key(&vk, 1), Err(fault(KeyPoint::Delta)));
}

#[test]
fn a_key_of_another_number_of_inputs_is_refused() {
    let wrong_count = Err(KeyFault::PublicInputs { expected: 1, got: 0 });
    assert_eq!(check_verifying_key(&changed(|vk| vk.gamma_abc_g1.truncate(1)), 1), wrong_count);
    assert_eq!(check_verifying_key(&changed(|vk| vk.gamma_abc_g1.clear()), 1), wrong_count);
    let two = changed(|vk| vk.gamma_abc_g1.push(vk.gamma_abc_g1[1]));
    assert_eq!(
        check_verifying_key(&two, 2),
        Err(equal(KeyPoint::Input(1), KeyPoint::Input(2))),
        "two inputs that only their sum binds"
    );
}
