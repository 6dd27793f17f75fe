//! The permutations of widths 4 and 16 by fused multiplications of doubles, for processors with AVX2, FMA and ADX and
//! without AVX-512 IFMA: several times as fast as scalar code. The scalar code is the reference:
//! [`super::native::permute`] must agree.
//!
//! [`arithmetic`] says how it counts and why that is exact. A vector holds a group of four cells. Cells stand for
//! `F x` with a factor F that changes: arkworks' own form has F = 2^256; a full round, which divides by
//! 2^51, raises to the fifth power and divides by 2^204, has F^5 / 2^459. The constants of each round have the
//! factor of that round, and a product with a constant takes the factor back to 2^256. Partial rounds are
//! linear but for the first cell, so they leave the factor as it is: there the first cell is an
//! arkworks element, and its S-box in scalar code runs beside the vectors' products.

mod arithmetic;
#[cfg(test)]
mod bounds;
mod lanes;
mod scalar;
#[cfg(test)]
mod tests;

use std::array;
use std::sync::LazyLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};

use self::arithmetic::{
    Arithmetic, Biases, COLUMN_BIAS, Columns, DIGIT_BIASES, DIGIT_BITS, DIGITS, NO_BIASES,
    TOP_BIAS, Table, add_and_divide, constant_biases, digits, divide, fold, multiply_constant,
    product, square, unroll,
};
use self::lanes::{
    Lanes, doubles_from_lanes, external_layer, from_lanes, sum_of_lanes, to_lanes, with_first,
};
use self::scalar::{Montgomery, P, Words, add, element, least, reduce, reduce_once, split};
use super::params::{FULL_ROUNDS, Poseidon2, T4, T16};

/// Full rounds at each end.
const HALF_ROUNDS: usize = FULL_ROUNDS / 2;

/// Bias of the last column in partial rounds. Sums of the cells are added there, as positive integers, so that cells
/// are between -1.6 and 2.4 times 2^254.
const PARTIAL_TOP_BIAS: i128 = 13 << 47;

/// Biases of the cells in partial rounds.
const PARTIAL_BIASES: Biases =
    [COLUMN_BIAS, COLUMN_BIAS, COLUMN_BIAS, COLUMN_BIAS, PARTIAL_TOP_BIAS];

/// A state of 4 V cells.
type State<const V: usize> = [Columns<Lanes>; V];

/// What the rounds add and multiply by.
struct Constants<const V: usize> {
    first: [State<V>; HALF_ROUNDS],
    last: [State<V>; HALF_ROUNDS],
    /// To be added where there is no constant: biases.
    none: Columns<Lanes>,
    /// From the factor after half of the full rounds, and a division, back to arkworks' 2^256.
    to_ark: Table<Lanes>,
    /// Diagonal minus one, zero for the first cell.
    diagonal: [Table<Lanes>; V],
    /// The first entry of the diagonal itself.
    first_diagonal: Words,
    /// Constants of the partial rounds, and a zero at the end.
    internal: Vec<Words>,
}

static WIDTH_4: LazyLock<Constants<1>> = LazyLock::new(|| Constants::new(&T4));
static WIDTH_16: LazyLock<Constants<4>> = LazyLock::new(|| Constants::new(&T16));

/// Width 4 in place.
pub(super) fn permute_4(state: &mut [Fr; 4]) {
    permute(state, &WIDTH_4);
}

/// Width 16 in place.
pub(super) fn permute_16(state: &mut [Fr; 16]) {
    permute(state, &WIDTH_16);
}

/// `T = 4 V`.
#[inline(always)]
fn permute<const T: usize, const V: usize>(state: &mut [Fr; T], constants: &Constants<V>) {
    let mut cells = [[Lanes::word(0); DIGITS]; V];
    for (group, cells) in cells.iter_mut().zip(state.chunks_exact(4)) {
        let digits = [0, 1, 2, 3].map(|lane| split(cells[lane].0.0));
        *group = array::from_fn(|k| from_lanes(digits.map(|digits| digits[k])));
    }
    external_layer(&mut cells);
    full_rounds(&mut cells, &constants.first);
    to_ark(&mut cells, constants, PARTIAL_BIASES);
    partial_rounds(&mut cells, constants);
    full_rounds(&mut cells, &constants.last);
    to_ark(&mut cells, constants, NO_BIASES);
    for (group, cells) in cells.iter().zip(state.chunks_exact_mut(4)) {
        let columns = group.map(to_lanes);
        for (lane, cell) in cells.iter_mut().enumerate() {
            *cell = Fr::new_unchecked(BigInt(element(columns.map(|column| column[lane]))));
        }
    }
}

