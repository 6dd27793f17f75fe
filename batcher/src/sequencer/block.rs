//! Executes the operations of one block.

use std::collections::BTreeSet;

use cairn_state::{Effects, Environment, Refusal, State, StateSummary, apply, apply_verified};
use cairn_types::{AccountId, Operation, PriorityOperation, PublicKey};

use super::{
    error::SequencerError,
    fill::{Fill, Limits, priority_words},
};
use crate::{
    mempool::Taken,
    store::records::{
        BatchNumber, BlockNumber, BlockOperation, Dropped, Milliseconds, Outcome, QueuedOperation,
        SealReason, Sequence,
    },
};

/// The batch that is being filled.
#[derive(Debug)]
pub(super) struct OpenBatch {
    pub(super) number: BatchNumber,
    /// Fixed by the first block.
    pub(super) environment: Environment,
    pub(super) first_block: BlockNumber,
    pub(super) opened_ms: Milliseconds,
    /// The state before it.
    pub(super) before: StateSummary,
    pub(super) fill: Fill,
    /// The leaves that it has accessed.
    pub(super) touched: BTreeSet<AccountId>,
}

impl OpenBatch {
    /// Takes note of an operation that was executed.
    pub(super) fn add(&mut self, operation: &Operation, effects: &Effects) {
        self.fill.add(operation, effects);
        self.touched.extend(effects.leaves.iter().flatten().map(|leaf| leaf.id));
    }
}

/// A block under way: what it does to the state is done, the rest is to be written.
#[derive(Debug)]
pub(super) struct BlockInMaking<'a> {
    state: &'a mut State,
    open: &'a mut OpenBatch,
    number: BlockNumber,
    now_ms: Milliseconds,
    pub(super) made: Made,
}

/// What a block consists of.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) operations: Vec<BlockOperation>,
    pub(super) outcomes: Vec<(Sequence, Outcome)>,
    /// Transactions that wait for others.
    pub(super) given_back: Vec<Sequence>,
    /// Leaves that were accessed, some of them several times.
    pub(super) touched: Vec<AccountId>,
    /// Leaves that got a key.
    pub(super) keys: Vec<([u8; 40], AccountId)>,
    /// Why something did not fit into the batch.
    pub(super) full: Option<SealReason>,
}

impl<'a> BlockInMaking<'a> {
    pub(super) fn new(
        state: &'a mut State,
        open: &'a mut OpenBatch,
        number: BlockNumber,
        now_ms: Milliseconds,
    ) -> Self {
        Self { state, open, number, now_ms, made: Made::default() }
    }

    /// Executes an operation of L1's queue; false if the batch cannot take it.
    ///
    /// # Errors
    /// It is none, or the state refuses it.
    pub(super) fn priority(
        &mut self,
        queued: QueuedOperation,
        limits: &Limits,
    ) -> Result<bool, SequencerError> {
        let operation = decode_priority(&queued)?;
        if !self.open.fill.takes_priority(priority_words(&operation), limits) {
            return Ok(false);
        }
        let index = queued.index;
        let operation = Operation::Priority(operation);
        let effects = apply(self.state, &operation, &self.open.environment)
            .map_err(|refusal| SequencerError::PriorityRefused { index, refusal })?;
        self.executed(&operation, &effects);
        self.made.operations.push(BlockOperation::Priority(queued));
        Ok(true)
    }

    /// Executes transactions until one does not fit into the batch; those after it are given back, as are those whose
    /// turn has not come.
    pub(super) fn transactions(&mut self, taken: Vec<Taken>, limits: &Limits) {
        let mut taken = taken.into_iter();
        for next in taken.by_ref() {
            let signed = next.transaction.signed();
            if let Some(reason) = self.open.fill.refuses(&signed.transaction, limits) {
                self.made.full = Some(reason);
                self.made.given_back.push(next.sequence);
                break;
            }
            match apply_verified(self.state, &next.transaction, &self.open.environment) {
                Ok(effects) => {
                    self.executed(&Operation::Signed(*signed), &effects);
                    let position = self.made.operations.len() as u32; // far below 2^32
                    self.made.operations.push(BlockOperation::Transaction(next.sequence));
                    let outcome = Outcome::InBlock { block: self.number, position };
                    self.made.outcomes.push((next.sequence, outcome));
                }
                Err(Refusal::Nonce { expected, got }) if got > expected => {
                    self.made.given_back.push(next.sequence);
                }
                Err(refusal) => self.drop(next.sequence, refusal),
            }
        }
        self.made.given_back.extend(taken.map(|taken| taken.sequence));
    }

    fn drop(&mut self, sequence: Sequence, refusal: Refusal) {
        let reason = match refusal {
            Refusal::Expired { expiry, timestamp } => Dropped::Expired { expiry, timestamp },
            refusal => Dropped::Refused(refusal.to_string()),
        };
        let outcome = Outcome::Dropped { reason, at_ms: self.now_ms };
        self.made.outcomes.push((sequence, outcome));
    }

    fn executed(&mut self, operation: &Operation, effects: &Effects) {
        self.open.add(operation, effects);
        for leaf in effects.leaves.iter().flatten() {
            self.made.touched.push(leaf.id);
            if leaf.before.key != leaf.after.key {
                self.made.keys.push((key_bytes(&leaf.after.key), leaf.id));
            }
        }
    }
}

/// The operation that L1 has queued.
///
/// # Errors
/// Its words are not those of one operation. The contracts exclude that.
pub(super) fn decode_priority(
    queued: &QueuedOperation,
) -> Result<PriorityOperation, SequencerError> {
    let index = queued.index;
    let operations = PriorityOperation::decode_stream(&queued.words)
        .map_err(|reason| SequencerError::Priority { index, reason })?;
    match operations[..] {
        [operation] => Ok(operation),
        _ => Err(SequencerError::PriorityCount { index, got: operations.len() }),
    }
}

/// A key as table `keys` has it: five u64, big-endian.
#[must_use]
pub fn key_bytes(key: &PublicKey) -> [u8; 40] {
    let mut bytes = [0; 40];
    for (chunk, element) in bytes.chunks_exact_mut(8).zip(key.elements()) {
        chunk.copy_from_slice(&element.to_be_bytes());
    }
    bytes
}
