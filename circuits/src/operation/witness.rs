//! The witness of a slot: which values go into its targets.
//!
//! Nothing here is trusted. Values that follow from others (new leaves, roots, digests, words) are
//! computed by the circuit's own generators.

use super::{
    F,
    decimal::{self, DecimalTarget, Format},
    kind::{KINDS, Kind},
    leaf::AccessTarget,
    operand::OperandTarget,
    payer::PayerTarget,
    slot::SlotTarget,
};
use anyhow::Result;
use cairn_state::{DataForm, LeafAccess, SlotWitness};
use cairn_types::{
    Operation, PriorityOperation, PublicKey, Signature, SignedTransaction, TREE_DEPTH, Transaction,
    address_limbs,
};
use plonky2::{
    field::types::{Field, PrimeField64},
    iop::{
        target::BoolTarget,
        witness::{PartialWitness, WitnessWrite},
    },
};

/// The fields of an operation, see [`OperandTarget`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OperandValues {
    pub(crate) kind: Kind,
    pub(crate) payer: F,
    pub(crate) payee: F,
    pub(crate) token: F,
    pub(crate) amount: F,
    pub(crate) fee: F,
    pub(crate) expiry: F,
    pub(crate) target: [F; 5],
    pub(crate) quantum_exponent: F,
}

/// A leaf and its path, see [`AccessTarget`]. Zeros where an operation has no such access.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AccessValues {
    pub(crate) before: [F; 8],
    pub(crate) siblings: [[F; 4]; TREE_DEPTH],
}

/// An amount divided by a power of ten, see [`DecimalTarget`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DecimalValues {
    pub(crate) quotient: F,
    pub(crate) exponent: [F; 5],
    pub(crate) remainder: F,
}

/// What follows from the other values of a slot, but is cheaper to check than to compute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    pub(crate) selectors: [F; KINDS],
    pub(crate) target_inverse: [F; 5],
    pub(crate) target_high: [[F; 2]; 5],
    pub(crate) matches: F,
    pub(crate) difference_inverse: [F; 6],
    pub(crate) amount: DecimalValues,
    pub(crate) fee: DecimalValues,
    pub(crate) remainder_inverse: F,
}

/// All values of a slot. The default is a slot without operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SlotValues {
    pub(crate) operand: OperandValues,
    pub(crate) payer: AccessValues,
    pub(crate) payee: AccessValues,
    pub(crate) fee: AccessValues,
    pub(crate) signature: Signature,
}

impl From<&SlotWitness> for SlotValues {
    fn from(slot: &SlotWitness) -> Self {
        let mut operand = OperandValues::new(&slot.operation, slot.form);
        // A deposit reads the leaf that it names, where a transaction has its payer.
        let (payer, payee, fee) = match operand.kind {
            Kind::Deposit => (&slot.b, &slot.c, &None),
            _ => (&slot.a, &slot.b, &slot.c),
        };
        if let Some(payee) = payee {
            operand.payee = element(payee.id.into());
        }
        let signature = match &slot.operation {
            Operation::Priority(_) => Signature::default(),
            Operation::Signed(signed) => signed.signature,
        };
        Self { operand, payer: access(payer), payee: access(payee), fee: access(fee), signature }
    }
}