/// Takes and gives columns without bias, or with one that the constants expect.
#[inline(always)]
fn full_rounds<const V: usize>(cells: &mut State<V>, constants: &[State<V>; HALF_ROUNDS]) {
    for round in constants {
        // Step by step for all groups: each step of a group waits for the one before, and what waits must not
        // fill the processor's queues.
        let mut x = [[Lanes::double(0); DIGITS]; V];
        for ((x, cells), constants) in x.iter_mut().zip(cells.iter()).zip(round) {
            *x = add_and_divide::<Lanes>(cells, constants);
        }
        let mut powers = x;
        let mut wide = [[Lanes::word(0); 2 * DIGITS]; V];
        let mut dividends = [[Lanes::word(0); DIGITS + 1]; V];
        for _ in 0..2 {
            for (wide, power) in wide.iter_mut().zip(&powers) {
                *wide = square::<Lanes>(power, DIGIT_BIASES);
            }
            for (dividend, wide) in dividends.iter_mut().zip(&wide) {
                *dividend = fold::<Lanes>(wide, DIGIT_BIASES);
            }
            for (power, dividend) in powers.iter_mut().zip(&dividends) {
                *power = digits::<Lanes>(divide::<Lanes>(dividend), TOP_BIAS);
            }
        }
        for ((wide, fourth), x) in wide.iter_mut().zip(&powers).zip(&x) {
            *wide = product::<Lanes>(fourth, x, NO_BIASES);
        }
        for (dividend, wide) in dividends.iter_mut().zip(&wide) {
            *dividend = fold::<Lanes>(wide, NO_BIASES);
        }
        for (cells, dividend) in cells.iter_mut().zip(&dividends) {
            *cells = divide::<Lanes>(dividend);
        }
        external_layer(cells);
    }
}

/// After half of the full rounds: back to the factor 2^256.
#[inline(always)]
fn to_ark<const V: usize>(cells: &mut State<V>, constants: &Constants<V>, biases: Biases) {
    for group in cells {
        let x = add_and_divide::<Lanes>(group, &constants.none);
        *group = multiply_constant::<Lanes>(&x, &constants.to_ark, biases, |_| {});
    }
}

/// All partial rounds; cells with [`PARTIAL_BIASES`] before and after. The first cell of the vectors is zero in
/// between.
///
/// With x the first cell, y = (x + c)^5, d its entry of the diagonal minus one and s the sum of the others,
/// the first cell becomes `(d + 1) y + s`, and another one `d_i x_i + y + s`.
///
/// Bounds of what is multiplied in scalar code, in multiples of p, of which 5.29 are 2^256: x + c 2.4, so the
/// square 2.1, the fourth power and y 1.9, `(d + 1) y` 1.4, and with s and a constant, reduced, x + c again 2.4.
#[inline(always)]
fn partial_rounds<const V: usize>(cells: &mut State<V>, constants: &Constants<V>) {
    let first = cells[0].map(|column| to_lanes(column)[0]);
    let mut x = add(element(without_bias(first, 1)), constants.internal[0]);
    for (column, bias) in cells[0].iter_mut().zip(PARTIAL_BIASES) {
        *column = with_first(*column, Lanes::word(bias));
    }
    // What the round before adds to all cells.
    let mut added = [0; 4];
    for c in &constants.internal[1..] {
        let mut sbox = SBox::new(x, constants.first_diagonal);
        add_to_others(cells, added);
        let sum = sum_of_lanes(cells);
        unroll!(G in [0 1 2 3] {
            if G < V {
                multiply_by_diagonal(cells, constants, G, |column| {
                    sbox.advance(DIGITS * G + column, DIGITS * V);
                });
            }
        });
        let (y, dy) = sbox.results();
        let sum = element(without_bias(sum, 4 * V));
        x = add(dy, reduce_once(add(sum, *c), P));
        added = reduce(add(y, sum));
    }
    add_to_others(cells, added);
    for ((column, digit), bias) in cells[0].iter_mut().zip(split(reduce(x))).zip(PARTIAL_BIASES) {
        *column = with_first(*column, Lanes::word(bias + i128::from(digit)));
    }
}

/// Adds an element to all cells but the first one.
#[inline(always)]
fn add_to_others<const V: usize>(cells: &mut State<V>, x: Words) {
    let digits = split(x).map(|digit| Lanes::word(digit.into()));
    for (v, group) in cells.iter_mut().enumerate() {
        for (column, digit) in group.iter_mut().zip(digits) {
            let sum = Lanes::add(*column, digit);
            *column = if v == 0 { with_first(sum, *column) } else { sum };
        }
    }
}

