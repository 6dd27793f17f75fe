use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use cairn_primitives::ecgfp5::{Affine, ORDER, Point, Scalar, generator};
use cairn_primitives::schnorr::{
    PublicKey, RESPONSE_TOP_LIMIT, SecretKey, Signature, combine, fixed_base_table, start, verify,
};
use cairn_primitives::{Digest, F, Tag, hash};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::generator::{
    GeneratedValues, SimpleGenerator, WitnessGeneratorRef, generate_partial_witness,
};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::witness::{PartialWitness, PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData, CommonCircuitData};
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::serialization::{Buffer, IoError, IoResult};
use plonky2::util::timing::TimingTree;

use super::witness::Reading;
use super::*;
use crate::field::to_plonky2;
use crate::poseidon2::{CairnConfig, DigestTarget};

struct Circuit {
    data: CircuitData<GoldilocksField, CairnConfig, 2>,
    key: [Target; 5],
    message: DigestTarget,
    signature: SignatureTarget,
    verdict: BoolTarget,
}

static CIRCUIT: LazyLock<Circuit> = LazyLock::new(Circuit::new);

/// What a signature is checked with.
type Claim = (PublicKey, Digest, Signature);

impl Circuit {
    fn new() -> Self {
        let mut builder = CircuitBuilder::new(CircuitConfig::standard_recursion_config());
        let (key, message) = (builder.add_virtual_target_arr(), builder.add_virtual_target_arr());
        let signature = SignatureTarget::new(&mut builder);
        let verdict = verify_signature(&mut builder, key, message, &signature);
        Self { data: builder.build(), key, message, signature, verdict }
    }

    fn witness(&self, (key, message, signature): &Claim) -> PartialWitness<GoldilocksField> {
        let mut witness = PartialWitness::new();
        witness.set_target_arr(&self.key, &key.0.map(to_plonky2)).unwrap();
        witness.set_target_arr(&self.message, &message.0.map(to_plonky2)).unwrap();
        self.signature.set(&mut witness, signature).unwrap();
        witness
    }

