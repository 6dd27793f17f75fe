//! What no proof may tell L1.

use super::super::decimal::AmountColumns;
use super::super::fill::limbs;
use super::*;
use p3_field::{Field, PrimeField64};

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
    assert!(!runs(&[transfer(), first]), "left open at the end");
    assert!(!runs(&[first, first, second]), "first twice");
    assert!(!runs(&[first, second, second]), "second twice");
    assert!(!runs(&[first, transfer(), second]), "something between");
    assert!(!runs(&[first, noop, second]), "nothing between");
    assert!(!runs(&[first, withdraw(), second]), "something long between");
}

/// Decimal columns with these parts and whatever else goes best with them.
fn decimal(amount: u64, quotient: u64, exponent: usize, remainder: F) -> AmountColumns<F> {
    let power = element(10).exp_u64(exponent as u64);
    let least = match exponent {
        0 => F::ZERO,
        _ => F::from_u64(1 << 35) * element(10).exp_u64(exponent as u64 - 1),
    };
    AmountColumns {
        exponent: std::array::from_fn(|i| F::from_bool(i + 1 == exponent)),
        quotient: limbs(F::from_u64(quotient)),
        remainder: limbs(remainder),
        slack: limbs(power - F::ONE - remainder),
        above: limbs(F::from_u64(amount) - least),
    }
}

#[test]
fn packed_amounts_have_one_form() {
    let forged_as = |amount: u64, columns: AmountColumns<F>| {
        let operand = OperandValues { amount: element(amount), ..transfer() };
        let mut world = World::new();
        world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
        world.sign(&operand);
        world.push(operand, |_| {}, |row| row.operand.amount_decimal = columns);
        world.proves()
    };
    let forged = |amount, quotient, exponent| {
        forged_as(amount, decimal(amount, quotient, exponent, F::ZERO))
    };
    assert!(forged(1000, 1000, 0));
    assert!(!forged(1000, 100, 1), "smaller exponent fits");
    assert!(!forged(0, 0, 1), "zero has exponent zero");
    assert!(!forged(1 << 35, 1 << 35, 0), "mantissa of 36 bits");
    assert!(forged(4_000_000_000_000_000_000, 4_000_000_000, 9));
    assert!(!forged(3_500_000_000_000_000_000, 350_000_000, 10), "exponent 10");
    // 22 * 10^18 - p is an amount, too.
    let quotient = 22_000_000_000;
    let wrapped = (u128::from(quotient) * 1_000_000_000 - u128::from(F::ORDER_U64)) as u64;
    assert!(!forged(wrapped, quotient, 9), "product beyond p");
    assert!(!forged(1000, 999, 0), "another amount");

    // 1 + 9 selector is a power of ten: a selector of 4/9 makes it five.
    let selector = element(4) / element(9);
    let mut five = decimal(20_000_000_000, 4_000_000_000, 0, F::ZERO);
    five.exponent[0] = selector;
    five.slack = limbs(element(4));
    five.above = limbs(element(20_000_000_000) - element(1 << 35) * selector);
    assert!(!forged_as(20_000_000_000, five), "power of five");
    // Two selectors with sum one do so, too.
    let first = element(95) / element(90);
    five.exponent[..2].copy_from_slice(&[first, F::ONE - first]);
    let least = element(1 << 35) * (first + element(10) * (F::ONE - first));
    five.above = limbs(element(20_000_000_000) - least);
    assert!(!forged_as(20_000_000_000, five), "power of five");
    // Two selectors make it 109.
    let mut both = decimal(109 * (1 << 34), 1 << 34, 0, F::ZERO);
    both.exponent[..2].fill(F::ONE);
    both.slack = limbs(element(108));
    both.above = limbs(element(109 * (1 << 34) - 11 * (1 << 35)));
    assert!(!forged_as(109 * (1 << 34), both), "power of 109");
}

