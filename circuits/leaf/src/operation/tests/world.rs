//! A prover without scruples: executes any operation on leaves of its own, as the constraints have it
//! but without a check, and fills the rows that go with it.

use std::borrow::BorrowMut;
use std::collections::BTreeMap;

use cairn_primitives::schnorr::SecretKey;
use cairn_primitives::{Digest, F, Tag, hash};
use cairn_state::{Environment, Fault, State};
use cairn_types::{ForcedTransaction, Word, word_tag};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_matrix::dense::RowMajorMatrix;

use super::super::OperationAir;
use super::super::access::{Leaf, Place};
use super::super::columns::OperationColumns;
use super::super::fill::Context;
use super::super::kind::Kind;
use super::super::trace::{public_values, start};
use super::super::values::{ForcedValues, OperandValues, RowValues};
use super::judge::{Leaves, judge};
use super::{BALANCE, element};
use crate::testing::Table;

/// Registered tokens: 0 and 1; their fee leaves are paid by and pay like any other.
pub(super) const TOKENS: u32 = 2;
pub(super) const ALICE: u64 = 1 << 16;
pub(super) const BOB: u64 = ALICE + 1;
/// Has token 1.
pub(super) const CAROL: u64 = ALICE + 2;
pub(super) const NEXT_ID: u64 = ALICE + 3;
/// Of every account at the start.
pub(super) const FUNDS: u64 = 1_000_000_007;
pub(super) const FIRST_NONCE: u64 = 7;
pub(super) const TIMESTAMP: u32 = 1_700_000_000;
pub(super) const TOKEN: usize = 5;
pub(super) const NONCE: usize = 6;

/// The key that owns a leaf at the start.
pub(super) fn secret(id: u64) -> SecretKey {
    SecretKey::from_seed(&(id as u32).to_le_bytes())
}

pub(super) fn key(id: u64) -> [F; 5] {
    secret(id).public().0
}

pub(super) fn account(id: u64, token: u64) -> Leaf<F> {
    let [k0, k1, k2, k3, k4] = key(id);
    [k0, k1, k2, k3, k4, element(token), element(FIRST_NONCE), element(FUNDS)]
}

pub(super) fn domain() -> Word {
    Word::new([0xd0; 31])
}

pub(super) fn environment() -> Environment {
    Environment { domain: domain(), timestamp: TIMESTAMP }
}

/// The leaves, the rows so far, and what has been signed.
#[derive(Clone)]
pub(super) struct World {
    /// Before the first row.
    pub(super) start: Context,
    pub(super) leaves_before: Leaves,
    /// After the rows so far.
    pub(super) context: Context,
    pub(super) leaves: Leaves,
    /// When a leaf was last accessed.
    times: BTreeMap<u64, u32>,
    pub(super) rows: Vec<OperationColumns<F>>,
    /// Every message that a key has signed.
    pub(super) signed: Vec<([F; 5], [F; 4])>,
}

impl World {
    pub(super) fn new() -> Self {
        let accounts = [(0, 0), (1, 1), (ALICE, 0), (BOB, 0), (CAROL, 1)];
        let leaves = accounts.map(|(id, token)| (id, account(id, token)));
        Self::with(leaves.into(), NEXT_ID, TOKENS)
    }

    pub(super) fn with(leaves: Leaves, next_id: u64, next_token: u32) -> Self {
        let mut before = cairn_state::BatchBuilder::new(State::genesis(), environment()).finish().1;
        before.before.state.next_id = next_id;
        before.before.state.next_token = next_token;
        let start = start(&environment(), &before.before);
        Self {
            start,
            leaves_before: leaves.clone(),
            context: start,
            leaves,
            times: BTreeMap::new(),
            rows: Vec::new(),
            signed: Vec::new(),
        }
    }

    /// Changes a leaf before the first row.
    pub(super) fn edit(&mut self, id: u64, change: impl FnOnce(&mut Leaf<F>)) {
        change(self.leaves.entry(id).or_default());
        self.leaves_before = self.leaves.clone();
    }

    /// Changes what the first row stands in.
    pub(super) fn edit_start(&mut self, change: impl FnOnce(&mut Context)) {
        change(&mut self.start);
        self.context = self.start;
    }

    /// Signs an operation with the key that its payer had at the start, for the payer's present nonce.
    pub(super) fn sign(&mut self, operand: &OperandValues) {
        let payer = operand.payer.as_canonical_u64();
        let nonce = self.leaf(payer)[NONCE];
        self.sign_as(operand, nonce, payer);
    }

    /// Signs an operation, whatever it is.
    pub(super) fn sign_as(&mut self, operand: &OperandValues, nonce: F, signer: u64) {
        self.signed.push((key(signer), message_digest(operand, nonce).0));
    }

    /// Executes an operation, signed if it needs to be.
    pub(super) fn execute(&mut self, operand: OperandValues) {
        self.sign(&operand);
        self.push(operand, |_| {}, |_| {});
    }