impl OperandValues {
    /// The fields of an operation. The payee of an operation that does not name it is left out.
    pub(crate) fn new(operation: &Operation, form: DataForm) -> Self {
        match operation {
            Operation::Priority(operation) => Self::priority(operation),
            Operation::Signed(SignedTransaction { transaction, authorization, .. }) => {
                let signed = Self {
                    payer: element(transaction.from().into()),
                    token: element(authorization.token.into()),
                    amount: element(transaction.amount()),
                    fee: element(transaction.fee()),
                    expiry: element(authorization.expiry.into()),
                    ..Self::default()
                };
                match transaction {
                    Transaction::Transfer { to, .. } => Self {
                        kind: transfer_kind(form),
                        payee: element((*to).into()),
                        target: elements(&authorization.recipient),
                        ..signed
                    },
                    Transaction::TransferToNew { key, .. } => {
                        Self { kind: Kind::TransferToNew, target: elements(key), ..signed }
                    }
                    Transaction::ChangeKey { key, .. } => {
                        Self { kind: Kind::ChangeKey, target: elements(key), ..signed }
                    }
                    Transaction::Withdraw { recipient, .. } => {
                        let [top, middle, low] = address_limbs(recipient).map(element);
                        let target = [top, middle, low, F::ZERO, F::ZERO];
                        Self { kind: Kind::Withdraw, target, ..signed }
                    }
                }
            }
        }
    }

    fn priority(operation: &PriorityOperation) -> Self {
        match operation {
            PriorityOperation::RegisterToken { token, quantum_exponent, key } => Self {
                kind: Kind::RegisterToken,
                payer: element((*token).into()),
                payee: element((*token).into()),
                token: element((*token).into()),
                target: elements(key),
                quantum_exponent: element((*quantum_exponent).into()),
                ..Self::default()
            },
            PriorityOperation::Deposit { leaf, token, amount, key } => Self {
                kind: Kind::Deposit,
                payer: element((*leaf).into()),
                token: element((*token).into()),
                amount: element(*amount),
                target: elements(key),
                ..Self::default()
            },
        }
    }
}

fn transfer_kind(form: DataForm) -> Kind {
    match form {
        DataForm::PairFirst => Kind::PairFirst,
        DataForm::PairSecond => Kind::PairSecond,
        DataForm::Single => Kind::Single,
        DataForm::Long | DataForm::Absent => Kind::LongTransfer,
    }
}

fn access(access: &Option<LeafAccess>) -> AccessValues {
    access.map_or_else(AccessValues::default, |access| AccessValues {
        before: access.before.to_elements().map(element),
        siblings: access.siblings.map(|sibling| sibling.elements().map(element)),
    })
}

fn element(canonical: u64) -> F {
    F::from_canonical_u64(canonical)
}

fn elements(key: &PublicKey) -> [F; 5] {
    key.elements().map(element)
}

impl Hints {
    /// The hints for a slot.
    pub(crate) fn new(slot: &SlotValues) -> Self {
        let OperandValues { target, token, .. } = slot.operand;
        let [k0, k1, k2, k3, k4, found_token, ..] = slot.payer.before;
        let found = [k0, k1, k2, k3, k4, found_token];
        let [t0, t1, t2, t3, t4] = target;
        let named = [t0, t1, t2, t3, t4, token];
        let differences = std::array::from_fn(|i| found[i] - named[i]);
        let difference_inverse = nonzero_inverse(&differences);

        let amount = DecimalValues::new(decimal::AMOUNT, slot.operand.amount);
        let fee = DecimalValues::new(decimal::FEE, slot.operand.fee);
        let is_long = slot.operand.kind == Kind::LongTransfer;
        let remainder = (amount.remainder + fee.remainder).try_inverse().filter(|_| is_long);
        let mut selectors = [F::ZERO; KINDS];
        selectors[slot.operand.kind as usize] = F::ONE;
        Self {
            selectors,
            target_inverse: if slot.operand.kind.names_key() {
                nonzero_inverse(&target)
            } else {
                [F::ZERO; 5]
            },
            target_high: target.map(|element| bits(element.to_canonical_u64() >> 62)),
            matches: F::from_bool(found == named),
            difference_inverse,
            amount,
            fee,
            remainder_inverse: remainder.unwrap_or(F::ZERO),
        }
    }
}

/// The low bits of a number, least significant first.
pub(crate) fn bits<const N: usize>(number: u64) -> [F; N] {
    std::array::from_fn(|i| element(number >> i & 1))
}

