//! Provers that do not fill the tables as they should.

use cairn_primitives::ecgfp5::{A_THIRD, DOUBLE_ODD_A, Quintic, generator, sqrt};
use cairn_primitives::schnorr::{PublicKey, Signature, start};
use p3_field::PrimeField64;

use super::*;
use crate::signature::lines::{Line, slopes, sum};
use crate::signature::quintic::coefficients;

const NO_VIOLATION: [Vec<usize>; 2] = [vec![], vec![]];

/// Whether what is said on the bus does not cancel.
fn is_unbalanced(messages: &Messages, bus: &str) -> bool {
    messages.outside(bus, |_| false)
}

#[test]
fn the_forger_can_be_honest() {
    let signatures = [signed(0), signed(1)];
    assert!(Tables::forge(&signatures, |_| ()).accept(&signatures));
}

/// Digits that are not those of the limbs: each limb of e, and each of s2, above all the two that
/// must be zero.
#[test]
fn other_digits() {
    for limb in 0..4 {
        let forge = |tamper: fn(&mut Scalars, u32)| {
            Tables::forge(&[signed(0)], |loops| tamper(&mut loops[0].0, 32 * limb))
        };
        let e = forge(|scalars, shift| scalars.e ^= 1 << shift);
        let s2 = forge(|scalars, shift| scalars.s[2] ^= 1 << shift);
        let top = forge(|scalars, shift| scalars.s[2] ^= 1 << (shift + 31));
        for tables in [e, s2, top] {
            assert_eq!(tables.violations(), NO_VIOLATION);
            let messages = tables.messages();
            assert!(is_unbalanced(&messages, "combination"));
            assert!(!is_unbalanced(&messages, "fixed-base"));
        }
    }
}

/// The digits of s0 and s1 are the prover's to choose; they change the commitment, and so the
/// hash that is asked for.
#[test]
fn another_response() {
    let tables = Tables::forge(&[signed(0)], |loops| loops[0].0.s[1] ^= 1);
    assert_eq!(tables.violations(), NO_VIOLATION);
    assert!(!is_unbalanced(&tables.messages(), "combination"));
    assert!(!tables.accept(&[signed(0)]));
}

/// The response's top limb is at the limit: its distance to the largest canonical one is negative,
/// which no two limbs in range are.
#[test]
fn a_response_beyond_the_limit() {
    let mut claim = signed(0);
    claim.signature.s[4] = 0x7fff_fffd << 32;
    let mut tables = Tables::fill(1, &[claim]);
    assert!(is_unbalanced(&tables.messages(), "combination"));
    tables.signature(0).s2_slack.0 = [F::NEG_ONE, F::ZERO];
    assert_eq!(tables.violations(), NO_VIOLATION);
    let messages = tables.messages();
    assert!(!is_unbalanced(&messages, "combination"));
    assert!(messages.outside("range", |fields| fields[0] < 1 << 16));
}

/// `e0 + p` and `e1 + p`, as digits and as limbs: congruent to e0 and e1.
#[test]
fn a_challenge_that_is_not_reduced() {
    let p = u128::from(F::ORDER_U64);
    let mut claim = signed(0);
    claim.signature.e = [F::new(5), F::new((1 << 32) - 2)];
    for (element, shift) in [(0, 0), (1, 64)] {
        let mut tables = Tables::forge(&[claim], |loops| loops[0].0.e += p << shift);
        let e = (Scalars::new(&claim.signature).e + (p << shift)) >> shift;
        let row = tables.signature(0);
        row.e[2 * element] = F::from_u32(e as u32);
        row.e[2 * element + 1] = F::from_u32((e >> 32) as u32);
        assert_eq!(row.e[2 * element + 1], F::from_u32(u32::MAX));
        for inverse in [F::ZERO, F::ONE, F::NEG_ONE] {
            tables.signature(0).below_max[element] = inverse;
            let [signatures, steps] = tables.violations();
            assert_eq!((signatures.len(), steps.len()), (1, 0));
            assert!(!is_unbalanced(&tables.messages(), "combination"));
        }
    }
    // The largest element has the largest high limb.
    claim.signature.e = [F::NEG_ONE; 2];
    assert_eq!(Tables::fill(1, &[claim]).violations(), NO_VIOLATION);
}

/// A loop with the multiples of the other key, and loops that have changed places.
#[test]
fn multiples_of_another_key() {
    let signatures = [signed(0), signed(1)];
    let tables = Tables::forge(&signatures, |loops| loops[0].1 = loops[1].1);
    assert_eq!(tables.violations(), NO_VIOLATION);
    assert!(is_unbalanced(&tables.messages(), "multiple"));
    let tables = Tables::forge(&signatures, |loops| loops.swap(0, 1));
    assert_eq!(tables.violations(), NO_VIOLATION);
    let messages = tables.messages();
    assert!(["multiple", "combination"].iter().all(|bus| is_unbalanced(&messages, bus)));
}

