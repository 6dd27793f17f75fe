//! The instances of Poseidon2 over BN254's scalar field, and the permutation written once for field
//! elements and for linear combinations.
//!
//! Source: Grassi, Khovratovich, Schofnegger, "Poseidon2" (<https://eprint.iacr.org/2023/323>); round numbers
//! and constants as HorizenLabs' reference makes them for 128 bits and x^5: 8 full rounds, 56 partial
//! ones up to width 4 and 57 at width 16.

use std::sync::LazyLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, One};

use super::grain::Grain;
use crate::r1cs::Lc;

/// Full rounds, half of them at each end.
pub const FULL_ROUNDS: usize = 8;

/// Constants of one width.
#[derive(Debug)]
pub struct Poseidon2<const T: usize> {
    /// Constants of the full rounds.
    pub external: [[Fr; T]; FULL_ROUNDS],
    /// Constants of the partial rounds, for the first cell only.
    pub internal: Vec<Fr>,
    /// The internal matrix is all ones plus this diagonal.
    pub diagonal_minus_one: [Fr; T],
}

/// Width 2: Merkle nodes.
pub static T2: LazyLock<Poseidon2<2>> = LazyLock::new(|| Poseidon2::generate(56, 0));

/// Width 4: the challenger.
pub static T4: LazyLock<Poseidon2<4>> = LazyLock::new(|| Poseidon2::generate(56, SKIPPED_T4));

/// Width 16: Merkle leaves.
pub static T16: LazyLock<Poseidon2<16>> = LazyLock::new(|| Poseidon2::generate(57, SKIPPED_T16));

/// Diagonals that the reference script draws and discards, because some power of the matrix has a
/// reducible minimal polynomial. The tests compare the outcome with the instances that others published.
const SKIPPED_T4: usize = 4;
/// See [`SKIPPED_T4`].
const SKIPPED_T16: usize = 6;

/// What the permutation does to a cell besides its S-box: linear maps.
pub trait Cell: Clone {
    /// `self += other`.
    fn add(&mut self, other: &Self);
    /// `self *= 2`.
    fn double(&mut self);
    /// `self *= k`.
    fn scale(&mut self, k: &Fr);
}

impl Cell for Fr {
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        *self += other;
    }
    #[inline(always)]
    fn double(&mut self) {
        self.double_in_place();
    }
    #[inline(always)]
    fn scale(&mut self, k: &Fr) {
        *self *= k;
    }
}

impl Cell for Lc {
    fn add(&mut self, other: &Self) {
        *self += other;
    }
    fn double(&mut self) {
        *self = &*self * Fr::from(2u64);
    }
    fn scale(&mut self, k: &Fr) {
        *self = &*self * *k;
    }
}

impl<const T: usize> Poseidon2<T> {
    /// The reference procedure: round constants in the order of their use, then the diagonal.
    fn generate(partial_rounds: usize, skipped_diagonals: usize) -> Self {
        let mut grain = Grain::new(T, FULL_ROUNDS, partial_rounds);
        let mut external = [[Fr::ZERO; T]; FULL_ROUNDS];
        let (first, last) = external.split_at_mut(FULL_ROUNDS / 2);
        first.iter_mut().flatten().for_each(|c| *c = grain.round_constant());
        let internal = (0..partial_rounds).map(|_| grain.round_constant()).collect();
        last.iter_mut().flatten().for_each(|c| *c = grain.round_constant());
        let diagonal_minus_one = match T {
            2 | 3 => {
                let mut diagonal = [Fr::one(); T];
                diagonal[T - 1] = Fr::from(2u64);
                diagonal
            }
            _ => {
                let mut diagonal = || [(); T].map(|()| grain.diagonal_entry() - Fr::one());
                (0..skipped_diagonals).for_each(|_| _ = diagonal());
                diagonal()
            }
        };
        Self { external, internal, diagonal_minus_one }
    }

