//! The permutation on one state. Four elements are a vector, in their order in the external rounds.
//! In the internal rounds element 0 is a scalar, which other ports of the processor work on beside
//! the vectors.

use super::super::scalar;
use super::constants::{Lifted, Rounds};
use super::digits::{Digits, Lanes, Powers, ZERO_38, ZERO_58};
use super::layout::{Entry, Layout, divides, doubles};

/// What is needed of a vector whose lanes are elements of one state.
pub(super) trait Row: Lanes {
    /// Constants.
    fn constants(words: [u64; 4]) -> Self;

    /// Words of a state.
    fn load(words: [u64; 4]) -> Self;

    /// What is in the lanes.
    fn lanes(self) -> [u64; 4];

    /// Lanes 2, 3, 0, 1.
    fn swap(self) -> Self;

    /// Lane 1, lane 0 of the other, lane 3, lane 2 of the other.
    fn straddle(self, other: Self) -> Self;

    /// Every lane times 2 to its count, 0 if that is 64.
    fn shl_by(self, counts: Self) -> Self;

    /// Every lane over 2 to its count, rounded down; only a lane with count 0 may be negative.
    fn shr_by(self, counts: Self) -> Self;

    /// All bits of a lane, none, or low ones of a lane that is not negative.
    fn and(self, mask: Self) -> Self;

    /// The sums of all lanes of a and of all lanes of b, which are at most 2^57 in absolute terms.
    fn sums(digits: Digits<Self>) -> [i64; 2];
}

/// The entries of the internal matrix's diagonal in a vector, in absolute terms.
struct Diagonal<L> {
    divide: L,
    /// `32 - divide`.
    back: L,
    /// `2^divide - 1`.
    low: L,
    double: L,
    once: L,
}

impl<L: Row> Diagonal<L> {
    fn new(entries: [Entry; 4]) -> Self {
        let row = |f: fn(Entry) -> u64| L::constants(entries.map(f));
        Self {
            divide: row(|entry| entry.divide),
            back: row(|entry| 32 - entry.divide),
            low: row(|entry| (1 << entry.divide) - 1),
            double: row(|entry| entry.double),
            once: row(|entry| if entry.once { u64::MAX } else { 0 }),
        }
    }

    /// Every lane divided as by [`Digits::divide`], then doubled.
    #[inline(always)]
    fn times(&self, entries: &[Entry; 4], mut x: Digits<L>) -> Digits<L> {
        if divides(entries) {
            let low_a = x.a.and(self.low).shl_by(self.back);
            let low_b = x.b.and(self.low).shl_by(self.back);
            x.a = x.a.shr_by(self.divide) + (low_a + low_b);
            x.b = x.b.shr_by(self.divide) - low_a;
        }
        if doubles(entries) {
            x.a = x.a.shl_by(self.double) + x.a.and(self.once);
            x.b = x.b.shl_by(self.double) + x.b.and(self.once);
        }
        x
    }
}

/// The round constants of width N in V vectors.
pub(super) struct Constants<L, const N: usize, const V: usize> {
    initial: [[Digits<L>; V]; 5],
    diagonal: [Diagonal<L>; V],
    internal: [u64; 22],
    /// Where the layout has the elements.
    first_final: [Digits<L>; V],
    last: [[Digits<L>; V]; 4],
}

impl<L: Row, const N: usize, const V: usize> Constants<L, N, V> {
    pub(super) fn new<W: Layout<V>>(rounds: &Rounds<N>) -> Self {
        const { assert!(N == 4 * V) };
        let row = |digits: [Digits<u64>; 4]| Digits {
            a: L::constants(digits.map(|digits| digits.a)),
            b: L::constants(digits.map(|digits| digits.b)),
        };
        let lifted = |elements: Lifted<N>| {
            std::array::from_fn(|i| row(std::array::from_fn(|j| elements[4 * i + j])))
        };
        let first_final = |entry: Entry| Digits::halves(rounds.first_final[entry.element]);
        Self {
            initial: rounds.initial.map(lifted),
            diagonal: W::ENTRIES.map(Diagonal::new),
            internal: rounds.internal,
            first_final: W::ENTRIES.map(|entries| row(entries.map(first_final))),
            last: rounds.last.map(lifted),
        }
    }
}

/// The permutation of words, in place.
#[inline(always)]
pub(super) fn permute<L, W, const N: usize, const V: usize>(
    state: &mut [u64; N],
    constants: &Constants<L, N, V>,
    check: &mut L,
) where
    L: Row + Powers<V>,
    W: Layout<V>,
{
    let [first, later @ .., before_internal] = &constants.initial;
    let mut words = load(state, check);
    let mut digits = [Digits { a: *check, b: *check }; V];
    for i in 0..V {
        digits[i] = Digits::of_word(words[i]);
    }
    words = external_matrix(digits, first, check);
    for next in later {
        words = external_matrix(L::powers(words, check), next, check);
    }
    words = external_matrix(L::powers(words, check), before_internal, check);
    store(words, state);
    internal_rounds::<L, W, N, V>(state, constants, check);
    words = load(state, check);
    for next in &constants.last {
        words = external_matrix(L::powers(words, check), next, check);
    }
    store(words, state);
}

