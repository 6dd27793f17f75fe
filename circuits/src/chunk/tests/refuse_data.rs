//! What no proof may tell L1.

use super::*;
use crate::operation::{DecimalValues, bits};
use plonky2::field::types::Field64;
use tree::BALANCE;

#[test]
fn priority_after_data() {
    for operand in [deposit(), deposit_to_new(), register()] {
        assert!(!executes(&mut World::new(), &[transfer(), operand]), "{:?}", operand.kind);
        let first = OperandValues { kind: Kind::PairFirst, ..transfer() };
        assert!(!executes(&mut World::new(), &[first, operand]), "after half a word");
        assert!(executes(&mut World::new(), &[operand, transfer()]), "{:?}", operand.kind);
    }
}

#[test]
fn pairs() {
    let short = |kind| OperandValues { kind, ..transfer() };
    let (first, second) = (short(Kind::PairFirst), short(Kind::PairSecond));
    let noop = OperandValues::default();
    let runs = |operands: &[OperandValues]| executes(&mut World::new(), operands);
    assert!(runs(&[first, second]));
    assert!(runs(&[transfer(), first, second]));
    assert!(!runs(&[second]), "second without first");
    assert!(!runs(&[first]), "first without second");
    assert!(!runs(&[transfer(), transfer(), first]), "left open at the end");
    assert!(!runs(&[first, first, second]), "first twice");
    assert!(!runs(&[first, second, second]), "second twice");
    assert!(!runs(&[first, transfer(), second]), "something between");
    assert!(!runs(&[first, noop, second]), "nothing between");
    assert!(!runs(&[first, withdraw(), second]), "something long between");
}

#[test]
fn packed_amounts_have_one_form() {
    let forged_bits = |amount: u64, quotient: u64, exponent: [F; 5]| {
        let kind = Kind::Single;
        let operand = OperandValues { kind, amount: element(amount), ..transfer() };
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
        executes_forged(&mut world, operand, |_, hints| {
            hints.amount =
                DecimalValues { quotient: element(quotient), exponent, remainder: F::ZERO };
        })
    };
    let forged = |amount, quotient, exponent| forged_bits(amount, quotient, bits(exponent));
    assert!(forged(1000, 1000, 0));
    assert!(!forged(1000, 100, 1), "smaller exponent fits");
    assert!(!forged(0, 0, 1), "zero has exponent zero");
    assert!(!forged(1 << 35, 1 << 35, 0), "mantissa of 36 bits");
    assert!(forged(4_000_000_000_000_000_000, 4_000_000_000, 9));
    assert!(!forged(3_500_000_000_000_000_000, 350_000_000, 10), "exponent 10");
    // 22 * 10^18 - p is an amount, too.
    let quotient = 22_000_000_000;
    let wrapped = (u128::from(quotient) * 1_000_000_000 - u128::from(F::ORDER)) as u64;
    assert!(!forged(wrapped, quotient, 9), "product beyond p");
    assert!(!forged(1000, 999, 0), "another amount");
    // 1 + 9 bit is a factor of the power: a bit of 4/9 makes it five.
    let five = [element(4) / element(9), F::ZERO, F::ZERO, F::ZERO, F::ZERO];
    assert!(!forged_bits(20_000_000_000, 4_000_000_000, five), "power of five");
}

#[test]
fn short_iff_packable() {
    let runs = |kind, amount, fee| {
        let (amount, fee) = (element(amount), element(fee));
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
        executes(&mut world, &[OperandValues { kind, amount, fee, ..transfer() }])
    };
    let (not_an_amount, not_a_fee) = ((1 << 35) + 1, 2049);
    for (amount, fee, packable) in [
        (1000, 2050, true),
        (1000, not_a_fee, false),
        (not_an_amount, 20, false),
        (not_an_amount, not_a_fee, false),
    ] {
        assert_eq!(runs(Kind::Single, amount, fee), packable, "short {amount} {fee}");
        assert_eq!(runs(Kind::LongTransfer, amount, fee), !packable, "long {amount} {fee}");
    }
}

/// With a quotient off by one the remainder would not be zero, and a long transfer seem needed.
#[test]
fn remainders_are_those_of_the_division() {
    let forged = |quotient: u64, remainder: F| {
        let operand = OperandValues { kind: Kind::LongTransfer, ..transfer() };
        executes_forged(&mut World::new(), operand, |_, hints| {
            hints.amount =
                DecimalValues { quotient: element(quotient), exponent: bits(0), remainder };
            hints.remainder_inverse = remainder.inverse();
        })
    };
    assert!(!forged(1001, F::NEG_ONE), "negative");
    assert!(!forged(999, F::ONE), "as large as the power");
}

#[test]
fn key_bits_have_one_form() {
    // The element 5 of this key is also 5 + p < 2^64, with other high bits.
    let small = [element(5), F::NEG_ONE, element(u64::from(u32::MAX)), F::ZERO, F::ONE];
    let forged = |element: usize, high| {
        let operand = OperandValues { target: small, ..transfer_to_new() };
        executes_forged(&mut World::new(), operand, |_, hints| {
            hints.target_high[element] = high;
        })
    };
    for (i, high) in [0, 3, 0, 0, 0].into_iter().enumerate() {
        for claimed in 0..4 {
            assert_eq!(forged(i, bits(claimed)), claimed == high, "element {i}, bits {claimed}");
        }
    }
    // The middle bits of 2^32 - 1 are zero: make them one.
    let shift = element(1 << 30).inverse();
    assert!(!forged(2, [-shift, F::ZERO]), "a bit that is none");
}

#[test]
fn addresses_have_160_bits() {
    let to = |limbs: [u64; 5]| {
        executes(&mut World::new(), &[OperandValues { target: limbs.map(element), ..withdraw() }])
    };
    assert!(to([0; 5]));
    assert!(!to([1 << 36, 0, 0, 0, 0]));
    assert!(!to([0, 1 << 62, 0, 0, 0]));
    assert!(!to([0, 0, 1 << 62, 0, 0]));
    assert!(!to([0, 0, 0, 1, 0]));
    assert!(!to([0, 0, 0, 0, 1]));
}

#[test]
fn fields_of_priority_words() {
    let runs = |operand| executes(&mut World::new(), &[operand]);
    assert!(!runs(OperandValues { quantum_exponent: element(256), ..register() }));
    // The word of a registration has its token where other words have the payer.
    assert!(!runs(OperandValues { payer: F::ONE, ..register() }));
}
