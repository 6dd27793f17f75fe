//! No combination of cells of operations is free: see [`crate::rank`].

use super::super::air::OperationAir;
use super::super::kind::KINDS;
use super::super::operand::PayeeIdColumns;
use super::forced::proven;
use super::mutate::columns;
use super::world::TIMESTAMP;
use super::*;
use crate::bus::{ABSORB, COMPRESS, FORCED, MEMORY, RANGE, SIGNED, SQUEEZE};
use crate::rank::{Binds, Case, Message, Model, Program, is_said, names, not_needed};

/// What others say of what a row says.
fn binds(message: &Message) -> Vec<Binds> {
    let is = |name: &str| message.bus == name;
    if is(RANGE.name()) {
        vec![Binds::Bounded(0)]
    } else if is(COMPRESS.name()) {
        vec![Binds::Hash { key: 0..8, value: 8..12 }]
    } else if is(ABSORB.name()) || is(SQUEEZE.name()) {
        vec![Binds::Hash { key: 0..12, value: 12..16 }]
    } else if is(MEMORY.name()) && !is_said(message) {
        // The leaf of an id as the access before has left it, and when that was. Ids are below 2^32.
        vec![Binds::Tied, Binds::Answer { key: 0..1, value: 1..10 }, Binds::Bounded(0)]
    } else if is(MEMORY.name()) || is(FORCED.name()) {
        vec![Binds::Tied]
    } else {
        assert!(is(SIGNED.name()), "{}", message.bus);
        // The verdict on a signature that is named.
        vec![Binds::Answer { key: 0..24, value: 24..25 }]
    }
}

/// Integers by their limbs; and limbs of words by their parts, which have places of their own.
fn integers(kind: Kind) -> Vec<Vec<usize>> {
    let c = columns();
    let operand = &c.operand;
    let payee = &operand.payee;
    let [p16, p10, p6, p0] =
        [payee.from_16.0[0], payee.from_10.0[0], payee.from_6.0[0], payee.from_0.0[0]];
    let quotient = operand.amount_decimal.quotient.0;
    let tail = [&operand.fee_decimal.quotient.0[..], &quotient].concat();
    let mut integers = vec![
        operand.amount.0.to_vec(),
        operand.fee.0.to_vec(),
        operand.amount_decimal.remainder.0.to_vec(),
        operand.amount_decimal.slack.0.to_vec(),
        operand.amount_decimal.above.0.to_vec(),
        operand.fee_decimal.remainder.0.to_vec(),
        operand.fee_decimal.slack.0.to_vec(),
        operand.fee_decimal.above.0.to_vec(),
        c.authorization.expiry.0.to_vec(),
        c.authorization.time_left.0.to_vec(),
        c.payer.without_amount.0.to_vec(),
        c.payer.balance_after.0.to_vec(),
        c.payee.balance_after.0.to_vec(),
    ];
    integers.extend(operand.target.iter().map(|element| element.low.0.to_vec()));
    match kind {
        Kind::Single | Kind::PairFirst => {
            integers.push(vec![p10, p16, operand.payer]);
            integers.push([&tail[..], &[p0, p6]].concat());
        }
        Kind::PairSecond => {
            integers.push(vec![p6, p10, p16, operand.payer]);
            integers.push([&tail[..], &[p0]].concat());
        }
        _ => {
            integers.push(vec![p0, p6, p10, p16]);
            integers.push(quotient.to_vec());
        }
    }
    // Of a mismatched row, half of the limbs are an id and the others nothing.
    let balance = &c.fee_leaf.balance_after.0;
    integers.push(balance[..if kind == Kind::Mismatched { 2 } else { 4 }].to_vec());
    let nonce = c.payer.nonce.0;
    match kind {
        Kind::Tail => integers.push([&nonce[..], &operand.token.0].concat()),
        _ => integers.push(nonce.to_vec()),
    }
    integers
}

fn model() -> Model {
    Model { binds, names: names(&columns()) }
}

fn kind(world: &World, row: usize) -> Kind {
    let selectors = world.rows[row].kind.0;
    let index = selectors.iter().position(|&selector| selector == F::ONE).expect("a kind");
    KINDS_IN_ORDER[index]
}

