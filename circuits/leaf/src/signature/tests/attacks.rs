//! Provers that do not fill the tables as they should.

use cairn_primitives::ecgfp5::{A_THIRD, DOUBLE_ODD_A, Quintic, generator, sqrt};
use cairn_primitives::schnorr::{PublicKey, Signature, start};
use p3_field::PrimeField64;

use super::*;
use crate::signature::lines::{Line, slopes, sum};
use crate::signature::quintic::coefficients;
use crate::signature::steps::ROWS_OF_LIMB;

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

/// Digits that are not those of the limbs: each limb of e and of s, above all the two of s2 that
/// must be zero.
#[test]
fn other_digits() {
    for limb in 0..4 {
        let forge = |tamper: fn(&mut Scalars, u32)| {
            Tables::forge(&[signed(0)], |loops| tamper(&mut loops[0].0, 32 * limb)).claim_digests()
        };
        let e = forge(|scalars, shift| scalars.e ^= 1 << shift);
        let s2 = forge(|scalars, shift| scalars.s[2] ^= 1 << shift);
        let top = forge(|scalars, shift| scalars.s[2] ^= 1 << (shift + 31));
        let s0 = forge(|scalars, shift| scalars.s[0] ^= 1 << shift);
        let s1 = forge(|scalars, shift| scalars.s[1] ^= 1 << shift);
        for tables in [e, s0, s1, s2, top] {
            assert_eq!(tables.violations(), NO_VIOLATION);
            let messages = tables.messages();
            assert!(is_unbalanced(&messages, "combination"));
            assert!(!is_unbalanced(&messages, "fixed-base"));
        }
    }
}

/// Where nobody judges, any response is one: another changes the commitment, and so the digest. Where somebody does,
/// it is the one that was named.
#[test]
fn another_response() {
    for judged in [false, true] {
        let claim = SignedMessage { judged, ..signed(0) };
        let mut other = claim;
        other.signature.s[2] ^= 1;
        let tables = Tables::fill(1, &[other]);
        assert!(!tables.accept(&[claim]));
        assert!(!tables.judge(&claim, true));
        assert_eq!(tables.judge(&other, true), judged);
        assert!(!is_unbalanced(&tables.messages(), "combination"));
    }
}

/// A digit of s0 taken for four less and one of s1 for one more: their sum is the same, the response that is named is not.
/// So would a valid signature be refused.
#[test]
fn digits_beyond_their_range() {
    let claim = SignedMessage { judged: true, ..signed(0) };
    let mut other = claim;
    other.signature.s[0] += 4;
    other.signature.s[2] -= 1;
    let mut tables = Tables::fill(1, &[other]);
    let mut place = F::ONE;
    for row in (ROWS - ROWS_OF_LIMB..ROWS).rev() {
        let step = tables.step(row);
        step.s[0] -= place * F::from_u8(4);
        step.s[1] += place;
        place = place.halve().halve();
    }
    let row = tables.signature(0);
    row.s[0][0] -= F::from_u8(4);
    row.s[1][0] += F::ONE;
    assert_eq!(tables.violations(), NO_VIOLATION);
    let messages = tables.messages();
    assert!(!is_unbalanced(&messages, "combination"));
    assert!(is_unbalanced(&messages, "fixed-base"));
    assert!(!tables.judge(&claim, true));
}

/// A verdict that is not so, with each hint.
#[test]
fn a_wrong_verdict() {
    let valid = SignedMessage { judged: true, ..signed(0) };
    let mut invalid = valid;
    invalid.signature.s[0] ^= 1;
    for (claim, refused) in [(valid, true), (invalid, false)] {
        let mut tables = Tables::fill(1, &[claim]);
        assert!(tables.judge(&claim, !refused));
        let row = tables.signature(0);
        let hints = [F::ZERO, F::ONE, F::NEG_ONE, row.difference_inverse[0]];
        let digests = [
            row.digest,
            std::array::from_fn(|i| row.e[2 * i] + row.e[2 * i + 1] * F::from_u64(1 << 32)),
        ];
        for digest in digests {
            for met in [F::ZERO, F::ONE] {
                for first in hints {
                    for second in hints {
                        let row = tables.signature(0);
                        row.digest = digest;
                        row.met = met;
                        row.difference_inverse = [first, second];
                        assert!(!tables.judge(&claim, refused));
                    }
                }
            }
        }
    }
}

