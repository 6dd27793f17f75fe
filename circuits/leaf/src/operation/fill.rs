//! How one row is filled.
//!
//! In two steps: what the prover chooses ([`OperationColumns::choose`]), then the hashes, which follow
//! from it ([`OperationColumns::hash`]). Values out of range overflow into their last limb.

use cairn_primitives::poseidon2::permute12_scalar;
use cairn_primitives::{Digest, F, compress};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};

use super::authorization::AuthorizationColumns;
use super::columns::OperationColumns;
use super::decimal::DecimalColumns;
use super::key::ElementColumns;
use super::kind::Kind;
use super::operand::{Operand, OperandColumns, PayeeIdColumns};
use super::payee::creates_next;
use super::payer::{FeeLeafColumns, PayerColumns};
use super::running::Running;
use super::short::Short;
use super::values::{OperandValues, RowValues};
use super::word;
use crate::range::{LIMB_BITS, Uint};

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
}

impl OperationColumns<F> {
    /// Writes all columns but hashes, into a row of zeros.
    pub(crate) fn choose(&mut self, context: &Context, values: &RowValues) {
        let OperandValues { kind, amount, fee, .. } = values.operand;
        let [payer, payee, fee_leaf] = values.found;
        let signed =
            F::from_bool(!matches!(kind, Kind::Noop | Kind::RegisterToken | Kind::Deposit));
        self.clock = context.clock;
        self.running = context.running;
        self.open = context.open;
        self.kind.0[kind as usize] = F::ONE;
        self.operand.choose(&values.operand);
        self.authorization.choose(&values.operand, context.timestamp);

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
        if kind == Kind::Deposit {
            let [t0, t1, t2, t3, t4] = values.operand.target;
            let named = [t0, t1, t2, t3, t4, values.operand.token];
            let differences = std::array::from_fn(|i| payer.leaf[i] - named[i]);
            self.payer.top_up = F::from_bool(differences == [F::ZERO; 6]);
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
    }

    /// Writes the hashes, as the other columns have them. Returns what comes after the row.
    pub(crate) fn hash(&mut self, context: &Context) -> Context {
        let operand = Operand::<F>::new(&self.kind, &self.operand);
        let short = Short::<F>::new(&self.operand);
        let kind = &operand.kind;

        if kind.signed != F::ZERO {
            let nonce = self.payer.nonce.value::<F>() - F::ONE;
            self.authorization.hash(&operand, context.domain, nonce);
        }
        if kind.one_word + kind.two_words != F::ZERO {
            let first = word::first_word(&operand, &self.running, &short, &self.open);
            self.words.after_one = chain(first);
        }
        if kind.two_words != F::ZERO {
            self.words.after_two = chain(self.words.second_word(&operand));
        }
        if kind.of(Kind::Withdraw) != F::ZERO {
            self.words.after_payment = chain(word::payment_word(&operand, &self.running));
        }
        let created = creates_next(&operand, self.payer.top_up);
        Context {
            clock: self.clock + F::ONE,
            running: self.running.after(kind, &self.words, created),
            open: short.first,
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
        self.quantum_exponent = limbs(values.quantum_exponent);
        self.target = values.target.map(ElementColumns::split);
        let weight: F = self.target.iter().map(|element| element.weight::<F>()).sum();
        let inverse = weight.try_inverse().filter(|_| values.kind.names_key());
        self.target_inverse = inverse.unwrap_or(F::ZERO);
        self.remainder_inverse = remainder.filter(|_| is_long).unwrap_or(F::ZERO);
    }
}

impl AuthorizationColumns<F> {
    fn choose(&mut self, values: &OperandValues, timestamp: F) {
        self.expiry = limbs(values.expiry);
        if values.expiry != F::ZERO {
            self.limited = F::ONE;
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
    fn split(element: F) -> Self {
        let element = element.as_canonical_u64();
        let upper_inverse = (F::from_u32(u32::MAX) - F::from_u64(element >> 32)).try_inverse();
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
