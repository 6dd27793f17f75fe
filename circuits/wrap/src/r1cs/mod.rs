//! A rank-1 constraint system over BN254's scalar field, written for one large circuit.
//!
//! Every gadget of this crate talks to a [`Builder`]. Witness values are computed eagerly: a wire gets
//! its value when it is allocated, and an [`Lc`] carries the value of its sum. Constraints are kept as
//! three sparse matrices with interned coefficients (8 bytes a term), because a million constraints with
//! dense Poseidon2 layers have some ten million terms. `ark-relations` is only met at the border to
//! Groth16 ([`crate::groth16`]).
//!
//! The *structure* (wires, constraints, coefficients) must never depend on witness values: key and
//! digest are those of the structure. Gadgets may branch on shapes and constants only.

mod lc;

pub use lc::{Lc, Var};

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use ark_bn254::Fr;
use ark_ff::{One, PrimeField, Zero};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// One of the three matrices, row by row.
#[derive(Clone, Debug, Default)]
pub struct SparseMatrix {
    /// End of each row in `terms`.
    ends: Vec<u32>,
    /// Column and index of the coefficient.
    terms: Vec<(u32, u32)>,
}

impl SparseMatrix {
    fn row(&self, i: usize) -> &[(u32, u32)] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.terms[start..self.ends[i] as usize]
    }
}

/// Fr limbs are spread evenly already: folding them is a good enough hash for the intern table.
#[derive(Clone, Default)]
struct LimbHasher(u64);

impl Hasher for LimbHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Constraints and assignment, built together.
#[derive(Clone)]
pub struct Builder {
    values: Vec<Fr>,
    num_public: usize,
    matrices: [SparseMatrix; 3],
    coeffs: Vec<Fr>,
    coeff_index: HashMap<Fr, u32, BuildHasherDefault<LimbHasher>>,
    regions: Vec<(&'static str, usize)>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("public", &self.num_public)
            .field("wires", &self.values.len())
            .field("constraints", &self.num_constraints())
            .finish()
    }
}

impl Builder {
    /// An empty system with these public inputs. [`Self::public`] gives their wires.
    pub fn new(public_inputs: &[Fr]) -> Self {
        let mut values = vec![Fr::one()];
        values.extend_from_slice(public_inputs);
        Self {
            values,
            num_public: public_inputs.len(),
            matrices: Default::default(),
            coeffs: Vec::new(),
            coeff_index: HashMap::default(),
            regions: Vec::new(),
        }
    }

    /// The wire of public input `i`.
    ///
    /// # Panics
    /// If there is no such input: a mistake in the circuit, not in its data.
    pub fn public(&self, i: usize) -> Lc {
        assert!(i < self.num_public, "public input {i} of {}", self.num_public);
        self.lc(Var::nth(i + 1))
    }

    /// Allocates a witness wire. The value is free until constraints bind it.
    pub fn witness(&mut self, value: Fr) -> Lc {
        let var = Var::nth(self.values.len());
        self.values.push(value);
        Lc { terms: vec![(var, Fr::one())], value }
    }

    /// A wire as a linear combination.
    pub fn lc(&self, var: Var) -> Lc {
        Lc { terms: vec![(var, Fr::one())], value: self.values[var.index()] }
    }

    /// Adds the constraint `a * b = c`.
    pub fn enforce(&mut self, a: &Lc, b: &Lc, c: &Lc) {
        for (m, lc) in [a, b, c].into_iter().enumerate() {
            for &(var, coeff) in &lc.terms {
                let index = self.intern(coeff);
                self.matrices[m].terms.push((var.0, index));
            }
            let end = u32::try_from(self.matrices[m].terms.len()).expect("fewer than 2^32 terms");
            self.matrices[m].ends.push(end);
        }
    }

    /// A new wire with the product; one constraint.
    pub fn mul(&mut self, a: &Lc, b: &Lc) -> Lc {
        let product = self.witness(a.value * b.value);
        self.enforce(a, b, &product);
        product
    }

    /// A new wire with the same value; one constraint. Shortens a combination that is used often.
    pub fn reduce(&mut self, a: &Lc) -> Lc {
        let wire = self.witness(a.value);
        self.assert_equal(a, &wire);
        wire
    }

    /// `a = b`; one constraint.
    pub fn assert_equal(&mut self, a: &Lc, b: &Lc) {
        self.enforce(&(a - b), &Lc::one(), &Lc::zero());
    }

    /// `a` is 0 or 1; one constraint.
    pub fn assert_bool(&mut self, a: &Lc) {
        let complement = a - &Lc::one();
        self.enforce(a, &complement, &Lc::zero());
    }

