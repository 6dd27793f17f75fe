//! The constraints of the table.

use std::borrow::Borrow;

use cairn_primitives::F;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;

use super::columns::OperationColumns;
use super::forced::{Tail, relay, send_signature};
use super::kind::{Kind, assert_one_kind};
use super::operand::Operand;
use super::payee::creates_next;
use super::refused::{amount_held, assert_keyless, assert_refused, payer_correction};
use super::running::{PublicValues, Running, assert_running_eq};
use super::short::Short;
use super::word::first_word;
use crate::expression::lift;

/// The table of operations. Public values: domain (4), timestamp, then before and after: next id, next
/// token, and digest (4) and count of the data, the priority and the withdrawal stream.
#[derive(Debug, Clone, Copy)]
pub struct OperationAir;

impl BaseAir<F> for OperationAir {
    fn width(&self) -> usize {
        OperationColumns::WIDTH
    }

    fn num_public_values(&self) -> usize {
        PublicValues::WIDTH
    }

    /// Clock, running values and open pair, which are the first columns of a row; and whether it is a
    /// second slot.
    fn main_next_row_columns(&self) -> Vec<usize> {
        let kinds = 1 + Running::WIDTH + 3;
        (0..kinds).chain([kinds + Kind::PairSecond as usize]).collect()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for OperationAir {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row: &OperationColumns<AB::Var> = main.current_slice().borrow();
        let next: &OperationColumns<AB::Var> = main.next_slice().borrow();
        let public: &PublicValues<AB::PublicVar> = builder.public_values().borrow();
        let PublicValues { domain, timestamp, before, after } = *public;

        let clock = AB::Expr::from(row.clock);
        let running = row.running.map(AB::Expr::from);
        let operand = Operand::<AB::Expr>::new(&row.kind, &row.operand);
        let top_up = AB::Expr::from(row.payer.top_up);
        let nonce = row.payer.nonce.value::<AB::Expr>() - operand.kind.signed.clone();
        let domain = domain.map(|limb| limb.into());

        assert_one_kind(builder, &row.kind);
        row.operand.check(builder, &operand);
        row.authorization.hash_message(builder, &operand, domain, nonce.clone());
        let tail = Tail::new(row);
        row.authorization.assert_not_expired(builder, &operand, timestamp.into(), &tail);
        tail.check(builder, &operand.kind.tail);
        send_signature(builder, row, &operand, &tail);
        assert_refused(builder, row, &operand, &running.next_id);
        assert_keyless(builder, row, &operand.kind.of(Kind::Keyless));
        relay(builder, row, &operand, nonce, &tail);
        row.payer.debit(builder, &operand, amount_held(row, &operand), clock.clone());
        row.payer.match_deposit(builder, &operand);
        row.payee.pay(builder, &operand, &running, top_up.clone(), clock.clone());
        row.fee_leaf.collect(builder, &operand, clock.clone());
        let short = Short::new(&row.operand);
        let correction = payer_correction(row, &operand);
        let open = lift(&row.open);
        let first = first_word(&operand, correction, &running, &short, &open, &tail);
        row.words.check(builder, &operand, &running, first);

        let created = creates_next(&operand, top_up);
        let running_after = running.after(&operand.kind, &row.words, created);
        // A first slot is followed by its second and by nothing else; a second follows a first.
        let [first, second] =
            [Kind::PairFirst, Kind::PairSecond].map(|kind| row.kind.0[kind as usize]);
        let second_next = next.kind.0[Kind::PairSecond as usize];

        let mut start = builder.when_first_row();
        start.assert_zero(clock.clone());
        start.assert_zero(second);
        assert_running_eq(&mut start, running, before.map(Into::into));

        let mut step = builder.when_transition();
        step.assert_eq(AB::Expr::from(next.clock), clock + AB::Expr::ONE);
        step.assert_eq(second_next, first);
        step.assert_eq_arrays(lift::<3, _, AB::Expr>(&next.open), short.first);
        assert_running_eq(&mut step, next.running.map(AB::Expr::from), running_after.clone());

        let mut end = builder.when_last_row();
        end.assert_zero(first);
        assert_running_eq(&mut end, running_after, after.map(Into::into));
    }
}