/// Multiplies group v by the diagonal minus one, with something else in between.
#[inline(always)]
fn multiply_by_diagonal<const V: usize>(
    cells: &mut State<V>,
    constants: &Constants<V>,
    v: usize,
    between: impl FnMut(usize),
) {
    let x = digits::<Lanes>(cells[v], PARTIAL_TOP_BIAS);
    cells[v] = multiply_constant::<Lanes>(&x, &constants.diagonal[v], PARTIAL_BIASES, between);
}

/// `y = x^5` and `d y`, in steps that are spread over the vectors' products.
///
/// The products wait for one another. Processors look only some hundred instructions ahead, so what can run beside
/// them has to stand beside them.
struct SBox {
    x: Words,
    d: Words,
    product: Montgomery,
    y: Words,
}

impl SBox {
    #[inline(always)]
    fn new(x: Words, d: Words) -> Self {
        Self { x, d, product: Montgomery::new(x, x), y: [0; 4] }
    }

    /// Part `part` of so many.
    #[inline(always)]
    fn advance(&mut self, part: usize, parts: usize) {
        unroll!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
            if I * parts / 16 == part {
                let before = self.product.product();
                match I {
                    4 => self.product = Montgomery::new(before, before),
                    8 => self.product = Montgomery::new(before, self.x),
                    12 => {
                        self.y = before;
                        self.product = Montgomery::new(before, self.d);
                    }
                    _ => {}
                }
                self.product.step(I % 4);
            }
        });
    }

    /// After all parts: `y` and `d y`.
    #[inline(always)]
    fn results(&self) -> (Words, Words) {
        (self.y, self.product.product())
    }
}

/// Takes the biases off a sum of this many columns.
#[inline(always)]
fn without_bias(columns: [u64; DIGITS], summands: usize) -> [u64; DIGITS] {
    array::from_fn(|k| columns[k].wrapping_sub((summands as i128 * PARTIAL_BIASES[k]) as u64))
}

impl<const V: usize> Constants<V> {
    fn new<const T: usize>(poseidon2: &Poseidon2<T>) -> Self {
        assert_eq!(T, 4 * V, "four cells a vector");
        let digit = Fr::from(1u64 << DIGIT_BITS);
        let by_digit = digit.inverse().expect("a power of two");
        let ark = Fr::from(2u64).pow([256]);
        // Factors before each round, and after all of them.
        let mut factors = [ark; HALF_ROUNDS + 1];
        for r in 0..HALF_ROUNDS {
            factors[r + 1] = factors[r].pow([5]) * by_digit.pow([9]);
        }
        let [first, last] = [0, HALF_ROUNDS].map(|half| {
            array::from_fn(|r| {
                // The partial rounds leave their biases.
                let before = if half > 0 && r == 0 { PARTIAL_BIASES } else { NO_BIASES };
                let constants = &poseidon2.external[half + r];
                array::from_fn(|v| {
                    let cells = array::from_fn(|lane| constants[4 * v + lane] * factors[r]);
                    columns(cells, constant_biases(before))
                })
            })
        });
        let after = factors[HALF_ROUNDS] * by_digit;
        let to_ark = ark * after.inverse().expect("a power of two");
        let mut diagonal = poseidon2.diagonal_minus_one;
        let first_diagonal = (diagonal[0] + Fr::from(1u64)).0.0;
        diagonal[0] = Fr::ZERO;
        let internal = poseidon2.internal.iter().chain(&[Fr::ZERO]).map(|c| c.0.0).collect();
        Self {
            first,
            last,
            none: columns([Fr::ZERO; 4], constant_biases(NO_BIASES)),
            to_ark: table([to_ark; 4]),
            diagonal: array::from_fn(|v| table(array::from_fn(|lane| diagonal[4 * v + lane]))),
            first_diagonal,
            internal,
        }
    }
}

/// Digits of these integers modulo p, of least absolute value, one a lane.
fn balanced_digits(x: [Fr; 4]) -> [[i64; 4]; DIGITS] {
    let digits = x.map(|x| {
        let BigInt(words) = x.into_bigint();
        least(words)
    });
    array::from_fn(|k| digits.map(|digits| digits[k]))
}

/// As columns with these biases.
fn columns(x: [Fr; 4], biases: Biases) -> Columns<Lanes> {
    let digits = balanced_digits(x);
    array::from_fn(|k| {
        Lanes::add(from_lanes(digits[k].map(|digit| digit as u64)), Lanes::word(biases[k]))
    })
}

/// The table to multiply by these. See [`multiply_constant`].
fn table(factors: [Fr; 4]) -> Table<Lanes> {
    let radix = Fr::from(1u64 << DIGIT_BITS);
    array::from_fn(|j| {
        let power = radix.pow([j as u64 + 1]);
        balanced_digits(factors.map(|factor| factor * power)).map(doubles_from_lanes)
    })
}
