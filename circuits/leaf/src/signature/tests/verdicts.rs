//! The tables accept what native code accepts.

use cairn_primitives::Digest;
use cairn_primitives::ecgfp5::{
    A, A_THIRD, B, ORDER, Point as Jacobian, Quintic, Scalar, generator, is_square, sqrt,
};
use cairn_primitives::schnorr::{
    PublicKey, RESPONSE_TOP_LIMIT, Signature, combine, fixed_base_table, start, verify,
};
use p3_field::{Field, PrimeField64};

use super::*;
use crate::signature::steps::trace::SKIP_SLOPE;

/// Native code and tables agree; returns what they say.
fn both(signed: SignedMessage) -> bool {
    let native = verify(&signed.key, &signed.message, &signed.signature);
    assert_eq!(Tables::fill(1, &[signed]).accept(&[signed]), native, "{signed:?}");
    // Judged, both verdicts: one of them is proven, if those who ask have left the judgement to the tables.
    let judged = SignedMessage { judged: true, ..signed };
    let tables = Tables::fill(1, &[judged]);
    let refusable = Affine::decode(&signed.key.0).is_some() && signed.signature.is_canonical();
    assert_eq!(tables.judge(&judged, true), refusable && !native, "{signed:?}");
    assert_eq!(tables.judge(&judged, false), native, "{signed:?}");
    native
}

fn challenge(commitment: &Affine, key: &PublicKey, message: &Digest) -> [F; 2] {
    let input: Vec<F> = commitment.encode().into_iter().chain(key.0).chain(message.0).collect();
    let [e0, e1, ..] = hash(Tag::SchnorrChallenge, &input).0;
    [e0, e1]
}

fn e_scalar(e: &[F; 2]) -> Scalar {
    let [e0, e1] = e.map(|element| element.as_canonical_u64());
    Scalar::from_limbs([e0, e1, 0, 0, 0]).unwrap()
}

fn message(word: u64) -> Digest {
    hash(Tag::SignedOperation, &[F::new(word)])
}

#[test]
fn many_signatures_and_rows_that_are_not_real() {
    let signatures: Vec<_> = (0..5).map(signed).collect();
    let tables = Tables::fill(8, &signatures);
    assert!(tables.accept(&signatures));
    // Each is needed as often as it is signed, and no other.
    assert!(!tables.accept(&signatures[1..]));
    assert!(!tables.accept(&[&signatures[..], &[signed(5)]].concat()));
    let twice = [&signatures[..], &signatures[..1]].concat();
    assert!(!tables.accept(&twice));
    assert!(Tables::fill(8, &twice).accept(&twice));
    assert!(Tables::fill(2, &[]).accept(&[]));
}

#[test]
fn more_signatures_than_rows() {
    let signatures = vec![signed(0); 3];
    let mut requests = Requests { signatures, ..Requests::default() };
    let error = crate::table::TooManyRows { table: "signatures", expected: 2, got: 3 };
    assert_eq!(trace(2, FIXED_BASE_ROWS, &mut requests).unwrap_err(), error);
}

#[test]
fn valid_and_forged() {
    for seed in 0..3 {
        let claim = signed(seed);
        assert!(both(claim));
        let other = signed(seed + 100);
        assert!(!both(SignedMessage { key: other.key, ..claim }));
        assert!(!both(SignedMessage { message: other.message, ..claim }));
        let mut forged = claim;
        forged.signature.s[seed as usize] ^= 1 << 40;
        assert!(!both(forged));
        let mut forged = claim;
        forged.signature.e[seed as usize % 2] += F::ONE;
        assert!(!both(forged));
    }
}

#[test]
fn degenerate_scalars() {
    let claim = signed(1);
    let (e, s) = (claim.signature.e, claim.signature.s);
    let signatures = [
        Signature { e: [F::ZERO; 2], s: [0; 5] },
        Signature { e: [F::ZERO; 2], s },
        Signature { e, s: [0; 5] },
        Signature { e: [F::NEG_ONE; 2], s: [u64::MAX; 5] },
        Signature { e, s: ORDER },
    ];
    for signature in signatures {
        assert!(!both(SignedMessage { signature, ..claim }));
    }
}