const KINDS_IN_ORDER: [Kind; KINDS] = [
    Kind::Noop,
    Kind::RegisterToken,
    Kind::Deposit,
    Kind::PairFirst,
    Kind::PairSecond,
    Kind::Single,
    Kind::LongTransfer,
    Kind::TransferToNew,
    Kind::Withdraw,
    Kind::ChangeKey,
    Kind::ForcedTransfer,
    Kind::ForcedToNew,
    Kind::ForcedWithdraw,
    Kind::ForcedChangeKey,
    Kind::Refused,
    Kind::Mismatched,
    Kind::Keyless,
    Kind::Unsigned,
    Kind::Tail,
];

/// Why cells are free, in rows of which kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Free {
    /// The first row of the table is no second slot.
    Open,
    /// Both remainders are zero as their sum is: neither is negative, which is no equation.
    NotNegative,
    /// An amount and its division are in range for one quotient and remainder only, which is no
    /// equation either; the words have the amount.
    Divisions,
    /// No access A, and no payer in the words.
    NoPayer,
    /// No payee in words and message.
    NoPayeeId,
    /// No fee.
    NoFee,
    /// No type of a forced transaction that is refused.
    NoType,
    /// No message, and no fee leaf.
    Unsigned,
    /// No message is hashed.
    NotHashed,
    /// The same, of a root that is read there.
    NotHashedButRoot,
    /// Nobody judges a signature of the digest, which head and tail have in common.
    NotJudged,
    /// No access B.
    NoPayee,
    /// The columns of access B have no shortage.
    NoShortage,
    /// The transaction has the leaf's nonce.
    NoDifference,
    /// No reason is given, and no trace of a key that encodes no point.
    NoReason,
    /// The columns of the fee leaf that have neither.
    NoFlags,
    /// The columns of access C are read for nothing else.
    NoFeeLeaf,
    /// No word at all; no second; none of the withdrawal stream, and no third.
    NoWord,
    OneWord,
    NoPayment,
    /// The limbs of it that are no part of an id.
    NoUpperHalf,
    /// One of four columns has no meaning where the third word is none.
    Unused,
    /// A tail has no accesses: what is read of none of their columns.
    Tail,
}

impl Free {
    fn columns(self) -> Vec<usize> {
        let OperationColumns {
            open, operand, authorization, payer, payee, fee_leaf, words, ..
        } = columns();
        let capacities = authorization.capacities.concat();
        match self {
            Self::Open => open.to_vec(),
            Self::NotNegative => operand.amount_decimal.remainder.0.to_vec(),
            Self::Divisions => {
                let amount = &operand.amount_decimal.remainder.0[..];
                [amount, &operand.fee_decimal.remainder.0].concat()
            }
            Self::NoPayer => [
                &[operand.payer, payer.token, payer.balance][..],
                &payer.gap.0,
                &payer.key,
                &payer.nonce.0,
            ]
            .concat(),
            Self::NoPayeeId => {
                let PayeeIdColumns { from_16, from_10, from_6, from_0 } = operand.payee;
                [from_16.0, from_10.0, from_6.0, from_0.0].concat()
            }
            Self::NoFee => operand.fee.0.to_vec(),
            Self::NoType => vec![operand.forced_type],
            Self::Unsigned => [
                &authorization.expiry.0[..],
                &capacities,
                &authorization.digest,
                &fee_leaf.gap.0,
                &fee_leaf.key,
                &[fee_leaf.token, fee_leaf.nonce],
                &fee_leaf.balance_after.0,
            ]
            .concat(),
            Self::NotHashed => capacities,
            Self::NotHashedButRoot => capacities[5..].to_vec(),
            Self::NotJudged => authorization.digest.to_vec(),
            Self::NoPayee => [&payee.gap.0[..], &[payee.nonce], &payee.balance_after.0].concat(),
            Self::NoShortage => payee.balance_after.0.to_vec(),
            Self::NoDifference => vec![payee.nonce],
            Self::NoReason => fee_leaf.key.to_vec(),
            Self::NoFlags => vec![fee_leaf.token, fee_leaf.nonce],
            Self::NoFeeLeaf => fee_leaf.balance_after.0.to_vec(),
            Self::NoUpperHalf => fee_leaf.balance_after.0[2..].to_vec(),
            Self::NoWord => words.after_one.to_vec(),
            Self::OneWord => words.after_two.to_vec(),
            Self::NoPayment => words.after_third.to_vec(),
            Self::Unused => vec![words.after_third[3]],
            Self::Tail => [
                &[operand.payer, payer.balance][..],
                &payer.gap.0,
                &payee.gap.0,
                &fee_leaf.gap.0,
                &fee_leaf.balance_after.0,
            ]
            .concat(),
        }
    }

