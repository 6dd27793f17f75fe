//! The canonical encoding of proofs and public inputs: what the L1 contract takes.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInteger256, PrimeField};
use thiserror::Error;

use super::Proof;

/// A proof as the contract's `uint256[8]`, each word big-endian: `A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y`.
///
/// The imaginary part of a G2 coordinate comes first, as the precompiles want it (EIP-197). The
/// encoding is canonical, but Groth16 proofs are malleable: never take these bytes for an identity of what
/// they prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedProof(pub [[u8; 32]; 8]);

/// A point of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The first G1 point.
    A,
    /// The G2 point.
    B,
    /// The second G1 point.
    C,
}

/// Bytes from outside are no proof.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// Not eight words of 32 bytes.
    #[error("expected a proof of 256 bytes, got {got}")]
    Length {
        /// Number of bytes.
        got: usize,
    },
    /// A coordinate is not below the modulus of the base field.
    #[error("word {word} of the proof is not below the modulus of the base field")]
    CoordinateNotInField {
        /// Position in the encoding, from 0.
        word: usize,
    },
    /// A public input is not below r.
    #[error("the public input is not below the modulus of the scalar field")]
    ScalarNotInField,
    /// A point is the identity, encoded as zeros: no honest proof has it.
    #[error("point {0:?} is the identity")]
    Identity(Point),
    /// A point does not satisfy its curve's equation.
    #[error("point {0:?} is not on its curve")]
    NotOnCurve(Point),
    /// A point is on its curve but outside the subgroup of order r.
    #[error("point {0:?} is not in the subgroup of order r")]
    NotInSubgroup(Point),
}

impl EncodedProof {
    /// Encodes a proof.
    pub fn encode(proof: &Proof) -> Self {
        let g1 = |p: &G1Affine| [p.x, p.y].map(word);
        let g2 = |p: &G2Affine| [p.x.c1, p.x.c0, p.y.c1, p.y.c0].map(word);
        let ([ax, ay], [cx, cy]) = (g1(&proof.a), g1(&proof.c));
        let [bx1, bx0, by1, by0] = g2(&proof.b);
        Self([ax, ay, bx1, bx0, by1, by0, cx, cy])
    }

    /// Takes 256 bytes, the words one after the other.
    ///
    /// # Errors
    /// [`DecodeError::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (words, []) = bytes.as_chunks::<32>() else {
            return Err(DecodeError::Length { got: bytes.len() });
        };
        let words = words.try_into().map_err(|_| DecodeError::Length { got: bytes.len() })?;
        Ok(Self(words))
    }

    /// The words one after the other.
    pub fn to_bytes(&self) -> [u8; 256] {
        let mut bytes = [0; 256];
        bytes.as_chunks_mut::<32>().0.copy_from_slice(&self.0);
        bytes
    }

    /// Decodes and checks the points: coordinates below the modulus, on the curve, in the subgroup.
    ///
    /// # Errors
    /// [`DecodeError`] for the first word or point that is wrong.
    pub fn decode(&self) -> Result<Proof, DecodeError> {
        let mut coordinates = [Fq::default(); 8];
        for (word, (coordinate, bytes)) in coordinates.iter_mut().zip(&self.0).enumerate() {
            let integer = from_be_bytes(bytes);
            *coordinate =
                Fq::from_bigint(integer).ok_or(DecodeError::CoordinateNotInField { word })?;
        }
        let [ax, ay, bx1, bx0, by1, by0, cx, cy] = coordinates;
        let (bx, by) = (Fq2::new(bx0, bx1), Fq2::new(by0, by1));
        Ok(Proof {
            a: check(G1Affine::new_unchecked(ax, ay), Point::A)?,
            b: check(G2Affine::new_unchecked(bx, by), Point::B)?,
            c: check(G1Affine::new_unchecked(cx, cy), Point::C)?,
        })
    }
}

fn check<P: SWCurveConfig>(p: Affine<P>, name: Point) -> Result<Affine<P>, DecodeError> {
    if p.is_zero() {
        return Err(DecodeError::Identity(name));
    }
    if !p.is_on_curve() {
        return Err(DecodeError::NotOnCurve(name));
    }
    if !p.is_in_correct_subgroup_assuming_on_curve() {
        return Err(DecodeError::NotInSubgroup(name));
    }
    Ok(p)
}