/// `s + n` gives the same point; the largest canonical response is fine.
#[test]
fn responses_beyond_the_limit() {
    let mut beyond = signed(2);
    let mut carry = false;
    for (limb, order) in beyond.signature.s.iter_mut().zip(ORDER) {
        (*limb, carry) = limb.carrying_add(order, carry);
    }
    assert!(!carry);
    assert!(!both(beyond));

    // Whoever knows the secret key 1 can choose s: P = G, e = H(..), commitment (s + e) G.
    let key = PublicKey(generator().encode());
    let limit = u64::from(RESPONSE_TOP_LIMIT) << 32;
    let nonce = Scalar::from_limbs([1, 2, 3, 4, limit - 1]).unwrap();
    let commitment = affine(Jacobian::mul(&generator(), &nonce));
    let mut claims = (0..).map(message).map(|message| {
        let e = challenge(&commitment, &key, &message);
        let s = nonce.sub(&e_scalar(&e)).limbs();
        SignedMessage { key, message, signature: Signature { e, s }, judged: false }
    });
    let mut claim = claims.find(|claim| claim.signature.s[4] == limit - 1).unwrap();
    assert!(both(claim));
    claim.signature.s[4] = limit;
    assert!(!both(claim));
}

#[test]
fn unusual_keys() {
    let message = message(3);
    let nonce = Scalar::from_limbs([5, 4, 3, 2, 1]).unwrap();
    let commitment = affine(Jacobian::mul(&generator(), &nonce));
    let claim = |key: PublicKey, response: fn(&Scalar, &Scalar) -> Scalar| {
        let e = challenge(&commitment, &key, &message);
        let s = response(&nonce, &e_scalar(&e)).limbs();
        SignedMessage { key, message, signature: Signature { e, s }, judged: false }
    };

    // P = G and P = -G: keys like any other.
    assert!(both(claim(PublicKey(generator().encode()), Scalar::sub)));
    assert!(both(claim(PublicKey(generator().neg().encode()), Scalar::add)));

    // The neutral element would verify with any commitment, as would a key taken for it; so would
    // the generator, which stands in for it when rows are filled.
    let undecodable = [
        135036726621282077,
        17283229938160287622,
        13113167081889323961,
        1653240450380825271,
        520025869628727862,
    ];
    for words in [[0; 5], undecodable] {
        let key = PublicKey(words.map(F::new));
        assert_eq!(Affine::decode(&key.0), None);
        assert!(!both(claim(key, |nonce, _| *nonce)));
        assert!(!both(claim(key, Scalar::sub)));
    }
}

/// Keys made from T and the table collide in the first step that has a digit.
#[test]
fn coinciding_operands() {
    let quadruple = affine(Jacobian::from(*start()).double().double());
    let entry = fixed_base_table()[0];
    let keys = [
        quadruple,
        quadruple.neg(),
        affine(Jacobian::from(entry).add(&quadruple.neg())),
        affine(Jacobian::from(entry.neg()).add(&quadruple.neg())),
    ];
    for point in keys {
        let signature = Signature { e: [F::ZERO, F::new(1 << 62)], s: [3, 0, 0, 0, 0] };
        assert_eq!(combine(&signature.s, 1 << 126, &point), None);
        assert!(!both(SignedMessage {
            key: PublicKey(point.encode()),
            message: message(4),
            signature,
            judged: false,
        }));
    }
}

/// Keys made so that operands coincide in a row of one's choice, with the multiple or the entry, as the same or as
/// negatives, also where no multiple is added: each is refused, and so can be proven.
#[test]
fn operands_that_coincide_in_any_row() {
    let integer = |value: u128| Scalar::reduce(&value.into());
    // Digits 0, 1, 2, 3 of e, over and over, from the top.
    let (half, s) = (0x1b1b_1b1b_1b1b_1b1b, [0x0123_4567_89ab_cdef; 5]);
    let wide = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
    let e = wide(half, half);
    let scalars = [wide(s[0], s[1]), wide(s[2], s[3]), wide(s[4], 0)];
    let digit = |scalar: u128, row: usize| (scalar >> (2 * (ROWS - 1 - row))) & 3;
    // A step starts at `times P + known`.
    let (mut times, mut known) = (Scalar::ZERO, Jacobian::from(*start()));
    for row in 0..ROWS {
        (times, known) = (times.mul(&integer(4)), known.double().double());
        let multiple = integer(digit(e, row));
        let [i, j, k] = scalars.map(|scalar| digit(scalar, row) as usize);
        let entry = fixed_base_table()[i + 4 * j + 16 * k];
        let middle = times.add(&multiple);
        let meetings = [
            (times.sub(&multiple), Jacobian::NEUTRAL),
            (middle, Jacobian::NEUTRAL),
            (middle, entry.into()),
            (middle, entry.neg().into()),
        ];
        if [1, 2, 3, 4, 31, ROWS - 4, ROWS - 2, ROWS - 1].contains(&row) {
            for (times, end) in meetings {
                let rest = affine(end.add(&affine(known).neg()));
                let point = affine(Jacobian::mul(&rest, &times.invert()));
                assert_eq!(combine(&s, e, &point), None, "row {row}");
                let signature = Signature { e: [F::new(half); 2], s };
                let key = PublicKey(point.encode());
                assert!(!both(SignedMessage {
                    key,
                    message: message(4),
                    signature,
                    judged: false
                }));
            }
        }
        (times, known) = (middle, known.add(&entry));
    }
}

