//! Every column of every kind of row is bound, but for those that are listed here.

use std::borrow::Borrow;

use super::super::running::Running;
use super::judge::judge;
use super::world::TIMESTAMP;
use super::*;

/// The number of each column, at its name.
pub(super) fn columns() -> OperationColumns<usize> {
    let numbers: Vec<usize> = (0..OperationColumns::WIDTH).collect();
    let columns: &OperationColumns<usize> = numbers.as_slice().borrow();
    *columns
}

/// Columns in which another value can stand, alone, with the same outcome.
pub(super) fn free_columns(world: &World, row: usize) -> Vec<usize> {
    let mut table = world.table();
    let outcome = judge(&table, &world.leaves_before, &world.signed);
    assert!(outcome.is_ok(), "{outcome:?}");
    let width = OperationColumns::WIDTH;
    let mut is_free = |column: &usize| {
        let cell = row * width + column;
        let value = table.trace.values[cell];
        let others = [F::ZERO, F::ONE, value + F::ONE, value - F::ONE, element(0x1234_5678_9abc)];
        let is_free = others.into_iter().filter(|&other| other != value).any(|other| {
            table.trace.values[cell] = other;
            judge(&table, &world.leaves_before, &world.signed) == outcome
        });
        table.trace.values[cell] = value;
        is_free
    };
    (0..width).filter(|column| is_free(column)).collect()
}

/// Why columns are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Free {
    /// No second slot in this row.
    Open,
    /// No type of a forced transaction.
    ForcedType,
    /// Amount and fee have packed forms: the hint is multiplied by zero.
    Packable,
    /// No limit of time.
    Unlimited,
    /// Nothing is signed: no message, and no fee leaf.
    Unsigned,
    /// No access A. Balances are computed from each other, and compare with each other.
    NoPayer,
    /// No access B.
    NoPayee,
    /// The leaf at A has the token of the operation: its difference is zero, and so its hint is free.
    SameToken,
    /// The leaf at A has key and token of the operation.
    SameKeyAndToken,
    /// An element below 2^32 - 1 that is zero in its lower half: its hint is free.
    ZeroAddress,
    /// No word at all.
    NoWord,
    /// No second word.
    OneWord,
    /// No word of the withdrawal stream.
    NoPayment,
}

impl Free {
    fn columns(self) -> Vec<usize> {
        let OperationColumns {
            open, operand, authorization, payer, payee, fee_leaf, words, ..
        } = columns();
        match self {
            Self::Open => open.to_vec(),
            Self::ForcedType => vec![operand.forced_type],
            Self::Packable => vec![operand.remainder_inverse],
            Self::Unlimited => authorization.time_left.0.to_vec(),
            Self::Unsigned => [
                &authorization.expiry.0[..],
                authorization.capacities.as_flattened(),
                &authorization.digest,
                &fee_leaf.gap.0,
                &fee_leaf.key,
                &[fee_leaf.token, fee_leaf.nonce],
                &fee_leaf.balance_after.0,
            ]
            .concat(),
            Self::NoPayer => {
                [&payer.gap.0[..], &payer.key, &[payer.token], &payer.nonce.0].concat()
            }
            Self::NoPayee => [&payee.gap.0[..], &[payee.nonce], &payee.balance_after.0].concat(),
            Self::SameToken => vec![payer.difference_inverse[5]],
            Self::SameKeyAndToken => payer.difference_inverse.to_vec(),
            Self::ZeroAddress => operand.target[3..].iter().map(|e| e.upper_inverse).collect(),
            Self::NoWord => words.after_one.to_vec(),
            Self::OneWord => words.after_two.to_vec(),
            Self::NoPayment => words.after_third.to_vec(),
        }
    }
}

fn assert_free(world: &World, row: usize, reasons: &[Free]) {
    let mut expected: Vec<usize> = reasons.iter().flat_map(|reason| reason.columns()).collect();
    expected.sort_unstable();
    let kind = world.rows[row].kind;
    assert_eq!(free_columns(world, row), expected, "row {row}, {kind:?}");
}

#[test]
fn columns_of_every_kind_are_bound() {
    use Free::*;
    let signed = [Open, Unlimited, SameToken];
    let priority = [Open, Packable, Unlimited, Unsigned, NoPayment];
    let cases: [(OperandValues, &[Free], &[Free]); 8] = [
        (transfer(), &signed, &[Packable, OneWord, NoPayment]),
        (long_transfer(), &signed, &[OneWord, NoPayment]),
        (transfer_to_new(), &signed, &[Packable, NoPayment]),
        (withdraw(), &signed, &[Packable, NoPayee, ZeroAddress]),
        (change_key(), &signed, &[Packable, NoPayee, NoPayment]),
        (deposit(), &priority, &[ForcedType, SameKeyAndToken]),
        (deposit_to_new(), &priority, &[ForcedType, SameToken]),
        (register(), &priority, &[ForcedType, NoPayer]),
    ];
    for (operand, common, own) in cases {
        let mut world = World::new();
        world.execute(operand);
        assert_free(&world, 0, &[common, own].concat());
    }
}

#[test]
fn columns_of_a_pair_are_bound() {
    use Free::*;
    let mut world = World::new();
    for kind in [Kind::PairFirst, Kind::PairSecond] {
        world.execute(OperandValues { kind, ..transfer() });
    }
    let both = [Unlimited, SameToken, Packable, OneWord, NoPayment];
    assert_free(&world, 0, &[&both[..], &[Open, NoWord]].concat());
    assert_free(&world, 1, &both);
}

/// An amount and a fee with exponents, and an expiry.
#[test]
fn columns_of_scaled_amounts_and_limits_are_bound() {
    use Free::*;
    let mut world = World::new();
    world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
    let expiry = element(u64::from(TIMESTAMP) + 100_000);
    let (amount, fee) = (element(4_000_000_000_000_000_000), element(205_000));
    world.execute(OperandValues { amount, fee, expiry, ..transfer() });
    assert_free(&world, 0, &[Open, SameToken, Packable, OneWord, NoPayment]);
}

/// Of a row without operation only what runs through it is bound, and what constraints bind in all rows.
#[test]
fn columns_of_no_operation() {
    let mut world = World::new();
    world.execute(OperandValues::default());
    let c = columns();
    let free = free_columns(&world, 0);
    let running = 0..c.open[0];
    let kinds = c.kind.0;
    assert!(running.chain(kinds).all(|column| !free.contains(&column)));
}

#[test]
fn next_row_columns_are_those_that_are_read() {
    let c = columns();
    let running: Vec<usize> = (1..=Running::WIDTH).collect();
    let second = [c.kind.0[Kind::PairSecond as usize]];
    let expected = [&[c.clock][..], &running, &c.open, &second].concat();
    assert_eq!(c.running.next_id, 1);
    assert_eq!(p3_air::BaseAir::<F>::main_next_row_columns(&super::super::OperationAir), expected);
}