    /// Of all rows of a kind.
    fn of(kind: Kind) -> &'static [Self] {
        use Free::*;
        match kind {
            Kind::Noop => &[],
            Kind::RegisterToken => {
                &[NoPayer, NoPayeeId, NoType, Divisions, Unsigned, NoPayment]
            }
            Kind::Deposit => &[NoPayeeId, NoFee, NoType, Divisions, Unsigned, NoPayment],
            Kind::PairFirst => &[NotNegative, NoWord, OneWord, NoPayment],
            Kind::PairSecond | Kind::Single => &[NotNegative, OneWord, NoPayment],
            Kind::LongTransfer => &[Divisions, OneWord, NoPayment],
            Kind::TransferToNew | Kind::ForcedTransfer | Kind::ForcedToNew => {
                &[Divisions, NoPayment]
            }
            Kind::Withdraw | Kind::ForcedWithdraw => &[Divisions, NoPayee],
            Kind::ChangeKey | Kind::ForcedChangeKey => &[Divisions, NoPayee, NoPayment],
            Kind::Refused => &[Divisions, NotHashed, NotJudged, Unused],
            Kind::Mismatched => {
                &[
                    Divisions,
                    NotHashed,
                    NotJudged,
                    NoShortage,
                    NoReason,
                    NoFlags,
                    NoUpperHalf,
                    Unused,
                ]
            }
            Kind::Keyless => {
                &[Divisions, NotHashedButRoot, NotJudged, NoShortage, NoFlags, NoFeeLeaf, Unused]
            }
            Kind::Unsigned => {
                &[Divisions, NoDifference, NoShortage, NoReason, NoFlags, NoFeeLeaf, Unused]
            }
            Kind::Tail => &[Tail, NoType, Divisions, NotHashed],
        }
    }
}

/// Hints and what else is free by the values of a row: what is multiplied by zero, or is one of
/// several factors that make one sum.
fn free_by_value(row: &OperationColumns<F>, kind: Kind) -> Vec<usize> {
    let c = columns();
    let mut free = Vec::new();
    let mut add = |is_free: bool, columns: &[usize]| {
        if is_free {
            free.extend(columns);
        }
    };
    let operand = &row.operand;
    let remainders = operand.amount_decimal.remainder.value::<F>()
        + operand.fee_decimal.remainder.value::<F>();
    add(remainders == F::ZERO, &[c.operand.remainder_inverse]);
    for (element, columns) in operand.target.iter().zip(c.operand.target) {
        let [lower, _] = element.halves::<F>();
        add(lower == F::ZERO, &[columns.upper_inverse]);
    }

    let target = operand.target.map(|element| element.value::<F>());
    let keys = row.payer.key.into_iter().zip(target);
    let token = (row.payer.token, operand.token.value::<F>());
    let differ: Vec<bool> = keys.chain([token]).map(|(found, named)| found != named).collect();
    let last = differ.iter().rposition(|&differs| differs);
    for (i, &hint) in c.payer.difference_inverse.iter().enumerate() {
        add(Some(i) != last, &[hint]);
    }

    // A limit of time says how much is left; of data the payer has signed which limit.
    let expiry = row.authorization.expiry.value::<F>() != F::ZERO;
    let is_dated = kind.executes() && !kind.is_forced();
    let is_late = row.fee_leaf.token == F::ONE;
    match (kind, is_dated && expiry) {
        (Kind::Tail, _) => {
            add(!expiry, &c.authorization.time_left.0);
            // Where an expiry that is over has its inverse.
            add(!is_late, &[c.payee.nonce]);
        }
        (_, true) => add(true, &c.authorization.expiry.0),
        (_, false) => add(true, &c.authorization.time_left.0),
    }
    if kind == Kind::Refused {
        let [nonce, token, _, _] = c.words.after_third;
        add(row.payee.nonce == F::ZERO, &[nonce]);
        add(!differ[5], &[token]);
        let [_, _, amount, fee, _] = row.fee_leaf.key;
        add(amount + fee == F::ZERO, &Free::NoShortage.columns());
    } else if kind.refuses() {
        add(true, &c.words.after_third[..2]);
    }
    free
}

