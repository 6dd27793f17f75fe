//! Elements of the scalar field in circuit.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;

use super::modulus::{BITS, bit_of_largest};
use super::range_gate::assert_range;
use super::reduction_gate::ReductionGate;
use super::word_gate::WordGate;
use super::{CARRY_BITS, GROUP, LIMB_BITS, LIMBS, SUMS};

type Builder = CircuitBuilder<GoldilocksField, 2>;

/// Bits of the words in which statements have an element.
const WORD_BITS: usize = 32;

/// Bits of the top limb of an element, and of a quotient's.
const TOP_BITS: usize = BITS - LIMB_BITS * (LIMBS - 1);
const QUOTIENT_TOP_BITS: usize = TOP_BITS + 1;

/// An integer below `2^255` that stands for its class modulo r: limbs of 27 bits, the lowest first.
///
/// Whoever makes one has checked the ranges of its limbs.
#[derive(Clone, Copy, Debug)]
pub struct ScalarTarget([Target; LIMBS]);

impl ScalarTarget {
    /// The integer one.
    pub fn one(builder: &mut Builder) -> Self {
        let (zero, one) = (builder.zero(), builder.one());
        Self(std::array::from_fn(|i| if i == 0 { one } else { zero }))
    }

    /// The integer of eight words, the most significant first. Asserts that they have 32 bits, and the integer 255.
    pub fn from_words(builder: &mut Builder, words: [Target; 8]) -> Self {
        let bits: Vec<BoolTarget> =
            words.into_iter().rev().flat_map(|word| builder.split_le(word, WORD_BITS)).collect();
        builder.assert_zero(bits[BITS].target);
        Self(std::array::from_fn(|i| {
            let end = BITS.min(LIMB_BITS * (i + 1));
            sum(builder, &bits[LIMB_BITS * i..end])
        }))
    }

    /// The one integer below r, as eight words of 32 bits, the most significant first. Asserts that it is this one already:
    /// an honest prover reduces.
    pub fn to_canonical_words(self, builder: &mut Builder) -> [Target; 8] {
        let mut bits = Vec::with_capacity(BITS + 1);
        for (i, limb) in self.0.into_iter().enumerate() {
            bits.extend(builder.split_le(limb, if i < LIMBS - 1 { LIMB_BITS } else { TOP_BITS }));
        }
        assert_reduced(builder, &bits);
        bits.push(builder._false());
        std::array::from_fn(|i| sum(builder, &bits[WORD_BITS * (7 - i)..][..WORD_BITS]))
    }

    /// The element whose bit is set.
    ///
    /// Trust: exactly one is, and the caller has constrained that.
    pub fn choose(builder: &mut Builder, choices: &[(BoolTarget, Self)]) -> Self {
        let zero = builder.zero();
        Self(std::array::from_fn(|i| {
            choices
                .iter()
                .fold(zero, |sum, (bit, element)| builder.mul_add(bit.target, element.0[i], sum))
        }))
    }
}

/// The powers of z from `z^0` to `z^count`.
pub fn powers(builder: &mut Builder, z: ScalarTarget, count: usize) -> Vec<ScalarTarget> {
    let sums = [builder.zero(); SUMS];
    let mut powers = vec![ScalarTarget::one(builder), z];
    while powers.len() <= count {
        let power = reduce(builder, sums, powers[powers.len() - 1], z);
        powers.push(power);
    }
    powers
}

/// `value shift + w_0 z^(n-1) + .. + w_(n-1)` for the n words and powers of z from `z^0` on.
///
/// A word is four limbs, the most significant first, which are asserted to have 62 bits.
///
/// # Panics
/// If there are more than [`GROUP`] words, or fewer powers than words.
pub fn evaluate(
    builder: &mut Builder,
    value: ScalarTarget,
    shift: ScalarTarget,
    words: &[[Target; 4]],
    powers: &[ScalarTarget],
) -> ScalarTarget {
    assert!(words.len() <= GROUP, "the sums of {GROUP} words fit the field, got {}", words.len());
    let mut sums = [builder.zero(); SUMS];
    for (word, power) in words.iter().zip(powers[..words.len()].iter().rev()) {
        let row = builder.add_gate(WordGate, vec![]);
        let wires = |start| move |i| Target::wire(row, start + i);
        connect(builder, word, wires(WordGate::WIRE_WORD));
        connect(builder, &power.0, wires(WordGate::WIRE_POWER));
        connect(builder, &sums, wires(WordGate::WIRE_BEFORE));
        sums = std::array::from_fn(wires(WordGate::WIRE_AFTER));
    }
    reduce(builder, sums, value, shift)
}

/// `sums + a b` modulo r. An honest prover gives the result below r; it is asserted to be below `2^255`.
fn reduce(
    builder: &mut Builder,
    sums: [Target; SUMS],
    a: ScalarTarget,
    b: ScalarTarget,
) -> ScalarTarget {
    let row = builder.add_gate(ReductionGate, vec![]);
    let wires = |start| move |i| Target::wire(row, start + i);
    connect(builder, &sums, wires(ReductionGate::WIRE_SUMS));
    connect(builder, &a.0, wires(ReductionGate::WIRE_A));
    connect(builder, &b.0, wires(ReductionGate::WIRE_B));
    let quotient: [_; LIMBS] = std::array::from_fn(wires(ReductionGate::WIRE_QUOTIENT));
    let result: [_; LIMBS] = std::array::from_fn(wires(ReductionGate::WIRE_RESULT));
    let carries: [_; ReductionGate::CARRIES] =
        std::array::from_fn(wires(ReductionGate::WIRE_CARRIES));

    // A limb below 2^27 has n bits iff it is so after a shift by 27 - n, too: below 2^54, nothing wraps.
    let mut limbs = [quotient, result].concat();
    for (limb, bits) in [(quotient[LIMBS - 1], QUOTIENT_TOP_BITS), (result[LIMBS - 1], TOP_BITS)] {
        let shift = GoldilocksField::from_canonical_u64(1 << (LIMB_BITS - bits));
        limbs.push(builder.mul_const(shift, limb));
    }
    assert_range::<LIMB_BITS>(builder, &limbs);
    assert_range::<CARRY_BITS>(builder, &carries);
    ScalarTarget(result)
}

/// Asserts that the integer of 255 bits, the lowest first, is below r.
///
/// From the top: as long as all bits are those of `r - 1`, a bit that is not set there must not be set.
pub(super) fn assert_reduced(builder: &mut Builder, bits: &[BoolTarget]) {
    let mut equal = builder._true();
    for (i, &bit) in bits.iter().enumerate().rev() {
        let both = builder.and(equal, bit);
        if bit_of_largest(i) {
            equal = both;
        } else {
            builder.assert_zero(both.target);
        }
    }
}

fn connect(builder: &mut Builder, values: &[Target], wire: impl Fn(usize) -> Target) {
    values.iter().enumerate().for_each(|(i, &value)| builder.connect(value, wire(i)));
}

/// The integer of bits, the lowest first.
fn sum(builder: &mut Builder, bits: &[BoolTarget]) -> Target {
    let zero = builder.zero();
    bits.iter()
        .rev()
        .fold(zero, |sum, bit| builder.mul_const_add(GoldilocksField::TWO, sum, bit.target))
}
