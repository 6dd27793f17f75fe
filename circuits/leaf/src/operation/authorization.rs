//! Who may: the message that the payer's key signs, and until when.

use cairn_primitives::{F, Tag};
use cairn_types::word_tag;
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::kind::Kind;
use super::operand::Operand;
use crate::bus::{ABSORB, SIGNED, SQUEEZE};
use crate::expression::{Expression, lift, linear};
use crate::range::Uint;

/// Elements of a signed message.
const MESSAGE_LENGTH: usize = 17;

/// Of signed operations: expiry, and the hash of the message.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct AuthorizationColumns<T> {
    /// Seconds; 0 = no limit.
    pub(crate) expiry: Uint<T, 32, 2>,
    /// Whether there is a limit.
    pub(crate) limited: T,
    /// Where there is, the seconds left.
    pub(crate) time_left: Uint<T, 32, 2>,
    /// The capacity of the sponge after each block but the last.
    pub(crate) capacities: [[T; 4]; 2],
    /// What is signed.
    pub(crate) digest: [T; 4],
}

impl<T: Copy> AuthorizationColumns<T> {
    /// Asserts that `key`, that of the payer, has signed the operation: every field of it, the payer's
    /// nonce and token, and the key of the payee, under the rollup's domain.
    pub(crate) fn check_signature<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        domain: [AB::Expr; 4],
        key: &[T; 5],
        nonce: AB::Expr,
    ) {
        let signed = || Count::bounded(operand.kind.signed.clone(), 1);
        let [first, second, third] = self.sponge_states(operand, domain, nonce);
        let [after_first, after_second] = self.capacities.map(|columns| lift(&columns));
        let message = |state: [AB::Expr; 12], after: [AB::Expr; 4]| state.into_iter().chain(after);
        ABSORB.lookup_key(builder, message(first, after_first), signed());
        ABSORB.lookup_key(builder, message(second, after_second), signed());
        SQUEEZE.lookup_key(builder, message(third, lift(&self.digest)), signed());
        SIGNED.send(builder, key.iter().chain(&self.digest).copied(), signed());
    }

    /// The states of the sponge that hashes the message, before each permutation.
    pub(crate) fn sponge_states<E: Expression<T>>(
        &self,
        operand: &Operand<E>,
        domain: [E; 4],
        nonce: E,
    ) -> [[E; 12]; 3] {
        let kind = &operand.kind;
        let operation_type = linear([
            (word_tag::TRANSFER.into(), kind.transfer.clone()),
            (word_tag::TRANSFER_TO_NEW.into(), kind.of(Kind::TransferToNew)),
            (word_tag::WITHDRAW.into(), kind.of(Kind::Withdraw)),
            (word_tag::CHANGE_KEY.into(), kind.of(Kind::ChangeKey)),
        ]);
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

    /// A signed operation is valid up to the second of its expiry, or for ever if that is zero.
    /// `timestamp` must be below `2^32`.
    ///
    /// Claiming a limit that there is not only makes it harder: zero would have to be late enough.
    pub(crate) fn assert_not_expired<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        timestamp: AB::Expr,
    ) {
        let real = Count::bounded(operand.kind.real.clone(), 1);
        let expiry = self.expiry.check(builder, real.clone());
        let time_left = self.time_left.check(builder, real);
        let limited = AB::Expr::from(self.limited);
        let unlimited = AB::Expr::ONE - limited.clone();
        let mut signed = builder.when(operand.kind.signed.clone());
        signed.assert_zero(unlimited * expiry.clone());
        signed.assert_zero(limited * (expiry - timestamp - time_left));
    }
}

fn state<E>(rate: [E; 8], capacity: [E; 4]) -> [E; 12] {
    let mut elements = rate.into_iter().chain(capacity);
    std::array::from_fn(|_| elements.next().expect("8 and 4 elements"))
}
