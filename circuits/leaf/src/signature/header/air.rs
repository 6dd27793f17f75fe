//! The constraints of a signature.

use std::borrow::Borrow;
use std::mem::offset_of;

use cairn_primitives::ecgfp5::{A_THIRD, DOUBLE_ODD_A, FOUR_B};
use cairn_primitives::schnorr::RESPONSE_TOP_LIMIT;
use cairn_primitives::{F, Tag};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};

use super::columns::Signatures;
use crate::bus::{ABSORB, COMBINATION, MULTIPLE, SIGNED, SQUEEZE};
use crate::counter::assert_counter;
use crate::signature::curve::Point;
use crate::signature::quintic::Quintic;
use crate::signature::steps::RESULT;

/// Elements that the challenge is a hash of.
pub(super) const CHALLENGE_INPUTS: usize = 14;

/// A signature a row.
#[derive(Debug, Clone, Copy)]
pub struct SignaturesAir;

impl BaseAir<F> for SignaturesAir {
    fn width(&self) -> usize {
        Signatures::WIDTH
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        vec![offset_of!(Signatures<u8>, number)]
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for SignaturesAir {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row: &Signatures<AB::Var> = main.current_slice().borrow();
        let next: &Signatures<AB::Var> = main.next_slice().borrow();

        assert_counter(builder, row.number, next.number, AB::Expr::ONE);
        builder.assert_bool(row.is_real);
        let asked = Count::bounded(row.is_real.into(), 1);

        let key = decode(builder, row);
        provide_multiples(builder, row, key);
        receive_scalars(builder, row);
        encode_commitment(builder, row);
        hash_challenge(builder, row, asked.clone());
        let refused = refuse(builder, row);
        hear(builder, row, refused, asked);
    }
}

/// Whether the signature is refused: operands have met, or the digest is not the challenge. What is said must
/// be so, either way.
fn refuse<AB: AirBuilder<F = F>>(builder: &mut AB, row: &Signatures<AB::Var>) -> AB::Expr {
    let [low, high] = challenge::<AB>(row);
    let differences = [row.digest[0] - low, row.digest[1] - high];
    let pairs = differences.clone().into_iter().zip(row.difference_inverse);
    let refused = pairs.map(|(d, inverse)| d * inverse).sum::<AB::Expr>() + row.met;
    let accepted = AB::Expr::ONE - refused.clone();
    let [low, high] = differences;
    builder.assert_zeros([low, high, row.met.into()].map(|excuse| accepted.clone() * excuse));
    refused
}

/// Hears who signed what; and if the signature is to be judged, which it is, and the verdict.
fn hear<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Signatures<AB::Var>,
    refused: AB::Expr,
    asked: Count<AB::Expr>,
) {
    let signed = row.key.into_iter().chain(row.message).map(AB::Expr::from);
    let limbs = row.e.into_iter().chain(row.s.into_iter().flatten()).map(AB::Expr::from);
    let limbs = limbs.chain([row.s2_low.into(), s2_high::<AB>(row)]);
    let named = limbs.map(|limb| limb * row.judged);
    let verdict = [row.judged.into(), refused];
    SIGNED.receive(builder, signed.chain(named).chain(verdict), asked);
}

/// The upper limb of s2.
fn s2_high<AB: AirBuilder<F = F>>(row: &Signatures<AB::Var>) -> AB::Expr {
    AB::Expr::from_u32(RESPONSE_TOP_LIMIT - 1) - row.s2_slack.value::<AB::Expr>()
}

/// The elements of the challenge.
fn challenge<AB: AirBuilder<F = F>>(row: &Signatures<AB::Var>) -> [AB::Expr; 2] {
    let [e0_low, e0_high, e1_low, e1_high] = row.e;
    [(e0_low, e0_high), (e1_low, e1_high)]
        .map(|(low, high)| AB::Expr::from(high) * F::from_u64(1 << 32) + low)
}

/// P of the key: `x` is the root of `x^2 - (w^2 - a) x + b` that is a square. There is one exactly
/// if the key is the encoding of a point other than the neutral element: see
/// [`cairn_primitives::ecgfp5::Affine::decode`].
fn decode<AB: AirBuilder<F = F>>(builder: &mut AB, row: &Signatures<AB::Var>) -> Point<AB::Expr> {
    let constant = Quintic::<AB::Expr>::constant;
    let (w, x) = (Quintic::read(&row.key), Quintic::read(&row.x));
    Quintic::read(&row.x_root).square().assert_eq(builder, x.clone());
    let quarter = F::TWO.square().inverse();
    let trace = w.square() - constant(&DOUBLE_ODD_A);
    let product = constant(&FOUR_B).scale(quarter.into());
    (x.square() + product).assert_eq(builder, trace * x.clone());

    let y = (w * x.clone()).scale(AB::Expr::NEG_ONE);
    Point { x: x + constant(&A_THIRD), y }
}

