//! How one row is filled.
//!
//! In two steps: what the prover chooses ([`OperationColumns::choose`]), then the hashes, which follow
//! from it ([`OperationColumns::hash`]). Values out of range overflow into their last limb.

use cairn_primitives::ecgfp5::{DOUBLE_ODD_A, FOUR_B, NON_RESIDUE, Quintic, sqrt};
use cairn_primitives::poseidon2::permute12_scalar;
use cairn_primitives::{Digest, F, compress};
use cairn_state::Fault;
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};

use super::authorization::AuthorizationColumns;
use super::columns::OperationColumns;
use super::decimal::DecimalColumns;
use super::forced::Tail;
use super::key::ElementColumns;
use super::kind::Kind;
use super::operand::{Operand, OperandColumns, PayeeIdColumns};
use super::payee::creates_next;
use super::payer::{FeeLeafColumns, PayerColumns};
use super::refused::payer_correction;
use super::running::Running;
use super::short::Short;
use super::values::{ForcedValues, OperandValues, RowValues};
use super::word;
use crate::range::{LIMB_BITS, Uint};
use crate::signature::quintic::coefficients;

/// What a row of the table stands in: the rows before it and the public values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// The number of the row.
    pub(crate) clock: F,
    /// The rollup.
    pub(crate) domain: [F; 4],
    /// Seconds.
    pub(crate) timestamp: F,
    /// Before the row.
    pub(crate) running: Running<F>,
    /// The pieces of the short transfer before.
    pub(crate) open: [F; 3],
    /// The payer's key and the digest of the row before.
    pub(crate) signed: ([F; 5], [F; 4]),
}

impl OperationColumns<F> {
    /// Writes all columns but hashes, into a row of zeros.
    pub(crate) fn choose(&mut self, context: &Context, values: &RowValues) {
        let OperandValues { kind, amount, fee, .. } = values.operand;
        let [payer, payee, fee_leaf] = values.found;
        let signed = F::from_bool(kind.executes());
        self.clock = context.clock;
        self.running = context.running;
        self.open = context.open;
        self.kind.0[kind as usize] = F::ONE;
        self.operand.choose(&values.operand);
        let dated = kind.executes() && !kind.is_forced();
        self.authorization.choose(&values.operand, dated.then_some(context.timestamp));

        let [k0, k1, k2, k3, k4, token, nonce, balance] = payer.leaf;
        let without_amount = balance - signed * amount;
        self.payer = PayerColumns {
            gap: limbs(payer.gap),
            key: [k0, k1, k2, k3, k4],
            token,
            nonce: limbs(nonce + signed),
            balance,
            without_amount: limbs(without_amount),
            balance_after: limbs(without_amount - signed * fee),
            ..self.payer
        };
        if matches!(kind, Kind::Deposit | Kind::Mismatched) {
            let [t0, t1, t2, t3, t4] = values.operand.target;
            let named = [t0, t1, t2, t3, t4, values.operand.token];
            let differences = std::array::from_fn(|i| payer.leaf[i] - named[i]);
            let matches = differences == [F::ZERO; 6];
            self.payer.top_up = F::from_bool(kind == Kind::Deposit && matches);
            self.payer.difference_inverse = nonzero_inverse(&differences);
        }

        let [.., nonce, balance] = payee.leaf;
        self.payee.gap = limbs(payee.gap);
        self.payee.nonce = nonce;
        self.payee.balance_after = limbs(balance + amount);

        let [k0, k1, k2, k3, k4, token, nonce, balance] = fee_leaf.leaf;
        self.fee_leaf = FeeLeafColumns {
            gap: limbs(fee_leaf.gap),
            key: [k0, k1, k2, k3, k4],
            token,
            nonce,
            balance_after: limbs(balance + fee),
        };
        if kind == Kind::Tail {
            self.choose_tail(context, &values.forced);
        } else if kind.refuses() {
            self.choose_refused(values);
        }
    }

    /// Writes what a tail has anew.
    fn choose_tail(&mut self, context: &Context, forced: &ForcedValues) {
        let ForcedValues { fault, nonce, enqueued, challenge, response } = *forced;
        (self.payer.key, self.authorization.digest) = context.signed;
        self.payer.nonce = limbs(nonce);
        self.operand.target = response.map(ElementColumns::split_any);
        self.payee.balance_after = limbs(enqueued);
        let [e0, e1] = challenge;
        let bits = [e0 >> 63, e0 >> 62, e1 >> 63, e1 >> 62].map(|bits| F::from_u64(bits & 1));
        let [h0, h1, h2, h3] = bits;
        let refused = F::from_bool(fault == Some(Fault::Signature));
        self.fee_leaf.key = [h0, h1, h2, h3, refused];
        self.fee_leaf.nonce = F::from_bool(matches!(fault, None | Some(Fault::Signature)));

        let expiry = self.authorization.expiry.value::<F>();
        if is_late(expiry, enqueued) {
            self.fee_leaf.token = F::ONE;
            self.authorization.time_left = limbs(enqueued - expiry - F::ONE);
            self.payee.nonce = expiry.try_inverse().unwrap_or(F::ZERO);
        } else if expiry != F::ZERO {
            self.payer.token = F::ONE;
            self.authorization.time_left = limbs(expiry - enqueued);
        }
    }