/// Operands that do not meet, said to meet in any row: the product of the differences stands against it.
#[test]
fn meeting_where_nothing_meets() {
    let claim = SignedMessage { judged: true, ..signed(0) };
    for row in [0, 7, ROWS - 1] {
        for (first, place) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
            let mut tables = Tables::fill(1, &[claim]);
            for later in row..ROWS {
                let step = tables.step(later);
                step.met = F::from_bool(later > row);
                if later == row {
                    let flags =
                        if first { &mut step.meets_multiple } else { &mut step.meets_entry };
                    flags[place] = F::ONE;
                    step.distinct = [F::ZERO; 5];
                }
            }
            tables.signature(0).met = F::ONE;
            tables.signature(0).difference_inverse = [F::ZERO; 2];
            let violations = tables.steps.violations();
            assert!(
                !violations.is_empty() && violations.iter().all(|&(violated, _)| violated == row)
            );
            assert!(!tables.judge(&claim, true));
        }
    }
}

/// In a row that adds no multiple, its X is free: it must not meet anything.
#[test]
fn meeting_a_multiple_that_is_not_there() {
    let mut claim = SignedMessage { judged: true, ..signed(0) };
    claim.signature.e[1] = F::from_u64(claim.signature.e[1].as_canonical_u64() >> 2);
    let mut tables = Tables::fill(1, &[claim]);
    assert!(tables.judge(&claim, true));
    assert_eq!(tables.step(0).skip, F::ONE);
    let step = tables.step(0);
    step.multiple_x = step.start_x;
    step.meets_multiple = [F::ONE, F::ZERO];
    step.distinct = [F::ZERO; 5];
    (1..ROWS).for_each(|row| tables.step(row).met = F::ONE);
    tables.signature(0).met = F::ONE;
    tables.signature(0).difference_inverse = [F::ZERO; 2];
    assert!(tables.steps.violations().iter().all(|(row, _)| *row == 0));
    assert!(!tables.judge(&claim, true));
}

/// The response's top limb is at the limit: its distance to the largest canonical one is negative,
/// which no two limbs in range are.
#[test]
fn a_response_beyond_the_limit() {
    let mut claim = signed(0);
    claim.signature.s[4] = 0x7fff_fffd << 32;
    let mut tables = Tables::fill(1, &[claim]).claim_digests();
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
        let tables = Tables::forge(&[claim], |loops| loops[0].0.e += p << shift);
        let mut tables = tables.claim_digests();
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
    assert_eq!(Tables::fill(1, &[claim]).claim_digests().violations(), NO_VIOLATION);
}

/// A loop with the multiples of the other key, and loops that have changed places.
#[test]
fn multiples_of_another_key() {
    let signatures = [signed(0), signed(1)];
    let tables = Tables::forge(&signatures, |loops| loops[0].1 = loops[1].1).claim_digests();
    assert_eq!(tables.violations(), NO_VIOLATION);
    assert!(is_unbalanced(&tables.messages(), "multiple"));
    let tables = Tables::forge(&signatures, |loops| loops.swap(0, 1)).claim_digests();
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
    let claim = SignedMessage { key, message: signed(0).message, signature, judged: true };
    let mut tables = Tables::fill(1, &[claim]);
    assert!(tables.judge(&claim, true));
    assert!(!tables.judge(&claim, false));
    // Unsaid, in the row and after it.
    tables.step(0).meets_multiple = [F::ZERO; 2];
    (0..ROWS).for_each(|row| tables.step(row).met = F::ZERO);
    tables.signature(0).met = F::ZERO;
    assert_eq!(tables.steps.violations().len(), 1);
    for distinct in [F::ZERO, F::ONE, F::NEG_ONE] {
        tables.step(0).distinct = [F::TWO, distinct, distinct, F::ONE, distinct];
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
