//! The constraints of plonky2's gates, evaluated in R1CS at the point zeta.
//!
//! Wire layouts and the order of the constraints are those of plonky2 1.1.0 (`gates/*.rs`); the tests
//! compare every gate with plonky2's own `eval_unfiltered`.

mod algebra;
mod arithmetic;
mod coset_interpolation;
mod misc;
mod poseidon2;
mod random_access;
mod reducing;

use cairn_gadgets::poseidon2::{CompressionGate, PermutationGate};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::base_sum::BaseSumGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::gates::exponentiation::ExponentiationGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::gates::random_access::RandomAccessGate;
use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;

use self::algebra::Algebra;
use super::extension::{D, Ext};
use super::goldilocks::Base;
use crate::r1cs::Builder;

type F = GoldilocksField;

/// What a gate sees of the openings at zeta.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vars<'a> {
    /// The constant polynomials without the selectors in front of them.
    pub(crate) constants: &'a [Ext],
    pub(crate) wires: &'a [Ext],
    pub(crate) public_inputs_hash: &'a [Base; 4],
}

impl Vars<'_> {
    /// Wires `start..start + D` as one element of the extension algebra.
    fn algebra(&self, start: usize) -> Algebra {
        Algebra([self.wires[start].clone(), self.wires[start + 1].clone()])
    }
}

/// A gate whose constraints this verifier knows, with its parameters.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    Noop,
    Constant { count: usize },
    PublicInput,
    BaseSum { limbs: usize },
    Arithmetic { ops: usize },
    ArithmeticExtension { ops: usize },
    MulExtension { ops: usize },
    Reducing { coeffs: usize },
    ReducingExtension { coeffs: usize },
    RandomAccess(RandomAccessGate<F, D>),
    CosetInterpolation(CosetInterpolationGate<F, D>),
    Exponentiation { bits: usize },
    Permutation,
    Compression,
}

impl Gate {
    /// The gate behind the reference, or `None` if this verifier does not know it.
    pub(crate) fn recognise(gate: &GateRef<F, D>) -> Option<Self> {
        let any = gate.0.as_any();
        if any.is::<NoopGate>() {
            return Some(Self::Noop);
        }
        if any.is::<PublicInputGate>() {
            return Some(Self::PublicInput);
        }
        if let Some(gate) = any.downcast_ref::<ConstantGate>() {
            let count = plonky2::gates::gate::Gate::<F, D>::num_constants(gate);
            return Some(Self::Constant { count });
        }
        if let Some(gate) = any.downcast_ref::<BaseSumGate<2>>() {
            return Some(Self::BaseSum { limbs: gate.num_limbs });
        }
        if let Some(gate) = any.downcast_ref::<ArithmeticGate>() {
            return Some(Self::Arithmetic { ops: gate.num_ops });
        }
        if let Some(gate) = any.downcast_ref::<ArithmeticExtensionGate<D>>() {
            return Some(Self::ArithmeticExtension { ops: gate.num_ops });
        }
        if let Some(gate) = any.downcast_ref::<MulExtensionGate<D>>() {
            return Some(Self::MulExtension { ops: gate.num_ops });
        }
        if let Some(gate) = any.downcast_ref::<ReducingGate<D>>() {
            return Some(Self::Reducing { coeffs: gate.num_coeffs });
        }
        if let Some(gate) = any.downcast_ref::<ReducingExtensionGate<D>>() {
            return Some(Self::ReducingExtension { coeffs: gate.num_coeffs });
        }
        if let Some(gate) = any.downcast_ref::<RandomAccessGate<F, D>>() {
            return Some(Self::RandomAccess(*gate));
        }
        if let Some(gate) = any.downcast_ref::<CosetInterpolationGate<F, D>>() {
            return Some(Self::CosetInterpolation(gate.clone()));
        }
        if let Some(gate) = any.downcast_ref::<ExponentiationGate<F, D>>() {
            return Some(Self::Exponentiation { bits: gate.num_power_bits });
        }
        if any.is::<PermutationGate>() {
            return Some(Self::Permutation);
        }
        if any.is::<CompressionGate>() {
            return Some(Self::Compression);
        }
        None
    }

    /// The constraints, unfiltered and unreduced, in plonky2's order.
    pub(crate) fn evaluate(&self, b: &mut Builder, vars: Vars<'_>) -> Vec<Ext> {
        match self {
            Self::Noop => Vec::new(),
            &Self::Constant { count } => misc::constant(vars, count),
            Self::PublicInput => misc::public_input(vars),
            &Self::BaseSum { limbs } => misc::base_sum(b, vars, limbs),
            &Self::Exponentiation { bits } => misc::exponentiation(b, vars, bits),
            &Self::Arithmetic { ops } => arithmetic::base(b, vars, ops),
            &Self::ArithmeticExtension { ops } => arithmetic::extension(b, vars, ops),
            &Self::MulExtension { ops } => arithmetic::multiplication(b, vars, ops),
            &Self::Reducing { coeffs } => reducing::base(b, vars, coeffs),
            &Self::ReducingExtension { coeffs } => reducing::extension(b, vars, coeffs),
            Self::RandomAccess(gate) => random_access::evaluate(b, vars, gate),
            Self::CosetInterpolation(gate) => coset_interpolation::evaluate(b, vars, gate),
            Self::Permutation => poseidon2::evaluate::<12, 12>(b, vars),
            Self::Compression => poseidon2::evaluate::<8, 4>(b, vars),
        }
    }
}

#[cfg(test)]
mod tests;
