//! The twin of [`super::native`] in R1CS: three constraints an S-box, linear layers are free.
//!
//! Constraints: width 2, 216; width 4, 264; width 16, 555.

use ark_bn254::Fr;

use super::native::{LEAF_RATE, LIMBS_PER_WORD};
use super::params::{Poseidon2, T2, T16};
use crate::r1cs::{Builder, Lc};

/// Permutes in place.
pub fn permute<const T: usize>(b: &mut Builder, poseidon2: &Poseidon2<T>, state: &mut [Lc; T]) {
    poseidon2.permute(state, |x, c| {
        x.add_constant(*c);
        let x2 = b.mul(x, x);
        let x4 = b.mul(&x2, &x2);
        *x = b.mul(&x4, x);
    });
}

/// Packs up to three limbs. Injective only if the caller has range-checked them below 2^64.
pub fn pack(limbs: &[Lc]) -> Lc {
    Lc::recompose(limbs.iter().take(LIMBS_PER_WORD), 64)
}

/// Hash of a Merkle leaf. The caller has range-checked the limbs below 2^64.
pub fn leaf(b: &mut Builder, limbs: &[Lc]) -> Lc {
    let mut state: [Lc; LEAF_RATE + 1] = Default::default();
    state[LEAF_RATE] = Lc::constant(Fr::from(limbs.len() as u64));
    for block in limbs.chunks(LEAF_RATE * LIMBS_PER_WORD) {
        for (cell, limbs) in state.iter_mut().zip(block.chunks(LIMBS_PER_WORD)) {
            *cell = pack(limbs);
        }
        permute(b, &T16, &mut state);
    }
    let [digest, ..] = state;
    digest
}

/// Hash of a Merkle node, `P(left, right)[0] + left`.
pub fn node(b: &mut Builder, left: &Lc, right: &Lc) -> Lc {
    let mut state = [left.clone(), right.clone()];
    permute(b, &T2, &mut state);
    &state[0] + left
}

#[cfg(test)]
mod tests {
    use super::super::native;
    use super::super::params::T4;
    use super::*;
    use crate::r1cs::Var;
    use ark_ff::{One, UniformRand};

    fn twin<const T: usize>(poseidon2: &Poseidon2<T>, constraints: usize) {
        let mut rng = ark_std::test_rng();
        let mut state = [(); T].map(|()| Fr::rand(&mut rng));
        let mut b = Builder::new(&[]);
        let mut cells = state.map(|x| b.witness(x));
        permute(&mut b, poseidon2, &mut cells);
        native::permute(poseidon2, &mut state);
        assert_eq!(cells.each_ref().map(Lc::value), state);
        assert_eq!(b.num_constraints(), constraints);
        assert!(b.is_satisfied());
        bound(&b, T);
    }

    /// Every wire after the first `inputs` ones is determined: changing any breaks a constraint.
    fn bound(b: &Builder, inputs: usize) {
        for i in 1 + inputs..b.num_wires() {
            let mut tampered = b.clone();
            tampered.overwrite(Var::nth(i), b.assignment()[i] + Fr::one());
            assert!(!tampered.is_satisfied(), "wire {i} is free");
        }
    }

    #[test]
    fn permutations_match_native() {
        twin(&T2, 216);
        twin(&T4, 264);
        twin(&T16, 555);
    }

    #[test]
    fn hashes_match_native() {
        for len in [1, 3, 44, 45, 46, 100] {
            let limbs: Vec<u64> = (0..len).map(|i| u64::MAX - i * i).collect();
            let mut b = Builder::new(&[]);
            let wires: Vec<Lc> = limbs.iter().map(|&l| b.witness(Fr::from(l))).collect();
            assert_eq!(leaf(&mut b, &wires).value(), native::leaf(&limbs), "{len} limbs");
            assert!(b.is_satisfied());
        }
        let mut b = Builder::new(&[]);
        let (left, right) = (b.witness(Fr::from(3u64)), b.witness(Fr::from(4u64)));
        let digest = node(&mut b, &left, &right);
        assert_eq!(digest.value(), native::node(left.value(), right.value()));
        assert!(b.is_satisfied());
    }
}
