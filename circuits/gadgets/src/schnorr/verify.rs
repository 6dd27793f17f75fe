//! Verification of a signature: the constraints.

use cairn_primitives::Tag;
use cairn_primitives::ecgfp5::{A_THIRD, Affine};
use cairn_primitives::schnorr::{RESPONSE_TOP_LIMIT, ROWS, Signature, start};
use p3_field::BasedVectorSpace;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::witness::WitnessWrite;
use plonky2::plonk::circuit_builder::CircuitBuilder;

use super::witness::{EncodingGenerator, SignatureGenerator};
use crate::arithmetic::{all, are_equal, assert_bits};
use crate::ecgfp5::{KeyGate, StepGate, point_elements};
use crate::field::to_plonky2;
use crate::poseidon2::{DigestTarget, hash};

type Builder = CircuitBuilder<GoldilocksField, 2>;

/// Rows that make up a limb: 32 bits, two a row.
const ROWS_OF_LIMB: usize = 16;

/// A signature: the challenge, and the response as little-endian 32-bit limbs.
#[derive(Clone, Copy, Debug)]
pub struct SignatureTarget {
    /// The challenge.
    pub e: [Target; 2],
    /// The response.
    pub s: [Target; 10],
}

impl SignatureTarget {
    /// Targets for a signature.
    pub fn new(builder: &mut Builder) -> Self {
        Self { e: builder.add_virtual_target_arr(), s: builder.add_virtual_target_arr() }
    }

    /// Fills the targets.
    ///
    /// # Errors
    /// If a target has another value already.
    pub fn set(
        &self,
        witness: &mut impl WitnessWrite<GoldilocksField>,
        signature: &Signature,
    ) -> anyhow::Result<()> {
        witness.set_target_arr(&self.e, &signature.e.map(to_plonky2))?;
        let limbs = signature.s.iter().flat_map(|limb| [limb & u64::from(u32::MAX), limb >> 32]);
        self.s.iter().zip(limbs).try_for_each(|(&target, limb)| {
            witness.set_target(target, GoldilocksField::from_canonical_u64(limb))
        })
    }
}

/// Whether `signature` is one of the digest `message` under `key`: a proven bit, equal to
/// `cairn_primitives::schnorr::verify` for all values, whatever the prover does. About 70 rows.
///
/// The limbs of `s` are constrained to 32 bits; other values cannot be proven. Apart from that, any
/// key, message and signature can.
pub fn verify_signature(
    builder: &mut Builder,
    key: [Target; 5],
    message: DigestTarget,
    signature: &SignatureTarget,
) -> BoolTarget {
    let (multiples, key_is_valid) = decode_key(builder, key);
    let is_canonical = builder.add_virtual_bool_target_unsafe();
    constrain_canonical(builder, signature.s[9], is_canonical);
    let commitment = combine(builder, &multiples, signature);
    builder.add_simple_generator(SignatureGenerator {
        rows: commitment.rows,
        is_canonical,
        signature: *signature,
    });
    let encoding = encode(builder, &commitment.point);

    let input: Vec<Target> = encoding.into_iter().chain(key).chain(message).collect();
    let challenge = hash(builder, Tag::SchnorrChallenge, &input);
    let challenge_matches = are_equal(builder, &challenge[..2], &signature.e);

    let not_refused = builder.not(commitment.refused);
    all(builder, &[key_is_valid, is_canonical, not_refused, challenge_matches])
}

/// P, 2 P, 3 P of the key and whether it encodes a point.
fn decode_key(builder: &mut Builder, key: [Target; 5]) -> ([Target; 30], BoolTarget) {
    let row = builder.add_gate(KeyGate, vec![]);
    for (i, element) in key.into_iter().enumerate() {
        builder.connect(element, Target::wire(row, KeyGate::WIRE_ENCODING + i));
    }
    let multiples = std::array::from_fn(|i| Target::wire(row, KeyGate::WIRE_MULTIPLES + i));
    // The gate makes it a bit.
    (multiples, BoolTarget::new_unsafe(Target::wire(row, KeyGate::WIRE_VALID)))
}

/// The outcome of the loop.
struct Commitment {
    /// `s G + e P`, if it was not refused.
    point: [Target; 10],
    /// Whether the operands of an addition coincided up to sign.
    refused: BoolTarget,
    /// The rows, whose digits are for a generator to fill.
    rows: Vec<usize>,
}