/// Keys for which the product of the differences in the first row, `(P - 4 T)(U - (4 T + P))` of X, is `3 z^2` and `7 z^4`:
/// roots of a quartic in the slope of the line through 4 T and P, so that anyone makes them. Operands do not meet, and
/// a forced transaction with such a signature must be refused: else it stops the rollup.
///
/// With `(x, y) = 4 T`, `u` the X of U and a line of slope `l` through 4 T, X of P and of the middle have the sum `m = l^2 - x`
/// and the product `n = A + l^2 x - 2 l y + x^2`. That the differences have the product `d` says `P_x = (d + n + x u - x m) / (u - x)`, and
/// `P_x^2 - m P_x + n = 0` is the quartic in l.
#[test]
fn a_key_made_for_a_sparse_product() {
    let quadruple = affine(Jacobian::from(*start()).double().double());
    let keys = [([0, 0, 3, 0, 0], SPARSE_AT_2), ([0, 0, 0, 0, 7], SPARSE_AT_4)];
    for (product, key) in keys {
        let key = PublicKey(key.map(F::new));
        let point = Affine::decode(&key.0).unwrap();
        let middle = affine(Jacobian::from(quadruple).add(&point));
        let entry = fixed_base_table()[0];
        let runs = (point.x - quadruple.x) * (entry.x - middle.x);
        assert_eq!(runs, Quintic::new(product.map(F::new)));
        let signature = Signature { e: [F::ZERO, F::new(1 << 62)], s: [3, 0, 0, 0, 0] };
        assert!(combine(&signature.s, 1 << 126, &point).is_some());
        assert!(!both(SignedMessage { key, message: message(4), signature, judged: false }));
    }
}

const SPARSE_AT_2: [u64; 5] = [
    7931449002826173726,
    15474543660172380072,
    3953423050447753078,
    14216550161259647419,
    6845611457494584986,
];
const SPARSE_AT_4: [u64; 5] = [
    2354520244592272600,
    384174483711099073,
    5541959701387386633,
    1819896351089169748,
    15247222680208197131,
];

/// `R = 0`: the challenge matches what is there before the last addition, the negated entry.
#[test]
fn neutral_commitment() {
    let secret = Scalar::from_limbs([1, 2, 3, 4, 5 << 50]).unwrap();
    let key = PublicKey(Jacobian::mul(&generator(), &secret).encode());
    let claims = (0..).map(message).flat_map(|message| {
        (0..64).map(move |index: usize| {
            let e = challenge(&fixed_base_table()[index].neg(), &key, &message);
            let s = Scalar::ZERO.sub(&e_scalar(&e).mul(&secret)).limbs();
            (index, SignedMessage { key, message, signature: Signature { e, s }, judged: false })
        })
    });
    let mut fitting = claims.filter(|(index, claim)| {
        let digit = |limb: usize| (claim.signature.s[limb] & 3) as usize;
        digit(0) + 4 * digit(2) + 16 * digit(4) == *index
    });
    let (_, claim) = fitting.next().unwrap();
    assert!(claim.signature.is_canonical());
    assert!(!both(claim));
}

/// What the tables rely on: a point of the group is determined by X and the slope of its tangent,
/// as that is never zero; and a skipped addition has operands with different X, `slope^2 - 2 X` and
/// X.
#[test]
fn no_point_of_the_group_has_these_x() {
    let in_group = |x: Quintic| {
        let square = x.square() * x + A * x + B;
        is_square(&square) && is_square(&(x - A_THIRD))
    };
    assert!(in_group(generator().x) && in_group(start().x));
    // 3 X^2 + A = 0
    let root = sqrt(&(-A * Quintic::from_u64(3).inverse())).unwrap();
    assert!(!in_group(root) && !in_group(-root));
    let slope = Quintic::from(SKIP_SLOPE);
    assert!(!in_group(slope.square() * Quintic::from_u64(3).inverse()));
}