#[test]
fn packed_fees_have_one_form() {
    let forged = |fee: u64, quotient: u64, exponents: &[usize], slack: u64, above: F| {
        let operand = OperandValues { fee: element(fee), ..transfer() };
        executes_forged(operand, |row| {
            let decimal = &mut row.operand.fee_decimal;
            decimal.exponent.fill(F::ZERO);
            exponents.iter().for_each(|&exponent| decimal.exponent[exponent - 1] = F::ONE);
            decimal.quotient = limbs(element(quotient));
            decimal.remainder = limbs(F::ZERO);
            decimal.slack = limbs(element(slack));
            decimal.above = limbs(above);
        })
    };
    let fee = element;
    assert!(forged(20, 20, &[], 0, fee(20)));
    assert!(forged(20_470, 2047, &[1], 9, fee(20_470 - 2048)));
    assert!(!forged(20_480, 2048, &[1], 9, fee(20_480 - 2048)), "mantissa of 12 bits");
    assert!(!forged(20, 2, &[1], 9, fee(20) - fee(2048)), "smaller exponent fits");
    assert!(!forged(20, 19, &[], 0, fee(20)), "another fee");
    let twice = 109 * 207;
    assert!(!forged(twice, 207, &[1, 2], 108, fee(twice) - fee(11 * 2048)), "power of 109");
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
        executes_forged(operand, |row| {
            row.operand.amount_decimal = decimal(1000, quotient, 0, remainder);
            row.operand.remainder_inverse = remainder.inverse();
        })
    };
    assert!(!forged(1001, F::NEG_ONE), "negative");
    assert!(!forged(999, F::ONE), "as large as the power");
}

fn weight(row: &OperationColumns<F>) -> F {
    row.operand.target.iter().map(|element| element.weight::<F>()).sum()
}

#[test]
fn keys_have_one_form() {
    // The element 5 of this key is also 5 + p < 2^64, with other parts.
    let small = [element(5), F::NEG_ONE, element(u64::from(u32::MAX)), F::ZERO, F::ONE];
    let forged = |element: usize, integer: u64| {
        let operand = OperandValues { target: small, ..transfer_to_new() };
        executes_forged(operand, |row| {
            let target = &mut row.operand.target[element];
            target.low = limbs(F::from_u64(integer & ((1 << 62) - 1)));
            target.high = [integer >> 62 & 1, integer >> 63].map(F::from_u64);
            row.operand.target_inverse = weight(row).inverse();
        })
    };
    let integers = small.map(|element| element.as_canonical_u64());
    for (i, integer) in integers.into_iter().enumerate() {
        assert!(forged(i, integer), "element {i}");
        if let Some(other) = integer.checked_add(F::ORDER_U64) {
            assert!(!forged(i, other), "element {i} + p");
        }
    }
    // The middle bits of 2^32 - 1 are zero: make them one, and take them away from the top.
    let operand = OperandValues { target: small, ..transfer_to_new() };
    let other_bits = executes_forged(operand, |row| {
        let target = &mut row.operand.target[2];
        let small = element(u64::from(u32::MAX));
        target.low = limbs(element(1 << 32));
        target.high[0] = (small - element(1 << 32)) / element(1 << 62);
        row.operand.target_inverse = weight(row).inverse();
    });
    assert!(!other_bits, "a bit that is none");
}

#[test]
fn addresses_have_160_bits() {
    let to = |limbs: [u64; 5]| !refuses(OperandValues { target: limbs.map(element), ..withdraw() });
    assert!(to([0; 5]));
    assert!(!to([1 << 36, 0, 0, 0, 0]));
    assert!(!to([1 << 48, 0, 0, 0, 0]));
    assert!(!to([0, 1 << 62, 0, 0, 0]));
    assert!(!to([0, 0, 1 << 62, 0, 0]));
    assert!(!to([0, 0, 0, 1, 0]));
    assert!(!to([0, 0, 0, 0, 1]));
}

#[test]
fn fields_of_priority_words() {
    assert!(refuses(OperandValues { fee: element(1 << 62), ..register() }));
    // What no word of the kind has does not matter.
    assert!(!refuses(OperandValues { payer: F::ONE, ..register() }));
    assert!(!refuses(OperandValues { fee: F::ONE, ..deposit() }));
}

/// Words that are forged, missing or extra: the public values say another chain or count.
#[test]
fn other_words_are_another_statement() {
    let mut world = World::new();
    world.execute(withdraw());
    let mut table = world.table();
    let honest = super::judge::judge(&table, &world.leaves_before, &world.signed);
    assert!(honest.is_ok());
    for value in 0..table.public.len() {
        table.public[value] += F::ONE;
        let forged = super::judge::judge(&table, &world.leaves_before, &world.signed);
        // 1,700,000,001: nothing in this row expires.
        assert_eq!(forged.is_ok(), value == 4, "public value {value}");
        table.public[value] -= F::ONE;
    }
}