/// The loop of `cairn_primitives::schnorr::combine`.
///
/// 16 rows read the digits of one 32-bit limb of each scalar, top limbs first: e has the limbs of
/// e1 and e0, s0 and s1 have four limbs of s each; s2 has the top two limbs, below two that are
/// zero.
fn combine(
    builder: &mut Builder,
    multiples: &[Target; 30],
    signature: &SignatureTarget,
) -> Commitment {
    let zero = builder.zero();
    let mut acc = constants(builder, start());
    let mut refused = zero;
    let mut rows = Vec::with_capacity(ROWS);
    let mut e_limbs = Vec::with_capacity(4);
    let s = &signature.s;

    for limb in (0..ROWS / ROWS_OF_LIMB).rev() {
        let mut limbs = [zero; StepGate::SCALARS];
        for _ in 0..ROWS_OF_LIMB {
            let row = builder.add_gate(StepGate, vec![]);
            let wires = |start: usize| move |i: usize| Target::wire(row, start + i);
            let mut connect = |targets: &[Target], start: usize| {
                for (i, &target) in targets.iter().enumerate() {
                    builder.connect(target, Target::wire(row, start + i));
                }
            };
            connect(&acc, StepGate::WIRE_ACCUMULATOR);
            connect(multiples, StepGate::WIRE_MULTIPLES);
            connect(&limbs, StepGate::WIRE_LIMBS_IN);
            connect(&[refused], StepGate::WIRE_REFUSED_IN);
            acc = std::array::from_fn(wires(StepGate::WIRE_OUTPUT));
            limbs = std::array::from_fn(wires(StepGate::WIRE_LIMBS_OUT));
            refused = Target::wire(row, StepGate::WIRE_REFUSED_OUT);
            rows.push(row);
        }
        let [e, s0, s1, s2] = limbs;
        e_limbs.push(e);
        builder.connect(s0, s[limb]);
        builder.connect(s1, s[4 + limb]);
        builder.connect(s2, s.get(8 + limb).copied().unwrap_or(zero));
    }
    for (halves, element) in e_limbs.chunks(2).zip([signature.e[1], signature.e[0]]) {
        assert_halves(builder, halves[0], halves[1], element);
    }
    Commitment { point: acc, refused: BoolTarget::new_unsafe(refused), rows }
}

/// Asserts that `high` and `low` are the halves of the canonical representative of `element`.
///
/// Trust: both are below 2^32. The other representative, `element + p`, has `high = 2^32 - 1` and
/// `low > 0`.
fn assert_halves(builder: &mut Builder, high: Target, low: Target, element: Target) {
    let radix = GoldilocksField::from_canonical_u64(1 << 32);
    let sum = builder.mul_const_add(radix, high, low);
    builder.connect(sum, element);
    let max = builder.constant(GoldilocksField::from_canonical_u32(u32::MAX));
    let is_max = builder.is_equal(high, max);
    let product = builder.mul(is_max.target, low);
    builder.assert_zero(product);
}

/// The encoding `w = Y / (a/3 - X)` of a point of the group; X is never a/3 there.
fn encode(builder: &mut Builder, point: &[Target; 10]) -> [Target; 5] {
    let (x, y) = point.split_at(5);
    let third: &[cairn_primitives::F] = A_THIRD.as_basis_coefficients_slice();
    let mut run: [Target; 5] = std::array::from_fn(|i| builder.neg(x[i]));
    run[0] = builder.add_const(run[0], to_plonky2(third[0]));
    let w = builder.add_virtual_target_arr();
    builder.add_simple_generator(EncodingGenerator { point: *point, encoding: w });
    for k in 0..5 {
        let mut low = builder.mul(w[0], run[k]);
        for i in 1..=k {
            low = builder.mul_add(w[i], run[k - i], low);
        }
        let mut high = builder.zero();
        for i in k + 1..5 {
            high = builder.mul_add(w[i], run[k + 5 - i], high);
        }
        let product = builder.mul_const_add(GoldilocksField::from_canonical_u64(3), high, low);
        builder.connect(product, y[k]);
    }
    w
}

/// Whether the response is canonical: its top limb `x` is below the limit.
///
/// One of `limit - 1 - x` and `x - limit` is not negative; the bit says which, and a range check
/// that it is.
///
/// Trust: `x` is below 2^32. `is_canonical` is a free target.
fn constrain_canonical(builder: &mut Builder, x: Target, is_canonical: BoolTarget) {
    builder.assert_bool(is_canonical);
    let limit = i64::from(RESPONSE_TOP_LIMIT);
    let mut constant = |value: i64| builder.constant(GoldilocksField::from_noncanonical_i64(value));
    let (last, minus_limit) = (constant(limit - 1), constant(-limit));
    let below = builder.sub(last, x);
    let above = builder.add(x, minus_limit);
    let distance = builder.select(is_canonical, below, above);
    assert_bits(builder, distance, 32);
}

fn constants(builder: &mut Builder, point: &Affine) -> [Target; 10] {
    point_elements(point).map(|element| builder.constant(element))
}