    /// A new wire that is 0 or 1; one constraint.
    pub fn bit(&mut self, value: bool) -> Lc {
        let bit = self.witness(Fr::from(value));
        self.assert_bool(&bit);
        bit
    }

    /// The `n` low bits of `a`, least significant first, and with them the proof that `0 <= a < 2^n`;
    /// `n + 1` constraints. A value out of range leaves the system unsatisfied.
    ///
    /// # Panics
    /// If `n > 253`: 254 bits also spell values of r and above, so the decomposition would not be unique.
    pub fn to_bits(&mut self, a: &Lc, n: usize) -> Vec<Lc> {
        assert!(n <= 253, "{n} bits are not unique in the field");
        let value = a.value.into_bigint();
        let bits: Vec<Lc> =
            (0..n).map(|i| self.bit(ark_ff::BigInteger::get_bit(&value, i))).collect();
        self.assert_equal(&Lc::recompose(&bits, 1), a);
        bits
    }

    /// `if bit { yes } else { no }`; one constraint. The caller has made `bit` boolean.
    pub fn select(&mut self, bit: &Lc, yes: &Lc, no: &Lc) -> Lc {
        let scaled = self.mul(bit, &(yes - no));
        &scaled + no
    }

    /// Names the constraints from here on, for counts and error messages.
    pub fn region(&mut self, name: &'static str) {
        self.regions.push((name, self.num_constraints()));
    }

    fn intern(&mut self, coeff: Fr) -> u32 {
        *self.coeff_index.entry(coeff).or_insert_with(|| {
            self.coeffs.push(coeff);
            u32::try_from(self.coeffs.len() - 1).expect("fewer than 2^32 coefficients")
        })
    }

    /// Number of constraints.
    pub fn num_constraints(&self) -> usize {
        self.matrices[0].ends.len()
    }

    /// Number of public inputs, without the constant one.
    pub fn num_public(&self) -> usize {
        self.num_public
    }

    /// Number of wires: one, public inputs and witness.
    pub fn num_wires(&self) -> usize {
        self.values.len()
    }

    /// Number of nonzero entries of the three matrices together.
    pub fn num_terms(&self) -> usize {
        self.matrices.iter().map(|m| m.terms.len()).sum()
    }

    /// One, public inputs, witness.
    pub fn assignment(&self) -> &[Fr] {
        &self.values
    }

    /// The public inputs, without the constant one.
    pub fn public_inputs(&self) -> &[Fr] {
        &self.values[1..=self.num_public]
    }

    /// Constraints of each region in order; a name that comes again is counted again.
    pub fn region_sizes(&self) -> Vec<(&'static str, usize)> {
        let ends = self.regions.iter().skip(1).map(|r| r.1).chain([self.num_constraints()]);
        self.regions.iter().zip(ends).map(|(&(name, start), end)| (name, end - start)).collect()
    }

