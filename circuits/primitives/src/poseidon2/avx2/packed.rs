//! The permutation on a vector of states: a vector holds the same element of four states.

use super::constants::{Lifted, Rounds};
use super::digits::{Digits, Lanes, Powers};
use super::{Width8, Width12};

/// The round constants of width N, in every lane.
pub(super) struct Constants<L, const N: usize> {
    initial: [Digits<[L; N]>; 5],
    internal: [Digits<L>; 22],
    first_final: [Digits<L>; N],
    last: [Digits<[L; N]>; 4],
}

impl<L: Lanes, const N: usize> Constants<L, N> {
    pub(super) fn new(rounds: &Rounds<N>) -> Self {
        let lifted = |elements: Lifted<N>| Digits {
            a: elements.map(|element| L::splat(element.a)),
            b: elements.map(|element| L::splat(element.b)),
        };
        let digits = |word: u64| Digits::splat(Digits::halves(word));
        Self {
            initial: rounds.initial.map(lifted),
            internal: rounds.internal.map(digits),
            first_final: rounds.first_final.map(digits),
            last: rounds.last.map(lifted),
        }
    }
}

/// The internal matrix of a width, on all elements but the first.
pub(super) trait Internal<L, const M: usize> {
    /// Every element times its entry of the diagonal, plus `sum`. Gives their sum.
    fn round(elements: &mut [Digits<L>; M], sum: Digits<L>) -> Digits<L>;

    /// Folds those that a round multiplies by 2 or more.
    fn fold(elements: &mut [Digits<L>; M]);
}

impl<L: Lanes> Internal<L, 7> for Width8 {
    #[inline(always)]
    fn round(x: &mut [Digits<L>; 7], sum: Digits<L>) -> Digits<L> {
        x[0] = sum + x[0];
        x[1] = sum + x[1].shl::<1>();
        x[2] = sum + x[2].divide::<1, 31>();
        x[3] = sum + x[3].shl::<1>() + x[3];
        x[4] = sum - x[4].divide::<1, 31>();
        x[5] = sum - x[5].shl::<1>() - x[5];
        x[6] = sum - x[6].shl::<2>();
        x[0] + x[1] + x[2] + x[3] + (x[4] + x[5] + x[6])
    }

    #[inline(always)]
    fn fold(x: &mut [Digits<L>; 7]) {
        for i in [1, 3, 5, 6] {
            x[i] = x[i].fold();
        }
    }
}

impl<L: Lanes> Internal<L, 11> for Width12 {
    #[inline(always)]
    fn round(x: &mut [Digits<L>; 11], sum: Digits<L>) -> Digits<L> {
        x[0] = sum + x[0];
        x[1] = sum + x[1].shl::<1>();
        x[2] = sum + x[2].divide::<1, 31>();
        x[3] = sum + x[3].shl::<1>() + x[3];
        x[4] = sum + x[4].shl::<2>();
        x[5] = sum - x[5].divide::<1, 31>();
        x[6] = sum - x[6].shl::<1>() - x[6];
        x[7] = sum - x[7].shl::<2>();
        x[8] = sum + x[8].divide::<2, 30>();
        x[9] = sum - x[9].divide::<2, 30>();
        x[10] = sum + x[10].divide::<3, 29>();
        x[0] + x[1] + x[2] + x[3] + x[4] + (x[5] + x[6] + x[7] + x[8] + x[9] + x[10])
    }

    #[inline(always)]
    fn fold(x: &mut [Digits<L>; 11]) {
        for i in [1, 3, 4, 6, 7] {
            x[i] = x[i].fold();
        }
    }
}

/// The permutation of words, in place.
#[inline(always)]
pub(super) fn permute<L, W, const N: usize, const M: usize>(
    state: &mut [L; N],
    constants: &Constants<L, N>,
    check: &mut L,
) where
    L: Lanes,
    W: Internal<L, M>,
{
    const { assert!(M + 1 == N) };
    let [first, later @ .., before_internal] = &constants.initial;
    // Between rounds `state` holds words, within one the digits a; here are the digits b.
    let mut b = *state;
    for i in 0..N {
        Digits { a: state[i], b: b[i] } = Digits::of_word(state[i]);
    }
    external_matrix(state, &mut b, first);
    words(state, &b, check);
    for next in later {
        external_round(state, &mut b, next, check);
        words(state, &b, check);
    }
    external_round(state, &mut b, before_internal, check);
    internal_rounds::<L, W, N, M>(state, &b, constants, check);
    for next in &constants.last {
        external_round(state, &mut b, next, check);
        words(state, &b, check);
    }
}