#[inline(always)]
fn load<L: Row, const N: usize, const V: usize>(state: &[u64; N], any: &L) -> [L; V] {
    let mut rows = [*any; V];
    for (row, words) in rows.iter_mut().zip(state.as_chunks::<4>().0) {
        *row = L::load(*words);
    }
    rows
}

#[inline(always)]
fn store<L: Row, const N: usize, const V: usize>(rows: [L; V], state: &mut [u64; N]) {
    for (row, words) in rows.iter().zip(state.as_chunks_mut::<4>().0) {
        *words = row.lanes();
    }
}

/// The external matrix, M4 on every four, then the sum of all fours added to each; then constants.
/// For the bounds see [`LIFT`](super::digits::LIFT).
#[inline(always)]
fn external_matrix<L: Row, const V: usize>(
    mut digits: [Digits<L>; V],
    constants: &[Digits<L>; V],
    check: &mut L,
) -> [L; V] {
    for four in &mut digits {
        *four = Digits { a: mix_four(four.a), b: mix_four(four.b) };
    }
    let sum = sum(&digits);
    let mut words = [*check; V];
    for i in 0..V {
        words[i] = L::word(digits[i] + sum + constants[i], check);
    }
    words
}

#[inline(always)]
fn sum<L: Lanes>(digits: &[Digits<L>]) -> Digits<L> {
    digits[1..].iter().fold(digits[0], |sum, &digits| sum + digits)
}

/// M4 = circ(2, 3, 1, 1).
#[inline(always)]
fn mix_four<L: Row>(x: L) -> L {
    let opposite = x.swap();
    let next = x.straddle(opposite);
    // x_i + x_{i + 1}, then the sum of all four.
    let pair = x + next;
    let four = pair + (opposite + opposite.straddle(x));
    four + pair + next
}

/// The internal rounds, with the constants of the round after. With `rest` the sum of all elements
/// but the first, element 0 becomes `rest - x^7`, as its entry of the diagonal is -2, and `rest +
/// x^7` is added to the others.
///
/// Bounds, in units of 2^32 and a little generous: elements are not negative and below 1 at first,
/// below 66 after a fold. What is added to their products is a word with ZERO_38, 63 to 66. Those
/// that are divided stay in 0 to `66 + U / 2 + 2`, so U is 136 at most; those of them with a
/// negative entry in `63 - U / 2 - 2` to 67, with U = 67. Element 1 grows by 66 a round, to less
/// than 2^11 after all. The others at most quadruple: eight rounds take them, and the products
/// before the last addition, to `4^8 (66 + 66 / 3) < 2^23`, 2^55 without the unit. At most two
/// quadruple and three grow by less: the sum of the products of a round is below 2^57.
// By index, the layout is known where it is used; with iterators the permutation is slower by 2 %.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn internal_rounds<L, W, const N: usize, const V: usize>(
    state: &mut [u64; N],
    constants: &Constants<L, N, V>,
    check: &mut L,
) where
    L: Row,
    W: Layout<V>,
{
    let mut elements = [Digits { a: *check, b: *check }; V];
    for i in 0..V {
        // Without element a lane is 0.
        let word = |entry: Entry| if entry.element == 0 { 0 } else { state[entry.element] };
        elements[i] = Digits::of_word(L::load(W::ENTRIES[i].map(word)));
    }
    let mut zero = state[0];
    let mut rest = scalar::reduce_sum(total(sum(&elements)));
    for (i, &constant) in constants.internal.iter().enumerate() {
        if i % 8 == 0 {
            for i in 0..V {
                if doubles(&W::ENTRIES[i]) {
                    elements[i] = elements[i].fold();
                }
            }
        }
        let power = scalar::sbox(zero);
        zero = scalar::sub(scalar::add(rest, constant), power);
        let added = scalar::add_any(rest, power);

        // All but the additions of `added` is independent of the S-box.
        for i in 0..V {
            elements[i] = constants.diagonal[i].times(&W::ENTRIES[i], elements[i]);
        }
        let negative = elements[V - 1];
        let products = total(sum(&elements[..V - 1]) - negative);
        rest = scalar::reduce_sum(products + (N as u128 - 1) * u128::from(added));
        let added = Digits::of_word(L::load([added; 4])) + Digits::splat(ZERO_38);
        for four in &mut elements[..V - 1] {
            *four = added + *four;
        }
        elements[V - 1] = added - negative;
    }
    for i in 0..V {
        let words = L::word(elements[i].fold() + constants.first_final[i], check).lanes();
        for (entry, word) in W::ENTRIES[i].iter().zip(words) {
            state[entry.element] = word;
        }
    }
    // Last, over what the lane without element left.
    state[0] = zero;
}

/// All lanes as a number, plus a multiple of p that makes it positive: below `2^59 + 2^32 2^59`.
#[inline(always)]
fn total<L: Row>(digits: Digits<L>) -> u128 {
    let [a, b] = L::sums(digits);
    let (a, b) = (ZERO_58.a.wrapping_add_signed(a), ZERO_58.b.wrapping_add_signed(b));
    u128::from(a) + (u128::from(b) << 32)
}
