//! The width 16 permutation with AVX-512 IFMA: several times as fast as scalar code.
//!
//! One state is vectorised inside itself, because plonky2 hashes Merkle leaves one at a time. Eight cells
//! lie in five registers, limb `j` of each in register `j`, radix 2^52, in Montgomery form with factor
//! 2^260. The scalar code is the reference: [`super::native::permute`] must agree.
//!
//! Bounds, with p the modulus (p < 2^254, 2^260 > 84 p): [`Lanes::mul`] takes a, b < 2^260 with limbs below 2^52 and
//! gives less than `a b / 2^260 + p`, so 2p for factors up to 9p; [`Lanes::reduce`] gives less than 1.01p.

use std::arch::x86_64::*;
use std::sync::LazyLock;

use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};

use super::params::{FULL_ROUNDS, T16};

const LIMBS: usize = 5;
const LIMB_BITS: u32 = 52;
const MASK: u64 = (1 << LIMB_BITS) - 1;

/// The modulus in radix 2^52.
const P: [u64; LIMBS] = split(Fr::MODULUS.0, 0);

/// 2^260 - p in radix 2^52.
const MINUS_P: [u64; LIMBS] = {
    let mut limbs = [0; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        limbs[i] = MASK - P[i];
        i += 1;
    }
    limbs[0] += 1; // p is odd, so this does not carry
    limbs
};

/// -1/p modulo 2^52, by Newton's iteration.
const MINUS_P_INVERSE: u64 = {
    let mut inverse = 1u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(P[0].wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg() & MASK
};

/// Bits of the top limb that the estimate of a quotient ignores.
const QUOTIENT_SHIFT: u32 = 24;

/// A quotient by p is estimated as `(top >> 24) * RECIPROCAL >> 52`: the floor of something that is too small
/// by less than one part in 2^21.
const RECIPROCAL: u64 = (1 << LIMB_BITS) / ((P[4] >> QUOTIENT_SHIFT) + 1);

/// Limbs of `x * 2^shift` for a shift below 5.
const fn split(x: [u64; 4], shift: u32) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    let mut i = 0;
    while i < LIMBS {
        // The limb begins at this bit of x; below zero for the first one, if there is a shift.
        let bit = (LIMB_BITS * i as u32) as i32 - shift as i32;
        limbs[i] = if bit < 0 {
            x[0] << -bit
        } else {
            let (word, offset) = (bit as usize / 64, bit as u32 % 64);
            let low = x[word] >> offset;
            if offset > 12 && word < 3 { low | x[word + 1] << (64 - offset) } else { low }
        } & MASK;
        i += 1;
    }
    limbs
}

/// Eight field elements.
#[derive(Clone, Copy)]
struct Lanes([__m512i; LIMBS]);

/// The sixteen cells.
type State = [Lanes; 2];

/// What the rounds add and multiply by.
struct Constants {
    external: [State; FULL_ROUNDS],
    /// In all lanes.
    internal: Vec<Lanes>,
    /// Diagonal minus one; lane 0 of the first half is zero.
    diagonal_minus_one: State,
    /// The first entry of the diagonal itself, in all lanes.
    first_diagonal: Lanes,
    /// Takes the factor 2^260 back to arkworks' 2^256; in all lanes.
    to_ark: Lanes,
}

// SAFETY of this and the `unsafe` calls below: the module is only compiled for targets that have
// the features that its functions enable.
static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| unsafe { constants() });

#[target_feature(enable = "avx512f,avx512ifma")]
fn constants() -> Constants {
    let mut diagonal = T16.diagonal_minus_one;
    let first_diagonal = splat(&(diagonal[0] + Fr::from(1u64)));
    diagonal[0] = Fr::from(0u64);
    // As an element of arkworks this is stored as 2^256; as lanes, without the shift, it stands for itself.
    let to_ark = split(Fr::from(1u64).0.0, 0).map(|limb| _mm512_set1_epi64(limb as i64));
    Constants {
        external: T16.external.each_ref().map(|round| load(round)),
        internal: T16.internal.iter().map(|c| splat(c)).collect(),
        diagonal_minus_one: load(&diagonal),
        first_diagonal,
        to_ark: Lanes(to_ark),
    }
}