    /// Writes why a forced transaction changes nothing.
    fn choose_refused(&mut self, values: &RowValues) {
        let [k0, k1, k2, k3, k4, token, nonce, balance] = values.found[0].leaf;
        let OperandValues { kind, payer, amount, fee, token: stated, .. } = values.operand;
        let nonce_difference = values.forced.nonce - nonce;
        let late = is_late(values.operand.expiry, values.forced.enqueued);
        self.words.after_third[2] = F::from_bool(late);
        self.payee.nonce = nonce_difference;
        let code = values.operand.forced_type.as_canonical_u64();
        self.payee.gap = limbs(F::from_u64(code & 1));
        self.fee_leaf.gap = limbs(F::from_u64(code >> 1 & 1));
        let mut shortage = F::ZERO;
        match values.forced.fault {
            Some(Fault::Nonce) => {
                self.fee_leaf.key[0] = F::ONE;
                self.words.after_third[0] = nonce_difference.try_inverse().unwrap_or(F::ZERO);
            }
            Some(Fault::Token) => {
                self.fee_leaf.key[1] = F::ONE;
                self.words.after_third[1] = (token - stated).try_inverse().unwrap_or(F::ZERO);
            }
            Some(Fault::Amount) => {
                self.fee_leaf.key[2] = F::ONE;
                shortage = amount - F::ONE - balance;
            }
            Some(Fault::Fee) => {
                self.fee_leaf.key[3] = F::ONE;
                self.payer.without_amount = limbs(balance - amount);
                shortage = fee - F::ONE - (balance - amount);
            }
            Some(Fault::Late) => self.fee_leaf.key[4] = F::ONE,
            Some(Fault::NonceExhausted) => self.fee_leaf.token = F::ONE,
            Some(Fault::Ids) => self.fee_leaf.nonce = F::ONE,
            Some(Fault::Key) => {
                let trace = Quintic::new([k0, k1, k2, k3, k4]).square() - DOUBLE_ODD_A;
                let root = sqrt(&((trace.square() - FOUR_B) * NON_RESIDUE)).unwrap_or_default();
                self.fee_leaf.key = coefficients(&trace);
                let columns = self.authorization.capacities.as_flattened_mut();
                columns.iter_mut().zip(coefficients(&root)).for_each(|(c, r)| *c = r);
            }
            Some(Fault::Payee | Fault::Signature | Fault::Overflow) | None => {}
        }
        self.payee.balance_after = limbs(shortage);
        let above = shortage + F::from_u64(1 << 62);
        self.fee_leaf.balance_after = limbs(if kind == Kind::Mismatched { payer } else { above });
        if kind == Kind::Mismatched {
            self.operand.payer = values.operand.payee;
        }
    }

    /// Writes the hashes, as the other columns have them. Returns what comes after the row.
    pub(crate) fn hash(&mut self, context: &Context) -> Context {
        let operand = Operand::<F>::new(&self.kind, &self.operand);
        let short = Short::<F>::new(&self.operand);
        let kind = &operand.kind;

        if kind.signed + kind.of(Kind::Unsigned) != F::ZERO {
            let nonce = self.payer.nonce.value::<F>() - kind.signed;
            self.authorization.hash(&operand, context.domain, nonce);
        }
        let two_words = kind.two_words + kind.tail;
        if kind.one_word + two_words != F::ZERO {
            let tail = Tail::new(self);
            let correction = payer_correction(self, &operand);
            let first =
                word::first_word(&operand, correction, &self.running, &short, &self.open, &tail);
            self.words.after_one = chain(first);
        }
        if two_words != F::ZERO {
            self.words.after_two = chain(self.words.second_word(&operand));
        }
        if kind.withdraw + kind.tail != F::ZERO {
            self.words.after_third = chain(self.words.third_word(&operand, &self.running));
        }
        let created = creates_next(&operand, self.payer.top_up);
        Context {
            clock: self.clock + F::ONE,
            running: self.running.after(kind, &self.words, created),
            open: short.first,
            signed: (self.payer.key, self.authorization.digest),
            ..*context
        }
    }
}

