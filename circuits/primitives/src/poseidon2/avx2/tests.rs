//! The permutations against those of `p3-goldilocks`, on states of all kinds and on such as must be
//! done again.

mod arithmetic;

use std::array::from_fn;

use p3_field::{Field, PackedValue, PrimeCharacteristicRing};
use p3_goldilocks::PackedGoldilocksAVX2;
use p3_poseidon2::{MDSMat4, mds_light_permutation};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::poseidon2::{EXTERNAL_INITIAL_8, EXTERNAL_INITIAL_12};

/// One state or four.
trait State: Copy {
    fn element(&self, lane: usize, i: usize) -> F;
    fn set(&mut self, lane: usize, i: usize, word: u64);
}

impl<const N: usize> State for [u64; N] {
    fn element(&self, _lane: usize, i: usize) -> F {
        F::new(self[i])
    }

    fn set(&mut self, _lane: usize, i: usize, word: u64) {
        self[i] = word;
    }
}

impl<const N: usize> State for [F; N] {
    fn element(&self, _lane: usize, i: usize) -> F {
        self[i]
    }

    fn set(&mut self, _lane: usize, i: usize, word: u64) {
        self[i] = F::new(word);
    }
}

impl<const N: usize> State for [PackedGoldilocksAVX2; N] {
    fn element(&self, lane: usize, i: usize) -> F {
        self[i].extract(lane)
    }

    fn set(&mut self, lane: usize, i: usize, word: u64) {
        self[i].as_slice_mut()[lane] = F::new(word);
    }
}

/// A permutation in three ways.
struct Ways<S> {
    ours: fn(&mut S),
    /// Without what follows a mark.
    fast: fn(&mut S, &mut Vector),
    plonky3: fn(&mut S),
    zero: S,
    lanes: usize,
}

const ONE_8: Ways<[F; 8]> =
    Ways { ours: permute8, fast: fast8, plonky3: plonky3::permute8, zero: [F::ZERO; 8], lanes: 1 };

const ONE_12: Ways<[u64; 12]> =
    Ways { ours: permute12, fast: fast12, plonky3: plonky3::permute12, zero: [0; 12], lanes: 1 };

const PACKED_8: Ways<[Packed; 8]> = Ways {
    ours: permute8_packed,
    fast: fast8_packed,
    plonky3: plonky3::permute8_packed,
    zero: [Packed::ZERO; 8],
    lanes: 4,
};

const PACKED_12: Ways<[Packed; 12]> = Ways {
    ours: permute12_packed,
    fast: fast12_packed,
    plonky3: plonky3::permute12_packed,
    zero: [Packed::ZERO; 12],
    lanes: 4,
};

impl<S: State> Ways<S> {
    fn elements<const N: usize>(&self, state: &S) -> Vec<[F; N]> {
        (0..self.lanes).map(|lane| from_fn(|i| state.element(lane, i))).collect()
    }

    fn state<const N: usize>(&self, mut word: impl FnMut() -> u64) -> S {
        let mut state = self.zero;
        for lane in 0..self.lanes {
            (0..N).for_each(|i| state.set(lane, i, word()));
        }
        state
    }

    fn is_plonky3s<const N: usize>(&self, state: S) {
        let (mut ours, mut theirs) = (state, state);
        (self.ours)(&mut ours);
        (self.plonky3)(&mut theirs);
        let input = self.elements::<N>(&state);
        assert_eq!(self.elements::<N>(&ours), self.elements::<N>(&theirs), "{input:?}");
    }

    /// Whether the fast way marks it, and is right all the same.
    fn marked_and_right<const N: usize>(&self, state: S) -> (bool, bool) {
        let (mut fast, mut theirs, mut check) = (state, state, Vector::unmarked());
        (self.fast)(&mut fast, &mut check);
        (self.plonky3)(&mut theirs);
        let right = self.elements::<N>(&fast) == self.elements::<N>(&theirs);
        (check.is_below(MARK), right)
    }

    /// 24,000 states, most of their words next to where something carries.
    fn is_plonky3s_everywhere<const N: usize>(&self) {
        let mut rng = ChaCha8Rng::seed_from_u64(N as u64);
        for _ in 0..16_000 / self.lanes {
            self.is_plonky3s::<N>(self.state::<N>(|| word(&mut rng)));
        }
        let mut unmarked = 0;
        for _ in 0..8_000 / self.lanes {
            let state = self.state::<N>(|| rng.random());
            self.is_plonky3s::<N>(state);
            let (marked, right) = self.marked_and_right::<N>(state);
            assert!(marked || right);
            unmarked += usize::from(!marked);
        }
        assert!(unmarked * self.lanes > 7_900, "not to be done again: {unmarked}");
    }

