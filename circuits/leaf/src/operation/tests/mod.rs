//! Tables of few rows, judged by what their constraints say and what honest tables would answer.

mod agree;
mod attack;
mod conserve;
mod degree;
mod forced;
mod judge;
mod mutate;
mod rank;
mod refuse_data;
mod refuse_state;
mod world;

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;

use super::columns::OperationColumns;
use super::kind::Kind;
use super::values::{OperandValues, RowValues};
use world::{ALICE, BOB, CAROL, NEXT_ID, World, key};

/// The place of the balance in a leaf.
const BALANCE: usize = 7;

fn element(value: u64) -> F {
    F::from_u64(value)
}

/// Whether there is a proof of these operations, executed without scruples.
fn executes(world: &mut World, operands: &[OperandValues]) -> bool {
    operands.iter().for_each(|&operand| world.execute(operand));
    world.proves()
}

fn refuses(operand: OperandValues) -> bool {
    !executes(&mut World::new(), &[operand])
}

/// Whether there is a proof of one operation after `forge` has changed its row.
fn executes_forged(operand: OperandValues, forge: impl FnOnce(&mut OperationColumns<F>)) -> bool {
    let mut world = World::new();
    world.sign(&operand);
    world.push(operand, |_| {}, forge);
    world.proves()
}

/// Whether there is a proof of one operation after `forge` has changed what its row is filled from.
fn executes_with(operand: OperandValues, forge: impl FnOnce(&mut RowValues)) -> bool {
    let mut world = World::new();
    world.sign(&operand);
    world.push(operand, forge, |_| {});
    world.proves()
}

/// Alice pays Bob 1,000 quanta of token 0; alone in its word.
fn transfer() -> OperandValues {
    OperandValues {
        kind: Kind::Single,
        payer: element(ALICE),
        payee: element(BOB),
        token: F::ZERO,
        amount: element(1000),
        fee: element(20),
        target: key(BOB),
        ..Default::default()
    }
}

fn long_transfer() -> OperandValues {
    OperandValues { kind: Kind::LongTransfer, fee: element(2049), ..transfer() }
}

/// A key that no leaf has.
fn new_key() -> [F; 5] {
    key(NEXT_ID)
}

fn transfer_to_new() -> OperandValues {
    OperandValues { kind: Kind::TransferToNew, payee: F::ZERO, target: new_key(), ..transfer() }
}

fn withdraw() -> OperandValues {
    let address = [(1 << 36) - 1, (1 << 62) - 1, (1 << 62) - 1, 0, 0];
    OperandValues { kind: Kind::Withdraw, target: address.map(element), ..transfer_to_new() }
}

fn change_key() -> OperandValues {
    OperandValues { kind: Kind::ChangeKey, amount: F::ZERO, ..transfer_to_new() }
}

/// A top-up of Carol's leaf.
fn deposit() -> OperandValues {
    OperandValues {
        kind: Kind::Deposit,
        payer: element(CAROL),
        token: F::ONE,
        amount: element(5000),
        target: key(CAROL),
        ..Default::default()
    }
}

/// A deposit that names Carol's leaf with another key.
fn deposit_to_new() -> OperandValues {
    OperandValues { target: new_key(), ..deposit() }
}

fn register() -> OperandValues {
    OperandValues {
        kind: Kind::RegisterToken,
        token: F::TWO,
        target: new_key(),
        fee: element(255),
        ..Default::default()
    }
}

/// One of each kind that stands alone.
fn every_kind() -> [OperandValues; 8] {
    [
        transfer(),
        long_transfer(),
        transfer_to_new(),
        withdraw(),
        change_key(),
        deposit(),
        deposit_to_new(),
        register(),
    ]
}
