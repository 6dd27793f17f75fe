//! How the rows of signatures are filled.

use std::borrow::BorrowMut;

use cairn_primitives::ecgfp5::{A_THIRD, Affine, Quintic, generator, sqrt};
use cairn_primitives::poseidon2::permute12_scalar;
use cairn_primitives::schnorr::RESPONSE_TOP_LIMIT;
use cairn_primitives::{F, Tag};
use p3_field::{Field, PrimeCharacteristicRing};

use super::air::CHALLENGE_INPUTS;
use super::columns::Signatures;
use crate::requests::{Requests, SignedMessage, SpongeRequest};
use crate::signature::lines::{Line, inverses, slopes, sum};
use crate::signature::quintic::coefficients;
use crate::signature::steps::trace::{Outcome, Scalars};

/// Fills the columns of the keys, one a row, and returns P, 2 P and 3 P.
///
/// A key that encodes no point gets the generator's columns, which cannot be proven.
pub(in crate::signature) fn fill_keys(
    messages: &[SignedMessage],
    rows: &mut [F],
) -> Vec<[Affine; 3]> {
    let points = messages.iter().map(|message| Affine::decode(&message.key.0));
    let points: Vec<_> = points.map(|point| point.unwrap_or_else(generator)).collect();
    let tangents = slopes(points.iter().map(Line::tangent));
    let doubles = points.iter().zip(&tangents).map(|(point, slope)| sum(point, &point.x, slope));
    let doubles: Vec<_> = doubles.collect();
    let chords = slopes(points.iter().zip(&doubles).map(|(p, double)| Line::chord(p, double)));

    let mut multiples = Vec::with_capacity(points.len());
    for (i, row) in rows.chunks_exact_mut(Signatures::WIDTH).enumerate() {
        let row: &mut Signatures<F> = row.borrow_mut();
        let (point, double) = (points[i], doubles[i]);
        let triple = sum(&point, &double.x, &chords[i]);
        let x = point.x - A_THIRD;
        row.key = messages[i].key.0;
        row.message = messages[i].message.0;
        row.x = coefficients(&x);
        row.x_root = coefficients(&sqrt(&x).unwrap_or(Quintic::ZERO));
        row.double_slope = coefficients(&tangents[i]);
        row.double_x = coefficients(&double.x);
        row.triple_slope = coefficients(&chords[i]);
        row.triple_x = coefficients(&triple.x);
        multiples.push([point, double, triple]);
    }
    multiples
}

/// Fills the columns of the scalars and of what the loops made of them, and returns the
/// permutations of the challenges' hashes.
pub(in crate::signature) fn fill_outcomes(
    loops: &[(Scalars, [Affine; 3])],
    outcomes: &[Outcome],
    rows: &mut [F],
) -> Vec<SpongeRequest> {
    let runs = outcomes.iter().map(|outcome| A_THIRD - outcome.commitment.x).collect();
    let encodings = inverses(runs).into_iter().zip(outcomes);
    let encodings = encodings.map(|(inverse, outcome)| outcome.commitment.y * inverse);

    let mut sponge = Vec::with_capacity(2 * loops.len());
    let rows = rows.chunks_exact_mut(Signatures::WIDTH);
    for (((row, (scalars, _)), outcome), encoding) in rows.zip(loops).zip(outcomes).zip(encodings) {
        let row: &mut Signatures<F> = row.borrow_mut();
        row.is_real = F::ONE;
        row.multiplicities = outcome.multiplicities.map(F::from_u32);
        fill_scalars(row, scalars);
        row.met = F::from_bool(outcome.met);
        row.commitment_x = coefficients(&outcome.commitment.x);
        row.commitment_slope = coefficients(&outcome.slope);
        row.encoding = coefficients(&encoding);
        sponge.extend(fill_hash(row));
    }
    sponge
}

fn fill_scalars(row: &mut Signatures<F>, scalars: &Scalars) {
    let limb = |scalar: u128, index: usize| F::from_u32((scalar >> (32 * index)) as u32);
    row.e = std::array::from_fn(|index| limb(scalars.e, index));
    let differences = [row.e[1], row.e[3]].map(|high| high - F::from_u32(u32::MAX));
    row.below_max.copy_from_slice(&inverses(differences.into()));
    let [s0, s1, s2] = scalars.s;
    row.s = [s0, s1].map(|scalar| std::array::from_fn(|index| limb(scalar, index)));
    row.s2_low = limb(s2, 0);
}

/// Fills how far the response is below the largest canonical one, in its top 32 bits, and asks the
/// range table for the limbs of that. Wraps if the response is not canonical.
pub(in crate::signature) fn fill_slack(row: &mut [F], scalars: &Scalars, requests: &mut Requests) {
    let row: &mut Signatures<F> = row.borrow_mut();
    let top = (scalars.s[2] >> 32) as u32;
    let slack = (RESPONSE_TOP_LIMIT - 1).wrapping_sub(top);
    row.s2_slack.fill(u64::from(slack), requests);
}

/// Writes that a signature is judged, and if it is to be refused, why.
pub(in crate::signature) fn judge(row: &mut [F]) {
    let row: &mut Signatures<F> = row.borrow_mut();
    row.judged = F::ONE;
    let element = |low: F, high: F| low + high * F::from_u64(1 << 32);
    let [e0, e1, e2, e3] = row.e;
    let [first, second] = [row.digest[0] - element(e0, e1), row.digest[1] - element(e2, e3)];
    if row.met == F::ZERO {
        row.difference_inverse = match first.try_inverse() {
            Some(inverse) => [inverse, F::ZERO],
            None => [F::ZERO, second.try_inverse().unwrap_or(F::ZERO)],
        };
    }
}

/// The two permutations of the challenge's hash.
fn fill_hash(row: &mut Signatures<F>) -> [SpongeRequest; 2] {
    let mut state = [F::ZERO; 12];
    let (first_half, second_half) = row.key.split_at(3);
    state[..5].copy_from_slice(&row.encoding);
    state[5..8].copy_from_slice(first_half);
    state[8] = F::from_u64(Tag::SchnorrChallenge as u64);
    state[9] = F::from_usize(CHALLENGE_INPUTS);
    let absorb = SpongeRequest::Absorb(state);

    permute12_scalar(&mut state);
    row.capacity.copy_from_slice(&state[8..]);
    state[..2].copy_from_slice(second_half);
    state[2..6].copy_from_slice(&row.message);
    state[6..8].fill(F::ZERO);
    let squeeze = SpongeRequest::Squeeze(state);

    permute12_scalar(&mut state);
    row.digest.copy_from_slice(&state[..2]);
    row.digest_rest.copy_from_slice(&state[2..4]);
    [absorb, squeeze]
}