#[inline(always)]
fn words<L: Lanes, const N: usize>(a: &mut [L; N], b: &[L; N], check: &mut L) {
    for i in 0..N {
        a[i] = L::word(Digits { a: a[i], b: b[i] }, check);
    }
}

/// A round on the words `a`, up to what is added before the next. Four words at a time are as many
/// as the registers bear.
#[inline(always)]
fn external_round<L: Lanes, const N: usize>(
    a: &mut [L; N],
    b: &mut [L; N],
    next: &Digits<[L; N]>,
    check: &mut L,
) {
    for i in (0..N).step_by(4) {
        let four = L::powers([a[i], a[i + 1], a[i + 2], a[i + 3]], check);
        for j in 0..4 {
            Digits { a: a[i + j], b: b[i + j] } = four[j];
        }
    }
    external_matrix(a, b, next);
}

#[inline(always)]
fn external_matrix<L: Lanes, const N: usize>(
    a: &mut [L; N],
    b: &mut [L; N],
    constants: &Digits<[L; N]>,
) {
    matrix_and_constants(a, &constants.a);
    matrix_and_constants(b, &constants.b);
}

/// The external matrix, M4 = circ(2, 3, 1, 1) on every four, then the sum of all fours added to
/// each; then constants. Entries of the matrix are not negative, a row's sum is 7 (N / 4 + 1), 28
/// at the most: for the bounds see [`LIFT`](super::digits::LIFT).
#[inline(always)]
fn matrix_and_constants<L: Lanes, const N: usize>(x: &mut [L; N], constants: &[L; N]) {
    for i in (0..N).step_by(4) {
        let [a, b, c, d] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
        let (ab, bc, cd, da) = (a + b, b + c, c + d, d + a);
        let all = ab + cd;
        // 2 a + 3 b + c + d, and so on.
        x[i] = all + ab + b;
        x[i + 1] = all + bc + c;
        x[i + 2] = all + cd + d;
        x[i + 3] = all + da + a;
    }
    let mut sums = [x[0], x[1], x[2], x[3]];
    for i in 4..N {
        sums[i % 4] = sums[i % 4] + x[i];
    }
    for i in 0..N {
        x[i] = x[i] + sums[i % 4] + constants[i];
    }
}

/// The internal rounds, and the constants of the round after, from digits to words. With `rest` the
/// sum of all elements but the first, element 0 becomes `rest - x^7`, as its entry of the diagonal
/// is -2, and `rest + x^7` is added to the others.
///
/// Bounds, in units of 2^32 and a little generous: `rest` is folded, 63 to 66, so `sum = rest +
/// x^7` is in 61 to 68, and element 0 with its constant in 60 to 69. Before the first round
/// elements are not negative and below 94. Those that are divided stay in 0 to `68 + U / 2 + 2`, so
/// U is 140 at most; those of them with a negative entry in `61 - U / 2 - 2` to 69, with U = 94 at
/// first. Element 1 grows by 68 a round, to less than 2^11 after all. The others at most quadruple:
/// from 66 after the fold, eight rounds take them to `4^8 (66 + 68 / 3) < 2^23`, 2^55 without the
/// unit, and the seven of them that `rest` sees to a quarter of that: with two that quadruple and
/// at most three that grow by less, `rest` stays below 2^57.
#[inline(always)]
fn internal_rounds<L, W, const N: usize, const M: usize>(
    a: &mut [L; N],
    b: &[L; N],
    constants: &Constants<L, N>,
    check: &mut L,
) where
    L: Lanes,
    W: Internal<L, M>,
{
    let mut elements = [Digits { a: a[0], b: b[0] }; M];
    let mut zero = L::word(elements[0], check);
    for i in 0..M {
        elements[i] = Digits { a: a[i + 1], b: b[i + 1] };
    }
    let [first, later @ ..] = &constants.internal;
    let mut rest = elements[0];
    for &element in &elements[1..] {
        rest = rest + element;
    }
    let rest = rest.fold();
    let [power] = L::powers([zero], check);
    zero = L::word(rest + *first - power, check);
    let mut sum = rest + power;
    // The matrix of a round is in the next turn, where its additions fill the time that the S-box
    // takes: a turn waits for one S-box and nothing else.
    for constants in later.chunks(7) {
        W::fold(&mut elements);
        for &constant in constants {
            let x2 = zero.square(check);
            let rest = W::round(&mut elements, sum);
            let (x3, x4) = (x2.multiply(zero, check), x2.square(check));
            let rest = rest.fold();
            let power = x3.last_product(x4);
            zero = L::word(rest + constant - power, check);
            sum = rest + power;
        }
    }
    W::round(&mut elements, sum);
    a[0] = zero;
    for i in 0..M {
        a[i + 1] = L::word(elements[i].fold() + constants.first_final[i + 1], check);
    }
}
