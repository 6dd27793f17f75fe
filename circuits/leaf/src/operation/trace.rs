//! The rows of a chunk, and what they ask of the other tables.

use std::borrow::BorrowMut;
use std::collections::BTreeMap;

use cairn_primitives::F;
use cairn_primitives::schnorr::Signature;
use cairn_state::{Environment, LeafAccess, SlotWitness};
use cairn_types::{AccountId, Operation, PriorityOperation, Streams};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

use super::access::{MAX_HEIGHT, Place};
use super::air::OperationAir;
use super::columns::OperationColumns;
use super::fill::Context;
use super::running::{PublicValues, Running, Stream};
use super::values::{ForcedValues, Found, OperandValues, RowValues, accesses, leaf};
use crate::asked::ask;
use crate::requests::{LeafHistory, Requests};
use crate::table::{TooManyRows, zeros};

/// A filled table of operations.
#[derive(Debug, Clone)]
pub struct OperationTrace {
    /// The rows.
    pub rows: RowMajorMatrix<F>,
    /// As [`OperationAir`] lists them.
    pub public_values: Vec<F>,
    /// What the rows ask of other tables.
    pub requests: Requests,
    /// Every leaf that is accessed, by id.
    pub leaves: Vec<LeafHistory>,
}

/// Fills a table with operations, those `slots` that follow `before`; the rows left hold none.
///
/// Trust: the witness is one that `cairn_state::BatchBuilder` has made, cut between words.
///
/// # Errors
/// [`TooManyRows`] if there are more operations than rows; a forced transaction takes two.
///
/// # Panics
/// If `height` is more than [`MAX_HEIGHT`] or no power of two, or if the witness is none of a valid
/// transition so that a value is out of range.
pub fn fill(
    environment: &Environment,
    before: &cairn_state::Running,
    slots: &[SlotWitness],
    height: usize,
) -> Result<OperationTrace, TooManyRows> {
    assert!(height.is_power_of_two() && height <= MAX_HEIGHT, "{height} rows of operations");
    let mut leaves = BTreeMap::new();
    let (mut filled, mut signatures) = (Vec::new(), Vec::new());
    for slot in slots {
        values(slot, &mut filled, &mut leaves);
        signatures.resize(filled.len(), signature(slot));
    }
    let mut rows = zeros("operations", OperationColumns::WIDTH, height, filled.len())?;
    let start = start(environment, before);
    let mut context = start;
    for (index, row) in rows.values.chunks_exact_mut(OperationColumns::WIDTH).enumerate() {
        let values = filled.get(index).copied().unwrap_or_default();
        let row: &mut OperationColumns<F> = row.borrow_mut();
        row.choose(&context, &values);
        context = row.hash(&context);
    }
    let public_values = public_values(&start, &context.running);
    let mut requests = Requests::default();
    for (row, signature) in signatures.into_iter().enumerate() {
        ask(&OperationAir, &rows, row, &public_values, signature, &mut requests);
    }
    Ok(OperationTrace { rows, public_values, requests, leaves: leaves.into_values().collect() })
}

/// What the first row stands in.
pub(crate) fn start(environment: &Environment, before: &cairn_state::Running) -> Context {
    let Streams { data, priority, withdrawal } = before.streams;
    let [data, priority, withdrawal] = [data, priority, withdrawal].map(|stream| Stream {
        digest: stream.digest.elements().map(F::from_u64),
        count: F::from_u32(stream.count),
    });
    let next_id = F::from_u64(before.state.next_id);
    let next_token = F::from_u32(before.state.next_token);
    Context {
        clock: F::ZERO,
        domain: environment.domain.limbs().map(F::from_u64),
        timestamp: F::from_u32(environment.timestamp),
        running: Running { next_id, next_token, data, priority, withdrawal },
        open: [F::ZERO; 3],
        signed: ([F::ZERO; 5], [F::ZERO; 4]),
    }
}

/// The public values of a table that starts and ends so.
pub(crate) fn public_values(start: &Context, after: &Running<F>) -> Vec<F> {
    let mut values = vec![F::ZERO; PublicValues::WIDTH];
    let public: &mut PublicValues<F> = values.as_mut_slice().borrow_mut();
    *public = PublicValues {
        domain: start.domain,
        timestamp: start.timestamp,
        before: start.running,
        after: *after,
    };
    values
}

/// Adds the values of the rows of an operation; its accesses become part of the history of their leaves.
fn values(
    slot: &SlotWitness,
    rows: &mut Vec<RowValues>,
    leaves: &mut BTreeMap<AccountId, LeafHistory>,
) {
    let row = rows.len() as u32;
    let mut found = [Found::default(); 3];
    let places = [Place::A, Place::B, Place::C];
    for ((found, place), access) in found.iter_mut().zip(places).zip(accesses(slot)) {
        let Some(access) = access else { continue };
        let time = place.time_in_row(row);
        let previous = visit(leaves, &access, time);
        *found = Found { leaf: leaf(&access.before), gap: F::from_u32(time - previous - 1) };
    }
    if let Operation::Priority(PriorityOperation::Forced(transaction)) = &slot.operation {
        let [head, tail] = OperandValues::forced(transaction, slot.fault);
        let forced = ForcedValues::new(transaction, slot.fault);
        rows.push(RowValues { operand: head, found, forced });
        rows.push(RowValues { operand: tail, forced, ..RowValues::default() });
    } else {
        let operand = OperandValues::new(&slot.operation, slot.form);
        rows.push(RowValues { operand, found, ..RowValues::default() });
    }
}

/// The signature of an operation that has one.
fn signature(slot: &SlotWitness) -> Option<Signature> {
    match &slot.operation {
        Operation::Signed(signed) => Some(signed.signature.into()),
        Operation::Priority(PriorityOperation::Forced(forced)) => Some(forced.signature.into()),
        Operation::Priority(_) => None,
    }
}

/// Adds an access to the history of its leaf. Returns the time of the one before.
fn visit(leaves: &mut BTreeMap<AccountId, LeafHistory>, access: &LeafAccess, time: u32) -> u32 {
    let LeafAccess { id, before, after } = *access;
    let untouched = LeafHistory { id, before, after: before, last_time: 0 };
    let history = leaves.entry(id).or_insert(untouched);
    history.after = after;
    std::mem::replace(&mut history.last_time, time)
}
