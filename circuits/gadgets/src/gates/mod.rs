//! The constraints of every gate that a Cairn circuit has, written once for every kind of value: those of
//! plonky2 1.1.0 again over a [`Ring`], and this crate's own.
//!
//! A proof system that takes a plonky2 circuit and not plonky2's prover evaluates its gates here: packed
//! rows, symbolic expressions, values at an out-of-domain point, linear forms of an R1CS. Wire layouts and the
//! order of constraints are plonky2's; the tests compare every gate with plonky2's own `eval_unfiltered`.

mod algebra;
mod arithmetic;
mod coset_interpolation;
mod misc;
mod random_access;
mod reducing;
#[cfg(test)]
mod tests;

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

use self::algebra::D;
use crate::arithmetic::RangeCheckGate;
use crate::bls_scalar::{CARRY_BITS, LIMB_BITS, RangeGate, ReductionGate, WordGate};
use crate::ecgfp5::{KeyGate, StepGate};
use crate::poseidon2::{CompressionGate, PermutationGate};
use crate::ring::Ring;
use crate::sha256::{AddGate, BitsGate};

/// What a gate sees of a row.
#[derive(Clone, Copy, Debug)]
pub struct Vars<'a, V> {
    /// The gate's constants, without the selectors that plonky2 has in front of them.
    pub constants: &'a [V],
    /// All wires.
    pub wires: &'a [V],
    /// What plonky2 calls the hash of the public inputs.
    pub public_inputs: &'a [V; 4],
}

/// A gate whose constraints are known here, with its parameters.
#[derive(Clone, Debug)]
pub enum Gate {
    /// No constraints.
    Noop,
    /// Wires equal constants.
    Constant {
        /// Wires.
        count: usize,
    },
    /// Four wires equal what the proof exposes.
    PublicInput,
    /// A sum of bits.
    BaseSum {
        /// Bits.
        limbs: usize,
    },
    /// `c0 x y + c1 z` in the base field.
    Arithmetic {
        /// Operations a row.
        ops: usize,
    },
    /// `c0 x y + c1 z` in the extension.
    ArithmeticExtension {
        /// Operations a row.
        ops: usize,
    },
    /// `c0 x y` in the extension.
    MulExtension {
        /// Operations a row.
        ops: usize,
    },
    /// Horner's rule over coefficients of the base field.
    Reducing {
        /// Coefficients.
        coeffs: usize,
    },
    /// Horner's rule over coefficients of the extension.
    ReducingExtension {
        /// Coefficients.
        coeffs: usize,
    },
    /// An element of a list.
    RandomAccess(RandomAccessGate<GoldilocksField, D>),
    /// The value at a point of the polynomial through values on a coset.
    CosetInterpolation(CosetInterpolationGate<GoldilocksField, D>),
    /// A power with its exponent in bits.
    Exponentiation {
        /// Bits of the exponent.
        bits: usize,
    },
    /// [`PermutationGate`].
    Permutation,
    /// [`CompressionGate`].
    Compression,
    /// [`RangeCheckGate`].
    RangeCheck,
    /// [`KeyGate`].
    Key,
    /// [`StepGate`].
    Step,
    /// [`RangeGate`] for limbs.
    LimbRange,
    /// [`RangeGate`] for carries.
    CarryRange,
    /// [`ReductionGate`].
    Reduction,
    /// [`WordGate`].
    Word,
    /// [`BitsGate`].
    Sha256Bits(BitsGate),
    /// [`AddGate`].
    Sha256Add,
}