    /// Row `i` of matrix A, B or C (`m` = 0, 1, 2) as (column, coefficient).
    pub fn row(&self, m: usize, i: usize) -> impl Iterator<Item = (usize, Fr)> + '_ {
        self.matrices[m].row(i).iter().map(|&(var, k)| (var as usize, self.coeffs[k as usize]))
    }

    fn row_value(&self, m: usize, i: usize) -> Fr {
        let mut sum = Fr::zero();
        for (var, k) in self.row(m, i) {
            // Most values are bits and many coefficients one: looking costs less than a product.
            let value = self.values[var];
            if value.is_one() {
                sum += k;
            } else if k.is_one() {
                sum += value;
            } else if !value.is_zero() {
                sum += value * k;
            }
        }
        sum
    }

    /// The first constraint that the assignment breaks, with its region; `None` if it satisfies all.
    pub fn first_unsatisfied(&self) -> Option<(usize, &'static str)> {
        let broken = (0..self.num_constraints())
            .into_par_iter()
            .find_first(|&i| self.row_value(0, i) * self.row_value(1, i) != self.row_value(2, i))?;
        Some((broken, self.region_of(broken)))
    }

    fn region_of(&self, constraint: usize) -> &'static str {
        self.regions.iter().rev().find(|r| r.1 <= constraint).map_or("", |r| r.0)
    }

    /// The values of A's and of B's rows, in vectors with room for `capacity`.
    ///
    /// # Errors
    /// [`Self::first_unsatisfied`], if there is one.
    pub fn factors(&self, capacity: usize) -> Result<[Vec<Fr>; 2], (usize, &'static str)> {
        let count = self.num_constraints();
        let [mut a, mut b] = [(); 2].map(|()| Vec::with_capacity(capacity.max(count)));
        a.resize(count, Fr::zero());
        b.resize(count, Fr::zero());
        let rows = a.par_iter_mut().zip(&mut b).enumerate();
        let broken = rows.map(|(i, (a, b))| {
            [*a, *b] = [0, 1].map(|m| self.row_value(m, i));
            (*a * *b != self.row_value(2, i)).then_some(i)
        });
        match broken.flatten().min() {
            None => Ok([a, b]),
            Some(broken) => Err((broken, self.region_of(broken))),
        }
    }

    /// Whether the assignment satisfies every constraint.
    pub fn is_satisfied(&self) -> bool {
        self.first_unsatisfied().is_none()
    }

    /// Plays the dishonest prover: puts `value` on a wire whatever the gadgets computed, as tests of
    /// soundness do. Linear combinations built before keep their old values.
    pub fn overwrite(&mut self, var: Var, value: Fr) {
        self.values[var.index()] = value;
    }

    /// SHA-256 of the structure: counts, coefficients and matrices, but not the assignment. Two systems
    /// with one digest have the same Groth16 keys.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"cairn r1cs v1");
        for n in [self.num_public, self.values.len(), self.num_constraints(), self.coeffs.len()] {
            hash.update((n as u64).to_le_bytes());
        }
        for coeff in &self.coeffs {
            for limb in coeff.into_bigint().0 {
                hash.update(limb.to_le_bytes());
            }
        }
        let mut buffer = Vec::new();
        for matrix in &self.matrices {
            hash.update((matrix.terms.len() as u64).to_le_bytes());
            for chunk in matrix.ends.chunks(4096) {
                buffer.clear();
                buffer.extend(chunk.iter().flat_map(|end| end.to_le_bytes()));
                hash.update(&buffer);
            }
            for chunk in matrix.terms.chunks(4096) {
                buffer.clear();
                buffer.extend(
                    chunk
                        .iter()
                        .flat_map(|t| (u64::from(t.0) << 32 | u64::from(t.1)).to_le_bytes()),
                );
                hash.update(&buffer);
            }
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fr(x: u64) -> Fr {
        Fr::from(x)
    }

    /// x^3 + x + 5 = y with public y.
    fn cubic(x: u64, y: u64) -> (Builder, Var) {
        let mut b = Builder::new(&[fr(y)]);
        b.region("cubic");
        let x = b.witness(fr(x));
        let var = x.as_var().unwrap();
        let x2 = b.mul(&x, &x);
        let x3 = b.mul(&x2, &x);
        let mut sum = &x3 + &x;
        sum.add_constant(fr(5));
        let y = b.public(0);
        b.assert_equal(&sum, &y);
        (b, var)
    }

    #[test]
    fn accepts_the_solution_and_names_the_broken_constraint() {
        assert!(cubic(3, 35).0.is_satisfied());
        assert_eq!(cubic(3, 36).0.first_unsatisfied(), Some((2, "cubic")));
        let (mut b, x) = cubic(3, 35);
        b.overwrite(x, fr(4));
        assert_eq!(b.first_unsatisfied(), Some((0, "cubic")));
    }

    #[test]
    fn digest_is_of_the_structure_only() {
        assert_eq!(cubic(3, 35).0.digest(), cubic(1, 7).0.digest());
        let mut longer = cubic(3, 35).0;
        longer.bit(true);
        assert_ne!(longer.digest(), cubic(3, 35).0.digest());
    }

    #[test]
    fn bits_bound_the_value() {
        for (value, satisfied) in [(0, true), (255, true), (256, false)] {
            let mut b = Builder::new(&[]);
            let x = b.witness(fr(value));
            b.to_bits(&x, 8);
            assert_eq!(b.is_satisfied(), satisfied, "{value}");
            assert_eq!(b.num_constraints(), 9);
        }
        let mut b = Builder::new(&[]);
        b.assert_bool(&Lc::constant(fr(2)));
        assert!(!b.is_satisfied());
    }

    #[test]
    fn select_picks_by_the_bit() {
        for bit in [false, true] {
            let mut b = Builder::new(&[]);
            let (yes, no) = (b.witness(fr(7)), b.witness(fr(9)));
            let bit_lc = b.bit(bit);
            let picked = b.select(&bit_lc, &yes, &no);
            assert_eq!(picked.value(), if bit { fr(7) } else { fr(9) });
            assert!(b.is_satisfied());
        }
    }
}
