//! Gate constraints written once for every kind of value: field elements, packed field elements,
//! extension elements, and the extension targets of a recursive verifier.

use std::marker::PhantomData;

use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::packed::PackedField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::util::reducing::ReducingFactorTarget;

/// The few operations that gate constraints are made of.
///
/// What is not an operation of its own has a default; a ring that can do better overrides it.
pub trait Ring {
    /// A value of a constraint polynomial. Where values are not `Copy` themselves (symbolic expressions,
    /// linear forms), let it be a handle to one.
    type Value: Copy;

    /// `a + b`.
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a - b`.
    fn sub(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a * b`.
    fn mul(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a + k`.
    fn add_constant(&mut self, a: Self::Value, k: GoldilocksField) -> Self::Value;
    /// `a * b + c`.
    fn mul_add(&mut self, a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;
    /// `k`. In circuit a constant's target: better than `scale_add` for factors that occur once, as
    /// every factor takes an arithmetic gate's row of its own there.
    fn constant(&mut self, k: GoldilocksField) -> Self::Value;
    /// `k * a + b`: one operation of an arithmetic gate.
    fn scale_add(&mut self, k: GoldilocksField, a: Self::Value, b: Self::Value) -> Self::Value;

    /// `x^7`, Poseidon2's S-box; a ring to which products do not cost the same may choose its own.
    #[inline(always)]
    fn pow7(&mut self, x: Self::Value) -> Self::Value {
        let x2 = self.mul(x, x);
        let x3 = self.mul(x2, x);
        let x4 = self.mul(x2, x2);
        self.mul(x3, x4)
    }

    /// `x^2 - x`: zero iff `x` is a bit.
    #[inline(always)]
    fn boolean(&mut self, x: Self::Value) -> Self::Value {
        let square = self.mul(x, x);
        self.sub(square, x)
    }

    /// `x` if `bit` is 1, `y` if it is 0.
    #[inline(always)]
    fn select(&mut self, bit: Self::Value, x: Self::Value, y: Self::Value) -> Self::Value {
        let difference = self.sub(x, y);
        self.mul_add(bit, difference, y)
    }

    /// `x + y - 2 x y`: exclusive or, if both are bits.
    #[inline(always)]
    fn xor(&mut self, x: Self::Value, y: Self::Value) -> Self::Value {
        let product = self.mul(x, y);
        let sum = self.add(x, y);
        let double = self.add(product, product);
        self.sub(sum, double)
    }

    /// `sum of digits[i] * 2^(log_base * i)`, of at least one digit.
    #[inline(always)]
    fn pack(&mut self, digits: &[Self::Value], log_base: usize) -> Self::Value {
        let base = GoldilocksField::TWO.exp_u64(log_base as u64);
        let (&top, rest) = digits.split_last().expect("a digit");
        rest.iter().rev().fold(top, |sum, &digit| self.scale_add(base, sum, digit))
    }
}

/// Values that compute at once: elements of the field or an extension, possibly packed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native<P>(PhantomData<P>);

impl<P> Native<P> {
    /// The ring; it holds nothing.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

fn lift<F: Field>(k: GoldilocksField) -> F {
    F::from_canonical_u64(k.to_canonical_u64())
}

impl<P: PackedField> Ring for Native<P> {
    type Value = P;

    #[inline(always)]
    fn add(&mut self, a: P, b: P) -> P {
        a + b
    }
    #[inline(always)]
    fn sub(&mut self, a: P, b: P) -> P {
        a - b
    }
    #[inline(always)]
    fn mul(&mut self, a: P, b: P) -> P {
        a * b
    }
    #[inline(always)]
    fn add_constant(&mut self, a: P, k: GoldilocksField) -> P {
        a + lift::<P::Scalar>(k)
    }
    #[inline(always)]
    fn mul_add(&mut self, a: P, b: P, c: P) -> P {
        a * b + c
    }
    #[inline(always)]
    fn constant(&mut self, k: GoldilocksField) -> P {
        lift::<P::Scalar>(k).into()
    }
    #[inline(always)]
    fn scale_add(&mut self, k: GoldilocksField, a: P, b: P) -> P {
        a * lift::<P::Scalar>(k) + b
    }
}

/// Values that become gates.
impl<const D: usize> Ring for CircuitBuilder<GoldilocksField, D>
where
    GoldilocksField: Extendable<D>,
{
    type Value = ExtensionTarget<D>;

    fn add(&mut self, a: ExtensionTarget<D>, b: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.add_extension(a, b)
    }
    fn sub(&mut self, a: ExtensionTarget<D>, b: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.sub_extension(a, b)
    }
    fn mul(&mut self, a: ExtensionTarget<D>, b: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.mul_extension(a, b)
    }
    fn add_constant(&mut self, a: ExtensionTarget<D>, k: GoldilocksField) -> ExtensionTarget<D> {
        self.add_const_extension(a, k)
    }
    fn mul_add(
        &mut self,
        a: ExtensionTarget<D>,
        b: ExtensionTarget<D>,
        c: ExtensionTarget<D>,
    ) -> ExtensionTarget<D> {
        self.mul_add_extension(a, b, c)
    }
    fn constant(&mut self, k: GoldilocksField) -> ExtensionTarget<D> {
        self.constant_extension(k.into())
    }
    fn scale_add(
        &mut self,
        k: GoldilocksField,
        a: ExtensionTarget<D>,
        b: ExtensionTarget<D>,
    ) -> ExtensionTarget<D> {
        self.mul_const_add_extension(k, a, b)
    }

    fn boolean(&mut self, x: Self::Value) -> Self::Value {
        self.mul_sub_extension(x, x, x)
    }
    fn select(&mut self, bit: Self::Value, x: Self::Value, y: Self::Value) -> Self::Value {
        self.select_ext_generalized(bit, x, y)
    }
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
}
