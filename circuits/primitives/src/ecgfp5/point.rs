//! The group: points, their arithmetic and their encoding.

use p3_field::{Algebra, BasedVectorSpace, Field, PrimeCharacteristicRing};

use super::field::{Quintic, is_square, quintic, sqrt};
use super::scalar::Scalar;
use crate::F;

/// `A = b - 4/3` of the Weierstrass equation.
pub const A: Quintic = quintic([6148914689804861439, 263, 0, 0, 0]);
/// `B = a (2 a^2 - 9 b) / 27` of the Weierstrass equation.
pub const B: Quintic = quintic([15713893096167979237, 6148914689804861265, 0, 0, 0]);
/// `a / 3`, the shift between the Weierstrass curve and `y^2 = x (x^2 + a x + b)`, `a = 2`, `b =
/// 263 z`.
pub const A_THIRD: Quintic = quintic([6148914689804861441, 0, 0, 0, 0]);

/// `a` of the double-odd curve `y^2 = x (x^2 + a x + b)`, which defines the encoding.
pub const DOUBLE_ODD_A: Quintic = quintic([2, 0, 0, 0, 0]);
/// `4 b` of the double-odd curve.
pub const FOUR_B: Quintic = quintic([0, 4 * 263, 0, 0, 0]);

/// A point of the group other than the neutral element. Trust: the fields are not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// Weierstrass X.
    pub x: Quintic,
    /// Weierstrass Y; never zero, since the order is odd.
    pub y: Quintic,
}

/// A point of the group in Jacobian coordinates, `(X / Z^2, Y / Z^3)`; `Z = 0` is the neutral
/// element. `Q` holds one coordinate, or those of many points side by side.
#[derive(Clone, Copy, Debug)]
pub struct Point<Q = Quintic> {
    /// X.
    pub x: Q,
    /// Y.
    pub y: Q,
    /// Z.
    pub z: Q,
}

/// The author's generator, `w = 4`.
pub fn generator() -> Affine {
    // X and Y of the encoding w = 4, checked by a test.
    const X: Quintic = quintic([
        11712523173042564207,
        14090224426659529053,
        13197813503519687414,
        16280770174934269299,
        15998333998318935536,
    ]);
    const Y: Quintic = quintic([
        14639054205878357578,
        17426078571020221072,
        2548978194165003307,
        8663895577921260088,
        9793640284382595140,
    ]);
    Affine { x: X, y: Y }
}

impl Affine {
    /// The point encoded by `w`, or `None` if no point is, or if it is the neutral element (`w =
    /// 0`).
    ///
    /// On the curve `w = y / x`, so x is a root of `x^2 - (w^2 - a) x + b`. The product of the
    /// roots is b, not a square: exactly one root is a square, and that one is in the subgroup of
    /// order n. For `w = 0` the discriminant `a^2 - 4 b` is not a square.
    pub fn decode(w: &[F; 5]) -> Option<Self> {
        let w = Quintic::new(*w);
        let e = w.square() - DOUBLE_ODD_A;
        let root = sqrt(&(e.square() - FOUR_B))?;
        let candidate = (e + root).halve();
        let x = if is_square(&candidate) { candidate } else { candidate - root };
        Some(Self { x: x + A_THIRD, y: -(w * x) })
    }

    /// The encoding `w` of this point.
    pub fn encode(&self) -> [F; 5] {
        // X = a/3 would be the point of order 2, which is not in the group.
        let w = self.y * (A_THIRD - self.x).inverse();
        std::array::from_fn(|i| w.as_basis_coefficients_slice()[i])
    }

    /// `-self`.
    pub fn neg(&self) -> Self {
        Self { x: self.x, y: -self.y }
    }
}

impl From<Affine> for Point {
    fn from(point: Affine) -> Self {
        Self { x: point.x, y: point.y, z: Quintic::ONE }
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        let (z1, z2) = (self.z.square(), other.z.square());
        self.is_neutral() == other.is_neutral()
            && self.x * z2 == other.x * z1
            && self.y * z2 * other.z == other.y * z1 * self.z
    }
}

impl<Q: Algebra<Quintic> + Copy> Point<Q> {
    /// `2 self` (dbl-2007-bl of the Explicit-Formulas Database). Neutral iff `self` is: the order is odd.
    #[must_use]
    pub fn double(&self) -> Self {
        let xx = self.x.square();
        let yy = self.y.square();
        let yyyy = yy.square();
        let zz = self.z.square();
        let s = ((self.x + yy).square() - xx - yyyy).double();
        let m = xx.double() + xx + zz.square() * A;
        let x = m.square() - s.double();
        let y = m * (s - x) - yyyy.double().double().double();
        let z = (self.y + self.z).square() - yy - zz;
        Self { x, y, z }
    }

    /// The sum with the point `(other_x, other_y)` along the chord through both. Where they have the same X, or `self`
    /// is neutral, there is none: Z of the result is 0 then, and stays 0 in whatever is computed from it.
    #[must_use]
    pub fn add_chord(&self, other_x: Q, other_y: Q) -> Self {
        let zz = self.z.square();
        let h = other_x * zz - self.x;
        let r = other_y * zz * self.z - self.y;
        let hh = h.square();
        let hhh = hh * h;
        let v = self.x * hh;
        let x = r.square() - hhh - v.double();
        let y = r * (v - x) - self.y * hhh;
        Self { x, y, z: self.z * h }
    }
}

impl Point {
    /// The neutral element.
    pub const NEUTRAL: Self = Self { x: Quintic::ONE, y: Quintic::ONE, z: Quintic::ZERO };

    /// Whether this is the neutral element.
    pub fn is_neutral(&self) -> bool {
        self.z.is_zero()
    }

    /// `self + other` if their X differ, that is unless `self = ±other` or `self` is neutral.
    ///
    /// This is the addition of the circuit, which has no slope for the other cases.
    pub fn add_distinct(&self, other: &Affine) -> Option<Self> {
        let sum = self.add_chord(other.x, other.y);
        (!sum.is_neutral()).then_some(sum)
    }

    /// `self + other`, for any two points.
    #[must_use]
    pub fn add(&self, other: &Affine) -> Self {
        if self.is_neutral() {
            return (*other).into();
        }
        if let Some(sum) = self.add_distinct(other) {
            return sum;
        }
        if *self == Self::from(*other) { self.double() } else { Self::NEUTRAL }
    }

    /// `scalar * point`, by double-and-add; not constant-time.
    pub fn mul(point: &Affine, scalar: &Scalar) -> Self {
        let mut product = Self::NEUTRAL;
        for limb in scalar.limbs().iter().rev() {
            for bit in (0..64).rev() {
                product = product.double();
                if limb >> bit & 1 == 1 {
                    product = product.add(point);
                }
            }
        }
        product
    }

    /// The affine form, or `None` for the neutral element.
    pub fn to_affine(&self) -> Option<Affine> {
        let inverse = self.z.try_inverse()?;
        let square = inverse.square();
        Some(Affine { x: self.x * square, y: self.y * square * inverse })
    }

    /// The encoding; the neutral element is five zeros.
    pub fn encode(&self) -> [F; 5] {
        self.to_affine().map_or([F::ZERO; 5], |point| point.encode())
    }
}

#[cfg(test)]
mod tests;