/// Permutes in place.
pub(super) fn permute(state: &mut [Fr; 16]) {
    // SAFETY: see [`CONSTANTS`].
    unsafe { permute_lanes(state, &CONSTANTS) }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn permute_lanes(state: &mut [Fr; 16], constants: &Constants) {
    let mut lanes = load(state);
    let (first, last) = constants.external.split_at(FULL_ROUNDS / 2);
    lanes = external_layer(lanes);
    for round in first {
        lanes = external_layer(full_sbox(lanes, round));
    }
    lanes = partial_rounds(lanes.map(|half| half.reduce()), constants);
    for round in last {
        lanes = external_layer(full_sbox(lanes, round));
    }
    store(lanes.map(|half| half.reduce().mul(constants.to_ark)), state);
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn full_sbox(state: State, constants: &State) -> State {
    let [x, y] = [state[0].add(constants[0]).reduce(), state[1].add(constants[1]).reduce()];
    let [x2, y2] = [x.mul(x), y.mul(y)];
    let [x4, y4] = [x2.mul(x2), y2.mul(y2)];
    [x4.mul(x), y4.mul(y)]
}

/// The matrix `circ(2 M4, M4, M4, M4)`; takes cells below 2p, gives cells below 160p with limbs below
/// 2^59, to be reduced.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn external_layer(state: State) -> State {
    let [x, y] = [state[0].multiply_m4(), state[1].multiply_m4()];
    let half = x.add(y);
    let sum = half.add(half.swap_halves());
    [x.add(sum), y.add(sum)]
}

/// All partial rounds. The first cell lives apart, in all lanes of `x`, so that its S-box (three
/// multiplications, one after the other) overlaps with the products of the others. Takes and gives cells below
/// 9p with limbs below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn partial_rounds(state: State, constants: &Constants) -> State {
    const FIRST: u8 = 1;
    let mut x = state[0].broadcast::<0>();
    let mut others = [state[0].zero(FIRST), state[1]];
    for c in &constants.internal {
        // y = (x + c)^5 in lane 0; in lane 1 y times the first entry of the diagonal.
        x = x.add(*c).carry();
        let squared = x.mul(x.blend(constants.first_diagonal, !FIRST));
        let fourth = squared.mul(squared).broadcast::<0>();
        let y = fourth.mul(squared.blend(x, FIRST));

        // 15 cells below 5p each (product 1.1p, sum 1.01p, y 2p), so their sum is below 75p.
        let sum = others[0].add(others[1]).sum_of_lanes().reduce();
        let (all, first) = (sum.add(y.broadcast::<0>()), sum.add(y.broadcast::<1>()));
        let product = |i: usize| others[i].mul(constants.diagonal_minus_one[i]);
        others = [product(0).add(all).carry().zero(FIRST), product(1).add(all).carry()];
        x = first;
    }
    [others[0].blend(x.carry(), FIRST), others[1]]
}

impl Lanes {
    /// Limb by limb, without carries.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|j| _mm512_add_epi64(self.0[j], other.0[j])))
    }

    /// Carries: all limbs below 2^52 for values below 2^260; what is above is dropped.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn carry(mut self) -> Self {
        let mask = _mm512_set1_epi64(MASK as i64);
        for j in 0..LIMBS - 1 {
            let carry = _mm512_srli_epi64::<LIMB_BITS>(self.0[j]);
            self.0[j + 1] = _mm512_add_epi64(self.0[j + 1], carry);
        }
        Self(self.0.map(|limb| _mm512_and_si512(limb, mask)))
    }

    /// Montgomery product `a b / 2^260`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        let zero = _mm512_setzero_si512();
        let p = P.map(|limb| _mm512_set1_epi64(limb as i64));
        let minus_p_inverse = _mm512_set1_epi64(MINUS_P_INVERSE as i64);
        let mut t = [zero; LIMBS + 1];
        for a in a {
            for j in 0..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], a, b[j]);
                t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], a, b[j]);
            }
            let m = _mm512_madd52lo_epu64(zero, t[0], minus_p_inverse);
            for j in 0..LIMBS {
                t[j] = _mm512_madd52lo_epu64(t[j], m, p[j]);
                t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], m, p[j]);
            }
            // The low 52 bits of t[0] are zero now: divide by 2^52.
            let carry = _mm512_srli_epi64::<LIMB_BITS>(t[0]);
            t = [_mm512_add_epi64(t[1], carry), t[2], t[3], t[4], t[5], zero];
        }
        let [t0, t1, t2, t3, t4, _] = t;
        Self([t0, t1, t2, t3, t4]).carry()
    }

    /// The same modulo p, less than 1.01p with limbs below 2^52, of a value below 160p with limbs
    /// below 2^60.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn reduce(mut self) -> Self {
        let top = _mm512_srli_epi64::<QUOTIENT_SHIFT>(self.0[4]);
        let quotient = _mm512_mul_epu32(top, _mm512_set1_epi64(RECIPROCAL as i64));
        let quotient = _mm512_srli_epi64::<LIMB_BITS>(quotient);
        // x + q (2^260 - p); the carry drops q 2^260.
        for (j, limb) in MINUS_P.into_iter().enumerate() {
            let limb = _mm512_set1_epi64(limb as i64);
            self.0[j] = _mm512_madd52lo_epu64(self.0[j], quotient, limb);
            if j + 1 < LIMBS {
                self.0[j + 1] = _mm512_madd52hi_epu64(self.0[j + 1], quotient, limb);
            }
        }
        self.carry()
    }

    /// The 4 by 4 matrix on lanes 0..4 and 4..8. With lanes (a, b, c, d) and t0..t7 as in
    /// [`super::params`]'s version.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn multiply_m4(self) -> Self {
        Self(self.0.map(|x| {
            let pairs = _mm512_add_epi64(x, _mm512_permutex_epi64::<0b10_11_00_01>(x)); // t0 t0 t1 t1
            let twice = _mm512_slli_epi64::<1>(_mm512_permutex_epi64::<0b11_11_01_01>(x)); // 2b 2b 2d 2d
            let crossed = _mm512_permutex_epi64::<0b01_00_11_10>(pairs); // t1 t1 t0 t0
            let o = _mm512_add_epi64(twice, crossed); // t2 t2 t3 t3
            let u = _mm512_add_epi64(_mm512_slli_epi64::<2>(pairs), o); // t5 t5 t4 t4
            let o = _mm512_permutex_epi64::<0b01_00_11_10>(o); // t3 t3 t2 t2
            _mm512_mask_add_epi64(u, 0b0101_0101, u, o) // t6 t5 t7 t4
        }))
    }

    /// Exchanges lanes 0..4 and 4..8.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn swap_halves(self) -> Self {
        Self(self.0.map(|x| _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x)))
    }

    /// The sum of all lanes, in every lane, without carries.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn sum_of_lanes(self) -> Self {
        Self(self.0.map(|x| {
            let x = _mm512_add_epi64(x, _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x));
            let x = _mm512_add_epi64(x, _mm512_permutex_epi64::<0b01_00_11_10>(x));
            _mm512_add_epi64(x, _mm512_permutex_epi64::<0b10_11_00_01>(x))
        }))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn broadcast<const LANE: i64>(self) -> Self {
        let lane = _mm512_set1_epi64(LANE);
        Self(self.0.map(|x| _mm512_permutexvar_epi64(lane, x)))
    }

    /// The lanes of `mask` from `other`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn blend(self, other: Self, mask: u8) -> Self {
        Self(std::array::from_fn(|j| _mm512_mask_blend_epi64(mask, self.0[j], other.0[j])))
    }

    /// Zeroes the lanes of `mask`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn zero(self, mask: u8) -> Self {
        Self(self.0.map(|x| _mm512_maskz_mov_epi64(!mask, x)))
    }
}