/// A scalar as 32 bytes, big-endian, below r.
pub fn encode_scalar(scalar: Fr) -> [u8; 32] {
    word(scalar)
}

/// The inverse of [`encode_scalar`].
///
/// # Errors
/// [`DecodeError::ScalarNotInField`] for r and above.
pub fn decode_scalar(bytes: &[u8; 32]) -> Result<Fr, DecodeError> {
    Fr::from_bigint(from_be_bytes(bytes)).ok_or(DecodeError::ScalarNotInField)
}

fn word(x: impl PrimeField<BigInt = BigInteger256>) -> [u8; 32] {
    let mut bytes = [0; 32];
    let limbs = x.into_bigint().0;
    for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(limbs.iter().rev()) {
        *chunk = limb.to_be_bytes();
    }
    bytes
}

fn from_be_bytes(bytes: &[u8; 32]) -> BigInteger256 {
    let mut integer = BigInteger256::default();
    for (limb, chunk) in integer.0.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    integer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::prove;
    use crate::groth16::testing::{KEYS, cube};
    use ark_ff::BigInteger;
    use ark_std::rand::rngs::OsRng;
    use proptest::prelude::*;

    fn encoded() -> EncodedProof {
        EncodedProof::encode(&prove(&KEYS, &cube(5), &mut OsRng).unwrap())
    }

    #[test]
    fn round_trips() {
        let proof = prove(&KEYS, &cube(5), &mut OsRng).unwrap();
        let encoded = EncodedProof::encode(&proof);
        assert_eq!(encoded.decode().unwrap(), proof);
        assert_eq!(EncodedProof::from_bytes(&encoded.to_bytes()), Ok(encoded));
        let scalar = Fr::from(u64::MAX) * Fr::from(u64::MAX);
        assert_eq!(decode_scalar(&encode_scalar(scalar)), Ok(scalar));
        assert_eq!(encode_scalar(Fr::from(258u64))[30..], [1, 2]);
    }

    #[test]
    fn coordinates_must_be_below_the_modulus() {
        for word in 0..8 {
            let mut other = encoded();
            let mut integer = from_be_bytes(&other.0[word]);
            integer.add_with_carry(&Fq::MODULUS);
            other.0[word] = integer.to_bytes_be().try_into().unwrap();
            assert_eq!(other.decode(), Err(DecodeError::CoordinateNotInField { word }));
        }
    }

    #[test]
    fn points_must_be_on_their_curves() {
        for (word, point) in [(1, Point::A), (5, Point::B), (7, Point::C)] {
            let mut other = encoded();
            other.0[word] = [0; 32];
            assert_eq!(other.decode(), Err(DecodeError::NotOnCurve(point)));
        }
    }

    #[test]
    fn identities_are_refused() {
        for (words, point) in [(0..2, Point::A), (2..6, Point::B), (6..8, Point::C)] {
            let mut other = encoded();
            other.0[words].fill([0; 32]);
            assert_eq!(other.decode(), Err(DecodeError::Identity(point)));
        }
    }

    #[test]
    fn b_must_be_in_the_subgroup() {
        let outside = (1u64..)
            .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), false))
            .find(|p| !p.is_in_correct_subgroup_assuming_on_curve())
            .unwrap();
        let mut proof = encoded().decode().unwrap();
        proof.b = outside;
        let error = EncodedProof::encode(&proof).decode();
        assert_eq!(error, Err(DecodeError::NotInSubgroup(Point::B)));
    }

    proptest! {
        #[test]
        fn garbage_is_a_typed_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            match EncodedProof::from_bytes(&bytes) {
                Ok(proof) => prop_assert!(proof.decode().is_err()),
                Err(error) => prop_assert_eq!(error, DecodeError::Length { got: bytes.len() }),
            }
        }

        #[test]
        fn garbage_words_are_refused(bytes in any::<[[u8; 32]; 8]>()) {
            prop_assert!(EncodedProof(bytes).decode().is_err());
        }
    }
}