impl Gate {
    /// The gate behind the reference, or `None` if it is not known here.
    pub fn recognise(gate: &GateRef<GoldilocksField, D>) -> Option<Self> {
        let any = gate.0.as_any();
        let units = [
            (any.is::<NoopGate>(), Self::Noop),
            (any.is::<PublicInputGate>(), Self::PublicInput),
            (any.is::<PermutationGate>(), Self::Permutation),
            (any.is::<CompressionGate>(), Self::Compression),
            (any.is::<RangeCheckGate>(), Self::RangeCheck),
            (any.is::<KeyGate>(), Self::Key),
            (any.is::<StepGate>(), Self::Step),
            (any.is::<RangeGate<LIMB_BITS>>(), Self::LimbRange),
            (any.is::<RangeGate<CARRY_BITS>>(), Self::CarryRange),
            (any.is::<ReductionGate>(), Self::Reduction),
            (any.is::<WordGate>(), Self::Word),
            (any.is::<AddGate>(), Self::Sha256Add),
        ];
        if let Some((_, gate)) = units.into_iter().find(|(is, _)| *is) {
            return Some(gate);
        }
        if let Some(gate) = any.downcast_ref::<ConstantGate>() {
            let count = plonky2::gates::gate::Gate::<GoldilocksField, D>::num_constants(gate);
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
        if let Some(gate) = any.downcast_ref::<RandomAccessGate<GoldilocksField, D>>() {
            return Some(Self::RandomAccess(*gate));
        }
        if let Some(gate) = any.downcast_ref::<CosetInterpolationGate<GoldilocksField, D>>() {
            return Some(Self::CosetInterpolation(gate.clone()));
        }
        if let Some(gate) = any.downcast_ref::<ExponentiationGate<GoldilocksField, D>>() {
            return Some(Self::Exponentiation { bits: gate.num_power_bits });
        }
        any.downcast_ref::<BitsGate>().map(|&gate| Self::Sha256Bits(gate))
    }

    /// Appends the constraints, values that must be zero, unfiltered and in plonky2's order.
    ///
    /// # Panics
    /// If the row has fewer wires or constants than the gate.
    #[inline]
    pub fn constraints<R: Ring>(
        &self,
        ring: &mut R,
        vars: Vars<'_, R::Value>,
        constraints: &mut Vec<R::Value>,
    ) {
        let wire = |i: usize| vars.wires[i];
        let mut emit = |constraint| constraints.push(constraint);
        match self {
            Self::Noop => {}
            &Self::Constant { count } => misc::constant(ring, vars, count, &mut emit),
            Self::PublicInput => misc::public_input(ring, vars, &mut emit),
            &Self::BaseSum { limbs } => misc::base_sum(ring, vars, limbs, &mut emit),
            &Self::Exponentiation { bits } => misc::exponentiation(ring, vars, bits, &mut emit),
            &Self::Arithmetic { ops } => arithmetic::base(ring, vars, ops, &mut emit),
            &Self::ArithmeticExtension { ops } => {
                arithmetic::extension(ring, vars, ops, &mut emit);
            }
            &Self::MulExtension { ops } => arithmetic::multiplication(ring, vars, ops, &mut emit),
            &Self::Reducing { coeffs } => reducing::base(ring, vars, coeffs, &mut emit),
            &Self::ReducingExtension { coeffs } => {
                reducing::extension(ring, vars, coeffs, &mut emit);
            }
            Self::RandomAccess(gate) => random_access::constraints(ring, vars, gate, &mut emit),
            Self::CosetInterpolation(gate) => {
                coset_interpolation::constraints(ring, vars, gate, &mut emit);
            }
            Self::Permutation => PermutationGate::constraints(ring, wire, emit),
            Self::Compression => CompressionGate::constraints(ring, wire, emit),
            Self::RangeCheck => RangeCheckGate::constraints(ring, wire, emit),
            Self::Key => KeyGate::constraints(ring, &wire, &mut emit),
            Self::Step => StepGate::constraints(ring, &wire, &mut emit),
            Self::LimbRange => RangeGate::<LIMB_BITS>::constraints(ring, &wire, &mut emit),
            Self::CarryRange => RangeGate::<CARRY_BITS>::constraints(ring, &wire, &mut emit),
            Self::Reduction => ReductionGate::constraints(ring, &wire, &mut emit),
            Self::Word => WordGate::constraints(ring, &wire, &mut emit),
            Self::Sha256Bits(gate) => constraints.extend(gate.constraints(ring, vars.wires)),
            Self::Sha256Add => constraints.extend(AddGate::constraints(ring, vars.wires)),
        }
    }
}