    /// In the first round, a word of every element and every lane in turn is such that the fast way
    /// goes wrong.
    fn what_goes_wrong_is_done_again<const N: usize>(&self, constants: &[F; N], bad: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(bad);
        for (lane, i) in (0..self.lanes).flat_map(|lane| (0..N).map(move |i| (lane, i))) {
            let mut state = self.state::<N>(|| rng.random());
            let mut words: [F; N] = from_fn(|_| F::new(rng.random()));
            words[i] = F::new(bad);
            let input: [F; N] = before_external_matrix(&from_fn(|j| words[j] - constants[j]));
            for (j, element) in input.iter().enumerate() {
                state.set(lane, j, word::canonical(*element));
            }
            assert_eq!(self.marked_and_right::<N>(state), (true, false), "lane {lane}, {i}");
            self.is_plonky3s::<N>(state);
        }
    }
}

/// A word next to one around which something carries, or any.
fn word(rng: &mut ChaCha8Rng) -> u64 {
    let center = match rng.random_range(0..8) {
        0 => 0,
        1 => word::P,
        2 => 1 << 32,
        3 => u64::MAX,
        4 => 1 << rng.random_range(0..64),
        5 => u64::MAX << rng.random_range(0..64),
        _ => rng.random(),
    };
    center.wrapping_add(rng.random_range(0..5)).wrapping_sub(2)
}

mod word {
    use p3_field::PrimeField64;

    use crate::F;

    pub(super) const P: u64 = F::ORDER_U64;

    pub(super) fn canonical(element: F) -> u64 {
        element.as_canonical_u64()
    }
}

/// The x of which the external matrix makes y, by elimination.
fn before_external_matrix<const N: usize>(y: &[F; N]) -> [F; N] {
    let columns: [[F; N]; N] = from_fn(|j| {
        let mut column = from_fn(|i| if i == j { F::ONE } else { F::ZERO });
        mds_light_permutation(&mut column, &MDSMat4);
        column
    });
    let mut rows: Vec<Vec<F>> =
        (0..N).map(|i| columns.iter().map(|column| column[i]).chain([y[i]]).collect()).collect();
    for k in 0..N {
        let pivot = (k..N).find(|&i| rows[i][k] != F::ZERO).expect("the matrix has an inverse");
        rows.swap(k, pivot);
        let inverse = rows[k][k].inverse();
        let row: Vec<F> = rows[k].iter().map(|&entry| entry * inverse).collect();
        for (i, other) in rows.iter_mut().enumerate() {
            let factor = other[k];
            for (entry, &ours) in other.iter_mut().zip(&row) {
                *entry = if i == k { ours } else { *entry - factor * ours };
            }
        }
    }
    from_fn(|i| rows[i][N])
}

#[test]
fn permutations_are_those_of_plonky3() {
    ONE_8.is_plonky3s_everywhere::<8>();
    ONE_12.is_plonky3s_everywhere::<12>();
    PACKED_8.is_plonky3s_everywhere::<8>();
    PACKED_12.is_plonky3s_everywhere::<12>();
}

/// The square of 2^48 is 2^96: its low word is 0, and 1 is taken from it.
#[test]
fn a_borrow_is_done_again() {
    let borrows = 1 << 48;
    ONE_8.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_8[0], borrows);
    ONE_12.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_12[0], borrows);
    PACKED_8.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_8[0], borrows);
    PACKED_12.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_12[0], borrows);
}

/// The digit a is at least 8 2^32: for the residue 2^34 the word is 2^34 + p, which carries.
#[test]
fn a_carry_is_done_again() {
    let carries = 1 << 34;
    ONE_8.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_8[0], carries);
    ONE_12.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_12[0], carries);
    PACKED_8.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_8[0], carries);
    PACKED_12.what_goes_wrong_is_done_again(&EXTERNAL_INITIAL_12[0], carries);
}

/// What is done is that of the given permutation, on the state of before.
#[test]
fn only_marks_are_done_again() {
    let note = |word: u64| {
        move |state: &mut u64, check: &mut Vector| {
            *state += 1;
            let digits = digits::Digits { a: word & 0xffff_ffff, b: word >> 32 };
            let _ = <Vector as digits::Lanes>::word(digits::Digits::splat(digits), check);
        }
    };
    for (word, expected) in [(0xff_ffff_ffff, 20), (0x100_0000_0000, 11), (0, 20)] {
        let mut state = 10;
        marked_again(&mut state, MARK, note(word), |state| *state *= 2);
        assert_eq!(state, expected, "{word:x}");
    }
}
