//! What a row is filled from: the fields of an operation and the leaves that it finds.
//!
//! Nothing here is trusted: values are elements that need not be in range.

use cairn_primitives::F;
use cairn_state::{DataForm, Fault, LeafAccess, SlotWitness};
use cairn_types::{
    Account, ForcedTransaction, Operation, PriorityOperation, PublicKey, SignedTransaction,
    Transaction, Word, address_limbs,
};
use p3_field::PrimeCharacteristicRing;

use super::access::Leaf;
use super::kind::Kind;

/// The fields of an operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OperandValues {
    pub(crate) kind: Kind,
    pub(crate) payer: F,
    /// The leaf that a transfer pays.
    pub(crate) payee: F,
    pub(crate) token: F,
    pub(crate) amount: F,
    pub(crate) fee: F,
    pub(crate) expiry: F,
    pub(crate) target: [F; 5],
    /// Of a forced transaction that changes nothing: its type.
    pub(crate) forced_type: F,
}

impl ForcedValues {
    pub(crate) fn new(forced: &ForcedTransaction, fault: Option<Fault>) -> Self {
        Self {
            fault,
            nonce: F::from_u32(forced.nonce),
            enqueued: F::from_u32(forced.enqueued),
            challenge: forced.signature.e(),
            response: forced.signature.s(),
        }
    }
}

/// A leaf as an access finds it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Its content.
    pub(crate) leaf: Leaf<F>,
    /// How much earlier the access before was, less one.
    pub(crate) gap: F,
}

/// All that a row is filled from. The default is a row without operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowValues {
    pub(crate) operand: OperandValues,
    /// The leaves at A, B and C; zeros where an operation has no such access.
    pub(crate) found: [Found; 3],
    /// Of both rows of a forced transaction.
    pub(crate) forced: ForcedValues,
}

/// What the rows of a forced transaction hold besides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ForcedValues {
    /// Why it changes nothing.
    pub(crate) fault: Option<Fault>,
    pub(crate) nonce: F,
    pub(crate) enqueued: F,
    pub(crate) challenge: [u64; 2],
    pub(crate) response: [u64; 5],
}

impl OperandValues {
    /// The fields of an operation.
    pub(crate) fn new(operation: &Operation, form: DataForm) -> Self {
        match operation {
            Operation::Priority(operation) => Self::priority(operation),
            Operation::Signed(signed) => Self::signed(signed, form),
        }
    }

    fn priority(operation: &PriorityOperation) -> Self {
        match *operation {
            PriorityOperation::RegisterToken { token, quantum_exponent, key } => Self {
                kind: Kind::RegisterToken,
                token: F::from_u16(token),
                target: elements(&key),
                // Where its word has it: see `OperandColumns::fee`.
                fee: F::from_u8(quantum_exponent),
                ..Self::default()
            },
            PriorityOperation::Deposit { leaf, token, amount, key } => Self {
                kind: Kind::Deposit,
                payer: F::from_u32(leaf),
                token: F::from_u16(token),
                amount: F::from_u64(amount),
                target: elements(&key),
                ..Self::default()
            },
            PriorityOperation::Forced(_) => unreachable!("two rows: see `Self::forced`"),
        }
    }

    /// The fields of both rows of a forced transaction: head and tail.
    pub(crate) fn forced(forced: &ForcedTransaction, fault: Option<Fault>) -> [Self; 2] {
        let as_data = Self::signed(&forced.signed(Word::default()), DataForm::Absent);
        let (kind, forced_type) = match (fault, forced.transaction) {
            (Some(Fault::Payee), _) => (Kind::Mismatched, forced.transaction.tag()),
            (Some(Fault::Key), _) => (Kind::Keyless, forced.transaction.tag()),
            (Some(Fault::Signature), _) => (Kind::Unsigned, forced.transaction.tag()),
            // An overflow has no proof, as the row has no reason.
            (Some(_), _) => (Kind::Refused, forced.transaction.tag()),
            (None, Transaction::Transfer { .. }) => (Kind::ForcedTransfer, 0),
            (None, Transaction::TransferToNew { .. }) => (Kind::ForcedToNew, 0),
            (None, Transaction::Withdraw { .. }) => (Kind::ForcedWithdraw, 0),
            (None, Transaction::ChangeKey { .. }) => (Kind::ForcedChangeKey, 0),
        };
        let head = Self { kind, forced_type: F::from_u8(forced_type), ..as_data };
        let [amount, fee] =
            forced.signature.e().map(|element| F::from_u64(element & ((1 << 62) - 1)));
        let Self { payee, token, expiry, .. } = head;
        let tail = Self { kind: Kind::Tail, payee, token, expiry, amount, fee, ..Self::default() };
        [head, tail]
    }

    fn signed(signed: &SignedTransaction, form: DataForm) -> Self {
        let SignedTransaction { transaction, authorization, .. } = signed;
        let (kind, payee, target) = match transaction {
            Transaction::Transfer { to, .. } => {
                (transfer_kind(form), F::from_u32(*to), elements(&authorization.recipient))
            }
            Transaction::TransferToNew { key, .. } => (Kind::TransferToNew, F::ZERO, elements(key)),
            Transaction::ChangeKey { key, .. } => (Kind::ChangeKey, F::ZERO, elements(key)),
            Transaction::Withdraw { recipient, .. } => {
                let [top, middle, low] = address_limbs(recipient).map(F::from_u64);
                (Kind::Withdraw, F::ZERO, [top, middle, low, F::ZERO, F::ZERO])
            }
        };
        Self {
            kind,
            payer: F::from_u32(transaction.from()),
            payee,
            token: F::from_u16(authorization.token),
            amount: F::from_u64(transaction.amount()),
            fee: F::from_u64(transaction.fee()),
            expiry: F::from_u32(authorization.expiry),
            target,
            ..Self::default()
        }
    }
}

/// The accesses of an operation in the places A, B and C of this table: the leaf that a deposit names
/// stands where a transaction has its payer.
pub(crate) fn accesses(slot: &SlotWitness) -> [Option<LeafAccess>; 3] {
    match slot.operation {
        Operation::Priority(PriorityOperation::Deposit { .. }) => [slot.b, slot.c, None],
        _ => [slot.a, slot.b, slot.c],
    }
}

/// The elements of a leaf.
pub(crate) fn leaf(account: &Account) -> Leaf<F> {
    account.to_elements().map(F::from_u64)
}

fn elements(key: &PublicKey) -> [F; 5] {
    key.elements().map(F::from_u64)
}

fn transfer_kind(form: DataForm) -> Kind {
    match form {
        DataForm::PairFirst => Kind::PairFirst,
        DataForm::PairSecond => Kind::PairSecond,
        DataForm::Single => Kind::Single,
        DataForm::Long | DataForm::Absent => Kind::LongTransfer,
    }
}