    /// Adds both rows of a forced transaction that is claimed to have this fault, or none.
    pub(super) fn force(&mut self, forced: &ForcedTransaction, fault: Option<Fault>) {
        for operand in OperandValues::forced(forced, fault) {
            self.push(operand, |values| values.forced = ForcedValues::new(forced, fault), |_| {});
        }
    }

    /// Executes an operation, and adds its row; forges what the row is filled from and what it holds.
    pub(super) fn push(
        &mut self,
        operand: OperandValues,
        forge_values: impl FnOnce(&mut RowValues),
        forge_row: impl FnOnce(&mut OperationColumns<F>),
    ) {
        let mut values = self.values(operand);
        forge_values(&mut values);
        let mut cells = vec![F::ZERO; OperationColumns::WIDTH];
        let row: &mut OperationColumns<F> = cells.as_mut_slice().borrow_mut();
        row.choose(&self.context, &values);
        forge_row(row);
        self.context = row.hash(&self.context);
        self.rows.push(*row);
    }

    /// Executes an operation and gives the values of its row.
    fn values(&mut self, operand: OperandValues) -> RowValues {
        let OperandValues { kind, payer, payee, token, amount, fee, target, .. } = operand;
        let signed = kind.executes();
        let mut values = RowValues { operand, ..Default::default() };

        if signed || kind == Kind::Deposit {
            self.access(&mut values, Place::A, payer, |leaf| {
                if signed {
                    leaf[BALANCE] = leaf[BALANCE] - amount - fee;
                    leaf[NONCE] += F::ONE;
                }
                if matches!(kind, Kind::ChangeKey | Kind::ForcedChangeKey) {
                    leaf[..5].copy_from_slice(&target);
                }
            });
        }
        if kind.refuses() {
            let id = if kind == Kind::Mismatched { payee } else { payer };
            self.access(&mut values, Place::A, id, |_| {});
        }
        let named = &values.found[0].leaf;
        let found = named[..5] == target && named[TOKEN] == token;
        let payee = match kind {
            Kind::Noop | Kind::Withdraw | Kind::ChangeKey | Kind::Tail => None,
            Kind::ForcedWithdraw | Kind::ForcedChangeKey => None,
            kind if kind.refuses() => None,
            Kind::RegisterToken => Some(token),
            Kind::Deposit if found => Some(payer),
            Kind::Deposit | Kind::TransferToNew | Kind::ForcedToNew => {
                Some(self.context.running.next_id)
            }
            _ => Some(payee),
        };
        if let Some(payee) = payee {
            self.access(&mut values, Place::B, payee, |leaf| {
                leaf[..5].copy_from_slice(&target);
                leaf[TOKEN] = token;
                leaf[BALANCE] += amount;
            });
        }
        if signed {
            self.access(&mut values, Place::C, token, |leaf| leaf[BALANCE] += fee);
        }
        values
    }

    fn access(
        &mut self,
        values: &mut RowValues,
        place: Place,
        id: F,
        change: impl FnOnce(&mut Leaf<F>),
    ) {
        let id = id.as_canonical_u64();
        let time = place.time_in_row(self.rows.len() as u32);
        let previous = self.times.insert(id, time).unwrap_or(0);
        let found = &mut values.found[place as usize - 1];
        found.leaf = self.leaf(id);
        found.gap = F::from_u32(time - previous - 1);
        change(self.leaves.entry(id).or_default());
    }

    pub(super) fn leaf(&self, id: u64) -> Leaf<F> {
        self.leaves.get(&id).copied().unwrap_or_default()
    }

    /// The rows, filled up to a power of two and at least two with rows that hold no operation.
    pub(super) fn table(&self) -> Table<OperationAir> {
        let mut world = self.clone();
        let height = self.rows.len().max(2).next_power_of_two();
        while world.rows.len() < height {
            world.push(OperandValues::default(), |_| {}, |_| {});
        }
        let width = OperationColumns::WIDTH;
        let mut cells = vec![F::ZERO; width * height];
        for (cells, row) in cells.chunks_exact_mut(width).zip(&world.rows) {
            let target: &mut OperationColumns<F> = cells.borrow_mut();
            *target = *row;
        }
        let public = public_values(&world.start, &world.context.running);
        Table::new(OperationAir, RowMajorMatrix::new(cells, width), public)
    }

    /// Whether constraints hold and other tables answer.
    pub(super) fn proves(&self) -> bool {
        judge(&self.table(), &self.leaves_before, &self.signed).is_ok()
    }
}

/// The digest of `docs/spec.md`, section 4.
fn message_digest(operand: &OperandValues, nonce: F) -> Digest {
    let tag = match operand.kind {
        Kind::TransferToNew => word_tag::TRANSFER_TO_NEW,
        Kind::Withdraw => word_tag::WITHDRAW,
        Kind::ChangeKey => word_tag::CHANGE_KEY,
        _ => word_tag::TRANSFER,
    };
    let mut message = domain().limbs().map(element).to_vec();
    message.extend([
        F::from_u8(tag),
        operand.payer,
        nonce,
        operand.token,
        operand.amount,
        operand.fee,
        operand.expiry,
        operand.payee,
    ]);
    message.extend(operand.target);
    hash(Tag::SignedOperation, &message)
}
