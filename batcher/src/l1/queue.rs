//! The priority queue, as its events publish it.

use alloy::{rpc::types::Log, sol_types::SolEvent};
use cairn_types::{WORD_BYTES, Word};

use super::{
    contracts::IRollupL1::PriorityOperationQueued,
    error::{L1Error, rpc},
};
pub use crate::store::records::QueuedOperation;

/// The operations behind the queue's logs: all of them, from the first.
///
/// # Errors
/// A log that does not hold whole words, or operations out of order.
pub fn decode(logs: &[Log]) -> Result<Vec<QueuedOperation>, L1Error> {
    let mut operations = Vec::with_capacity(logs.len());
    logs.iter().try_for_each(|log| append(&mut operations, log))?;
    Ok(operations)
}

/// Appends the operation behind the next log.
///
/// # Errors
/// As [`decode`].
pub(crate) fn append(operations: &mut Vec<QueuedOperation>, log: &Log) -> Result<(), L1Error> {
    let what = "reading the priority queue";
    let event = PriorityOperationQueued::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
    let operation = operation(event.data).map_err(|e| rpc(what, e))?;
    let position = operations.len();
    if operation.index != position as u64 {
        let index = operation.index;
        return Err(rpc(what, format!("operation {index} stands at {position}")));
    }
    operations.push(operation);
    Ok(())
}

/// The operation of an event.
///
/// # Errors
/// It is not whole words.
pub(crate) fn operation(event: PriorityOperationQueued) -> Result<QueuedOperation, String> {
    let PriorityOperationQueued { index, words, origin } = event;
    let (words, rest) = words.as_chunks::<WORD_BYTES>();
    if !rest.is_empty() {
        return Err(format!("operation {index} is not whole words"));
    }
    let words = words.iter().copied().map(Word::new).collect();
    Ok(QueuedOperation { index, words, origin })
}