    /// The proven verdict, after `tamper` on the witness; `None` if there is no proof.
    fn verdict(
        &self,
        claim: &Claim,
        tamper: impl FnOnce(&mut PartitionWitness<'_, GoldilocksField>),
    ) -> Option<bool> {
        let CircuitData { prover_only, common, .. } = &self.data;
        catch_unwind(AssertUnwindSafe(|| {
            let mut values = generate_partial_witness(self.witness(claim), prover_only, common)?;
            tamper(&mut values);
            let verdict = values.get_bool_target(self.verdict);
            let timing = &mut TimingTree::default();
            let proof = prove_with_partition_witness(prover_only, common, values, timing)?;
            self.data.verify(proof)?;
            anyhow::Ok(verdict)
        }))
        .ok()?
        .ok()
    }
}

/// Native code and circuit agree; returns what they say.
fn both(claim: &Claim) -> bool {
    let native = verify(&claim.0, &claim.1, &claim.2);
    assert_eq!(CIRCUIT.verdict(claim, |_| ()), Some(native), "{claim:?}");
    native
}

fn message(word: u64) -> Digest {
    hash(Tag::SignedOperation, &[F::new(word)])
}

fn signed(seed: u64) -> Claim {
    let key = SecretKey::from_seed(&seed.to_le_bytes());
    (key.public(), message(seed), key.sign(&message(seed)))
}

fn affine(point: Point) -> Affine {
    point.to_affine().unwrap()
}

fn challenge(commitment: &Affine, key: &PublicKey, message: &Digest) -> [F; 2] {
    let input: Vec<F> = commitment.encode().into_iter().chain(key.0).chain(message.0).collect();
    let digest = hash(Tag::SchnorrChallenge, &input).0;
    [digest[0], digest[1]]
}

fn e_scalar(e: &[F; 2]) -> Scalar {
    let [e0, e1] = e.map(|element| element.as_canonical_u64());
    Scalar::from_limbs([e0, e1, 0, 0, 0]).unwrap()
}

#[test]
fn size() {
    let mut builder = CircuitBuilder::new(CircuitConfig::standard_recursion_config());
    let (key, message) = (builder.add_virtual_target_arr(), builder.add_virtual_target_arr());
    let signature = SignatureTarget::new(&mut builder);
    let before = builder.num_gates();
    verify_signature(&mut builder, key, message, &signature);
    let first = builder.num_gates() - before;
    verify_signature(&mut builder, key, message, &signature);
    let second = builder.num_gates() - before - first;
    assert!(first <= 76 && second <= 72, "{first} rows, then {second}");
}

#[test]
fn valid_and_forged() {
    for seed in 0..3 {
        let claim = signed(seed);
        assert!(both(&claim));
        let (key, message, signature) = claim;
        let other = signed(seed + 100);
        assert!(!both(&(other.0, message, signature)));
        assert!(!both(&(key, other.1, signature)));
        let mut forged = signature;
        forged.s[seed as usize] ^= 1 << 40;
        assert!(!both(&(key, message, forged)));
        let mut forged = signature;
        forged.e[seed as usize % 2] += F::ONE;
        assert!(!both(&(key, message, forged)));
    }
}

#[test]
fn degenerate_scalars() {
    let (key, message, signature) = signed(1);
    let zero = Signature { e: [F::ZERO; 2], s: [0; 5] };
    let signatures = [
        zero,
        Signature { e: [F::ZERO; 2], ..signature },
        Signature { s: [0; 5], ..signature },
        Signature { e: [F::NEG_ONE; 2], s: [u64::MAX; 5] },
        Signature { s: ORDER, ..signature },
    ];
    for signature in signatures {
        assert!(!both(&(key, message, signature)));
    }
}

/// `s + n` gives the same point, so only the range check refuses it; the largest canonical response
/// is fine.
#[test]
fn responses_beyond_the_limit() {
    let (key, message, signature) = signed(2);
    let mut s = [0; 5];
    let mut carry = false;
    for i in 0..5 {
        (s[i], carry) = signature.s[i].carrying_add(ORDER[i], carry);
    }
    assert!(!carry);
    let point = Affine::decode(&key.0).unwrap();
    let e = e_scalar(&signature.e).limbs();
    let e = u128::from(e[0]) | u128::from(e[1]) << 64;
    assert_eq!(combine(&s, e, &point), combine(&signature.s, e, &point));
    assert!(!both(&(key, message, Signature { s, ..signature })));

    // Whoever knows the secret key 1 can choose s: P = G, e = H(..), commitment (s + e) G.
    let key = PublicKey(generator().encode());
    let limit = u64::from(RESPONSE_TOP_LIMIT) << 32;
    for (top, expected) in [(limit - 1, true), (limit, false)] {
        let claim = (0..)
            .map(self::message)
            .find_map(|message| {
                let nonce = Scalar::from_limbs([1, 2, 3, 4, top.min(limit - 1)]).unwrap();
                let e = challenge(&affine(Point::mul(&generator(), &nonce)), &key, &message);
                let s = nonce.sub(&e_scalar(&e)).limbs();
                (s[4] == limit - 1).then_some((key, message, Signature { e, s }))
            })
            .unwrap();
        if expected {
            assert!(both(&claim));
        } else {
            let mut claim = claim;
            claim.2.s[4] = top;
            assert!(!both(&claim));
        }
    }
}

#[test]
fn unusual_keys() {
    let message = message(3);
    let nonce = Scalar::from_limbs([5, 4, 3, 2, 1]).unwrap();
    let commitment = affine(Point::mul(&generator(), &nonce));

    // P = G and P = -G: keys like any other.
    for (point, is_negative) in [(generator(), false), (generator().neg(), true)] {
        let key = PublicKey(point.encode());
        let e = challenge(&commitment, &key, &message);
        let e_scalar = e_scalar(&e);
        let s = if is_negative { nonce.add(&e_scalar) } else { nonce.sub(&e_scalar) };
        assert!(both(&(key, message, Signature { e, s: s.limbs() })));
    }

    // The neutral element would verify with any commitment, as would a key taken for it.
    let undecodable = [
        135036726621282077,
        17283229938160287622,
        13113167081889323961,
        1653240450380825271,
        520025869628727862,
    ];
    for words in [[0; 5], undecodable] {
        let key = PublicKey(words.map(F::new));
        let e = challenge(&commitment, &key, &message);
        assert!(!both(&(key, message, Signature { e, s: nonce.limbs() })));
        // G takes its place in the loop.
        let e = challenge(&commitment, &key, &message);
        let s = nonce.sub(&e_scalar(&e)).limbs();
        assert!(!both(&(key, message, Signature { e, s })));
    }
}

/// Keys made from T and the table collide in the first row that has a digit; whoever proves must
/// still be able to.
#[test]
fn coinciding_operands() {
    let quadruple = affine(Point::from(*start()).double().double());
    let entry = fixed_base_table()[0];
    let keys = [
        quadruple,
        quadruple.neg(),
        affine(Point::from(entry).add(&quadruple.neg())),
        affine(Point::from(entry.neg()).add(&quadruple.neg())),
    ];
    for point in keys {
        let e = [F::ZERO, F::new(1 << 62)];
        let s = [3, 0, 0, 0, 0];
        assert_eq!(combine(&s, 1 << 126, &point), None);
        assert!(!both(&(PublicKey(point.encode()), message(4), Signature { e, s })));
    }
}

/// `R = 0`: the last addition is refused and leaves the negated entry of the table as commitment.
/// For the owner of a key it is easy to make the challenge match that; only the refusal stands
/// against it.
#[test]
fn neutral_commitment_with_a_matching_challenge() {
    let secret = Scalar::from_limbs([1, 2, 3, 4, 5 << 50]).unwrap();
    let key = PublicKey(Point::mul(&generator(), &secret).encode());
    let claim = (0..)
        .map(message)
        .find_map(|message| {
            (0..64).find_map(|index: usize| {
                let e = challenge(&fixed_base_table()[index].neg(), &key, &message);
                let s = Scalar::ZERO.sub(&e_scalar(&e).mul(&secret)).limbs();
                let digit = |limb: usize| (s[limb] & 3) as usize;
                let is_last = digit(0) + 4 * digit(2) + 16 * digit(4) == index;
                is_last.then_some((key, message, Signature { e, s }))
            })
        })
        .unwrap();
    let CircuitData { prover_only, common, .. } = &CIRCUIT.data;
    let values = generate_partial_witness(CIRCUIT.witness(&claim), prover_only, common).unwrap();
    assert!(claim.2.is_canonical());
    assert!(!values.get_bool_target(CIRCUIT.verdict));
    assert!(!both(&claim));
}

/// The verdict is not the prover's to choose.
#[test]
fn the_verdict_cannot_be_flipped() {
    let mut forged = signed(5);
    forged.2.s[0] ^= 1;
    for claim in [signed(5), forged] {
        let circuit = &*CIRCUIT;
        let common = &circuit.data.common;
        let index = circuit.verdict.target.index(common.config.num_wires, common.degree());
        let verdict = circuit.verdict(&claim, |values| {
            let representative = values.representative_map[index];
            let value = values.values[representative].unwrap();
            values.values[representative] = Some(GoldilocksField::ONE - value);
        });
        assert_eq!(verdict, None);
    }
}

/// A [`SignatureGenerator`] that lies.
#[derive(Debug)]
struct Liar {
    honest: SignatureGenerator,
    lie: fn(&mut Reading),
}

impl SimpleGenerator<GoldilocksField, 2> for Liar {
    fn id(&self) -> String {
        "Liar".to_owned()
    }

