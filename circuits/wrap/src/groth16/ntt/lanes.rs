//! Transforms in vectors of doubles: [`super::super::fma`] says how they count. [`super::portable`] is the reference.
//!
//! Three levels of the tree are walked at once, eight neighbours in the lanes. Eight parts of at most [`PART`]
//! values are then transformed side by side, one in each lane, and stay in the caches.

use std::array;

use ark_bn254::Fr;
use ark_ff::{BigInt, FftField, Field, PrimeField};
use rayon::prelude::*;

use super::super::fma::arithmetic::{
    DIGIT_BITS, DIGITS, Digits, Modulus, Products, balanced, difference, normalize, sum,
};
use super::super::fma::vectors::{self, Vectors};
use super::portable;

/// Vectors side by side.
const VECTORS: usize = 2;

/// Elements in as many vectors.
const LANES: usize = 4 * VECTORS;

/// Values that are transformed in one lane: those of all lanes fit the caches of any processor.
const PART: usize = 512;

/// Values of a chunk of work.
const CHUNK: usize = 1 << 10;

type Element = [f64; DIGITS];

/// Elements. Those of transforms are arkworks' forms as they are: roots, of form 2^51, keep any form.
type Lanes = Digits<Vectors, VECTORS>;

/// The roots w of the nodes of a tree; see [`super`].
pub(super) enum Roots {
    /// Of too few values to fill the lanes.
    Few(portable::Roots),
    /// Of at least 64 values.
    Many(Vec<Element>),
}

impl Roots {
    /// Nothing, if the field has no root of order 2n.
    pub(super) fn new(n: usize) -> Option<Self> {
        if n < LANES * LANES {
            return portable::Roots::new(n).map(Self::Few);
        }
        let form = Fr::from(1u64 << DIGIT_BITS);
        let element = |x: Fr| balanced((x * form).into_bigint().0).map(|digit| digit as f64);
        // Roots of order 2n, n, ..., 4.
        let mut root = Fr::get_root_of_unity(2 * n as u64)?;
        let mut squares = Vec::new();
        for _ in 0..n.ilog2() {
            squares.push(root);
            root.square_in_place();
        }
        let mut first = vec![Fr::ONE];
        let mut roots = Vec::with_capacity(n);
        for root in squares.into_iter().rev() {
            if first.len() < LANES {
                first.extend_from_within(..);
                let half = first.len() / 2;
                first[half..].iter_mut().for_each(|new| *new *= root);
                continue;
            }
            if roots.is_empty() {
                roots.extend(first.iter().map(|&root| element(root)));
            }
            let known = roots.len();
            roots.resize(2 * known, Element::default());
            let (known, new) = roots.split_at_mut(known);
            let root = element(root);
            let root = vectors::gather::<VECTORS>(|_| &root);
            let chunks = new.par_chunks_exact_mut(LANES).zip(known.par_chunks_exact(LANES));
            chunks.with_min_len(CHUNK).for_each(|(new, known)| {
                let known = vectors::gather::<VECTORS>(|lane| &known[lane]);
                vectors::scatter::<VECTORS>(&times(&known, &root), |lane, x| new[lane] = x);
            });
        }
        Some(Self::Many(roots))
    }

    /// From coefficients to values.
    pub(super) fn values(&self, a: &mut [Fr], node: usize) {
        match self {
            Self::Few(roots) => roots.values(a, node),
            Self::Many(roots) => values(roots, a, node),
        }
    }

    /// From values to coefficients, n times too large.
    pub(super) fn coefficients(&self, a: &mut [Fr], node: usize) {
        match self {
            Self::Few(roots) => roots.coefficients(a, node),
            Self::Many(roots) => coefficients(roots, a, node),
        }
    }
}