    /// The permutation. `sbox(x, c)` must replace `x` by `(x + c)^5`.
    #[inline(always)]
    pub fn permute<C: Cell>(&self, state: &mut [C; T], mut sbox: impl FnMut(&mut C, &Fr)) {
        let (first, last) = self.external.split_at(FULL_ROUNDS / 2);
        external_layer(state);
        for constants in first {
            state.iter_mut().zip(constants).for_each(|(x, c)| sbox(x, c));
            external_layer(state);
        }
        for c in &self.internal {
            sbox(&mut state[0], c);
            self.internal_layer(state);
        }
        for constants in last {
            state.iter_mut().zip(constants).for_each(|(x, c)| sbox(x, c));
            external_layer(state);
        }
    }

    #[inline(always)]
    fn internal_layer<C: Cell>(&self, state: &mut [C; T]) {
        let sum = sum(state);
        for (x, d) in state.iter_mut().zip(&self.diagonal_minus_one) {
            match T {
                2 | 3 if d.is_one() => {}
                2 | 3 => x.double(),
                _ => x.scale(d),
            }
            x.add(&sum);
        }
    }
}

#[inline(always)]
fn sum<C: Cell>(cells: &[C]) -> C {
    let mut sum = cells[0].clone();
    cells[1..].iter().for_each(|x| sum.add(x));
    sum
}

/// `circ(2, 1, ..)` up to width 3; above, the paper's 4 by 4 matrix on each group of four cells, and the
/// sum of the groups added to each if there are several.
#[inline(always)]
fn external_layer<C: Cell, const T: usize>(state: &mut [C; T]) {
    if T < 4 {
        let sum = sum(state);
        state.iter_mut().for_each(|x| x.add(&sum));
        return;
    }
    for group in state.chunks_exact_mut(4) {
        multiply_m4(group);
    }
    if T > 4 {
        for i in 0..4 {
            let mut sum = state[i].clone();
            (i + 4..T).step_by(4).for_each(|j| sum.add(&state[j]));
            (i..T).step_by(4).for_each(|j| state[j].add(&sum));
        }
    }
}

/// `[5 7 1 3; 4 6 1 1; 1 3 5 7; 1 1 4 6]` in 8 additions and 4 doublings (Poseidon2, appendix B).
#[inline(always)]
fn multiply_m4<C: Cell>(x: &mut [C]) {
    let [a, b, c, d] = x else { unreachable!("groups of four") };
    let mut t0 = a.clone();
    t0.add(b); // a + b
    let mut t1 = c.clone();
    t1.add(d); // c + d
    let mut t2 = b.clone();
    t2.double();
    t2.add(&t1); // 2b + c + d
    let mut t3 = d.clone();
    t3.double();
    t3.add(&t0); // a + b + 2d
    t1.double();
    t1.double();
    t1.add(&t3); // a + b + 4c + 6d
    t0.double();
    t0.double();
    t0.add(&t2); // 4a + 6b + c + d
    *a = t3;
    a.add(&t0); // 5a + 7b + c + 3d
    *c = t2;
    c.add(&t1); // a + 3b + 5c + 7d
    *b = t0;
    *d = t1;
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use crate::poseidon2_bn254::native;

    /// Vector of HorizenLabs' reference (`poseidon2.rs`, module for BN256): input 0, 1, 2.
    #[test]
    fn width_3_matches_the_reference() {
        let mut state = [0u64, 1, 2].map(Fr::from);
        native::permute(&Poseidon2::<3>::generate(56, 0), &mut state);
        let hex = |s: &str| Fr::from(num_bigint::BigUint::parse_bytes(s.as_bytes(), 16).unwrap());
        let expected = [
            "0bb61d24daca55eebcb1929a82650f328134334da98ea4f847f760054f4a3033",
            "303b6f7c86d043bfcbcc80214f26a30277a15d3f74ca654992defe7ff8d03570",
            "1ed25194542b12eef8617361c3ba7c52e660b145994427cc86296242cf766ec8",
        ];
        assert_eq!(state, expected.map(hex));
    }

    /// Vector of `taceo-poseidon2` 0.3.1 for the same parameters: input 0, 1.
    #[test]
    fn width_2_matches_the_published_vector() {
        let mut state = [0u64, 1].map(Fr::from);
        native::permute(&T2, &mut state);
        let expected = [
            "13120422956170837922441672802975889424559262309139960702680326932494325745547",
            "5923567162677888564808904842769941181302763723060647224839027357562627386465",
        ];
        assert_eq!(state, expected.map(|s| Fr::from_str(s).unwrap()));
    }
}