    fn dependencies(&self) -> Vec<Target> {
        self.honest.dependencies()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> anyhow::Result<()> {
        let mut reading = self.honest.read(witness);
        (self.lie)(&mut reading);
        self.honest.write(&reading, out)
    }

    fn serialize(
        &self,
        _dst: &mut Vec<u8>,
        _common: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        Err(IoError)
    }

    fn deserialize(
        _src: &mut Buffer<'_>,
        _common: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        Err(IoError)
    }
}

#[test]
fn digits_are_those_of_the_signature() {
    let mut circuit = Circuit::new();
    let position = (circuit.data.prover_only.generators.iter())
        .position(|generator| generator.0.id() == "SchnorrSignatureGenerator")
        .unwrap();
    let mut bytes = vec![];
    let common = &circuit.data.common;
    circuit.data.prover_only.generators[position].0.serialize(&mut bytes, common).unwrap();
    let honest = SignatureGenerator::deserialize(&mut Buffer::new(&bytes), common).unwrap();
    let mut verdict = |claim: &Claim, lie: fn(&mut Reading)| {
        let liar = Liar { honest: honest.clone(), lie };
        circuit.data.prover_only.generators[position] = WitnessGeneratorRef::new(liar.adapter());
        circuit.verdict(claim, |_| ())
    };

    let valid = signed(6);
    assert_eq!(verdict(&valid, |_| ()), Some(true));
    // Other digits than the limbs', also where s2 has no limbs.
    assert_eq!(verdict(&valid, |reading| reading.scalars[0] ^= 1), None);
    assert_eq!(verdict(&valid, |reading| reading.scalars[1] ^= 1 << 127), None);
    assert_eq!(verdict(&valid, |reading| reading.scalars[2] ^= 1), None);
    assert_eq!(verdict(&valid, |reading| reading.scalars[3] ^= 1 << 63), None);
    assert_eq!(verdict(&valid, |reading| reading.scalars[3] ^= 1 << 64), None);
    assert_eq!(verdict(&valid, |reading| reading.scalars[3] ^= 1 << 127), None);

    // e0 + p and e1 + p are below 2^64 and congruent to e0 and e1.
    let p = u128::from(F::ORDER_U64);
    let small = Signature { e: [F::new(5), F::new((1 << 32) - 2)], s: [1, 2, 3, 4, 5] };
    let small = (valid.0, valid.1, small);
    assert_eq!(p, (1 << 64) - (1 << 32) + 1);
    assert_eq!(verdict(&small, |_| ()), Some(false));
    let low = |reading: &mut Reading| reading.scalars[0] += u128::from(F::ORDER_U64);
    assert_eq!(verdict(&small, low), None);
    let high = |reading: &mut Reading| reading.scalars[0] += u128::from(F::ORDER_U64) << 64;
    assert_eq!(verdict(&small, high), None);
    // The largest element has the largest high half.
    let large = (valid.0, valid.1, Signature { e: [F::NEG_ONE; 2], ..valid.2 });
    assert_eq!(verdict(&large, |_| ()), Some(false));

    let deny = |reading: &mut Reading| reading.is_canonical ^= true;
    assert_eq!(verdict(&valid, deny), None);
    let mut beyond = valid;
    beyond.2.s[4] |= 1 << 63;
    assert_eq!(verdict(&beyond, |_| ()), Some(false));
    assert_eq!(verdict(&beyond, deny), None);
}