fn values(roots: &[Element], a: &mut [Fr], node: usize) {
    let nodes = [node, 2 * node, 2 * node + 1, 4 * node, 4 * node + 1, 4 * node + 2, 4 * node + 3];
    let seven = nodes.map(|node| vectors::gather::<VECTORS>(|_| &roots[node]));
    neighbours(a, |x| {
        for i in 0..4 {
            split(x, i, i + 4, &seven[0]);
        }
        for i in [0, 1, 4, 5] {
            split(x, i, i + 2, &seven[1 + i / 4]);
        }
        for i in [0, 2, 4, 6] {
            split(x, i, i + 1, &seven[3 + i / 2]);
        }
    });
    let part = a.len() / LANES;
    if part > PART {
        let parts = a.par_chunks_exact_mut(part).enumerate();
        parts.for_each(|(i, part)| values(roots, part, LANES * node + i));
        return;
    }
    side_by_side(a, |x| {
        let (mut half, mut nodes) = (part / 2, 1);
        while half > 0 {
            for (i, block) in x.chunks_exact_mut(2 * half).enumerate() {
                let root =
                    vectors::gather::<VECTORS>(|lane| &roots[(LANES * node + lane) * nodes + i]);
                for j in 0..half {
                    split(block, j, j + half, &root);
                }
            }
            half /= 2;
            nodes *= 2;
        }
    });
}

fn coefficients(roots: &[Element], a: &mut [Fr], node: usize) {
    let part = a.len() / LANES;
    if part > PART {
        let parts = a.par_chunks_exact_mut(part).enumerate();
        parts.for_each(|(i, part)| coefficients(roots, part, LANES * node + i));
    } else {
        side_by_side(a, |x| {
            let (mut half, mut nodes) = (1, part / 2);
            while half < part {
                for (i, block) in x.chunks_exact_mut(2 * half).enumerate() {
                    let root = minus_inverse(roots, |lane| (LANES * node + lane) * nodes + i);
                    for j in 0..half {
                        join(block, j, j + half, &root);
                    }
                }
                half *= 2;
                nodes /= 2;
            }
        });
    }
    let nodes = [node, 2 * node, 2 * node + 1, 4 * node, 4 * node + 1, 4 * node + 2, 4 * node + 3];
    let seven = nodes.map(|node| minus_inverse(roots, |_| node));
    neighbours(a, |x| {
        for i in [0, 2, 4, 6] {
            join(x, i, i + 1, &seven[3 + i / 2]);
        }
        for i in [0, 1, 4, 5] {
            join(x, i, i + 2, &seven[1 + i / 4]);
        }
        for i in 0..4 {
            join(x, i, i + 4, &seven[0]);
        }
    });
}

/// Minus the inverses of the roots of nodes.
fn minus_inverse(roots: &[Element], node: impl Fn(usize) -> usize) -> Lanes {
    let one: Element = roots[0].map(|digit| -digit);
    vectors::gather::<VECTORS>(|lane| {
        let node = node(lane);
        match node.checked_ilog2() {
            None => &one,
            Some(level) => &roots[(3 << level) - 1 - node],
        }
    })
}

/// Applies this to what is an eighth apart.
fn neighbours(a: &mut [Fr], work: impl Fn(&mut [Lanes; 8]) + Sync) {
    let part = a.len() / 8;
    let mut parts = a.chunks_exact_mut(part);
    let mut next = || parts.next().expect("eight parts").par_chunks_mut(CHUNK);
    let chunks = (next(), next(), next(), next(), next(), next(), next(), next());
    chunks.into_par_iter().for_each(|(a, b, c, d, e, f, g, h)| {
        let mut chunks = [a, b, c, d, e, f, g, h];
        for at in (0..chunks[0].len()).step_by(LANES) {
            let mut x = chunks.each_ref().map(|chunk| load(|lane| &chunk[at + lane]));
            work(&mut x);
            for (x, chunk) in x.iter().zip(chunks.iter_mut()) {
                store(x, |lane, x| chunk[at + lane] = x);
            }
        }
    });
}