impl OperandColumns<F> {
    fn choose(&mut self, values: &OperandValues) {
        let payee = values.payee.as_canonical_u64();
        let amount_remainder = self.amount_decimal.choose(values.amount);
        let fee_remainder = self.fee_decimal.choose(values.fee);
        let remainder = (amount_remainder + fee_remainder).try_inverse();
        let is_long = values.kind == Kind::LongTransfer;
        self.payer = values.payer;
        self.payee = PayeeIdColumns {
            from_16: Uint([F::from_u64(payee >> 16)]),
            from_10: Uint([F::from_u64(payee >> 10 & 63)]),
            from_6: Uint([F::from_u64(payee >> 6 & 15)]),
            from_0: Uint([F::from_u64(payee & 63)]),
        };
        self.token = limbs(values.token);
        self.amount = limbs(values.amount);
        self.fee = limbs(values.fee);
        self.forced_type = values.forced_type;
        self.target = values.target.map(ElementColumns::split);
        let weight: F = self.target.iter().map(|element| element.weight::<F>()).sum();
        let inverse = weight.try_inverse().filter(|_| values.kind.names_key());
        self.target_inverse = inverse.unwrap_or(F::ZERO);
        self.remainder_inverse = remainder.filter(|_| is_long).unwrap_or(F::ZERO);
    }
}

impl AuthorizationColumns<F> {
    /// `timestamp` is the time that the expiry is held against in this row, if there is one.
    fn choose(&mut self, values: &OperandValues, timestamp: Option<F>) {
        self.expiry = limbs(values.expiry);
        if let Some(timestamp) = timestamp.filter(|_| values.expiry != F::ZERO) {
            self.time_left = limbs(values.expiry - timestamp);
        }
    }

    fn hash(&mut self, operand: &Operand<F>, domain: [F; 4], nonce: F) {
        for block in 0..3 {
            let mut state = self.sponge_states(operand, domain, nonce)[block];
            permute12_scalar(&mut state);
            let [d0, d1, d2, d3, .., c0, c1, c2, c3] = state;
            match self.capacities.get_mut(block) {
                Some(capacity) => *capacity = [c0, c1, c2, c3],
                None => self.digest = [d0, d1, d2, d3],
            }
        }
    }
}

impl ElementColumns<F> {
    /// Of a canonical element.
    fn split(element: F) -> Self {
        Self::new(element.as_canonical_u64(), u32::MAX.into())
    }

    /// Of any integer.
    fn split_any(integer: u64) -> Self {
        Self::new(integer, 1 << 32)
    }

    fn new(element: u64, top: u64) -> Self {
        let upper_inverse = (F::from_u64(top) - F::from_u64(element >> 32)).try_inverse();
        Self {
            low: limbs(F::from_u64(element & ((1 << 62) - 1))),
            high: [element >> 62 & 1, element >> 63].map(F::from_u64),
            upper_inverse: upper_inverse.unwrap_or(F::ZERO),
        }
    }
}

impl<const X: usize, const M: usize, const ML: usize, const R: usize, const RL: usize>
    DecimalColumns<F, X, M, ML, R, RL>
{
    /// Divides by the smallest power of ten with a quotient that fits. Returns the remainder.
    fn choose(&mut self, amount: F) -> F {
        let amount = amount.as_canonical_u64();
        let fits = |exponent: &u32| (amount / 10u64.pow(*exponent)) >> M == 0;
        let exponent = (0..X as u32).find(fits).unwrap_or(X as u32);
        let power = 10u64.pow(exponent);
        let mut least = 0;
        if exponent > 0 {
            self.exponent[exponent as usize - 1] = F::ONE;
            least = (1 << M) * (power / 10);
        }
        let remainder = F::from_u64(amount % power);
        self.quotient = limbs(F::from_u64(amount / power));
        self.remainder = limbs(remainder);
        self.slack = limbs(F::from_u64(power - 1) - remainder);
        self.above = limbs(F::from_u64(amount) - F::from_u64(least));
        remainder
    }
}

fn is_late(expiry: F, enqueued: F) -> bool {
    let [expiry, enqueued] = [expiry, enqueued].map(|time| time.as_canonical_u64());
    expiry != 0 && expiry < enqueued
}

/// The limbs of a value; what is too much stands in the last.
pub(crate) fn limbs<const BITS: usize, const LIMBS: usize>(value: F) -> Uint<F, BITS, LIMBS> {
    let value = value.as_canonical_u64();
    Uint(std::array::from_fn(|i| {
        let rest = value >> (i * LIMB_BITS);
        F::from_u64(if i + 1 == LIMBS { rest } else { rest & ((1 << LIMB_BITS) - 1) })
    }))
}

/// The inverse of the first value that is not zero, at its place; zeros elsewhere.
fn nonzero_inverse<const N: usize>(values: &[F; N]) -> [F; N] {
    let mut inverse = [F::ZERO; N];
    if let Some(i) = values.iter().position(|&value| value != F::ZERO) {
        inverse[i] = values[i].inverse();
    }
    inverse
}

fn chain([l0, l1, l2, l3, r0, r1, r2, r3]: [F; 8]) -> [F; 4] {
    compress(&Digest([l0, l1, l2, l3]), &Digest([r0, r1, r2, r3])).0
}
