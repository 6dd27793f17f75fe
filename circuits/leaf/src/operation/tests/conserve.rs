//! Money is neither made nor lost, whoever pays whom.

use super::judge::{Leaves, judge};
use super::*;
use p3_field::PrimeField64;

fn total(leaves: &Leaves) -> u64 {
    leaves.values().map(|leaf| leaf[BALANCE].as_canonical_u64()).sum()
}

#[test]
fn self_transfers_and_fee_leaves_keep_the_sum() {
    let pay = |from: u64, to: u64| OperandValues {
        payer: element(from),
        payee: element(to),
        target: key(to),
        ..transfer()
    };
    let cases = [
        pay(ALICE, BOB),
        pay(ALICE, ALICE),
        pay(ALICE, 0),
        pay(0, ALICE),
        pay(0, 0),
        OperandValues { payer: F::ZERO, ..transfer_to_new() },
        OperandValues { payer: F::ZERO, ..change_key() },
    ];
    for operand in cases {
        let mut world = World::new();
        world.execute(operand);
        let after = judge(&world.table(), &world.leaves_before, &world.signed).unwrap();
        assert_eq!(total(&after), total(&world.leaves_before), "{operand:?}");
        assert_eq!(after, world.leaves);
    }
}