/// Provides P, 2 P, 3 P; the slopes exist, as the order is a prime above 3.
fn provide_multiples<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Signatures<AB::Var>,
    key: Point<AB::Expr>,
) {
    let slope = Quintic::read(&row.double_slope);
    key.assert_tangent(builder, &slope);
    let double = key.sum(&slope, Quintic::read(&row.double_x));
    double.x.clone().assert_eq(builder, key.sum_x(&slope, key.x.clone()));

    let slope = Quintic::read(&row.triple_slope);
    key.along(&slope, double.x.clone()).y.assert_eq(builder, double.y.clone());
    let triple = key.sum(&slope, Quintic::read(&row.triple_x));
    triple.x.clone().assert_eq(builder, key.sum_x(&slope, double.x.clone()));

    for (index, multiple) in [key, double, triple].into_iter().enumerate() {
        let head = [row.number.into(), AB::Expr::from_usize(index + 1)];
        let entry = head.into_iter().chain(multiple.elements());
        MULTIPLE.table_entry(builder, entry, row.multiplicities[index]);
    }
}

/// The limbs that the steps have read are those of the challenge, in its canonical form, and of a
/// canonical response. Each is below `2^32`, having 16 digits of two bits.
fn receive_scalars<AB: InteractionBuilder<F = F>>(builder: &mut AB, row: &Signatures<AB::Var>) {
    // e + p, the other form that fits 64 bits, has the largest high limb and a low limb above 0.
    let max = F::from_u32(u32::MAX);
    for (limbs, inverse) in row.e.as_chunks::<2>().0.iter().zip(row.below_max) {
        let [low, high] = *limbs;
        let is_max = AB::Expr::ONE - (high - max) * inverse;
        builder.assert_zero(is_max * low);
    }

    row.s2_slack.check(builder, 1);
    let s2 = [row.s2_low.into(), s2_high::<AB>(row), AB::Expr::ZERO, AB::Expr::ZERO];
    for (limb, s2) in s2.into_iter().enumerate() {
        let mut message = [const { AB::Expr::ZERO }; 13];
        [message[0], message[1]] = [row.number.into(), AB::Expr::from_usize(limb)];
        let [s0, s1] = row.s.map(|limbs| limbs[limb].into());
        [message[2], message[3], message[4], message[5]] = [row.e[limb].into(), s0, s1, s2];
        COMBINATION.receive(builder, message, 1);
    }
}

/// The encoding `w = Y / (a/3 - X)` of R. X is never a/3 in the group, nor is the slope of a
/// tangent zero, so that X and slope determine Y, and Y the encoding.
fn encode_commitment<AB: InteractionBuilder<F = F>>(builder: &mut AB, row: &Signatures<AB::Var>) {
    let head = [row.number.into(), AB::Expr::from(RESULT)];
    let point = row.commitment_x.into_iter().chain(row.commitment_slope);
    let result = point.chain([row.met]).map(AB::Expr::from);
    COMBINATION.receive(builder, head.into_iter().chain(result), 1);

    let x = Quintic::read(&row.commitment_x);
    let run = Quintic::<AB::Expr>::constant(&A_THIRD) - x.clone();
    let y = Quintic::read(&row.encoding) * run;
    Point { x, y }.assert_tangent(builder, &Quintic::read(&row.commitment_slope));
}

/// The digest is `hash(SCHNORR_CHALLENGE, R || key || message)`.
fn hash_challenge<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Signatures<AB::Var>,
    asked: Count<AB::Expr>,
) {
    let capacity = [Tag::SchnorrChallenge as usize, CHALLENGE_INPUTS, 0, 0];
    let capacity = capacity.map(AB::Expr::from_usize);
    let columns = |slice: &[AB::Var]| slice.iter().map(|&c| c.into()).collect::<Vec<AB::Expr>>();
    let (first_half, second_half) = row.key.split_at(3);
    let after = columns(&row.capacity);
    let first =
        [columns(&row.encoding), columns(first_half), capacity.into(), after.clone()].concat();
    ABSORB.lookup_key(builder, first, asked.clone());

    let padding = vec![AB::Expr::ZERO; 2];
    let second = [
        columns(second_half),
        columns(&row.message),
        padding,
        after,
        columns(&row.digest),
        columns(&row.digest_rest),
    ];
    SQUEEZE.lookup_key(builder, second.concat(), asked);
}
