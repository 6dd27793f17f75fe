//! Extension field arithmetic that delays scalings and products until an addition takes them in.
//!
//! plonky2's extension gate does `±1·x·y + z` in one slot of ten a row. A symbolic constraint is a
//! tree of single operations, so most of its multiplications and all of its scalings by constants
//! fit into the slot of the addition above them. Slots with the same gate constants share rows,
//! so only ±1 are used as gate constants; other coefficients are constant wires, one a value in
//! the whole circuit.

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::Field;

use super::extension::{Builder, ChallengeTarget, F};

/// A value of an expression; what is delayed costs nothing until it is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// A constant of the circuit.
    Constant(QuadraticExtension<F>),
    /// `coefficient * target`, the coefficient not zero.
    Scaled { coefficient: F, target: ChallengeTarget },
    /// `coefficient * left * right`, the coefficient not zero.
    Product { coefficient: F, left: ChallengeTarget, right: ChallengeTarget },
}

impl From<ChallengeTarget> for Value {
    fn from(target: ChallengeTarget) -> Self {
        Self::Scaled { coefficient: F::ONE, target }
    }
}

impl Value {
    const ZERO: Self = Self::Constant(QuadraticExtension([F::ZERO; 2]));

    /// The constant of the base field.
    pub(crate) fn base_constant(constant: F) -> Self {
        Self::Constant(constant.into())
    }

    /// The same value times a constant.
    pub(crate) fn scale(self, factor: F) -> Self {
        if factor.is_zero() {
            return Self::ZERO;
        }
        match self {
            Self::Constant(constant) => Self::Constant(constant * factor.into()),
            Self::Scaled { coefficient, target } => {
                Self::Scaled { coefficient: coefficient * factor, target }
            }
            Self::Product { coefficient, left, right } => {
                Self::Product { coefficient: coefficient * factor, left, right }
            }
        }
    }

    /// The coefficient and the target of the value without it.
    fn split(self, builder: &mut Builder) -> (F, ChallengeTarget) {
        match self {
            Self::Constant(constant) => (F::ONE, builder.constant_extension(constant)),
            Self::Scaled { coefficient, target } => (coefficient, target),
            Self::Product { coefficient, left, right } => {
                (coefficient, builder.mul_extension(left, right))
            }
        }
    }

    /// The target that holds the value.
    pub(crate) fn target(self, builder: &mut Builder) -> ChallengeTarget {
        let (coefficient, target) = self.split(builder);
        let factor = builder.constant_extension(coefficient.into());
        builder.mul_extension(factor, target)
    }

    pub(crate) fn mul(self, other: Self, builder: &mut Builder) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(a * b),
            (Self::Constant(QuadraticExtension([factor, rest])), value)
            | (value, Self::Constant(QuadraticExtension([factor, rest])))
                if rest.is_zero() =>
            {
                value.scale(factor)
            }
            _ => {
                let (a, left) = self.split(builder);
                let (b, right) = other.split(builder);
                Self::Product { coefficient: a * b, left, right }
            }
        }
    }

    pub(crate) fn add(self, other: Self, builder: &mut Builder) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(a + b),
            (Self::Constant(zero), value) | (value, Self::Constant(zero)) if zero.is_zero() => {
                value
            }
            (Self::Product { coefficient, left, right }, addend) => {
                add_product(coefficient, left, right, addend, builder)
            }
            (addend, Self::Product { coefficient, left, right }) => {
                add_product(coefficient, left, right, addend, builder)
            }
            _ => {
                let (a, x) = self.split(builder);
                let (b, y) = other.split(builder);
                add_scaled(a, x, b, y, builder)
            }
        }
    }

    pub(crate) fn neg(self) -> Self {
        self.scale(F::NEG_ONE)
    }

    pub(crate) fn sub(self, other: Self, builder: &mut Builder) -> Self {
        self.add(other.neg(), builder)
    }
}

