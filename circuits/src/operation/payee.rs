//! The leaf that is paid or created.

use super::{
    Builder, F,
    arithmetic::{assert_equal_if, assert_zero_if},
    kind::Kind,
    leaf::{AccessTarget, LeafTarget},
    operand::{OperandTarget, TOKEN_BITS},
    running::StateTarget,
};
use cairn_gadgets::arithmetic::assert_bits;
use cairn_types::BALANCE_BITS;
use plonky2::{
    field::types::Field,
    iop::target::{BoolTarget, Target},
};

/// Credits an existing leaf or creates one, and counts the ids and tokens that are given out.
///
/// `matches` says whether the leaf that a deposit names has its key and token.
pub(crate) fn pay(
    builder: &mut Builder,
    access: &AccessTarget,
    operand: &OperandTarget,
    matches: BoolTarget,
    state: StateTarget,
) -> StateTarget {
    let register = operand.kind.of(Kind::RegisterToken);
    let deposit = operand.kind.of(Kind::Deposit);
    let top_up = builder.mul(deposit, matches.target);
    let open = builder.sub(deposit, top_up);
    let next = builder.add(open, operand.kind.of(Kind::TransferToNew));
    let payee = operand.payee.value;

    // Which leaf: a transfer names it.
    assert_equal_if(builder, top_up, payee, operand.payer.value);
    assert_equal_if(builder, next, payee, state.next_id);
    assert_equal_if(builder, register, payee, operand.token);

    // Which token: a registration gives the next number, a deposit names one of those given.
    assert_equal_if(builder, register, operand.token, state.next_token);
    let newer = builder.sub(state.next_token, operand.token);
    let newer = builder.add_const(newer, F::NEG_ONE);
    let newer = builder.mul(deposit, newer);
    assert_bits(builder, newer, TOKEN_BITS);

    let credit = builder.add(operand.kind.transfer, top_up);
    let create = builder.add(next, register);
    let enabled = builder.add(credit, create);
    assert_named_or_empty(builder, &access.before, operand, [credit, create, enabled]);

    let before = &access.before;
    let balance = builder.add(before.balance, operand.amount);
    assert_bits(builder, balance, BALANCE_BITS as usize);
    let after = LeafTarget {
        key: std::array::from_fn(|i| builder.mul_add(create, operand.target[i], before.key[i])),
        token: builder.mul_add(create, operand.token, before.token),
        nonce: before.nonce,
        balance,
    };
    StateTarget {
        root: access.update(builder, enabled, &operand.payee.bits, &after, state.root),
        next_id: builder.add(state.next_id, next),
        next_token: builder.add(state.next_token, register),
    }
}

/// A leaf that is credited has the operation's key and token, one that is created was all zeros.
fn assert_named_or_empty(
    builder: &mut Builder,
    before: &LeafTarget,
    operand: &OperandTarget,
    [credit, create, enabled]: [Target; 3],
) {
    let found = before.key.into_iter().chain([before.token]);
    let named = operand.target.into_iter().chain([operand.token]);
    for (found, named) in found.zip(named) {
        let expected = builder.mul(credit, named);
        let difference = builder.mul_sub(enabled, found, expected);
        builder.assert_zero(difference);
    }
    assert_zero_if(builder, create, before.nonce);
    assert_zero_if(builder, create, before.balance);
}
