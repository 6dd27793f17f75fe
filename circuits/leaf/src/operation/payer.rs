//! The leaf that pays, the one that collects the fee, and the leaf that a deposit names or that refuses a forced
//! transaction.

use cairn_primitives::F;
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::access::{Access, Place, leaf};
use super::kind::Kind;
use super::operand::Operand;
use crate::expression::lift;
use crate::range::Uint;

/// Access A: the leaf that pays; of a deposit, the leaf that it names, and of a forced transaction that changes nothing
/// that of the payer or, if it is mismatched, of the payee. These are only read.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct PayerColumns<T> {
    /// How much earlier the access before was, less one.
    pub(crate) gap: Uint<T, 16, 1>,
    /// Before.
    pub(crate) key: [T; 5],
    /// Before and after.
    pub(crate) token: T,
    /// After.
    pub(crate) nonce: Uint<T, 32, 2>,
    /// Before.
    pub(crate) balance: T,
    /// The balance less the amount of a signed operation.
    pub(crate) without_amount: Uint<T, 63, 4>,
    /// After.
    pub(crate) balance_after: Uint<T, 63, 4>,
    /// Whether this is a deposit and names a leaf with its key and token. Proven both ways.
    pub(crate) top_up: T,
    /// Hint: of a deposit that is no top-up, the inverse of one difference, and zeros.
    pub(crate) difference_inverse: [T; 6],
}

impl<T: Copy> PayerColumns<T> {
    /// Debits amount and fee of a signed operation, counts its nonce, changes the key if asked to.
    ///
    /// `held` is taken away with the amount and given back: of a refused row, to see what is left.
    ///
    /// The amount goes first: `amount + fee` can be so near to `2^63` that, taken at once, a negative
    /// balance would wrap around `p` into the range of balances.
    pub(crate) fn debit<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        held: AB::Expr,
        clock: AB::Expr,
    ) {
        let kind = &operand.kind;
        let signed = || kind.signed.clone();
        let real = Count::bounded(kind.real.clone(), 1);
        let token = AB::Expr::from(self.token);
        builder.assert_zero(signed() * (token.clone() - operand.token.clone()));

        let balance = AB::Expr::from(self.balance);
        let without_amount = self.without_amount.check(builder, real.clone());
        let balance_after = self.balance_after.check(builder, real.clone());
        let amount = signed() * operand.amount.clone();
        builder.assert_eq(without_amount.clone() + amount + held.clone(), balance.clone());
        let fee = signed() * operand.fee.clone();
        builder.assert_eq(balance_after.clone() + fee, without_amount + held);

        let nonce_after = self.nonce.check(builder, real.clone());
        let nonce = nonce_after.clone() - signed();

        let key: [AB::Expr; 5] = lift(&self.key);
        let key_after = std::array::from_fn(|i| {
            let change = operand.target[i].clone() - key[i].clone();
            key[i].clone() + kind.change_key.clone() * change
        });

        let access = Access {
            id: operand.payer.clone(),
            time: Place::A.time(clock),
            gap: self.gap.check(builder, real),
            before: leaf(key, token.clone(), nonce, balance),
            after: leaf(key_after, token, nonce_after, balance_after),
        };
        access.perform(builder, signed() + kind.of(Kind::Deposit) + kind.refusing.clone());
    }

    /// Asserts that the top-up bit of a deposit says whether the leaf is of its key and token. It is
    /// zero for all other kinds; a leaf that is mismatched is not of key and token.
    ///
    /// If all differences are zero, the bit is that of the deposit, by the last constraint, and nothing is mismatched; if
    /// one is not, the bit is zero, and for a deposit the hints must be such that the product is one.
    pub(crate) fn match_deposit<AB: AirBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
    ) {
        let [k0, k1, k2, k3, k4] = std::array::from_fn(|i| -> AB::Expr {
            AB::Expr::from(self.key[i]) - operand.target[i].clone()
        });
        let differences = [k0, k1, k2, k3, k4, AB::Expr::from(self.token) - operand.token.clone()];
        let top_up = AB::Expr::from(self.top_up);
        builder.assert_zeros(differences.clone().map(|difference| top_up.clone() * difference));
        let product = AB::Expr::dot_product(&differences, &lift(&self.difference_inverse));
        let deposit = operand.kind.of(Kind::Deposit);
        builder.assert_zero(top_up.clone() * (AB::Expr::ONE - deposit.clone()));
        builder.assert_eq(product, deposit - top_up + operand.kind.of(Kind::Mismatched));
    }
}

/// Access C: the leaf whose id is the token.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct FeeLeafColumns<T> {
    /// How much earlier the access before was, less one.
    pub(crate) gap: Uint<T, 16, 1>,
    /// Before and after.
    pub(crate) key: [T; 5],
    /// Before and after.
    pub(crate) token: T,
    /// Before and after.
    pub(crate) nonce: T,
    /// After.
    pub(crate) balance_after: Uint<T, 63, 4>,
}

impl<T: Copy> FeeLeafColumns<T> {
    /// Credits the fee of a signed operation to the leaf whose id is the token.
    ///
    /// That leaf exists and counts this token: the payer's leaf does, and no leaf is made for a token
    /// that is not registered.
    pub(crate) fn collect<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        clock: AB::Expr,
    ) {
        let real = Count::bounded(operand.kind.real.clone(), 1);
        let balance_after = self.balance_after.check(builder, real.clone());
        let balance = balance_after.clone() - operand.fee.clone();
        let key: [AB::Expr; 5] = lift(&self.key);
        let [token, nonce] = [self.token, self.nonce].map(AB::Expr::from);
        let access = Access {
            id: operand.token.clone(),
            time: Place::C.time(clock),
            gap: self.gap.check(builder, real),
            before: leaf(key.clone(), token.clone(), nonce.clone(), balance),
            after: leaf(key, token, nonce, balance_after),
        };
        access.perform(builder, operand.kind.signed.clone());
    }
}
