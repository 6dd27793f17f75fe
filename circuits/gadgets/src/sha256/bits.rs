//! Constraints on values that stand for bits, for every kind of value.

use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::util::reducing::ReducingFactorTarget;

use crate::ring::{Native, Ring};

/// A [`Ring`] with the operations of bits.
pub(super) trait BitRing: Ring {
    /// `x + y - 2 x y`: exclusive or, if both are bits.
    fn xor(&mut self, x: Self::Value, y: Self::Value) -> Self::Value;

    /// `sum of digits[i] * 2^(log_base * i)`.
    fn pack(&mut self, digits: &[Self::Value], log_base: usize) -> Self::Value;

    /// `x` if `bit` is 1, `y` if it is 0.
    fn select(&mut self, bit: Self::Value, x: Self::Value, y: Self::Value) -> Self::Value {
        let difference = self.sub(x, y);
        let chosen = self.mul(bit, difference);
        self.add(chosen, y)
    }

    /// `x^2 - x`: zero iff `x` is a bit.
    fn boolean(&mut self, x: Self::Value) -> Self::Value {
        let square = self.mul(x, x);
        self.sub(square, x)
    }
}

impl<P: PackedField> BitRing for Native<P> {
    fn xor(&mut self, x: P, y: P) -> P {
        let product = x * y;
        x + y - (product + product)
    }

    fn pack(&mut self, digits: &[P], log_base: usize) -> P {
        let base = P::Scalar::TWO.exp_u64(log_base as u64);
        digits.iter().rev().fold(P::ZEROS, |sum, &digit| sum * base + digit)
    }
}

/// As few operations as the arithmetic gates allow.
impl<const D: usize> BitRing for CircuitBuilder<GoldilocksField, D>
where
    GoldilocksField: Extendable<D>,
{
    fn xor(&mut self, x: Self::Value, y: Self::Value) -> Self::Value {
        let one = GoldilocksField::ONE;
        let partial = self.arithmetic_extension(-GoldilocksField::TWO, one, x, y, x);
        self.add_extension(partial, y)
    }

    fn pack(&mut self, digits: &[Self::Value], log_base: usize) -> Self::Value {
        let base = GoldilocksField::TWO.exp_u64(log_base as u64);
        let base = self.constant_extension(base.into());
        ReducingFactorTarget::new(base).reduce(digits, self)
    }

    fn select(&mut self, bit: Self::Value, x: Self::Value, y: Self::Value) -> Self::Value {
        self.select_ext_generalized(bit, x, y)
    }

    fn boolean(&mut self, x: Self::Value) -> Self::Value {
        self.mul_sub_extension(x, x, x)
    }
}