/// The inverse of the first value that is not zero, at its place; zeros elsewhere.
fn nonzero_inverse<const N: usize>(values: &[F; N]) -> [F; N] {
    let mut inverse = [F::ZERO; N];
    if let Some(i) = values.iter().position(|value| value.is_nonzero()) {
        inverse[i] = values[i].inverse();
    }
    inverse
}

impl DecimalValues {
    /// Divides by the smallest power of ten with a quotient that fits.
    pub(crate) fn new(format: Format, amount: F) -> Self {
        let amount = amount.to_canonical_u64();
        let fits = |exponent: &u32| (amount / 10u64.pow(*exponent)) >> format.mantissa_bits == 0;
        let exponent = (0..format.max_exponent).find(fits).unwrap_or(format.max_exponent);
        let power = 10u64.pow(exponent);
        Self {
            quotient: element(amount / power),
            exponent: bits(exponent.into()),
            remainder: element(amount % power),
        }
    }
}

impl SlotTarget {
    /// Assigns the values of a slot and their hints.
    pub(crate) fn assign(
        &self,
        witness: &mut PartialWitness<F>,
        values: &SlotValues,
        hints: &Hints,
    ) -> Result<()> {
        self.operand.assign(witness, &values.operand, hints)?;
        self.payer.assign(witness, &values.payer, hints)?;
        self.payee.assign(witness, &values.payee)?;
        self.fee.assign(witness, &values.fee)?;
        self.signature.set(witness, &values.signature.into())
    }
}

impl OperandTarget {
    fn assign(
        &self,
        witness: &mut PartialWitness<F>,
        values: &OperandValues,
        hints: &Hints,
    ) -> Result<()> {
        for (selector, &value) in self.kind.all().iter().zip(&hints.selectors) {
            witness.set_target(selector.target, value)?;
        }
        witness.set_target(self.payer.value, values.payer)?;
        witness.set_target(self.payee.value, values.payee)?;
        witness.set_target(self.token, values.token)?;
        witness.set_target(self.amount, values.amount)?;
        witness.set_target(self.fee, values.fee)?;
        witness.set_target(self.expiry, values.expiry)?;
        witness.set_target_arr(&self.target, &values.target)?;
        witness.set_target_arr(&self.target_inverse, &hints.target_inverse)?;
        for (bits, high) in self.target_split.high.iter().zip(hints.target_high) {
            assign_bits(witness, bits, &high)?;
        }
        witness.set_target(self.quantum_exponent, values.quantum_exponent)?;
        self.amount_decimal.assign(witness, &hints.amount)?;
        self.fee_decimal.assign(witness, &hints.fee)?;
        witness.set_target(self.remainder_inverse, hints.remainder_inverse)
    }
}

impl PayerTarget {
    fn assign(
        &self,
        witness: &mut PartialWitness<F>,
        values: &AccessValues,
        hints: &Hints,
    ) -> Result<()> {
        self.access.assign(witness, values)?;
        witness.set_target(self.matches.target, hints.matches)?;
        witness.set_target_arr(&self.difference_inverse, &hints.difference_inverse)
    }
}

impl AccessTarget {
    fn assign(&self, witness: &mut PartialWitness<F>, values: &AccessValues) -> Result<()> {
        witness.set_target_arr(&self.before.elements(), &values.before)?;
        for (target, sibling) in self.siblings.iter().zip(&values.siblings) {
            witness.set_target_arr(target, sibling)?;
        }
        Ok(())
    }
}

impl DecimalTarget {
    fn assign(&self, witness: &mut PartialWitness<F>, values: &DecimalValues) -> Result<()> {
        witness.set_target(self.quotient, values.quotient)?;
        witness.set_target(self.remainder, values.remainder)?;
        assign_bits(witness, &self.exponent, &values.exponent)
    }
}

fn assign_bits(witness: &mut PartialWitness<F>, targets: &[BoolTarget], bits: &[F]) -> Result<()> {
    targets.iter().zip(bits).try_for_each(|(target, &bit)| witness.set_target(target.target, bit))
}
