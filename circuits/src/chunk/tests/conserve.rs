//! Money is neither made nor lost, whoever pays whom.

use super::*;
use tree::total;

/// Leaves that hold money.
const HOLDERS: [u32; 6] = [0, 1, ALICE, BOB, CAROL, NEXT_ID];

#[test]
fn self_transfers_and_fee_leaves_keep_the_sum() {
    let pay = |from: u32, to: u32| OperandValues {
        payer: element(from.into()),
        payee: element(to.into()),
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
        let before = total(&world.tree, &HOLDERS);
        assert!(executes(&mut world, &[operand]), "{operand:?}");
        assert_eq!(total(&world.tree, &HOLDERS), before, "{operand:?}");
    }
}
