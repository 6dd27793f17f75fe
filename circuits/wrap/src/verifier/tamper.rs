//! Every field of a wrapped proof, changed in every way, is refused: by its shape, or by the first
//! constraint that is broken.

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};
use cairn_tamper::check;
use serde::Deserialize;
use serde_json::Value;

use super::pack_public_inputs;
use super::proof::Proof;
use super::tests::{FIXTURE, values};

/// A digest as its integer, lowest limb first.
type Digest = [u64; 4];

/// The values that the constraints take, or `None` if a digest is no element of the field.
fn parse(proof: &Proof<u64, Digest>) -> Option<Proof<u64, Fr>> {
    let mut are_elements = true;
    let values = proof.map(
        &mut are_elements,
        |_, &limb| limb,
        |are_elements, &digest| {
            let element = Fr::from_bigint(BigInt::new(digest));
            *are_elements &= element.is_some();
            element.unwrap_or_default()
        },
    );
    are_elements.then_some(values)
}

/// Where a proof is refused. Its public input is that of its limbs.
fn judge(value: &Value) -> Option<String> {
    let Ok(proof) = Proof::<u64, Digest>::deserialize(value) else {
        return Some("type".to_owned());
    };
    let Some(proof) = parse(&proof) else { return Some("field".to_owned()) };
    if let Err(error) = proof.check_shape(&FIXTURE.verifier.circuit) {
        return Some(format!("shape: {}", error.part));
    }
    let public_input = pack_public_inputs(&proof.public_inputs);
    let system = FIXTURE.verifier.synthesize_values(&proof, public_input).unwrap();
    system.first_unsatisfied().map(|(_, region)| region.to_owned())
}

#[test]
fn every_change_is_refused() {
    let proof = values().map(&mut (), |_, &limb| limb, |_, digest: &Fr| digest.into_bigint().0);
    assert_eq!(judge(&serde_json::to_value(&proof).unwrap()), None);
    check(include_str!("tamper/wrap.txt"), &proof, judge);
}