/// Applies this to eight parts, each in a lane.
fn side_by_side(a: &mut [Fr], work: impl Fn(&mut [Lanes])) {
    let part = a.len() / LANES;
    let mut x: Vec<_> = (0..part).map(|i| load(|lane| &a[lane * part + i])).collect();
    work(&mut x);
    for (i, x) in x.iter().enumerate() {
        store(x, |lane, x| a[lane * part + i] = x);
    }
}

#[inline(always)]
fn load<'a>(of: impl Fn(usize) -> &'a Fr) -> Lanes {
    vectors::load_words::<VECTORS>(|lane| &of(lane).0.0)
}

/// For elements that [`normalize`] gave, or products.
#[inline(always)]
fn store(x: &Lanes, mut to: impl FnMut(usize, Fr)) {
    vectors::scatter::<VECTORS>(&normalize::<Vectors, Fr, VECTORS>(x), |lane, x| {
        to(lane, Fr::new_unchecked(BigInt(words(x))));
    });
}

/// The words of a value between -p and p, modulo p.
#[inline(always)]
fn words(digits: Element) -> [u64; 4] {
    const P: [u64; 4] = <Fr as Modulus>::WORDS;
    const MASK: i64 = (1 << DIGIT_BITS) - 1;
    let mut carry = 0;
    let x: [u64; DIGITS] = array::from_fn(|k| {
        let digit = digits[k] as i64 + Fr::P[k] + carry;
        carry = digit >> DIGIT_BITS;
        (if k < DIGITS - 1 { digit & MASK } else { digit }) as u64
    });
    let [a, b, c, d, e] = x;
    let x = [a | b << 51, b >> 13 | c << 38, c >> 26 | d << 25, d >> 39 | e << 12];
    let mut borrow = false;
    let less: [u64; 4] = array::from_fn(|i| {
        let word;
        (word, borrow) = x[i].borrowing_sub(P[i], borrow);
        word
    });
    // Without a branch, which would be a coin toss to the processor.
    let keep = u64::from(borrow).wrapping_neg();
    array::from_fn(|i| (x[i] & keep) | (less[i] & !keep))
}

#[inline(never)]
fn times(a: &Lanes, b: &Lanes) -> Lanes {
    Products::<Vectors, VECTORS>::new().times(a, b).reduce::<Fr>()
}

/// From modulo `X^m - w^2` to modulo `X^(m/2) - w` and `X^(m/2) + w`.
#[inline(always)]
fn split(x: &mut [Lanes], low: usize, high: usize, root: &Lanes) {
    let product = times(&x[high], root);
    x[high] = normalize::<Vectors, Fr, VECTORS>(&difference::<Vectors, VECTORS>(&x[low], &product));
    x[low] = normalize::<Vectors, Fr, VECTORS>(&sum::<Vectors, VECTORS>(&x[low], &product));
}

/// The inverse of [`split`], twice as large.
#[inline(always)]
fn join(x: &mut [Lanes], low: usize, high: usize, minus_inverse: &Lanes) {
    let difference = difference::<Vectors, VECTORS>(&x[high], &x[low]);
    x[low] = normalize::<Vectors, Fr, VECTORS>(&sum::<Vectors, VECTORS>(&x[low], &x[high]));
    x[high] = times(&difference, minus_inverse);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_the_smallest_representative() {
        let p = Fr::MODULUS.0;
        let mut last = p;
        last[0] -= 1;
        let digits = |x: [u64; 4]| balanced(x).map(|digit| digit as f64);
        let negative = |x: [u64; 4]| digits(x).map(|digit| -digit);
        assert_eq!(words([0.0; DIGITS]), [0; 4]);
        assert_eq!(words(digits([1, 0, 0, 0])), [1, 0, 0, 0]);
        assert_eq!(words(negative([1, 0, 0, 0])), last);
        assert_eq!(words(digits(last)), last);
        assert_eq!(words(negative(last)), [1, 0, 0, 0]);
        assert_eq!(words(negative([0, 0, 0, 1])), {
            let mut x = p;
            x[3] -= 1;
            x
        });
    }
}
