//! The leaf that is paid or created.

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::access::{Access, Place, leaf};
use super::kind::Kind;
use super::operand::Operand;
use super::running::Running;
use crate::bus::RANGE;
use crate::expression::Expression;
use crate::range::Uint;

/// Access B: the leaf that is paid or created.
///
/// Its key and token need no columns: of a leaf that is credited they are those of the operation, one
/// that is created was all zeros, and afterwards they are those of the operation in any case.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct PayeeColumns<T> {
    /// How much earlier the access before was, less one.
    pub(crate) gap: Uint<T, 16, 1>,
    /// Before and after.
    pub(crate) nonce: T,
    /// After.
    pub(crate) balance_after: Uint<T, 63, 4>,
}

/// Whether an operation creates the leaf `next_id`: a transfer to a new leaf, or a deposit that is
/// no top-up.
pub(crate) fn creates_next<E: PrimeCharacteristicRing>(operand: &Operand<E>, top_up: E) -> E {
    operand.kind.of(Kind::Deposit) - top_up + operand.kind.to_new.clone()
}

impl<T: Copy> PayeeColumns<T> {
    /// Credits an existing leaf or creates one.
    ///
    /// `top_up` says whether a deposit credits the leaf that it names; it is zero for other kinds.
    pub(crate) fn pay<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        running: &Running<AB::Expr>,
        top_up: AB::Expr,
        clock: AB::Expr,
    ) {
        let kind = &operand.kind;
        let real = Count::bounded(kind.real.clone(), 1);
        let register = kind.of(Kind::RegisterToken);
        let next = creates_next(operand, top_up.clone());
        assert_token(builder, operand, &running.next_token);

        let nonce = AB::Expr::from(self.nonce);
        let balance_after = self.balance_after.check(builder, real.clone());
        let balance = balance_after.clone() - operand.amount.clone();
        let create = next.clone() + register.clone();
        builder.assert_zeros([nonce.clone(), balance.clone()].map(|x| create.clone() * x));

        let credit = kind.transfer.clone() + top_up.clone();
        let key_before = operand.target.clone().map(|element| credit.clone() * element);
        let token_before = credit.clone() * operand.token.clone();
        let access = Access {
            id: kind.transfer.clone() * operand.payee.clone()
                + top_up * operand.payer.clone()
                + next * running.next_id.clone()
                + register * operand.token.clone(),
            time: Place::B.time(clock),
            gap: self.gap.check(builder, real),
            before: leaf(key_before, token_before, nonce.clone(), balance),
            after: leaf(operand.target.clone(), operand.token.clone(), nonce, balance_after),
        };
        access.perform(builder, credit + create);
    }
}

/// A registration gives the next number, a deposit names one of those given.
fn assert_token<AB>(builder: &mut AB, operand: &Operand<AB::Expr>, next_token: &AB::Expr)
where
    AB: InteractionBuilder<F = F>,
    AB::Expr: Expression<AB::Var>,
{
    let from_next = next_token.clone() - operand.token.clone();
    builder.assert_zero(operand.kind.of(Kind::RegisterToken) * from_next.clone());
    let deposit = Count::bounded(operand.kind.of(Kind::Deposit), 1);
    RANGE.lookup_key(builder, [from_next - AB::Expr::ONE], deposit);
}
