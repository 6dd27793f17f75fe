//! Who may: the message that the payer's key signs, and until when.

use cairn_primitives::{F, Tag};
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::forced::Tail;
use super::kind::Kind;
use super::operand::Operand;
use crate::bus::{ABSORB, SQUEEZE};
use crate::expression::{Expression, lift};
use crate::range::Uint;

/// Elements of a signed message.
const MESSAGE_LENGTH: usize = 17;

/// Of transactions: expiry, and the hash of the message. A tail has the digest and the expiry of its head.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct AuthorizationColumns<T> {
    /// Seconds; 0 = no limit.
    pub(crate) expiry: Uint<T, 32, 2>,
    /// The seconds left, or since it of a tail that is late.
    pub(crate) time_left: Uint<T, 32, 2>,
    /// The capacity of the sponge after each block but the last.
    pub(crate) capacities: [[T; 4]; 2],
    /// What is signed.
    pub(crate) digest: [T; 4],
}

impl<T: Copy> AuthorizationColumns<T> {
    /// Asserts that the digest is that of the message: every field of the transaction, the payer's
    /// nonce and token, and the key of the payee, under the rollup's domain. Not where a forced transaction is refused
    /// for another reason than its signature.
    pub(crate) fn hash_message<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        domain: [AB::Expr; 4],
        nonce: AB::Expr,
    ) {
        let hashed = operand.kind.signed.clone() + operand.kind.of(Kind::Unsigned);
        let signed = || Count::bounded(hashed.clone(), 1);
        let [first, second, third] = self.sponge_states(operand, domain, nonce);
        let [after_first, after_second] = self.capacities.map(|columns| lift(&columns));
        let message = |state: [AB::Expr; 12], after: [AB::Expr; 4]| state.into_iter().chain(after);
        ABSORB.lookup_key(builder, message(first, after_first), signed());
        ABSORB.lookup_key(builder, message(second, after_second), signed());
        SQUEEZE.lookup_key(builder, message(third, lift(&self.digest)), signed());
    }

    /// The states of the sponge that hashes the message, before each permutation.
    pub(crate) fn sponge_states<E: Expression<T>>(
        &self,
        operand: &Operand<E>,
        domain: [E; 4],
        nonce: E,
    ) -> [[E; 12]; 3] {
        let operation_type = operand.transaction_type.clone();
        let [d0, d1, d2, d3] = domain;
        let Operand { payer, payee, token, amount, fee, .. } = operand.clone();
        let [t0, t1, t2, t3, t4] = operand.target.clone();
        let tag = E::from_u64(Tag::SignedOperation as u64);
        let start = [tag, E::from_usize(MESSAGE_LENGTH), E::ZERO, E::ZERO];
        let [after_first, after_second] = self.capacities.map(|columns| lift(&columns));
        let last = [t4, E::ZERO, E::ZERO, E::ZERO, E::ZERO, E::ZERO, E::ZERO, E::ZERO];
        [
            state([d0, d1, d2, d3, operation_type, payer, nonce, token], start),
            state([amount, fee, self.expiry.value(), payee, t0, t1, t2, t3], after_first),
            state(last, after_second),
        ]
    }

    /// A signed operation is valid up to the second of its expiry, or for ever if that is zero. `timestamp` must be below
    /// `2^32`. A tail is held against the time of L1, and is late or not.
    ///
    /// Claiming a limit that there is not only makes it harder: zero would have to be late enough.
    pub(crate) fn assert_not_expired<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        timestamp: AB::Expr,
        tail: &Tail<AB::Expr>,
    ) {
        let real = Count::bounded(operand.kind.real.clone(), 1);
        let expiry = self.expiry.check(builder, real.clone());
        let time_left = self.time_left.check(builder, real);
        let left = |time: AB::Expr| expiry.clone() - time - time_left.clone();
        let dated = operand.kind.dated.clone();
        builder.assert_zero(dated * expiry.clone() * left(timestamp));

        let Tail { enqueued, limited, late, .. } = tail.clone();
        let unlimited = AB::Expr::ONE - limited.clone() - late.clone();
        let mut tail_row = builder.when(operand.kind.tail.clone());
        tail_row.assert_zero(unlimited * expiry.clone());
        tail_row.assert_zero(limited * left(enqueued.clone()));
        tail_row.assert_bool(late.clone());
        tail_row
            .assert_zero(late.clone() * (enqueued - expiry.clone() - AB::Expr::ONE - time_left));
        tail_row.assert_eq(expiry * tail.expiry_inverse.clone(), late);
    }
}

fn state<E>(rate: [E; 8], capacity: [E; 4]) -> [E; 12] {
    let mut elements = rate.into_iter().chain(capacity);
    std::array::from_fn(|_| elements.next().expect("8 and 4 elements"))
}