/// Both signatures under one number: there is no such row.
#[test]
fn one_loop_for_two_signatures() {
    let signatures = [signed(0), signed(0)];
    let mut tables = Tables::fill(2, &signatures);
    let width = Steps::<u8>::WIDTH;
    tables.steps.trace.values.truncate(ROWS * width);
    let steps = tables.steps.trace.clone();
    tables.steps = Table::new(StepsAir, steps, vec![]);
    assert_eq!(tables.violations(), NO_VIOLATION);
    assert!(is_unbalanced(&tables.messages(), "combination"));
}

/// The point of the other root is on the curve, but in no group: only its root is missing.
#[test]
fn the_wrong_root() {
    let claim = signed(0);
    let mut tables = Tables::fill(1, &[claim]);
    let w = Quintic::new(claim.key.0);
    let x = Affine::decode(&claim.key.0).unwrap().x - A_THIRD;
    let other = w.square() - DOUBLE_ODD_A - x;
    assert_eq!(sqrt(&other), None);

    let point = Affine { x: other + A_THIRD, y: -(w * other) };
    let tangent = slopes([Line::tangent(&point)].into_iter())[0];
    let double = sum(&point, &point.x, &tangent);
    let chord = slopes([Line::chord(&point, &double)].into_iter())[0];
    let row = tables.signature(0);
    row.x = coefficients(&other);
    row.double_slope = coefficients(&tangent);
    row.double_x = coefficients(&double.x);
    row.triple_slope = coefficients(&chord);
    row.triple_x = coefficients(&sum(&point, &double.x, &chord).x);
    // The first five constraints after those of number and is_real.
    let [signatures, steps] = tables.violations();
    assert!(!signatures.is_empty() && signatures.iter().all(|c| (3..8).contains(c)));
    assert_eq!(steps, []);
}

/// A key that encodes no point, or the neutral element: the quadratic has no root.
#[test]
fn keys_that_do_not_decode() {
    let is_root = |w: &Quintic, x: &Quintic| {
        let b = cairn_primitives::ecgfp5::FOUR_B.halve().halve();
        x.square() - (w.square() - DOUBLE_ODD_A) * *x + b == Quintic::ZERO
    };
    let key = signed(0).key;
    let x = Affine::decode(&key.0).unwrap().x - A_THIRD;
    assert!(is_root(&Quintic::new(key.0), &x));
    for w in [Quintic::ZERO, Quintic::from_u64(2), Quintic::from_u64(3)] {
        let e = w.square() - DOUBLE_ODD_A;
        let discriminant = e.square() - cairn_primitives::ecgfp5::FOUR_B;
        let mut claim = signed(0);
        claim.key = PublicKey(coefficients(&w));
        let decodes = Affine::decode(&claim.key.0).is_some();
        assert_eq!(decodes, sqrt(&discriminant).is_some());
        let [signatures, _] = Tables::fill(1, &[claim]).violations();
        assert_eq!(decodes, signatures.is_empty(), "{w:?}");
    }
}

/// The first multiple is the start itself: any line goes through both. Whatever slope the prover
/// takes, it is only the proof of different X that stands against it.
#[test]
fn a_line_of_any_slope() {
    let quadruple = affine(Jacobian::from(*start()).double().double());
    let key = PublicKey(quadruple.encode());
    let signature = Signature { e: [F::ZERO, F::new(1 << 62)], s: [3, 0, 0, 0, 0] };
    let claim = SignedMessage { key, message: signed(0).message, signature };
    let mut tables = Tables::fill(1, &[claim]);
    let [signatures, steps] = tables.violations();
    assert_eq!((signatures.len(), steps.len()), (0, 1));
    assert_eq!(tables.steps.violations().len(), 1);
    for distinct in [[F::ZERO; 2], [F::ONE; 2], [F::NEG_ONE, F::TWO]] {
        tables.step(0).distinct = distinct;
        assert_eq!(tables.steps.violations().len(), 1);
    }
}

/// Every signature starts at 4 T; an entry is one of the table.
#[test]
fn other_constants() {
    let other = generator();
    for row in [0, ROWS] {
        let mut tables = Tables::fill(2, &[signed(0), signed(1)]);
        let step = tables.step(row);
        step.start_x = coefficients(&other.x);
        step.start_y = coefficients(&other.y);
        let before = (row + 2 * ROWS - 1) % (2 * ROWS);
        assert!(tables.steps.violations().iter().any(|(row, _)| *row == before));
    }
    let mut tables = Tables::fill(1, &[signed(0)]);
    tables.step(5).entry_x = coefficients(&other.x);
    assert!(is_unbalanced(&tables.messages(), "fixed-base"));
}

/// A digit that is left out, and a multiple where there is none.
#[test]
fn skipping() {
    let mut tables = Tables::fill(1, &[signed(0)]);
    for row in 0..ROWS {
        let step = tables.step(row);
        let was_skipped = step.skip;
        step.skip = F::ONE - was_skipped;
        let violated = tables.steps.violations().iter().any(|(violated, _)| *violated == row);
        let asked = is_unbalanced(&tables.messages(), "multiple");
        assert!(if was_skipped == F::ONE { asked } else { violated });
        tables.step(row).skip = was_skipped;
    }
    assert_eq!(tables.violations(), NO_VIOLATION);
}