/// arkworks' 2^256 to 2^260: times 16, unreduced.
#[target_feature(enable = "avx512f,avx512ifma")]
fn limbs(x: &Fr) -> [u64; LIMBS] {
    split(x.0.0, 4)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn splat(x: &Fr) -> Lanes {
    // Reduced, because constants are added to sums and multiplied by sums.
    Lanes(limbs(x).map(|limb| _mm512_set1_epi64(limb as i64))).reduce()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn load(state: &[Fr; 16]) -> State {
    let limbs = state.each_ref().map(|x| limbs(x));
    [0, 8].map(|first| {
        Lanes(std::array::from_fn(|j| {
            let lanes: [u64; 8] = std::array::from_fn(|i| limbs[first + i][j]);
            // SAFETY: reads the 64 bytes of `lanes`.
            unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
        }))
        .reduce()
    })
}

/// Takes values below 2p that stand for arkworks' form.
#[target_feature(enable = "avx512f,avx512ifma")]
fn store(lanes: State, state: &mut [Fr; 16]) {
    for (half, cells) in lanes.iter().zip(state.chunks_exact_mut(8)) {
        let limbs = half.0.map(|register| {
            let mut lanes = [0u64; 8];
            // SAFETY: writes the 64 bytes of `lanes`.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), register) };
            lanes
        });
        for (i, cell) in cells.iter_mut().enumerate() {
            let [a, b, c, d, e] = limbs.map(|lanes| lanes[i]);
            let integer = [a | b << 52, b >> 12 | c << 40, c >> 24 | d << 28, d >> 36 | e << 16];
            *cell = from_montgomery(integer);
        }
    }
}

/// An element from its Montgomery form, below 2p.
fn from_montgomery(limbs: [u64; 4]) -> Fr {
    let mut integer = BigInt(limbs);
    if integer >= Fr::MODULUS {
        integer.sub_with_borrow(&Fr::MODULUS);
    }
    Fr::new_unchecked(integer)
}

#[cfg(test)]
mod tests {
    use super::super::native;
    use super::*;
    use ark_ff::{AdditiveGroup, UniformRand};

    #[test]
    fn matches_the_scalar_permutation() {
        let mut rng = ark_std::test_rng();
        let largest = -Fr::from(1u64);
        let mut states = vec![[Fr::ZERO; 16], [largest; 16]];
        states.extend((0..200).map(|_| [(); 16].map(|()| Fr::rand(&mut rng))));
        // Large and small cells side by side, and Montgomery forms at the ends of the range.
        states.push(std::array::from_fn(|i| if i % 2 == 0 { largest } else { Fr::ZERO }));
        let forms = [1, 2].map(|k| Fr::new_unchecked(BigInt([Fr::MODULUS.0[0] - k, 0, 0, 0])));
        states.push(std::array::from_fn(|i| forms[i % 2]));
        for mut state in states {
            let mut expected = state;
            native::permute(&T16, &mut expected);
            permute(&mut state);
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn constants_are_right() {
        assert_eq!(P[0].wrapping_mul(MINUS_P_INVERSE) & MASK, MASK);
        let sum = P.iter().zip(MINUS_P).fold(0u64, |carry, (a, b)| (a + b + carry) >> LIMB_BITS);
        assert_eq!(sum, 1);
        const { assert!(RECIPROCAL < 1 << 32, "the product takes 32 bits of it") };
    }
}