/// `coefficient * left * right + addend`.
fn add_product(
    coefficient: F,
    left: ChallengeTarget,
    right: ChallengeTarget,
    addend: Value,
    builder: &mut Builder,
) -> Value {
    let (scale, target) = addend.split(builder);
    let sign = if scale == coefficient {
        F::ONE
    } else if scale == -coefficient {
        F::NEG_ONE
    } else {
        let product = builder.mul_extension(left, right);
        return add_scaled(coefficient, product, scale, target, builder);
    };
    let sum = builder.arithmetic_extension(F::ONE, sign, left, right, target);
    Value::Scaled { coefficient, target: sum }
}

/// `a * x + b * y`, both coefficients not zero.
fn add_scaled(a: F, x: ChallengeTarget, b: F, y: ChallengeTarget, builder: &mut Builder) -> Value {
    if x == y {
        return Value::from(x).scale(a + b);
    }
    // a x + b y = a ((b / a) y + x); with b = ±1 the other way round, so that the constant wire
    // is `a` and serves other sums too.
    let (outer, addend, inner, factor) =
        if b == F::ONE || b == F::NEG_ONE { (b, y, x, a * b) } else { (a, x, y, b * a.inverse()) };
    // A negative unit factor becomes the sign of the addend: outer (-inner + addend).
    let (outer, sign, factor) =
        if factor == F::NEG_ONE { (-outer, F::NEG_ONE, F::ONE) } else { (outer, F::ONE, factor) };
    let factor = builder.constant_extension(factor.into());
    let sum = builder.arithmetic_extension(F::ONE, sign, inner, factor, addend);
    Value::Scaled { coefficient: outer, target: sum }
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeCharacteristicRing;

    use super::*;
    use crate::config::{Challenge, Val};
    use crate::recursive::satisfaction::evaluate;

    /// Operands with each kind of coefficient: value in the circuit and native.
    fn operands(targets: &[ChallengeTarget]) -> Vec<Value> {
        let [a, b, c] = [targets[0], targets[1], targets[2]];
        let coefficients = [F::ONE, F::NEG_ONE, F::TWO, -F::from_canonical_u64(5)];
        let scaled = coefficients.map(|coefficient| Value::Scaled { coefficient, target: a });
        let products =
            coefficients.map(|coefficient| Value::Product { coefficient, left: b, right: c });
        let constants = [
            Value::base_constant(F::ZERO),
            Value::base_constant(F::NEG_ONE),
            Value::Constant(QuadraticExtension([F::TWO, F::ONE])),
        ];
        [scaled.as_slice(), &products, &constants].concat()
    }

    fn native(inputs: &[Challenge]) -> Vec<Challenge> {
        let coefficients = [Val::ONE, Val::NEG_ONE, Val::TWO, -Val::from_u64(5)];
        let scaled = coefficients.map(|coefficient| inputs[0] * coefficient);
        let products = coefficients.map(|coefficient| inputs[1] * inputs[2] * coefficient);
        let constants = [Challenge::ZERO, Challenge::NEG_ONE, Challenge::new([Val::TWO, Val::ONE])];
        [scaled.as_slice(), &products, &constants].concat()
    }

    #[test]
    fn operations_are_those_of_the_field() {
        let inputs = [[3, 4], [5, 7], [11, 2]].map(|x: [u64; 2]| Challenge::new(x.map(Val::new)));
        let expected = native(&inputs);
        for i in 0..expected.len() {
            for j in 0..expected.len() {
                let (x, y) = (expected[i], expected[j]);
                // One more target, so that both operands can be of one kind and differ.
                let run = |operation: fn(Value, Value, &mut Builder) -> Value| {
                    let more = [inputs[2], inputs[0], inputs[1]];
                    let inputs = [inputs, more].concat();
                    let got = evaluate(&inputs, |builder, targets| {
                        let (x, y) = (operands(targets)[i], operands(targets)[j]);
                        let z = operands(&targets[3..])[j];
                        let xy = operation(x, y, builder);
                        operation(xy, z, builder).target(builder)
                    });
                    (got, native(&more)[j])
                };
                let (sum, z) = run(Value::add);
                assert_eq!(sum, x + y + z, "{i} + {j}");
                let (difference, z) = run(Value::sub);
                assert_eq!(difference, x - y - z, "{i} - {j}");
                let (product, z) = run(Value::mul);
                assert_eq!(product, x * y * z, "{i} * {j}");
            }
        }
    }
}