/// The rows of a world, and of the row after them what is open, which nobody reads.
fn case(name: impl Into<String>, world: &World, program: &Program) -> Case {
    let table = world.table();
    let rows = world.rows.len();
    let is_more = table.trace.values.len() > rows * OperationColumns::WIDTH;
    let looked_at: Vec<_> = (0..rows + usize::from(is_more)).collect();
    let mut free: Vec<_> = Free::Open.columns().into_iter().map(|column| (0, column)).collect();
    for row in 0..rows {
        let kind = kind(world, row);
        let of_kind = Free::of(kind).iter().flat_map(|reason| reason.columns());
        let by_value = free_by_value(&world.rows[row], kind);
        free.extend(of_kind.chain(by_value).map(|column| (row, column)));
    }
    let mut case = Case::new(name, &table, program, &looked_at, free);
    for row in 0..rows {
        case = case.integers(row, &integers(kind(world, row)));
    }
    let open = columns().open;
    let closed = (0..OperationColumns::WIDTH).filter(|column| !open.contains(column));
    if is_more { case.pin(closed.map(|column| (rows, column))) } else { case }
}

fn every_case(program: &Program) -> Vec<Case> {
    let mut cases = Vec::new();
    for operand in every_kind() {
        let mut world = World::new();
        world.execute(operand);
        cases.push(case(format!("{:?}", operand.kind), &world, program));
    }
    let mut world = World::new();
    for kind in [Kind::PairFirst, Kind::PairSecond] {
        world.execute(OperandValues { kind, ..transfer() });
    }
    cases.push(case("pair", &world, program));
    let mut world = World::new();
    world.edit(ALICE, |leaf| leaf[BALANCE] = element((1 << 63) - 1));
    let expiry = element(u64::from(TIMESTAMP) + 100_000);
    let (amount, fee) = (element(4_000_000_000_000_000_000), element(205_000));
    world.execute(OperandValues { amount, fee, expiry, ..transfer() });
    cases.push(case("scaled", &world, program));
    cases.extend(proven().iter().map(|(name, world)| case(name, world, program)));
    cases
}

#[test]
fn operations_follow_from_words_and_leaves() {
    let (program, model) = (Program::new(&OperationAir), model());
    let cases = every_case(&program);
    cases.iter().for_each(|case| case.check(&model));
    // The others say what is discrete: that a cell is a bit, or below a bound, which is no equation; or
    // what two constraints say of one cell, of which one would do.
    let (constraints, messages) =
        not_needed(&cases, &model, &program, 0..program.constraints());
    let counts = [program.constraints() - constraints.len(), program.messages() - messages.len()];
    println!("{constraints:?} {messages:?}");
    assert_eq!(counts, [0, 0]);
}

/// Of a row without operation what runs through it does not move.
#[test]
fn no_operation_changes_nothing() {
    let mut world = World::new();
    world.execute(OperandValues::default());
    world.execute(OperandValues::default());
    let c = columns();
    let bound = (c.clock..c.open[0]).chain(c.kind.0).map(|column| (0, column)).collect::<Vec<_>>();
    let program = Program::new(&OperationAir);
    let case = Case::new("no operation", &world.table(), &program, &[0, 1], vec![]);
    case.check_bound(&model(), &bound);
}
